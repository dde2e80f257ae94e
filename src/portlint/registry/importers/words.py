"""What the words of a document mean: cells that hold ports, variables and environments."""

from __future__ import annotations

import re
from functools import cache

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import is_port_name, words
from portlint.model import FIRST_PORT, LAST_PORT, PortRange

_PORT = regex(
    r"(?<![\w.,/\-])(?::|(?:tcp|udp|port)[ :/])?(\d{1,5})(?:\s?(?:-|–|—|\.\.\.?|to)\s?:?(\d{1,5}))?(?![\w.%]|,\d{3})",
    re.IGNORECASE,
)
_PAIR = regex(r"(?<![\w.,])(\d{1,5})\s?(?:→|->|=>|:)\s?(\d{1,5})(?![\w.])")
_URL_PORT = regex(r"://[\w.\-]{1,100}:(\d{1,5})\b")
_VARIABLE = regex(r"(?<![A-Z0-9])[A-Z][A-Z0-9]*_[A-Z0-9_]+|\bPORT\b")
_PROTOCOL = regex(r"\b(tcp|udp)\b", re.IGNORECASE)


@cache
def column_kinds() -> tuple[tuple[str, tuple[frozenset[str], ...]], ...]:
    """The kinds of columns of `rules/formats/tables.yaml`, in its order."""
    table = rule_data.load("formats/tables.yaml")["columns"]
    return tuple((kind, tuple(frozenset(group) for group in groups)) for kind, groups in table.items())


@cache
def _spoken_environments() -> dict[str, str]:
    table = rule_data.load("names/environments.yaml")["environments"]
    return {word: environment for environment, group in table.items() for word in group}


def environment(text: str) -> str | None:
    """The one environment that a text speaks of: `Staging Port` is staging."""
    known = _spoken_environments()
    found = {known[word] for word in words(text) if word in known}
    return found.pop() if len(found) == 1 else None


def is_empty(cell: str) -> bool:
    return cell.strip().lower() in _empty()


@cache
def _empty() -> frozenset[str]:
    return frozenset(rule_data.load("formats/tables.yaml")["empty"])


def is_fixed(cell: str) -> bool:
    """Whether a cell of a variable column says that the port can never change."""
    found = words(cell)
    return bool(found) and found[0] in rule_data.load("formats/tables.yaml")["fixed"]


def is_optional(description: str) -> bool:
    return not set(rule_data.load("formats/tables.yaml")["optional"]).isdisjoint(words(description))


def ports(cell: str) -> tuple[PortRange, ...]:
    """The ports and ranges of a cell, in its order: `8000`, `:8000/tcp`, `6383-6390`, `9200, 9300`."""
    found = [(int(m[1]), int(m[2] or m[1])) for m in _PORT.finditer(cell)] or [
        (int(m[1]), int(m[1])) for m in _URL_PORT.finditer(cell)
    ]
    return tuple(PortRange(first, last) for first, last in found if FIRST_PORT <= first <= last <= LAST_PORT)


def mapping(cell: str) -> tuple[int, int] | None:
    """The published and the container's port of `8080:80` or `8080 → 80`."""
    found = _PAIR.search(cell)
    if found is None:
        return None
    published, inside = int(found[1]), int(found[2])
    return (published, inside) if 0 < published <= LAST_PORT and 0 < inside <= LAST_PORT else None


def variable(cell: str) -> str | None:
    """The environment variable of a cell, one for a port before any other."""
    found = _VARIABLE.findall(cell)
    return next((name for name in found if is_port_name(name)), found[0] if found else None)


def protocol(cell: str) -> str | None:
    spoken = {found.lower() for found in _PROTOCOL.findall(cell)}
    return "both" if len(spoken) == 2 else spoken.pop() if spoken else None
