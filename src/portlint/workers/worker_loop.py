"""The worker's main loop and its resource limits."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import Struct

FLUSH_AFTER: Final = 0.03
"""seconds that results are held back to be sent together"""
MOST_UNCOLLECTED: Final = 100_000
"""objects that a worker makes and keeps before it looks for cycles among them"""


_is_worker = False

Batch = tuple[int, list[Any]]
"""the index of an item, and the results of that one and those behind it"""


class Lost(Struct, frozen=True):
    """What became of an item that has no result.

    reason: for the user. trace: the traceback, where an exception escaped that the work should have dealt with: a
    bug; None where the worker died, took too long or ran out of memory.
    """

    reason: str
    trace: str | None = None


class Limits(Struct, frozen=True):
    """timeout: seconds for one item, of processor time where the system can end a process for that: how busy the
    machine is must not decide what is lost. memory: bytes that a worker may take beyond what it has at its start."""

    timeout: float
    memory: int = 400 << 20


def is_worker() -> bool:
    """Whether this process is a worker: nothing but portlint runs in it."""
    return _is_worker


def labour(
    work: Callable[[Any], Any],
    items: Sequence[Any],
    limits: Limits,
    give: Callable[[], tuple[int, int] | None],
    say: Callable[[Batch], None],
    begin: Callable[[int], bool],
    flush_after: float,
) -> None:
    """Does stretches of the items until there are no more.

    give: waits for the next stretch; None: there is none. say: sends results. begin: notes the index of
    the item that is taken up; False: somebody else does it and those behind it. flush_after: seconds that results may
    be held back.
    """
    import gc

    global _is_worker
    _is_worker = True
    # Syntax trees are freed by their reference counts; the collector would only walk them again and again.
    gc.disable()
    gc.freeze()
    guard = _limit_itself(limits)
    while (stretch := give()) is not None:
        results: list[Any] = []
        said = time.monotonic()
        for index in range(*stretch):
            if not begin(index):
                break
            guard()
            results.append(_attempt(work, items[index], limits))
            if time.monotonic() - said >= flush_after:
                say((index + 1 - len(results), results))
                results, said = [], time.monotonic()
        else:
            index = stretch[1]
        if results:
            say((index - len(results), results))
        if gc.get_count()[0] > MOST_UNCOLLECTED:
            gc.collect()
            # What is left are modules and what they remember; to look through it again each time takes 10 ms.
            gc.freeze()


def _attempt(work: Callable[[Any], Any], item: Any, limits: Limits) -> Any:
    try:
        return work(item)
    except MemoryError:
        return Lost(f"needs more than {limits.memory >> 20} MB of memory")
    except RecursionError:
        return Lost("nested too deeply")
    except Exception as error:
        import traceback

        return Lost(f"portlint failed on it: {type(error).__name__}", traceback.format_exc())


def _limit_itself(limits: Limits) -> Callable[[], object]:
    """Sets the limits of this process (setrlimit(2)), where the system has them.

    Gives a function to call before each item: it sets the processor time (setitimer(2), ITIMER_PROF) after which the
    kernel ends a worker, whatever it is doing, and whether or not its supervisor still lives.
    """
    try:
        import resource
    except ImportError:
        return lambda: None
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = _address_space() + limits.memory
    if hard == resource.RLIM_INFINITY or wanted < hard:
        with contextlib.suppress(OSError, ValueError):  # macOS has the limit, but refuses to set it
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    import signal

    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    return lambda: signal.setitimer(signal.ITIMER_PROF, limits.timeout)


def _address_space() -> int:
    """Bytes of address space that this process has now; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as status:  # noqa: PTH123 - pathlib is not imported yet
            return int(status.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
