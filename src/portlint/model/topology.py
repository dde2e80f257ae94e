"""What runs and where it listens: the result of the topology stage.

Every statement carries its evidence. The stage knows nothing of the registry.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from msgspec import Struct

from portlint.model.facts import Service
from portlint.model.places import Span


class Evidence(Struct, frozen=True):
    """The place that tells something, and what it is."""

    path: str
    span: Span
    by: str
    """in a reader's words, behind "listens on 8000": `its command`, `uvicorn's default`"""


class Rank(IntEnum):
    """How much a statement about a listener is to be believed: the lowest number wins."""

    TOLD = 1
    """the program is told: by its command, or by a variable that it reads"""
    CODE = 2
    """its code or its configuration binds it"""
    DEFAULT = 3
    """a server that the world knows listens there unless it is told otherwise, and it is not"""


class Listener(Struct, frozen=True):
    """A port that a workload listens on."""

    port: int
    rank: Rank
    evidence: Evidence
    address: str | None = None
    """what it binds: as it is told, or by default; None: not known"""
    bound: Evidence | None = None
    """the place that tells what it binds"""
    server: str = ""
    """the program or the call, as people call it"""
    protocol: str = "tcp"
    variables: tuple[str, ...] = ()
    """the variables and options that the port came through"""
    movable: tuple[str, ...] = ()
    """those of them that somebody outside can set: in the shell, an env file, or as a user of the image"""


class Listeners(Struct, frozen=True):
    """What a workload listens on. "Somebody answers there" needs one listener; "nobody does" needs a complete set."""

    known: tuple[Listener, ...] = ()
    complete: bool = False
    why_not: str = ""
    """what keeps the set from being complete, in a reader's words"""


class Given(Struct, frozen=True):
    """A variable that a workload gets, with the port or the host that it holds."""

    name: str
    host: str | None
    """of an address; None: the value is a port alone"""
    port: int
    evidence: Evidence
    """the place that gives it to the workload"""
    written: Evidence
    """the place where the number is written: that of the last variable it came through"""
    variables: tuple[str, ...] = ()
    """the variables that the number came through; none: it stands at the place itself"""


class Topology(Struct, frozen=True):
    """What runs. A run over a few files asks few services, so that each is worked out when it is asked about."""

    service: Callable[[tuple[Service, ...], tuple[str, ...]], Listeners] = lambda definitions, env_files: Listeners()
    """what a compose service listens on: of its definitions in the order in which they are merged, and the env files
    that a command names in the place of `.env`"""
    given: Callable[[tuple[Service, ...], tuple[str, ...]], tuple[Given, ...]] = lambda definitions, env_files: ()
    """the ports among the variables of a compose service's `environment`; asked like `service`"""
    image: Callable[[str, str | None], Listeners] = lambda dockerfile, target: Listeners()
    """what the image of a Dockerfile's stage starts by itself; target: None for the last one"""
