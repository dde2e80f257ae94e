"""Visits the nodes of a libcst tree, and finds out where they stand, for a fraction of what libcst's own means cost.

`CSTNode.visit` builds and validates each node anew on the way back, because a visitor may replace it, and asks about
white space and commas as well; `ByteSpanPositionProvider` enters a generator for each node. Here nothing is replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields
from functools import cache
from types import TracebackType
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState

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
        for each in fields(kind)
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
