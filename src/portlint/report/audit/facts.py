"""What an audit says, in whichever format: the summary, services and their environments, the allocation of ports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from portlint.model import Finding, Match, PortRange, Registry, Verdict
from portlint.report.audit import Audit
from portlint.report.style import counted, severities, style

VERDICTS: Final = {
    Verdict.MATCH: "the registered port of its service",
    Verdict.MISMATCH: "its service has another port in the registry",
    Verdict.AMBIGUOUS: "several services could be meant, so nothing is claimed",
    Verdict.RESERVED: "reserved for something outside of this repository",
    Verdict.ALLOWED: "allowed everywhere, such as 80 and 443",
    Verdict.FOREIGN: "of somebody else's host: listed, not judged",
    Verdict.UNKNOWN: "no service of the registry is meant, or there is no registry",
}
_BLOCK: Final = 1000
"""ports of a block where the registry plans none"""
_MOST_BLOCKS: Final = 40
_MOST_OF_A_RANGE: Final = 100
EVERYWHERE: Final = "any environment"


def service_of(match: Match) -> str | None:
    """The service that a literal is about, as far as anything tells."""
    if match.entry is not None:
        return match.entry.name
    return match.literal.service or match.literal.library


def sentences(audit: Audit) -> tuple[str, str, str]:
    """The summary: what there is, how it stands to the registry, what is wrong."""
    done = audit.report.summary
    files = len({match.literal.path for match in audit.matches})
    ports = len({match.literal.ports for match in audit.matches})
    found = (
        f"{audit.name} writes {counted(ports, 'different port')} in {counted(len(audit.matches), 'place')} of "
        f"{counted(files, 'file')}; {counted(done.checked, 'file')} could be read and checked."
    )
    wrong = f"The check gives {severities(done.severities, style(False))}"
    if done.suppressed:
        wrong += f", besides {done.suppressed} that comments silence"
    unread = f"{counted(done.not_checked, 'file')} could not be checked"
    return found, _standing(audit), f"{wrong}; {unread if done.not_checked else 'every file could be checked'}."


def _standing(audit: Audit) -> str:
    if audit.registry is None:
        return (
            "There is no registry of ports (ports.yaml), so nothing says which service each port belongs to, and what "
            "is wrong is judged by the repository's own files alone."
        )
    numbers = Counter(match.verdict for match in audit.matches)
    agreeing, services = counted(numbers[Verdict.MATCH], "place"), counted(len(audit.registry.entries), "service")
    return (
        f"The registry, {audit.registry.path}, has {services} (in agreement with it: {agreeing}; in contradiction: "
        f"{numbers[Verdict.MISMATCH]}; unknown to it: {numbers[Verdict.UNKNOWN]})."
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """A service in an environment."""

    registered: str
    """empty: the registry gives no value of its own"""
    others: tuple[str, ...]
    """the ports that files of the environment write for the service instead"""


@dataclass(frozen=True, slots=True)
class ServiceTable:
    """Services by environments."""

    environments: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def service_table(audit: Audit) -> ServiceTable:
    """What the registry says of each service and environment, and what the files say instead."""
    entries = audit.registry.entries if audit.registry else ()
    named = {name for entry in entries for name in entry.environments}
    named |= {match.environment for match in audit.matches if match.environment and service_of(match)}
    columns = (EVERYWHERE, *sorted(named))
    registered = {
        (entry.name, environment): str(value)
        for entry in entries
        for environment, value in ((EVERYWHERE, PortRange(entry.default, entry.default)), *entry.environments.items())
    }
    written: dict[tuple[str, str], set[PortRange]] = {}
    for match in audit.matches:
        service = service_of(match)
        if service and match.verdict in (Verdict.MISMATCH, Verdict.UNKNOWN):
            written.setdefault((service, match.environment or EVERYWHERE), set()).add(match.literal.ports)
    names = [entry.name for entry in entries]
    names += sorted({service for service, _ in written} - set(names))
    rows = []
    for name in names:
        cells = []
        for column in columns:
            others = sorted(written.get((name, column), ()), key=lambda ports: ports.start)
            cells.append(Cell(registered.get((name, column), ""), tuple(map(str, others))))
        rows.append((name, tuple(cells)))
    return ServiceTable(columns, tuple(rows))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A block of the allocation plan, or a thousand of ports where none is planned."""

    name: str
    ports: PortRange
    used: tuple[tuple[int, str], ...]
    """port and whose it is"""
    reserved: tuple[PortRange, ...]
    free: int


def allocation(audit: Audit) -> tuple[Stretch, ...]:
    """The blocks of the plan, then thousands of ports for what lies outside of it; at most 40 in all."""
    owners = _owners(audit)
    planned = [(block.name, block.ports) for block in audit.registry.blocks] if audit.registry else []
    reserved = [each.ports for each in audit.registry.reserved] if audit.registry else []
    outside = [port for port in owners if not any(port in ports for _, ports in planned)]
    starts = sorted({port // _BLOCK * _BLOCK for port in outside})
    blocks = planned + [("", PortRange(max(1, at), min(at + _BLOCK - 1, 65535))) for at in starts]
    return tuple(_stretch(name, ports, owners, reserved) for name, ports in blocks[:_MOST_BLOCKS])


def _owners(audit: Audit) -> dict[int, str]:
    """Whose a port is, by the registry; without one, by what the files say."""
    owners: dict[int, str] = {}
    if audit.registry is not None:
        for entry in audit.registry.entries:
            for value in (PortRange(entry.default, entry.default), *entry.environments.values()):
                for port in range(value.start, min(value.end, value.start + _MOST_OF_A_RANGE) + 1):
                    others = owners.get(port, entry.name)
                    owners[port] = others if others == entry.name else f"{others} and {entry.name}"
        return owners
    for match in audit.matches:
        if match.literal.valid and match.verdict is not Verdict.FOREIGN:
            owners.setdefault(match.literal.port, service_of(match) or match.literal.path)
    return owners


def _stretch(name: str, ports: PortRange, owners: dict[int, str], reserved: Sequence[PortRange]) -> Stretch:
    used = tuple(sorted((port, owner) for port, owner in owners.items() if port in ports))
    cut = [PortRange(max(r.start, ports.start), min(r.end, ports.end)) for r in reserved if r.overlaps(ports)]
    taken = {port for port, _ in used}.union(*(range(each.start, each.end + 1) for each in cut))
    return Stretch(name, ports, used, tuple(cut), ports.end - ports.start + 1 - len(taken))


def by_rule(audit: Audit) -> Iterator[tuple[str, list[Finding]]]:
    """The findings of each rule, the worst and most frequent rule first."""
    groups: dict[str, list[Finding]] = {}
    for finding in audit.report.findings:
        groups.setdefault(finding.rule, []).append(finding)
    yield from sorted(
        groups.items(), key=lambda item: (audit.report.card(item[0]).severity.rank, -len(item[1]), item[0])
    )


def most_telling(matches: Iterable[Match], most: int) -> tuple[list[Match], int]:
    """The matches in their order, and how many are left out where there are more than `most`: right ones first."""
    kept = list(matches)
    if len(kept) <= most:
        return kept, 0
    order = sorted(
        range(len(kept)), key=lambda at: kept[at].verdict in (Verdict.MATCH, Verdict.ALLOWED, Verdict.FOREIGN)
    )
    chosen = sorted(order[:most])
    return [kept[at] for at in chosen], len(kept) - most


def blocks_of(registry: Registry | None, port: int) -> str:
    """The name of the block that a port lies in; its thousand where none is planned."""
    for block in registry.blocks if registry else ():
        if port in block.ports:
            return block.name
    return f"{port // _BLOCK * _BLOCK} to {port // _BLOCK * _BLOCK + _BLOCK - 1}"
