"""Ignore files (gitignore(5)), matched in linear time whatever stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from portlint.algorithms.gitignore import matcher
from portlint.algorithms.lazy_regex import regex

_STARS: Final = regex(r"\*+")


class IgnoreFile:
    """The patterns of one ignore file (gitignore(5)).

    pathspec turns a pattern into a regular expression that backtracks over each of its wildcards, and does not come
    back from `*a*a*a*a*a*a*ab` and a long name. So it gets the common patterns, with few wildcards; those with many
    are matched in linear time, after the others and against every file as if they stood first in their file.
    """

    __slots__ = ("_common", "_start", "_wild", "invalid")

    def __init__(self, folder: str, lines: Iterable[str]) -> None:
        """folder: where the file lies, relative to the root."""
        from pathspec import GitIgnoreSpec

        common: list[Any] = []
        wild: list[str] = []
        self.invalid: list[str] = []
        for line in lines:
            if not has_few_wildcards(line):
                wild.append(line)
                continue
            try:
                common += GitIgnoreSpec.from_lines([line]).patterns
            except (ValueError, re.error):  # pathspec hands `[z-a]` to `re` as it is
                self.invalid.append(line)
        self._start = len(folder) + 1 if folder else 0
        self._common = GitIgnoreSpec(common)
        self._wild = matcher(tuple(wild)) if wild else None

    def says(self, path: str) -> bool | None:
        """Whether a path is ignored; None where no pattern matches. path: from the root, of a folder with a slash."""
        path = path[self._start :]
        said = self._common.check_file(path).include
        if said is None and self._wild is not None and self._wild(f"{path}\0" if path.endswith("/") else path):
            return True
        return said


def has_few_wildcards(pattern: str) -> bool:
    """Whether a backtracking match of a gitignore pattern takes milliseconds at the worst."""
    stars = [len(_STARS.findall(name)) for name in pattern.split("/")]
    return len(pattern) <= 500 and max(stars) <= 2 and sum(stars) <= 3 and pattern.count("**") <= 2


def is_ignored(path: str, files: tuple[IgnoreFile, ...]) -> bool:
    """Whether the innermost file that says something about a path ignores it (gitignore(5), precedence)."""
    return next((said for file in reversed(files) if (said := file.says(path)) is not None), False)
