"""Suppression comments: `# portlint: ignore[PORT101] -- reason`, `ignore-next-line`, `ignore-file`.

They stand behind the comment sign of the file's format. Without codes every rule is meant.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from portlint.model import Source, Suppression

_COMMENT = re.compile(
    rb"portlint:[ \t]{0,4}ignore(-next-line|-file)?\b"
    rb"(?:[ \t]{0,4}\[([^\]\r\n]{0,400})\])?(?:[ \t]{0,4}--[ \t]{0,4}([^\r\n]{0,400}))?"
)
_CODE_SEPARATOR = re.compile(r"[\s,]+")
_CLOSINGS = ("*/", "-->", "#}", "%}")


def suppressions(source: Source, signs: tuple[str, ...]) -> Iterator[Suppression]:
    """The suppressions of a file whose comments open with one of `signs`."""
    starts = source.lines.starts
    for match in _COMMENT.finditer(source.data):
        index = bisect_right(starts, match.start()) - 1
        before = source.data[starts[index] : match.start()]
        if not any(sign.encode() in before for sign in signs):
            continue
        line = index + 1
        kind = match[1]
        first, last = (1, len(starts)) if kind == b"-file" else (line + 1, line + 1) if kind else (line, line)
        codes = tuple(c for c in _CODE_SEPARATOR.split((match[2] or b"").decode("utf-8", "replace")) if c)
        reason = (match[3] or b"").decode("utf-8", "replace").strip()
        for closing in _CLOSINGS:
            reason = reason.removesuffix(closing).strip()
        yield Suppression(source.span(match.start(), match.end()), first, last, codes, reason or None)
