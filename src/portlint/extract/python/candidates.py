"""The byte prefilter: which numbers of a Python file may be ports, and which statements are worth a parse.

Number first: find the digits, then look at what stands beside them. Nothing that the visitor would report may be
dropped here (a property test holds that against the visitor on everything).
"""

from __future__ import annotations

from portlint.algorithms.lazy_regex import regex
from portlint.extract.prefilter import PORT_WORD
from portlint.extract.python.commanded import BEHIND_COMMA, plain, shows_command
from portlint.extract.python.context import class_holds_ports
from portlint.extract.python.flow import Flow
from portlint.extract.python.pieces import Piece
from portlint.knowledge.hosts import is_domain, is_host
from portlint.knowledge.identifiers import is_address_name, is_port_name

# A pattern that begins with fixed letters is looked for at the speed of memory, ten times as fast as one that begins
# with a class of characters or with several ways to go on: so each word has its own, and looks behind from its end.
_NUMBER = regex(rb"1(?:(?<![0-9a-z.].)|(?<=\\[nrt].))[0-9_]{1,6}(?![0-9a-z]|\.[0-9])")
"""in plain text"""
_JOINED = rb"[\"']\s*+(?:\+|\.join)|(?:%[sd]|\{\})[\"'/]"
_BEHIND_COLON = regex(rb":(?:\{?[0-9]{2,5}(?:(?![0-9A-Za-z_\]}.%<>]|\.[0-9])|\.(?![0-9])|[{}])|" + _JOINED + rb")")
"""the port of an address or a URL, or where it goes: `"//api:" + port`, `"api:%d"`; not a slice, a format or a time"""
_COLON_IN_PROSE = regex(rb":(?:(?<!\[:)(?<!T[0-9]{2}:)\{?[1-9][0-9]{1,5}(?![0-9A-Za-z_%])|" + _JOINED + rb")")
_PROTOCOLS = tuple(
    regex(word + rb"(?:(?<=[/_]" + word + rb")|(?<=PROXY " + word + rb"))")
    for word in (b"tcp", b"udp", b"sctp", b"TCP")
)
_PROTOCOLS_IN_PROSE = (
    regex(rb"tcp(?:(?<=[/_]tcp)|(?<=proxy tcp))"),
    regex(rb"udp(?:(?<=[/_]udp)|(?<=proxy udp))"),
    regex(rb"sctp(?<=[/_]sctp)"),
)
_PROTOCOL = regex(rb"[0-9]/(?:tcp|udp|sctp)|/dev/(?:tcp|udp)|_[0-9]{1,5}\._(?:tcp|udp|sctp)|PROXY TCP")
_PAIR = regex(b"," + BEHIND_COMMA + rb"(?:int\(\s{0,40}+)?[\"']?[1-9][0-9_]{1,6}(?![0-9A-Za-z.])")
"""the number of `(host, 8000)`, `connect("localhost", 8000)`, `addr = ("db", 5432)`, `["psql", "-p", "5433"]`"""
_SECOND = regex(rb"\[1\]\s{0,9}+(?:[=!<>]=?|in\b|or\b)")
"""behind an address: `sock.getsockname()[1] == 8000`"""
_TOKEN = regex(rb"[\w.:*-]+")
_HOLDS = regex(rb"[ \t]{0,9}+(?:[\w.]{1,80}+\()?[\[({\"']")
"""between the name of what holds an address and the address: `addr = (`, `"peers": [`, `addr = "db", 5432`"""
_OPTION = regex(rb"-(?<=[ \"']-)[pP](?:[ =]|[1-9])")
"""a port in the text of whatever command: `serve -p 5433`"""
_LONGEST_HOST = 100
_SHORT_OPTIONS = ("-p", "-P")
_WORD = regex(rb"\w+")
_FEW_NAMES = 64


def candidates(data: bytes) -> list[int]:
    """Byte offsets, ascending, of the numbers of two digits and more that may be ports."""
    return [m.end() - 1 for m in _NUMBER.finditer(plain(data))]


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
    known = plain(code)
    if PORT_WORD.search(known) is not None:
        return True
    if _names_host(code, known):
        return True
    if any(sign.search(code) for sign in _PROTOCOLS) and _PROTOCOL.search(code) is not None:
        return True
    return holds_name(code, called)


def may_show_port(chunk: bytes, names: frozenset[bytes]) -> bool:
    """Whether a statement, a docstring or a comment somewhere in a stretch of a file can show a port.

    names: those that are used as ports in the file, and those of calls that may take one.
    """
    known = plain(chunk)
    if PORT_WORD.search(known) is not None:
        return True
    if b":" in chunk and _COLON_IN_PROSE.search(chunk) is not None:
        return True
    if _names_host(chunk, known):
        return True
    if any(sign.search(known) for sign in _PROTOCOLS_IN_PROSE):
        return True
    return holds_name(chunk, names)


def holds_name(code: bytes, names: frozenset[bytes]) -> bool:
    """Whether one of the names is a word of the code."""
    # To look for a few names is quicker than to take all words; for many it would be the square of the file's size.
    if len(names) <= _FEW_NAMES and not any(name in code for name in names):
        return False
    return not names.isdisjoint(_WORD.findall(code))


def _names_host(code: bytes, known: bytes) -> bool:
    """Whether a number may stand behind an address, one that is written or a name that means one, or an option."""
    for pair in _PAIR.finditer(code):
        host = _before(code, pair.start())
        if is_host(host) or host in _SHORT_OPTIONS or is_address_name(host.rpartition(".")[2]):
            return True
        if is_domain(host) or _is_held_as_address(code, pair.start()):
            return True
    if any(is_address_name(_before(code, second.start()).rpartition(".")[2]) for second in _SECOND.finditer(code)):
        return True
    return _OPTION.search(code) is not None or shows_command(code, known)


def _before(code: bytes, end: int) -> str:
    """The name, or the text in quotes, that ends before an offset."""
    return _last_token(code[max(0, end - _LONGEST_HOST) : end].rstrip(b"\"'()[] \t\r\n"))


def _is_held_as_address(code: bytes, end: int) -> bool:
    """Whether a pair before an offset, or the list that it is in, has a name that means an address."""
    for sign in (b"=", b":"):
        at = code.rfind(sign, max(0, end - _LONGEST_HOST), end)
        if at >= 0 and _HOLDS.match(code, at + 1) is not None:
            left = code[max(0, at - _LONGEST_HOST) : at].rpartition(b"\n")[2].rstrip(b"\"'] \t=!")
            # addr: tuple[str, int] = (
            if any(is_address_name(_last_token(name)) for name in (left, left.rpartition(b":")[0].rstrip())):
                return True
    return False


def _last_token(text: bytes) -> str:
    # From the end on: a search for what stands before it would begin at each byte.
    found = _TOKEN.match(text[::-1])
    return "" if found is None else found[0][::-1].decode("latin-1")
