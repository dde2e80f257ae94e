"""What a file may cost: past these bounds it is data, or an attack, and no configuration that a person wrote.

Of 970 files above 60 KB in 32 public repositories none had more than 758 ports.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.syntax.interpolation import DEEPEST_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

MOST_PORTS: Final = 10_000
"""places in one file that look like ports"""
LONGEST_LINE: Final = 100_000
"""bytes of a line, in formats that are read line by line"""


LARGEST_BY_HAND: Final = 1_000_000
"""bytes of a file in formats that people write by hand"""


class TooManyPortsError(Exception):
    """A file has more places that look like ports than MOST_PORTS; `extract` makes a problem of it."""

    def __str__(self) -> str:
        return f"more than {MOST_PORTS:,} places in it look like ports"


def few(items: Iterable[T]) -> list[T]:
    """The items as a list. Raises TooManyPortsError."""
    out = list(islice(items, MOST_PORTS + 1))
    if len(out) > MOST_PORTS:
        raise TooManyPortsError
    return out


class Readable(Struct, frozen=True):
    """What is read of a file.

    data: the file's, with spaces in place of the lines that are too long, and cut where it is too much; offsets stay.
    left_out: the byte offset and the reason of each piece that is not looked at.
    """

    data: bytes
    left_out: tuple[tuple[int, str], ...] = ()


def readable(data: bytes, written_by_line: bool, most: int | None) -> Readable:
    """What is read of a file's data.

    written_by_line: lines longer than LONGEST_LINE are left out. most: bytes; what lies behind them is left out too.
    """
    left_out: list[tuple[int, str]] = []
    if most is not None and len(data) > most:
        end = data.rfind(b"\n", 0, most) + 1 or most
        left_out.append((end, f"what lies behind its first {end:,} bytes is not looked at"))
        data = data[:end]
    if written_by_line and len(data) > LONGEST_LINE:
        pieces, position = [], 0
        for line in data.splitlines(keepends=True):
            length = len(line.rstrip(b"\r\n"))
            is_long = length > LONGEST_LINE
            if is_long:
                left_out.append((position, f"a line longer than {LONGEST_LINE:,} bytes, not looked at"))
            pieces.append(b" " * length + line[length:] if is_long else line)
            position += len(line)
        data = b"".join(pieces)
    nested = _NESTED.search(data) if data.count(b"${") > DEEPEST_VARIABLES else None
    if nested is not None:
        left_out.append((nested.start(), f"variables nested deeper than {DEEPEST_VARIABLES} levels"))
    return Readable(data, tuple(left_out))


_NESTED = regex(rb"\$\{[^${}\n]{0,1000}(?:\$\{[^${}\n]{0,1000}){%d}" % DEEPEST_VARIABLES)
