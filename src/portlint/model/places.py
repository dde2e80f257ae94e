"""Places in a file, and ports as numbers."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from msgspec import Struct

FIRST_PORT = 1
LAST_PORT = 65535
"""The valid TCP and UDP ports, RFC 6335 section 6. Port 0 asks the operating system for any free one."""


class Span(Struct, frozen=True, order=True, array_like=True):
    """A stretch of one file on one line.

    start, end: byte offsets, end exclusive. line, column: 1-based, of `start`.
    """

    start: int
    end: int
    line: int
    column: int

    @property
    def end_column(self) -> int:
        """1-based column just behind the span. Port tokens, names and directives are ASCII: one byte, one column."""
        return self.column + (self.end - self.start)


NOWHERE = Span(0, 0, 1, 1)
"""The place of a finding about a whole file."""


class LineIndex:
    """Turns byte offsets of one file into lines and columns.

    Lines end at `\\n`, `\\r\\n` or a lone `\\r`, as the Python reference (2.1.2) and YAML 1.2 (5.4) have it.
    """

    __slots__ = ("_ascii", "_data", "_known", "_starts")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._ascii = data.isascii()
        self._known = (-1, 0, 0)
        """the line start, the offset and the column (0-based) that were counted last"""
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Byte offset of the first byte of each line."""
        if self._starts is None:
            # Of bytes, unlike text, splitlines knows these three line ends and no others.
            self._starts = [0, *accumulate(map(len, self._data.splitlines(keepends=True)))]
            if len(self._starts) > 1 and not self._data.endswith((b"\n", b"\r")):
                self._starts.pop()
        return self._starts

    def span(self, start: int, end: int) -> Span:
        """The span of the byte offsets `start` to `end` (exclusive)."""
        line = bisect_right(self.starts, start)
        line_start = self.starts[line - 1]
        return Span(start, end, line, 1 + (start - line_start if self._ascii else self._characters(line_start, start)))

    def _characters(self, line_start: int, offset: int) -> int:
        """The code points between two byte offsets of a line, a byte order mark not counted.

        Counts on from the place that was asked for before: a file of one long line is not read anew for each literal.
        """
        known_line, known, column = self._known
        if known_line != line_start or known > offset or known < line_start:
            known, column = line_start, 0
            if line_start == 0 and self._data.startswith(b"\xef\xbb\xbf"):
                known = min(3, offset)
        column += len(self._data[known:offset].decode("utf-8", "replace"))
        self._known = (line_start, offset, column)
        return column


class PortRange(Struct, frozen=True):
    """Ports from `start` to `end`, both included; a single port has both equal."""

    start: int
    end: int

    def __contains__(self, port: int) -> bool:
        return self.start <= port <= self.end

    def __str__(self) -> str:
        return str(self.start) if self.start == self.end else f"{self.start}-{self.end}"

    def overlaps(self, other: PortRange) -> bool:
        return self.start <= other.end and other.start <= self.end
