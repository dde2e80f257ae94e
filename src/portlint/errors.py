"""The user's mistakes: a wrong flag, a path that is not there, a registry or settings that cannot be used."""

from __future__ import annotations

from collections.abc import Iterable


class UserError(Exception):
    """What the user can mend. Ends the program with exit code 2 and its lines on stderr, one for each mistake.

    Any other exception that reaches the top is a bug of portlint's.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def nearest(word: str, words: Iterable[str]) -> str:
    """A hint that ends a message about an unknown word: `; did you mean "check"?`, or nothing if none is near."""
    from difflib import get_close_matches

    known = {each.casefold(): each for each in words}
    close = get_close_matches(word.casefold()[:60], known, n=1, cutoff=0.6)
    return f'; did you mean "{known[close[0]]}"?' if close else ""
