"""Texts whose characters know where they stand in the file. Without libcst, which takes 130 ms to import.

Nothing is unescaped: a port, a host and the signs between them are written as they are, and an escape (`\\n`) ends
a word as well as what it stands for would.
"""

from __future__ import annotations

from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex
from portlint.syntax.interpolation import HOLE

_QUOTES = regex(r"[A-Za-z]{0,2}(\"\"\"|'''|\"|')")
_HOLE_LENGTH = 4
"""characters for an expression that has no place of its own in the text"""


class Text(Struct):
    """A string put together from pieces: its text with holes, the words of the holes, and where it stands."""

    masked: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    origins: list[tuple[int, int, int]] = field(default_factory=list)
    """start in the text, end in the text, byte offset of the start in the piece"""
    length: int = 0
    literal: bool = True
    """no hole in it"""

    def add(self, text: str, origin: int) -> None:
        """Add text that is written at a byte offset."""
        self.origins.append((self.length, self.length + len(text), origin))
        self.masked.append(text)
        self.raw.append(text)
        self.length += len(text)

    def hole(self, words: str = "") -> None:
        """Add a part that is only known at run time; words: its source, to judge what it may hold."""
        shown = words or "?" * _HOLE_LENGTH
        self.masked.append(HOLE * len(shown))
        self.raw.append(shown)
        self.length += len(shown)
        self.literal = False

    def join(self, text: str) -> None:
        """Add text that stands elsewhere and holds no port: a separator."""
        self.masked.append(text)
        self.raw.append(text)
        self.length += len(text)

    @property
    def text(self) -> str:
        return "".join(self.masked)

    @property
    def words(self) -> str:
        return "".join(self.raw)

    def origin(self, start: int, end: int) -> int | None:
        """The byte offset in the piece of a stretch of the text; None where it is not written in one place."""
        for first, last, origin in self.origins:
            if first <= start and end <= last:
                return origin + start - first
        return None


def body(token: str) -> tuple[str, int]:
    """What a string token holds between its quotes, and how many characters stand before it."""
    match = _QUOTES.match(token)
    if match is None:
        return token, 0
    return token[match.end() : len(token) - len(match[1])], match.end()
