"""What `registry list` and `registry show` tell, without the printing."""

from __future__ import annotations

from msgspec import Struct

from portlint.model import Block, Entry, Registry, Reservation
from portlint.registry.errors import nearest


class Row(Struct, frozen=True):
    """One line of `registry list`; every field is text for a person, empty where the registry says nothing."""

    name: str
    port: str
    variable: str
    range: str
    environments: str
    """`production 6380, testing 6383-6390`"""
    notes: str
    """`optional, immutable, internal, udp`"""
    description: str


class Answer(Struct, frozen=True):
    """What the registry knows about a port or a name."""

    entries: tuple[tuple[Entry, str], ...] = ()
    """each with what the word is to it: name, alias, variable, default, container port, range,
    or `environment production`; the nearest relation first"""
    reserved: tuple[Reservation, ...] = ()
    blocks: tuple[Block, ...] = ()
    """of the allocation plan, that hold the port or bear the name"""
    nearest: str | None = None
    """where nothing is known about a name: the nearest one"""

    def __bool__(self) -> bool:
        return bool(self.entries or self.reserved or self.blocks)


_RELATIONS = ("name", "variable", "alias", "default", "environment", "container port", "range")


def rows(registry: Registry) -> tuple[Row, ...]:
    """The entries by port, then by name."""
    return tuple(_row(entry) for entry in sorted(registry.entries, key=lambda entry: (entry.default, entry.name)))


def _row(entry: Entry) -> Row:
    switches = {"optional": entry.optional, "immutable": entry.immutable}
    notes = [word for word, on in switches.items() if on]
    notes += [entry.exposure] if entry.exposure else []
    notes += [entry.protocol] if entry.protocol != "tcp" else []
    return Row(
        name=entry.name,
        port=str(entry.default),
        variable=entry.env_var or "",
        range=str(entry.range) if entry.range else "",
        environments=", ".join(f"{name} {ports}" for name, ports in entry.environments.items()),
        notes=", ".join(notes),
        description=entry.description,
    )


def look_up(registry: Registry, word: str) -> Answer:
    """What the registry knows about `word`: a port (all digits), or the name, alias or variable of an entry."""
    if word.isascii() and word.isdigit():
        return _of_port(registry, int(word[:9]))
    found = [(entry, relation) for entry in registry.entries if (relation := _names(entry, word))]
    blocks = tuple(block for block in registry.blocks if block.name == word)
    if found or blocks:
        return Answer(entries=_sorted(found), blocks=blocks)
    known = [name for entry in registry.entries for name in (entry.name, *entry.aliases, entry.env_var or "")]
    return Answer(nearest=nearest(word, [*known, *(block.name for block in registry.blocks)]))


def _names(entry: Entry, word: str) -> str:
    if word == entry.name:
        return "name"
    if word == entry.env_var:
        return "variable"
    return "alias" if word in entry.aliases else ""


def _of_port(registry: Registry, port: int) -> Answer:
    found = []
    for entry in registry.entries:
        environments = [name for name, ports in entry.environments.items() if port in ports]
        if port == entry.default:
            found.append((entry, "default"))
        elif environments:
            found.append((entry, f"environment {', '.join(environments)}"))
        elif port == entry.container_port:
            found.append((entry, "container port"))
        elif entry.range and port in entry.range:
            found.append((entry, "range"))
    return Answer(
        entries=_sorted(found),
        reserved=tuple(reservation for reservation in registry.reserved if port in reservation.ports),
        blocks=tuple(block for block in registry.blocks if port in block.ports),
    )


def _sorted(found: list[tuple[Entry, str]]) -> tuple[tuple[Entry, str], ...]:
    def rank(pair: tuple[Entry, str]) -> int:
        return next(index for index, relation in enumerate(_RELATIONS) if pair[1].startswith(relation))

    return tuple(sorted(found, key=rank))
