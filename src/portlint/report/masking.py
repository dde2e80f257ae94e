"""Hides what may be a secret in a line of source that is shown to a person.

Of an env file's line only the name, the port literal and its host are shown. In every other file, the user part of a
URL (RFC 3986, 3.2.1) is hidden, and the value beside a word that means a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge.formats import ENV_FILES

MASK: Final = "***"
_LONGEST: Final = 2000
"""characters of a line that are looked at; of a longer one, only the literal is shown"""

# The user part ends at the last @: passwords with a bare @ or / in them are common, though not valid. Where a host and
# port come first (`http://localhost:8000/@scope`), the @ belongs to the path.
_USER: Final = regex(r"://(?![A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?/)([^\s\"'`<>]{1,500})@")
_SECRET: Final = regex(
    r"(?:passw(?:or)?d|passphrase|pwd|secret|token|credentials?|api_?key|access_?key|private_?key)[\w-]{0,40}[\"']?"
    r"[ \t]{0,9}[:=][ \t]{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"',;)}\]&]+))",
    re.IGNORECASE,
)
_OPTION: Final = regex(
    r"(?<![\w-])--?[A-Za-z-]{0,30}(?:passw(?:or)?d|passphrase|secret|token|credentials?|key)[ \t]{1,9}"
    r"([^\s-]\S{0,500})",
    re.IGNORECASE,
)
_BARE_USER: Final = regex(r"(?<![\w.:/-])[\w.-]{1,64}:([^\s\"'`<>@/]{1,200})@(?=[\w.-]{1,253}:[0-9])")
_HOST: Final = regex(r"(?:^|//|@|[,\"'])([A-Za-z0-9][A-Za-z0-9._-]{0,252}:)$")
_KEPT: Final = regex(
    r"(?:(?<==)|(?<==[\"']))([0-9]{1,5})(?=[\"']?(?:[ \t]|\r?$))"
    r"|(?:(?<=//)|(?<=@)|(?<=[=,\"']))([A-Za-z0-9][A-Za-z0-9._-]{0,252}:[0-9]{1,5})(?=[/?#,\"'\s]|$)"
)
_NAME: Final = regex(r"[ \t]*+#?+[ \t]*+(?:export[ \t]++)?+[A-Za-z_][A-Za-z0-9_.-]{0,200}[ \t]*+=[ \t]*+[\"']?")


def masked(line: str, start: int, end: int, format: str | None) -> tuple[str, str, str]:
    """The line in three parts, before, at and behind the characters `start` to `end`, with secrets replaced by MASK.

    The middle part is never masked: it is a port literal, or a name or directive. format: of the file.
    """
    if format in ENV_FILES:
        return _of_env(line, start, end)
    if len(line) > _LONGEST:
        return f"{MASK} ", line[start:end], f" {MASK}"
    hidden = sorted(_hidden(line))
    return _without(line, 0, start, hidden), line[start:end], _without(line, end, len(line), hidden)


def masked_whole(line: str, format: str | None) -> str:
    """The line with secrets replaced by MASK, where it is not a port in it that is shown but the line: in a diff.

    Of a value of an env file what is kept is a number, or each host and port of an address.
    """
    if format not in ENV_FILES:
        return _without(line, 0, len(line), sorted(_hidden(line))) if len(line) <= _LONGEST else MASK
    if line.lstrip().startswith("#") and not (name := _NAME.match(line[:_LONGEST])):
        return f"#{MASK}" if line.strip("# \t\r") else line
    name = _NAME.match(line[:_LONGEST])
    start = name.end() if name else 0
    out, at = [line[:start]], start
    for kept in _KEPT.finditer(line[:_LONGEST], start):
        out += [MASK if line[at : kept.start()].strip(" \t\"'") else line[at : kept.start()], kept[0]]
        at = kept.end()
    rest = line[at:]
    return "".join([*out, MASK if rest.strip(" \t\r\"'") else rest])


def _hidden(line: str) -> Iterator[tuple[int, int]]:
    for found in _USER.finditer(line):
        yield found.span(1)
    for pattern in (_OPTION, _BARE_USER):
        for found in pattern.finditer(line):
            yield found.span(1)
    for found in _SECRET.finditer(line):
        assert found.lastindex is not None
        yield found.span(found.lastindex)


def _without(line: str, start: int, end: int, hidden: list[tuple[int, int]]) -> str:
    out, at = [], start
    for first, last in hidden:
        first, last = max(first, at), min(last, end)
        if first < last:
            out += [line[at:first], MASK]
            at = last
    out.append(line[at:end])
    return "".join(out)


def _of_env(line: str, start: int, end: int) -> tuple[str, str, str]:
    name = _NAME.match(line[:_LONGEST])
    value = name.end() if name else 0
    if start < value:  # the span is the variable's name, or the line is no assignment
        rest = line[end:value] if end < value else ""
        return line[:start], line[start:end], rest + (MASK if line[max(end, value) :].strip() else "")
    before = line[value:start]
    host = _HOST.search(before[-300:])
    kept = host[1] if host else ""
    secret = before[: len(before) - len(kept)]
    return (
        line[:value] + (MASK if secret.strip() else "") + kept,
        line[start:end],
        MASK if line[end:].strip(" \t\"'") else line[end:],
    )
