"""What the rest of a Python file says about the names of a statement: one or two steps of data flow.

A literal bound to a name that does not say port (`WEB = 8000`) is a port if the name is used as one: `port=WEB`,
`f"http://localhost:{WEB}"`, `for name, port in SERVICES.items()`. Such uses are found by their text, which costs far
less than visiting every expression of every file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache, cached_property

from portlint import rulebook
from portlint.naming import is_port_name

_NAME = rb"([A-Za-z_][A-Za-z0-9_]{0,80}(?:\.[A-Za-z_][A-Za-z0-9_]{0,80})?)"
# Each pattern begins with fixed letters, which the regular expression engine finds at the speed of memory; what stands
# before them is looked at afterwards.
_BOUND_TO_PORT = re.compile(
    rb"(?:port|PORT|Port)([A-Za-z0-9_]{0,30})[\"']?\]?[ \t]{0,2}(?:=|:|,|==|\bor\b|\bin\b)[ \t]{0,2}(?:int\(|str\()?"
    + _NAME
    + rb"(?![A-Za-z0-9_(\[.=\"'])"
)
_IN_ADDRESS = re.compile(rb":\{" + _NAME + rb"\}")
_ADDRESS_BEFORE = re.compile(
    rb"(?://[^\s\"'{}]{0,80}|localhost|[0-9]{1,3}\.[0-9]{1,3}|//\{[^\s\"'{}]{1,60}\}|(?:host|addr|address|ip|server)\})$"
)
_IDENTIFIER_BEFORE = re.compile(rb"[A-Za-z0-9_]*$")
_LOOP = re.compile(
    rb"\bfor[ \t]{1,4}([A-Za-z_][\w, \t()]{0,120}?)[ \t]{1,4}in[ \t]{1,4}(?:sorted\(|enumerate\(|list\()?"
    rb"([A-Za-z_][A-Za-z0-9_.]{0,120})(?![A-Za-z0-9_.\[])"
)
_VIEWS = (".items", ".values", ".keys")
_ASSIGNED = re.compile(
    rb"^(?:self\.)?([A-Za-z_][A-Za-z0-9_]{0,80})"
    rb"(?:(?:[ \t]*:[^=\n]{1,80})?[ \t]*=(?!=)|\.(?:append|extend|add|insert)\()"
)
_ALIAS = re.compile(
    rb"^[ \t]*(?:self\.)?([A-Za-z_]\w{0,80})[ \t]*=[ \t]*(?:int\(|str\()?"
    rb"([A-Za-z_]\w{0,80})(?:\)|\.copy\(\))?[ \t]*(?:#.*)?$",
    re.MULTILINE,
)
_LISTED = re.compile(
    rb"^[ \t]*(?:self\.)?([A-Za-z_]\w{0,80})(?:[ \t]*:[^=\n]{1,80})?[ \t]*=[ \t]*"
    rb"(?:set|frozenset|tuple)?\(?[\[({]([\s0-9'\",]{8,2000})[\])}]",
    re.MULTILINE,
)
_STEPS = 2


class Flow:
    """The imports, the signatures and the uses of names of one file."""

    def __init__(self, module: ast.Module, data: bytes) -> None:
        self._data = data
        self.imports: list[ast.stmt] = []
        self.signatures: dict[str, tuple[str, ...]] = {}
        stack: list[ast.stmt] = list(module.body)
        while stack:
            node = stack.pop()
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.imports.append(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.signatures.setdefault(node.name, _parameters(node))
                stack += node.body
            elif isinstance(node, ast.ClassDef):
                self.signatures[node.name] = _fields(node)
                stack += node.body
            else:
                for block in ("body", "orelse", "finalbody", "handlers"):
                    for inner in getattr(node, block, ()):
                        if isinstance(inner, ast.ExceptHandler):
                            stack += inner.body
                        else:
                            stack.append(inner)

    @cached_property
    def sinks(self) -> Mapping[str, tuple[str, ...]]:
        """The names whose value is used as a port, to a loop's targets over them (empty: used directly)."""
        out: dict[str, tuple[str, ...]] = {}
        for match in _BOUND_TO_PORT.finditer(self._data):
            start = match.start()
            before = _IDENTIFIER_BEFORE.search(self._data, max(0, start - 60), start)
            name = (before[0] if before else b"") + self._data[start : match.end(1)]
            if is_port_name(name.decode()):
                out.setdefault(_last(match[2]), ())
        for match in _IN_ADDRESS.finditer(self._data):
            if _ADDRESS_BEFORE.search(self._data, max(0, match.start() - 100), match.start()):
                out.setdefault(_last(match[1]), ())
        for match in _LOOP.finditer(self._data):
            names = tuple(n.strip(" \t()") for n in match[1].decode().split(","))
            if not any(is_port_name(n) for n in names):
                continue
            looped = match[2].decode()
            view = next((v for v in _VIEWS if looped.endswith(v)), "")
            owner = looped.removesuffix(view).rsplit(".", 1)[-1]
            if view != ".keys":
                out.setdefault(owner, names if len(names) > 1 else ())
        for match in _LISTED.finditer(self._data):
            if _are_well_known(match[2]):
                out.setdefault(match[1].decode(), ())
        for _ in range(_STEPS):
            for match in _ALIAS.finditer(self._data):
                # The same value under two names: a use of either says what both are.
                left, right = match[1].decode(), match[2].decode()
                if left in out:
                    out.setdefault(right, out[left])
                elif right in out:
                    out.setdefault(left, out[right])
        return {name: columns for name, columns in out.items() if name not in _NEVER}

    def concerns(self, code: bytes) -> bool:
        """Whether a statement binds a name that is used as a port."""
        match = _ASSIGNED.match(code)
        return match is not None and match[1].decode() in self.sinks


_NEVER = frozenset(
    {"None", "True", "False", "self", "cls", "int", "str", "value", "v", "x", "i", "n", "data", "result"}
)
"""names so common that a use of one says nothing about another"""


def _are_well_known(items: bytes) -> bool:
    """Whether a list holds nothing but usual ports, and enough of them to be no accident."""
    numbers = [int(n) for n in re.findall(rb"[0-9]{1,6}", items)]
    return len(numbers) >= _ENOUGH and all(n in well_known() for n in numbers)


@cache
def well_known() -> frozenset[int]:
    """The ports of the well-known services (`rules/ports.yaml`)."""
    return frozenset(int(p) for s in rulebook.load("ports.yaml")["services"] for p in s["ports"])


_ENOUGH = 4


def _last(name: bytes) -> str:
    return name.decode().rsplit(".", 1)[-1]


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    names = tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args))
    return names[1:] if names and names[0] in ("self", "cls") else names


def _fields(node: ast.ClassDef) -> tuple[str, ...]:
    """The parameters of a class: of its `__init__`, or its annotated fields in order."""
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            return _parameters(inner)
    return tuple(
        inner.target.id
        for inner in node.body
        if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name)
    )
