"""Template tags around YAML: Jinja `{{ }}` `{% %}` `{# #}`, Go `{{ }}` (Helm), ERB `<%= %>`.

`blanked` puts text of the same length in their places, so that the rest parses as YAML and every offset stays right:
a tag that writes a value becomes a run of `_`, one that writes nothing (a condition, a loop, a comment, a line of its
own) becomes spaces.

Sources: Jinja, "Template Designer Documentation"; Go, text/template, "Actions"; Ruby, ERB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.syntax.interpolation import HOLE

_OPENING = regex(r"\{\{|\{%|\{#|<%")
_CLOSINGS = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>"}
_LONGEST_TAG = 4000
"""characters; text behind an opening without its closing is no tag"""

_GO_CONTROL = regex(r"\{\{-?\s*(?:(?:if|else|end|range|with|define|block|break|continue)\b|/\*|\$\w{1,80}\s*:?=)")
_LOOP = regex(r"\{%[-+]?\s*(?:for|set)\s+(\w{1,80})\s*(?:in\b|=)([^%\n]{0,2000})%")
_NUMBER = regex(r"(?<![\w.:-])[0-9]{1,5}(?![\w.:-])")
_DEFAULTS = regex(
    r"\bdefault(?:\(|\s)\s{0,8}[\"']?([0-9]{1,5})\b"
    r"|\b(?:fetch|[Ee]nv|getenv|lookup)[ (]{1,4}[\"']\w{1,80}[\"']\s{0,8}(?:,|\)\s{0,8}\{|\s)"
    r"\s{0,8}[\"']?([0-9]{1,5})\b"
    r"|\bor\s{1,8}[\"']?([0-9]{1,5})\b"
)


class Tag(Struct, frozen=True):
    """A template tag. start, end: 0-based indexes, end exclusive. silent: it writes nothing where it stands."""

    start: int
    end: int
    silent: bool


def tags(text: str) -> list[Tag]:
    """The tags of a text, in order."""
    out: list[Tag] = []
    position = 0
    unclosed: dict[str, int] = {}
    while (match := _OPENING.search(text, position)) is not None:
        opening, start = match[0], match.start()
        position = match.end()
        if start < unclosed.get(opening, 0) or (opening == "{#" and start and text[start - 1] == "$"):
            continue
        close = text.find(_CLOSINGS[opening], position, start + _LONGEST_TAG)
        if close < 0 or (start and text[start - 1] in "\"'" and text.find("\n", start, close) >= 0):
            # Looked at once in this stretch: a thousand openings without a closing stay cheap.
            unclosed[opening] = start + (_LONGEST_TAG // 2 if close < 0 else 1)
            continue
        position = close + 2
        if opening == "{{" and text.startswith("}", position):
            position += 1
        silent = opening in ("{%", "{#") or (opening == "<%" and text[start + 2 : start + 3] not in ("=", "-"))
        out.append(Tag(start, position, silent or _GO_CONTROL.match(text, start, position) is not None))
    return out


def is_expression(text: str, tag: Tag) -> bool:
    """Whether the tag is `${{ }}`, which the reader of the YAML expands, and no template made the file."""
    return tag.start > 0 and text[tag.start - 1] == "$"


def blanked(text: str, found: list[Tag]) -> str:
    """The text with every tag replaced by text of the same length that YAML can read."""
    if not found:
        return text
    out: list[str] = []
    position = 0
    for tag, alone in zip(found, _alone(text, found), strict=True):
        out.append(text[position : tag.start])
        sign = " " if tag.silent or alone else "_"
        # Spaces as the first line of a block scalar would set its indentation.
        opening = "#" if alone and _BLOCK_BEFORE.search(text, max(0, tag.start - 200), tag.start) else sign
        out.append(_filler(text[tag.start : tag.end], sign, opening))
        position = tag.end
    out.append(text[position:])
    return "".join(out)


_BLOCK_BEFORE = regex(r"[|>][-+0-9]{0,3}[ \t]{0,20}\r?\n[ \t]{0,80}\Z")


def _alone(text: str, found: list[Tag]) -> list[bool]:
    """For each tag, whether nothing but tags stands on its line."""
    behind = [False] * len(found)
    limit, free = len(text), True
    for index in range(len(found) - 1, -1, -1):
        tag = found[index]
        stop = text.find("\n", tag.end, limit)
        behind[index] = not text[tag.end : stop if stop >= 0 else limit].strip() and (stop >= 0 or free)
        limit, free = tag.start, behind[index]
    out, before, position = [], True, 0
    for index, tag in enumerate(found):
        start = text.rfind("\n", position, tag.start) + 1
        before = not text[max(start, position) : tag.start].strip() and (start > 0 or before)
        out.append(before and behind[index])
        position = tag.end
    return out


def _filler(tag: str, sign: str, opening: str) -> str:
    first, newline, rest = tag.partition("\n")
    filled = opening + sign * (len(first) - 1)
    return filled + "".join(char if char in "\r\n" else " " for char in newline + rest)


def with_holes(text: str) -> str:
    """A value with its tags replaced by holes of the same length."""
    if "{" not in text and "<" not in text:
        return text
    out, position = [], 0
    for tag in tags(text):
        out += [text[position : tag.start], HOLE * (tag.end - tag.start)]
        position = tag.end
    return "".join([*out, text[position:]])


def defaults(text: str) -> Iterator[tuple[int, int]]:
    """Where the tags of a value give a number as its default: `{{ port | default(8080) }}`."""
    for tag in tags(text):
        for match in _DEFAULTS.finditer(text, tag.start, tag.end):
            group = match.lastindex or 0
            yield match.start(group), match.end(group)


def loops(text: str, found: Sequence[Tag], is_meant: Callable[[str], bool]) -> Iterator[tuple[int, int, str]]:
    """Start, end and variable of each number that a loop or a `set` gives to a variable whose name is meant."""
    for tag in found:
        match = _LOOP.match(text, tag.start, tag.end)
        if match is None or not is_meant(match[1]):
            continue
        for number in _NUMBER.finditer(text, match.start(2), match.end(2)):
            yield number.start(), number.end(), match[1]
