"""Byte prefilter: what a file must hold for any port literal to be found in it.

A byte prefilter may let through what holds none, and never drops what holds one:
`tests/extract/test_prefilter.py` holds that against the extractors, on every fixture and on changed ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from heapq import merge

from portlint.algorithms.lazy_regex import regex

_PORT_WORD = regex(
    rb"port(?<!support)(?<!report)(?<!export)(?<!viewport)(?<!transport)(?<![^p]opport)"
    rb"(?!folio|ion|al|rait|(?<=import)(?:s?\b|_|s_|lib|er|ed|ing|an[ct]))"
)
"""`port` in lower case, where it is not part of a word that means something else"""
_IN_CAMEL_CASE = (regex(rb"Ports?+(?![a-z])"), regex(rb"port(?<![A-Za-z]port)s?+(?=[A-Z])"))
"""`storePort`, `portAlias`: words that in lower case look like parts of others (`report`, `portal`)"""
# A pattern that begins with fixed letters is looked for at the speed of memory, ten to thirty times as fast as one that
# begins with several ways to go on.
_IN_STRING = (
    regex(rb":(?:(?<![\"'`]:)(?<!t[0-9]{2}:)-?[1-9]|[1-9][0-9]{0,4}[\"'`/ \\])"),
    regex(rb"/(?<=[0-9]/)(?:tcp|udp|sctp)"),
    regex(rb"_(?:tcp|udp)"),
    regex(rb"proxy tcp"),
)
"""the port of an address (`api:8000`, `:8000`), a fallback (`${X:-8000}`), a protocol; not `"key":8000`"""

_WORDS = tuple(
    regex(sign) for sign in (r"port", r":[0-9]", r"tcp(?<=[/_ ]tcp)", r"udp(?<=[/_]udp)", r"sctp(?<=[/_]sctp)")
)

_JOINED = regex(rb":[\"'`]\s{0,9}\+")
"""a text that ends in a colon, and what is joined to it"""


def in_words(text: str) -> Iterator[int]:
    """Indexes into a text, in no order, of the signs without which `extract.text.find` finds no port literal there."""
    lower = text.lower()
    for sign in _WORDS:
        for match in sign.finditer(lower):
            yield match.start()


def port_words(data: bytes, lower: bytes) -> Iterator[int]:
    """Byte offsets, ascending, of the word `port`, without which nothing is named after a port. lower: the data so."""
    found = (_PORT_WORD.finditer(lower), *(pattern.finditer(data) for pattern in _IN_CAMEL_CASE))
    yield from merge(*((match.start() for match in each) for each in found))


def shows_port(data: bytes) -> bool:
    """Whether the word, an address or a protocol says that a text may name a port."""
    lower = data.lower()
    return any(True for _ in port_words(data, lower)) or any(sign.search(lower) for sign in _IN_STRING)


class Calls:
    """Finds where one of some names is called or is a key, or where a number is joined to a text that ends in a colon:
    `listen(8000)`, `start: "serve -l 8000"`, `"http://" + host + ":" + 8000`."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {}
        for name in names:
            word = re.escape(name)
            self._names[name.encode()] = regex(rf"{word}(?<![\w$]{word})[\"'`]?\s{{0,9}}[:(`<?]".encode())

    def are_in(self, data: bytes) -> bool:
        # Most names are nowhere in a file, which `in` tells in a fraction of the time of one expression for all.
        return _JOINED.search(data) is not None or any(
            name in data and called.search(data) is not None for name, called in self._names.items()
        )
