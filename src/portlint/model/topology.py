"""What runs, where it listens, who connects to it: the result of the topology stage.

Every statement carries its evidence. The stage knows nothing of the registry.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from msgspec import Struct

from portlint.model.places import PortRange, Span


class Evidence(Struct, frozen=True):
    """The place that tells something, and what it is."""

    path: str
    span: Span
    by: str
    """in a reader's words: `its command`, `EXPOSE in api/Dockerfile`, `uvicorn listens there by default`"""


class Rank(IntEnum):
    """How much a statement about a listener is to be believed; the lowest number wins."""

    TOLD = 1
    """the program is told: its command, or a variable that it reads"""
    CODE = 2
    """its code or its configuration binds it"""
    DEFAULT = 3
    """the default of a server that the world knows"""
    IMAGE = 4
    """the default of an image that the world knows"""
    EXPOSE = 5
    MAPPING = 6
    """the container side of a mapping"""
    HINT = 7
    """a health check, a label, the name of a file: no ground for a claim"""


class Reach(StrEnum):
    """Who can reach what is bound to an address."""

    LOOPBACK = "loopback"
    ALL = "all"
    ONE = "one"
    """one address that is not loopback"""
    UNKNOWN = "unknown"


class PortValue(Struct, frozen=True):
    """A port, or what is known of one. Evaluated under an environment it gives `ports`."""

    ports: PortRange | None
    """None: not known"""
    variable: str | None = None
    """the variable that moves it"""
    evidence: Evidence | None = None
    """the literal that it stands for, or the place of the variable's value"""


class Program(Struct, frozen=True):
    """What a workload starts."""

    words: tuple[str, ...]
    """the program and its arguments, wrappers taken off, variables put in; a word that is not known is empty"""
    server: str | None
    """its name in `rules/servers.yaml`; None: the world does not know it"""
    evidence: Evidence


class Listener(Struct, frozen=True):
    """A port that a workload listens on."""

    value: PortValue
    rank: Rank
    evidence: Evidence
    protocol: str = "tcp"
    reach: Reach = Reach.UNKNOWN
    address: str | None = None
    """the address as it is written, or the server's default"""


class Listeners(Struct, frozen=True):
    """What a workload listens on. "Somebody answers there" needs one listener; "nobody does" needs a complete set."""

    all: tuple[Listener, ...]
    """the best rank first"""
    complete: bool
    why_not: str = ""
    """what keeps the set from being complete, in a reader's words"""
