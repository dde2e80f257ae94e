"""What was found in an earlier state of a file, by statement: most of what a change leaves alone is not read again.

To import libcst takes longer than all the rest of a run over two files.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from functools import cache

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder, Encoder
from msgspec.structs import replace

from portlint.algorithms.digest import digest_of
from portlint.extract.format import Extracted
from portlint.extract.python.libraries import extra_rules
from portlint.extract.python.pieces import Piece
from portlint.extract.python.surroundings import Surroundings
from portlint.model import PortLiteral


class Statement(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A statement that libcst has read, so that in a later state of the file it need not read the same again."""

    digest: str
    """of all that the literals in it depend on, but for the place where it stands"""
    start: int
    """byte offset"""
    end: int
    made: int
    """number of literals produced, before de-duplication"""


class Memory:
    """What an earlier state of a file says of the statements of this one, and what this one says to a later one."""

    def __init__(self, before: Extracted | None) -> None:
        self._known = {} if before is None else _by_digest(before)
        self._statements: list[Statement] = []

    def known(self, digest: str) -> tuple[Statement, tuple[PortLiteral, ...]] | None:
        """A statement as it was read then, and the literals in it; None where it was not."""
        return self._known.get(digest)

    def add(self, statement: Statement) -> None:
        """Remember a statement of the file as it is now."""
        self._statements.append(statement)

    def written(self) -> bytes:
        """All that was added, as JSON; nothing where that is nothing."""
        return _encoder().encode(self._statements) if self._statements else b""


def fingerprint(around: Surroundings) -> bytes:
    """Of all that the visitor can see besides a statement: what the file says of its names, and the user's rules.

    The shipped rules are the business of whoever keeps what is remembered.
    """
    return digest_of(_encoder().encode((around, extra_rules()))).encode()


def statement_digest(piece: Piece, around: bytes) -> str:
    """Of all that the literals of a piece depend on but its place. around: see `fingerprint`."""
    return digest_of(around, _encoder().encode(replace(piece, start=0, end=0, subject=None)))


@cache
def _encoder() -> Encoder:
    return Encoder(order="deterministic")


def _by_digest(before: Extracted) -> Mapping[str, tuple[Statement, tuple[PortLiteral, ...]]]:
    try:
        statements = Decoder(list[Statement]).decode(before.memory)
    except MsgspecError:
        return {}
    literals = before.facts.literals
    starts = [each.span.start for each in literals]
    return {
        each.digest: (each, literals[bisect_left(starts, each.start) : bisect_left(starts, each.end)])
        for each in statements
    }
