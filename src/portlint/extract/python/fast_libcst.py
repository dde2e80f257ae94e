"""libcst in a third of its import time, and its trees visited for a fraction of what its own means cost.

What portlint knows of libcst's private parts stands here alone; it has been tested with libcst 1.5 to 1.9. The other
modules of this package take `cst` from here, and this one is not imported before a statement is to be parsed: libcst is
the slowest import of all.

The import: libcst's nodes are some 170 frozen dataclasses. `dataclasses.dataclass` writes and compiles the methods of
each at import, which takes more than half of the time. Here a class gets its constructor when its first node is made:
forty of them do in most runs. It gets nothing that forbids to change a node or that validates it, because all nodes
come from libcst's own parser and nobody changes them, and it is not made a second time for its slots. Modules that
portlint asks nothing of, such as the metadata, are not imported: their names are None. All this happens in workers
alone, since another process may belong to a program that uses libcst as well; and a version of libcst that wants more
of what is left out is imported as it is.

The visit: `CSTNode.visit` builds and validates each node anew on the way back, because a visitor may replace it, and
asks about white space and commas as well; `ByteSpanPositionProvider` enters a generator for each node. Here nothing is
replaced.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import field
from functools import cache
from importlib import import_module
from types import ModuleType, TracebackType
from typing import Any, Final

from portlint.workers import is_worker

__all__ = ["Places", "Walker", "children", "cst"]


class _NoMethods:
    """A base of visitors: they look for their methods by name, and take it well where there is none."""


_ABSENT: Final[dict[str, dict[str, object]]] = {
    "libcst._add_slots": {"add_slots": lambda kind: kind},
    "libcst._parser.detect_config": {"convert_to_utf8": lambda text, partial: ("utf-8", text)},
    "libcst._typed_visitor": {"CSTTypedTransformerFunctions": _NoMethods, "CSTTypedVisitorFunctions": _NoMethods},
    "libcst.helpers": {},
    "libcst.metadata": {},
    "libcst.metadata.base_provider": {},
    "libcst.metadata.wrapper": {},
}
"""modules that are not imported, and what they are asked for all the same"""


class _Absent(ModuleType):
    """Stands in for a module that is not imported."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def _import_libcst() -> None:
    """Imports libcst in the way told above, unless it is there already or this is no worker."""
    if not is_worker() or "libcst" in sys.modules:
        return
    try:
        with _lightened():
            libcst = import_module("libcst")
            # Another version may want more only when a node is made.
            libcst.parse_module("f(1)\n").code  # noqa: B018
    except Exception:  # whatever it runs into
        for name in [name for name in sys.modules if name == "libcst" or name.startswith("libcst.")]:
            if name != "libcst.native":  # which cannot be imported twice
                del sys.modules[name]


@contextmanager
def _lightened() -> Iterator[None]:
    usual = dataclasses.dataclass
    vars(dataclasses)["dataclass"] = _node_or_other(usual)
    for name, known in _ABSENT.items():
        sys.modules[name] = _Absent(name)
        vars(sys.modules[name]).update(known)
    try:
        yield
    finally:
        vars(dataclasses)["dataclass"] = usual
        for name in _ABSENT:
            del sys.modules[name]


def _node_or_other(usual: Callable[..., Any]) -> Any:
    """`dataclass` with and without parentheses: nodes get a constructor when the first is made, others are as ever."""

    def dataclass(kind: type | None = None, /, **options: Any) -> Any:
        def made(kind: type) -> type:
            if not kind.__module__.startswith("libcst._nodes."):
                return usual(**options)(kind)  # type: ignore[no-any-return]
            own = "__init__" in vars(kind)
            kind = usual(init=False, repr=False, eq=False)(kind)
            if not own:
                setattr(kind, "__init__", _first)  # noqa: B010
            return kind

        return made if kind is None else made(kind)

    return dataclass


def _first(self: Any, *values: Any, **named: Any) -> None:
    """The constructor of a class that has made no node yet: makes the real one, and has it make the node."""
    kind = next(each for each in type(self).__mro__ if vars(each).get("__init__") is _first)
    fields = [
        (each.name, object, field(default=each.default, default_factory=each.default_factory, init=each.init))
        for each in dataclasses.fields(kind)
    ]
    real = vars(dataclasses.make_dataclass(kind.__name__, fields, repr=False, eq=False))["__init__"]
    setattr(kind, "__init__", real)  # noqa: B010
    real(self, *values, **named)


_import_libcst()

import libcst as cst  # noqa: E402
from libcst._nodes.internal import CodegenState  # noqa: E402

_TRIVIA = (
    "whitespace", "leading_lines", "lines_after_decorators", "trailing_whitespace", "header", "footer", "lpar", "rpar",
    "lbracket", "rbracket", "lbrace", "rbrace", "comma", "semicolon", "equal", "operator", "newline", "indent",
)  # fmt: skip
"""the beginnings of the names of fields that hold no expressions, but the comments between them"""


@cache
def children(kind: type[cst.CSTNode], comments: bool) -> tuple[str, ...]:
    """The fields of a type of node that may hold nodes. comments: those that may hold only comments too."""
    return tuple(
        each.name
        for each in dataclasses.fields(kind)
        if each.init and each.type not in ("str", "bool") and (comments or not each.name.startswith(_TRIVIA))
    )


class Walker:
    """Calls `visit_TYPE` of a subclass for each node, outer ones first; where that gives False, not for those in it."""

    def walk(self, root: cst.CSTNode, comments: bool) -> None:
        """Visits a tree. comments: look for them, which takes as long as all the rest."""
        self._visits: dict[type, Callable[[Any], bool | None] | None] = {}
        self._comments = comments
        self._walk(root)

    def enter(self, node: cst.CSTNode) -> None:
        """Called for each node before its own method."""

    def leave(self) -> None:
        """Called when all that is in a node is done."""

    def _walk(self, node: cst.CSTNode) -> None:
        kind = type(node)
        if kind not in self._visits:
            self._visits[kind] = getattr(self, f"visit_{kind.__name__}", None)
        self.enter(node)
        visit = self._visits[kind]
        if visit is None or visit(node) is not False:
            for name in children(kind, self._comments):
                child = getattr(node, name)
                for item in child if isinstance(child, list | tuple) else (child,):
                    if isinstance(item, cst.CSTNode):
                        self._walk(item)
        self.leave()


class Places(CodegenState):
    """Where the nodes of a module stand, as `ByteSpanPositionProvider` tells it: without parentheses and space."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.spans: dict[int, tuple[int, int]] = {}
        """id of a node to its byte offsets, the end exclusive"""
        self._position = 0
        self._starts: list[int] = []
        module._codegen(self)

    def add_indent_tokens(self) -> None:
        self._position += sum(len(token.encode()) for token in self.indent_tokens)

    def add_token(self, value: str) -> None:
        self._position += len(value) if value.isascii() else len(value.encode())

    def before_codegen(self, node: cst.CSTNode) -> None:
        self._starts.append(self._position)

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self._starts.pop()
        self.spans.setdefault(id(node), (start, self._position))

    def record_syntactic_position(  # type: ignore[override]
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> AbstractContextManager[None]:
        return _Recording(self, node, start_node, end_node)


class _Recording:
    __slots__ = ("_end_node", "_node", "_places", "_start", "_start_node")

    def __init__(
        self, places: Places, node: cst.CSTNode, start_node: cst.CSTNode | None, end_node: cst.CSTNode | None
    ) -> None:
        self._places, self._node, self._start_node, self._end_node = places, node, start_node, end_node

    def __enter__(self) -> None:
        self._start = self._places._position

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        places = self._places
        start = self._start if self._start_node is None else places.spans[id(self._start_node)][0]
        end = places._position if self._end_node is None else places.spans[id(self._end_node)][1]
        places.spans[id(self._node)] = (start, end)
