"""Markdown: the ports in tables, and those in fenced examples. All of them are prose: they run nothing.

A table counts where a header says port or names an environment. A row's ports carry the variable and the service that
stand in the same row, so that they can be held against the registry; which columns are which is in
`rules/formats/markdown.yaml`.

Sources: GitHub Flavored Markdown Spec 0.29, 4.10 Tables; CommonMark 0.31, 4.5 Fenced code blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import count

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.extract.format import Format, literal
from portlint.extract.prefilter import in_words
from portlint.extract.scan.literals import in_comment
from portlint.extract.scan.text import is_port
from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import is_port_name, words
from portlint.model import Facts, PortLiteral, Role, Source

_FORMAT = "markdown"
_NAME = regex(r"\.(?:md|markdown|mdown|mkd)$", re.IGNORECASE)
_FENCES = tuple(regex(sign) for sign in (r"```+", r"~~~+"))
_MOST_INDENT = 3
"""spaces before a fence"""
_DELIMITER_LINE = regex(r"\n(?=[ \t|:]*+-[ \t|:-]*+\r?(?:\n|\Z))")
_DELIMITER = regex(r"[ \t]*+\|?+(?:[ \t]*+:?+-++:?+[ \t]*+\|)*+(?:[ \t]*+:?+-++:?+)?+[ \t\r]*+")
_CELL_END = regex(r"(?<!\\)\|")
_PORT = regex(
    r"(?<![\w.%$+-])(?<![0-9][-:])([0-9]{2,5})(?:[ ]?(?:-|\xe2\x80[\x93\x94]|to|\.\.)[ ]?([0-9]{2,5}))?"
    r"(?![\w%]|[.,][0-9]|[-:][0-9])"
)
_VARIABLE = regex(r"(?<![\w])[A-Z][A-Z0-9_]{2,80}(?![\w])")
_MARKS = regex(r"\]\([^()\s]{0,200}\)|[*_`~\[\]]|<[^<>]{0,80}>")
_LONGEST_LINE = 4000
_LONGEST_NAME = 80


@cache
def _headers(kind: str) -> frozenset[str]:
    return frozenset(rule_data.load("formats/markdown.yaml")[kind])


@cache
def _environments() -> frozenset[str]:
    table: dict[str, list[str]] = rule_data.load("names/environments.yaml")["environments"]
    return frozenset(word for spoken in table.values() for word in spoken)


class _Column(Struct, frozen=True):
    """A column that holds ports. title: its header."""

    index: int
    title: str
    role: Role


class _Table(Struct, frozen=True):
    columns: tuple[_Column, ...]
    name: int
    """index of the column that names the service"""
    number: int
    """of the table in the file, from 0"""


def _extract(source: Source) -> Facts:
    return Facts(path=source.path, format=_FORMAT, literals=tuple(_literals(source)))


def _literals(source: Source) -> Iterator[PortLiteral]:
    text = source.text
    tables = count()
    fence: str | None = None
    position = 0
    for opened in _fences(text):
        start = text.rfind("\n", max(0, opened.start() - _MOST_INDENT - 1), opened.start()) + 1
        if opened.start() - start > _MOST_INDENT or text[start : opened.start()].strip(" "):
            continue
        end = _end_of_line(text, opened.end())
        if fence is None:
            yield from _in_tables(source, text, position, start, tables)
            fence, position = opened[0], end
        elif opened[0].startswith(fence) and not text[opened.end() : end].strip():
            yield from _in_example(source, text, position, start)
            fence, position = None, end
    if fence is None:
        yield from _in_tables(source, text, position, len(text), tables)
    else:
        yield from _in_example(source, text, position, len(text))


def _fences(text: str) -> Iterable[re.Match[str]]:
    """The runs of signs that may be fences, in order. One pattern for both signs would take thirty times as long."""
    backticks, tildes = ([*sign.finditer(text)] for sign in _FENCES)
    return sorted([*backticks, *tildes], key=re.Match.start) if tildes else backticks


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _in_example(source: Source, text: str, start: int, end: int) -> Iterator[PortLiteral]:
    """The ports in the lines between two fences."""
    example = text[start:end]
    last = 0
    for at in sorted(in_words(example)):
        if at < last:
            continue
        first = example.rfind("\n", last, at) + 1 or last
        last = _end_of_line(example, at)
        if last - first <= _LONGEST_LINE:
            yield from in_comment(source, _FORMAT, start + first, start + last)


def _in_tables(source: Source, text: str, start: int, end: int, numbers: Iterator[int]) -> Iterator[PortLiteral]:
    """The ports in the tables of a stretch without fences."""
    for found in _DELIMITER_LINE.finditer(text, start, end):
        if found.start() < start:
            # A row of the table before.
            continue
        first = max(start, text.rfind("\n", start, found.start()) + 1)
        before = text[first : found.start()]
        position = _end_of_line(text, found.end())
        line = text[found.end() : position]
        if "|" not in before or "|" not in line or len(line) > _LONGEST_LINE or not _DELIMITER.fullmatch(line):
            continue
        table, position = _header(_cells(before, first), next(numbers)), position + 1
        while table is not None and position < end:
            behind = _end_of_line(text, position)
            line = text[position:behind]
            if "|" not in line or behind - position > _LONGEST_LINE:
                break
            yield from _row(source, table, line, position)
            start = position = behind + 1


def _cells(line: str, offset: int) -> list[tuple[int, str]]:
    """The cells of a row, each with its byte offset; bars at the ends of the line border no cell."""
    out: list[tuple[int, str]] = []
    start, end = len(line) - len(line.lstrip()), len(line.rstrip())
    if line.startswith("|", start):
        start += 1
    for bar in _CELL_END.finditer(line, start, end):
        out.append((offset + start, line[start : bar.start()]))
        start = bar.end()
    if start < end:
        out.append((offset + start, line[start:end]))
    return out


def _header(cells: Sequence[tuple[int, str]], number: int) -> _Table | None:
    """What the columns of a table hold; None where none of them holds ports."""
    titles = [_plain(text) for _, text in cells]
    said = [set(words(title)) for title in titles]
    variable = {i for i, parts in enumerate(said) if not _headers("variable").isdisjoint(parts)}
    ports = [i for i, title in enumerate(titles) if i not in variable and is_port_name(title)]
    names = [i for i, parts in enumerate(said) if not _headers("name").isdisjoint(parts) and i not in ports]
    matrix = [i for i, parts in enumerate(said) if i not in ports and i not in variable and parts & _environments()]
    if not ports and not (names and len(matrix) > 1):
        return None
    columns = sorted({*ports, *(matrix if names or variable else ())} - set(names))
    name = next((i for i in (*names, *range(len(titles))) if i not in columns and i not in variable), -1)
    return _Table(tuple(_Column(i, titles[i], _role(said[i])) for i in columns), name, number)


def _role(said: set[str]) -> Role:
    if not _headers("inside").isdisjoint(said):
        return Role.CONTAINER
    return Role.PUBLISH if not _headers("outside").isdisjoint(said) else Role.SETTING


def _row(source: Source, table: _Table, line: str, offset: int) -> Iterator[PortLiteral]:
    cells = _cells(line, offset)
    variables = list(dict.fromkeys(v for v in _VARIABLE.findall(line) if is_port_name(v) and "_" in v))
    name = _plain(cells[table.name][1]) if 0 <= table.name < len(cells) else ""
    for column in table.columns:
        if column.index >= len(cells):
            continue
        start, text = cells[column.index]
        for match in _PORT.finditer(text):
            last = int(match[2]) if match[2] else None
            if not is_port(int(match[1])) or (last is not None and not is_port(last)):
                continue
            yield literal(
                source, _FORMAT, start + match.start(1), start + (match.end(2) if match[2] else match.end(1)),
                port=int(match[1]), end_port=last, role=column.role, referable=False, prose=True, name=name or None,
                variable=variables[0] if len(variables) == 1 else None,
                subject=f"table[{table.number}].{name or 'row'}.{column.title}",
            )  # fmt: skip


def _plain(text: str) -> str:
    """A cell's text as a person reads it, without marks and links' targets."""
    shown = text.encode("latin-1").decode("utf-8", "replace")
    return " ".join(_MARKS.sub("", shown).replace("\\|", "|").replace(".", " ").split())[:_LONGEST_NAME]


FORMAT = Format(name=_FORMAT, named=lambda path: _NAME.search(path) is not None, extract=_extract)
