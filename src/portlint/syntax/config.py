"""The statements of configuration files at large: `key = value`, `key: value`, `key => value` and `key value`, in
sections, in blocks of braces, behind indentation; with the comments of the usual kinds.

It knows no program. Positions are indexes into the text, ends exclusive; one pass, linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.syntax.interpolation import HOLE

_LINE = regex(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_TEMPLATE = regex(
    r"\{\{[^{}\n]{0,400}\}\}|\{%[^%\n]{0,400}%\}|\{#[^#\n]{0,400}#\}|[$%@]\{[^{}\n]{0,400}\}|\{\$[^{}\n]{0,400}\}"
)
_CUT = regex(
    r"(?<![^\s=(\[{,:>])(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')|(?<!\S)(?:[#;]|//)|(?<!\S)/\*|[{}](?!\S)|(?<!\S)\}|;(?!\S)",
    re.ASCII,
)
_BLOCK = regex(r"(?<![{$%@#])\{[ \t]*(?:[#;\r\n]|$)|(?<=\s)\{(?=[ \t])", re.ASCII)
_SECTION = regex(r"[ \t]*\[([^\[\]\r\n]{1,200})\][ \t]*$")
_KEY = r"[\"']?([\w.@$<][\w.\-/@\[\]*+]{0,120}(?:[ \t][\w.][\w.\-]{0,60}){0,4})[\"']?"
_PAIR = regex(rf"[ \t]*{_KEY}[ \t]*(=>|[:+?]=|==|=|:(?=[ \t]|$))[ \t]*", re.ASCII)
_BARE = regex(r"[ \t]*[\"']?([\w.@$<][\w.\-/@*]{0,120})[\"']?(?:[ \t]+|$)", re.ASCII)
_OPENING, _CLOSING = "[(", "])"


class Statement(Struct, frozen=True):
    """One statement. key: empty where the line continues the value of the key before it has none of its own."""

    path: tuple[str, ...]
    """the sections and blocks it stands in, outermost first"""
    start: int
    end: int
    key: str
    operator: str
    """`=`, `:`, `=>`, ...; empty where only white space stands between key and value"""
    value_start: int
    opens: bool = False
    """it is the head of a block"""
    carried: bool = False
    """the key stands on an earlier line"""


class Comment(Struct, frozen=True):
    start: int
    end: int


def statements(text: str, signs: str = "#;/", *, indented: bool = False) -> Iterator[Statement | Comment]:
    """The statements and comments of a file, in order.

    signs: characters that open a comment. indented: a line without indentation opens a section, as in HAProxy's.
    """
    return _Reader(text, signs, indented).read()


class _Reader:
    def __init__(self, text: str, signs: str, indented: bool) -> None:
        self.text = text
        self.signs = signs
        self.indented = indented
        self.braces = _BLOCK.search(text) is not None
        self.section: tuple[str, ...] = ()
        self.blocks: list[str] = []
        self.indent = 0
        self.carried = ""
        """the key whose value goes on in the next line"""
        self.open_brackets = 0
        self.in_comment = False

    def read(self) -> Iterator[Statement | Comment]:
        position, end = 0, len(self.text)
        while position < end:
            match = _LINE.match(self.text, position)
            stop = match.end() if match else end
            yield from self._line(position, position + len(self.text[position:stop].rstrip("\r\n")))
            position = stop

    def _line(self, start: int, end: int) -> Iterator[Statement | Comment]:
        line = self.text[start:end]
        if self.in_comment:
            closing = line.find("*/")
            self.in_comment = closing < 0
            yield Comment(start, end if closing < 0 else start + closing)
            return
        plain = _TEMPLATE.sub(lambda m: HOLE * len(m[0]), line)
        if not plain.strip(HOLE + " \t"):
            return
        section = _SECTION.match(_without_comment(plain, self.signs))
        if section and not self.open_brackets:
            self.section, self.blocks, self.carried = (section[1].strip(),), [], ""
            return
        begin = 0
        for cut in _CUT.finditer(plain):
            sign = cut[0]
            if sign[0] in "\"'":
                continue
            if sign in ("#", "//", "/*") or (sign == ";" and (cut.start() == 0 or plain[cut.start() - 1].isspace())):
                if sign[0] not in self.signs:
                    continue
                yield from self._piece(start + begin, start + cut.start())
                self.in_comment = sign == "/*" and "*/" not in plain[cut.end() :]
                yield Comment(start + cut.start(), end)
                return
            if sign == ";" and not self.braces:
                continue
            if sign in "{}" and not self.braces:
                continue
            yield from self._piece(start + begin, start + cut.start(), opens=sign == "{")
            head, begin = plain[begin : cut.start()], cut.end()
            if sign == "{":
                self.blocks.append(" ".join(head.replace(HOLE, "").split())[-60:].rstrip(" =:>"))
            elif sign == "}" and self.blocks:
                self.blocks.pop()
        yield from self._piece(start + begin, end)

    def _piece(self, start: int, end: int, *, opens: bool = False) -> Iterator[Statement]:
        text = self.text[start:end].rstrip(" \t,;")
        end = start + len(text)
        body = text.lstrip(" \t")
        if not body.strip(HOLE):
            return
        indent = len(text) - len(body)
        if self.indented and not indent:
            self.section = (" ".join(body.split()[:2]),)
        path = (*self.section, *self.blocks[-20:])
        pair = _PAIR.match(text)
        if self.open_brackets and not (pair and pair[2] == "=>"):
            pair = None
        if self.carried and pair is None and (self.open_brackets or indent > self.indent):
            yield Statement(path, start + indent, end, self.carried, "=", start + indent, opens, carried=True)
            self._count(body)
            return
        if pair is not None:
            key, operator, value = pair[1], pair[2], text[pair.end() :]
            yield Statement(path, start + indent, end, key, operator, start + pair.end(), opens)
            self.indent, self.open_brackets = indent, 0
            self.carried = key
            self._count(value)
            if value and not self.open_brackets:
                self.carried = ""
            return
        self.carried, self.open_brackets = "", 0
        bare = _BARE.match(text)
        key = bare[1] if bare else ""
        yield Statement(path, start + indent, end, key, "", start + (bare.end() if bare else indent), opens)

    def _count(self, value: str) -> None:
        """Follow the brackets of a value that goes on over several lines."""
        if self.open_brackets or value[:1] in _OPENING:
            opened = sum(value.count(sign) for sign in _OPENING) - sum(value.count(sign) for sign in _CLOSING)
            self.open_brackets = max(0, self.open_brackets + opened)


def _without_comment(line: str, signs: str) -> str:
    """A line that begins a section, without the comment behind it."""
    for sign in signs:
        at = line.find(f" {sign}")
        if at >= 0:
            line = line[:at]
    return line
