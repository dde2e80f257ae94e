"""What portlint knows of Python libraries: which argument of which call is a port (`rules/python/*.yaml`)."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from portlint import rulebook


class Slot(Struct, frozen=True):
    """An argument: its position (0-based, -1 the last) and its keyword; either may be missing."""

    position: int | None
    keyword: str | None


class CallRule(Struct, frozen=True):
    """Which arguments of a call are a port, an address and so on."""

    slots: Mapping[str, Slot]
    """port, host, url, address, ports to the argument"""
    role: str = "connect"
    protocol: str = "tcp"
    service: str | None = None
    guessed: bool = False
    """the object that the method is called on is not known: it is only one that the file's imports make likely"""


class LookupRule(Struct, frozen=True):
    """A call that reads or sets something by name: `os.getenv("PORT", "8000")`."""

    name: Slot
    value: Slot
    environment: bool = False
    sets: bool = False


class OptionRule(Struct, frozen=True):
    """A call that declares an option or a field, whose default is a port if its names say so."""

    default: Slot
    names: bool = False
    prose: tuple[str, ...] = ()


class Library(Struct):
    """All rules, by the dotted path of the call; `methods` by its last word."""

    calls: dict[str, CallRule] = field(default_factory=dict)
    lookups: dict[str, LookupRule] = field(default_factory=dict)
    options: dict[str, OptionRule] = field(default_factory=dict)
    methods: dict[str, list[str]] = field(default_factory=dict)
    called: dict[str, frozenset[bytes]] = field(default_factory=dict)
    """top-level package to the last words of its calls that take a port, an address or ports"""
    packages: frozenset[bytes] = frozenset()
    """the packages of `called`"""
    roots: frozenset[str] = frozenset()
    """the top-level packages of `calls`"""


_OBJECTS = frozenset({"socket", "reactor", "pxssh", "socksocket", "docker", "containers"})
"""what methods are called on though its name begins with a small letter"""


def _is_object(owner: str) -> bool:
    """Whether the last word before a method names a class or an object, not a module."""
    return owner[:1].isupper() or owner in _OBJECTS


def _slot(value: Sequence[Any]) -> Slot:
    return Slot(value[0], value[1])


def _add(library: Library, data: Mapping[str, Any]) -> None:
    for path, row in (data.get("calls") or {}).items():
        rest = dict(row)
        library.calls[path] = CallRule(
            role=rest.pop("role", "connect"),
            protocol=rest.pop("protocol", "tcp"),
            service=rest.pop("service", data.get("service")),
            slots={key: _slot(value) for key, value in rest.items()},
        )
        library.methods.setdefault(path.rsplit(".", 1)[-1], []).append(path)
    for path, row in (data.get("lookups") or {}).items():
        library.lookups[path] = LookupRule(
            _slot(row["name"]), _slot(row["value"]), row.get("environment", False), row.get("sets", False)
        )
    for path, row in (data.get("options") or {}).items():
        library.options[path] = OptionRule(
            _slot(row.get("default", (None, "default"))), row.get("names", False), tuple(row.get("prose", ()))
        )


_extra: tuple[tuple[str, bytes], ...] = ()


def use_rules(extra: tuple[tuple[str, bytes], ...]) -> None:
    """Take the user's own rule files (name and bytes) into account from now on in this process."""
    global _extra
    if extra != _extra:
        _extra = extra
        library.cache_clear()


@cache
def library() -> Library:
    """The shipped rules and the user's."""
    out = Library()
    for name in rulebook.names("python"):
        _add(out, rulebook.load(name))
    for _name, data in _extra:
        import yaml  # 20 ms, which only users with rules of their own pay

        _add(out, yaml.load(data, Loader=yaml.CSafeLoader) or {})
    slots = {"port", "ports", "address"}
    called: dict[str, set[bytes]] = {}
    for path, rule in out.calls.items():
        if not slots.isdisjoint(rule.slots):
            called.setdefault(path.partition(".")[0], set()).add(path.rpartition(".")[2].encode())
    out.called = {package: frozenset(names) for package, names in called.items()}
    out.packages = frozenset(package.encode() for package in called)
    out.roots = frozenset(path.partition(".")[0] for path in out.calls)
    return out


@cache
def words_of(key: str) -> frozenset[str]:
    """One word list of `rules/python-calls.yaml`."""
    return frozenset(rulebook.load("python-calls.yaml")[key])


class Imports:
    """What the names of a file stand for: `s` is `socket` after `import socket as s`."""

    def __init__(self, statements: Iterable[ast.stmt], roots: Iterable[str] = ()) -> None:
        """roots: top-level packages that are imported, as far as it is known without the statements."""
        self.names: dict[str, str] = {}
        self.roots: set[str] = set(roots)
        """the top-level packages that the file imports"""
        self.modules: set[str] = set()
        """the names under which whole modules are imported, as `resolve` gives them"""
        for node in statements:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.roots.add(alias.name.split(".")[0])
                    self.modules.add(alias.name.split(".")[0])
                    if alias.asname:
                        self.names[alias.asname] = alias.name
                    else:
                        root = alias.name.split(".")[0]
                        self.names[root] = root
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                self.roots.add(node.module.split(".")[0])
                for alias in node.names:
                    self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def resolve(self, dotted: str) -> str:
        """The dotted path with its first name replaced by what it was imported as."""
        head, dot, rest = dotted.partition(".")
        return f"{self.names.get(head, head)}{dot}{rest}"

    def call_rules(self, dotted: str) -> tuple[CallRule, ...]:
        """The rules of a call: the one of its path, or those of all methods of that name in the imported libraries.

        Which object a method is called on is not known, so that several may be meant.
        """
        known = library()
        path = self.resolve(dotted)
        rule = known.calls.get(path)
        if rule is not None:
            return (rule,) if path.partition(".")[0] in self.roots else ()
        head, _, method = path.rpartition(".")
        if not head or head.split(".")[0] in self.modules:
            # A function of an imported module, which is not the one that the rules know.
            return ()
        found = []
        for candidate in known.methods.get(method, ()):
            # `sock.bind(...)` in a file that imports socket.
            owner = candidate.rsplit(".", 1)[0]
            if "." in owner and owner.split(".")[0] in self.roots and _is_object(owner.rsplit(".", 1)[-1]):
                found.append(known.calls[candidate])
        return tuple(replace(rule, guessed=True) for rule in found)

    def lookup_rule(self, dotted: str) -> LookupRule | None:
        """The rule of a call that reads a value by its name."""
        known = library().lookups
        path = self.resolve(dotted)
        head, _, last = path.rpartition(".")
        for key in (path, f"{head.rsplit('.', 1)[-1]}.*" if head else path, f"*.{last}" if head else path):
            if key in known:
                return known[key]
        return None

    def option_rule(self, dotted: str) -> OptionRule | None:
        """The rule of a call that declares an option or a field."""
        known = library().options
        path = self.resolve(dotted)
        head, _, last = path.rpartition(".")
        return known.get(path) or (known.get(f"*.{last}") if head else None)
