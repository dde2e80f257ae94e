"""The byte prefilter: which numbers of a Python file may be ports, and which statements are worth a parse.

Number first: find the digits, then look at what stands beside them. Nothing that the visitor would report may be
dropped here (a property test holds that against the visitor on everything).
"""

from __future__ import annotations

import re

from portlint.extract.python.context import class_holds_ports
from portlint.extract.python.flow import Flow
from portlint.extract.python.pieces import Piece
from portlint.extract.signs import PORT_WORD
from portlint.naming import is_port_name

# A pattern that begins with a class of characters or with fixed letters is looked for at the speed of memory; one that
# begins with a look behind, or with several ways to go on, is not.
_NUMBER = re.compile(rb"[0-9](?:(?<![0-9A-Za-z.].)|(?<=\\[nrt].))[0-9_]{1,6}(?![0-9A-Za-z]|\.[0-9])")
_BEHIND_COLON = re.compile(rb":[0-9]{2,5}(?:(?![0-9A-Za-z_\]}.%<>]|\.[0-9])|\.(?![0-9])|[{}])")
"""the port of an address or a URL; not a slice, a format or a time"""
_PROTOCOLS = (b"/tcp", b"/udp", b"/sctp", b"._tcp", b"._udp", b"._sctp", b"PROXY TCP")
_PROTOCOLS_IN_PROSE = tuple(word.lower() for word in _PROTOCOLS)
_COLON_IN_PROSE = re.compile(rb":(?<!\[:)(?<!T[0-9]{2}:)[1-9][0-9]{1,5}(?![0-9A-Za-z_%])")
_PROTOCOL = re.compile(rb"[0-9]/(?:tcp|udp|sctp)|_[0-9]{1,5}\._(?:tcp|udp|sctp)|PROXY TCP")
_HOSTS = (b"host", b"addr", b"server", b"listen", b"_ip")
_QUOTED_IPV4 = re.compile(rb"\.[0-9]{1,3}\.[0-9]{1,3}[\"']")
_WORD = re.compile(rb"\w+")


def candidates(data: bytes) -> list[int]:
    """Byte offsets, ascending, of the numbers of two digits and more that may be ports."""
    return [m.end() - 1 for m in _NUMBER.finditer(data)]


def is_promising(piece: Piece, flow: Flow) -> bool:
    """Whether a statement that holds a candidate can hold a port literal."""
    # Whatever else speaks for the statement: what it says of a name counts for the statements behind it.
    flow.notice(piece.code)
    scope = piece.scope
    if (scope.function and is_port_name(scope.function)) or (
        scope.enclosing_class and class_holds_ports(scope.enclosing_class)
    ):
        return True
    return _shows_port(piece.code, flow.called) or flow.concerns(piece.code)


def _shows_port(code: bytes, called: frozenset[bytes]) -> bool:
    if b":" in code and _BEHIND_COLON.search(code) is not None:
        return True
    lower = code.lower()
    if PORT_WORD.search(lower) is not None:
        return True
    if any(word in lower for word in _HOSTS) or _QUOTED_IPV4.search(code) is not None:
        return True
    if any(word in code for word in _PROTOCOLS) and _PROTOCOL.search(code) is not None:
        return True
    return bool(called) and not called.isdisjoint(_WORD.findall(code))


def may_show_port(chunk: bytes, names: frozenset[bytes]) -> bool:
    """Whether a statement, a docstring or a comment somewhere in a stretch of a file can show a port.

    names: those that are used as ports in the file, and those of calls that may take one.
    """
    lower = chunk.lower()
    if PORT_WORD.search(lower) is not None:
        return True
    if b":" in chunk and _COLON_IN_PROSE.search(chunk) is not None:
        return True
    if any(word in lower for word in _HOSTS) or _QUOTED_IPV4.search(chunk) is not None:
        return True
    if (b"tcp" in lower or b"udp" in lower or b"sctp" in lower) and any(word in lower for word in _PROTOCOLS_IN_PROSE):
        return True
    return bool(names) and not names.isdisjoint(_WORD.findall(chunk))
