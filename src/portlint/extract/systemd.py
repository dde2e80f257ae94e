"""systemd units and podman quadlets: https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html

Found: sockets, ports in command lines, environment values, published ports. A socket unit takes no variables, so that a
literal is right there. The keys are in `rules/formats/systemd.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands import find_in_text
from portlint.extract.format import Format
from portlint.extract.limits import LARGEST_BY_HAND
from portlint.extract.scan.literals import endpoint, in_comment, judged, placed, references, template_note
from portlint.extract.scan.text import Hit, find, port_list
from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import is_port_name
from portlint.knowledge.template_names import without_endings
from portlint.model import Facts, PortLiteral, PortReference, Role, Source
from portlint.syntax.interpolation import masked

_FORMAT = "systemd"
_NAME = regex(
    r"\.(?:service|socket|container|kube|netdev|network)$"
    r"|\.(?:service|socket|container|pod|kube|netdev|network)\.d/[^/]+\.conf$",
    re.IGNORECASE,
)
_QUADLET = regex(rb"^\[(?:Pod|Unit)\][ \t]*$", re.MULTILINE)
_SECTION = regex(r"[ \t]*\[([^\]\r\n]{1,80})\]")
_KEY = regex(r"[ \t]*([A-Za-z][\w-]{0,80})[ \t]*=[ \t]*", re.ASCII)
_LINE = regex(r"[^\r\n]*")
_PREFIX = regex(r"[-@:+!|]*")
_WORD = regex(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|(\S+)", re.DOTALL)
_FILTER = regex(r"(?:(?:ipv4|ipv6):)?(?:(tcp|udp):)?([0-9]{1,5})(?:-([0-9]{1,5}))?[ \t]*$")


@cache
def _rules() -> dict[str, Any]:
    rules: dict[str, Any] = rule_data.load("formats/systemd.yaml")
    return rules


def _named(path: str) -> bool:
    return _NAME.search(without_endings(path)) is not None


def _content(path: str, data: bytes) -> bool:
    return path.endswith(".pod") and _QUADLET.search(data) is not None


def _extract(source: Source) -> Facts:
    text = source.text
    literals: list[PortLiteral] = []
    found_references: list[PortReference] = []
    section = ""
    for kind, key, start, end in _logical_lines(text):
        if kind == "comment":
            literals += in_comment(source, _FORMAT, start, end)
        elif kind == "section":
            section = key
        else:
            value = text[start:end]
            subject = f"{section}.{key}" if section else key
            found = list(_setting(source, key, value, start, subject))
            literals += found
            found_references += references(source, start, key, value, found, subject)
    return Facts(
        path=source.path,
        format=_FORMAT,
        literals=tuple(literals),
        references=tuple(found_references),
        problems=template_note(source, text, "a systemd unit"),
    )


def _logical_lines(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Sections, settings and comments: kind, name, start and end; a backslash at the end takes the next line along."""
    position = 0
    while position < len(text):
        stop = _line_end(text, position)
        start = position + len(text[position:stop]) - len(text[position:stop].lstrip(" \t"))
        position = _next_line(text, stop)
        if text[start : start + 1] in ("#", ";"):
            yield "comment", "", start, stop
        elif section := _SECTION.match(text, start, stop):
            yield "section", section[1], start, stop
        elif key := _KEY.match(text, start, stop):
            while text[stop - 1 : stop] == "\\" and position < len(text):
                stop = _line_end(text, position)
                position = _next_line(text, stop)
            yield "setting", key[1], key.end(), max(stop, key.end())


def _line_end(text: str, position: int) -> int:
    match = _LINE.match(text, position)
    return match.end() if match else len(text)


def _next_line(text: str, stop: int) -> int:
    return stop + 2 if text.startswith("\r\n", stop) else stop + 1


def _setting(source: Source, key: str, value: str, offset: int, subject: str) -> Iterator[PortLiteral]:
    kind = _rules()["keys"].get(key)
    protocol = "udp" if key in _rules()["udp"] else None
    name: str | None = key
    variable: str | None = None
    form: str | None = "directive"
    role: Role | None = None
    match kind:
        case "none":
            return
        case "command":
            begin = _prefix_end(value)
            hits = [_moved(hit, begin) for hit in find_in_text(value[begin:])]
            name, form = None, None
        case "environment":
            for word in _WORD.finditer(value):
                group = next(number for number in (1, 2, 3) if word[number] is not None)
                variable, equals, inner = word[group].partition("=")
                if equals:
                    at = offset + word.start(group) + len(variable) + 1
                    found = judged(variable, inner)
                    yield from placed(
                        source, _FORMAT, at, found, name=variable, variable=variable, subject=f"{subject}.{variable}"
                    )
            return
        case "listen" | "port":
            hits = _address(value)
            if kind == "listen":
                hits = [hit._replace(role=Role.BIND) for hit in hits]
        case "mapping":
            hits, form = judged("port", value), None
            if not hits or all(hit.form == "value" for hit in hits):
                hits = [hit._replace(role=Role.CONTAINER, form="mapping") for hit in hits]
        case "expose":
            hits, role = port_list(value), Role.CONTAINER
        case "filter":
            allowed = _FILTER.match(value)
            hits = [_filtered(allowed)] if allowed and int(allowed[2]) else []
            role = Role.BIND
        case _:
            # A key of a newer systemd, or of a section of the unit's own (`X-...`).
            hits, form = judged(key, value) if is_port_name(key) else find(value, whole=False), None
    yield from placed(
        source, _FORMAT, offset, hits, role=role, form=form, name=name, protocol=protocol, subject=subject
    )


def _address(value: str) -> list[Hit]:
    listed = port_list(masked(value))
    if listed:
        return listed
    hit = endpoint(masked(value))
    return [hit] if hit is not None else []


def _filtered(match: re.Match[str]) -> Hit:
    return Hit(
        start=match.start(2), end=match.end(3) if match[3] else match.end(2), port=int(match[2]),
        end_port=int(match[3]) if match[3] else None, form="value", protocol=match[1] or "tcp",
    )  # fmt: skip


def _prefix_end(value: str) -> int:
    match = _PREFIX.match(value)
    return match.end() if match else 0


def _moved(hit: Hit, by: int) -> Hit:
    return hit._replace(start=hit.start + by, end=hit.end + by)


FORMAT = Format(
    name=_FORMAT,
    named=_named,
    content=_content,
    extract=_extract,
    by_line=True,
    most_bytes=LARGEST_BY_HAND,
)
