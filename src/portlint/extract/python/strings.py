"""Python string tokens as texts whose characters know where they stand in the file.

Nothing is unescaped: a port, a host and the signs between them are written as they are, and an escape (`\\n`) ends
a word as well as what it stands for would.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import libcst as cst

from portlint.extract.interpolation import HOLE

_QUOTES = re.compile(r"[A-Za-z]{0,2}(\"\"\"|'''|\"|')")
_HOLE_LENGTH = 4
"""characters for an expression that has no place of its own in the text"""


@dataclass(slots=True)
class Text:
    """A string put together from pieces: its text with holes, the words of the holes, and where it stands."""

    masked: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    origins: list[tuple[int, int, int]] = field(default_factory=list)
    """start in the text, end in the text, byte offset of the start in the piece"""
    length: int = 0
    literal: bool = True
    """no hole in it"""

    def add(self, text: str, origin: int) -> None:
        """Add text that is written at a byte offset."""
        self.origins.append((self.length, self.length + len(text), origin))
        self.masked.append(text)
        self.raw.append(text)
        self.length += len(text)

    def hole(self, words: str = "") -> None:
        """Add a part that is only known at run time; words: its source, to judge what it may hold."""
        shown = words or "?" * _HOLE_LENGTH
        self.masked.append(HOLE * len(shown))
        self.raw.append(shown)
        self.length += len(shown)
        self.literal = False

    def join(self, text: str) -> None:
        """Add text that stands elsewhere and holds no port: a separator."""
        self.masked.append(text)
        self.raw.append(text)
        self.length += len(text)

    @property
    def text(self) -> str:
        return "".join(self.masked)

    @property
    def words(self) -> str:
        return "".join(self.raw)

    def origin(self, start: int, end: int) -> int | None:
        """The byte offset in the piece of a stretch of the text; None where it is not written in one place."""
        for first, last, origin in self.origins:
            if first <= start and end <= last:
                return origin + start - first
        return None


def body(token: str) -> tuple[str, int]:
    """What a string token holds between its quotes, and how many characters stand before it."""
    match = _QUOTES.match(token)
    if match is None:
        return token, 0
    return token[match.end() : len(token) - len(match[1])], match.end()


Offset = Callable[[cst.CSTNode], int]
"""the byte offset of a node in the piece"""


class StringReader:
    """Reads string expressions of one piece: plain, formatted, put together with `+`, `%`, `.format` or `.join`."""

    def __init__(self, offset: Offset, source: Callable[[cst.CSTNode], str]) -> None:
        self._offset = offset
        self._source = source

    def read(self, node: cst.BaseExpression) -> Text | None:
        """The text of an expression that is a string at least in part; None for any other expression."""
        out = Text()
        return out if self._add(out, node, 0) else None

    def is_string(self, node: cst.CSTNode) -> bool:
        """Whether an expression is written as a string, at least in part."""
        while isinstance(node, cst.BinaryOperation):
            if isinstance(node.operator, cst.Add) and self.is_string(node.right):
                return True
            if not isinstance(node.operator, cst.Add | cst.Modulo):
                return False
            node = node.left
        return isinstance(node, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString)

    def _add(self, out: Text, node: cst.BaseExpression, depth: int) -> bool:
        if isinstance(node, cst.SimpleString):
            inner, before = body(node.value)
            out.add(_latin(inner), self._offset(node) + before)
            return True
        if isinstance(node, cst.FormattedString):
            self._formatted(out, node)
            return True
        if isinstance(node, cst.ConcatenatedString):
            current: cst.BaseExpression = node
            while isinstance(current, cst.ConcatenatedString):
                self._add(out, current.left, depth)
                current = current.right
            return self._add(out, current, depth)
        if isinstance(node, cst.BinaryOperation) and depth < 100:
            if isinstance(node.operator, cst.Add):
                return self._sum(out, node, depth)
            if isinstance(node.operator, cst.Modulo) and self.is_string(node.left):
                return self._filled(out, node.left, node.right, depth)
        return False

    def _sum(self, out: Text, node: cst.BinaryOperation, depth: int) -> bool:
        terms: list[cst.BaseExpression] = [node.right]
        left = node.left
        while isinstance(left, cst.BinaryOperation) and isinstance(left.operator, cst.Add):
            terms.append(left.right)
            left = left.left
        terms.append(left)
        if not any(self.is_string(term) for term in terms):
            return False
        for term in reversed(terms):
            self._term(out, term, depth + 1)
        return True

    def _term(self, out: Text, term: cst.BaseExpression, depth: int) -> None:
        """One part of a string: a string, a number written in place (`str(8000)` too), or a hole."""
        number = _number(term)
        if number is not None:
            out.add(number.value, self._offset(number))
        elif not self._add(out, term, depth):
            out.hole(_latin(self._source(term)))

    def _formatted(self, out: Text, node: cst.FormattedString) -> None:
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                out.add(_latin(part.value), self._offset(part))
            elif isinstance(part, cst.FormattedStringExpression):
                self._term(out, part.expression, 1)

    def _filled(self, out: Text, template: cst.BaseExpression, values: cst.BaseExpression, depth: int) -> bool:
        """`"%s:%d" % (host, 8000)`: the values take the places of the placeholders."""
        given = [e.value for e in values.elements] if isinstance(values, cst.Tuple) else [values]
        if not isinstance(template, cst.SimpleString):
            return self._add(out, template, depth + 1)
        inner, before = body(template.value)
        places = list(_PERCENT.finditer(inner))
        if len(places) != len(given) or any(place[0] == "%%" for place in places):
            return self._add(out, template, depth + 1)
        self._fill(out, inner, self._offset(template) + before, [place.span() for place in places], given, depth)
        return True

    def _fill(
        self,
        out: Text,
        template: str,
        origin: int,
        places: list[tuple[int, int]],
        values: list[cst.BaseExpression],
        depth: int,
    ) -> None:
        position = 0
        for (start, end), value in zip(places, values, strict=True):
            out.add(_latin(template[position:start]), origin + len(template[:position].encode()))
            self._term(out, value, depth + 1)
            position = end
        out.add(_latin(template[position:]), origin + len(template[:position].encode()))

    def call(self, node: cst.Call) -> Text | None:
        """The text of `"{}:{}".format(host, 8000)` or `":".join([host, "8000"])`; None for any other call."""
        function = node.func
        if not isinstance(function, cst.Attribute) or not isinstance(function.value, cst.SimpleString):
            return None
        inner, before = body(function.value.value)
        origin = self._offset(function.value) + before
        out = Text()
        if function.attr.value == "format":
            places = list(_BRACES.finditer(inner))
            given = [a.value for a in node.args if a.keyword is None and not a.star]
            if len(places) == len(given) and not any(place[1] for place in places):
                self._fill(out, inner, origin, [place.span() for place in places], given, 0)
            else:
                out.add(_latin(inner), origin)
            return out
        if function.attr.value == "join" and len(node.args) == 1:
            sequence = node.args[0].value
            if isinstance(sequence, cst.List | cst.Tuple):
                for index, element in enumerate(sequence.elements):
                    if index:
                        out.join(inner)
                    self._term(out, element.value, 1)
                return out
        return None


_PERCENT = re.compile(r"%%|%[-+ #0]{0,3}\d{0,3}[a-z]")
_BRACES = re.compile(r"\{([A-Za-z_0-9]{0,40})(?:![rsa])?(?::[^{}]{0,20})?\}")


def _number(node: cst.BaseExpression) -> cst.Integer | None:
    """The number that an expression writes into a string: `8000`, `str(8000)`."""
    if isinstance(node, cst.Integer):
        return node
    if (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Name)
        and node.func.value in ("str", "repr", "int")
        and len(node.args) == 1
        and isinstance(node.args[0].value, cst.Integer)
    ):
        return node.args[0].value
    return None


def _latin(text: str) -> str:
    """One character for each byte, so that positions are byte offsets."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")
