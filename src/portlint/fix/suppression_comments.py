"""Suppression comments: where one could stand. Whether it may is proved in `actions.add_suppressions`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge.formats import Comment
from portlint.model import Edit, LineIndex, Suppression

LONGEST_REASON: Final = 200
"""characters"""
_LONGEST_CODES: Final = 380
"""bytes of the codes of one comment"""
_INDENTATION: Final = regex(rb"[ \t]*")
_END: Final = regex(rb"\r\n|\n|\r")
_ROW: Final = regex(rb"^[ \t]*\|.*\|[ \t]*$")
_MARK: Final = b"\xef\xbb\xbf"


def is_reason(text: str) -> bool:
    """Whether a comment of any format can hold a text as its reason."""
    closings = ("*/", "-->", "--", "#}", "%}", "|")
    return len(text) <= LONGEST_REASON and text.isprintable() and not any(closing in text for closing in closings)


def edits(
    comment: Comment, data: bytes, line: int, codes: Sequence[str], reason: str, known: Sequence[Suppression]
) -> Iterator[Edit]:
    """The edits that may silence some rules on a line, each alone, the best first.

    comment: of the file's format. data: UTF-8. line: 1-based. codes: sorted. known: the suppressions of the file; one
    that is about the line gets the codes, and keeps its own reason.
    """
    lines = LineIndex(data)
    for suppression in known:
        if suppression.first_line == suppression.last_line == line and suppression.codes:
            close = data.find(b"]", suppression.span.start, suppression.span.end)
            more = "".join(f", {code}" for code in codes if code not in suppression.codes).encode()
            if close >= 0 and close - suppression.span.start + len(more) <= _LONGEST_CODES:
                yield Edit(lines.span(close, close), b"", more)
    start = lines.starts[line - 1]
    stop = lines.starts[line] if line < len(lines.starts) else len(data)
    text = data[start:stop].rstrip(b"\r\n")
    end = start + len(text)
    words = f"[{', '.join(codes)}]" + (f" -- {reason}" if reason else "") + comment.closes
    if comment.in_cells:
        if _ROW.match(text):  # a comment within the last cell is shown by nobody
            bar = start + text.rstrip(b" \t").rindex(b"|")
            yield Edit(lines.span(bar, bar), b"", f"{comment.opens} portlint: ignore{words} ".encode())
        return
    if comment.behind is not None:
        yield Edit(lines.span(end, end), b"", f"{comment.behind}{comment.opens} portlint: ignore{words}".encode())
    if comment.above:
        indentation = _INDENTATION.match(text)
        indent = indentation[0] if indentation is not None and comment.indented else b""
        at = start + len(_MARK) if start == 0 and data.startswith(_MARK) else start
        ending = _END.search(data, end) or _END.search(data)
        feed = ending[0] if ending is not None else b"\n"
        own = indent + f"{comment.opens} portlint: ignore-next-line{words}".encode() + feed
        yield Edit(lines.span(at, at), b"", own)
