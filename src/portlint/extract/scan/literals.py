"""From hits in a piece of text to port literals of a configuration file: what formats of keys and values share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from portlint.algorithms.lazy_regex import regex
from portlint.extract.format import literal
from portlint.extract.scan.published import short
from portlint.extract.scan.text import Hit, find, is_port, with_holes
from portlint.extract.scan.values import find_in_value
from portlint.knowledge.hosts import is_every_interface, is_ip
from portlint.knowledge.identifiers import is_port_name
from portlint.model import PortLiteral, PortReference, Problem, Role, Source
from portlint.syntax.interpolation import HOLE, interpolations

_ENDPOINT = regex(
    r"[\s\"'(]{0,20}(?:[A-Za-z\x00][\w+.\x00-]{0,40}://)?(?:[^\s/@\[\]]{0,512}@)?"
    r"(\[[0-9A-Fa-f:.%\x00]{0,60}\]|::|[^\s/:@\[\](){},;|=<>\"']{0,253}):([0-9]{1,6})(?:-([0-9]{1,6}))?"
    r"(?=$|[/?#,;\s\"')\x00$])",
    re.ASCII,
)
_PORT = regex(r"[\s\"']{0,20}([0-9]{1,6})(?:-([0-9]{1,6}))?(?:/(tcp|udp|sctp))?[\s\"']{0,20}", re.ASCII | re.IGNORECASE)
_PROTOCOL = regex(r"/(tcp|udp|sctp)(?!\w)", re.ASCII | re.IGNORECASE)
_SCHEME = regex(r"[\s\"'(]{0,20}[A-Za-z\x00][\w+.\x00-]{0,40}://", re.ASCII)
_BRANCH_NUMBER = regex(r"(?:^|\x00)[\s\"']{0,8}([0-9]{1,5})(?=[\s\"']{0,8}(?:\x00|$))", re.ASCII)
_DEFAULT = regex(
    r"\{\{[^{}\n]{0,200}?\|\s{0,8}d(?:efault)?(?:\(\s{0,8}|\s{1,8})[\"']?([0-9]{2,5})[\"']?\s{0,8}[),}| ]", re.ASCII
)
_NUMBER_THEN_SIGN = regex(r"[0-9]{1,5}(?=#)", re.ASCII)
_TEMPLATE = regex(r"\{\{|\{%|<%=?\s")
_PATH_END = regex(r"[?#\s\"'\x00]|$")


def port_or_endpoint(text: str, start: int = 0) -> Hit | None:
    """The port of a text that is one, or an address, and nothing else (`80`, `9000-9010/udp`, `[::]:443`).

    start: index at which it begins. None where no number but 0 stands in the place of the port.
    """
    bare = _PORT.fullmatch(text, start)
    if bare is None:
        return endpoint(text, start)
    if int(bare[1]) == 0:
        return None
    return Hit(
        start=bare.start(1),
        end=bare.end(2) if bare[2] else bare.end(1),
        port=int(bare[1]),
        end_port=int(bare[2]) if bare[2] else None,
        form="value",
        protocol=(bare[3] or "tcp").lower(),
    )


def endpoint(text: str, start: int = 0) -> Hit | None:
    """The port of a text that surely is an address (`api:8000`, `[::]:443/tcp`, `:80`, `http://api:8000/x`).

    start: index at which the address begins. The word before the colon is a host, whatever it says; None where no
    number stands in the place of the port.
    """
    masked = with_holes(text)
    found = _ENDPOINT.match(masked, start)
    if found is None or int(found[2]) == 0:
        return None
    host = found[1].strip("[]") if found[1] != "::" else "::"
    is_url = _SCHEME.match(masked, start) is not None
    last = int(found[3]) if found[3] else None
    behind = found.end(3) if found[3] else found.end(2)
    path_end = _PATH_END.search(masked, behind)
    protocol = None if is_url else _PROTOCOL.match(masked, behind)
    return Hit(
        start=found.start(2),
        end=behind,
        port=int(found[2]),
        end_port=last,
        form="url" if is_url else "address",
        role=Role.BIND if is_every_interface(host) else Role.CONNECT,
        host=None if not host or HOLE in host else host,
        protocol=protocol[1].lower() if protocol else "tcp",
        url_path=masked[behind : path_end.start()] if is_url and path_end else None,
    )


def judged(key: str | None, text: str) -> list[Hit]:
    """The port literals of the value `text` under `key`, in the forms that configuration files have beyond the usual.

    Those are `8080:80` under a key that says port, the branches of a template (`{% if X %}143{% else %}0{% endif %}`),
    its default filter (`{{ port | default(8000) }}`), and a number with a `#` behind it, which some loaders take for a
    comment. Positions are 0-based indexes into `text`.
    """
    hits = find_in_value(key, text)
    if key is None or not is_port_name(key):
        return hits
    if "{%" in text or "{{" in text:
        masked = with_holes(text)
        numbers = [(m, "value") for m in _BRANCH_NUMBER.finditer(masked)]
        numbers += [(m, "fallback") for m in _DEFAULT.finditer(text)]
        taken = {hit.start for hit in hits}
        hits += [
            Hit(start=m.start(1), end=m.end(1), port=int(m[1]), form=form, name=key,
                role=Role.FALLBACK if form == "fallback" else Role.SETTING)
            for m, form in numbers
            if int(m[1]) and m.start(1) not in taken
        ]  # fmt: skip
        return sorted(hits, key=lambda hit: hit.start)
    if not hits:
        number = _NUMBER_THEN_SIGN.match(text)
        if number and int(number[0]):
            return [Hit(start=0, end=number.end(), port=int(number[0]), form="value", name=key)]
    return (_mapping(text, key) if ":" in text else []) or hits


def _mapping(text: str, key: str) -> list[Hit]:
    """Both sides of `127.0.0.1:8080:80`, where the text, but for quotes around it, is nothing but numbers."""
    entry = short(text.replace('"', " ").replace("'", " "))
    if entry is None or entry.published is None or not entry.sound:
        return []
    if entry.published.variables or entry.container.variables or not (entry.address is None or is_ip(entry.address)):
        return []
    return list(entry.hits(key))


def references(
    source: Source, offset: int, key: str | None, text: str, literals: Iterable[PortLiteral], subject: str = ""
) -> Iterator[PortReference]:
    """The places in the value `text` under `key`, at byte `offset` of `source`, that take a port from a variable."""
    by_variable = {found.variable: found for found in literals if found.variable and found.form == "fallback"}
    for found in interpolations(text):
        alone = not text[: found.start].strip("\"' ") and not text[found.end :].strip("\"' ")
        behind_colon = text[: found.start].endswith(":")
        if is_port_name(found.variable) or (alone and key is not None and is_port_name(key)):
            yield PortReference(
                path=source.path,
                span=source.span(offset + found.name_start, offset + found.name_start + len(found.variable)),
                variable=found.variable,
                role=Role.CONNECT if behind_colon else Role.SETTING,
                fallback=by_variable.get(found.variable),
                subject=subject,
            )


def template_note(source: Source, text: str, what: str) -> tuple[Problem, ...]:
    """The note that a template stands around the format, where one does."""
    found = _TEMPLATE.search(text)
    if found is None:
        return ()
    span = source.span(found.start(), found.end())
    return (Problem(span, f"a template around {what}, read as far as it goes", partly=True),)


def placed(
    source: Source,
    format: str,
    offset: int,
    hits: Iterable[Hit],
    *,
    role: Role | None = None,
    form: str | None = None,
    protocol: str | None = None,
    name: str | None = None,
    variable: str | None = None,
    subject: str = "",
    prose: bool = False,
) -> Iterator[PortLiteral]:
    """The port literals of the hits in the text that begins at byte `offset` of `source`.

    role, form: for hits that do not tell it themselves. name, variable: where the hit names none.
    """
    for hit in hits:
        yield literal(
            source,
            format,
            offset + hit.start,
            offset + hit.end,
            port=hit.port,
            end_port=hit.end_port,
            role=role if role is not None and hit.role is Role.SETTING else hit.role,
            protocol=protocol or hit.protocol,
            host=hit.host,
            variable=hit.variable or variable,
            name=name or hit.name,
            subject=subject,
            form=form if form is not None and hit.form in ("value", "word") else hit.form,
            url_path=hit.url_path,
            referable=False,
            prose=prose,
        )


def in_comment(source: Source, format: str, start: int, end: int) -> Iterator[PortLiteral]:
    """The ports that a comment between two byte offsets names; prose, never live."""
    hits = find(source.data[start:end].decode("latin-1"), whole=False)
    yield from placed(source, format, start, (hit for hit in hits if is_port(hit.port)), prose=True)
