"""The environment variables that a Python file takes ports from, also where no number stands beside them.

Found by their text: most such statements hold no candidate and are never parsed by libcst.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from portlint.algorithms.lazy_regex import regex
from portlint.extract.limits import few
from portlint.extract.python.tokens import Tokens
from portlint.knowledge.identifiers import is_port_name
from portlint.model import PortLiteral, PortReference, Role, Source

_NAME = regex(rb"PORT[A-Z0-9_]{0,80}(?=[\"'])")
_READ = regex(
    rb"(?:getenv|environ|environ\.get|environ\.pop|environ\.setdefault|\bconfig|\benv(?:\.(?:int|str))?|get_env)"
    rb"[\[(]\s{0,40}[\"']([A-Z][A-Z0-9_]{0,80})?\Z"
)
"""what stands before the name, or before its last word"""
_BEFORE = 200
"""bytes before a name that are looked at"""
_FAR = 200
"""bytes between a variable's name and its fallback, at most"""


def references(source: Source, literals: Sequence[PortLiteral]) -> Iterator[PortReference]:
    """The references of a file, in order, each with its fallback among `literals`. Raises TooManyPortsError."""
    data = source.data
    if b"PORT" not in data:
        return
    fallbacks: dict[str, list[PortLiteral]] = {}
    for each in sorted(literals, key=_start):
        if each.variable is not None and each.role == Role.FALLBACK:
            fallbacks.setdefault(each.variable, []).append(each)
    tokens: Tokens | None = None
    seen, quotes = 0, [0, 0]
    for start, end in few(_names(data)):
        variable = data[start:end].decode()
        # Counted on from the name before: a file of nothing but such names is not read anew for each.
        for kind, quote in enumerate((b'"""', b"'''")):
            quotes[kind] += data.count(quote, seen, start)
        seen = start
        if quotes[0] & 1 or quotes[1] & 1 or not _begins_plainly(data, start - 1):
            tokens = tokens or Tokens(data)
            if not tokens.begins_string(start - 1):
                # An example in a docstring or a comment.
                continue
        known = fallbacks.get(variable, ())
        first = bisect_right(known, end, key=_start)
        is_near = first < len(known) and _start(known[first]) < end + _FAR
        yield PortReference(
            path=source.path,
            span=source.span(start, end),
            variable=variable,
            role=Role.SETTING,
            fallback=known[first] if is_near else None,
            subject=variable,
        )


def _start(literal: PortLiteral) -> int:
    return literal.span.start


def _names(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the names of ports stand that look as if a variable is read by them: byte offsets, the end exclusive."""
    for name in _NAME.finditer(data):
        read = _READ.search(data, max(0, name.start() - _BEFORE), name.start())
        if read is not None:
            start = name.start() if read[1] is None else read.start(1)
            if is_port_name(data[start : name.end()].decode()):
                yield start, name.end()


def _begins_plainly(data: bytes, at: int) -> bool:
    """Whether nothing before an offset, on its line, opens a string or a comment."""
    start = data.rfind(b"\n", max(0, at - _BEFORE), at) + 1
    return (start > 0 or at < _BEFORE) and not any(sign in data[start:at] for sign in (b"#", b'"', b"'"))
