"""Whether a port can be bound here and now, and how to keep it until somebody binds it.

What "free" means is what `bind` says, asked for the addresses that the service will use: loopback for an `internal`
entry, every address for the others; IPv4, and IPv6 where the machine has it. TCP is asked as a server asks:

* POSIX: with SO_REUSEADDR, so that connections in TIME_WAIT do not count (socket(7), RFC 9293 section 3.6.1). What
  it would hide as well, a socket that is bound but does not listen yet, is told apart by asking without it too. A
  closed server that had *not* set SO_REUSEADDR keeps its port on Linux until TIME_WAIT ends, from everybody: then the
  port really cannot be bound, and is called busy.
* Windows: with SO_EXCLUSIVEADDRUSE, because SO_REUSEADDR there takes a port away from its owner
  (https://learn.microsoft.com/windows/win32/winsock/using-so-reuseaddr-and-so-exclusiveaddruse).

UDP is asked without either: it knows no TIME_WAIT, and SO_REUSEADDR would let two servers share a port.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
from enum import Enum

from portlint.ports import procfs
from portlint.ports.states import PROTOCOLS

LOOPBACK = ("127.0.0.1", "::1")
EVERYWHERE = ("0.0.0.0", "::")

_LINUX = sys.platform == "linux"
_TAKEN = frozenset({errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)})
_LACKING = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, getattr(errno, "WSAEADDRNOTAVAIL", errno.EADDRNOTAVAIL)})
"""The machine has no such address: no IPv6, above all."""
_DENIED = frozenset({errno.EACCES, errno.EPERM, getattr(errno, "WSAEACCES", errno.EACCES)})


class Answer(Enum):
    """What the system says when a port is asked for."""

    FREE = "free"
    TAKEN = "taken"
    DENIED = "denied"


class Hold:
    """Sockets that are bound to a port and do not listen."""

    def __init__(self, port: int, sockets: list[socket.socket], mark: socket.socket | None) -> None:
        self.port = port
        self.sockets = sockets
        self._mark = mark

    def close(self) -> None:
        for each in (*self.sockets, *([self._mark] if self._mark else [])):
            each.close()
        self.sockets = []
        self._mark = None


def addresses(exposure: str | None) -> tuple[str, ...]:
    """Where a service with that `exposure` listens."""
    return LOOPBACK if exposure == "internal" else EVERYWHERE


def probe(port: int, protocol: str, exposure: str | None, *, gently: bool = False) -> Answer:
    """Whether a service can bind a port now. protocol: tcp, udp or both, as an entry has it.

    To ask is to bind for a moment. gently: so that a TCP server that starts at this very moment is not disturbed, if
    it sets SO_REUSEADDR (Linux); a stranger's socket that is bound and does not listen yet is then not seen.
    Raises OSError where the system has no socket left to ask with.
    """
    # BSD systems bind 0.0.0.0 beside a server on 127.0.0.1, who then gets all of its clients: both are asked.
    hosts = dict.fromkeys((*addresses(exposure), *LOOPBACK))
    for kind in PROTOCOLS[protocol]:
        for host in hosts:
            answer = _ask(kind, host, port, gently)
            if answer is not Answer.FREE:
                return answer
    return Answer.FREE


def hold(port: int, protocol: str, exposure: str | None) -> Hold | None:
    """Binds the port and keeps it; None where somebody was faster.

    On Linux a TCP port is bound with SO_REUSEADDR: a server that sets it too, as nearly all do, can bind and listen
    while the port is held. Everywhere else, and for UDP, nobody can.
    """
    kinds = PROTOCOLS[protocol]
    mark = None
    if "tcp" in kinds and _LINUX:
        mark = _marked(port)
        if mark is None:
            return None
    held = Hold(port, [], mark)
    for kind in kinds:
        for host in addresses(exposure):
            try:
                held.sockets.append(_bound(kind, host, port, reuse=kind == "tcp"))
            except OSError as error:
                if error.errno in _LACKING:
                    continue
                held.close()
                if error.errno in _TAKEN | _DENIED:
                    return None
                raise
    return held


def allows_binding_while_held(protocol: str) -> bool:
    """Whether a server that sets SO_REUSEADDR can bind a port that `hold` holds."""
    return _LINUX and protocol == "tcp"


def is_marked(port: int) -> bool:
    """Whether a process holds the TCP port with `hold`. Asking does not disturb one that is about to."""
    if not _LINUX:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(f"\0{procfs.mark_of(port)}")
        except OSError:
            return False
    return True


def _marked(port: int) -> socket.socket | None:
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        mark.bind(f"\0{procfs.mark_of(port)}")
    except OSError:
        mark.close()
        return None
    return mark


def _ask(kind: str, host: str, port: int, gently: bool) -> Answer:
    if gently and kind == "tcp":
        answer = _try(kind, host, port, reuse=True)
        return Answer.TAKEN if answer is Answer.FREE and is_marked(port) else answer
    plain = _try(kind, host, port, reuse=False)
    if kind == "udp" or sys.platform == "win32" or plain is not Answer.TAKEN:
        return plain
    for _ in range(2):
        if _try(kind, host, port, reuse=True) is Answer.TAKEN:
            return Answer.TAKEN
        if _is_left_behind(port):
            return Answer.FREE
        # The old connections may have ended in between.
        if _try(kind, host, port, reuse=False) is Answer.FREE:
            return Answer.FREE
    return Answer.TAKEN


def _try(kind: str, host: str, port: int, *, reuse: bool) -> Answer:
    try:
        _bound(kind, host, port, reuse=reuse).close()
    except OSError as error:
        if error.errno in _DENIED:
            return Answer.DENIED
        if error.errno in _TAKEN:
            return Answer.TAKEN
        if error.errno not in _LACKING:
            raise
    return Answer.FREE


def _is_left_behind(port: int) -> bool:
    """Whether a TCP port that only SO_REUSEADDR opens is kept by old connections, and not by a bound socket.

    Linux lists connections and listeners under /proc/net, sockets that are only bound it does not.
    """
    return not is_marked(port) and (not _LINUX or procfs.has_old_connections(port))


def _bound(kind: str, host: str, port: int, *, reuse: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            with contextlib.suppress(OSError):
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if sys.platform == "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif reuse:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
