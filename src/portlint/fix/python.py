"""Python: `8000` becomes `int(os.environ.get("API_PORT", "8000"))`; in a string, a piece of an f-string.

Or a reference to a constants module, where there is one and it gives the port.

Only the statement at the top of the module that holds the literal is parsed by libcst, which tells strings apart
piece by piece; what is written goes into the bytes as they are, because nothing that prints a tree keeps every byte.

Sources: the Python Language Reference, 2.4.3 f-strings and 7.11 the import statement; PEP 8, Imports.
"""

from __future__ import annotations

import ast
import sys
from bisect import bisect_right
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import takewhile

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, ParentNodeProvider
from msgspec import Struct

from portlint.fix import SAFE, UNSAFE, Constant, Task
from portlint.model import Edit, Finding, Fix, LineIndex, Reference

_NEEDED = frozenset({"os", "int"})
"""names that what is written relies on"""
_CLOSED = (
    cst.Annotation,
    cst.MatchPattern,
    cst.SubscriptElement,  # Literal[8000]
    cst.FormattedStringExpression,  # before Python 3.12 the quotes of a call would end the f-string
)
"""nodes below which no call can stand, or what stands there is not run"""


class _Means(Struct, frozen=True):
    """What is written in place of a literal, in double quotes what it quotes."""

    number: str
    text: str
    """gives a string"""
    in_string: str
    """within the braces of an f-string"""


def rewrite(data: bytes, tasks: Sequence[Task]) -> dict[int, Fix]:
    """Fixes by the task's index; none for a literal where no call can stand."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    file = _File(data, tree)
    made: dict[int, Fix] = {}
    by_piece: dict[tuple[int, int], list[int]] = {}
    own_import = _functions_that_import_os(tree)
    is_free: dict[Constant | None, bool] = {None: not _rebinds(tree, _NEEDED)}
    for constant in {task.constant for task in tasks if task.constant is not None}:
        is_free[constant] = not _rebinds(tree, {constant.name, "str"}, constant, tasks[0].finding.path)
    for number, task in enumerate(tasks):
        line = task.finding.span.line
        piece = file.piece(line)
        hidden = task.constant is None and any(first <= line <= last for first, last in own_import)
        if piece is not None and is_free[task.constant] and not hidden:
            by_piece.setdefault(piece, []).append(number)
    for (start, end), numbers in by_piece.items():
        nodes = _Nodes(data[start:end], start)
        for number in numbers:
            written = nodes.edits(tasks[number], file.lines)
            if written is not None:
                edits, is_plain = written
                reference = tasks[number].finding.reference
                same = reference is not None and reference.default == tasks[number].finding.port
                made[number] = Fix(SAFE if same and is_plain else UNSAFE, edits)
    return _with_imports(file, made, tasks)


def _with_imports(file: _File, made: Mapping[int, Fix], tasks: Sequence[Task]) -> dict[int, Fix]:
    """The fixes, each with the import that it needs; fixes of one safety share one import of constants."""
    out: dict[int, Fix] = {}
    constants: dict[tuple[str, str], list[int]] = {}
    for number, fix in made.items():
        finding, constant = tasks[number].finding, tasks[number].constant
        if constant is None:
            needs = file.needs_import(finding.span.line)
            out[number] = Fix(fix.safety, (file.new_import(), *fix.edits)) if needs else fix
            continue
        module, is_known = file.module_of(constant, finding.path)
        safety = fix.safety if is_known else UNSAFE
        out[number] = Fix(safety, fix.edits)
        if not file.has(constant, finding):
            constants.setdefault((safety, module), []).append(number)
    for (safety, module), numbers in constants.items():
        names = {constant.name for number in numbers if (constant := tasks[number].constant) is not None}
        first = min(tasks[number].finding.span.line for number in numbers)
        edit = file.import_from(module, sorted(names), first)
        out |= {number: Fix(safety, (edit, *out[number].edits)) for number in numbers}
    return {number: fix for number, fix in out.items() if _is_in_order(fix)}


def _is_in_order(fix: Fix) -> bool:
    """Whether the import comes first: behind `import sys; api_port = 8000` it would be too late."""
    return all(fix.edits[0].span.start <= edit.span.start for edit in fix.edits)


def _rebinds(tree: ast.Module, names: AbstractSet[str], constant: Constant | None = None, path: str = "") -> bool:
    """Whether the module gives another meaning to a name that is needed.

    constant: its import from its own module is none; path: that of the file.
    """
    own: set[ast.alias] = set()
    top = set(tree.body)
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=aliases) if constant is not None and node in top:
                if any(alias.name == "*" for alias in aliases):
                    return True
                if _is_from(node, constant, path):
                    own.update(alias for alias in aliases if alias.asname is None)
                continue
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                bound = name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound = name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                bound = name
            case ast.alias(name=module, asname=name) if node not in own:
                # `import os.path` binds os as well, and to the same module.
                bound = name or ("" if module.partition(".")[0] == "os" else module.partition(".")[0])
            case _:
                continue
        if bound in names:
            return True
    return False


def _is_from(node: ast.ImportFrom, constant: Constant, path: str) -> bool:
    """Whether something is imported from the constants module. path: of the file that imports."""
    if node.level == 0:
        return node.module == constant.module
    return (node.level, node.module or "") == _relative(constant, path)


def _relative(constant: Constant, path: str) -> tuple[int, str]:
    """How a file names the constants module relative to itself: the number of dots, and what follows them."""
    here = path.split("/")[:-1]
    there = constant.path.removesuffix(".py").removesuffix("/__init__").split("/")
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return len(here) - shared + 1, ".".join(there[shared:])


def _functions_that_import_os(tree: ast.Module) -> list[tuple[int, int]]:
    """The lines of the functions in which `os` is a local name, and unbound above its import."""
    return [
        (node.lineno, _last_line(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(isinstance(each, ast.Import) and any(map(_is_os, each.names)) for each in ast.walk(node))
    ]


class _File:
    """The module as a whole: its statements, and where an import stands or could stand."""

    def __init__(self, data: bytes, tree: ast.Module) -> None:
        self.data = data
        self.lines = LineIndex(data)
        self._body = tree.body
        self._first = [_first_line(node) for node in tree.body]
        self._ending = b"\r\n" if b"\r\n" in data else b"\n"
        imports = (n for n in tree.body if isinstance(n, ast.Import) and any(_is_os(alias) for alias in n.names))
        self._imported = min((node.lineno for node in imports), default=sys.maxsize)
        self._from = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        self._roots = {_root(alias.name) for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
        self._roots |= {_root(node.module or "") for node in self._from if node.level == 0}

    def piece(self, line: int) -> tuple[int, int] | None:
        """The byte offsets of the whole lines of the statement at the top of the module that holds a line."""
        number = bisect_right(self._first, line) - 1
        if number < 0 or b"\r" in self.data.replace(b"\r\n", b""):
            return None
        first = last = number
        while first > 0 and _last_line(self._body[first - 1]) >= self._first[first]:
            first -= 1
        while last + 1 < len(self._body) and self._first[last + 1] <= _last_line(self._body[last]):
            last += 1
        if line > _last_line(self._body[last]):
            return None
        start = self.lines.starts[self._first[first] - 1]
        if start == 0 and self.data.startswith(BOM_UTF8):
            start = len(BOM_UTF8)
        return start, self._line_end(_last_line(self._body[last]))

    def needs_import(self, line: int) -> bool:
        """Whether `os` is not imported above a line."""
        return self._imported >= line

    def new_import(self) -> Edit:
        """`import os` where isort would put it, as far as the statements at the top of the module tell."""
        head = list(takewhile(_is_head, self._body))
        rest = self._body[len(head) :]
        words = b"import os" + self._ending
        block: list[ast.Import | ast.ImportFrom] = []
        for node in rest:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                break
            if block and node.lineno > _last_line(block[-1]) + 1:
                break
            block.append(node)
        if block and not _is_standard(block[0]):
            return self._insert(block[0].lineno, words + self._ending)
        for node in block:
            if isinstance(node, ast.ImportFrom) or node.names[0].name > "os":
                return self._insert(node.lineno, words)
        if block:
            return self._insert(_last_line(block[-1]) + 1, words)
        if head:
            return self._insert(_last_line(head[-1]) + 1, self._ending + words)
        return self._insert(self._first[0], words + self._ending)

    def module_of(self, constant: Constant, path: str) -> tuple[str, bool]:
        """The constants module as the file would name it, and whether it surely finds it: it imports its package
        already, or goes as far up by a relative import."""
        if _root(constant.module) in self._roots:
            return constant.module, True
        level, tail = _relative(constant, path)
        if any(node.level >= level for node in self._from):
            return "." * level + tail, True
        return constant.module, False

    def has(self, constant: Constant, finding: Finding) -> bool:
        """Whether the constant is imported above a finding."""
        return any(
            _is_from(node, constant, finding.path)
            and _last_line(node) < finding.span.line
            and any(alias.name == constant.name and alias.asname is None for alias in node.names)
            for node in self._from
        )

    def import_from(self, module: str, names: Sequence[str], line: int) -> Edit:
        """An import of names for what stands from a line on: in an import from that module, else behind the others."""
        for node in self._from:
            if f"{'.' * node.level}{node.module or ''}" == module and _last_line(node) < line:
                later = next((alias for alias in node.names if alias.name > names[0]), None)
                if later is not None:
                    return self._within(later.lineno, later.col_offset, "".join(f"{name}, " for name in names))
                last = node.names[-1]
                behind = last.end_lineno or last.lineno, last.end_col_offset or 0
                return self._within(*behind, "".join(f", {name}" for name in names))
        words = f"from {module} import {', '.join(names)}".encode() + self._ending
        head = list(takewhile(_is_head, self._body))
        block = list(takewhile(lambda node: isinstance(node, ast.Import | ast.ImportFrom), self._body[len(head) :]))
        if block:
            last_one = block[-1]
            near = isinstance(last_one, ast.ImportFrom) and (
                last_one.level > 0 or _root(last_one.module or "") == _root(module)
            )
            return self._insert(_last_line(last_one) + 1, words if near else self._ending + words)
        if head:
            return self._insert(_last_line(head[-1]) + 1, self._ending + words)
        return self._insert(self._first[0], words + self._ending)

    def _within(self, line: int, column: int, text: str) -> Edit:
        """An insertion in a line. column: bytes, as `ast` counts them."""
        at = self.lines.starts[line - 1] + column
        if line == 1 and self.data.startswith(BOM_UTF8):
            at += len(BOM_UTF8)
        return Edit(self.lines.span(at, at), b"", text.encode())

    def _insert(self, line: int, text: bytes) -> Edit:
        """An insertion before a line, which may be the one behind the last."""
        if line > len(self.lines.starts):
            at, text = len(self.data), self._ending + text
        else:
            at = self.lines.starts[line - 1]
        if at == 0 and self.data.startswith(BOM_UTF8):
            at = len(BOM_UTF8)
        return Edit(self.lines.span(at, at), b"", text)

    def _line_end(self, line: int) -> int:
        return self.lines.starts[line] if line < len(self.lines.starts) else len(self.data)


def _root(module: str) -> str:
    return module.partition(".")[0]


def _is_os(alias: ast.alias) -> bool:
    return alias.asname is None and alias.name.partition(".")[0] == "os"


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _is_head(node: ast.stmt) -> bool:
    """Whether it is the docstring or an import from `__future__`, which nothing may stand before."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_standard(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        return node.names[0].name.partition(".")[0] in sys.stdlib_module_names
    return (
        isinstance(node, ast.ImportFrom)
        and node.level == 0
        and (node.module or "").partition(".")[0] in sys.stdlib_module_names
    )


class _Nodes:
    """The numbers and strings of one piece, with where they stand in the file."""

    def __init__(self, code: bytes, base: int) -> None:
        self._numbers: dict[tuple[int, int], cst.CSTNode] = {}
        self._texts: list[tuple[int, int, cst.CSTNode]] = []
        try:
            module = cst.parse_module(code.decode("utf-8"))
        except (cst.ParserSyntaxError, cst.CSTValidationError, UnicodeDecodeError):
            return
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        self._parents = wrapper.resolve(ParentNodeProvider)
        self._spans = wrapper.resolve(ByteSpanPositionProvider)
        self._base = base
        for node, span in self._spans.items():
            start, end = base + span.start, base + span.start + span.length
            if isinstance(node, cst.Integer):
                self._numbers[start, end] = node
            elif isinstance(node, cst.SimpleString | cst.FormattedStringText):
                self._texts.append((start, end, node))
        self._texts.sort(key=lambda each: each[:2])

    def edits(self, task: Task, lines: LineIndex) -> tuple[tuple[Edit, ...], bool] | None:
        """What to write for a literal, and whether the program does the same as before."""
        reference, span = task.finding.reference, task.finding.span
        if reference is None or task.literal is None:
            return None
        old = task.literal.text.encode()
        means = _means(task, reference)
        number = self._numbers.get((span.start, span.end))
        if number is not None:
            if not self._may_be_a_call(number):
                return None
            return (Edit(span, old, means.number.encode()),), not self._is_member(number)
        at = bisect_right(self._texts, span.start, key=lambda each: each[0]) - 1
        if at < 0 or self._texts[at][1] < span.end:
            return None
        start, end, text = self._texts[at]
        if not self._may_be_a_call(text):
            return None
        plain = not self._is_member(text)
        if isinstance(text, cst.FormattedStringText):
            whole = self._parents[text]
            if not isinstance(whole, cst.FormattedString):
                return None  # the format of another piece: f"{x:8000}"
            quote = "'" if '"' in whole.quote else '"'
            return (Edit(span, old, _hole(means, quote)),), plain
        assert isinstance(text, cst.SimpleString)
        joined = isinstance(self._parents[text], cst.ConcatenatedString)
        if text.prefix.lower() not in ("", "r"):
            return None
        if text.raw_value == task.literal.text and not joined:
            whole_span = lines.span(start, end)
            return (Edit(whole_span, text.value.encode(), means.text.encode()),), plain
        if "{" in text.raw_value or "}" in text.raw_value:
            return None  # they would have to be doubled, and the text may be a template of its own
        quote = "'" if '"' in text.quote else '"'
        opening = Edit(lines.span(start, start), b"", b"f")
        return (opening, Edit(span, old, _hole(means, quote))), plain

    def _above(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        while (parent := self._parents.get(node)) is not None:
            yield parent
            node = parent

    def _may_be_a_call(self, node: cst.CSTNode) -> bool:
        """Whether an expression that is run may stand in place of a literal."""
        inside = node
        for above in self._above(node):
            if isinstance(above, _CLOSED):
                return False
            if isinstance(above, cst.Expr):
                # A string that is a statement is a docstring, or as good as a comment.
                return isinstance(inside, cst.Call | cst.Await | cst.Yield)
            inside = above
        return True

    def _is_member(self, node: cst.CSTNode) -> bool:
        """Whether it stands in an enumeration, whose members with equal values are one."""
        classes = (each for each in self._above(node) if isinstance(each, cst.ClassDef))
        return any("Enum" in cst.Module([]).code_for_node(base.value) for each in classes for base in each.bases)


def _means(task: Task, reference: Reference) -> _Means:
    if task.constant is not None:
        expression = task.constant.expression
        return _Means(expression, f"str({expression})", expression)
    text = f'os.environ.get("{reference.variable}", "{reference.default}")'
    return _Means(f"int({text})", text, text)


def _hole(means: _Means, quote: str) -> bytes:
    return f"{{{means.in_string.replace(chr(34), quote)}}}".encode()
