"""Of which class the objects of a file are, as far as the file itself tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from portlint.extract.python.binds.names import Names, Parameter, dotted
from portlint.extract.python.libraries import library

_DEEPEST = 12
_MOST_STEPS = 3_000


class Objects:
    """The classes of one file's objects, by the dotted path by which `rules/python/` knows them."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._steps = 0

    def known_class(self, path: str) -> str:
        """The path by which a class is known, of the path by which it was imported, or of a call that gives one."""
        return library().objects.get(path, path)

    def class_of(self, node: ast.expr, scope: str, depth: int = 0) -> str | None:
        """The class of an object, or the path of the call that made it; None where the file does not tell."""
        self._steps += 1
        if depth > _DEEPEST or self._steps > _MOST_STEPS:
            return None
        depth += 1
        if isinstance(node, ast.Await):
            return self.class_of(node.value, scope, depth)
        if isinstance(node, ast.Call):
            return self._made(node, scope, depth)
        if isinstance(node, ast.Name):
            return self._of_name(node.id, scope, depth)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            return self._one(self.class_of(value, where, depth) for value, where in self._attribute(node.attr))
        return None

    def bases(self, path: str) -> Iterator[str]:
        """A class, and those that it is made of: of the file's own classes."""
        todo, seen = [path], set[str]()
        while todo:
            name = todo.pop(0)
            if name in seen:
                continue
            seen.add(name)
            yield name
            own = self._names.classes.get(name)
            if own is not None:
                todo += [self._resolved(base) for each in own.bases if (base := dotted(each)) is not None]

    def defines(self, path: str, method: str) -> bool:
        """Whether a class is one of the file's own, and has a method of that name itself."""
        own = self._names.classes.get(path)
        return own is not None and any(getattr(each, "name", None) == method for each in own.body)

    def _attribute(self, name: str) -> list[tuple[ast.expr, str]]:
        return self._names.attributes.get(name, [])

    def _made(self, call: ast.Call, scope: str, depth: int) -> str | None:
        path = dotted(call.func)
        if path is not None and path in self._names.functions and path not in self._names.classes:
            return self._returned(path, depth)
        if path is not None and path in self._names.classes:
            return path
        if isinstance(call.func, ast.Attribute):
            owner = self.class_of(call.func.value, scope, depth)
            if owner is not None:
                # `zmq.Context().socket(...)` gives another thing; of what else is called in a row, each gives itself.
                given = library().objects.get(f"{owner}.{call.func.attr}")
                return given or (owner if owner in self._owners or owner in self._names.classes else None)
        return None if path is None else self._resolved(path)

    @cached_property
    def _owners(self) -> frozenset[str]:
        return frozenset(path.rpartition(".")[0] for path in library().binds)

    def _returned(self, function: str, depth: int) -> str | None:
        annotation = self._names.functions[function].returns
        if annotation is not None and (path := _annotated(annotation)) is not None:
            return self._resolved(path)
        return self._one(self.class_of(value, where, depth) for value, where in self._names.returned.get(function, ()))

    def _of_name(self, name: str, scope: str, depth: int) -> str | None:
        found, where = self._names.values(name, scope)
        classes: list[str | None] = []
        for value in found:
            if isinstance(value, Parameter):
                arguments = value.function.args
                every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
                annotation = next((each.annotation for each in every if each.arg == value.name), None)
                path = _annotated(annotation) if annotation is not None else None
                classes.append(None if path is None else self._resolved(path))
            elif value is not None:
                classes.append(self.class_of(value, where, depth))
        return self._one(iter(classes))

    def _one(self, classes: Iterator[str | None]) -> str | None:
        found = {each for each in classes if each is not None}
        return found.pop() if len(found) == 1 else None

    def _resolved(self, path: str) -> str:
        return self.known_class(path if path in self._names.classes else self._names.imports.resolve(path))


def _annotated(node: ast.expr) -> str | None:
    """`Flask`, `flask.Flask`, `"Flask"`, `Flask | None`, `Optional[Flask]`."""
    while isinstance(node, ast.BinOp):
        node = node.left
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if all(word.isidentifier() for word in node.value.split(".")) else None
    if isinstance(node, ast.Subscript) and dotted(node.value) in ("Optional", "typing.Optional"):
        return _annotated(node.slice)
    return dotted(node)
