"""What is known about commands: `rules/formats/commands.yaml`, read once."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge import rule_data
from portlint.model import Role
from portlint.syntax.interpolation import HOLE

_TOOL = regex(r"_(?:bin|cmd|command|path|exe|tool)$")
_VERSION = regex(r"(?<![0-9.])[-.]?[0-9][0-9.]*$")
_ENDING = regex(r"\.(?:exe|cmd|bat|ps1|sh|py|bin|js|phar|php)$")


class Spec(Struct, frozen=True):
    """What is known about a command; see the head of `rules/formats/commands.yaml`."""

    role: Role | None = None
    name: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    values: frozenset[str] = frozenset()
    arguments: tuple[str, ...] = ()
    rest: str = ""
    sub: Mapping[str, Spec] = field(default_factory=dict)
    runs: int | None = None
    listing: bool = False
    listens: frozenset[str] = frozenset()


_LOOSE = regex(rf"[/\\$A-Z\"'@{HOLE}]|[0-9]$|{_ENDING.pattern}")
"""what `known` does not take as it stands"""


UNKNOWN = Spec()


def _spec(row: Mapping[str, Any], outer: Spec = UNKNOWN) -> Spec:
    options = dict(outer.options)
    for names, kind in row.get("options", {}).items():
        options.update(dict.fromkeys(names.split(), kind))
    spec = Spec(
        role=Role(row["role"]) if "role" in row else outer.role,
        name=row.get("name", outer.name),
        options=options,
        values=outer.values | frozenset(row.get("values", "").split()),
        arguments=tuple(row.get("arguments", ())),
        rest=row.get("rest", ""),
        runs=row.get("runs"),
        listing=row.get("listing", False),
        listens=frozenset(row.get("listens", "").split()),
    )
    return replace(spec, sub={name: _spec(inner, spec) for name, inner in row.get("sub", {}).items()})


@cache
def _specs() -> Mapping[str, Spec]:
    out: dict[str, Spec] = {}
    for name, row in rule_data.load("formats/commands.yaml")["commands"].items():
        out.update(dict.fromkeys((name, *row.get("also", ())), _spec(row)))
    return out


@cache
def keywords() -> frozenset[str]:
    return frozenset(rule_data.load("formats/commands.yaml")["keywords"])


@cache
def printing() -> frozenset[str]:
    return frozenset(rule_data.load("formats/commands.yaml")["printing"])


@cache
def targets() -> frozenset[str]:
    return frozenset(rule_data.load("formats/commands.yaml")["targets"])


@cache
def own_words() -> frozenset[str]:
    return frozenset(rule_data.load("formats/commands.yaml")["own"])


def names_port_command(words: AbstractSet[str]) -> bool:
    """Whether one of the words may be the name of a command, with its folder, that takes a port or an address."""
    names = _port_commands()
    if not names.isdisjoint(words):
        return True
    loose = (word for word in words if not (word.isalpha() and word.islower()) and _LOOSE.search(word))
    return any(known(word)[0] in names for word in loose)


@cache
def _port_commands() -> frozenset[str]:
    return frozenset(name for name, spec in _specs().items() if _takes_port(spec))


def _takes_port(spec: Spec) -> bool:
    kinds = {*spec.options.values(), *spec.arguments, spec.rest}
    return spec.listing or not kinds <= _NO_PORT or any(map(_takes_port, spec.sub.values()))


_NO_PORT = frozenset({"", "none", "script", "setting", "image", "pattern"})
"""kinds of what holds no port, or shows it by a sign of its own"""


def known(text: str) -> tuple[str, Spec]:
    """The name of a command without its folder, and what is known about it."""
    name = text.strip(HOLE + "\"'@").replace("\\", "/").rsplit("/", 1)[-1].lower()
    if name.startswith("$"):
        # `$DOCKER_COMPOSE run`, `"${PYTHON_BIN}" -m http.server`: such a variable is named after its command.
        name = _TOOL.sub("", name.strip("${}")).replace("_", "-")
    specs = _specs()
    for _ in range(3):
        if name in specs:
            return name, specs[name]
        shorter = _VERSION.sub("", _ENDING.sub("", name))
        if shorter == name or not shorter:
            break
        name = shorter
    return name, UNKNOWN
