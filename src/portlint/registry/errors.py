"""What is wrong with a registry: all of it is collected, each with its place and the nearest right word."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from portlint.model import NOWHERE, Span
from portlint.syntax.yaml.nodes import Node

MAX_ERRORS = 100
"""More are not listed: a file with that many is of another kind."""
_LONGEST_WORD = 60


class RegistryError(Struct, frozen=True):
    """One mistake in a registry. Its text is `path:line:column: message (did you mean 'default'?)`."""

    path: str
    span: Span
    message: str
    hint: str | None = None
    """the nearest right word"""

    def __str__(self) -> str:
        hint = f" (did you mean {self.hint!r}?)" if self.hint else ""
        return f"{self.path}:{self.span.line}:{self.span.column}: {self.message}{hint}"


class Wrong(Exception):  # noqa: N818
    """A value that cannot be used. Never leaves this folder."""

    def __init__(self, node: Node, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.node = node
        self.message = message
        self.hint = hint


class Errors:
    """Collects the mistakes of one registry."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._found: dict[RegistryError, None] = {}
        self._more = False

    def add(self, span: Span, message: str, hint: str | None = None) -> None:
        if len(self._found) < MAX_ERRORS:
            self._found[RegistryError(self._path, span, message, hint)] = None
        else:
            self._more = True

    def take(self, wrong: Wrong, span: Span) -> None:
        """span: of the node that is wrong."""
        self.add(span, wrong.message, wrong.hint)

    def nearest(self, word: str, words: Iterable[str]) -> str | None:
        """The nearest of `words`; None where none is near, or where so much is wrong that nobody reads on."""
        return nearest(word, words) if len(self._found) < MAX_ERRORS else None

    def __bool__(self) -> bool:
        return bool(self._found)

    def sorted(self) -> tuple[RegistryError, ...]:
        """By place; an anchor that several aliases use is judged once."""
        found = sorted(self._found, key=lambda error: error.span)
        if self._more:
            found.append(RegistryError(self._path, NOWHERE, f"only the first {MAX_ERRORS} errors are listed"))
        return tuple(found)


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The nearest of `words` to `word`, whatever the case of its letters and whether `-` or `_` joins its parts."""
    if len(word) > _LONGEST_WORD:
        return None
    from difflib import get_close_matches

    known = {_folded(known): known for known in words}
    close = get_close_matches(_folded(word), known, n=1, cutoff=0.6)
    return known[close[0]] if close else None


def _folded(word: str) -> str:
    return word.lower().replace("-", "_")


def quoted(word: str) -> str:
    """A word of the file, in quotes, shortened, and without control characters, for a message."""
    if len(word) > _LONGEST_WORD:
        word = f"{word[: _LONGEST_WORD - 3]}..."
    return "'" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in word) + "'"
