"""A port for each variable of the registry, for a command that shall run beside what runs already."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from portlint.model import Entry
from portlint.ports import availability
from portlint.ports.errors import NoFreePortError, PortError, PortValueError
from portlint.ports.live import PortRegistry
from portlint.ports.status import Question, Standing, status

_TIMEOUT = 0.5
"""seconds for a health check, which only counts where the holder of a port cannot be seen"""


class Assignment(Struct, frozen=True, kw_only=True):
    """The port that a variable is set to. note: why it is not the usual one, or is taken; empty for the plain case."""

    variable: str
    service: str
    port: int
    note: str = ""
    is_doubtful: bool = False
    """somebody else holds the port, but the service is optional"""


def assign(
    ports: PortRegistry, environment: str | None, keep: Collection[str], environ: Mapping[str, str]
) -> list[Assignment]:
    """In the order of the registry; two services never get the same port.

    A service gets its own port where it can; else a free one of its range that no other service is meant to have;
    else, where the service itself holds its port, or is optional, its own port all the same.
    keep: services that run already and whose port stays. Raises PortError with a line for each service that gets none.
    """
    kept = {ports.entry(name).name for name in keep}
    owners: dict[str, Entry] = {}
    wanted: dict[str, int] = {}
    lines: list[str] = []
    for entry in ports.registry.entries:
        try:
            wanted[entry.name] = ports.choice(entry, environment).port
        except PortValueError as error:
            lines += error.lines
        if entry.env_var:
            owners.setdefault(entry.env_var, entry)
    if lines:
        raise PortError(*lines)
    own = _own(ports, owners, wanted, kept)
    found = []
    given = set(own.values())
    for variable, entry in owners.items():
        port = wanted[entry.name]
        if entry.name in own:
            note = "kept" if entry.name in kept else ""
            found.append(Assignment(variable=variable, service=entry.name, port=port, note=note))
            continue
        made: Assignment | None
        try:
            made = _other(ports, entry, environment, given | set(wanted.values()) - {port}, port)
        except NoFreePortError as error:
            made = _same(ports, entry, environment, port, environ, error)
            if made is None:
                lines += error.lines
                continue
        given.add(made.port)
        found.append(made)
    if lines:
        raise PortError(*lines)
    return found


def _own(
    ports: PortRegistry, owners: Mapping[str, Entry], wanted: Mapping[str, int], kept: Collection[str]
) -> dict[str, int]:
    """The services that get the port that they are meant to have."""
    own: dict[str, int] = {}
    for entry in owners.values():
        port = wanted[entry.name]
        if entry.name in kept or (port not in own.values() and ports.can_have(entry, port)):
            own[entry.name] = port
    return own


def _other(ports: PortRegistry, entry: Entry, environment: str | None, given: Collection[int], port: int) -> Assignment:
    other = ports.first_free(entry, environment, given)
    refused = availability.refusals(ports.registry, entry, [port], given)[0]
    return Assignment(variable=entry.env_var or "", service=entry.name, port=other, note=f"{port} is {refused.reason}")


def _same(
    ports: PortRegistry,
    entry: Entry,
    environment: str | None,
    port: int,
    environ: Mapping[str, str],
    error: NoFreePortError,
) -> Assignment | None:
    """The service's own port although somebody holds it; None where that would be wrong."""
    row = status(ports, Question(entries=[entry], environment=environment, timeout=_TIMEOUT), environ)[0]
    runs = row.standing is Standing.EXPECTED
    if not runs and not entry.optional:
        return None
    note = f"it runs already: {row.state.message}" if runs else error.lines[0]
    return Assignment(variable=entry.env_var or "", service=entry.name, port=port, note=note, is_doubtful=not runs)
