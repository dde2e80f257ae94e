"""Compose services: which registry entries they are, by what names they are called, and what they listen on inside."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import cached_property

from msgspec import Struct

from portlint.knowledge import well_known
from portlint.model import Entry, Facts, Listening, Mapping, PortLiteral, PortRange, Service
from portlint.resolve.entries import Entries
from portlint.resolve.listening import Listeners

ServiceKey = tuple[str, str]
"""path of the compose file, name of the service"""
Place = tuple[str, int, str | None]
"""path, byte offset and service: what tells a literal apart where two services share one through an anchor"""

_MOST_INSIDE = 32
"""ports inside containers that are remembered of one entry"""


def place_of(literal: PortLiteral) -> Place:
    return literal.path, literal.span.start, literal.service


class Services:
    """All compose services of the repository."""

    def __init__(self, facts: Iterable[Facts], entries: Entries | None) -> None:
        self._entries = entries
        self._meant: dict[ServiceKey, Meant] = {}
        self.single: set[ServiceKey] = set()
        """services that publish one port, which is then the service's own"""
        self.containers: dict[Place, Mapping] = {}
        """the place of a mapping's container side to the mapping"""
        self.published: dict[Place, Mapping] = {}
        self.env_files: set[str] = set()
        """env files whose variables containers get"""
        self.publishing: set[str] = set()
        """variables of published ports"""
        self._hosts: dict[tuple[str | None, str], list[ServiceKey]] = {}
        self._called: dict[tuple[str | None, str], Called] = {}
        everything = tuple(facts)
        self._listeners = Listeners(everything)
        self._listening: dict[int, tuple[Listening, ...]] = {}
        """by identity: documents of one file may define a service each under one name"""
        self._defined: dict[ServiceKey, Service] = {}
        for each in everything:
            for service in each.services:
                self._add(service)

    def listening(self, service: Service) -> tuple[Listening, ...]:
        """What one definition of a service says that it listens on."""
        known = self._listening.get(id(service))
        if known is None:
            known = self._listening[id(service)] = self._listeners.of(service)
        return known

    def _listens(self, service: Service) -> tuple[PortRange, ...]:
        """The ports that it surely listens on."""
        return tuple(dict.fromkeys(each.ports for each in self.listening(service) if each.sure))

    def _add(self, service: Service) -> None:
        key = (service.path, service.name)
        self.env_files.update(service.env_files)
        for mapping in service.mappings:
            if mapping.published_variable is not None:
                self.publishing.add(mapping.published_variable)
            if mapping.container is not None:
                self.containers[place_of(mapping.container)] = mapping
            if mapping.published is not None:
                self.published[place_of(mapping.published)] = mapping
        self._defined[key] = service
        if sum(m.published is not None or m.published_variable is not None for m in service.mappings) == 1:
            self.single.add(key)
        for host in {service.name, *service.hosts}:
            self._hosts.setdefault((None, host.lower()), []).append(key)
            self._hosts.setdefault((service.path, host.lower()), []).append(key)

    def entries_of(self, reported: AbstractSet[str] | None) -> dict[ServiceKey, tuple[Entry, ...]]:
        """The entries that services are; nothing without a registry. reported: the compose files that are asked about;
        None: all."""
        if self._entries is None:
            return {}
        return {key: self.meant(key).entries for key in self._defined if reported is None or key[0] in reported}

    def meant(self, key: ServiceKey) -> Meant:
        """The entries that a service is."""
        known = self._meant.get(key)
        if known is None:
            known = self._meant[key] = self._found(key)
        return known

    def _found(self, key: ServiceKey) -> Meant:
        service = self._defined.get(key)
        if service is None or self._entries is None:
            return Meant((), False)
        told = self._told(service, self._entries)
        image = well_known.of_image(service.image) if service.image and not told else None
        return Meant(told, False) if image is None else Meant(self._entries.for_library(image.name).entries, True)

    @cached_property
    def inside_of(self) -> dict[str, list[PortRange]]:
        """Entry name to the ports that its services listen on."""
        out: dict[str, list[PortRange]] = {}
        for key, service in self._defined.items():
            for entry in self.meant(key).entries:
                known = out.setdefault(entry.name, [])
                if len(known) < _MOST_INSIDE:
                    known += [ports for ports in self._listens(service) if ports not in known]
        return out

    def _told(self, service: Service, entries: Entries) -> tuple[Entry, ...]:
        """The entries that a service is by the variables that it publishes and by its names."""
        found: dict[str, Entry] = {}
        for mapping in service.mappings:
            variable = mapping.published_variable or (mapping.published.variable if mapping.published else None)
            if variable is not None:
                found |= {entry.name: entry for entry in entries.by_variable.get(variable, ())}
        for name in (service.name, *service.hosts):
            named = entries.named(name)
            if named.sure:
                found |= {entry.name: entry for entry in named.entries}
        return tuple(found.values())

    def called(self, host: str, path: str) -> Called | None:
        """What a host name means: the services of the same compose file before those of any other."""
        key: tuple[str | None, str] = (path, host.lower())
        if key not in self._hosts:
            key = (None, host.lower())
            if key not in self._hosts:
                return None
        known = self._called.get(key)
        if known is None:
            services = self._hosts[key]
            meant = [self.meant(service) for service in services]
            entries = {entry.name: entry for each in meant for entry in each.entries}
            told = all(self._listens(self._defined[service]) for service in services)
            guessed = any(each.guessed for each in meant)
            known = self._called[key] = Called(tuple(entries.values()), told, guessed)
        return known


class Meant(Struct, frozen=True):
    """The entries that a service is."""

    entries: tuple[Entry, ...]
    guessed: bool
    """only its image tells: a second redis may well be another service"""


class Called(Struct, frozen=True):
    """The compose services of one host name."""

    entries: tuple[Entry, ...]
    told: bool
    """it is known what each of them listens on"""
    guessed: bool
    """only an image tells which entry one of them is"""
