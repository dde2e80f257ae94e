"""Where the strings and comments of a Python file stand. Slow (1 MB/s), so only files are asked that give a reason to.

Source: https://docs.python.org/3/library/tokenize.html
"""

from __future__ import annotations

import io
from bisect import bisect_right

from portlint.model import LineIndex


class Tokens:
    """The string and comment tokens of a file; of a broken file those before the place where it breaks."""

    def __init__(self, data: bytes) -> None:
        import tokenize

        starts = LineIndex(data).starts
        shift = 3 if data.startswith(b"\xef\xbb\xbf") else 0
        self._strings: list[tuple[int, int, bool]] = []
        """start, end (byte offsets, end exclusive) and whether it is a formatted string"""
        self._comments: list[tuple[int, int]] = []

        def offset(place: tuple[int, int], line: str) -> int:
            row, column = place
            return starts[row - 1] + len(line[:column].encode("utf-8", "replace")) + (shift if row == 1 else 0)

        lines = io.StringIO(data[shift:].decode("utf-8", "replace"), newline="")
        try:
            for token in tokenize.generate_tokens(lines.readline):
                if token.type == tokenize.COMMENT:
                    start = offset(token.start, token.line)
                    self._comments.append((start, start + len(token.string.encode("utf-8", "replace"))))
                elif token.type == tokenize.STRING:
                    first = offset(token.start, token.line)
                    text = token.string
                    prefix = text[: min(text.find("'") % 99, text.find('"') % 99)].lower()
                    self._strings.append((first, first + len(text.encode("utf-8", "replace")), "f" in prefix))
        except (tokenize.TokenError, SyntaxError, IndexError):
            return

    def begins_string(self, at: int) -> bool:
        """Whether a quote at a byte offset opens a string of the program, within a formatted one or by itself."""
        index = bisect_right(self._strings, (at, 1 << 62, True)) - 1
        if index < 0:
            return False
        start, end, formatted = self._strings[index]
        return start == at or (formatted and at < end)

    def in_comment(self, at: int) -> bool:
        """Whether a byte offset lies in a comment."""
        index = bisect_right(self._comments, (at, 1 << 62)) - 1
        return index >= 0 and at < self._comments[index][1]
