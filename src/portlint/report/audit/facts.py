"""What an audit says, in whichever format: the summary, services and their environments, the allocation of ports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from portlint.model import Finding, Match, PortLiteral, PortRange, Registry, Role, Verdict
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
ROLES: Final = {
    Role.BIND: "a process listens there",
    Role.CONNECT: "a client goes there",
    Role.PUBLISH: "the side of a container's mapping that the host sees",
    Role.CONTAINER: "the side of a mapping that the container sees",
    Role.FALLBACK: "taken when an environment variable is not set",
    Role.SETTING: "a value under a name; what it is used for is told elsewhere",
}
_BLOCK: Final = 1000
"""ports of a block where the registry plans none"""
_MOST_BLOCKS: Final = 40
_MOST_OF_A_RANGE: Final = 100
_MOST_NAMES: Final = 2
"""services that are named beside one port"""
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
    checked = counted(done.checked, "file")
    found = (
        f"{audit.name} writes {counted(ports, 'different port')} in {counted(len(audit.matches), 'place')} of "
        f"{counted(files, 'file')}; {checked} {'was' if done.checked == 1 else 'were'} read."
    )
    if not ports:
        found = f"{audit.name} writes no port; {checked} {'was' if done.checked == 1 else 'were'} read."
    wrong = "The check found nothing wrong"
    if done.severities:
        wrong = f"The check found {severities(done.severities, style(False))}{_most_often(audit)}"
    if done.suppressed:
        wrong += f", and {done.suppressed} that comments silence"
    unread = f"{counted(done.not_checked, 'file')} could not be checked"
    return found, _standing(audit), f"{wrong}; {unread if done.not_checked else 'every file could be checked'}."


def _most_often(audit: Audit) -> str:
    """The rule that finds most, where one stands out."""
    rules = Counter(finding.rule for finding in audit.report.findings)
    code, number = next(iter(rules.most_common(1)), ("", 0))
    if number < 3:
        return ""
    name = audit.report.card(code).name
    return f" (most often {name}: {number})" if len(rules) > 1 else f" (all {name})"


def _standing(audit: Audit) -> str:
    if audit.registry is None:
        return (
            "There is no registry (ports.yaml) that says which service each port belongs to, so the files are only "
            "compared with one another."
        )
    numbers = Counter(match.verdict for match in audit.matches)
    said = (
        _agreeing(numbers[Verdict.MATCH], "agrees with it", "agree with it"),
        _agreeing(numbers[Verdict.MISMATCH], "contradicts it", "contradict it"),
        _agreeing(numbers[Verdict.UNKNOWN], "has a port that it does not know", "have a port that it does not know"),
    )
    services = counted(len(audit.registry.entries), "service")
    return f"The registry, {audit.registry.path}, has {services}: {said[0]}, {said[1]}, {said[2]}."


def _agreeing(places: int, one: str, several: str) -> str:
    return f"{counted(places, 'place')} {one if places == 1 else several}" if places else f"no place {one}"


class Cell(Struct, frozen=True):
    """A service in an environment."""

    registered: str
    """empty: the registry gives no value of its own"""
    others: tuple[str, ...]
    """the ports that files of the environment write for the service instead"""


class ServiceTable(Struct, frozen=True):
    """Services by environments, those of the registry first; an environment that nothing is told of is left out."""

    environments: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    registered: int
    """rows of services that the registry has"""


def service_table(audit: Audit) -> ServiceTable:
    """What the registry says of each service and environment, and what the files say instead."""
    entries = audit.registry.entries if audit.registry else ()
    named = {name for entry in entries for name in entry.environments}
    named |= {match.environment for match in audit.matches if match.environment and service_of(match)}
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
    told = {environment for _, environment in (*registered, *written)}
    columns = (EVERYWHERE, *sorted(named & told))
    names = [entry.name for entry in entries]
    names += sorted({service for service, _ in written} - set(names))
    rows = []
    for name in names:
        cells = []
        for column in columns:
            others = sorted(written.get((name, column), ()), key=lambda ports: ports.start)
            cells.append(Cell(registered.get((name, column), ""), tuple(map(str, others))))
        rows.append((name, tuple(cells)))
    return ServiceTable(columns, tuple(rows), len(entries))


class Stretch(Struct, frozen=True):
    """A block of the allocation plan, or a thousand of ports where none is planned."""

    name: str
    ports: PortRange
    used: tuple[tuple[int, str], ...]
    """port and whose it is"""
    reserved: tuple[PortRange, ...]
    free: int


def allocation(audit: Audit) -> tuple[Stretch, ...]:
    """The blocks of the plan, then the thousands of ports that hold what lies outside of it; at most 40 in all."""
    owners = _owners(audit)
    planned = [(block.name, block.ports) for block in audit.registry.blocks] if audit.registry else []
    reserved = [each.ports for each in audit.registry.reserved] if audit.registry else []
    outside = [port for port in owners if not any(port in ports for _, ports in planned)]
    blocks = planned + [("", ports) for ports in sorted(map(_unplanned, outside), key=lambda each: each.start)]
    blocks = list(dict.fromkeys(blocks))
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
    services: dict[int, dict[str, None]] = {}
    for match in audit.matches:
        if match.literal.valid and match.verdict is not Verdict.FOREIGN:
            owners.setdefault(match.literal.port, match.literal.path)
            if service := service_of(match):
                services.setdefault(match.literal.port, {})[service] = None
    return owners | {port: _named(list(names)) for port, names in services.items()}


def _named(services: list[str]) -> str:
    more = len(services) - _MOST_NAMES
    return " and ".join([*services[:_MOST_NAMES], *([f"{more} more"] if more > 0 else [])])


def _stretch(name: str, ports: PortRange, owners: dict[int, str], reserved: Sequence[PortRange]) -> Stretch:
    used = tuple(sorted((port, owner) for port, owner in owners.items() if port in ports))
    cut = [PortRange(max(r.start, ports.start), min(r.end, ports.end)) for r in reserved if r.overlaps(ports)]
    taken = {port for port, _ in used}.union(*(range(each.start, each.end + 1) for each in cut))
    return Stretch(name, ports, used, tuple(cut), ports.end - ports.start + 1 - len(taken))


def by_rule(audit: Audit) -> Iterator[tuple[str, list[Finding]]]:
    """The findings of each rule, the worst and most frequent rule first; of those that are equally bad, what is about
    portlint's own work (PORT9) comes behind what is about ports."""
    groups: dict[str, list[Finding]] = {}
    for finding in audit.report.findings:
        groups.setdefault(finding.rule, []).append(finding)

    def order(group: tuple[str, list[Finding]]) -> tuple[int, bool, int, str]:
        code, findings = group
        return audit.report.card(code).severity.rank, code.startswith("PORT9"), -len(findings), code

    yield from sorted(groups.items(), key=order)


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
    around = _unplanned(port)
    return f"{around.start} to {around.end}"


def _unplanned(port: int) -> PortRange:
    """The thousand of ports that a port lies in; from 10,000 on, where few are used, the ten thousand."""
    size = _BLOCK if port < 10 * _BLOCK else 10 * _BLOCK
    start = port // size * size
    return PortRange(max(1, start), min(start + size - 1, 65535))


class Writer(Struct, frozen=True):
    """A file that writes ports."""

    path: str
    format: str
    ports: tuple[PortRange, ...]
    places: int
    findings: int


def writers(audit: Audit) -> list[Writer]:
    """The files that write ports, those with most findings first, then those with most places."""
    literals: dict[str, list[PortLiteral]] = {}
    for match in audit.matches:
        literals.setdefault(match.literal.path, []).append(match.literal)
    findings = Counter(finding.path for finding in audit.report.findings)
    found = [
        Writer(
            path=path,
            format=group[0].format,
            ports=tuple(sorted({each.ports for each in group}, key=lambda ports: (ports.start, ports.end))),
            places=len(group),
            findings=findings[path],
        )
        for path, group in literals.items()
    ]
    return sorted(found, key=lambda writer: (-writer.findings, -writer.places, writer.path))
