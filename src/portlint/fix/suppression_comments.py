"""Suppression comments: where one could stand, format by format. Whether it may is proved in `silencing.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from portlint.algorithms.lazy_regex import regex
from portlint.model import Edit, LineIndex, Suppression

BEHIND: Final[Mapping[str, str]] = {
    "python": "  #",
    "compose": " #",
    "yaml": " #",
    "traefik": " #",
    "toml": " #",
    "shell": " #",
    "nginx": " #",
    "javascript": " //",
}
"""format to what opens a comment behind the code of a line"""
ABOVE: Final[Mapping[str, str]] = {
    "python": "#",
    "compose": "#",
    "yaml": "#",
    "traefik": "#",
    "toml": "#",
    "shell": "#",
    "nginx": "#",
    "javascript": "//",
    "dotenv": "#",
    "dockerfile": "#",
    "makefile": "#",
    "systemd": "#",
    "properties": "#",
    "config": "#",
    "batch": "rem",
    "powershell": "#",
}
"""format to what opens a comment on a line of its own"""
LONGEST_REASON: Final = 200
"""characters"""
_LONGEST_CODES: Final = 380
"""bytes of the codes of one comment"""
_UNINDENTED: Final = frozenset({"makefile", "dotenv", "properties", "systemd"})
"""formats in which white space before a comment may mean something"""
_INDENTATION: Final = regex(rb"[ \t]*")
_END: Final = regex(rb"\r\n|\n|\r")
_ROW: Final = regex(rb"^[ \t]*\|.*\|[ \t]*$")
_MARK: Final = b"\xef\xbb\xbf"


def is_reason(text: str) -> bool:
    """Whether a comment of any format can hold a text as its reason."""
    closings = ("*/", "-->", "--", "#}", "%}", "|")
    return len(text) <= LONGEST_REASON and text.isprintable() and not any(closing in text for closing in closings)


def edits(
    format: str, path: str, data: bytes, line: int, codes: Sequence[str], reason: str, known: Sequence[Suppression]
) -> Iterator[Edit]:
    """The edits that may silence some rules on a line, each alone, the best first.

    data: UTF-8. line: 1-based. codes: sorted. known: the suppressions of the file; one that is about the line gets the
    codes, and keeps its own reason.
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
    words = f"[{', '.join(codes)}]" + (f" -- {reason}" if reason else "")
    if format == "markdown":
        if _ROW.match(text):  # a comment within the last cell is shown by nobody
            bar = start + text.rstrip(b" \t").rindex(b"|")
            yield Edit(lines.span(bar, bar), b"", f"<!-- portlint: ignore{words} --> ".encode())
        return
    if format in BEHIND:
        yield Edit(lines.span(end, end), b"", f"{BEHIND[format]} portlint: ignore{words}".encode())
    if format in ABOVE:
        sign = ";" if format == "config" and path.lower().endswith(".ini") else ABOVE[format]
        indentation = _INDENTATION.match(text)
        indent = b"" if indentation is None or format in _UNINDENTED else indentation[0]
        at = start + len(_MARK) if start == 0 and data.startswith(_MARK) else start
        ending = _END.search(data, end) or _END.search(data)
        feed = ending[0] if ending is not None else b"\n"
        yield Edit(lines.span(at, at), b"", indent + f"{sign} portlint: ignore-next-line{words}".encode() + feed)
