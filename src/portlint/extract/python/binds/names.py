"""What the names of a parsed Python file stand for: one pass over all of it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from portlint.extract.python.libraries import Imports

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Parameter(Struct, frozen=True, eq=False):
    """A name that gets its value from whoever calls."""

    function: Function
    name: str


Value = ast.expr | Parameter | None
"""what a name is bound to; None: something that is not followed (a loop's target, a part of a tuple)"""


class Place(Struct, frozen=True, eq=False):
    """A call, or an attribute that is given a value."""

    node: ast.Call | ast.Attribute
    scope: str
    """the functions and classes that it stands in, dotted"""
    under_main: bool
    value: ast.expr | None = None
    """of an attribute"""


class Names:
    """The bindings, calls and definitions of one file, in their order."""

    def __init__(self, module: ast.Module) -> None:
        self.calls: list[Place] = []
        self.set_attributes: list[Place] = []
        self.functions: dict[str, Function] = {}
        """by their own name, the last one of each"""
        self.classes: dict[str, ast.ClassDef] = {}
        self.returned: dict[str, list[tuple[ast.expr, str]]] = {}
        """name of a function to what it returns, with the scope there"""
        self.attributes: dict[str, list[tuple[ast.expr, str]]] = {}
        """name of an attribute of `self` to what it is given"""
        self.bound: dict[tuple[str, str], list[Value]] = {}
        """scope and name to all that it is given there"""
        self.opened: set[int] = set()
        """identities of the expressions whose value `with` closes at its end"""
        self._class_scopes: set[str] = set()
        self._global: set[tuple[str, str]] = set()
        self.statements: list[ast.Import | ast.ImportFrom] = []
        self._walk(module)
        self.imports = Imports.of(self.statements)
        self.origins = dict(_origins(self.statements))
        """imported name to the module that it is of, with the dots of a relative import"""

    def values(self, name: str, scope: str) -> tuple[list[Value], str]:
        """All that a name is given in the innermost scope that binds it, and that scope; nothing: the empty list."""
        inner = True
        while True:
            # The names of a class are not seen from inside its methods.
            if (inner or scope not in self._class_scopes) and (found := self.bound.get((scope, name))):
                return found, scope
            if not scope:
                return [], ""
            scope, inner = scope.rpartition(".")[0], False

    def only(self, name: str, scope: str) -> tuple[ast.expr | Parameter, str] | None:
        """What a name is given, and the scope there, where that is one thing."""
        found, where = self.values(name, scope)
        return (found[0], where) if len(found) == 1 and found[0] is not None else None

    def _walk(self, module: ast.Module) -> None:
        stack: list[tuple[ast.AST, str, bool]] = [(module, "", False)]
        while stack:
            node, scope, under_main = stack.pop()
            kind = type(node)
            if kind is ast.Call:
                assert isinstance(node, ast.Call)
                self.calls.append(Place(node, scope, under_main))
            elif kind is ast.Name:
                assert isinstance(node, ast.Name)
                if isinstance(node.ctx, ast.Store):
                    self._bind(node.id, None, scope)
            elif kind in _STATEMENTS:
                stack += reversed([*self._statement(node, scope, under_main)])
                continue
            stack += [(child, scope, under_main) for child in _children_backwards(node)]

    def _statement(self, node: ast.AST, scope: str, under_main: bool) -> Iterator[tuple[ast.AST, str, bool]]:
        """Takes in what a statement binds, and gives what is left to look at, in order."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                inner = f"{scope}.{node.name}" if scope else node.name
                self._define(node, inner)
                outside: list[ast.AST] = [*node.decorator_list]
                if isinstance(node, ast.ClassDef):
                    outside += [*node.bases, *node.keywords]
                else:
                    outside += [*node.args.defaults, *(each for each in node.args.kw_defaults if each is not None)]
                yield from ((each, scope, under_main) for each in outside)
                yield from ((each, inner, under_main) for each in node.body)
            case ast.If():
                is_main = _asks_for_main(node.test)
                yield node.test, scope, under_main
                yield from ((each, scope, under_main or is_main) for each in node.body)
                yield from ((each, scope, under_main) for each in node.orelse)
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr() | ast.withitem():
                value = self._assign(node, scope, under_main)
                if value is not None:
                    yield value, scope, under_main
            case ast.Return(value=ast.expr() as value):
                self.returned.setdefault(scope.rpartition(".")[2], []).append((value, scope))
                yield value, scope, under_main
            case ast.Global():
                self._global.update((scope, name) for name in node.names)
            case ast.Import() | ast.ImportFrom():
                self.statements.append(node)

    def _define(self, node: Function | ast.ClassDef, inner: str) -> None:
        if isinstance(node, ast.ClassDef):
            self.classes[node.name] = node
            self._class_scopes.add(inner)
            return
        self.functions[node.name] = node
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            self._bind(argument.arg, Parameter(node, argument.arg), inner)
        for rest in (arguments.vararg, arguments.kwarg):
            if rest is not None:
                self._bind(rest.arg, None, inner)

    def _assign(
        self, node: ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.withitem, scope: str, under_main: bool
    ) -> ast.expr | None:
        """Takes in what is bound, and gives the value."""
        if isinstance(node, ast.withitem):
            value: ast.expr | None = node.context_expr
            self.opened.add(id(node.context_expr))
            targets = [] if node.optional_vars is None else [node.optional_vars]
        else:
            value = node.value
            targets = [*node.targets] if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if value is not None:
                self._target(target, value, scope, under_main)
        return value

    def _target(self, target: ast.expr, value: ast.expr | None, scope: str, under_main: bool) -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, value, scope)
        elif isinstance(target, ast.Attribute) and value is not None:
            if isinstance(target.value, ast.Name) and target.value.id == "self":
                self.attributes.setdefault(target.attr, []).append((value, scope))
            self.set_attributes.append(Place(target, scope, under_main, value))
        elif isinstance(target, ast.Tuple | ast.List):
            values: list[ast.expr | None] = [None] * len(target.elts)
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(values):
                values = [*value.elts]
            for each, given in zip(target.elts, values, strict=True):
                self._target(each, None if isinstance(given, ast.Starred) else given, scope, under_main)
        elif isinstance(target, ast.Starred):
            self._target(target.value, None, scope, under_main)

    def _bind(self, name: str, value: Value, scope: str) -> None:
        if (scope, name) in self._global:
            scope = ""
        self.bound.setdefault((scope, name), []).append(value)


_STATEMENTS = frozenset(
    {
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.Return, ast.Global, ast.Import),
        *(ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.withitem),
    }
)
_LEAVES = frozenset({type(None), type(...), str, bytes, bool, int, float, complex, ast.Constant}).union(
    *(kind.__subclasses__() for kind in (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop))
)


def _children_backwards(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that may bind or call something, the last one first."""
    out: list[ast.AST] = []
    for field in node._fields:
        value: Any = getattr(node, field, None)
        for each in value if type(value) is list else (value,):
            kind = type(each)
            if kind not in _LEAVES and (kind is not ast.Name or type(each.ctx) is ast.Store):
                out.append(each)
    out.reverse()
    return out


def modules(statements: Iterable[ast.Import | ast.ImportFrom]) -> Iterator[str]:
    """The imported modules, and what may be modules in packages; not those of the standard library."""
    for node in statements:
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        else:
            module = "." * node.level + (node.module or "")
            inner = [alias.name for alias in node.names if alias.name[:1].islower()]
            dot = "" if module.endswith(".") else "."
            named = [module, *(f"{module}{dot}{name}" for name in inner)]
        for name in named:
            if name.partition(".")[0] not in sys.stdlib_module_names:
                yield name


def _asks_for_main(test: ast.expr) -> bool:
    """`__name__ == "__main__"`, either way round."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = (test.left, test.comparators[0])
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides) and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )


def _origins(statements: list[ast.Import | ast.ImportFrom]) -> Iterator[tuple[str, str]]:
    for node in statements:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                yield alias.asname or alias.name, "." * node.level + (node.module or "")
            else:
                yield alias.asname or alias.name.partition(".")[0], alias.name


def dotted(node: ast.expr) -> str | None:
    """The path of a name and its attributes: `web.run_app`; None where it is something else."""
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    return ".".join((node.id, *reversed(words))) if isinstance(node, ast.Name) else None
