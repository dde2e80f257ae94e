"""Suppression comments: `# portlint: ignore[PORT101] -- reason`, `ignore-next-line`, `ignore-file`.

They stand behind the comment sign of the file's format. Without codes every rule is meant.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator

from portlint.algorithms.lazy_regex import regex
from portlint.model import Source, Suppression

_COMMENT = regex(
    rb"portlint:[ \t]{0,4}ignore(-next-line|-file)?\b"
    rb"(?:[ \t]{0,4}\[([^\]\r\n]{0,400})\])?(?:[ \t]{0,4}--[ \t]{0,4}([^\r\n]{0,400}))?"
)
_CODE_SEPARATOR = regex(r"[\s,]+")
_CLOSINGS = ("*/", "-->", "#}", "%}")


def suppressions(
    source: Source, signs: tuple[str, ...], comments: Callable[[bytes], Callable[[int], bool]] | None = None
) -> Iterator[Suppression]:
    """The suppressions of a file whose comments open with one of `signs`.

    comments: given the data, tells whether a byte offset lies in a comment, where a sign alone does not tell.
    """
    if b"portlint:" not in source.data:
        return
    starts = source.lines.starts
    in_comment: Callable[[int], bool] | None = None
    encoded = [sign.encode() for sign in signs]
    # Of a line with many matches no stretch is searched twice.
    searched, is_comment = 0, False
    for match in _COMMENT.finditer(source.data):
        index = bisect_right(starts, match.start()) - 1
        if searched < starts[index]:
            searched, is_comment = starts[index], False
        is_comment = is_comment or any(source.data.find(sign, searched, match.start()) >= 0 for sign in encoded)
        searched = match.start()
        if not is_comment:
            continue
        if comments is not None:
            in_comment = in_comment or comments(source.data)
            if not in_comment(match.start()):
                continue
        line = index + 1
        kind = match[1]
        first, last = (1, len(starts)) if kind == b"-file" else (line + 1, line + 1) if kind else (line, line)
        codes = tuple(c for c in _CODE_SEPARATOR.split((match[2] or b"").decode("utf-8", "replace")) if c)
        reason = (match[3] or b"").decode("utf-8", "replace").strip()
        for closing in _CLOSINGS:
            reason = reason.removesuffix(closing).strip()
        yield Suppression(source.span(match.start(), match.end()), first, last, codes, reason or None)
