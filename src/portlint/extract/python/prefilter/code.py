"""A file as the prefilter sees it, and the numbers in it that may be ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from portlint.algorithms.lazy_regex import regex
from portlint.extract.prefilter import port_words

_PLAIN = bytes(49 if chr(byte).isdigit() else byte for byte in bytes(range(128)).lower()) + bytes(range(128, 256))
# What begins with fixed letters is looked for at the speed of memory, ten times as fast as what begins with a class of
# characters or with several ways to go on: so patterns here begin with them, and look behind for what stands before.
_NUMBER = regex(rb"1(?:(?<![0-9a-z.].)|(?<=\\[nrt].))[0-9_]{1,6}(?![0-9a-z]|\.[0-9])")
"""in plain text"""


class Code:
    """The bytes of a file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.plain = data.translate(_PLAIN)
        """in lower case, each digit normalised to `1`: so numbers begin with a fixed sign too"""

    def candidates(self) -> list[int]:
        """Byte offsets, ascending, of the last digits of the numbers of two digits and more that may be ports."""
        return [match.end() - 1 for match in _NUMBER.finditer(self.plain)]

    @cached_property
    def port_words(self) -> Sequence[int]:
        """Byte offsets, ascending, of the word `port`; without one, no name in the file is the name of a port."""
        return list(port_words(self.data, self.plain))


def occurrences(text: bytes, part: bytes) -> Iterator[int]:
    """The byte offsets, ascending, at which a part stands in a text."""
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + len(part))
