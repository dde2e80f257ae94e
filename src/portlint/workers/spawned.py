"""A worker made by a new interpreter, for systems without fork(2)."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any

from portlint.workers.supervisor import Worker
from portlint.workers.worker_loop import Batch, Limits, labour


class SpawnedWorker:
    """Talks over a connection of `multiprocessing`. See `supervisor.Worker`."""

    def __init__(self, work: Callable[[Any], Any], items: Sequence[Any], limits: Limits) -> None:
        self.stretch, self.current, self.since, self.is_dead = (0, 0), -1, 0.0, False
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_be_the_child, args=(theirs, work, items, limits), daemon=True)
        with _safe_path():
            self._process.start()
        theirs.close()
        # A new interpreter takes longer to start than a file may take; it says when it is ready.
        try:
            self._connection.recv()
            self._began = True
        except EOFError:
            self._began, self.is_dead = False, True

    def send(self, stretch: tuple[int, int]) -> None:
        try:
            self._connection.send(stretch)
        except OSError:
            self.is_dead = True

    def shorten(self, stop: int) -> bool:
        return False

    def receive(self) -> Iterator[Batch]:
        try:
            while self._connection.poll():
                yield self._connection.recv()
        except (EOFError, OSError):
            self.is_dead = True

    def wait(self, workers: list[Worker], patience: float) -> list[Worker]:
        connections = {worker._connection: worker for worker in workers if isinstance(worker, SpawnedWorker)}
        ready = set(wait(list(connections), patience))
        return [worker for connection, worker in connections.items() if connection in ready]

    def in_hand(self) -> int:
        return self.stretch[0] if self._began else -1

    def dismiss(self) -> None:
        self._connection.close()

    def kill(self) -> None:
        self._process.kill()

    def ended(self) -> int:
        self._process.join()
        self._connection.close()
        return self._process.exitcode or 0


@contextmanager
def _safe_path() -> Iterator[None]:
    """An interpreter that is started meanwhile does not look for modules where the user stands (PYTHONSAFEPATH).

    `multiprocessing` starts it with `-c`, which puts that folder first on the path: the folder that is checked.
    """
    name = "PYTHONSAFEPATH"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _be_the_child(
    connection: Connection[Any, Any], work: Callable[[Any], Any], items: Sequence[Any], limits: Limits
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the parent decides
    connection.send("ready")

    def give() -> tuple[int, int] | None:
        try:
            stretch: tuple[int, int] = connection.recv()
        except EOFError:
            return None
        return stretch

    labour(work, items, limits, give, connection.send, lambda _: True, flush_after=0.0)
