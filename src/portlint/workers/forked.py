"""A worker made by fork(2): it starts in a millisecond and shares the memory of what is imported."""

from __future__ import annotations

import mmap
import os
import select
import signal
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Final, NoReturn

try:
    # The very functions of pickle, which defines them in Python first: 1 ms, for which a hook would have to wait.
    from _pickle import dumps, loads
except ImportError:
    from pickle import dumps, loads

from portlint.workers.supervisor import Worker
from portlint.workers.worker_loop import FLUSH_AFTER, Batch, Limits, labour

_PROTOCOL: Final = 5
"""pickle.HIGHEST_PROTOCOL since Python 3.8"""
_HEADER: Final = struct.Struct("=Q")
_STRETCH: Final = struct.Struct("=QQ")
_STATE: Final = struct.Struct("=qq")
_INDEX: Final = struct.Struct("=q")


class ForkedWorker:
    """Talks over two pipes: stretches one way, lengths and pickles the other; and in shared memory, where it writes
    the item that it has in hand, and its supervisor the end of the stretch. See `supervisor.Worker`."""

    _living: ClassVar[set[ForkedWorker]] = set()
    """those of all supervisors"""

    def __init__(self, work: Callable[[Any], Any], items: Sequence[Any], limits: Limits) -> None:
        self.stretch, self.current, self.since, self.is_dead = (0, 0), -1, 0.0, False
        self._shared = mmap.mmap(-1, _STATE.size)
        self._buffer = bytearray()
        self._status: int | None = None
        tasks, self._tasks = os.pipe()
        self._answers, answers = os.pipe()
        os.set_blocking(self._answers, False)
        # Ctrl-C between the fork and the child's own handler must not run the parent's program in the child.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process = os.fork()
            if self._process == 0:
                self._be_the_child(work, items, limits, tasks, answers)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(tasks)
        os.close(answers)
        self._living.add(self)

    def _be_the_child(
        self,
        work: Callable[[Any], Any],
        items: Sequence[Any],
        limits: Limits,
        tasks: int,
        answers: int,
    ) -> NoReturn:
        """The child's whole life: not a line of the parent's program runs in it again."""
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the parent decides
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            # The parent's ends must close with the parent, or a worker would wait for a parent that is gone.
            for worker in (self, *self._living):
                worker._close()
            _be_quiet()

            def give() -> tuple[int, int] | None:
                message = os.read(tasks, _STRETCH.size)
                return _STRETCH.unpack(message) if message else None

            def say(batch: Batch) -> None:
                payload = dumps(batch, _PROTOCOL)
                left = memoryview(_HEADER.pack(len(payload)) + payload)
                while left:
                    left = left[os.write(answers, left) :]

            labour(work, items, limits, give, say, self._begin, FLUSH_AFTER)
            code = 0
        finally:
            os._exit(code)

    def _begin(self, index: int) -> bool:
        # Not `pack_into`: it writes zeros first, which the other side may read.
        self._shared[: _INDEX.size] = _INDEX.pack(index)
        stop: int = _STATE.unpack_from(self._shared)[1]
        return index < stop

    def shorten(self, stop: int) -> bool:
        self._shared[_INDEX.size :] = _INDEX.pack(stop)
        return True

    def send(self, stretch: tuple[int, int]) -> None:
        self._shared[:] = _STATE.pack(-1, stretch[1])
        try:
            os.write(self._tasks, _STRETCH.pack(*stretch))
        except BrokenPipeError:
            self.is_dead = True

    def receive(self) -> Iterator[Batch]:
        while True:
            try:
                piece = os.read(self._answers, 1 << 20)
            except BlockingIOError:
                break
            if not piece:
                self.is_dead = True
                break
            self._buffer += piece
        at = 0
        while len(self._buffer) - at >= _HEADER.size:
            start = at + _HEADER.size
            end = start + _HEADER.unpack_from(self._buffer, at)[0]
            if len(self._buffer) < end:
                break
            yield loads(bytes(self._buffer[start:end]))
            at = end
        del self._buffer[:at]

    def wait(self, workers: list[Worker], patience: float) -> list[Worker]:
        descriptors = {worker._answers: worker for worker in workers if isinstance(worker, ForkedWorker)}
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        return [descriptors[descriptor] for descriptor, _ in poll.poll(patience * 1000)]

    def in_hand(self) -> int:
        index: int = _INDEX.unpack_from(self._shared)[0]
        return index

    def dismiss(self) -> None:
        os.close(self._tasks)
        self._tasks = -1

    def kill(self) -> None:
        if self._status is None:
            os.kill(self._process, signal.SIGKILL)

    def ended(self) -> int:
        if self._status is None:
            try:
                self._status = os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])
            except ChildProcessError:  # the program that portlint is a part of looks after all children
                self._status = 0
            self._close()
            self._living.remove(self)
        return self._status

    def _close(self) -> None:
        for end in (self._tasks, self._answers):
            if end >= 0:
                os.close(end)


def _be_quiet() -> None:
    """Nothing that a native library prints when it dies reaches the user's terminal; a worker has nothing to say."""
    if "faulthandler" in sys.modules:
        sys.modules["faulthandler"].disable()  # it may hold a copy of stderr
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
