"""TOML files at large: https://toml.io/en/v1.0.0

The scanner is our own: one pass, no recursion, positions of every value; what is no TOML is told, and the rest read all
the same. Scripts of task runners are read as command lines (`rules/formats/toml.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from msgspec import Struct

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

_FORMAT = "toml"
_NAME = regex(r"\.toml$|(?:^|/)Pipfile$", re.IGNORECASE)
_TOKEN = regex(
    r"(?P<space>[ \t]+)|(?P<newline>\r\n|\n|\r)|(?P<comment>#[^\r\n]*)"
    r"|(?P<long>\"\"\"|''')|(?P<string>\"(?:[^\"\\\r\n]|\\[^\r\n])*\"|'[^'\r\n]*')|(?P<sign>[\[\]{},=])"
    r"|(?P<bare>[^\s\[\]{},=#\"']+)|(?P<other>.)",
    re.DOTALL,
)
_INTEGER = regex(r"[0-9]{1,3}(?:_?[0-9]{1,3}){0,4}", re.ASCII)
_DEEPEST = 100
_LAST_PARTS = 20
"""of a long key: the last ones tell what its value is"""


class _Value(Struct, frozen=True):
    """A value. start, end: indexes of its text, quotes left out."""

    path: tuple[str, ...]
    start: int
    end: int
    quoted: bool
    array: int | None = None
    """index of the array it is an item of, counted over the file; None outside arrays"""


class _Frame(Struct):
    """An open array or inline table."""

    kind: str
    path: tuple[str, ...]
    number: int


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.values: list[_Value] = []
        self.headers: list[_Value] = []
        self.comments: list[tuple[int, int]] = []
        self.faults: list[tuple[int, str]] = []
        self.table: tuple[str, ...] = ()
        self.frames: list[_Frame] = []
        self.arrays = 0
        self.key: list[str] = []
        """the parts of the key that is being read, or whose value is"""
        self.expects_key = True

    def run(self) -> None:
        position, end = 3 if self.text.startswith("\xef\xbb\xbf") else 0, len(self.text)
        while position < end:
            token = _TOKEN.match(self.text, position)
            if token is None:
                return
            position = token.end()
            match token.lastgroup:
                case "comment":
                    self.comments.append(token.span())
                case "newline":
                    if not self.frames:
                        self._end_of_statement(token.start())
                case "string":
                    self._word(token.start() + 1, token.end() - 1, quoted=True)
                case "long":
                    position = self._long(token[0], token.end())
                case "bare":
                    self._word(token.start(), token.end(), quoted=False)
                case "sign":
                    if len(self.frames) >= _DEEPEST and token[0] in "[{":
                        self._fault(token.start(), f"values nested deeper than {_DEEPEST}")
                        return
                    position = self._sign(token[0], position)
                case "other":
                    self._fault(token.start(), "a quote that is not closed on its line")
        if self.frames:
            self._fault(end, f"unexpected end of file, an {self.frames[-1].kind} is open")
        self._end_of_statement(end)

    def _long(self, quote: str, start: int) -> int:
        stop = self.text.find(quote, start)
        while stop > 0 and quote == '"""' and self._escaped(stop):
            stop = self.text.find(quote, stop + 1)
        if stop < 0:
            self._fault(start - 3, "unexpected end of file, a string is open")
            stop = len(self.text)
        self._word(start, stop, quoted=True)
        return stop + 3

    def _escaped(self, position: int) -> bool:
        count = 0
        while count < position and self.text[position - count - 1] == "\\":
            count += 1
        return count % 2 == 1

    def _word(self, start: int, end: int, *, quoted: bool) -> None:
        if self.expects_key:
            text = self.text[start:end]
            parts = [text] if quoted else [part for part in text.split(".") if part]
            self.key += parts
            del self.key[:-_LAST_PARTS]
        else:
            frame = self.frames[-1] if self.frames else None
            path = frame.path if frame and frame.kind == "array" else (*self._base(), *self.key)
            number = frame.number if frame and frame.kind == "array" else None
            self.values.append(_Value(path, start, end, quoted, number))

    def _base(self) -> tuple[str, ...]:
        return self.frames[-1].path if self.frames else self.table

    def _sign(self, sign: str, position: int) -> int:
        if self.expects_key and sign == "[" and not self.frames and not self.key:
            return self._header(position)
        frame = self.frames[-1] if self.frames else None
        match sign:
            case "=":
                if not self.expects_key or not self.key:
                    self._fault(position - 1, 'unexpected "="')
                self.expects_key = False
            case "," if frame is not None:
                if frame.kind == "table":
                    self.key, self.expects_key = [], True
            case "[" | "{" if not self.expects_key:
                self.arrays += 1
                inner = frame.path if frame and frame.kind == "array" else (*self._base(), *self.key)
                self.frames.append(_Frame("array" if sign == "[" else "table", inner, self.arrays))
                self.key, self.expects_key = ([], sign == "{")
            case "]" | "}" if frame is not None and frame.kind == ("array" if sign == "]" else "table"):
                self.frames.pop()
                self.key, self.expects_key = [], False
            case _:
                self._fault(position - 1, f'unexpected "{sign}"')
        return position

    def _header(self, position: int) -> int:
        """`[table.name]` or `[[array.of.tables]]`: a line of its own."""
        stop = self.text.find("\n", position)
        stop = len(self.text) if stop < 0 else stop
        parts: list[str] = []
        while position < stop and (token := _TOKEN.match(self.text, position, stop)) is not None:
            if token.lastgroup == "comment":
                break
            if token.lastgroup == "string":
                self.headers.append(_Value(tuple(parts), token.start() + 1, token.end() - 1, True))
                parts.append(token[0][1:-1])
            elif token.lastgroup == "bare":
                parts += [part for part in token[0].split(".") if part]
            elif token[0] == "=":
                self._fault(token.start(), 'unexpected "="')
                break
            del parts[:-_LAST_PARTS]
            position = token.end()
        self.table = tuple(parts)
        return position

    def _end_of_statement(self, position: int) -> None:
        if self.expects_key and self.key:
            self._fault(position - 1, 'a key without "="')
        self.key, self.expects_key = [], True

    def _fault(self, position: int, reason: str) -> None:
        self.faults.append((max(0, min(position, len(self.text) - 1)), reason))


def _extract(source: Source) -> Facts:
    text = source.text
    scanner = _Scanner(text)
    scanner.run()
    literals: list[PortLiteral] = []
    found_references: list[PortReference] = []
    for value in scanner.values:
        hits = list(_literals(source, text, value))
        literals += hits
        found_references += _references(source, text, value, hits)
    literals += _argument_lists(source, text, scanner.values)
    for header in scanner.headers:
        # containerd: [plugins."...".registry.mirrors."localhost:5000"]
        hit = endpoint(text[header.start : header.end])
        if hit is not None and is_port(hit.port):
            literals += placed(source, _FORMAT, header.start, [hit], subject=".".join(header.path))
    for start, end in scanner.comments:
        literals += in_comment(source, _FORMAT, start, end)
    note = template_note(source, text, "a TOML file")
    faults = [Problem(source.span(at, at + 1), f"TOML: {reason}") for at, reason in scanner.faults[:1] if not note]
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


def _literals(source: Source, text: str, value: _Value) -> Iterator[PortLiteral]:
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


def _argument_lists(source: Source, text: str, values: list[_Value]) -> Iterator[PortLiteral]:
    """`args = ["--port", "8000"]`: the items of an array are the words of one command, or commands of their own."""
    lists: dict[int, list[_Value]] = {}
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


def _references(source: Source, text: str, value: _Value, found: list[PortLiteral]) -> Iterator[PortReference]:
    raw = text[value.start : value.end]
    if value.quoted and "$" in raw:
        yield from references(source, value.start, _key(value.path), raw, found, ".".join(value.path))


def _is_named(path: str) -> bool:
    return _NAME.search(without_endings(path)) is not None


FORMAT = Format(name=_FORMAT, named=_is_named, extract=_extract)
