"""Rules about the entries of the registry among one another: PORT501 to PORT507."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from portlint.algorithms.intervals import Intervals
from portlint.check.context import Context, describe_value
from portlint.knowledge.identifiers import words
from portlint.model import Entry, Finding, PortRange, Registry, Related, Span

_PROTOCOLS = {"both": ("tcp", "udp")}


class Value(Struct, frozen=True):
    """A port that an entry takes, and the key of the registry that says so."""

    ports: PortRange
    entry: Entry
    key: str

    @property
    def span(self) -> Span:
        return self.entry.where(self.key)


def duplicate_registry_port(context: Context) -> Iterator[Finding]:
    """PORT501: two entries, one port (in one environment)."""
    registry = context.registry
    if registry is None or not registry.conflict_detection:
        return
    defaults = [Value(PortRange(e.default, e.default), e, "default") for e in registry.entries]
    for earlier, later in _overlaps(defaults):
        yield _clash(registry, earlier, later, "")
    # A default holds in every environment for which the entry names no value of its own.
    everywhere = Intervals((value.ports, value) for value in defaults)
    for environment, own in _by_environment(registry):
        where = f" in {environment}"
        for earlier, later in _overlaps(own):
            yield _clash(registry, earlier, later, where)
        for value in own:
            for other in everywhere.overlapping(value.ports):
                if _share(value.entry, other.entry) and environment not in other.entry.environments:
                    yield _clash(registry, other, value, where)
                    break


def _by_environment(registry: Registry) -> Iterator[tuple[str, list[Value]]]:
    values = [
        (environment, Value(ports, entry, f"environments.{environment}"))
        for entry in registry.entries
        for environment, ports in entry.environments.items()
    ]
    values.sort(key=lambda pair: pair[0])
    for environment, group in groupby(values, key=lambda pair: pair[0]):
        yield environment, [value for _, value in group]


def _share(one: Entry, other: Entry) -> bool:
    """Whether two different entries use a protocol in common."""
    mine, theirs = (_PROTOCOLS.get(e.protocol, (e.protocol,)) for e in (one, other))
    return one is not other and not set(mine).isdisjoint(theirs)


def _overlaps(values: Iterable[Value]) -> Iterator[tuple[Value, Value]]:
    """Each value that overlaps one of another entry, with the one before it that reaches furthest.

    The one that stands later in the registry comes second.
    """
    furthest: dict[str, Value] = {}
    for value in sorted(values, key=lambda v: (v.ports.start, v.span)):
        reported = False
        for protocol in _PROTOCOLS.get(value.entry.protocol, (value.entry.protocol,)):
            before = furthest.get(protocol)
            if before is not None and before.ports.end >= value.ports.start and not reported:
                reported = True
                yield (before, value) if before.span <= value.span else (value, before)
            if before is None or before.ports.end < value.ports.end:
                furthest[protocol] = value


def _clash(registry: Registry, earlier: Value, later: Value, where: str) -> Finding:
    common = PortRange(max(earlier.ports.start, later.ports.start), min(earlier.ports.end, later.ports.end))
    return Finding(
        rule="PORT501",
        path=registry.path,
        span=later.span,
        message=f"{earlier.entry.name} and {later.entry.name} both take {common}{where}",
        help=f"give {later.entry.name} another port",
        port=common.start,
        entry=later.entry.name,
        subject=f"ports.{later.entry.name}.{later.key}",
        related=(Related(registry.path, earlier.span, f"{earlier.entry.name} takes {earlier.ports} here"),),
    )


def default_outside_range(context: Context) -> Iterator[Finding]:
    """PORT502: an entry's default is not in its own range."""
    for registry, entry in entries(context):
        if entry.range is not None and entry.default not in entry.range:
            yield about(
                registry,
                "PORT502",
                Value(PortRange(entry.default, entry.default), entry, "default"),
                f"the default {entry.default} of {entry.name} is outside its range {entry.range}",
                help="widen the range, or choose a default inside it",
                related=(Related(registry.path, entry.where("range"), "the range is here"),),
            )


def overlapping_ranges(context: Context) -> Iterator[Finding]:
    """PORT503: two entries' ranges, or two blocks of the plan, overlap."""
    registry = context.registry
    if registry is None or not registry.conflict_detection:
        return
    ranges = [Value(e.range, e, "range") for e in registry.entries if e.range is not None]
    for earlier, later in _overlaps(ranges):
        if earlier.entry.default == later.entry.default:
            # That the two take one port is said already (PORT501).
            continue
        yield about(
            registry,
            "PORT503",
            later,
            f"the ranges of {earlier.entry.name} ({earlier.ports}) and {later.entry.name} ({later.ports}) overlap: "
            "a fallback of one may be the port of the other",
            help="keep the ranges apart",
            related=(Related(registry.path, earlier.span, f"the range of {earlier.entry.name} is here"),),
        )
    furthest = None
    for block in sorted(registry.blocks, key=lambda b: (b.ports.start, b.span)):
        if furthest is not None and furthest.ports.end >= block.ports.start:
            yield Finding(
                rule="PORT503",
                path=registry.path,
                span=block.span,
                message=f"the blocks {furthest.name} ({furthest.ports}) and {block.name} ({block.ports}) overlap: "
                "a port of both may be given away twice",
                help="keep the blocks of the plan apart",
                subject=f"ranges.{block.name}",
                related=(Related(registry.path, furthest.span, f"the block {furthest.name} is here"),),
            )
        if furthest is None or furthest.ports.end < block.ports.end:
            furthest = block


def reserved_port(context: Context) -> Iterator[Finding]:
    """PORT504: an entry takes a reserved port."""
    registry = context.registry
    if registry is None:
        return
    reserved = Intervals((reservation.ports, reservation) for reservation in registry.reserved)
    for _, entry in entries(context):
        for value in values(entry):
            for reservation in reserved.overlapping(value.ports):
                if set(words(entry.name)) <= set(words(reservation.service)):
                    # The reservation is for this very service.
                    continue
                note = f": {reservation.note}" if reservation.note else ""
                yield about(
                    registry,
                    "PORT504",
                    value,
                    f"{entry.name} takes {describe_value(entry, value.key)}, "
                    f"which is reserved for {reservation.service}",
                    help="choose another port, or drop the reservation",
                    related=(Related(registry.path, reservation.span, f"reserved here{note}"),),
                )
                break


def outside_allocation_block(context: Context) -> Iterator[Finding]:
    """PORT505: an entry's port is in no block of the plan."""
    registry = context.registry
    if registry is None or not registry.blocks:
        return
    blocks = Intervals((block.ports, block) for block in registry.blocks)
    for _, entry in entries(context):
        own = Value(PortRange(entry.default, entry.default), entry, "default")
        if not blocks.overlapping(own.ports):
            yield about(
                registry,
                "PORT505",
                own,
                f"{entry.name} takes {entry.default}, which is in no block of the allocation plan: "
                "who chooses the next port by the plan does not see it",
                help="choose a port of a block, or add a block under ranges",
            )


def duplicate_variable(context: Context) -> Iterator[Finding]:
    """PORT506: two entries, one environment variable."""
    first: dict[str, Entry] = {}
    for registry, entry in entries(context):
        if entry.env_var is None:
            continue
        other = first.setdefault(entry.env_var, entry)
        if other is not entry:
            yield about(
                registry,
                "PORT506",
                Value(PortRange(entry.default, entry.default), entry, "env_var"),
                f"{other.name} and {entry.name} both read {entry.env_var}",
                help="one variable can hold one port only: give each entry its own",
                related=(Related(registry.path, other.where("env_var"), f"{other.name} reads it here"),),
            )


def environment_collision(context: Context) -> Iterator[Finding]:
    """PORT507: one entry's port in one environment is another entry's port in another."""
    registry = context.registry
    if registry is None or not registry.conflict_detection:
        return
    known = Intervals(
        (value.ports, (environment, value)) for environment, own in _by_environment(registry) for value in own
    )
    seen: set[tuple[str, str]] = set()
    for environment, own in _by_environment(registry):
        for value in own:
            for other_environment, other in known.overlapping(value.ports):
                pair = (min(value.entry.name, other.entry.name), max(value.entry.name, other.entry.name))
                if other_environment == environment or not _share(value.entry, other.entry) or pair in seen:
                    continue
                if other.span > value.span:
                    continue
                seen.add(pair)
                yield about(
                    registry,
                    "PORT507",
                    value,
                    f"{value.entry.name} takes {value.ports} in {environment}, which {other.entry.name} takes in "
                    f"{other_environment}: with the wrong file loaded, a client reaches the other service",
                    help="choose ports that no environment shares",
                    related=(Related(registry.path, other.span, f"{other.entry.name} takes {other.ports} here"),),
                )


def values(entry: Entry) -> Iterator[Value]:
    """The ports that an entry takes on a host: its default, and its value in each environment."""
    yield Value(PortRange(entry.default, entry.default), entry, "default")
    for environment, ports in entry.environments.items():
        yield Value(ports, entry, f"environments.{environment}")


def entries(context: Context) -> Iterator[tuple[Registry, Entry]]:
    """The registry with each of its entries; nothing without one."""
    registry = context.registry
    if registry is not None:
        for entry in registry.entries:
            yield registry, entry


def about(
    registry: Registry, code: str, value: Value, message: str, *, help: str, related: tuple[Related, ...] = ()
) -> Finding:
    """A finding about a value of the registry."""
    return Finding(
        rule=code,
        path=registry.path,
        span=value.span,
        message=message,
        help=help,
        port=value.ports.start,
        entry=value.entry.name,
        subject=f"ports.{value.entry.name}.{value.key}",
        related=related,
    )
