"""The registry's entries by variable, by name and by number, each indexed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct

from portlint.algorithms.intervals import MOST, Intervals
from portlint.knowledge import well_known
from portlint.knowledge.identifiers import entry_vocabulary, words
from portlint.model import Entry, PortRange, Registry

_PORT_WORDS = frozenset({"port", "ports"})
_MOST_PORTS = 8
"""a literal's range is looked up port by port up to this length; a longer one is held against the ranges only"""


def generic_words() -> frozenset[str]:
    """Words of an identifier that say nothing about which service is meant."""
    return entry_vocabulary("generic")


def scheme_words() -> frozenset[str]:
    """Words that say how a URL is spoken to, not whose it is."""
    return entry_vocabulary("schemes")


class Named(Struct, frozen=True):
    """The entries that an identifier means."""

    entries: tuple[Entry, ...]
    sure: bool
    """the identifier says this service and nothing else, so that another number is a mismatch"""
    environment: str | None = None
    """the environment that the identifier speaks of: `REDIS_STAGING_PORT`"""


NOBODY = Named((), False)

Key = frozenset[str]
K = TypeVar("K")


class Entries:
    """Answers which entries a variable, an identifier, a library or a number means."""

    def __init__(self, registry: Registry, environment_of: Callable[[str], str | None]) -> None:
        self._environment_of = environment_of
        self._known: dict[str, Named] = {}
        self._libraries: dict[str, Named] = {}
        self.by_variable: dict[str, tuple[Entry, ...]] = {}
        self._full: dict[Key, tuple[Entry, ...]] = {}
        self._stripped: dict[Key, tuple[Entry, ...]] = {}
        self._defaults: dict[int, tuple[Entry, ...]] = {}
        self._valued: dict[tuple[str, int], tuple[Entry, ...]] = {}
        inside: list[tuple[PortRange, Entry]] = []
        anywhere: list[tuple[PortRange, Entry]] = []
        keys: list[tuple[Key, Entry]] = []
        self._order = {entry.name: number for number, entry in enumerate(registry.entries)}
        for entry in registry.entries:
            names = [entry.name, *entry.aliases]
            if entry.env_var:
                names.append(entry.env_var)
                _add(self.by_variable, entry.env_var, entry)
            for alias in entry.aliases:
                _add(self.by_variable, alias, entry)
            for name in names:
                key = frozenset(words(name)) - _PORT_WORDS
                stripped = key - generic_words()
                if key:
                    _add(self._full, key, entry)
                    keys.append((key, entry))
                if stripped:
                    _add(self._stripped, stripped, entry)
            _add(self._defaults, entry.default, entry)
            for environment, ports in entry.environments.items():
                anywhere.append((ports, entry))
                if ports.start == ports.end:
                    _add(self._valued, (environment, ports.start), entry)
            if entry.range is not None:
                anywhere.append((entry.range, entry))
            if entry.container_port is not None:
                inside.append((PortRange(entry.container_port, entry.container_port), entry))
        self._inside = Intervals(inside)
        self._anywhere = Intervals(anywhere)
        self._by_word: dict[str, list[Entry]] = {}
        for key, entry in keys:
            for word in key:
                self._by_word.setdefault(word, []).append(entry)
        # An entry is found by its rarest word, so that two thousand entries `svc_...` are not all tried for each name.
        self._by_rarest: dict[str, list[tuple[Key, Entry]]] = {}
        for key, entry in keys:
            self._by_rarest.setdefault(min(key, key=self._rarity), []).append((key, entry))

    def _rarity(self, word: str) -> tuple[int, str]:
        return len(self._by_word[word]), word

    def named(self, identifier: str) -> Named:
        """The entries that an identifier means, word by word; NOBODY where it means none."""
        known = self._known.get(identifier)
        if known is None:
            known = self._known[identifier] = self._named(frozenset(words(identifier)) - _PORT_WORDS)
        return known

    def says_more(self, identifier: str) -> bool:
        """Whether an identifier has a word that could name a service."""
        return not set(words(identifier)) <= generic_words()

    def _named(self, key: Key) -> Named:
        if not key:
            return NOBODY
        core = key - generic_words()
        exact = self._exact(key, core)
        if exact:
            return Named(exact, bool(core))
        spoken = {word: environment for word in core if (environment := self._environment_of(word)) is not None}
        if len(set(spoken.values())) == 1:
            rest = core.difference(spoken)
            if rest and (exact := self._exact(rest, rest)):
                environment = next(iter(spoken.values()))
                told = all(environment in entry.environments for entry in exact)
                return Named(exact, told, environment if told else None)
        return Named(self._contained(key), False)

    def _exact(self, key: Key, core: Key) -> tuple[Entry, ...]:
        return self._full.get(key) or self._full.get(core) or self._stripped.get(core) or ()

    def _contained(self, key: Key) -> tuple[Entry, ...]:
        """The entries all of whose words are among those of the key, in the registry's order; where several are, those
        with most words."""
        found = {
            entry.name: (len(words_), entry)
            for word in key
            for words_, entry in self._by_rarest.get(word, ())
            if words_ <= key
        }
        most = max((count for count, _ in found.values()), default=0)
        longest = (entry for count, entry in found.values() if count == most)
        return tuple(sorted(longest, key=lambda entry: self._order[entry.name]))

    def for_library(self, name: str) -> Named:
        """The entries of a well-known service: those that carry its name, else those with its usual port."""
        known = self._libraries.get(name)
        if known is None:
            known = self._libraries[name] = self._for_library(name)
        return known

    def _for_library(self, name: str) -> Named:
        found = self.carrying(name)
        service = well_known.by_name().get(name)
        if not found and service is not None:
            # `cache: {default: 6379}` is the redis of this repository; `ui: {default: 3000}` need not be its grafana.
            own = [port for port in service.ports if all(other.data_store for other in well_known.by_port()[port])]
            found = tuple({e.name: e for port in own for e in self._defaults.get(port, ())}.values())
        return Named(found, True)

    def carrying(self, name: str) -> tuple[Entry, ...]:
        """The entries that have the name of a well-known service, or a word that means it, among their words."""
        service = well_known.by_name().get(name)
        spoken = sorted({name, *(service.words if service else ())})
        return tuple({entry.name: entry for word in spoken for entry in self._by_word.get(word, ())}.values())

    def numbered(self, ports: PortRange, environment: str | None, inside: bool) -> tuple[Entry, ...]:
        """The entries that own a number: by their value in the environment, by default, by anything else they allow.

        inside: the port is one inside a container, where `container_port` says more than `default`.
        """
        numbers = range(ports.start, min(ports.end, ports.start + _MOST_PORTS - 1) + 1)
        if inside and (found := self._inside.overlapping(ports)):
            return found
        if environment is not None and (found := _first(self._valued.get((environment, n)) for n in numbers)):
            return found
        found = _first(self._defaults.get(n) for n in numbers) or self._anywhere.overlapping(ports)
        # What runs in a container does not always say so: `server.listen(5000)` of an image.
        return found or self._inside.overlapping(ports)


def _add(index: dict[K, tuple[Entry, ...]], key: K, entry: Entry) -> None:
    """Note one more entry under a key; what very many share says nothing about which one is meant."""
    known = index.get(key, ())
    if len(known) < MOST and all(other is not entry for other in known):
        index[key] = (*known, entry)


def _first(found: Iterable[tuple[Entry, ...] | None]) -> tuple[Entry, ...]:
    """The first answer that names an entry."""
    return next((entries for entries in found if entries), ())
