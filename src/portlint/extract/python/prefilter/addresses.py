"""Numbers that stand behind an address in Python: `(host, 8000)`, `addr = ("db", 5432)`, `sock.getsockname()[1]`."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.prefilter.code import Code
from portlint.knowledge.hosts import is_domain, is_host
from portlint.knowledge.identifiers import is_address_name

# What may stand between a comma and the next item: spaces, lines and comments.
_PAIR = regex(
    rb",\s{0,120}+(?:#[^\n]{0,400}+\n\s{0,120}+){0,3}+(?:\w{1,40}+\(\s{0,40}+)?[\"']?[1-9][0-9_]{1,6}(?![0-9A-Za-z.])"
)
"""the number of `(host, 8000)`, `connect("localhost", 8000)`, `addr = ("db", int("5432"))`"""
_OTHERWISE = tuple(
    regex(word + rb"(?<=[\s)]" + word + rb")\s{1,40}+[1-9][0-9_]{1,6}(?![0-9A-Za-z.])") for word in (b"or", b"else")
)
"""the number of `(host, given or 8000)`, `(host, given if given else 8000)`"""
_SECOND = regex(rb"\[1\]")
"""behind an address: `sock.getsockname()[1] == 8000`"""
_TOKEN = regex(rb"[\w.:*-]+")
_HOLDS = regex(rb"[ \t]{0,9}+(?:[\w.]{1,80}+\()?[\[({\"']")
_HOLDING = ((b"=", _HOLDS), (b":", _HOLDS), (b",", regex(rb"\s{0,80}+[\[(]")), (b"(", regex(rb"[\"']")))
"""between the name of what holds an address and the address: `addr = (`, `"peers": [`, `addr = "db", 5432`,
`get("addr", ("db", 5432))`, `peers.add(("db", 5432))`"""
_LONGEST_HOST = 100
_LONGEST_PAIR = 100
"""bytes between the comma and a number behind `or` or `else`"""


def numbers_beside_addresses(code: Code) -> Iterator[int]:
    """Where a number stands behind a comma, and before it an address or a name that means one."""
    data = code.data
    behind_comma = (pair.start() for pair in _PAIR.finditer(data))
    otherwise = merge(*((each.start() for each in pattern.finditer(data)) for pattern in _OTHERWISE))
    yield from merge(
        (at for at in behind_comma if _is_address_before(data, at)),
        (at for at in otherwise if _is_address_before(data, data.rfind(b",", max(0, at - _LONGEST_PAIR), at))),
    )


def _is_address_before(code: bytes, comma: int) -> bool:
    if comma < 0:
        return False
    host = _before(code, comma)
    return (
        is_host(host) or is_address_name(host.rpartition(".")[2]) or is_domain(host) or _is_held_as_address(code, comma)
    )


def second_items_of_addresses(code: Code) -> Iterator[int]:
    """Where the second item of what is named after an address is asked for."""
    for second in _SECOND.finditer(code.data):
        if is_address_name(_before(code.data, second.start()).rpartition(".")[2]):
            yield second.start()


def _before(code: bytes, end: int) -> str:
    """The name, or the text in quotes, that ends before an offset."""
    return _last_token(code[max(0, end - _LONGEST_HOST) : end].rstrip(b"\"'()[] \t\r\n"))


def _is_held_as_address(code: bytes, end: int) -> bool:
    """Whether a pair before an offset, or the list that it is in, has a name that means an address."""
    for sign, holds in _HOLDING:
        at = code.rfind(sign, max(0, end - _LONGEST_HOST), end)
        if at >= 0 and holds.match(code, at + 1) is not None:
            left = code[max(0, at - _LONGEST_HOST) : at].rpartition(b"\n")[2].rstrip(b"\"']( \t=!")
            # `addr: tuple[str, int] = (`, `get("addr", int, default=(`
            names = (left, left.rpartition(b":")[0], *left.split(b",")[:-1])
            if any(is_address_name(_last_token(name.rstrip(b"\"' \t"))) for name in names):
                return True
    return False


def _last_token(text: bytes) -> str:
    # From the end on: a search for what stands before it would begin at each byte.
    found = _TOKEN.match(text[::-1])
    return "" if found is None else found[0][::-1].decode("latin-1")
