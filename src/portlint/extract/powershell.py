"""PowerShell scripts: `$Port = 8000`, `$env:PORT = "8000"`, parameters, hash tables, comparisons, commands, URLs.

A statement is put into the signs that the shell's reader knows, in the same length: a backtick escapes or continues a
line, a backslash parts folders, `$env:PORT` is a variable.

Source: learn.microsoft.com, "about_Variables", "about_Parsing", "about_Comparison_Operators", "about_Comments".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

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
from portlint.knowledge.identifiers import is_port_name
from portlint.model import Facts, PortLiteral, Role, Source
from portlint.syntax.interpolation import HOLE

_COMMENT = regex(r"<#.*?(?:#>|\Z)|(?<![\w$`\"'])#[^\n]*", re.DOTALL)
_ASSIGNED = regex(
    r"(?:\$(?:(env|script|global|local):)?|\$\{(?:env:)?|(?<![\w.$-]))([A-Za-z_][\w-]{0,100})"
    r"\}?[\"']?[ \t]{0,8}=[ \t]{0,8}(?!=)",
    re.IGNORECASE,
)
_VALUE = regex(
    r"\"([^\"\n]*)\"|'([^'\n]*)'|(?:\[\w{1,20}\])?([0-9]{1,6})(?![\w.])|@?\(([^()\n]{1,600})\)|([0-9][0-9, \t]{1,300})"
)
_COMPARED = regex(
    r"\$(?:\w{1,20}:)?([A-Za-z_]\w{0,100}(?:\.\w{1,60})?)[ \t]+"
    r"-(eq|ne|lt|le|gt|ge|in|contains|notin)[ \t]+\"?([0-9]{2,5})(?![0-9])",
    re.IGNORECASE,
)
_ORDERINGS = frozenset({"lt", "le", "gt", "ge"})
_DEFAULTED = regex(
    r"\$(?:(env):)?([A-Za-z_]\w{0,100})"
    r"(?:[ \t]{0,4}\?\?[ \t]{0,4}|[ \t]{0,4}\)[ \t]{0,4}\{[^{}\n]{0,120}\}[ \t]{0,4}else[ \t]{0,4}\{[ \t]{0,4})"
    r"[\"']?([0-9]{2,5})(?![0-9])",
    re.IGNORECASE,
)
_LOOP = regex(r"foreach[ \t]*\([ \t]*\$(\w{1,80})[ \t]+in[ \t]+@?\(?([0-9][0-9, \t.]{1,400})", re.IGNORECASE)
_NUMBER = regex(r"(?<![\w.])[0-9]{2,5}(?!\w)")
_ENVIRONMENT = regex(r"\$(?:env|script|global):\w{1,100}|\$\{env:\w{1,100}\}", re.IGNORECASE)
_SIGNS = str.maketrans({"\\": "/", "#": HOLE, "@": " "})


def named(path: str) -> bool:
    return path.lower().endswith((".ps1", ".psm1", ".psd1"))


def extract(source: Source) -> Facts:
    """The ports of a PowerShell script."""
    text = source.text
    literals: list[PortLiteral] = []
    for match in _COMMENT.finditer(text):
        literals += in_comment(source, "powershell", match.start(), match.end())
    text = _COMMENT.sub(_blank, text)
    literals += _statements(source, text)
    hits = find_in_text(_shown(text))
    spaced = [hit for hit in hits if in_sentence(text, hit)]
    prose = {hit.start for hit in spaced}
    literals += _placed(source, (hit for hit in hits if hit.start not in prose), "")
    literals += placed(source, "powershell", 0, spaced, prose=True)
    unique = {found.span.start: found for found in reversed(literals)}
    return Facts(path=source.path, format="powershell", literals=tuple(unique[start] for start in sorted(unique)))


def _statements(source: Source, text: str) -> Iterator[PortLiteral]:
    for match in _ASSIGNED.finditer(text):
        name = match[2]
        value = _VALUE.match(text, match.end())
        if value is None:
            continue
        group = value.lastindex or 3
        hits = find_in_value(name, value[group])
        variable = name if (match[1] or "").lower() == "env" else None
        shifted = (
            hit._replace(start=hit.start + value.start(group), end=hit.end + value.start(group), name=hit.name or name)
            for hit in hits
        )
        yield from _placed(source, shifted, name, variable)
    for match in _COMPARED.finditer(text):
        bound = match[2].lower() in _ORDERINGS and int(match[3]) in BOUNDS
        if is_port_name(match[1]) and not bound:
            yield from _placed(source, [_hit(match, 3, "comparison", match[1])], match[1])
    for match in _DEFAULTED.finditer(text):
        if is_port_name(match[2]):
            variable = match[2] if match[1] else None
            hit = _hit(match, 3, "fallback", match[2])._replace(role=Role.FALLBACK, variable=variable)
            yield from _placed(source, [hit], match[2])
    for match in _LOOP.finditer(text):
        if is_port_name(match[1]):
            numbers = _NUMBER.finditer(text, match.start(2), match.end(2))
            yield from _placed(source, (_hit(number, 0, "item", match[1]) for number in numbers), match[1])


def _hit(match: re.Match[str], group: int, form: str, name: str) -> Hit:
    return Hit(start=match.start(group), end=match.end(group), port=int(match[group]), form=form, name=name)


def _blank(match: re.Match[str]) -> str:
    return "".join(char if char == "\n" else " " for char in match[0])


def _shown(text: str) -> str:
    text = _ENVIRONMENT.sub(lambda m: HOLE * len(m[0]), text.translate(_SIGNS))
    # A backtick at the end of a line continues it; elsewhere it escapes.
    return re.sub(r"`(?=\r?\n)", r"\\", text).replace("`", HOLE)


def _placed(source: Source, hits: Iterable[Hit], subject: str, variable: str | None = None) -> Iterator[PortLiteral]:
    known = [hit for hit in hits if is_port(hit.port)]
    for found in placed(source, "powershell", 0, known, subject=subject, variable=variable):
        yield replace(found, referable=True)


FORMAT = Format(name="powershell", named=named, extract=extract, by_line=True, most_bytes=LARGEST_BY_HAND)
