"""The resolve stage: which registry entry each port literal means, and whether its number is right there.

An entry is meant by 1 the variable, 2 the host or the compose service, 3 the name and the library, 4 the number, in
this order. A mismatch is claimed only where one of the first three is sure; where two answers are equally good, none
is. What may stand at a place depends on the environment of its file and on the side: the host's, or inside a
container's network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from enum import IntEnum

from msgspec import Struct
from msgspec.structs import replace

from portlint.algorithms.gitignore import matcher
from portlint.algorithms.intervals import Intervals
from portlint.knowledge import well_known
from portlint.knowledge.formats import IMAGES, OF_ONE_ENVIRONMENT, PAGES
from portlint.knowledge.hosts import is_container_host, is_public, names_this_machine
from portlint.knowledge.identifiers import words
from portlint.model import (
    Entry,
    Facts,
    Mapping,
    Match,
    PortLiteral,
    PortRange,
    Registry,
    Resolution,
    Role,
    Settings,
    Topology,
    Verdict,
)
from portlint.resolve.declared import Declared
from portlint.resolve.entries import NOBODY, Entries, Named, generic_words, scheme_words
from portlint.resolve.environments import Environments
from portlint.resolve.listening import section
from portlint.resolve.services import Place, Services, place_of
from portlint.resolve.stacks import stacks

_SIDES = frozenset({Role.BIND, Role.PUBLISH, Role.CONTAINER})
"""roles whose host is an address of this machine, never one somewhere else"""


class Side(IntEnum):
    """Where a port is counted."""

    HOST = 0
    EITHER = 1
    """a value given to a container: what it means is known only inside"""
    INSIDE = 2


class _Place(Struct, frozen=True):
    """What decides which values of an entry are right."""

    environment: str | None
    strict: bool
    """the environment's value is the only right one; else the default is right as well"""
    side: Side
    fallback: bool
    """the value taken when the variable is unset: the default itself, not another port of the range"""

    def match(
        self, literal: PortLiteral, verdict: Verdict, by: str = "", *entries: Entry, right: PortRange | None = None
    ) -> Match:
        """The match of a literal at this place: one entry is the one that is meant, several are meant equally well."""
        one = len(entries) == 1
        return Match(
            literal=literal,
            verdict=verdict,
            entry=entries[0] if one else None,
            by=by,
            environment=self.environment,
            expected=right,
            inside=self.side is not Side.HOST,
            entries=() if one else entries,
        )


def resolve(
    facts: Sequence[Facts],
    registry: Registry | None,
    settings: Settings,
    reported: AbstractSet[str] | None = None,
    topology: Topology | None = None,
) -> Resolution:
    """All port literals of `facts`, a match for each that is asked for, and what is known of the compose services.

    reported: the paths whose literals are asked about; None: all. topology: what runs; None: nothing is known of it.
    """
    topology = topology or Topology()
    environments = Environments(facts, registry, settings)
    entries = Entries(registry, environments.named) if registry is not None else None
    services = Services(facts, entries)
    literals = tuple(_literals(facts, entries))
    resolver = _Resolver(settings, registry, environments, entries, services)
    asked = literals if reported is None else [literal for literal in literals if literal.path in reported]
    matches = [resolver.match(literal) for literal in asked]
    if registry is None:
        declared = Declared(literals, {literal.port for literal in asked})
        matches = [declared.noted(match) for match in matches]
    return Resolution(
        literals=literals,
        matches=tuple(matches),
        environments=environments.of,
        services=services.entries_of(reported),
        stacks=stacks(facts, services.listening, topology),
    )


def _literals(facts: Sequence[Facts], entries: Entries | None) -> Iterator[PortLiteral]:
    """The literals, and the candidates whose variable is used as a port somewhere or is a registered one."""
    used = {reference.variable for each in facts for reference in each.references}
    if entries is not None:
        used |= entries.by_variable.keys()
    for each in facts:
        yield from each.literals
        for candidate in each.candidates:
            if candidate.variable in used:
                yield candidate


def _bare(segment: str) -> str:
    """A segment of a subject without its index: `ports` of `ports[0]`."""
    return segment.partition("[")[0]


class _Resolver:
    def __init__(
        self,
        settings: Settings,
        registry: Registry | None,
        environments: Environments,
        entries: Entries | None,
        services: Services,
    ) -> None:
        self._allowed: dict[tuple[int, int | None], bool] = {}
        self._allow = Intervals((ports, ports) for ports in settings.allow)
        self._reserved = Intervals((r.ports, r) for r in registry.reserved) if registry is not None else None
        self._is_test = matcher(settings.tests)
        self._environments = environments
        self._entries = entries
        self._services = services
        self._values_of: dict[tuple[str, _Place], tuple[PortRange, ...]] = {}

    def match(self, literal: PortLiteral) -> Match:
        """The entry that a literal means, and the verdict."""
        called = literal.host is not None and self._services.called(literal.host, literal.path) is not None
        path, spot = literal.path, place_of(literal)
        place = _Place(
            self._environments.of.get(path) if literal.format not in PAGES else self._environment(literal),
            path in self._environments.explicit or literal.format in OF_ONE_ENVIRONMENT,
            self._side(literal, called, spot),
            literal.role is Role.FALLBACK or literal.form == "fallback",
        )
        if not literal.valid:
            return place.match(literal, Verdict.UNKNOWN)
        if is_public(literal.host) and literal.role not in _SIDES and not called and not self._is_alias(literal.host):
            return place.match(literal, Verdict.FOREIGN)
        if self._entries is not None:
            return self._by_entry(literal, place, self._entries, spot)
        return place.match(literal, Verdict.ALLOWED if self._is_allowed(literal) else Verdict.UNKNOWN)

    def _environment(self, literal: PortLiteral) -> str | None:
        """The environment of a literal in a page: that of the file, or of the table's column."""
        known = self._environments.of.get(literal.path)
        return known if known is not None else self._environments.of_column(literal.subject)

    def _by_entry(self, literal: PortLiteral, place: _Place, entries: Entries, spot: Place) -> Match:
        mapping = self._services.containers.get(spot)
        if mapping is not None and not (literal.variable and literal.variable in entries.by_variable):
            return self._container_side(literal, place, mapping, entries)
        for by, named in self._answers(literal, entries):
            here = replace(place, environment=named.environment, strict=True) if named.environment else place
            fitting = [entry for entry in named.entries if self._fits(literal, entry, here)]
            if fitting:
                verdict = Verdict.MATCH if len(fitting) == 1 else Verdict.AMBIGUOUS
                return place.match(literal, verdict, by, *fitting)
            if not named.sure:
                continue
            if len(named.entries) > 1:
                if by in ("host", "service"):
                    # A service may well have ports that no entry names, such as one for a debugger.
                    continue
                return place.match(literal, Verdict.AMBIGUOUS, by, *named.entries)
            entry = named.entries[0]
            if by != "variable" and self._is_allowed(literal):
                return place.match(literal, Verdict.ALLOWED, by, entry)
            return place.match(literal, Verdict.MISMATCH, by, entry, right=self._values(entry, here)[0])
        return self._by_number(literal, place, entries)

    def _by_number(self, literal: PortLiteral, place: _Place, entries: Entries) -> Match:
        if self._is_allowed(literal):
            return place.match(literal, Verdict.ALLOWED)
        found = entries.numbered(literal.ports, place.environment, place.side is Side.INSIDE)
        if found and not self._is_another(literal, entries):
            return place.match(literal, Verdict.MATCH if len(found) == 1 else Verdict.AMBIGUOUS, "number", *found)
        reserved = self._reserved is not None and self._reserved.overlapping(literal.ports)
        return place.match(literal, Verdict.RESERVED if reserved else Verdict.UNKNOWN)

    def _container_side(self, literal: PortLiteral, place: _Place, mapping: Mapping, entries: Entries) -> Match:
        """The container side of a mapping belongs to the entry of its published side; the registry may know it."""
        owners: tuple[Entry, ...] = ()
        by = "service"
        if mapping.published is not None and mapping.published.valid:
            published = self.match(mapping.published)
            owners, by = (published.entry,) if published.entry else (), published.by
        elif mapping.published_variable is not None:
            owners, by = entries.by_variable.get(mapping.published_variable, ()), "variable"
        elif literal.service is not None:
            owned = self._services.meant((literal.path, literal.service)).entries
            owners = tuple(e for e in owned if e.container_port is not None and e.container_port in literal.ports)
        if len(owners) != 1:
            return place.match(literal, Verdict.ALLOWED if self._is_allowed(literal) else Verdict.UNKNOWN)
        inside = owners[0].container_port
        if inside is None or inside in literal.ports:
            return place.match(literal, Verdict.MATCH, by, *owners)
        if self._is_allowed(literal):
            return place.match(literal, Verdict.ALLOWED, by, *owners)
        if by == "number":
            # That the published number is an entry's says nothing against the container.
            return place.match(literal, Verdict.UNKNOWN)
        # The container's port has no variable, whatever the published one has.
        return place.match(literal, Verdict.MISMATCH, "service", *owners, right=PortRange(inside, inside))

    def _is_allowed(self, literal: PortLiteral) -> bool:
        key = literal.port, literal.end_port
        known = self._allowed.get(key)
        if known is None:
            ports = literal.ports
            found = self._allow.overlapping(ports)
            known = self._allowed[key] = any(ports.start in allowed and ports.end in allowed for allowed in found)
        return known

    def _is_alias(self, host: str | None) -> bool:
        return self._entries is not None and host in self._entries.by_variable

    def _is_another(self, literal: PortLiteral, entries: Entries) -> bool:
        """Whether the place names a well-known service that is no entry, at its usual port: `grafana_port = 3000`."""
        for word in (literal.library, literal.name, literal.host, literal.service):
            service = well_known.of_identifier(word) if word else None
            if service is not None and literal.port in service.ports:
                return not entries.carrying(service.name)
        return False

    def _answers(self, literal: PortLiteral, entries: Entries) -> Iterator[tuple[str, Named]]:
        """What names an entry at the place, in the order in which it counts."""
        if literal.variable is not None and (known := entries.by_variable.get(literal.variable)):
            yield "variable", Named(known, True)
        neutral = names_this_machine(literal.host) or literal.role in _SIDES
        if not neutral and literal.host is not None:
            yield "host", self._by_host(literal, literal.host, entries)
        if literal.role is Role.PUBLISH and literal.service is not None:
            yield "service", self._by_service(literal, literal.service)
        name = self._by_name(literal, entries)
        library = entries.for_library(literal.library) if literal.library else NOBODY
        both = name.sure and library.sure and name.entries and library.entries
        agree = not both or not {e.name for e in name.entries}.isdisjoint(e.name for e in library.entries)
        for by, named in (("name", name), ("library", library)):
            if named.entries:
                yield by, named if neutral and agree else replace(named, sure=False)
        if literal.service is not None and literal.role is not Role.PUBLISH:
            yield "service", replace(self._by_service(literal, literal.service), sure=False)

    def _by_host(self, literal: PortLiteral, host: str, entries: Entries) -> Named:
        called = self._services.called(host, literal.path)
        if called is not None and called.entries:
            told = called.told or any(entry.container_port is not None for entry in called.entries)
            return Named(called.entries, told and not called.guessed)
        named = entries.named(host)
        if called is not None:
            # A service of the repository that is none of the entries; a name that merely looks like one is not enough.
            return replace(named, sure=False)
        return named

    def _by_service(self, literal: PortLiteral, service: str) -> Named:
        """The entries that the surrounding compose service is."""
        key = (literal.path, service)
        meant = self._services.meant(key)
        found = meant.entries
        if meant.guessed:
            return Named(found, False)
        if key in self._services.single:
            return Named(found, bool(found))
        mapping = self._services.published.get(place_of(literal))
        if mapping is None or mapping.container is None:
            return Named(found, False)
        inside = mapping.container.port
        owners = tuple(entry for entry in found if entry.container_port == inside)
        return Named(owners, True) if owners else Named(found, False)

    def _by_name(self, literal: PortLiteral, entries: Entries) -> Named:
        name = literal.name
        if literal.service is not None and (name is None or name == literal.service):
            return NOBODY
        route = literal.subject.rpartition(":")[2].rsplit(".", 2)
        own = name or (_bare(route[-1]) if literal.service is None else "")
        named = entries.named(own) if own else NOBODY
        if not named.entries and len(route) > 1 and literal.service is None and not entries.says_more(own):
            # `port` in the class `RedisConfig` or under the key `redis`.
            named = entries.named(_bare(route[-2]))
        if literal.form == "url" and set(words(own)) <= generic_words() | scheme_words():
            return replace(named, sure=False)
        if named.sure and self._is_test(literal.path) and not (name and name.isupper()):
            # Tests make up values for one case; what they say in capitals is about the services that they use.
            return replace(named, sure=False)
        return named

    def _side(self, literal: PortLiteral, called: bool, spot: Place) -> Side:
        if literal.role is Role.PUBLISH or spot in self._services.published:
            return Side.HOST
        if literal.host is not None and is_container_host(literal.host):
            return Side.HOST
        if literal.role is Role.CONTAINER or spot in self._services.containers or literal.format in IMAGES:
            return Side.INSIDE if literal.variable is None else Side.EITHER
        if literal.service is not None:
            if section(literal) == "environment" and names_this_machine(literal.host):
                # A URL with localhost is for the browser outside; a bare number is for the container.
                return Side.HOST if literal.form == "url" else Side.EITHER
            return Side.INSIDE
        if literal.path in self._services.env_files and literal.variable not in self._services.publishing:
            return Side.HOST if literal.form == "url" and names_this_machine(literal.host) else Side.EITHER
        return Side.INSIDE if called else Side.HOST

    def _fits(self, literal: PortLiteral, entry: Entry, place: _Place) -> bool:
        first, last = literal.port, literal.port if literal.end_port is None else literal.end_port
        return any(value.start <= last and first <= value.end for value in self._values(entry, place))

    def _values(self, entry: Entry, place: _Place) -> tuple[PortRange, ...]:
        """The values that an entry may have at a place, the one to write first."""
        key = (entry.name, place)
        known = self._values_of.get(key)
        if known is None:
            known = self._values_of[key] = tuple(dict.fromkeys(self._all_values(entry, place)))
        return known

    def _all_values(self, entry: Entry, place: _Place) -> Iterator[PortRange]:
        inside = place.side is not Side.HOST
        if inside and entry.container_port is not None:
            yield PortRange(entry.container_port, entry.container_port)
        if inside:
            yield from self._services.inside_of.get(entry.name, ())
        if place.side is not Side.INSIDE or entry.container_port is None:
            yield from _host_values(entry, place)


def _host_values(entry: Entry, place: _Place) -> Iterator[PortRange]:
    own = entry.environments.get(place.environment) if place.environment is not None else None
    if own is not None:
        yield own
        if place.strict:
            return
    yield PortRange(entry.default, entry.default)
    if entry.range is not None and not place.fallback:
        yield entry.range
