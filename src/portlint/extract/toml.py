"""TOML files at large: https://toml.io/en/v1.0.0

Scripts of task runners are read as command lines (`rules/formats/toml.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands import find_in_text, find_in_words
from portlint.extract.format import Format, literal
from portlint.extract.scan.literals import endpoint, in_comment, judged, placed, references, template_note
from portlint.extract.scan.text import is_port
from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import is_port_name, words
from portlint.knowledge.template_names import without_endings
from portlint.model import Facts, PortLiteral, PortReference, Problem, Source
from portlint.syntax.shell import Word
from portlint.syntax.toml import Value, scan

_FORMAT = "toml"
_NAME = regex(r"\.toml$|(?:^|/)Pipfile$", re.IGNORECASE)
_INTEGER = regex(r"[0-9]{1,3}(?:_?[0-9]{1,3}){0,4}", re.ASCII)


def _extract(source: Source) -> Facts:
    text = source.text
    found = scan(text)
    literals: list[PortLiteral] = []
    found_references: list[PortReference] = []
    for value in found.values:
        hits = list(_literals(source, text, value))
        literals += hits
        found_references += _references(source, text, value, hits)
    literals += _argument_lists(source, text, found.values)
    for header in found.headers:
        # containerd: [plugins."...".registry.mirrors."localhost:5000"]
        hit = endpoint(text[header.start : header.end])
        if hit is not None and is_port(hit.port):
            literals += placed(source, _FORMAT, header.start, [hit], subject=".".join(header.path))
    for start, end in found.comments:
        literals += in_comment(source, _FORMAT, start, end)
    note = template_note(source, text, "a TOML file")
    faults = []
    if found.fault is not None and not note:
        at, reason = found.fault
        faults.append(Problem(source.span(at, at + 1), f"TOML: {reason}"))
    return Facts(
        path=source.path,
        format=_FORMAT,
        literals=tuple(literals),
        references=tuple(found_references),
        problems=(*faults, *note),
    )


@cache
def _rules() -> dict[str, Any]:
    rules: dict[str, Any] = rule_data.load("formats/toml.yaml")
    return rules


def _is_command(path: tuple[str, ...]) -> bool:
    dotted = ".".join(path)
    return any(fnmatchcase(dotted, pattern) for pattern in _rules()["commands"])


def _key(path: tuple[str, ...]) -> str | None:
    """The key that tells what a value is: `api` in a table of ports is a port as well."""
    if not path:
        return None
    parent = path[-2] if len(path) > 1 else ""
    if not is_port_name(path[-1]) and words(parent)[-1:] == ("ports",) and is_port_name(f"{path[-1]} port"):
        return f"{path[-1]} port"
    return path[-1]


def _literals(source: Source, text: str, value: Value) -> Iterator[PortLiteral]:
    raw = text[value.start : value.end]
    key = _key(value.path)
    name = _shown(value.path)
    subject = ".".join(value.path)
    if not value.quoted:
        if key is not None and is_port_name(key) and _INTEGER.fullmatch(raw) and (number := int(raw)):
            yield literal(
                source, _FORMAT, value.start, value.end, port=number, name=name, subject=subject, referable=False,
                form="value" if value.array is None else "item",
            )  # fmt: skip
    elif _is_command(value.path):
        if value.array is None:
            yield from placed(source, _FORMAT, value.start, find_in_text(raw), subject=subject)
    else:
        prose = bool(value.path) and value.path[-1].lower() in _rules()["prose"]
        hits = judged(key, raw)
        yield from placed(source, _FORMAT, value.start, hits, name=name, subject=subject, prose=prose)


def _shown(path: tuple[str, ...]) -> str | None:
    """The key; where it says nothing but port, with the table before it."""
    if not path:
        return None
    return path[-1] if len(words(path[-1])) > 1 or len(path) == 1 else f"{path[-2]}.{path[-1]}"


def _argument_lists(source: Source, text: str, values: list[Value]) -> Iterator[PortLiteral]:
    """`args = ["--port", "8000"]`: the items of an array are the words of one command, or commands of their own."""
    lists: dict[int, list[Value]] = {}
    for value in values:
        if value.array is not None and value.quoted and _is_command(value.path):
            lists.setdefault(value.array, []).append(value)
    for items in lists.values():
        subject = ".".join(items[0].path)
        if any(" " in text[v.start : v.end] for v in items):
            for v in items:
                yield from placed(source, _FORMAT, v.start, find_in_text(text[v.start : v.end]), subject=subject)
        else:
            spoken = [Word(v.start, v.end, text[v.start : v.end], '"') for v in items]
            yield from placed(source, _FORMAT, 0, find_in_words(spoken), subject=subject)


def _references(source: Source, text: str, value: Value, found: list[PortLiteral]) -> Iterator[PortReference]:
    raw = text[value.start : value.end]
    if value.quoted and "$" in raw:
        yield from references(source, value.start, _key(value.path), raw, found, ".".join(value.path))


def _is_named(path: str) -> bool:
    return _NAME.search(without_endings(path)) is not None


FORMAT = Format(name=_FORMAT, named=_is_named, extract=_extract)
