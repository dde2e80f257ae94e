"""How far a long run is, in a line on a terminal that goes away when the run ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TextIO

QUIET_FOR: Final = 1.0
"""seconds before anything is shown"""
_EVERY: Final = 0.1
"""seconds between two changes of the line"""
_START_OF_LINE: Final = "\r\x1b[K"
"""ECMA-48: carriage return, erase in line"""


@contextmanager
def shown_progress(
    stream: TextIO,
    *,
    quiet: bool,
    environment: Mapping[str, str] = os.environ,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Callable[[int, int], None] | None]:
    """What is to be told of the files that are done, and of how many; None where nobody watches.

    Nobody does where the stream is no terminal, or a dumb one, and in CI and under pre-commit.
    """
    watched = stream.isatty() and environment.get("TERM") != "dumb"
    if quiet or not watched or any(environment.get(name) for name in ("CI", "PRE_COMMIT")):
        yield None
        return
    start, last, is_shown = clock(), 0.0, False

    def show(done: int, whole: int) -> None:
        nonlocal last, is_shown
        now = clock()
        if now - start < QUIET_FOR or now - last < _EVERY:
            return
        last, is_shown = now, True
        stream.write(f"{_START_OF_LINE}portlint: {done} of {whole} files")
        stream.flush()

    try:
        yield show
    finally:
        if is_shown:
            stream.write(_START_OF_LINE)
            stream.flush()
