"""The grammar of published ports, `[HOST_IP:][PUBLISHED:]CONTAINER[/PROTOCOL]`: numbers, ranges and variables.

Sources: Compose specification, `ports` (short syntax) and "Interpolation"; Docker CLI reference, `docker container
run`, "Publish or expose port"; distribution/reference, `reference.go` (image names).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.scan.text import Hit, is_port
from portlint.model import Role
from portlint.syntax.interpolation import HOLE, Interpolation, interpolations, masked
from portlint.syntax.yaml import templates

_PROTOCOLS = ("tcp", "udp", "sctp")
_IPV4 = regex(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_ATOM = r"([0-9]{1,6}|\x00+)"
_SIDE = regex(rf"\s*{_ATOM}(?:\s?-\s?{_ATOM})?\s*")
_BASE60 = regex(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+")
_REGISTRY = regex(r"(?:[A-Za-z0-9+.-]{1,40}://)?([A-Za-z0-9._\x00-]{1,253}|\[[0-9A-Fa-f:]{2,45}\]):([0-9]{1,5})/")
_DEEPEST = 20


class Side(Struct, frozen=True):
    """One side of a mapping. Positions are 0-based indexes into the text that was read."""

    hits: tuple[Hit, ...] = ()
    """the literals: a number, a range, or the fallbacks of variables (each with its `variable`)"""
    variables: tuple[Interpolation, ...] = ()
    """the variables that the side is made of, outer ones first"""
    computed: bool = False
    """more than a number or a variable, or what a template writes: no literal tells the port"""

    @property
    def variable(self) -> str | None:
        return self.variables[0].variable if self.variables else None


class Entry(Struct, frozen=True):
    """An entry of `ports`."""

    container: Side = field(default_factory=Side)
    published: Side | None = None
    """None: the engine picks a port"""
    address: str | None = None
    """the host address as written; of a variable its fallback, or the variable itself where it has none"""
    protocol: str = "tcp"

    @property
    def sound(self) -> bool:
        """Whether the text surely is such an entry."""
        sides = [self.container] if self.published is None else [self.container, self.published]
        return all((side.hits or side.variables) and not side.computed for side in sides)

    def hits(self, name: str | None = None) -> Iterator[Hit]:
        """The literals of both sides, the published one first. name: what the port is called where no hit tells."""
        for side, role in ((self.published, Role.PUBLISH), (self.container, Role.CONTAINER)):
            host = known_address(self.address) if role is Role.PUBLISH else None
            for hit in side.hits if side is not None else ():
                form = "mapping" if hit.variable is None else "fallback"
                yield hit._replace(
                    role=role, form=form, host=hit.host or host, protocol=self.protocol, name=hit.name or name
                )


def is_base60(text: str) -> bool:
    """Whether YAML 1.1 reads the plain scalar as one number (YAML 1.1 type repository, `int`, base 60)."""
    return _BASE60.fullmatch(text) is not None


def short(text: str, *, depth: int = 0) -> Entry | None:
    """An entry in the short syntax; None where the text is none."""
    plain = templates.with_holes(text)
    found = list(interpolations(plain))
    shown = masked(plain)
    start, end = len(shown) - len(shown.lstrip()), len(shown.rstrip())
    if start >= end or depth > _DEEPEST:
        return None
    if len(found) == 1 and (found[0].start, found[0].end) == (start, end):
        return _from_variable(plain, found[0], depth)
    protocol = "tcp"
    slash = shown.rfind("/", start, end)
    if slash >= 0:
        word = _protocol(plain, shown, slash + 1, end)
        if word not in _PROTOCOLS and word.strip(HOLE):
            return None
        protocol, end = word if word in _PROTOCOLS else "tcp", slash
    colon = shown.rfind(":", start, end)
    container = side(plain, colon + 1 if colon >= 0 else start, end, depth=depth)
    if colon < 0:
        return Entry(container, protocol=protocol)
    second = shown.rfind(":", start, colon)
    front = shown[start:colon]
    if front.endswith("]") or (second < 0 and _IPV4.fullmatch(front)):
        return Entry(container, address=front.strip("[]"), protocol=protocol)
    if second < 0:
        return Entry(container, side(plain, start, colon, depth=depth), protocol=protocol)
    address = host_address(text[start:second])
    if second + 1 == colon:
        return Entry(container, address=address, protocol=protocol)
    return Entry(container, side(plain, second + 1, colon, depth=depth), address, protocol)


def _protocol(text: str, shown: str, start: int, end: int) -> str:
    """The protocol behind the slash, in lower case; of a variable its fallback."""
    found = next(interpolations(text, start, end), None)
    if found is not None and found.has_fallback and (found.start, found.end) == (start, end):
        return text[found.value_start : found.value_end].lower()
    return shown[start:end].lower()


def _from_variable(text: str, found: Interpolation, depth: int) -> Entry:
    """An entry that is one variable: its fallback may be any entry."""
    inner = None
    if found.has_fallback or found.has_replacement:
        inner = short(text[found.value_start : found.value_end], depth=depth + 1)
    if inner is None:
        return Entry(Side(variables=(found,)))
    container = _shifted(inner.container, found)
    published = None if inner.published is None else _shifted(inner.published, found)
    outer = container if published is None else published
    outer = replace(outer, variables=(found, *outer.variables))
    if published is None:
        return replace(inner, container=outer)
    return replace(inner, container=container, published=outer)


def _shifted(inner: Side, outer: Interpolation) -> Side:
    """A side read from the fallback of `outer`, with the places and the variable that it has outside."""
    by = outer.value_start
    hits = tuple(
        hit._replace(start=hit.start + by, end=hit.end + by, variable=hit.variable or outer.variable)
        for hit in inner.hits
    )
    moved = tuple(
        replace(
            v, start=v.start + by, end=v.end + by, name_start=v.name_start + by, value_start=v.value_start + by,
            value_end=v.value_end + by,
        )
        for v in inner.variables
    )  # fmt: skip
    return Side(hits, moved, inner.computed)


def side(text: str, start: int = 0, end: int | None = None, *, depth: int = 0) -> Side:
    """A number, a range, a variable or a range of variables between two indexes; positions are those of `text`."""
    limit = len(text) if end is None else end
    plain = templates.with_holes(text)
    piece = masked(plain[start:limit])
    match = _SIDE.fullmatch(piece)
    if match is None:
        return Side(computed=True)
    first, last = match[1], match[2]
    if first.isdigit() and (last is None or last.isdigit()):
        if int(first) == 0:
            return Side()
        stop = match.end(2) if last else match.end(1)
        number = int(last) if last else None
        return Side(
            (Hit(start=start + match.start(1), end=start + stop, port=int(first), end_port=number, form="value"),)
        )
    hits: list[Hit] = []
    variables: list[Interpolation] = []
    known = {(v.start, v.end): v for v in interpolations(plain, start, limit)}
    for group in (1, 2) if last else (1,):
        place = (start + match.start(group), start + match.end(group))
        if match[group].isdigit():
            if int(match[group]):
                hits.append(Hit(start=place[0], end=place[1], port=int(match[group]), form="value"))
            continue
        found = known.get(place)
        if found is None:
            return Side(tuple(hits), tuple(variables), computed=True)
        variables.append(found)
        inner = _fallback(plain, found, depth)
        hits += inner.hits
        variables += inner.variables
    return Side(tuple(hits), tuple(variables))


def _fallback(text: str, found: Interpolation, depth: int) -> Side:
    """The literals in a variable's fallback (`8000`, `${B:-80}`, `127.0.0.1:9000`)."""
    if depth > _DEEPEST or not (found.has_fallback or found.has_replacement):
        return Side()
    inner = text[found.value_start : found.value_end]
    colon = -1 if "$" in inner else inner.rfind(":")
    read = side(inner, colon + 1, depth=depth + 1)
    if colon > 0:
        host = inner[:colon].strip("[]")
        read = replace(read, hits=tuple(hit._replace(host=host) for hit in read.hits))
    return _shifted(replace(read, computed=False), found)


def host_address(text: str) -> str | None:
    """A host address as written; of a variable its fallback, or the variable itself where it has none."""
    found = next(interpolations(text), None)
    if found is not None and found.has_fallback and found.start == 0 and found.end == len(text):
        text = text[found.value_start : found.value_end]
    return text.strip("[]") or None


def known_address(text: str | None) -> str | None:
    """A host address that is written there; None for one that only a variable tells."""
    return None if text is None or "$" in text or "{" in text else text


def image_port(text: str) -> Hit | None:
    """The port of the registry in an image's name: 5000 in `localhost:5000/app:8080`, `${HUB:-localhost:5000}/app`."""
    plain = templates.with_holes(text)
    match, variable, offset = _REGISTRY.match(masked(plain)), None, 0
    if match is None:
        first = next(interpolations(plain), None)
        if first is None or first.start or not first.has_fallback:
            return None
        inner = plain[first.value_start : first.value_end]
        match = _REGISTRY.match(inner + "/" if text.startswith("/", first.end) else inner)
        variable, offset = first.variable, first.value_start
    if match is None or not is_port(int(match[2])):
        return None
    return Hit(
        start=match.start(2) + offset, end=match.end(2) + offset, port=int(match[2]), form="address", role=Role.CONNECT,
        host=None if HOLE in match[1] else match[1].strip("[]"), variable=variable,
    )  # fmt: skip
