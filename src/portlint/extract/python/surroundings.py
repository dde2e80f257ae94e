"""What the rest of a Python file says about a statement: all that the visitor sees besides the statement itself.

It is one value, so that what decides whether a statement must be read again (`portlint.extract.python.reuse`) can take
a fingerprint of all of it: a field that is added here is in the fingerprint, with nothing else to remember.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from msgspec import Struct

from portlint.extract.python.libraries import Imports


class Surroundings(Struct, frozen=True):
    """The meaning of names in a file, which is the same for all of its statements."""

    imports: Imports
    signatures: Mapping[str, tuple[str, ...]]
    """names of the parameters (without self) of the functions and classes of the file"""
    sinks: Mapping[str, tuple[str, ...]]
    """names whose value is used as a port somewhere; see `Flow.sinks`"""


def surroundings(module: ast.Module, sinks: Mapping[str, tuple[str, ...]]) -> Surroundings:
    """What a parsed file says of its names. sinks: what its text says, see `Flow.sinks`."""
    imports: list[ast.Import | ast.ImportFrom] = []
    signatures: dict[str, tuple[str, ...]] = {}
    stack: list[ast.stmt] = list(module.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            signatures.setdefault(node.name, _parameters(node))
            stack += node.body
        elif isinstance(node, ast.ClassDef):
            signatures[node.name] = _fields(node)
            stack += node.body
        else:
            for block in ("body", "orelse", "finalbody", "handlers"):
                for inner in getattr(node, block, ()):
                    if isinstance(inner, ast.ExceptHandler):
                        stack += inner.body
                    else:
                        stack.append(inner)
    return Surroundings(Imports.of(imports), signatures, sinks)


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
