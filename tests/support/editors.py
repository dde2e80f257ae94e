"""A process that saves a file, as an editor does, while this one replaces it."""

from __future__ import annotations

import contextlib
import os
import statistics
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from portlint.files.replace import NotWritten, replace

OLD, NEW = b"API_PORT = 8000\n" * 200, b"API_PORT = 8001\n" * 250
STYLES = ("in place", "by renaming")
"""how editors save: into the file, which they empty as they open it, or into another one that takes its name"""
_GO = struct.Struct("=id")


class Race:
    """One editor. Its saves are spread over the time that a replacement takes."""

    def __init__(self, folder: Path, style: str) -> None:
        self._file = folder / "a.py"
        self._style = style
        self._took = statistics.median(self._time() for _ in range(9))

    def _time(self) -> float:
        self._file.write_bytes(OLD)
        started = time.perf_counter()
        replace(self._file.parent, self._file.name, OLD, NEW)
        return time.perf_counter() - started

    @contextmanager
    def editor(self) -> Iterator[tuple[int, int]]:
        """The editor's process. Gives the ends of two pipes: the first starts a save, the second tells its end."""
        start, go = os.pipe()
        done, end = os.pipe()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                os.close(go)
                while order := os.read(start, _GO.size):
                    number, delay = _GO.unpack(order)
                    until = time.perf_counter() + delay
                    while time.perf_counter() < until:
                        pass
                    self._save(number)
                    os.write(end, b".")
            os._exit(0)
        os.close(start)
        os.close(end)
        try:
            yield go, done
        finally:
            os.close(go)
            os.waitpid(child, 0)
            os.close(done)

    def _save(self, number: int) -> None:
        if self._style == "in place":
            self._file.write_bytes(_saved(number))
        else:
            other = self._file.with_name("editor.tmp")
            other.write_bytes(_saved(number))
            other.replace(self._file)

    def run(self, saves: int, seed: int = 0) -> tuple[int, int]:
        """How many saves were lost, and how many replacements were given up."""
        random = Random(seed)
        lost = given_up = 0
        with self.editor() as (go, done):
            for number in range(saves):
                self._file.write_bytes(OLD)
                os.write(go, _GO.pack(number, random.uniform(0, 1.2 * self._took)))
                try:
                    replace(self._file.parent, self._file.name, OLD, NEW)
                except NotWritten:
                    given_up += 1
                os.read(done, 1)
                lost += self._file.read_bytes() != _saved(number)
                lost += len(list(self._file.parent.iterdir())) != 1
        return lost, given_up


def _saved(number: int) -> bytes:
    return b"# saved %d\n" % number * 100
