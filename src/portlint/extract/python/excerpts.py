"""What of a Python file `ast` must see: the bodies of functions that can hold no port are left out.

`ast.parse` is most of the time that a large repository takes, and most functions hold no number that may be a port.
The lines stay where they are, so that the positions of what is left hold for the file. Headers, classes, imports and
all that stands outside of functions are kept, for they tell what the rest means. Where anything is unusual, the whole
file is parsed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.candidates import holds_name, may_show_port
from portlint.extract.python.context import class_holds_ports
from portlint.extract.python.flow import Flow, lists_ports
from portlint.knowledge.identifiers import is_port_name

_START = regex(rb"\n(?=[A-Za-z_@](?!lse\b|lif\b|xcept\b|inally\b)|[ \t]+(?:@|(?:def|class|async[ \t]+def)[ \t]))")
"""before the lines at which a function may begin or end: what stands at the margin, `def`, `class` and decorators"""
_HEADER = regex(
    rb"([ \t]*)((?:@[^\n]*\n[ \t]*)*)((?:async[ \t]+)?def[ \t]+([A-Za-z_]\w*)[ \t]*"
    rb"\((?:[^()#\"'\\]|\"[^\"\n\\]*\"|'[^'\n\\]*'|\([^()#\"'\\]*\))*+\)[ \t]*(?:->[^:#\"'\\\n]*)?:)[ \t]*\r?\n"
)
_CLASS = regex(rb"class[ \t]+(\w*(?:[Pp]ort|PORT)\w*)")
_PORT_FUNCTION = regex(rb"def[ \t]+(\w*(?:[Pp]ort|PORT)\w*)")
_INDENT = regex(rb"[ \t]*")
_LONG_STRING = regex(
    rb"\"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*+(?:(\"\"\")|\\?\Z)|'''(?:[^'\\]|\\.|'(?!''))*+(?:(''')|\\?\Z)", re.DOTALL
)
"""up to the end, without a group, where it is not closed"""
_OPEN = b"\0"
_IMPORT = regex(rb"\bimport\b")
_PLAIN_IMPORT = regex(
    rb"^[ \t]++((?:from[ \t]++[\w.]++[ \t]++)?+import[ \t]++[\w.,][\w., \t]*+)(?:\#.*)?\r?$", re.MULTILINE
)
"""one that is alone on its line, between no brackets"""
_DECORATOR = regex(rb"[ \t]*+@")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"()[]{}")
_FEWEST = 2000
"""bytes of a file that is worth the look"""


def is_worth_a_look(data: bytes, flow: Flow) -> bool:
    """Whether a file may hold a port literal: of most files this is all that is asked."""
    return b":{" in data or may_show_port(data, frozenset()) or holds_name(data, flow.called) or lists_ports(data)


def excerpt(data: bytes, candidates: Sequence[int], flow: Flow) -> tuple[bytes, Sequence[int]]:
    """The text to parse, with the same lines as `data`, and the candidates in what is left.

    No candidates: nothing in the file can be a port literal. flow: what the text of the file says of its names.
    """
    if (
        len(data) < _FEWEST
        or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n"))
        or any(class_holds_ports(name.decode("utf-8", "replace")) for name in _CLASS.findall(data))
        or lists_ports(data)
    ):
        return data, candidates
    names = flow.used_names | flow.called | flow.own_calls
    out: list[bytes] = []
    kept: list[int] = []
    chunks = list(_chunks(data))
    inner = _inside_functions(data, chunks)
    # Behind an inner function goes on the outer one, whose name may say that its numbers are ports.
    has_port_function = any(is_port_name(name.decode()) for name in _PORT_FUNCTION.findall(data))
    for number, (start, end) in enumerate(chunks):
        first, last = bisect_left(candidates, start), bisect_left(candidates, end)
        chunk = data[start:end]
        is_promising = first < last and ((inner[number] and has_port_function) or may_show_port(chunk, names))
        header = _HEADER.match(chunk)
        if header is not None and is_port_name(header[4].decode()):
            is_promising = True
        if is_promising:
            kept += candidates[first:last]
        imports = None
        if header is not None and not (is_promising or inner[number]):
            imports = _imports(chunk[header.end(3) :])
        if header is None or imports is None:
            out.append(chunk)
        else:
            out += (chunk[: header.end(3)], b" ", imports or b"pass", b"\n" * chunk.count(b"\n", header.end(3)))
    return b"".join(out), kept


def _imports(body: bytes) -> bytes | None:
    """The imports in the body of a function as one line; None where they are not simple enough to be told so."""
    if b"import" not in body:
        return b""
    code = _LONG_STRING.sub(lambda string: string[1] or string[2] or _OPEN, body)
    if _OPEN in code:
        return None
    plain = _PLAIN_IMPORT.findall(code)
    return b"; ".join(plain) if len(plain) == len(_IMPORT.findall(code)) else None


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """The stretches between the lines at which a function may begin or end; a decorator belongs to what follows."""
    start = 0
    for match in _START.finditer(data):
        at = match.end()
        if data[match.start() - 1 : match.start()] in (b"\\", b"\r") and data[:at].rstrip(b"\r\n").endswith(b"\\"):
            continue
        if _is_closed(data[start:at]):
            yield start, at
            start = at
    yield start, len(data)


def _is_closed(chunk: bytes) -> bool:
    """Whether a stretch ends outside of brackets and strings, and does not end in a decorator."""
    if chunk.count(b'"""') & 1 or chunk.count(b"'''") & 1:
        return False
    signs = chunk.translate(None, _NO_BRACKETS)
    count = signs.count
    if count(b"(") != count(b")") or count(b"[") != count(b"]") or count(b"{") != count(b"}"):
        return False
    if _DECORATOR.match(chunk) is not None:
        # A decorator and what it decorates; behind a lone one there is no other line.
        return _HEADER.match(chunk) is not None or b"class " in chunk or b"def " in chunk
    return True


def _inside_functions(data: bytes, chunks: Sequence[tuple[int, int]]) -> list[bool]:
    """Which stretches hold, or are, functions inside functions: what belongs to which is not told apart there."""
    out = [False] * len(chunks)
    open_: list[tuple[int, int, bool]] = []
    for number, (start, _) in enumerate(chunks):
        blank = _INDENT.match(data, start)
        depth = 0 if blank is None else len(blank[0])
        while open_ and open_[-1][0] >= depth:
            open_.pop()
        is_function = _HEADER.match(data, start) is not None
        if open_:
            out[open_[-1][1]] = True
            out[number] = open_[-1][2]
        open_.append((depth, number, is_function))
    return out
