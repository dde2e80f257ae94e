"""Finds the next free port: one that no entry uses and that nothing else will take away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from portlint.knowledge import well_known
from portlint.model import Entry, PortRange, Registry

USUAL = PortRange(8000, 32767)  # portlint: ignore[PORT101, PORT102] -- where ports are looked for, none of ours
"""where a port is looked for when nobody says where and the registry has no blocks; RFC 6335, 6: below, the well-known
services crowd; above, Linux hands ports out (ip-sysctl, `ip_local_port_range`)"""


class NoFreePortError(LookupError):
    """Not as many ports are free as are asked for; the message says why the others are not."""


def places(registry: Registry) -> tuple[PortRange, ...]:
    """Where ports are looked for when nobody says where: the blocks of the plan, in its order."""
    return tuple(block.ports for block in registry.blocks) or (USUAL,)


def next_free(registry: Registry, ranges: tuple[PortRange, ...], count: int = 1) -> tuple[int, ...]:
    """The first free ports of the ranges, the lowest of each first. Raises NoFreePortError."""
    found: dict[int, None] = {}
    reasons: Counter[str] = Counter()
    taken = _Taken(registry)
    for port in _ports(ranges):
        reason = taken.reason(port)
        if reason is None:
            found[port] = None
            if len(found) == count:
                return tuple(found)
        else:
            reasons[reason] += 1
    told = ", ".join(f"{number} {reason}" for reason, number in sorted(reasons.items()))
    where = ", ".join(map(str, ranges))
    free = "no port" if not found else f"only {len(found)} of {count} ports"
    raise NoFreePortError(f"{free} free in {where}" + (f": {told}" if told else ""))


def _ports(ranges: tuple[PortRange, ...]) -> Iterator[int]:
    for ports in ranges:
        yield from range(ports.start, ports.end + 1)


def why_taken(registry: Registry, port: int, entry: Entry) -> str | None:
    """Why an entry cannot have a port, in a word; None where it can. Its own range is no reason."""
    return _Taken(registry, entry).reason(port)


class _Taken:
    def __init__(self, registry: Registry, but: Entry | None = None) -> None:
        self._used: set[int] = set()
        for entry in registry.entries:
            if entry == but:
                continue
            self._used.add(entry.default)
            if entry.container_port is not None:
                self._used.add(entry.container_port)
            for ports in (*entry.environments.values(), *((entry.range,) if entry.range is not None else ())):
                self._used.update(range(ports.start, ports.end + 1))
        self._reserved = [reservation.ports for reservation in registry.reserved]
        self._ephemeral = [ports for ports, _ in well_known.ephemeral()]

    def reason(self, port: int) -> str | None:
        """Why a port is not free, in a word; None where it is."""
        if port in self._used:
            return "used"
        if any(port in ports for ports in self._reserved):
            return "reserved"
        if port in well_known.browser_blocked():
            return "blocked by browsers"
        return "ephemeral" if any(port in ports for ports in self._ephemeral) else None
