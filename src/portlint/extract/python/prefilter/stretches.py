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
from portlint.extract.python.context import class_holds_ports
from portlint.extract.python.prefilter.signals import Signals
from portlint.knowledge.identifiers import is_port_name

_START = regex(rb"\n(?=[A-Za-z_@](?!lse\b|lif\b|xcept\b|inally\b)|[ \t]++(?:@|(?:def|class|async[ \t]+def)[ \t]))")
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
_DECORATED = (b"def ", b"def\t", b"class ")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"()[]{}")
_FEWEST = 2000
"""bytes of a file of which it is worth the time to leave something out"""


def excerpt(data: bytes, candidates: Sequence[int], signals: Signals) -> tuple[bytes, Sequence[int]]:
    """The text to parse, with the same lines as `data`, and the candidates in what is left.

    No candidates: nothing in the file can be a port literal.
    """
    if (
        len(data) < _FEWEST
        or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n"))
        or any(class_holds_ports(name.decode("utf-8", "replace")) for name in _CLASS.findall(data))
    ):
        return data, candidates
    out: list[bytes] = []
    kept: list[int] = []
    stretches = list(_stretches(data))
    headers = [_HEADER.match(data, start, end) for start, end in stretches]
    inner = _inside_functions(data, stretches, headers)
    # Behind an inner function goes on the outer one, whose name may say that its numbers are ports.
    has_port_function = any(is_port_name(name.decode()) for name in _PORT_FUNCTION.findall(data))
    for (start, end), header, is_inner in zip(stretches, headers, inner, strict=True):
        first, last = bisect_left(candidates, start), bisect_left(candidates, end)
        is_promising = first < last and ((is_inner and has_port_function) or signals.between(start, end))
        if is_promising:
            kept += candidates[first:last]
        imports = None
        if header is not None and not (is_promising or is_inner):
            imports = _imports(data[header.end(3) : end])
        if header is None or imports is None:
            out.append(data[start:end])
        else:
            body = header.end(3)
            out += (data[start:body], b" ", imports or b"pass", b"\n" * data.count(b"\n", body, end))
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


def _stretches(data: bytes) -> Iterator[tuple[int, int]]:
    """The stretches between the lines at which a function may begin or end; a decorator belongs to what follows."""
    stretch = _Stretch(data, 0)
    for match in _START.finditer(data):
        at = match.end()
        if not data.endswith((b"\\", b"\\\r"), 0, match.start()) and stretch.ends(at):
            yield stretch.start, at
            stretch = _Stretch(data, at)
    yield stretch.start, len(data)


class _Stretch:
    """A stretch whose end is looked for: each part of it is read once, however often it does not end."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data, self.start, self._end = data, start, start
        self._open = [0, 0, 0]
        """opening brackets of each kind without a closing one"""
        self._quotes = [0, 0]
        self._is_lone_decorator = _DECORATOR.match(data, start) is not None

    def ends(self, at: int) -> bool:
        """Whether it ends at an offset: outside of brackets and strings, and not behind a lone decorator."""
        part, self._end = self._data[self._end : at], at
        for kind, quote in enumerate((b'"""', b"'''")):
            self._quotes[kind] ^= part.count(quote) & 1
        brackets = part.translate(None, _NO_BRACKETS)
        if brackets:
            for kind, (opening, closing) in enumerate((b"()", b"[]", b"{}")):
                self._open[kind] += brackets.count(opening) - brackets.count(closing)
        if self._is_lone_decorator:
            self._is_lone_decorator = not any(word in part for word in _DECORATED)
        return not (any(self._quotes) or any(self._open) or self._is_lone_decorator)


def _inside_functions(
    data: bytes, stretches: Sequence[tuple[int, int]], headers: Sequence[re.Match[bytes] | None]
) -> list[bool]:
    """Which stretches hold, or are, functions inside functions: what belongs to which is not told apart there."""
    out = [False] * len(stretches)
    open_: list[tuple[int, int, bool]] = []
    for number, (start, _) in enumerate(stretches):
        blank = _INDENT.match(data, start)
        depth = 0 if blank is None else len(blank[0])
        while open_ and open_[-1][0] >= depth:
            open_.pop()
        if open_:
            out[open_[-1][1]] = True
            out[number] = open_[-1][2]
        open_.append((depth, number, headers[number] is not None))
    return out
