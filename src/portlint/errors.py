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
    from difflib import SequenceMatcher, get_close_matches

    known = {each.casefold(): each for each in words}
    low = word.casefold()[:60]
    close = get_close_matches(low, known, n=5, cutoff=0.6)
    if not close:
        return ""
    # Among words that are equally near, people mistype the end rather than the beginning.
    best = max(close, key=lambda each: (SequenceMatcher(None, each, low).ratio(), _shared_beginning(each, low)))
    return f'; did you mean "{known[best]}"?'


def _shared_beginning(one: str, other: str) -> int:
    """How many characters two words begin with alike."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
