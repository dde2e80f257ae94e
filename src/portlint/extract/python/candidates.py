"""The byte prefilter: which numbers of a Python file may be ports, and which statements are worth a parse.

Number first: find the digits, then look at what stands beside them. Nothing that the visitor would report may be
dropped here (a property test holds that against the visitor on everything).
"""

from __future__ import annotations

import re

from portlint.extract.python.context import class_holds_ports
from portlint.extract.python.flow import Flow
from portlint.extract.python.libraries import library
from portlint.extract.python.pieces import Piece
from portlint.naming import is_port_name

_NUMBER = re.compile(
    rb"(?<![0-9A-Za-z.])_?[0-9][0-9_]{1,6}(?![0-9A-Za-z]|\.[0-9])|(?<=\\[nrt])[0-9]{2,5}(?![0-9A-Za-z])"
)
_BESIDE = re.compile(
    rb":[0-9]{2,5}(?![0-9A-Za-z_\]}.%<>]|\.[0-9])|:[0-9]{2,5}\.(?![0-9])|_[0-9]{1,5}\._(?:tcp|udp|sctp)"
    rb"|[0-9]/(?:tcp|udp|sctp)|PROXY TCP|:[0-9]{2,5}[{}]"
)
"""what stands beside the digits of an address, a URL, a service record; not a slice, a format or a time"""
_PORT_WORD = re.compile(rb"[Pp]ort|PORT")
_NO_PORT = re.compile(
    rb"import\b|[Ii]mport[A-Z_]|[Ii]mporter|[Ss]upport|SUPPORT|[Rr]eport|REPORT|[Ee]xport|EXPORT|[Vv]iewport|[Tt]ransport"
    rb"|TRANSPORT|[Pp]ortfolio|[Ii]mport(?:ant|ance|ed|ing)|[Oo]pportun|[Pp]roportion|[Pp]ortion|[Pp]ortal"
)
_HOST = re.compile(
    rb"(?i:host|addr|server|listen)|getenv|environ\b|[0-9]{1,3}(?:\.[0-9]{1,3}){3}[\"']|_ip\b|[Cc]onfig\("
)


def candidates(data: bytes) -> list[int]:
    """Byte offsets, ascending, of the numbers of two digits and more that may be ports."""
    return [m.end() - 1 for m in _NUMBER.finditer(data)]


def is_promising(piece: Piece, flow: Flow) -> bool:
    """Whether a statement that holds a candidate can hold a port literal."""
    scope = piece.scope
    if (scope.function and is_port_name(scope.function)) or (
        scope.enclosing_class and class_holds_ports(scope.enclosing_class)
    ):
        return True
    return _shows_port(piece.code) or flow.concerns(piece.code)


def _shows_port(code: bytes) -> bool:
    if _BESIDE.search(code) is not None:
        return True
    if _PORT_WORD.search(code) is not None and _PORT_WORD.search(_NO_PORT.sub(b"", code)) is not None:
        return True
    return _HOST.search(code) is not None or library().called.search(code) is not None
