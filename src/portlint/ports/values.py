"""Which port a service has by the registry and the environment's variables, before anybody looks at sockets.

The rules are those of `portlint check`: in an environment for which the entry gives a value, that value holds;
elsewhere the default and the range do. An entry with neither may have any port. An empty variable is not set, as in
`${API_PORT:-8000}` (POSIX.1-2017, Shell Command Language, 2.6.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from portlint.errors import nearest
from portlint.ports.errors import PortValueError, UnknownEnvironmentError, UnknownServiceError

if TYPE_CHECKING:
    from portlint.model import Entry, PortRange, Registry, Reservation


class Choice(Struct, frozen=True):
    """The port that a service shall have, and where that is said."""

    port: int
    source: str
    """`variable`, `environment` or `default`"""


def entry_of(registry: Registry, service: str) -> Entry:
    """The entry of that name, or the only one with that alias. Raises UnknownServiceError."""
    from portlint.registry.errors import quoted

    found = registry.entry(service)
    if found is not None:
        return found
    aliased = [entry for entry in registry.entries if service in entry.aliases]
    if len(aliased) == 1:
        return aliased[0]
    called = quoted(service)
    if aliased:
        names = ", ".join(entry.name for entry in aliased)
        raise UnknownServiceError(f"{registry.path}: {called} is an alias of several services: {names}")
    words = (word for entry in registry.entries for word in (entry.name, *entry.aliases))
    raise UnknownServiceError(f"{registry.path}: there is no service {called}{nearest(service, words)}")


def environment_of(registry: Registry, word: str) -> str:
    """The environment that a word means, in the registry's spelling: `prod` where the registry says `production`.

    Raises UnknownEnvironmentError for a word that neither the registry nor `rules/names/environments.yaml` knows.
    """
    from portlint.registry.errors import quoted

    given = dict.fromkeys(registry.environments)
    given |= {name: None for entry in registry.entries for name in entry.environments}
    found = next((name for name in (word, *given) if name in given and means(name, word)), None)
    if found is not None:
        return found
    if word.lower() in _synonyms():
        return _synonyms()[word.lower()]
    hint = nearest(word, [*given, *_synonyms()])
    raise UnknownEnvironmentError(f"{registry.path}: there is no environment {quoted(word)}{hint}")


def means(name: str, word: str) -> bool:
    """Whether two names mean the same environment: equal, but for upper case, or by `rules/names/environments.yaml`."""
    one, other = name.lower(), word.lower()
    return _synonyms().get(one, one) == _synonyms().get(other, other)


@cache
def _synonyms() -> dict[str, str]:
    """Each word for an environment to the environment."""
    from portlint.knowledge import rule_data

    table = rule_data.load("names/environments.yaml")["environments"]
    return {word: name for name, words in table.items() for word in words}


def allowed(entry: Entry, environment: str | None) -> PortRange:
    """The ports that a service may have. environment: as `environment_of` gives it."""
    from portlint.model import FIRST_PORT, LAST_PORT, PortRange

    if environment is not None and environment in entry.environments:
        return entry.environments[environment]
    return entry.range or PortRange(FIRST_PORT, LAST_PORT)


def choice(registry: Registry, entry: Entry, environment: str | None, environ: Mapping[str, str]) -> Choice:
    """The variable's value, else the environment's, else the default. Raises PortValueError."""
    ports = allowed(entry, environment)
    written = environ.get(entry.env_var, "") if entry.env_var else ""
    if written:
        return Choice(_read(registry, entry, written, ports, environment), "variable")
    if environment is not None and environment in entry.environments:
        return Choice(ports.start, "environment")
    if entry.default not in ports:
        line = f"{_place(registry, entry, environment)}: the default {entry.default} of {entry.name} is not in {ports}"
        raise _error(line, entry, None, str(entry.default), ports, entry.default)
    return Choice(entry.default, "default")


def candidates(entry: Entry, environment: str | None, first: int) -> Iterator[int]:
    """The ports that a service may take when it finds others taken, in order, each once. first: its `choice`."""
    yield first
    if entry.immutable:
        return
    own = environment is not None and environment in entry.environments
    if not own and entry.range is None:
        return
    ports = allowed(entry, environment)
    if not own and entry.default != first and entry.default in ports:
        yield entry.default
    skipped = {first} if own else {first, entry.default}
    yield from (port for port in range(ports.start, ports.end + 1) if port not in skipped)


def reservation_of(registry: Registry, port: int) -> Reservation | None:
    """The reservation that covers a port."""
    return next((reservation for reservation in registry.reserved if port in reservation.ports), None)


def barred_by(registry: Registry, entry: Entry, port: int) -> Reservation | None:
    """The reservation that keeps an entry from a port.

    An entry with `conflict_check: true` knows that somebody else uses its default: it may have it when it is free.
    """
    if entry.conflict_check and port == entry.default:
        return None
    return reservation_of(registry, port)


def told(reservation: Reservation) -> str:
    """`reserved for Grafana (external): Check before using dashboard_docker`"""
    text = f"reserved for {reservation.service}" if reservation.service else "reserved"
    return f"{text}: {reservation.note}" if reservation.note else text


def _read(registry: Registry, entry: Entry, written: str, ports: PortRange, environment: str | None) -> int:
    """A variable's value as a port. Shells, `int()` and atoi differ over `08000`, `8_000` and `0x50`: refused."""
    from portlint.registry.errors import quoted

    text = written.strip(" \t\r\n")
    place = f"{entry.env_var} is {quoted(written)}"
    right = f"{entry.name} may have {ports} ({_place(registry, entry, environment)})"
    if not (text.isascii() and text.isdigit()) or (text.startswith("0") and text != "0"):
        why = "not a port number"
        if text.startswith("tcp://"):
            why += " (Kubernetes sets such variables for its services: enableServiceLinks)"
        raise _error(f"{place}, {why}; {right}", entry, entry.env_var, written, ports, None)
    number = int(text[:9])
    if number not in ports:
        raise _error(f"{place}; {right}", entry, entry.env_var, written, ports, number)
    return number


def _place(registry: Registry, entry: Entry, environment: str | None) -> str:
    own = environment is not None and environment in entry.environments
    key = f"environments.{environment}" if own else "range"
    return f"{registry.path}:{entry.where(key).line}" + (f", {environment}" if own else "")


def _error(
    line: str, entry: Entry, variable: str | None, value: str, ports: PortRange, number: int | None
) -> PortValueError:
    error = PortValueError(line)
    error.service, error.variable, error.value, error.allowed, error.number = entry.name, variable, value, ports, number
    return error
