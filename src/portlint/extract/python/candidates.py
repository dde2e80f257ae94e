"""The byte prefilter: which numbers of a Python file may be ports, and which statements are worth a parse.

Number first: find the digits, then look at what stands beside them. Nothing that the visitor would report may be
dropped here (a property test holds that against the visitor on everything).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from portlint.extract.python.context import class_holds_ports
from portlint.extract.python.flow import Flow
from portlint.extract.python.hosts import LOCAL_HOSTS, is_domain, is_ip
from portlint.extract.python.pieces import Piece
from portlint.extract.signs import PORT_WORD
from portlint.naming import is_address_name, is_port_name

# A pattern that begins with fixed letters is looked for at the speed of memory, ten times as fast as one that begins
# with a class of characters or with several ways to go on: so each word has its own, and looks behind from its end.
_NUMBER = re.compile(rb"[0-9](?:(?<![0-9A-Za-z.].)|(?<=\\[nrt].))[0-9_]{1,6}(?![0-9A-Za-z]|\.[0-9])")
_JOINED = rb"[\"']\s*+(?:\+|\.join)|(?:%[sd]|\{\})[\"'/]"
_BEHIND_COLON = re.compile(rb":(?:\{?[0-9]{2,5}(?:(?![0-9A-Za-z_\]}.%<>]|\.[0-9])|\.(?![0-9])|[{}])|" + _JOINED + rb")")
"""the port of an address or a URL, or where it goes: `"//api:" + port`, `"api:%d"`; not a slice, a format or a time"""
_COLON_IN_PROSE = re.compile(rb":(?:(?<!\[:)(?<!T[0-9]{2}:)\{?[1-9][0-9]{1,5}(?![0-9A-Za-z_%])|" + _JOINED + rb")")
_PROTOCOLS = tuple(
    re.compile(word + rb"(?:(?<=[/_]" + word + rb")|(?<=PROXY " + word + rb"))")
    for word in (b"tcp", b"udp", b"sctp", b"TCP")
)
_PROTOCOLS_IN_PROSE = tuple(
    re.compile(word + rb"(?:(?<=[/_]" + word + rb")|(?<=proxy " + word + rb"))") for word in (b"tcp", b"udp", b"sctp")
)
_PROTOCOL = re.compile(rb"[0-9]/(?:tcp|udp|sctp)|/dev/(?:tcp|udp)|_[0-9]{1,5}\._(?:tcp|udp|sctp)|PROXY TCP")
_PAIR = re.compile(rb",\s{0,40}+(?:int\(\s{0,40}+)?[\"']?[1-9][0-9_]{1,6}(?![0-9A-Za-z.])")
"""the number of `(host, 8000)`, `connect("localhost", 8000)`, `addr = ("db", 5432)`, `["psql", "-p", "5433"]`"""
_SECOND = re.compile(rb"\[1\]\s{0,9}+(?:[=!<>]=?|in\b|or\b)")
"""behind an address: `sock.getsockname()[1] == 8000`"""
_BEFORE = re.compile(rb"([\w.:*-]*+)[\"'()\[\]\s]*+\Z")
_HOLDS = tuple(
    re.compile(sign + rb"[ \t]{0,9}+(?:[\w.]{1,80}+\()?(?:[\[({]|[\"'][\w.-]{1,80}+[\"'],[ \t]{0,9}+[0-9])")
    for sign in (b"=", b":")
)
"""what may hold an address, behind its name: `addr = (`, `"peers": [`, `addr = "db", 5432`"""
_HOLDER = re.compile(rb"(\w{1,80}+)[\"'\]]{0,2}[ \t]{0,9}+(?::[^=\n]{0,80}|[=!])?\Z")
_IN_COMMAND = tuple(map(re.compile, (rb" -[pP](?:[ =]|[1-9])", rb"nc [^\s=](?<![a-z]nc .)", rb"ufw [a-z]")))
"""a port in the text of a command: `psql -p 5433`, `nc -z depot 25`"""
_LONGEST_HOST = 100
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
    return _shows_port(piece.code, flow.called | flow.own_calls) or flow.concerns(piece.code)


def _shows_port(code: bytes, called: frozenset[bytes]) -> bool:
    if b":" in code and _BEHIND_COLON.search(code) is not None:
        return True
    lower = code.lower()
    if PORT_WORD.search(lower) is not None:
        return True
    if _names_host(code):
        return True
    if any(sign.search(code) for sign in _PROTOCOLS) and _PROTOCOL.search(code) is not None:
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
    if _names_host(chunk):
        return True
    if any(sign.search(lower) for sign in _PROTOCOLS_IN_PROSE):
        return True
    return any(name in chunk for name in names) and not names.isdisjoint(_WORD.findall(chunk))


def _names_host(code: bytes) -> bool:
    """Whether a number may stand behind an address, one that is written or a name that means one, or an option."""
    pair = None
    for pair in _PAIR.finditer(code):
        host = _before(code, pair.start())
        if host in LOCAL_HOSTS or host[:1] == "-" or is_address_name(host.rpartition(".")[2]):
            return True
        if is_ip(host) or is_domain(host):
            return True
    if pair is not None and any(is_address_name(name) for name in _holders(code)):
        return True
    if any(is_address_name(_before(code, second.start()).rpartition(".")[2]) for second in _SECOND.finditer(code)):
        return True
    return any(sign.search(code) for sign in _IN_COMMAND)


def _before(code: bytes, end: int) -> str:
    """The name, or the text in quotes, that ends before an offset."""
    found = _BEFORE.search(code, max(0, end - _LONGEST_HOST), end)
    return "" if found is None else found[1].decode("latin-1")


def _holders(code: bytes) -> Iterator[str]:
    """The names of what may hold addresses as pairs."""
    for sign in _HOLDS:
        for match in sign.finditer(code):
            name = _HOLDER.search(code, max(0, match.start() - _LONGEST_HOST), match.start())
            if name is not None:
                yield name[1].decode("latin-1")
