"""Windows batch files: `set PORT=8000`, `if "%PORT%"=="8000"`, loops over ports, commands, URLs.

A line is put into the signs that the shell's reader knows, in the same length: `%PORT%` is not known where it is
written, `^` escapes, a backslash parts folders.

Source: learn.microsoft.com, "Windows commands": cmd, set, if, for, call, rem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands import find_in_text
from portlint.extract.commands.words import in_sentence
from portlint.extract.format import Format
from portlint.extract.limits import LARGEST_BY_HAND
from portlint.extract.scan.literals import in_comment, placed
from portlint.extract.scan.port_bounds import BOUNDS
from portlint.extract.scan.text import Hit, is_port
from portlint.extract.scan.values import find_in_value
from portlint.knowledge.identifiers import is_port_name, words
from portlint.model import Facts, PortLiteral, Source
from portlint.syntax.interpolation import HOLE

_COMMENT = regex(r"[ \t@]*(?:::|rem(?=[ \t]|$))", re.IGNORECASE)
_SET = regex(r"\bset[ \t]+(?:/a[ \t]+)?\"?([A-Za-z_]\w{0,100})[ \t]?=[ \t]?([^\"&|\n]*)", re.IGNORECASE)
_COMPARED = regex(
    r"[%!]([A-Za-z_]\w{0,100})(?::[^%!\n]{0,40})?[%!]\"?[ \t]{0,4}"
    r"(==|equ|neq|lss|leq|gtr|geq)[ \t]{0,4}\"?([0-9]{2,5})(?![0-9])",
    re.IGNORECASE,
)
_ORDERINGS = frozenset({"lss", "leq", "gtr", "geq"})
_LOOP = regex(r"\bfor[ \t]+(?:/l[ \t]+)?%%([A-Za-z])[ \t]+in[ \t]*\(([^)\n]{1,400})\)", re.IGNORECASE)
_CALL = regex(r"\bcall[ \t]+:([A-Za-z_]\w{0,80})[ \t]+([0-9]{2,5})(?![0-9.])", re.IGNORECASE)
_VARIABLE = regex(r"%[A-Za-z_][\w:~=,-]{0,80}%|![A-Za-z_]\w{0,80}!|%%?~?[a-zA-Z0-9*]")
_NUMBER = regex(r"(?<![\w.])[0-9]{2,5}(?![\w.])")
_SIGNS = str.maketrans({"^": HOLE, "'": HOLE, "`": HOLE, "\\": "/", "#": HOLE, "@": " "})


def named(path: str) -> bool:
    return path.lower().endswith((".bat", ".cmd"))


def extract(source: Source) -> Facts:
    """The ports of a batch file."""
    literals: list[PortLiteral] = []
    position = 0
    for line in source.text.split("\n"):
        if _COMMENT.match(line):
            literals += in_comment(source, "batch", position, position + len(line))
        elif _NUMBER.search(line):
            literals += _line(source, position, line.rstrip("\r"))
        position += len(line) + 1
    unique = {found.span.start: found for found in reversed(literals)}
    return Facts(path=source.path, format="batch", literals=tuple(unique[start] for start in sorted(unique)))


def _line(source: Source, offset: int, line: str) -> Iterator[PortLiteral]:
    for match in _SET.finditer(line):
        value = _shown(match[2])
        hits = [hit._replace(name=hit.name or match[1]) for hit in find_in_value(match[1], value.rstrip())]
        yield from _placed(source, offset + match.start(2), hits, match[1], match[1])
    for match in _COMPARED.finditer(line):
        bound = match[2].lower() in _ORDERINGS and int(match[3]) in BOUNDS
        if is_port_name(match[1]) and not bound:
            yield from _placed(source, offset, [_hit(match.start(3), match[3], "comparison", match[1])], match[1])
    for match in _LOOP.finditer(line):
        behind = line[match.end() :]
        if re.search(r"(?:[Pp]ort\w{0,30}\"?[ \t=]{1,3}|:)%%" + match[1], behind):
            numbers = _NUMBER.finditer(line, match.start(2), match.end(2))
            yield from _placed(source, offset, [_hit(n.start(), n[0], "item", "port") for n in numbers], "for")
    for match in _CALL.finditer(line):
        if {"port", "ports", "firewall", "listen"} & set(words(match[1])):
            yield from _placed(source, offset, [_hit(match.start(2), match[2], "argument", match[1])], match[1])
    hits = find_in_text(_shown(line))
    spaced = [hit for hit in hits if in_sentence(line, hit)]
    yield from _placed(source, offset, [hit for hit in hits if hit not in spaced], "")
    for found in placed(source, "batch", offset, spaced, prose=True):
        yield replace(found, referable=True)


def _hit(start: int, number: str, form: str, name: str) -> Hit:
    return Hit(start=start, end=start + len(number), port=int(number), form=form, name=name)


def _shown(text: str) -> str:
    return _VARIABLE.sub(lambda m: HOLE * len(m[0]), text).translate(_SIGNS)


def _placed(
    source: Source, offset: int, hits: list[Hit], subject: str, variable: str | None = None
) -> Iterator[PortLiteral]:
    known = [hit for hit in hits if is_port(hit.port)]
    for found in placed(source, "batch", offset, known, subject=subject, variable=variable):
        yield replace(found, referable=True)


FORMAT = Format(
    name="batch",
    named=named,
    extract=extract,
    by_line=True,
    most_bytes=LARGEST_BY_HAND,
)
