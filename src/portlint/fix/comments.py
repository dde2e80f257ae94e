"""Suppression comments that silence nothing (PORT902): the comment goes, and a line of its own with it."""

from __future__ import annotations

from collections.abc import Sequence

from portlint.algorithms.lazy_regex import regex
from portlint.fix import SAFE, Task
from portlint.knowledge.rule_metadata import chosen
from portlint.model import Edit, Fix, LineIndex

_SIGN = regex(rb"(?:#|//|--|;|<!--|/\*|\{#|\{%)[ \t]{0,40}$")
_CLOSING = regex(rb"[ \t]{0,40}(?:\*/|-->|#\}|%\})?[ \t]{0,40}$")
_CODES = regex(rb"\[([^\[\]]{0,400})\]")


def rewrite(data: bytes, tasks: Sequence[Task]) -> dict[int, Fix]:
    """Fixes by the task's index; none where the comment says something else as well, or names no rule."""
    lines = LineIndex(data)
    made: dict[int, Fix] = {}
    for number, task in enumerate(tasks):
        span = task.finding.span
        start = lines.starts[span.line - 1]
        end = lines.starts[span.line] if span.line < len(lines.starts) else len(data)
        text = data[start:end].rstrip(b"\r\n")
        sign = _SIGN.search(text[: span.start - start])
        codes = _CODES.search(data, span.start, span.end)
        words = [] if codes is None else codes[1].decode("utf-8", "replace").replace(",", " ").split()
        if sign is None or not _CLOSING.match(text, span.end - start) or not all(chosen((word,)) for word in words):
            continue
        kept = text[: sign.start()].rstrip(b" \t")
        if kept and kept != b"\xef\xbb\xbf":
            first, last = start + len(kept), start + len(text)
        elif end > start + len(text) or start == 0:
            first, last = start + len(kept), end
        else:
            # The last line: what ends the one above it goes, so that the file ends as it did.
            first, last = start - (2 if data[:start].endswith(b"\r\n") else 1), end
        made[number] = Fix(SAFE, (Edit(lines.span(first, last), data[first:last], b""),))
    return made
