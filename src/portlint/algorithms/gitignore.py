"""Path patterns as `.gitignore` has them: `tests/`, `*.min.js`, `/deploy/prod/**`, `!keep.py`.

Source: gitignore(5), "Pattern format". Each segment becomes an expression of `fnmatch`, whose stars do not backtrack
into one another, and `**` is followed as a set of positions: a hostile pattern costs no more than its length times
the path's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from functools import lru_cache

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex

_ANY_DEPTH = "**"
_LONGEST_PATTERN = 500
"""characters; a longer pattern matches nothing"""


class _Pattern(Struct, frozen=True):
    segments: tuple[str | Callable[[str], object], ...]
    negated: bool
    folders_only: bool

    def matches(self, parts: list[str]) -> bool:
        """Whether the path, or a folder above it, is one that the pattern names."""
        last = len(self.segments)
        if last == 2 and self.segments[0] == _ANY_DEPTH:
            # A lone name, as most patterns are: it stands for any part of the path.
            name = self.segments[1]
            named = parts[:-1] if self.folders_only else parts
            return name in named if isinstance(name, str) else any(map(name, named))
        places = {0}
        for number, part in enumerate(parts):
            after: set[int] = set()
            for place in self._with_skips(places):
                if place == last:
                    continue
                segment = self.segments[place]
                if segment == _ANY_DEPTH:
                    after.add(place)
                    if place == last - 1:
                        after.add(last)
                elif segment == part if isinstance(segment, str) else segment(part) is not None:
                    after.add(place + 1)
            is_file = number == len(parts) - 1
            if last in after and not (self.folders_only and is_file):
                return True
            places = after
        return False

    def _with_skips(self, places: set[int]) -> set[int]:
        """The places, and those behind a `**` that stands for no folder at all (not so for one at the end)."""
        out = set(places)
        for place in sorted(places):
            following = place
            while following < len(self.segments) - 1 and self.segments[following] == _ANY_DEPTH:
                following += 1
                out.add(following)
        return out


def _parsed(pattern: str) -> _Pattern | None:
    text = pattern.strip()
    if not text or text.startswith("#") or len(text) > _LONGEST_PATTERN:
        return None
    negated = text.startswith("!")
    text = text.removeprefix("!").removeprefix("./")
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    names = [name for name in text.split("/") if name]
    if not names:
        return None
    if not anchored:
        names.insert(0, _ANY_DEPTH)
    segments = tuple(
        name if name == _ANY_DEPTH or not _WILD.search(name) else re.compile(translate(name)).match for name in names
    )
    return _Pattern(segments, negated, folders_only)


_WILD = regex(r"[*?\[]")


@lru_cache(maxsize=256)
def matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """A function that tells whether a file's path (relative, forward slashes) is one that `patterns` name.

    The last pattern that matches decides, so that one with `!` takes files out again.
    """
    if not patterns:
        return lambda path: False
    parsed: list[_Pattern] | None = None

    @lru_cache(maxsize=8192)
    def matches(path: str) -> bool:
        nonlocal parsed
        if parsed is None:
            parsed = [p for p in map(_parsed, reversed(patterns)) if p is not None]
        parts = path.split("/")
        return next((not p.negated for p in parsed if p.matches(parts)), False)

    return matches


def first_match(named: Iterable[tuple[str, tuple[str, ...]]], path: str) -> str | None:
    """The first name one of whose patterns matches the path."""
    return next((name for name, patterns in named if matcher(patterns)(path)), None)
