"""Libraries imported in half the time, in a process that runs nothing but portlint.

libcst's nodes are some 170 frozen dataclasses, and `dataclasses.dataclass` writes and compiles the methods of each at
import: 90 of 150 ms, for which a hook has to wait. Here a class gets its constructor when its first node is made, which
is so of some forty; and neither what forbids to change a node nor what checks it anew, since these nodes come from
libcst's own parser and nobody changes them, which makes parsing a quarter faster as well. Nor are the classes made a
second time for their slots. Both libraries compile regular expressions at import that most runs never use: one of
PyYAML's takes 7 of 15 ms. Here they are compiled when they are used.

msgspec, pathlib and libcst import modules for what portlint never asks of them, or only when it mends files: UUIDs,
JSON schemas, `as_uri`, metadata, the tokenizer of an older parser: 30 ms. While they are imported, something stands in
for these modules that imports the real ones when it is called; nothing else can be done with it, such as `isinstance`,
and where a version of a library tries to as it is imported, it is imported as ever. To msgspec a UUID is then a type
that it does not know. argparse asks gettext for translations, which Python does not bring along, and which portlint's
own words do not have: 3 ms.

So `dataclasses.dataclass` and `re.compile` are other functions, and some modules others, while one of the libraries is
imported. A program that portlint is only a part of keeps its own libraries: nothing happens before `install`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from portlint.algorithms.lazy_regex import regex

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

_COMPILING: Final = frozenset({"libcst", "yaml"})
_STANDING_IN: Final = {
    "msgspec": ("uuid", "msgspec.inspect", "msgspec._json_schema"),
    "pathlib": ("urllib.parse",),
    "argparse": ("gettext",),
    "libcst": (
        "libcst.metadata",
        "libcst.metadata.base_provider",
        "libcst.metadata.wrapper",
        "libcst.helpers",
        "libcst._parser.detect_config",
        "libcst._add_slots",
        "libcst._typed_visitor",
    ),
}
"""modules that are not imported with a library"""
_LIBRARIES: Final = _COMPILING.union(_STANDING_IN)
_NODES: Final = "libcst._nodes."
"""the modules whose dataclasses are nodes; those of others are made as ever"""


def install() -> None:
    """From now on the libraries are imported in the way told above, as far as they are not there yet."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds the libraries as the other finders do (importlib.abc.MetaPathFinder)."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _LIBRARIES:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
                return spec
        return None


class _Loader:
    """Loads as another loader does (importlib.abc.Loader), and with it all that the module imports."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        before = set(sys.modules)
        try:
            with ExitStack() as replaced:
                replaced.enter_context(_standing_in(module))
                self._execute(module, replaced)
        except (AttributeError, ImportError, TypeError):
            # Another version of it wants more of what is absent than names. What has none of these stays: a part in C
            # may hold what another part defines.
            for name in set(sys.modules) - before:
                if name.startswith(f"{module.__name__}.") and _holds_stand_ins(sys.modules[name]):
                    del sys.modules[name]
            with ExitStack() as replaced:
                self._execute(module, replaced)

    def _execute(self, module: ModuleType, replaced: ExitStack) -> None:
        if module.__name__ in _COMPILING:
            replaced.enter_context(_replaced(re, "compile", _compiled_when_used(re.compile)))
        if module.__name__ == "libcst":
            import dataclasses

            light = _node_or_other(dataclasses.dataclass)
            replaced.enter_context(_replaced(dataclasses, "dataclass", light))
        self._loader.exec_module(module)


def _holds_stand_ins(module: ModuleType) -> bool:
    return any(isinstance(value, _Later | _StandIn) for value in vars(module).values())


@contextmanager
def _standing_in(module: ModuleType) -> Iterator[None]:
    absent = _STANDING_IN.get(module.__name__, ())
    others = {name: _StandIn(name) for name in absent if name not in sys.modules}
    for name, other in others.items():
        vars(other).update(_ANSWERS.get(name, {}))
    sys.modules.update(others)
    try:
        yield
    finally:
        for name, other in others.items():
            if sys.modules.get(name) is other:
                del sys.modules[name]
            part = name.rpartition(".")[2]
            if vars(module).get(part) is other:
                delattr(module, part)


class _Later:
    """What a module holds: imports it when it is called."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __getattr__(self, name: str) -> _Later:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Later(self._module, f"{self._name}.{name}")

    def __call__(self, *values: object, **named: object) -> object:
        from importlib import import_module
        from operator import attrgetter

        module = import_module(self._module)
        if isinstance(module, _StandIn):
            raise ImportError(f"{self._module} is called by what is being imported")
        return attrgetter(self._name)(module)(*values, **named)


class _StandIn(ModuleType):
    """A module that nobody has asked anything of yet."""

    def __getattr__(self, name: str) -> _Later:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Later(self.__name__, name)


def _as_utf8(source: str | bytes, *, partial: object) -> object:
    """The encoding and the text of `source`, as libcst asks for them."""
    if isinstance(source, str):
        return "utf-8", source
    return _Later("libcst._parser.detect_config", "convert_to_utf8")(source, partial=partial)


class _NoMethods:
    """A base of visitors: they look for their methods by name, and take it well where there is none."""


_ANSWERS: Final[dict[str, dict[str, Callable[..., object]]]] = {
    "gettext": {
        "gettext": lambda text: text,
        "ngettext": lambda one, several, number: one if number == 1 else several,
    },
    "libcst._parser.detect_config": {"convert_to_utf8": _as_utf8},
    "libcst._add_slots": {"add_slots": lambda cls: cls},
    "libcst._typed_visitor": {"CSTTypedTransformerFunctions": _NoMethods, "CSTTypedVisitorFunctions": _NoMethods},
}
"""what absent modules are asked for all the same"""


@contextmanager
def _replaced(module: ModuleType, name: str, other: object) -> Iterator[None]:
    usual = getattr(module, name)
    setattr(module, name, other)
    try:
        yield
    finally:
        setattr(module, name, usual)


def _compiled_when_used(usual: Callable[..., Any]) -> Callable[..., Any]:
    """`re.compile` for the libraries; for others that they import, the usual one."""

    def compile(pattern: Any, flags: int = 0) -> Any:
        caller = sys._getframe(1).f_globals.get("__name__", "")
        is_ours = caller.partition(".")[0] in _COMPILING and isinstance(pattern, str | bytes)
        return regex(pattern, flags) if is_ours else usual(pattern, flags)

    return compile


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
