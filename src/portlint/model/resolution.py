"""Which registry entry a literal means, and what the files say together: the result of the resolve stage."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from enum import StrEnum
from functools import cached_property

from msgspec import Struct, field

from portlint.model.facts import PortLiteral, Service
from portlint.model.places import PortRange
from portlint.model.registry import Entry
from portlint.model.topology import Evidence, Listeners


class Verdict(StrEnum):
    """How a port literal stands to the registry."""

    MATCH = "match"
    """an entry is meant, and the port is one of its values here"""
    MISMATCH = "mismatch"
    """an entry is meant by variable, host, name or library, and the port is not one of its values here"""
    AMBIGUOUS = "ambiguous"
    """two entries are meant equally well: nothing is claimed"""
    RESERVED = "reserved"
    """no entry is meant; a reservation knows the port"""
    ALLOWED = "allowed"
    """no entry is meant; the port is on the allowed list"""
    FOREIGN = "foreign"
    """the host is public, not ours: listed, not judged"""
    UNKNOWN = "unknown"
    """nothing knows the port"""


class Match(Struct, frozen=True, kw_only=True):
    """Which entry a port literal means, how that is known, and the verdict."""

    literal: PortLiteral
    verdict: Verdict
    entry: Entry | None = None
    by: str = ""
    """what named the entry: variable, host, service (whose definition holds it), name, library or number"""
    environment: str | None = None
    """the environment that the literal's file belongs to"""
    expected: PortRange | None = None
    """the value that is right at this place, where the verdict is a mismatch"""
    inside: bool = False
    """the port is one inside a container's network, not one of the host"""
    entries: tuple[Entry, ...] = ()
    """the entries that are meant equally well, where the match is ambiguous; the first few of very many"""
    declared: PortLiteral | None = None
    """without a registry: the place where the repository gives this port to the variable that is meant"""


class Listening(Struct, frozen=True):
    """A port that a service listens on inside its container, as one place of the repository tells."""

    ports: PortRange
    by: str
    """what tells it, one of LISTENING_SOURCES"""
    where: PortLiteral | None = None
    """the place; None for an image that the world knows"""
    word: str = ""
    """what names the source: the image's name"""
    evidence: Evidence | None = None
    """the place where it is no port literal that tells it: a command that leaves the default as it is"""

    @property
    def sure(self) -> bool:
        """Whether it alone says what the service listens on; else it only keeps another claim from being made."""
        return self.by in SURE_SOURCES


SURE_SOURCES = (
    "program",  # what the program is told, or its default: see the topology
    "command",  # the compose file's `command` or `entrypoint`: --port 8000
    "mapping",  # the container side of a published port
    "expose",  # `expose` in the compose file
    "EXPOSE",  # of the Dockerfile that it builds
    "CMD",  # of that Dockerfile, ENTRYPOINT included
    "image",  # one that the world knows
)


LISTENING_SOURCES = (
    *SURE_SOURCES,
    "environment",  # a port among its variables
    "healthcheck",
    "label",  # loadbalancer.server.port
    "config",  # a setting of that port in a configuration file of the repository
)


class Member(Struct, frozen=True, eq=False, dict=True):
    """A service of a stack, as all its definitions together say. A run over a few files asks few members where they
    listen, so that is worked out for those alone."""

    name: str
    definitions: tuple[Service, ...]
    """what it extends first, then those of the files in the order in which they are merged"""
    network: str
    """the service whose network it uses, mostly its own; members with the same one share their ports"""
    tell: Callable[[Service], tuple[Listening, ...]]
    """what one definition says that the service listens on"""
    run: Callable[[tuple[Service, ...]], Listeners] = lambda definitions: Listeners()
    """what the programs listen on that all definitions together start"""

    @cached_property
    def runs(self) -> Listeners:
        """What its programs listen on."""
        return self.run(self.definitions)

    @cached_property
    def listens(self) -> tuple[Listening, ...]:
        """What it listens on, each port and source once."""
        runs = self.runs
        # Where something may listen elsewhere, what is known is no ground for a claim.
        by = "program" if runs.complete else "environment"
        found = [
            Listening(PortRange(each.port, each.port), by, None, each.evidence.by, each.evidence) for each in runs.known
        ]
        found += (each for service in self.definitions for each in self.tell(service))
        out: dict[tuple[PortRange, str], Listening] = {}
        for each in found:
            out.setdefault((each.ports, each.by), each)
        return tuple(out.values())

    @property
    def hosts(self) -> tuple[str, ...]:
        """All names that it is reached by, its own first."""
        return tuple(dict.fromkeys((self.name, *(host for each in self.definitions for host in each.hosts))))


class Stack(Struct, frozen=True):
    """Compose services that run together."""

    paths: tuple[str, ...]
    """the compose files, the base first; the later ones are merged into it"""
    members: tuple[Member, ...]
    env_files: tuple[str, ...] = ()
    """paths of the env files that the command names in the place of `.env`"""


class Resolution(Struct, frozen=True, kw_only=True):
    """What the resolve stage found out."""

    literals: tuple[PortLiteral, ...] = ()
    """of all files, promoted candidates included"""
    matches: tuple[Match, ...] = ()
    """one for each of these literals that was asked for, in their order"""
    environments: MappingABC[str, str] = field(default_factory=dict)
    """path to environment, for the files that belong to one"""
    services: MappingABC[tuple[str, str], tuple[Entry, ...]] = field(default_factory=dict)
    """path and name of a compose service in a file that was asked for to the registry entries that it is"""
    stacks: tuple[Stack, ...] = ()
