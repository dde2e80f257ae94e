"""What can be said of a port at this moment."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

PROTOCOLS = {"tcp": ("tcp",), "udp": ("udp",), "both": ("tcp", "udp")}
"""an entry's `protocol` to the protocols that are bound"""


class State(StrEnum):
    """How it stands with a service's port."""

    FREE = "free"
    BUSY = "busy"
    """somebody holds it"""
    RESERVED = "reserved"
    """the registry keeps it for something else, so that nobody may choose it; whether it is held is told beside it"""
    OUT_OF_RANGE = "out of range"
    """the variable holds a number, or the registry a default, that is not among the allowed ports"""
    INVALID = "invalid"
    """the variable holds no port number"""
    NOT_PERMITTED = "not permitted"
    """free, but this user may not bind it: a privileged port"""


class Holder(Struct, frozen=True):
    """Who holds a port, as far as this user may know. Text is as the system gives it: escape it before printing."""

    pid: int | None = None
    """None: another user's process, which cannot be looked at, or no process at all"""
    name: str = ""
    """of the program"""
    user: str = ""
    command: tuple[str, ...] = ()
    note: str = ""
    """what is not plain: it only reserves the port, or is a client; where nobody can be named, why"""

    def __str__(self) -> str:
        """`pid 4711 (python3, user ann)`, `another user (redis)`"""
        if self.pid is None and not self.user:
            return self.note or "a process that cannot be seen"
        facts = ", ".join([self.name] * bool(self.name) + [f"user {self.user}"] * bool(self.user))
        who = (
            f"another user ({self.user})" if self.pid is None else f"pid {self.pid}" + (f" ({facts})" if facts else "")
        )
        return f"{who}, {self.note}" if self.note else who


class Refusal(Struct, frozen=True):
    """A port that was looked at and not taken, and why: `held by pid 4711 (python3, user ann)`."""

    port: int
    reason: str


class PortState(Struct, frozen=True, kw_only=True):
    """What `PortRegistry.validate_all` says of one service."""

    service: str
    port: int | None
    """None where the variable holds no number"""
    state: State
    holders: tuple[Holder, ...] = field(default=())
    reserved_for: str | None = None
    """the service outside the registry that the port is reserved for"""
    message: str = ""
    """one line for a person; empty for a free port"""
