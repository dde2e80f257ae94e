"""The lines of an env file: variables, comments, and what is neither.

The grammar is python-dotenv's (https://saurabh-kumar.com/python-dotenv/), which Docker Compose's, systemd's and the
shell's agree with on what they share: `export`, quotes over several lines, a comment behind white space and `#`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex

_SPACE = regex(r"[ \t\r\n\v\f]*")
_BLANK = regex(r"[ \t\v\f]*")
_EXPORT = regex(r"export[ \t\v\f]+")
_KEY = regex(r"'([^']+)'|([^=# \t\r\n\v\f]+)")
_QUOTED = {
    '"': regex(r'"((?:\\.|[^"\\])*)"', re.DOTALL),
    "'": regex(r"'((?:\\.|[^'\\])*)'", re.DOTALL),
}
_LINE = regex(r"[^\r\n]*")
_BOM = "\xef\xbb\xbf"


class Assignment(Struct, frozen=True):
    """`NAME=value`. All positions are indexes into the text, ends exclusive; the value's leave its quotes out."""

    name_start: int
    name_end: int
    value_start: int
    value_end: int
    has_value: bool = True
    """False: a bare `NAME`, which passes the variable on"""


class Comment(Struct, frozen=True):
    start: int
    end: int


class Fault(Struct, frozen=True):
    start: int
    reason: str


def lines(text: str) -> Iterator[Assignment | Comment | Fault]:
    """What an env file says, in order."""
    position, end = len(_BOM) if text.startswith(_BOM) else 0, len(text)
    unclosed: set[str] = set()
    while (position := _end(_SPACE, text, position)) < end:
        if text[position] == "#":
            stop = _end(_LINE, text, position)
            yield Comment(position, stop)
            position = stop
            continue
        exported = _EXPORT.match(text, position)
        key = _KEY.match(text, exported.end() if exported else position)
        if key is None:
            yield Fault(position, "no variable's name before `=`")
            position = _end(_LINE, text, position)
            continue
        name_start, name_end = key.span(1) if key[1] is not None else key.span(2)
        position = _end(_BLANK, text, key.end())
        if text[position : position + 1] == "=":
            start = _end(_BLANK, text, position + 1)
            spaced = start > position + 1
        elif text[name_end - 1] == ":" and name_end - name_start > 1 and key[1] is None:
            # Docker Compose's loader also takes `NAME: value`.
            start, spaced, name_end = position, True, name_end - 1
        else:
            if text[position : position + 1] in ("", "#", "\r", "\n"):
                yield Assignment(name_start, name_end, position, position, has_value=False)
            position = yield from _rest(text, position)
            continue
        quote = text[start : start + 1]
        if quote in _QUOTED:
            whole = _QUOTED[quote].match(text, start, _end(_LINE, text, start) if quote in unclosed else end)
            if whole is None:
                unclosed.add(quote)
                yield Fault(start, "unterminated quote")
                # Best effort: the line is all that surely belongs to it.
                position = _end(_LINE, text, start)
                yield Assignment(name_start, name_end, start + 1, position)
                continue
            yield Assignment(name_start, name_end, whole.start(1), whole.end(1))
            position = yield from _rest(text, whole.end())
        elif quote == "#" and spaced:
            yield Assignment(name_start, name_end, start, start)
            position = yield from _rest(text, start)
        else:
            stop = _end(_LINE, text, start)
            sign = _comment_sign(text, start, stop)
            behind = len(text[start:sign].rstrip(" \t\v\f")) + start
            yield Assignment(name_start, name_end, start, behind)
            position = yield from _rest(text, sign)


def _rest(text: str, position: int) -> Generator[Comment, None, int]:
    """The comment behind a value; returns (to `yield from`) the index of the end of the line."""
    start = _end(_BLANK, text, position)
    stop = _end(_LINE, text, start)
    if text[start : start + 1] == "#":
        yield Comment(start, stop)
    return stop


def _comment_sign(text: str, start: int, stop: int) -> int:
    """Index of the `#` that opens a comment behind an unquoted value, or `stop`."""
    sign = text.find("#", start, stop)
    while sign > start and text[sign - 1] not in " \t\v\f":
        sign = text.find("#", sign + 1, stop)
    return sign if sign > start else stop


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
