"""What portlint knows of Python libraries: which argument of which call is a port (`rules/python/*.yaml`)."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, cached_property
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from portlint.knowledge import rule_data


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


class When(Struct, frozen=True):
    """A condition of a bind: an argument of the call, or of a method that is called on what it gives."""

    method: str | None
    argument: Slot
    values: frozenset[str]


class BindRule(Struct, frozen=True):
    """A call by which a program begins to listen."""

    path: str
    slots: Mapping[str, Slot]
    """port, host, url, address to the argument"""
    protocol: str = "tcp"
    when: When | None = None
    has_default: bool = False
    """a port is bound though none is given"""


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


class Library:
    """All rules. What a file without any port needs is ready at once, the rest when it is asked for."""

    def __init__(self, files: Iterable[Mapping[str, Any]]) -> None:
        self._files = tuple(files)
        self._rows = {
            path: (row, each.get("service")) for each in self._files for path, row in (each.get("calls") or {}).items()
        }
        """dotted path of the call to what its file says of it, and the file's service"""
        called: dict[str, set[bytes]] = {}
        for path, (row, _) in self._rows.items():
            if not _TELLING.isdisjoint(row):
                called.setdefault(path.partition(".")[0], set()).add(path.rpartition(".")[2].encode())
        self.called = {package: frozenset(names) for package, names in called.items()}
        """top-level package to the last words of its calls that take a port, an address or ports"""
        self.packages = frozenset(package.encode() for package in called)
        """the packages of `called`"""

    @cached_property
    def roots(self) -> frozenset[str]:
        """The top-level packages of `calls`."""
        return frozenset(path.partition(".")[0] for path in self._rows)

    @cached_property
    def calls(self) -> dict[str, CallRule]:
        """Dotted path of the call to its rule."""
        return {path: _call_rule(row, service) for path, (row, service) in self._rows.items()}

    @cached_property
    def methods(self) -> dict[str, list[str]]:
        """Last word of a call to the paths that end in it."""
        out: dict[str, list[str]] = {}
        for path in self._rows:
            out.setdefault(path.rsplit(".", 1)[-1], []).append(path)
        return out

    @cached_property
    def binds(self) -> dict[str, BindRule]:
        """Dotted path of a call by which a program begins to listen to its rule."""
        return {
            path: _bind_rule(path, row)
            for path, (row, _) in self._rows.items()
            if row.get("role") == "bind" and row.get("listens", True) and not _PLACES.isdisjoint(row)
        }

    @cached_property
    def bind_methods(self) -> dict[str, list[BindRule]]:
        """Last word of such a call to those that are methods of a class."""
        out: dict[str, list[BindRule]] = {}
        for path, rule in self.binds.items():
            owner, _, method = path.rpartition(".")
            if "." in owner and _is_object(owner.rpartition(".")[2]):
                out.setdefault(method, []).append(rule)
        return out

    @cached_property
    def bind_words(self) -> frozenset[str]:
        """The last words of all such calls."""
        return frozenset(path.rpartition(".")[2] for path in self.binds)

    @cached_property
    def objects(self) -> dict[str, str]:
        """Dotted path of a call that gives an object, or of another name of a class, to that of the class."""
        return {path: owner for each in self._files for path, owner in (each.get("objects") or {}).items()}

    @cached_property
    def lookups(self) -> dict[str, LookupRule]:
        """Dotted path of the call, or a pattern of one, to its rule."""
        return {
            path: LookupRule(
                _slot(row["name"]), _slot(row["value"]), row.get("environment", False), row.get("sets", False)
            )
            for each in self._files
            for path, row in (each.get("lookups") or {}).items()
        }

    @cached_property
    def options(self) -> dict[str, OptionRule]:
        """Dotted path of the call, or a pattern of one, to its rule."""
        return {
            path: OptionRule(
                _slot(row.get("default", (None, "default"))), row.get("names", False), tuple(row.get("prose", ()))
            )
            for each in self._files
            for path, row in (each.get("options") or {}).items()
        }


_TELLING = frozenset({"port", "ports", "address"})
"""the arguments for which a call may show a port"""
_PLACES = frozenset({"port", "address", "url"})
"""the arguments that tell where a program listens"""
_OF_BINDS = frozenset({"default", "listens", "when"})
_OBJECTS = frozenset({"socket", "reactor", "pxssh", "socksocket", "docker", "containers"})
"""what methods are called on though its name begins with a small letter"""


def _is_object(owner: str) -> bool:
    """Whether the last word before a method names a class or an object, not a module."""
    return owner[:1].isupper() or owner in _OBJECTS


def _slot(value: Sequence[Any]) -> Slot:
    return Slot(value[0], value[1])


def _call_rule(row: Mapping[str, Any], service: str | None) -> CallRule:
    rest = {key: value for key, value in row.items() if key not in _OF_BINDS}
    return CallRule(
        role=rest.pop("role", "connect"),
        protocol=rest.pop("protocol", "tcp"),
        service=rest.pop("service", service),
        slots={key: _slot(value) for key, value in rest.items()},
    )


def _bind_rule(path: str, row: Mapping[str, Any]) -> BindRule:
    when = row.get("when")
    return BindRule(
        path,
        slots={key: _slot(row[key]) for key in ("port", "host", "address", "url") if key in row},
        protocol=row.get("protocol", "tcp"),
        when=when and When(when.get("method"), _slot(when["argument"]), frozenset(when["values"])),
        has_default="port" in row.get("default", ()),
    )


_extra: tuple[tuple[str, bytes], ...] = ()


def extra_rules() -> tuple[tuple[str, bytes], ...]:
    """The user's own rule files (name and bytes), as far as they are taken into account in this process."""
    return _extra


def use_rules(extra: tuple[tuple[str, bytes], ...]) -> None:
    """Take the user's own rule files (name and bytes) into account from now on in this process."""
    global _extra
    if extra != _extra:
        _extra = extra
        library.cache_clear()


@cache
def library() -> Library:
    """The shipped rules and the user's."""
    files = [rule_data.load(name) for name in rule_data.names("python")]
    return Library([*files, *(rule_data.parsed(data) or {} for _, data in _extra)])


@cache
def words_of(key: str) -> frozenset[str]:
    """One word list of `rules/formats/python.yaml`."""
    return frozenset(rule_data.load("formats/python.yaml")[key])


class Imports(Struct, frozen=True):
    """What the names of a file stand for: `s` is `socket` after `import socket as s`."""

    names: Mapping[str, str]
    """name to the dotted path of what it stands for"""
    roots: AbstractSet[str]
    """the top-level packages that the file imports"""
    modules: AbstractSet[str]
    """the names under which whole modules are imported, as `resolve` gives them"""

    @classmethod
    def of(cls, statements: Iterable[ast.Import | ast.ImportFrom]) -> Imports:
        """What the import statements of a file say."""
        names: dict[str, str] = {}
        roots: set[str] = set()
        modules: set[str] = set()
        for node in statements:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    root = alias.name.split(".")[0]
                    roots.add(root)
                    modules.add(root)
                    if alias.asname:
                        names[alias.asname] = alias.name
                    else:
                        names[root] = root
            elif node.module and not node.level:
                roots.add(node.module.split(".")[0])
                for alias in node.names:
                    names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return cls(names, roots, modules)

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
