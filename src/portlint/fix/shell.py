"""Shell scripts: `8000` becomes `${API_PORT:-8000}` where the shell expands it.

Not in single quotes, comments, here-documents with a quoted delimiter, backquotes, or another expansion. A lexer
finds those stretches in one pass.

Source: POSIX.1-2017, Shell Command Language, 2.2 quoting, 2.6 word expansions, 2.7.4 here-document.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from portlint.algorithms.lazy_regex import regex
from portlint.fix import SAFE, UNSAFE, Task
from portlint.model import Edit, Fix

_OTHER_SHELLS = regex(rb"#![^\n]{0,60}\b(?:fish|t?csh|nu|xonsh|python[0-9.]*)\b")
_HEREDOC = regex(rb"<<(-?)[ \t]{0,20}(['\"\\]?)([A-Za-z_][A-Za-z0-9_.-]{0,60})")
_JOINED = regex(rb"[A-Za-z0-9_$\\]")
"""what makes the digits behind it part of a name, or is bound to the first of them"""
_STOPS = regex(rb"[\\'\"`#$()}\n<]")
"""bytes at which something may begin or end"""


def rewrite(data: bytes, tasks: Sequence[Task]) -> dict[int, Fix]:
    """Fixes by the task's index; none for a literal where the shell expands nothing."""
    if _OTHER_SHELLS.match(data):
        return {}
    closed = _Lexer(data).closed()
    starts = [start for start, _ in closed]
    made: dict[int, Fix] = {}
    for number, task in enumerate(tasks):
        reference, span = task.finding.reference, task.finding.span
        at = bisect_right(starts, span.start) - 1
        if reference is None or task.literal is None or (at >= 0 and span.start < closed[at][1]):
            continue
        if data[span.end : span.end + 2] == b".." or data[max(0, span.start - 2) : span.start] == b"..":
            continue  # {8000..8010} is expanded before variables are
        if span.start > 0 and _JOINED.match(data, span.start - 1):
            continue
        new = f"${{{reference.variable}:-{reference.default}}}".encode()
        edit = Edit(span, task.literal.text.encode(), new)
        made[number] = Fix(SAFE if reference.default == task.finding.port else UNSAFE, (edit,))
    return made


class _Lexer:
    """Finds the stretches of a script in which nothing is expanded, or which are part of an expansion."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._closed: list[tuple[int, int]] = []
        self._open: list[bytes] = []
        """what has been opened: `"`, `(` or `{`, the last of which stands for an expansion with braces"""
        self._braces = 0
        """where the outermost open expansion with braces begins"""
        self._heredocs: list[tuple[bytes, bool, bool]] = []
        """here-documents whose text begins on the next line: delimiter, quoted, indented with tabs"""

    def closed(self) -> list[tuple[int, int]]:
        """Pairs of byte offsets, end exclusive, in order."""
        at, data = 0, self._data
        while (stop := _STOPS.search(data, at)) is not None:
            at = self._step(stop.start(), data[stop.start() : stop.end()])
        if b"{" in self._open:
            self._close(self._braces, len(data))
        merged: list[tuple[int, int]] = []
        for start, end in sorted(self._closed):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def _step(self, at: int, char: bytes) -> int:
        """Takes up what begins at an offset; gives the offset behind it."""
        data, top = self._data, self._open[-1] if self._open else b""
        if char == b"\\":
            return at + 2
        if char == b'"':
            if top == b'"':
                self._open.pop()
            else:
                self._open.append(b'"')
        elif char == b"'" and not self._is_in_double_quotes():
            return self._skip_to(b"'", at, escapes=data[at - 1 : at] == b"$")
        elif char == b"`":
            return self._skip_to(b"`", at, escapes=True)
        elif char == b"$" and data[at + 1 : at + 2] in (b"(", b"{"):
            opening = data[at + 1 : at + 2]
            if opening == b"{" and b"{" not in self._open:
                self._braces = at
            self._open.append(opening)
            return at + 2
        elif char == b"}" and top == b"{":
            self._open.pop()
            if b"{" not in self._open:
                self._close(self._braces, at + 1)
        elif top not in (b'"', b"{"):
            return self._in_code(at, char, top)
        elif char == b"\n" and self._heredocs:
            return self._texts(at + 1)
        return at + 1

    def _in_code(self, at: int, char: bytes, top: bytes) -> int:
        data = self._data
        if char == b"#" and (at == 0 or data[at - 1 : at] in b" \t\n;&|("):
            end = data.find(b"\n", at)
            end = len(data) if end < 0 else end
            self._close(at, end)
            return end
        if char == b"(":
            self._open.append(b"(")
        elif char == b")" and top == b"(":
            self._open.pop()
        elif char == b"<":
            if data.startswith(b"<<<", at):
                return at + 3
            found = _HEREDOC.match(data, at)
            if found is not None:
                self._heredocs.append((found[3], found[2] != b"", found[1] != b""))
                closing = data[found.end() : found.end() + 1]
                return found.end() + (1 if found[2] != b"" and closing == found[2] else 0)
        elif char == b"\n" and self._heredocs:
            return self._texts(at + 1)
        return at + 1

    def _is_in_double_quotes(self) -> bool:
        return b'"' in self._open and (self._open[-1] == b'"' or self._open[-2:] == [b'"', b"{"])

    def _skip_to(self, closing: bytes, at: int, *, escapes: bool) -> int:
        """Closes the stretch from `at` to the closing byte; gives the offset behind it."""
        end = self._data.find(closing, at + 1)
        while escapes and end > 0 and self._data[end - 1 : end] == b"\\":
            end = self._data.find(closing, end + 1)
        end = len(self._data) if end < 0 else end + 1
        self._close(at, end)
        return end

    def _texts(self, at: int) -> int:
        """Passes the here-documents that begin at an offset; gives the offset behind the last delimiter."""
        data = self._data
        for delimiter, quoted, indented in self._heredocs:
            start = at
            while at < len(data):
                end = data.find(b"\n", at)
                end = len(data) if end < 0 else end
                line = data[at:end].rstrip(b"\r")
                at = min(end + 1, len(data))
                if (line.lstrip(b"\t") if indented else line) == delimiter:
                    break
            if quoted or b"`" in data[start:at] or b"$" in data[start:at]:
                self._close(start, at)
        self._heredocs.clear()
        return at

    def _close(self, start: int, end: int) -> None:
        self._closed.append((start, end))
