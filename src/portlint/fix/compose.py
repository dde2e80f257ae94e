"""Compose files: `8000` becomes `${API_PORT:-8000}`, and a scalar without quotes gets them.

Sources: the Compose specification, Interpolation (values only, never keys); YAML 1.2, 7.3 flow scalar styles.
"""

from __future__ import annotations

from bisect import bisect_right
from codecs import BOM_UTF8
from collections.abc import Sequence

import yaml
from msgspec import Struct

from portlint.fix import SAFE, UNSAFE, Task
from portlint.model import Edit, Fix, LineIndex
from portlint.syntax.yaml.events import TooDeep, events


class _Scalar(Struct, frozen=True):
    """A scalar of the file; start, end: byte offsets, its quotes included."""

    start: int
    end: int
    style: str | None
    is_value: bool


def rewrite(data: bytes, tasks: Sequence[Task]) -> dict[int, Fix]:
    """Fixes by the task's index; none for a literal where Compose does not look for a variable."""
    lines = LineIndex(data)
    scalars = _scalars(data)
    starts = [scalar.start for scalar in scalars]
    made: dict[int, Fix] = {}
    for number, task in enumerate(tasks):
        reference, span = task.finding.reference, task.finding.span
        at = bisect_right(starts, span.start) - 1
        if reference is None or task.literal is None or at < 0:
            continue
        scalar = scalars[at]
        if not scalar.is_value or scalar.end < span.end:
            continue
        written = data[scalar.start : scalar.end]
        if written.count(b"${", 0, span.start - scalar.start) > written.count(b"}", 0, span.start - scalar.start):
            continue  # the fallback of another variable
        new = f"${{{reference.variable}:-{reference.default}}}".encode()
        edits = [Edit(span, task.literal.text.encode(), new)]
        if scalar.style is None:
            if any(char in written for char in b'"\\\r\n'):
                continue
            quotes = (lines.span(place, place) for place in (scalar.start, scalar.end))
            edits += (Edit(quote, b"", b'"') for quote in quotes)
        made[number] = Fix(SAFE if reference.default == task.finding.port else UNSAFE, tuple(edits))
    return made


def _scalars(data: bytes) -> list[_Scalar]:
    """The scalars of the file in order; none where it is not read as YAML, or a tag fixes what one is."""
    found: list[_Scalar] = []
    above: list[list[bool]] = []
    """for each open collection: whether it is a mapping, and whether its next node is a key"""
    mark = len(BOM_UTF8) if data.startswith(BOM_UTF8) else 0
    try:
        text = data[mark:].decode("utf-8")
        offsets = _Offsets(text)
        for event in events(text):
            if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                above.pop()
                continue
            is_key = False
            if isinstance(event, yaml.NodeEvent) and above and above[-1][0]:
                is_key = above[-1][1]
                above[-1][1] = not is_key
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                above.append([isinstance(event, yaml.MappingStartEvent), True])
            elif isinstance(event, yaml.ScalarEvent):
                assert event.start_mark is not None
                assert event.end_mark is not None
                start, end = offsets.of(event.start_mark.index), offsets.of(event.end_mark.index)
                style = event.style or None
                found.append(_Scalar(mark + start, mark + end, style, not is_key and event.tag is None))
    except (TooDeep, yaml.YAMLError, UnicodeDecodeError):
        return []
    return found


class _Offsets:
    """Turns indexes of characters into byte offsets, in ascending order and in one pass."""

    def __init__(self, text: str) -> None:
        self._text, self._is_ascii = text, text.isascii()
        self._index = self._offset = 0

    def of(self, index: int) -> int:
        if self._is_ascii:
            return index
        if index < self._index:
            self._index = self._offset = 0
        self._offset += len(self._text[self._index : index].encode("utf-8"))
        self._index = index
        return self._offset
