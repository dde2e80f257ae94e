"""What a run does about time: a clock for its stages, and no garbage collection while it lasts."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """How long each stage took, in seconds."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self.stages: list[tuple[str, float]] = []

    def mark(self, stage: str) -> None:
        """Says that a stage has ended."""
        now = time.perf_counter()
        self.stages.append((stage, now - self._last))
        self._last = now

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started


@contextmanager
def gc_paused() -> Iterator[None]:
    """No garbage collection: the results of a run live to its end and hold no cycles, and to look for cycles among
    them takes longer than all the rest."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
