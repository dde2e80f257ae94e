"""Ignore files (gitignore(5)), matched in linear time whatever stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from portlint.algorithms.gitignore import matcher
from portlint.algorithms.lazy_regex import regex

_STARS: Final = regex(r"\*+")
_GROUP: Final = "(?P<"
_FOLDER: Final = "(?P<ps_d>"
"""how pathspec marks in its expressions what stands for a folder"""
_ANYWHERE: Final = "^(?:.+/)?"
"""how it begins the expression of a name in any folder, as most patterns are"""


class IgnoreFile:
    """The patterns of one ignore file (gitignore(5)).

    pathspec turns a pattern into a regular expression that backtracks over each of its wildcards, and does not come
    back from `*a*a*a*a*a*a*ab` and a long name. So it gets the common patterns, with few wildcards; those with many
    are matched in linear time, after the others and against every file as if they stood first in their file.

    pathspec tries the patterns one by one, and most paths match none: one expression for all of them is asked first.
    """

    __slots__ = ("_any", "_common", "_start", "_wild", "invalid")

    def __init__(self, folder: str, lines: Iterable[str]) -> None:
        """folder: where the file lies, relative to the root."""
        from pathspec import GitIgnoreSpec

        common: list[Any] = []
        wild: list[str] = []
        self.invalid: list[str] = []
        looks_alike = False
        for line in lines:
            looks_alike |= _GROUP in line
            if not has_few_wildcards(line):
                wild.append(line)
                continue
            try:
                common += GitIgnoreSpec.from_lines([line]).patterns
            except (ValueError, re.error):  # pathspec hands `[z-a]` to `re` as it is
                self.invalid.append(line)
        self._start = len(folder) + 1 if folder else 0
        self._common = GitIgnoreSpec(common)
        self._any = None if looks_alike else _any_of([each.regex for each in common if each.regex is not None])
        self._wild = matcher(tuple(wild)) if wild else None

    def says(self, path: str) -> bool | None:
        """Whether a path is ignored; None where no pattern matches. path: from the root, of a folder with a slash."""
        path = path[self._start :]
        may_match = self._any is None or self._any.search(path) is not None
        said = self._common.check_file(path).include if may_match else None
        if said is None and self._wild is not None and self._wild(f"{path}\0" if path.endswith("/") else path):
            return True
        return said


def _any_of(expressions: Sequence[re.Pattern[str]]) -> re.Pattern[str] | None:
    """What matches wherever one of pathspec's expressions does; None where another version writes them otherwise."""
    if any(each.flags != re.UNICODE for each in expressions):
        return None
    plain = [each.pattern.replace(_FOLDER, "(?:") for each in expressions]
    anywhere = "|".join(each.removeprefix(_ANYWHERE) for each in plain if each.startswith(_ANYWHERE))
    others = [each for each in plain if not each.startswith(_ANYWHERE)]
    try:
        return re.compile("|".join([f"{_ANYWHERE}(?:{anywhere})", *others] if anywhere else others or [r"(?!)"]))
    except re.error:  # two groups of one name
        return None


def has_few_wildcards(pattern: str) -> bool:
    """Whether a backtracking match of a gitignore pattern takes milliseconds at the worst."""
    stars = [len(_STARS.findall(name)) for name in pattern.split("/")]
    return len(pattern) <= 500 and max(stars) <= 2 and sum(stars) <= 3 and pattern.count("**") <= 2


def is_ignored(path: str, files: tuple[IgnoreFile, ...]) -> bool:
    """Whether the innermost file that says something about a path ignores it (gitignore(5), precedence)."""
    return next((said for file in reversed(files) if (said := file.says(path)) is not None), False)
