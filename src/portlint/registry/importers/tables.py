"""Finds the tables of a document: pipe tables, and tables drawn with lines.

Sources: GitHub Flavored Markdown 0.29, 4.10 (tables) and 4.5 (fenced code blocks); Unicode, Box Drawing (U+2500).
"""

from __future__ import annotations

import html
from collections.abc import Iterator

from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex

_BARS = str.maketrans(dict.fromkeys("│┃║╎╏┆┇┊┋", "|"))
_RULE = regex(r"[\s|+:=\-\u2500-\u257f]*")
_DELIMITER = regex(r"[\s|:\-]+")
_DRAWN = regex(r"[\u2500-\u257f]|\+[-=]{2}")
_HEADING = regex(r"\s{0,3}#{1,6}\s+([^\r\n]*)")
_LINK = regex(r"!?\[([^\[\]]*)\]\([^()]*\)")
_TAG = regex(r"<[^<>]{0,200}>")
_FENCE = regex(r"\s*(`{3,}|~{3,})")
MAX_COLUMNS = 60


class Row(Struct, frozen=True):
    cells: tuple[str, ...]
    line: int
    """1-based"""


class Table(Struct):
    """A table: its heading cells (empty where it has none) and rows. title: the heading of the section above."""

    header: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    title: str = ""


class Line(Struct, frozen=True):
    """A line of a document. number: 1-based. fenced: it stands in a code block. title: the heading above it."""

    text: str
    number: int
    fenced: bool
    title: str


def lines(text: str) -> Iterator[Line]:
    """The lines of a document, each with what surrounds it."""
    fence = title = ""
    for number, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.match(line)
        if mark is not None and (not fence or (mark[1].startswith(fence) and not line.strip().strip("`~"))):
            fence = "" if fence else mark[1]
            continue
        heading = None if fence else _HEADING.match(line)
        if heading is not None:
            title = plain(heading[1].rstrip("# "))
        yield Line(line, number, bool(fence), title)


def tables(document: list[Line]) -> Iterator[Table]:
    """The tables of a document, in its order. In code blocks only drawn ones: a pipe there is a pipe of the shell."""
    block: list[Line] = []
    for line in document:
        if block and (line.fenced != block[0].fenced or line.number != block[-1].number + 1):
            yield from _table(block)
            block = []
        text = line.text.translate(_BARS)
        if "|" in text or (_RULE.fullmatch(text) and text.strip() and (block or _DRAWN.search(text))):
            block.append(line)
        else:
            yield from _table(block)
            block = []
    yield from _table(block)


def _table(block: list[Line]) -> Iterator[Table]:
    if len(block) < 2:
        return
    drawn = any(_DRAWN.search(line.text) for line in block)
    if block[0].fenced and not drawn:
        return
    if drawn:
        yield from _drawn(block)
        return
    for at in range(1, len(block)):
        if "-" in block[at].text and _DELIMITER.fullmatch(block[at].text):
            table = Table(header=_cells(block[at - 1].text), title=block[at].title)
            table.rows = [Row(_cells(line.text), line.number) for line in block[at + 1 :]]
            yield table
            return


def _drawn(block: list[Line]) -> Iterator[Table]:
    """The first group of rows between rules is the header, where another one follows.

    A title over the full width is one cell. A table without such groups has no header.
    """
    groups: list[list[Row]] = [[]]
    for line in block:
        text = line.text.translate(_BARS)
        if _RULE.fullmatch(text):
            if groups[-1]:
                groups.append([])
        else:
            groups[-1].append(Row(_cells(text), line.number))
    groups = [group for group in groups if group]
    title = block[0].title
    while groups and all(len(row.cells) == 1 for row in groups[0]):
        title = " ".join([title, *(row.cells[0] for row in groups.pop(0))]).strip()
    if not groups:
        return
    header: tuple[str, ...] = ()
    if len(groups) > 1 and len(groups[0]) == 1 and not any(char.isdigit() for char in "".join(groups[0][0].cells)):
        header = groups.pop(0)[0].cells
    yield Table(header=header, rows=[row for group in groups for row in group], title=title)


def _cells(line: str) -> tuple[str, ...]:
    """The cells of a row: a pipe ends one, unless a backslash stands before it."""
    text = line.strip().replace("\\|", "\0")
    text = text.removeprefix("|")
    text = text.removesuffix("|")
    return tuple(plain(cell.replace("\0", "|")) for cell in text.split("|")[:MAX_COLUMNS])


def plain(text: str) -> str:
    """Text without its marks: bold, code, links, tags and entities."""
    text = _LINK.sub(r"\1", text)
    text = html.unescape(_TAG.sub(" ", text))
    for mark in ("**", "__", "~~", "`"):
        text = text.replace(mark, "")
    text = text.strip()
    if len(text) > 2 and text[0] == text[-1] and text[0] in "*_":
        text = text[1:-1]
    return " ".join(text.split())
