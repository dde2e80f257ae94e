"""Traefik: static and dynamic configuration in YAML and TOML, and the labels that it reads from containers.

Recognised by name (`traefik.yml`, `traefik.toml`) and by content (`entryPoints`; `http:` with `routers`, `services` or
`middlewares`), so that a file of any name is found. No reference can stand in these files.

Sources: Traefik v3 and v2, "Static Configuration", "Dynamic Configuration"; Traefik v1.7, "Entry Points Definition",
"File Provider", "Docker Provider"; TOML 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from portlint.algorithms.lazy_regex import regex
from portlint.extract.format import Format
from portlint.extract.limits import LARGEST_BY_HAND
from portlint.extract.scan.literals import port_or_endpoint
from portlint.extract.scan.text import Hit, is_port
from portlint.extract.scan.values import find_in_value
from portlint.extract.yaml.values import Context, Reader
from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import is_port_name
from portlint.knowledge.template_names import without_endings
from portlint.model import Facts, Problem, Role, Source
from portlint.syntax.toml import TooDeep, TooManyParts, load
from portlint.syntax.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, key_of, resolved
from portlint.syntax.yaml.tree import Tree, parse

_NAME = regex(r"(?:^|/)traefik(?:[-_.][A-Za-z0-9_.-]+)?\.(ya?ml|toml)$")
_FILE = regex(r"\.(?:ya?ml|toml)(?:\.[A-Za-z0-9]{1,9})?$|(?:^|/)[^./]*$", re.IGNORECASE)
_TOML = regex(r"\.toml(?:\.[A-Za-z0-9]{1,9})?$", re.IGNORECASE)
_ENTRY_POINTS = regex(rb"^(?:entry[Pp]oints:|[ \t]*\[+entry[Pp]oints[.\]])", re.MULTILINE)
_DYNAMIC = regex(
    rb"^(?:http|tcp|udp):[ \t]*(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*|\{\{[^\n]*)?\r?\n){0,20}"
    rb"[ \t]+(?:routers|services|middlewares|serversTransports):|"
    rb"^[ \t]*\[+(?:http|tcp|udp)\.(?:routers|services|middlewares|serversTransports)[.\]]|"
    rb"^[ \t]*\[+(?:backends|frontends)\.[^\]\n]{1,200}\]",
    re.MULTILINE,
)
_PROTOCOL = regex(r"/(udp)\b", re.IGNORECASE)
_HEADER = regex(r"[ \t]*+\[{1,2}+[ \t]*+([^\[\]\n]{1,500}+)\]{1,2}+[ \t\r]*+(?:#[^\n]*)?$")
_SETTING = regex(
    r"(?:(?<![\w\"'.-])([A-Za-z0-9_\"'.-]{1,200}+)[ \t]*=[ \t]*)?"
    r"(?:\"((?:[^\"\\\n]|\\.)*)(?:\"|\\?$)|'([^'\n]*)(?:'|$)|([0-9]{1,6})(?![\w.:-]))|#[^\n]*"
    r"|(?<![\w.-])([A-Za-z0-9_.-]{1,200})[ \t]*=[ \t]*(?=[\[{])"
)
_ARGUMENT = regex(
    r"(?<![\w-])--?((?:entrypoints|providers|metrics|tracing|certificatesresolvers|ping|api|experimental)\.[\w.\[\]-]{1,200})"
    r"=([^\s\"']{1,500})",
    re.IGNORECASE,
)


@cache
def _knowledge(name: str) -> frozenset[str]:
    return frozenset(str(key) for key in rule_data.load("formats/traefik.yaml")[name])


def _named(path: str) -> bool:
    return _NAME.search(without_endings(path)) is not None


def _content(path: str, data: bytes) -> bool:
    if not _FILE.search(without_endings(path)):
        return False
    return _ENTRY_POINTS.search(data) is not None or _DYNAMIC.search(data) is not None


def in_option(trail: tuple[str, ...], value: str) -> list[Hit]:
    """The ports of an option's value. trail: the option's name, part by part."""
    parts = tuple(part.lower() for part in trail)
    last = parts[-1] if parts else ""
    if last in _knowledge("without_ports") or _rule(parts):
        return []
    role, name = _role(parts), _name(trail)
    if last == "to" or last in _knowledge("bind") or is_port_name(trail[-1]):
        hit = port_or_endpoint(value) if "," not in value else None
        if hit is not None and hit.form != "url":
            known = hit.role if hit.role is Role.CONNECT and role is not Role.BIND else role
            return [hit._replace(role=known, name=name)] if is_port(hit.port) else []
    key = "address" if last in ("url", "address", "endpoint", "endpoints", "to", "server") else trail[-1]
    protocol = "udp" if _PROTOCOL.search(value) or value.startswith("udp://") else "tcp"
    return [
        hit._replace(protocol=protocol, name=name, role=role if _gives_way(hit.role, role) else hit.role)
        for hit in find_in_value(key, value)
    ]


def _rule(parts: tuple[str, ...]) -> bool:
    return len(parts) > 1 and parts[-1].startswith("rule") and parts[-2] in ("frontend", "routers")


def _role(parts: tuple[str, ...]) -> Role:
    """What an option's port does, where the value does not tell: an entry point's address is listened on."""
    if parts and parts[-1] in _knowledge("bind") and ("entrypoints" in parts or len(parts) == 2):
        return Role.BIND
    if "server" in parts[-2:-1] and parts[-1] == "port":
        return Role.CONTAINER
    return Role.SETTING


def _gives_way(found: Role, known: Role) -> bool:
    return found is Role.SETTING or (known is Role.BIND and found is Role.CONNECT)


def _name(trail: tuple[str, ...]) -> str:
    """The entry point or the service that an option belongs to; else the option itself."""
    for index, part in enumerate(trail[:-1]):
        if part.lower() in ("entrypoints", "services", "backends"):
            return trail[-1] if "{{" in trail[index + 1] else trail[index + 1]
    return trail[-1]


def in_label(name: str, value: str) -> list[Hit] | None:
    """The ports of a container label; None where it is not one of Traefik's. Positions are indexes into `value`."""
    if not name.lower().startswith("traefik."):
        return None
    trail = tuple(name.split("."))[1:]
    last = trail[-1].lower()
    # v1: `traefik.port`, `traefik.web.port`; v2 and v3: `...loadbalancer.server.port`, `...healthcheck.port`.
    inside = last == "port" and "redirectscheme" not in (part.lower() for part in trail)
    hits = in_option(trail, value)
    return [hit._replace(role=Role.CONTAINER) if inside and hit.role is not Role.FALLBACK else hit for hit in hits]


def in_arguments(text: str) -> list[Hit]:
    """The ports of Traefik's options in a command line, `--entrypoints.web.address=:80`; indexes into `text`."""
    out: list[Hit] = []
    for match in _ARGUMENT.finditer(text):
        hits = in_option(tuple(match[1].split(".")), match[2])
        out += [hit._replace(start=hit.start + match.start(2), end=hit.end + match.start(2)) for hit in hits]
    return out


def in_variable(name: str, value: str) -> list[Hit] | None:
    """The ports of a variable `TRAEFIK_ENTRYPOINTS_WEB_ADDRESS`; None where it is not one of Traefik's."""
    if not name.startswith("TRAEFIK_"):
        return None
    return in_option(tuple(name.split("_")[1:]), value)


def _extract(source: Source) -> Facts:
    path = without_endings(source.path)
    if _TOML.search(path) or (not path.endswith((".yml", ".yaml")) and _is_toml(source)):
        return _toml(source)
    tree = parse(source)
    if not any(_is_traefik(document) for document in tree.documents):
        from portlint.extract.yaml import read

        return read(tree)
    reader = _TraefikReader(source, "traefik", referable=False)
    for document in tree.documents:
        reader.walk(document, Context())
    return reader.facts(tree)


def _is_traefik(document: Node) -> bool:
    root = resolved(document)
    if not isinstance(root, MappingNode):
        return False
    keys = {key_of(key) for key, _ in root.pairs}
    if "apiVersion" in keys or "image" in keys:
        return False
    return not keys.isdisjoint(_knowledge("own_keys"))


class _TraefikReader(Reader):
    """YAML under Traefik's options."""

    def scalar(self, node: ScalarNode, where: Context) -> None:
        for hit in in_option(where.trail or ("",), node.text):
            self.add(hit, node.start, where)

    def _sequence(self, node: SequenceNode, where: Context) -> None:
        for index, item in enumerate(node.items):
            self.walk(item, where.at(index))


# TOML


def _is_toml(source: Source) -> bool:
    return re.search(rb"^[ \t]*\[+[A-Za-z]", source.data, re.MULTILINE) is not None


def _toml(source: Source) -> Facts:
    text = source.text
    reader = _TraefikReader(source, "traefik", referable=False)
    path: tuple[str, ...] = ()
    last = subject = ""
    position = 0
    counts: dict[str, int] = {}
    for line in text.split("\n"):
        header = _HEADER.match(line)
        if header is not None:
            name = header[1].strip().replace('"', "").replace("'", "").replace(" ", "")
            if line.lstrip().startswith("[["):
                counts[name] = counts.get(name, -1) + 1
                name = f"{name}[{counts[name]}]"
            path, last = tuple(part.split("[")[0] for part in name.split(".")), ""
            subject = name
        else:
            for key, start, value in _settings(line):
                last = key or last
                if value is None:
                    continue
                trail = (*path, *last.replace('"', "").split("."))
                where = Context(f"{subject}.{last}" if subject else last, trail=trail)
                for hit in in_option(trail, value):
                    reader.add(hit, position + start, where)
        position += len(line) + 1
    return reader.facts(Tree(source, comments=tuple(_comments(text))), _toml_problems(source))


def _settings(line: str) -> Iterator[tuple[str, int, str | None]]:
    """Key, offset and text of each value on a line; the key is empty where it stands on a line before."""
    if "=" not in line and '"' not in line and "'" not in line:
        return
    for match in _SETTING.finditer(line):
        if match[5]:
            yield match[5], match.end(), None
        for group in (2, 3, 4):
            if match[group] is not None:
                yield match[1] or "", match.start(group), match[group]


def _comments(text: str) -> Iterator[tuple[int, int]]:
    for match in re.finditer(r"^[ \t]*(#[^\n]*)", text, re.MULTILINE):
        yield match.span(1)


def _toml_problems(source: Source) -> Iterator[Problem]:
    if len(source.data) > LARGEST_BY_HAND:
        yield Problem(source.span(0, 0), f"not checked for mistakes: larger than {LARGEST_BY_HAND:,} bytes")
        return
    try:
        load(source.data.decode("utf-8-sig"))
    except ValueError as error:
        template = re.search(rb"\{\{|\{%", source.data)
        if template:
            span = source.span(template.start(), template.end())
            yield Problem(span, "a template around TOML, read as far as it goes", partly=True)
        elif isinstance(error, (TooManyParts, TooDeep)):
            yield Problem(source.span(0, 0), f"not checked for mistakes: {error}")
        else:
            line = re.search(r"at line ([0-9]+)", str(error))
            number = int(line[1]) if line else 1
            at = source.lines.starts[min(number, len(source.lines.starts)) - 1] - source.base
            yield Problem(source.span(at, at), f"not valid TOML: {str(error).splitlines()[0]}")


FORMAT = Format(name="traefik", named=_named, content=_content, extract=_extract, reads_mark=True)
