"""Small questions to libcst nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portlint.extract.python.fast_libcst import cst
from portlint.extract.python.located import body
from portlint.extract.scan.text import Hit


def placed(words_: Sequence[tuple[int, str]], hit: Hit) -> tuple[int, int, int]:
    """Which word of a list joined by single spaces a hit is in, and where in it."""
    position = 0
    for index, word in words_:
        if position <= hit.start <= position + len(word):
            return index, hit.start - position, hit.end - position
        position += len(word) + 1
    return 0, 0, 0


def strings_in(node: cst.BaseExpression) -> Iterator[cst.CSTNode]:
    """The string tokens of an expression that was read as one text; not those inside a placeholder."""
    stack: list[cst.BaseExpression] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.SimpleString | cst.FormattedString):
            yield current
        elif isinstance(current, cst.ConcatenatedString | cst.BinaryOperation):
            yield current
            stack += [current.left, current.right]
        elif isinstance(current, cst.Tuple):
            stack += [e.value for e in current.elements]


def string_of(node: cst.BaseExpression | None) -> str | None:
    """What a plain string literal holds."""
    return body(node.value)[0] if isinstance(node, cst.SimpleString) else None


def is_sequence(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Tuple | cst.List)


def integer_of(node: cst.BaseExpression) -> int | None:
    return node.evaluated_value if isinstance(node, cst.Integer) else None


def name_of(node: cst.BaseExpression) -> str | None:
    """The nearest name of a target: the attribute, the key, the identifier."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        return node.attr.value
    if isinstance(node, cst.Subscript) and len(node.slice) == 1:
        index = node.slice[0].slice
        if isinstance(index, cst.Index):
            return string_of(index.value) or name_of(index.value)
    if isinstance(node, cst.StarredElement):
        return name_of(node.value)
    if isinstance(node, cst.Await):
        return name_of(node.expression)
    return None


def dotted(node: cst.BaseExpression) -> str:
    """`a.b.c` of a chain of names; a call or subscript in it is left out."""
    parts: list[str] = []
    while True:
        if isinstance(node, cst.Attribute):
            parts.append(node.attr.value)
            node = node.value
        elif isinstance(node, cst.Call):
            node = node.func
        elif isinstance(node, cst.Subscript):
            node = node.value
        else:
            break
    if isinstance(node, cst.Name):
        parts.append(node.value)
    elif parts:
        parts.append("_")
    return ".".join(reversed(parts))
