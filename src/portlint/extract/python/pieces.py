"""The statements of a Python file that hold a candidate, cut out so that libcst sees little.

`ast` parses the whole file (it is twelve times faster than libcst and survives every input); libcst then parses only
the pieces: a simple statement whole, a compound statement's header with `pass` for its body.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.model import LineIndex


class Scope(Struct, frozen=True):
    """Where a piece stands: the classes and functions around it, outermost first."""

    names: tuple[str, ...] = ()
    function: str | None = None
    """the innermost function's name"""
    enclosing_class: str | None = None
    """the class whose body this is, if it is a class body"""

    def inside(self, node: ast.AST) -> Scope:
        """The scope of the body of a class or function."""
        if isinstance(node, ast.ClassDef):
            return Scope((*self.names, node.name), None, node.name)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return Scope((*self.names, node.name), node.name, None)
        return self


class Piece(Struct, frozen=True):
    """A stretch of a file that libcst can parse as one statement.

    start, end: byte offsets in the file. code: what libcst parses, whose byte `skip` is the file's byte `start`.
    """

    start: int
    end: int
    code: bytes
    skip: int
    scope: Scope
    docstring: bool = False
    """a string that stands alone: prose"""
    subject: int | None = None
    """of a case: byte offset of the subject of its `match`, which `code` repeats"""


_ELSE_IF = b"elif"


class _Cutter:
    """Walks the statements on the way to each candidate: bisecting the bodies costs far less than visiting all."""

    def __init__(self, data: bytes, lines: LineIndex, shift: int) -> None:
        self._data = data
        self._starts = lines.starts
        self._shift = shift
        """bytes before the first character on line 1: a byte order mark"""

    def offset(self, line: int, column: int) -> int:
        """The byte offset of an `ast` position: line 1-based, column a 0-based byte offset into it."""
        start = self._starts[line - 1] if line <= len(self._starts) else len(self._data)
        return start + column + (self._shift if line == 1 else 0)

    def start(self, node: ast.stmt) -> int:
        """The byte offset of a statement, its decorators included."""
        decorators = getattr(node, "decorator_list", ())
        first = decorators[0] if decorators else node
        at = self.offset(first.lineno, first.col_offset)
        return self._data.rfind(b"@", 0, at) if decorators else at

    def end(self, node: ast.stmt | ast.expr) -> int:
        return self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def find(self, body: Sequence[ast.stmt], at: int) -> ast.stmt | None:
        """The statement of a body that holds a byte offset."""
        low, high = 0, len(body)
        while low < high:
            middle = (low + high) // 2
            if self.start(body[middle]) <= at:
                low = middle + 1
            else:
                high = middle
        node = body[low - 1] if low else None
        return node if node is not None and at < self.end(node) else None

    def piece(self, module: ast.Module, at: int) -> Piece | None:
        """The piece that holds a byte offset; None between statements (a comment)."""
        body: Sequence[ast.stmt] = module.body
        scope = Scope()
        while True:
            node = self.find(body, at)
            if node is None:
                return None
            inner = _bodies(node)
            if not inner:
                return self._simple(node, scope)
            block = bisect_right(inner, at, key=lambda body: self.start(body[0])) - 1
            holder = inner[block] if block >= 0 and at < self.end(inner[block][-1]) else None
            if holder is None:
                return self._header(node, inner, at, scope)
            scope = scope.inside(node)
            body = holder

    def _simple(self, node: ast.stmt, scope: Scope) -> Piece:
        start, end = self.start(node), self.end(node)
        alone = (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )
        return Piece(start, end, self._data[start:end], 0, scope, alone)

    def _header(self, node: ast.stmt, bodies: Sequence[Sequence[ast.stmt]], at: int, scope: Scope) -> Piece | None:
        """The header of a compound statement that holds the offset: `if x == 80:`, `case 80:`, a decorator."""
        decorators = getattr(node, "decorator_list", ())
        index = bisect_right(decorators, at, key=lambda each: self.offset(each.lineno, each.col_offset)) - 1
        if index >= 0:
            decorator = decorators[index]
            start, end = self.offset(decorator.lineno, decorator.col_offset), self.end(decorator)
            if at < end:
                return Piece(start, end, b"(" + self._data[start:end] + b")", 1, scope)
        if isinstance(node, ast.Match):
            return self._match(node, at, scope)
        start = self.offset(node.lineno, node.col_offset)
        end = self.start(bodies[0][0])
        if not start <= at < end:
            return None
        if self._data.startswith(_ELSE_IF, start):
            # An `elif` is an `if` of its own for ast; libcst must be told so.
            start += 2
        if isinstance(node, ast.Try):
            return None
        return Piece(start, end, self._data[start:end] + b" pass", 0, scope)

    def _match(self, node: ast.Match, at: int, scope: Scope) -> Piece | None:
        first, end = self.offset(node.subject.lineno, node.subject.col_offset), self.end(node.subject)
        subject = b"(" + self._data[first:end] + b")"
        if first <= at < end:
            return Piece(first, end, subject, 1, scope)
        for case in node.cases:
            pattern = self.offset(case.pattern.lineno, case.pattern.col_offset)
            start, end = self._data.rfind(b"case", 0, pattern), self.start(case.body[0])
            if start <= at < end:
                head = b"match " + subject + b":\n "
                code = head + self._data[start:end] + b" pass"
                return Piece(start, end, code, len(head), scope, subject=first)
        return None


def _bodies(node: ast.stmt) -> list[Sequence[ast.stmt]]:
    """The blocks of statements of a compound statement, in order; none for a simple statement."""
    out: list[Sequence[ast.stmt]] = []
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        block = getattr(node, name, None)
        if not block:
            continue
        if name in ("handlers", "cases"):
            out += [part.body for part in block]
        else:
            out.append(block)
    return out


def pieces(
    module: ast.Module, data: bytes, lines: LineIndex, shift: int, candidates: Sequence[int]
) -> Iterator[tuple[Piece | None, list[int]]]:
    """Each piece that holds candidates, with them, in order; None for those that stand in no statement.

    candidates: byte offsets, ascending. shift: length of the byte order mark.
    """
    cutter = _Cutter(data, lines, shift)
    index = 0
    while index < len(candidates):
        piece = cutter.piece(module, candidates[index])
        if piece is None:
            yield None, [candidates[index]]
            index += 1
            continue
        first = index
        while index < len(candidates) and piece.start <= candidates[index] < piece.end:
            index += 1
        yield piece, list(candidates[first:index]) or [candidates[first]]
        index = max(index, first + 1)


_SIGN = regex(
    rb"[A-Za-z]{0,2}(?:\"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*+(?:\"\"\")?|'''(?:[^'\\]|\\.|'(?!''))*+(?:''')?"
    rb"|\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?)"
    rb"|\#[^\n]*+|\blambda\b|\belif\b|(?<![\w.])(?:and|or|not|else|await|for|if|in|is)(?!\w)|\w++|[-+*/|&^@%~<>.]++|[(\[{)\]},;\n]",
    re.DOTALL,
)
_OPENING_SIGNS = (b"(", b"[", b"{")
_OPENING, _CLOSING = frozenset(b"([{"), frozenset(b")]}")
_SIGNS = frozenset(b"-+*/|&^@%~<>.")
_OPERATORS = frozenset({b"and", b"or", b"not", b"else", b"await", b"for", b"if", b"in", b"is"})
_IN_FORMAT = regex(rb"\{[^{}]*+")
_IN_FIELD = regex(rb"[-+*/|&^@%~.(\[]|\b(?:and|or|not|else|for|lambda)\b")
_DEEPEST = 60
"""brackets in brackets; in a `match` libcst tries each case again for each of them"""
_DEEPEST_CASE = 10
_HEAVIEST = 30_000
"""the depths of all brackets below the third level, summed: libcst takes 6 KB for each unit"""
_MOST_BRACKETS = 40_000
_LONGEST = 200
"""operators, calls and attributes one behind the other: libcst builds a tree that is as deep"""


def too_deep(code: bytes) -> str | None:
    """Why a piece must not reach libcst, whose native parser dies or hangs on it; None where it may.

    The limits are far below what hurts (SECURITY.md has the figures), and far above what people write. Brackets in
    formatted strings count too: they are code.
    """
    nested = _too_nested(code) if sum(map(code.count, _OPENING_SIGNS)) > _DEEPEST_CASE else None
    return (nested and _too_nested(_STRING.sub(_without_text, code))) or _too_long(code)


# A string that is not closed is taken to its end all the same, so that nothing is read twice.
_STRING = regex(
    rb"([A-Za-z]{0,2})(?:\"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*(?:\"\"\"|\\?\Z)|'''(?:[^'\\]|\\.|'(?!''))*(?:'''|\\?\Z)"
    rb"|\"(?:[^\"\\\n]|\\.)*(?:\"|\\?\Z|(?=\n))|'(?:[^'\\\n]|\\.)*(?:'|\\?\Z|(?=\n)))",
    re.DOTALL,
)


def _without_text(match: re.Match[bytes]) -> bytes:
    """Nothing in place of a string whose brackets are text; a formatted string as it is."""
    return match[0] if match[1].lower() in (b"f", b"fr", b"rf", b"t", b"tr", b"rt") else b"''"


def _too_nested(code: bytes) -> str | None:
    level = deepest = opened = weight = 0
    for found in _BRACKET.finditer(code):
        if found[0] in b"([{":
            level += 1
            opened += 1
            deepest = max(deepest, level)
            if level > 3:
                weight += level
        else:
            level = max(0, level - 1)
    if deepest > (_DEEPEST_CASE if _CASE.search(code) else _DEEPEST):
        return f"brackets nested {deepest} deep"
    if opened > _MOST_BRACKETS or weight > _HEAVIEST:
        return f"{opened} brackets in one statement, {deepest} deep"
    return None


_BRACKET = regex(rb"[(\[{}\])]")
_CASE = regex(rb"^[ \t]*case[^\w=.]", re.MULTILINE)


def _operators_at_most(code: bytes) -> int:
    """A number that `_too_long` cannot count beyond, found without reading the code sign by sign."""
    signs = len(code) - len(code.translate(None, _COUNTED))
    return signs if signs > _LONGEST else signs + len(_COUNTED_WORDS.findall(code))


_COUNTED = b"-+*/|&^@%~<>.([{"
_COUNTED_WORDS = regex(rb"\b(?:and|or|not|else|await|for|if|in|is|lambda|elif)\b")


def _too_long(code: bytes) -> str | None:
    if len(code) <= _LONGEST or _operators_at_most(code) <= _LONGEST:
        return None
    chains, lambdas, branches, is_operand = [0], 0, 0, False
    for found in _SIGN.finditer(code):
        sign = found[0]
        first = sign[0]
        if sign[-1] in b"\"'" or b'"' in sign[:3] or b"'" in sign[:3]:
            is_operand = True
            if any(len(_IN_FIELD.findall(field)) > _LONGEST for field in _IN_FORMAT.findall(sign)):
                return f"a chain of more than {_LONGEST} operators in a string"
            continue
        if first in _OPENING:
            chains[-1] += is_operand
            chains.append(0)
            is_operand = False
        elif first in _CLOSING:
            if len(chains) > 1:
                chains.pop()
            is_operand = True
        elif sign == b"\n":
            if len(chains) == 1:
                chains[0] = lambdas = 0
                is_operand = False
        elif sign in (b",", b";"):
            chains[-1], is_operand = 0, False
        elif sign == b"lambda":
            lambdas, is_operand = lambdas + 1, False
        elif sign == b"elif":
            branches, is_operand = branches + 1, False
        elif first in _SIGNS:
            chains[-1] += len(sign)
            is_operand = False
        elif sign in _OPERATORS:
            chains[-1] += 1
            is_operand = False
        elif first != 35:  # a comment
            is_operand = True
        if max(chains[-1], lambdas, branches) > _LONGEST:
            return f"a chain of more than {_LONGEST} operators"
    return None
