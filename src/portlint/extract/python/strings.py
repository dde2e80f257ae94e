"""String expressions of Python: plain, formatted, put together with `+`, `%`, `.format` or `.join`."""

from __future__ import annotations

from collections.abc import Callable

from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.fast_libcst import cst
from portlint.extract.python.located import Text, body

Offset = Callable[[cst.CSTNode], int]
"""the byte offset of a node in the piece"""


class StringReader:
    """Reads string expressions of one piece: plain, formatted, put together with `+`, `%`, `.format` or `.join`."""

    def __init__(self, offset: Offset, source: Callable[[cst.BaseExpression], str]) -> None:
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


_PERCENT = regex(r"%%|%[-+ #0]{0,3}\d{0,3}[a-z]")
_BRACES = regex(r"\{([A-Za-z_0-9]{0,40})(?:![rsa])?(?::[^{}]{0,20})?\}")


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
