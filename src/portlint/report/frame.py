"""A line of source with a place in it underlined."""

from __future__ import annotations

import unicodedata

from msgspec import Struct

from portlint.model import NOWHERE, Span
from portlint.report.escape import shown
from portlint.report.masking import masked
from portlint.report.style import Style

_WIDEST = 110
"""columns of a terminal that a line of source may take"""
_LONGEST_MARK = 80


class Frame(Struct, frozen=True):
    """What is shown of a place. number: the line's, 1-based. before, marked, behind: the parts of the line."""

    number: int
    before: str
    marked: str
    behind: str

    @property
    def text(self) -> str:
        return (self.before + self.marked + self.behind).rstrip()

    @property
    def offset(self) -> int:
        """Columns of the terminal before the place."""
        return _width(self.before)

    @property
    def width(self) -> int:
        """Columns of the terminal that the place takes, at least 1."""
        return max(1, _width(self.marked))


def frame(data: bytes | None, span: Span, format: str | None) -> Frame | None:
    """The line that holds a span, masked, escaped and cut to size; None where the file does not have it any more.

    data: the file as UTF-8. format: of the file, which decides what is masked.
    """
    if data is None or span == NOWHERE or span.end > len(data):
        return None
    first = max(data.rfind(b"\n", 0, span.start), data.rfind(b"\r", 0, span.start)) + 1
    ends = [at for at in (data.find(b"\n", span.start), data.find(b"\r", span.start)) if at >= 0]
    last = min(ends, default=len(data))
    before = _text(data[first : span.start]).removeprefix("\ufeff")
    middle = _text(data[span.start : min(span.end, last)])
    line = before + middle + _text(data[max(span.start, min(span.end, last)) : last])
    if not line.strip():
        return None
    parts = masked(line, len(before), len(before) + len(middle), format)
    head, mark, tail = (shown(part.replace("\t", "    ")) for part in parts)
    mark = mark if len(mark) <= _LONGEST_MARK else f"{mark[:_LONGEST_MARK]}..."
    room = max(20, _WIDEST - _width(mark))
    if _width(head) > room * 2 // 3:
        head = f"...{head[-(room * 2 // 3) :]}"
    if _width(tail) > (left := max(10, room - _width(head))):
        tail = f"{tail[:left]}..."
    return Frame(span.line, head, mark, tail)


def drawn(place: str, found: Frame | None, painted: Style, *, sign: str, meaning: str, label: str, margin: int) -> str:
    """The frame as text: the place, the line, and the underline with its label. margin: width of the line numbers."""
    blank = " " * margin
    bar = painted("frame", "|")
    head = f"{blank}{painted('frame', '-->')} {place}\n"
    if found is None:
        return head + (f"{blank} {painted('frame', '=')} {label}\n" if label else "")
    mark = painted(meaning, sign * found.width + (f" {label}" if label else ""))
    number = painted("frame", str(found.number).rjust(margin))
    return f"{head}{blank} {bar}\n{number} {bar} {found.text}\n{blank} {bar} {' ' * found.offset}{mark}\n"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _width(text: str) -> int:
    """Columns that a terminal gives the text (UAX #11: wide and fullwidth take two, combining marks none)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
