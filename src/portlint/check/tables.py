"""Rules about what the docs say: PORT602."""

from __future__ import annotations

from collections.abc import Iterator

from portlint.check.context import Context, elsewhere, finding_at
from portlint.knowledge.formats import PAGES
from portlint.model import Entry, Finding, Match, PortRange, Registry, Role, Verdict

_SURE = ("variable", "name")


def stale_port_table(context: Context) -> Iterator[Finding]:
    """PORT602: a port table in the docs disagrees with the registry."""
    rows: dict[tuple[str, str], list[Match]] = {}
    for match in context.resolution.matches:
        literal = match.literal
        if literal.format in PAGES and literal.subject.startswith("table[") and match.entry is not None:
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
        yield finding_at(
            literal,
            "PORT602",
            f"the table gives {entry.name} port {literal.ports}{where}, but the registry says {right}"
            + (f"; {literal.ports} is for {other}" if other else "")
            + ": who follows the docs goes wrong",
            help=f"write {right}, or change {entry.name} in the registry",
            entry=entry.name,
            related=(context.registry_says(entry, environment, key=key),),
        )
    yield from _unknown_variables(context)


def _unknown_variables(context: Context) -> Iterator[Finding]:
    """Rows about a variable that the registry does not know, in tables that are about the registry's variables."""
    if context.registry is None:
        return
    tables: dict[tuple[str, str], dict[str, Match]] = {}
    for match in context.resolution.matches:
        literal = match.literal
        if literal.format in PAGES and literal.variable is not None and literal.subject.startswith("table["):
            table = literal.path, literal.subject.partition(".")[0]
            tables.setdefault(table, {}).setdefault(literal.variable, match)
    for rows in tables.values():
        unknown = [match for variable, match in rows.items() if variable not in context.registered]
        if len(unknown) * 2 > len(rows):
            # A page about something else, in which a variable of ours is mentioned.
            continue
        for match in unknown:
            yield _unknown(context, context.registry, match)


def _unknown(context: Context, registry: Registry, match: Match) -> Finding:
    literal, entry = match.literal, match.entry
    if entry is None or entry.env_var is None:
        # Its port may still be that of an entry.
        entry = context.owners.get(literal.port)
    instead = entry.env_var if entry is not None else None
    return finding_at(
        literal,
        "PORT602",
        f"the table gives {literal.variable} port {literal.ports}, but the registry knows no such variable: "
        "one of the two is out of date",
        help=f"write {instead}, or add {literal.variable} to {registry.path}"
        if instead is not None
        else f"add {literal.variable} to {registry.path}, or take the row out",
        entry=entry.name if entry is not None else None,
        related=(context.registry_says(entry),) if entry is not None else (),
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
