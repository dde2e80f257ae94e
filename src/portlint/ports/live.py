"""`PortRegistry`: the registry, asked while the services run."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from portlint.ports.errors import NoFreePortError, PortError, PortTakenError, PortValueError

if TYPE_CHECKING:
    from pathlib import Path

    from portlint.model import Entry, Registry
    from portlint.ports.held import HeldPort
    from portlint.ports.leases import Lease
    from portlint.ports.loading import Loaded
    from portlint.ports.states import PortState
    from portlint.ports.values import Choice

_TESTING = "testing"
"""the environment, and the block of the allocation plan, that tests get their ports from"""


class PortRegistry:
    """The ports of a registry: by the variables of this process, and by what is free on this machine now.

    A service is named by its key in the registry, or by an alias. An `environment` may be given in another of its
    words (`prod`). The methods raise UnknownServiceError, UnknownEnvironmentError and PortValueError, and what else
    each says. The registry is read once; variables and sockets are looked at in every call.
    """

    def __init__(self, loaded: Loaded, environ: Mapping[str, str] = os.environ) -> None:
        """environ: where the variables are looked up."""
        self._loaded = loaded
        self._environ = environ

    @classmethod
    def load(cls, path: str | os.PathLike[str] | None = None) -> PortRegistry:
        """Reads a registry.

        path: the file, or the folder of a repository; without it, that of the repository in which this process
        stands, as its settings name it or at one of the usual places. Raises RegistryUnusableError where there is
        none, or where it has mistakes; `portlint.errors.UserError` where the settings have.
        """
        from portlint.ports.loading import load

        return cls(load(path, os.environ))

    @property
    def registry(self) -> Registry:
        """All that the file says."""
        return self._loaded.registry

    @property
    def data(self) -> bytes:
        """The file."""
        return self._loaded.data

    @property
    def root(self) -> Path:
        """The folder of its repository, absolute."""
        from portlint.settings import find_root

        return find_root(self._loaded.folder)

    def get_port(self, service: str, environment: str | None = None, check_conflict: bool = False) -> int:
        """The port of a service: its variable, else the environment's value, else the default.

        Raises PortValueError, which names variable, value and range, where that is no port number or not among the
        allowed ports. check_conflict: raises PortTakenError as well where the port is reserved or cannot be bound.
        """
        from portlint.ports import availability

        entry = self.entry(service)
        port = self.choice(entry, environment).port
        if check_conflict and not self.can_have(entry, port):
            refusal = availability.refusals(self.registry, entry, [port])[0]
            line = f"{entry.name} cannot have port {port}: it is {refusal.reason}"
            error = PortTakenError(line)
            error.service, error.port = entry.name, port
            raise error
        return port

    def find_free(self, service: str, environment: str | None = None) -> int:
        """A port that the service can bind now: its `get_port`, else the default, else the first free of the range.

        Reserved ports are passed over, except the default of an entry with `conflict_check`; an `immutable` entry
        has no other port than its own. Raises NoFreePortError, which tells of each port who holds it. Until the
        service has bound the port, somebody else may take it: see `reserve`.
        """
        return self.first_free(self.entry(service), environment)

    def reserve(self, service: str, environment: str | None = None) -> HeldPort:
        """A free port as `find_free` finds it, held until the end of a `with` block, or until it is released.

        How the service comes to bind it, and what the platform leaves open, says `HeldPort`. Raises NoFreePortError.
        """
        from portlint.ports import sockets
        from portlint.ports.held import HeldPort

        entry = self.entry(service)
        lost: set[int] = set()
        while True:
            port = self.first_free(entry, environment, lost)
            hold = sockets.hold(port, entry.protocol, entry.exposure)
            if hold is not None:
                return HeldPort.of(hold, entry.protocol)
            lost.add(port)  # somebody was faster

    def lease(self, test_id: str, service: str | None = None) -> Lease:
        """A port of the testing range for one test, which no other lease of this user gets until it is released.

        The same id and pytest-xdist worker get the same port in every run, as long as it is free; within a process
        the same id has one lease. The testing range is the block of the plan (`ranges:`) that is named `testing` (or
        test, tests, ci); else all that entries give for that environment. service: only what this entry gives.
        A lease ends with `release`, with its `with` block, or with the process, however that ends.
        Raises NoFreePortError; PortError where the registry has no testing range.
        """
        from portlint.ports import availability, leases, sockets
        from portlint.ports.states import Refusal

        entry = None if service is None else self.entry(service)
        protocol, exposure = ("tcp", None) if entry is None else (entry.protocol, entry.exposure)
        ports = self._testing_ports(entry)

        def is_free(port: int) -> bool:
            return sockets.probe(port, protocol, exposure) is sockets.Answer.FREE

        got = leases.lease(ports, test_id, is_free, self._environ)
        if not isinstance(got, leases.Exhausted):
            return got
        looks = availability.look((port for port in ports if port not in got.leased), protocol, exposure)
        reasons = {port: f"leased by {owner}" for port, owner in got.leased.items()}
        reasons |= {port: str(found) for port, found in looks.items()}
        raise NoFreePortError.of(f"the test {test_id}", tuple(Refusal(port, reasons[port]) for port in ports))

    def list_ports(self, environment: str | None = None) -> dict[str, int]:
        """Every service and its `get_port`."""
        return {entry.name: self.choice(entry, environment).port for entry in self.registry.entries}

    def validate_all(self, environment: str | None = None) -> dict[str, PortState]:
        """Every service and how it stands with its port: free, busy and by whom, out of range, reserved.

        What is wrong with one service is its result, no error.
        """
        return {state.service: state for state in self.states(self.registry.entries, environment)}

    def states(self, entries: Iterable[Entry], environment: str | None = None, away: bool = False) -> list[PortState]:
        """As `validate_all`, for some entries, in their order. away: of another machine; nobody here is looked at."""
        from portlint.ports import availability

        wanted = [(entry, self._choice(entry, environment)) for entry in entries]
        return availability.planned(wanted) if away else availability.states(self.registry, wanted)

    def entry(self, service: str) -> Entry:
        """The registry's entry of a service."""
        from portlint.ports import values

        return values.entry_of(self.registry, service)

    def choice(self, entry: Entry, environment: str | None = None) -> Choice:
        """The port that an entry shall have, and where that is said, whoever holds it."""
        from portlint.ports import values

        return values.choice(self.registry, entry, self._environment(environment), self._environ)

    def first_free(self, entry: Entry, environment: str | None = None, but: Collection[int] = ()) -> int:
        """As `find_free`. but: ports that were just given to others."""
        from portlint.ports import availability, values

        candidates = tuple(
            values.candidates(entry, self._environment(environment), self.choice(entry, environment).port)
        )
        for port in candidates:
            if port not in but and self.can_have(entry, port):
                return port
        raise NoFreePortError.of(entry.name, availability.refusals(self.registry, entry, candidates, but))

    def can_have(self, entry: Entry, port: int) -> bool:
        """Whether a service can have a port now: it is not reserved for something else, and can be bound."""
        from portlint.ports import availability, values

        return values.barred_by(self.registry, entry, port) is None and availability.is_free(entry, port)

    def _choice(self, entry: Entry, environment: str | None) -> Choice | PortValueError:
        try:
            return self.choice(entry, environment)
        except PortValueError as error:
            return error

    def _environment(self, word: str | None) -> str | None:
        from portlint.ports import values

        return None if word is None else values.environment_of(self.registry, word)

    def _testing_ports(self, entry: Entry | None) -> list[int]:
        """The ports for tests, in order, each once, without reserved ones."""
        from portlint.ports import values

        name = values.environment_of(self.registry, _TESTING)
        blocks = [block.ports for block in self.registry.blocks if values.means(block.name, _TESTING)]
        given = [each.environments[name] for each in self.registry.entries if name in each.environments]
        if entry is not None:
            found = [entry.environments[name]] if name in entry.environments else []
        else:
            found = blocks or given
        ports = {port: None for span in found for port in range(span.start, span.end + 1)}
        free = [port for port in ports if values.reservation_of(self.registry, port) is None]
        if not free:
            where = "in 'ranges', such as testing: {ports: 20000-20099}"
            if entry is not None:
                where = f"to {entry.name}, such as environments: {{testing: 20000-20009}}"
            raise PortError(f"{self.registry.path}: there is no testing range; add one {where}")
        return free
