"""libcst, imported in half the time, in a process that runs nothing but portlint.

libcst's nodes are some 170 frozen dataclasses, and `dataclasses.dataclass` writes and compiles the methods of each at
import: 90 of 150 ms, for which a hook has to wait. Here a class gets its constructor when its first node is made, which
is so of some forty; and neither what forbids to change a node nor what checks it anew, since these nodes come from
libcst's own parser and nobody changes them, which makes parsing a quarter faster as well.

`dataclasses.dataclass` is another function while libcst is imported. A program that portlint is only a part of keeps
its own libcst: see `allow`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_NODES = "libcst._nodes."
"""the modules whose dataclasses are nodes; those of others are made as ever"""
_allowed = False


def allow() -> None:
    """Says that nobody else in this process uses libcst."""
    global _allowed
    _allowed = True


def import_libcst() -> None:
    """Imports libcst: in the way told above where that is allowed, and libcst is not there yet."""
    if not _allowed or "libcst" in sys.modules:
        return
    import dataclasses

    usual = dataclasses.dataclass
    dataclasses.dataclass = _node_or_other(usual)
    try:
        import libcst  # noqa: F401
    finally:
        dataclasses.dataclass = usual


def _node_or_other(usual: Callable[..., Any]) -> Any:
    """`dataclass` with and without parentheses, for nodes and for other classes."""

    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        def made(cls: type) -> type:
            if not cls.__module__.startswith(_NODES):
                return usual(**options)(cls)  # type: ignore[no-any-return]
            own = "__init__" in vars(cls)
            cls = usual(init=False, repr=False, eq=False)(cls)
            if not own:
                setattr(cls, "__init__", _first)  # noqa: B010
            return cls

        return made if cls is None else made(cls)

    return dataclass


def _first(self: Any, *values: Any, **named: Any) -> None:
    """The constructor of a class that has made no node yet: makes the real one, and has it make the node."""
    from dataclasses import field, fields, make_dataclass

    kind = next(each for each in type(self).__mro__ if vars(each).get("__init__") is _first)
    written = [
        (each.name, object, field(default=each.default, default_factory=each.default_factory, init=each.init))
        for each in fields(kind)
    ]
    real = vars(make_dataclass(kind.__name__, written, repr=False, eq=False))["__init__"]
    setattr(kind, "__init__", real)  # noqa: B010
    real(self, *values, **named)
