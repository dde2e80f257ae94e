"""The supervisor: hands out the items, collects the results in order, and replaces the workers that die.

The items are known to each worker from the start, and a task is a stretch of them, `(start, stop)`. A worker writes
the index of the item it has in hand into memory shared with the supervisor, and sends results in batches; where
memory cannot be shared (no `fork`) it sends each result at once, so that the first one missing is the culprit. When
a worker dies or an item takes too long, that item is `Lost`, and a new worker does the rest of the stretch.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, Protocol, TypeVar

from portlint.workers.worker_loop import Batch, Limits, Lost

T = TypeVar("T")
R = TypeVar("R")

LARGEST_STRETCH: Final = 64
"""items handed out at once"""
STRETCHES: Final = 6
"""stretches for each worker that what is left is cut into, so that none has long to do when the others are through"""
SHARE_AFTER: Final = 0.02
"""seconds without progress after which a worker that was to do all alone gets help: what helpers import takes longer"""
LOOK_AFTER: Final = 0.1
"""seconds after which the supervisor looks at what each worker has in hand"""
STOPPED: Final = 1.0
"""seconds without a look after which it is the supervisor that was held up (Ctrl-Z, a busy machine), not a worker"""
PATIENCE: Final = 6 if hasattr(signal, "setitimer") else 1
"""times the limit that an item may take by the clock, where the worker itself watches its processor time"""
FAILED_STARTS: Final = 3
"""workers in a row that die before they take up an item, after which there is no point in going on"""


class WorkersFailed(Exception):  # noqa: N818 - it says what happened
    """Workers die before they do anything; nothing about an item."""


def default_jobs() -> int:
    """The processor cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Worker(Protocol):
    """One worker process as the supervisor sees it."""

    stretch: tuple[int, int]
    """the items that it was given and has sent no results for"""
    current: int
    """the item that it was last seen with"""
    since: float
    """when that was, by time.monotonic()"""
    is_dead: bool

    def send(self, stretch: tuple[int, int]) -> None:
        """Gives it a stretch."""

    def shorten(self, stop: int) -> bool:
        """Tells it not to begin the item `stop` of its stretch, nor those behind it; False: it cannot be told. It may
        just have begun that one all the same."""

    def receive(self) -> Iterator[Batch]:
        """The results that it has sent; sets `is_dead` where it has closed its end."""

    def wait(self, workers: list[Worker], patience: float) -> list[Worker]:
        """Those of the workers (all of one kind) that have something to hear. patience: seconds."""

    def in_hand(self) -> int:
        """The index of the item that it is busy with; -1 where it has not begun."""

    def dismiss(self) -> None:
        """Tells it that there is nothing more to do."""

    def kill(self) -> None:
        """Ends it, whatever it is doing."""

    def ended(self) -> int:
        """Waits for the end of the process; its exit code, negative for a signal."""


class Supervisor(Generic[T, R]):
    """Does `work` for each item in worker processes, which start at once; `results` gives what they made.

    Use it as a context manager: no worker outlives it.
    """

    def __init__(
        self,
        work: Callable[[T], R],
        items: Sequence[T],
        limits: Limits,
        *,
        jobs: int,
        one_first: bool = False,
        fork: bool = hasattr(os, "fork"),
    ) -> None:
        """work: called in the workers; without `fork` it and the items must be picklable. jobs: how many workers.
        one_first: the others only start when somebody waits for results, and there is something left for them."""
        self._work, self._items, self._limits = work, items, limits
        self._fork = fork
        self._jobs = jobs = max(1, min(jobs, len(items)))
        one_first = one_first and fork
        self._waiting = deque([(0, len(items))] if one_first and items else _stretches(len(items), jobs))
        self._results: dict[int, R | Lost] = {}
        self._workers: list[Worker] = []
        self._leaving: list[Worker] = []
        """those with nothing more to do, whose processes may not have ended yet"""
        self._may_share = one_first and jobs > 1
        self._shortened: Worker | None = None
        self._failed_starts = 0
        self._looked = time.monotonic()
        try:
            for _ in range(min(jobs, len(self._waiting))):
                self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Supervisor[T, R]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends every worker, whatever it is doing."""
        for worker in self._workers:
            worker.kill()
        for worker in (*self._workers, *self._leaving):
            worker.ended()
        self._workers.clear()
        self._leaving.clear()

    def results(self, progress: Callable[[int, int], None] | None = None) -> list[R | Lost]:
        """The results in the order of the items, when all are done. Raises WorkersFailed.

        progress: told again and again how many items are done, and how many there are.
        """
        timeout = self._limits.timeout
        while self._workers:
            patience = min(SHARE_AFTER if self._may_share else LOOK_AFTER, timeout)
            first, in_hand = self._workers[0], self._workers[0].in_hand()
            heard = first.wait(self._workers, patience)
            for worker in heard:
                self._hear(worker)
            if self._may_share and not heard and first.in_hand() == in_hand:
                self._share_out(first)
            self._check_deadlines(timeout)
            if progress is not None:
                progress(len(self._results), len(self._items))
        return [self._results[index] for index in range(len(self._items))]

    def _start(self) -> None:
        worker: Worker
        if self._fork:
            from portlint.workers.forked import ForkedWorker

            worker = ForkedWorker(self._work, self._items, self._limits)
        else:
            from portlint.workers.spawned import SpawnedWorker

            worker = SpawnedWorker(self._work, self._items, self._limits)
        self._workers.append(worker)
        self._give(worker)

    def _share_out(self, worker: Worker) -> None:
        """Has all workers do what the only one has not begun with."""
        self._may_share = False
        start, stop = worker.stretch
        left = max(start, worker.in_hand()) + 1
        if left < stop and not self._waiting and worker.shorten(left):
            worker.stretch, self._shortened = (start, left), worker
            self._waiting.extend((index, index + 1) for index in range(left, stop))
            for _ in range(min(self._jobs - 1, stop - left)):
                self._start()

    def _give(self, worker: Worker) -> None:
        """Hands the next stretch to a worker; sends it home where there is none."""
        if not self._waiting:
            self._workers.remove(worker)
            if worker is self._shortened:  # what it may have begun all the same, nobody listens to
                worker.kill()
            worker.dismiss()
            self._leaving.append(worker)  # a process takes a while to end, for which nobody waits before `close`
            return
        worker.stretch = self._waiting.popleft()
        worker.current, worker.since = -1, time.monotonic()
        worker.send(worker.stretch)

    def _hear(self, worker: Worker) -> None:
        for first, results in worker.receive():
            self._failed_starts = 0
            self._results.update(enumerate(results, first))
            start, stop = worker.stretch
            # An item that it began when another one got it lies outside of the stretch that it has now.
            if first <= start < first + len(results):
                worker.stretch = (first + len(results), stop)
            worker.current, worker.since = worker.in_hand(), time.monotonic()
        if worker.stretch[0] >= worker.stretch[1]:
            self._give(worker)
        elif worker.is_dead:
            self._replace(worker, None)

    def _check_deadlines(self, timeout: float) -> None:
        now = time.monotonic()
        was_stopped, self._looked = now - self._looked > STOPPED, now
        for worker in list(self._workers):
            current = worker.in_hand()
            if current > worker.current or was_stopped:
                worker.current, worker.since = current, now
            elif now - worker.since > PATIENCE * timeout:
                self._replace(worker, self._too_long())

    def _replace(self, worker: Worker, reason: str | None) -> None:
        """Ends a worker, names the item that it had in hand as lost, and has a new one do the rest."""
        self._workers.remove(worker)
        worker.kill()
        status = worker.ended()
        current = worker.in_hand()
        start, stop = worker.stretch
        if current < start:
            self._failed_starts += 1
            if self._failed_starts >= FAILED_STARTS:
                raise WorkersFailed(f"worker processes end before they do anything: {_cause(status)}")
            self._waiting.appendleft((start, stop))
        else:
            if reason is None:
                timed_out = PATIENCE > 1 and status == -signal.SIGPROF
                reason = self._too_long() if timed_out else f"the parser crashed: {_cause(status)}"
            self._results.setdefault(current, Lost(reason))  # another one may have done it as well
            for rest in ((current + 1, stop), (start, current)):
                if rest[0] < rest[1]:
                    self._waiting.appendleft(rest)
        if self._waiting:
            self._start()

    def _too_long(self) -> str:
        return f"took longer than {self._limits.timeout:g} s"


def _stretches(items: int, jobs: int) -> Iterator[tuple[int, int]]:
    """The items in stretches that grow shorter towards the end, so that all workers end at the same time."""
    at = 0
    while at < items:
        step = max(1, min(LARGEST_STRETCH, (items - at) // (jobs * STRETCHES)))
        yield at, at + step
        at += step


def _cause(status: int) -> str:
    """The words for how a process ended. status: its exit code, negative for a signal."""
    if status >= 0:
        return f"exit code {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
