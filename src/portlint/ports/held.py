"""A port that is kept until the service binds it."""

from __future__ import annotations

import socket

from portlint.ports import sockets

_GAP = (
    "nobody can bind the port while it is held: give the service the socket (take), or release the port just before "
    "the service binds it, when somebody else may be faster"
)


class HeldPort(int):
    """A port that this process holds, bound but not listening, until `release` or the end of a `with` block.

    * Linux, TCP: the service binds the port while it is held, if it sets SO_REUSEADDR as servers do. In the gap
      before, no other `reserve`, `find_free`, `lease` or program without SO_REUSEADDR gets the port, and the kernel
      gives it to no client; only a stranger who asks for this very port with SO_REUSEADDR could.
    * Elsewhere, and for UDP: nobody can bind it while it is held. `take` gives the bound socket to a service that can
      use one (asyncio's `sock=`, `uvicorn --fd`, `socketserver`), without any gap; else `release` it right before
      the service starts, which leaves the gap that `gap` names.
    """

    gap: str
    """what the platform leaves open, in words; empty where nothing is"""
    _hold: sockets.Hold

    @classmethod
    def of(cls, hold: sockets.Hold, protocol: str) -> HeldPort:
        """protocol: of the entry: tcp, udp or both."""
        made = cls(hold.port)
        made.gap = "" if sockets.allows_binding_while_held(protocol) else _GAP
        made._hold = hold
        return made

    def __enter__(self) -> HeldPort:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        """In another process it is a plain number: that process does not hold the port."""
        return int, (int(self),)

    @property
    def port(self) -> int:
        return int(self)

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The bound sockets: one for each protocol and address, IPv4 first."""
        return tuple(self._hold.sockets)

    def take(self) -> socket.socket:
        """The first socket, which the caller closes from now on: for `listen` here, or for a child to inherit.

        Raises IndexError where all are taken, or the port is released.
        """
        return self._hold.sockets.pop(0)

    def release(self) -> None:
        """Gives the port back. Once more does nothing."""
        self._hold.close()
