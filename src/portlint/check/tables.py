"""Rules about what the docs say: PORT602."""

from __future__ import annotations

from collections.abc import Iterator

from portlint.check.context import Context, at, elsewhere
from portlint.model import Entry, Finding, Match, PortRange, Role, Verdict

_SURE = ("variable", "name")


def stale_port_table(context: Context) -> Iterator[Finding]:
    """PORT602: a port table in the docs disagrees with the registry."""
    rows: dict[tuple[str, str], list[Match]] = {}
    for match in context.resolution.matches:
        literal = match.literal
        if literal.format == "markdown" and literal.subject.startswith("table[") and match.entry is not None:
            # `8000, 8001` in one cell: one of them has to be right.
            rows.setdefault((literal.path, literal.subject), []).append(match)
    for matches in rows.values():
        match = matches[0]
        entry, literal = match.entry, match.literal
        if entry is None or match.by not in _SURE or any(_is_right(each, entry) for each in matches):
            continue
        if match.verdict is not Verdict.MISMATCH and match.by != "variable":
            # A name that may mean the entry, and a number from its range.
            continue
        environment = match.environment if match.environment in entry.environments else None
        right, key = _right(entry, environment, inside=literal.role is Role.CONTAINER)
        where = f" for {environment}" if environment is not None else ""
        other = elsewhere(entry, literal.ports, environment)
        yield at(
            literal,
            "PORT602",
            f"the table gives {entry.name} port {literal.ports}{where}, but the registry says {right}"
            + (f"; {literal.ports} is for {other}" if other else "")
            + ": who follows the docs goes wrong",
            help=f"write {right}, or change {entry.name} in the registry",
            entry=entry.name,
            related=(context.registry_says(entry, environment, key=key),),
        )


def _is_right(match: Match, entry: Entry) -> bool:
    """Whether the registry has the port for the row's entry, in the environment of its column where that is one."""
    if match.entry is not entry:
        return False
    ports = match.literal.ports
    own = entry.environments.get(match.environment) if match.environment is not None else None
    if own is not None:
        return ports.start in own and ports.end in own
    if entry.range is not None and ports.start != ports.end:
        return ports.start in entry.range and ports.end in entry.range
    if entry.container_port is not None and match.literal.role is Role.CONTAINER:
        return entry.container_port in ports
    values = [PortRange(entry.default, entry.default), *entry.environments.values()]
    if entry.container_port is not None and match.literal.role is not Role.PUBLISH:
        values.append(PortRange(entry.container_port, entry.container_port))
    if match.literal.role is Role.CONTAINER and match.inside and match.verdict is Verdict.MATCH:
        return True
    return any(value.overlaps(ports) for value in values)


def _right(entry: Entry, environment: str | None, *, inside: bool) -> tuple[PortRange, str | None]:
    """The port to write, and the key of the registry that says so."""
    if environment is not None:
        return entry.environments[environment], None
    if inside and entry.container_port is not None:
        return PortRange(entry.container_port, entry.container_port), "container_port"
    return PortRange(entry.default, entry.default), None
