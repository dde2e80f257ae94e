"""A module of constants that Python code may refer to instead of a variable: what it gives for which port.

Only what surely is a port for a variable counts: `API_PORT = 8000`, `PORT = int(os.getenv("API_PORT", "8000"))`, and
the entries of a module that `portlint generate python` wrote. The module is read, never run.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping

from portlint.fix import Constant

_READERS = frozenset({"os.getenv", "os.environ.get", "getenv", "environ.get"})
_FINAL = frozenset({"int", "Final", "typing.Final", "Final[int]", "typing.Final[int]"})


def constants(module: str, path: str, data: bytes) -> Mapping[tuple[str, int], Constant]:
    """Variable and default port to what the module gives for them.

    module: its name in full. path, data: its file, relative to the root, and its source. Raises ValueError, whose
    text is a reason, where it cannot be used.
    """
    try:
        return _read(module, path, ast.parse(data))
    except (SyntaxError, RecursionError):
        raise ValueError("it cannot be parsed") from None


def _read(module: str, path: str, tree: ast.Module) -> Mapping[tuple[str, int], Constant]:
    foreign = next(_foreign(tree), None)
    if foreign is not None:
        raise ValueError(f"it imports {foreign}, which may import the code that is fixed")
    found: dict[tuple[str, int], list[Constant]] = {}
    bound = Counter(_bound(tree))
    for node in tree.body:
        for name, variable, port in _assigned(node):
            if bound[name] == 1:
                found.setdefault((variable, port), []).append(Constant(module, path, name, name))
        if bound["get_port"] == bound["PORTS"] == 1:
            for service, variable, port in _generated(node):
                call = f'get_port("{service}")'
                found.setdefault((variable, port), []).append(Constant(module, path, "get_port", call))
    chosen = {key: _chosen(key[0], each) for key, each in found.items()}
    return {key: constant for key, constant in chosen.items() if constant is not None}


def _chosen(variable: str, found: list[Constant]) -> Constant | None:
    """The only one, or the one that is called like the variable."""
    return next((each for each in found if each.name == variable), found[0] if len(found) == 1 else None)


def _foreign(tree: ast.Module) -> Iterator[str]:
    """What is imported from outside of the standard library."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ["." * node.level + (node.module or "")]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] not in sys.stdlib_module_names)


def _bound(tree: ast.Module) -> Iterator[str]:
    """Each binding of a name, wherever it stands."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name.partition(".")[0]


def _assigned(node: ast.stmt) -> Iterator[tuple[str, str, int]]:
    """Name, variable and port of a constant."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            pass
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
            if ast.unparse(annotation) not in _FINAL:
                return
        case _:
            return
    match value:
        case ast.Constant(value=int(port)) if not isinstance(port, bool):
            yield name, name, port
        case ast.Call(
            func=ast.Name(id="int"),
            args=[ast.Call(func=reader, args=[ast.Constant(value=str(variable)), ast.Constant(value=given)])],
        ) if ast.unparse(reader) in _READERS and str(given).isdecimal():
            yield name, variable, int(str(given))


def _generated(node: ast.stmt) -> Iterator[tuple[str, str, int]]:
    """Service, variable and default of each entry of `PORTS`."""
    match node:
        case ast.AnnAssign(target=ast.Name(id="PORTS"), value=ast.Dict(keys=keys, values=values)):
            for key, value in zip(keys, values, strict=True):
                match key, value:
                    case (
                        ast.Constant(value=str(service)),
                        ast.Call(
                            func=ast.Name(id="Port"),
                            args=[ast.Constant(value=int(port)), ast.Constant(value=str(variable)), *_],
                        ),
                    ) if service.isprintable() and not {'"', "'", "\\", "{", "}"} & {*service}:
                        yield service, variable, port
