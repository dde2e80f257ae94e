"""Workers: whatever an item does to its process, it alone is lost, and it is named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portlint.workers import Limits, Lost, Supervisor, WorkersFailed
from support.worker_tasks import work


def done(items, *, timeout=20.0, jobs=2, fork=True, memory=1 << 30):
    with Supervisor(work, items, Limits(timeout, memory), jobs=jobs, fork=fork) as supervisor:
        return supervisor.results()


def test_results_come_in_the_order_of_the_items():
    assert done(list(range(1000))) == list(range(1000))


@pytest.mark.parametrize("count", [0, 1, 2, 65])
@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_any_number_of_items_and_workers(count, jobs):
    assert done(list(range(count)), jobs=jobs) == list(range(count))


@pytest.mark.parametrize(
    ("culprit", "reason"),
    [
        ("segfault", "the parser crashed: SIGSEGV"),
        ("exit", "the parser crashed: exit code 7"),
        ("memory", "needs more than 1024 MB of memory"),
        ("deep", "nested too deeply"),
    ],
)
@pytest.mark.parametrize("place", [0, 50, 99])
def test_one_item_is_lost_and_named(culprit, reason, place):
    items = list(range(100))
    items[place] = culprit
    results = done(items)
    assert results[place] == Lost(reason)
    assert [result for index, result in enumerate(results) if index != place] == [i for i in range(100) if i != place]


@pytest.mark.parametrize("culprit", ["hang", "sleep"])
def test_an_item_that_takes_too_long_is_lost(culprit):
    assert done([1, culprit, 3], timeout=0.3) == [1, Lost("took longer than 0.3 s"), 3]


@pytest.mark.parametrize("fork", [True, False])
def test_processor_time_counts_and_not_the_clock(fork):
    assert done(["nap", 2], timeout=0.2, fork=fork) == ["nap", 2]


def test_many_culprits_of_all_kinds():
    culprits = ["segfault", "exit", "deep", "hang", "memory", "raise"]
    items = [culprits[index // 7 % 6] if index % 7 == 3 else index for index in range(120)]
    results = done(items, timeout=0.3)
    lost = [item for item, result in zip(items, results, strict=True) if isinstance(result, Lost)]
    assert lost == [item for item in items if isinstance(item, str)]
    assert [result for result in results if not isinstance(result, Lost)] == [i for i in items if isinstance(i, int)]


def test_an_exception_that_escapes_is_a_bug_with_its_traceback():
    (result,) = done(["raise"])
    assert result.reason == "portlint failed on it: ValueError"
    assert "no such thing" in result.trace


def test_a_supervisor_that_was_held_up_blames_nobody():
    with Supervisor(work, ["nap"] * 2, Limits(1.2), jobs=2) as supervisor:
        time.sleep(0.1)
        for worker in supervisor._workers:
            worker.current, worker.since = worker.in_hand(), time.monotonic() - 60
        supervisor._looked -= 60
        assert supervisor.results() == ["nap"] * 2


def test_large_results_arrive_whole():
    assert [len(result) for result in done(["large"] * 5)] == [3_000_000] * 5


def test_the_memory_limit_counts_from_what_a_worker_has_at_its_start():
    assert done(["memory", 1], memory=1 << 28) == [Lost("needs more than 256 MB of memory"), 1]


def test_workers_say_nothing(capfd):
    assert done(["noise", "segfault"])[0] == "noise"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("culprit", ["segfault", "hang", "exit"])
def test_without_fork(culprit):
    results = done([1, 2, culprit, 4], fork=False, timeout=1.0)
    assert [results[0], results[1], results[3]] == [1, 2, 4]
    assert isinstance(results[2], Lost)


@pytest.mark.parametrize("items", [[], [1], ["nap", 1, 2, 3, 4], [1, 2, 3, "nap", 4]])
def test_one_worker_is_helped_where_it_takes_long(items):
    with Supervisor(work, items, Limits(20), jobs=2, one_first=True) as supervisor:
        assert len(supervisor._workers) == min(1, len(items))
        assert supervisor.results() == items


def test_what_one_worker_has_not_begun_another_one_does():
    with Supervisor(work, ["nap", *["pid"] * 3], Limits(20), jobs=2, one_first=True) as supervisor:
        first = supervisor._workers[0]._process
        nap, *others = supervisor.results()
    assert nap == "nap"
    assert first not in others


@pytest.mark.parametrize("culprit", ["segfault", "exit", "raise"])
@pytest.mark.parametrize("place", [0, 1, 4])
def test_one_item_is_lost_whoever_does_it(culprit, place):
    items = ["nap", 1, 2, "nap", 4]
    items[place] = culprit
    with Supervisor(work, items, Limits(20), jobs=2, one_first=True) as supervisor:
        results = supervisor.results()
    assert isinstance(results[place], Lost)
    assert [each for each in results if not isinstance(each, Lost)] == [each for each in items if each != culprit]


def test_an_item_that_two_began_counts_once(monkeypatch):
    """As where a worker takes up an item at the very moment at which it is given to another one."""
    monkeypatch.setattr("portlint.workers.forked.ForkedWorker.shorten", lambda self, stop: True)
    with Supervisor(work, ["nap", 1, "large", "nap", 4], Limits(20), jobs=2, one_first=True) as supervisor:
        results = supervisor.results()
    assert [results[0], results[1], len(results[2]), *results[3:]] == ["nap", 1, 3_000_000, "nap", 4]
    with Supervisor(work, ["nap", "large"], Limits(20), jobs=2, one_first=True) as supervisor:
        # What the first one has begun as well is not waited for: nobody would hear it.
        assert len(supervisor.results()[1]) == 3_000_000


def test_workers_that_cannot_begin_are_given_up(monkeypatch):
    monkeypatch.setattr("portlint.workers.forked.labour", lambda *_: os._exit(9))
    with pytest.raises(WorkersFailed, match="exit code 9"):
        done([1, 2, 3])


UNHEEDED = """
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, "-m", "portlint", "ports", "--no-cache", "--format", "jsonl"])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="no such signal")
def test_a_program_that_leaves_its_children_to_the_system_loses_nothing(tmp_path):
    """What ignores SIGCHLD hands that on to what it executes (POSIX.1-2017, exec)."""
    (tmp_path / "a.py").write_text("PORT = 8000\n")
    done = subprocess.run([sys.executable, "-c", UNHEEDED], cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b'"port":8000' in done.stdout.replace(b" ", b"")


def test_no_worker_outlives_its_supervisor():
    with Supervisor(work, ["sleep"] * 4, Limits(60), jobs=2) as supervisor:
        workers = [worker._process for worker in supervisor._workers]
        assert len(workers) == 2
    for process in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


ORPHANS = """
import os, sys, time
from portlint.workers import Limits, Supervisor
def work(item):
    while item == "hang":
        pass
    time.sleep(60)
with Supervisor(work, [sys.argv[1]] * 8, Limits(0.5 if sys.argv[1] == "hang" else 60), jobs=2) as supervisor:
    print(*[worker._process for worker in supervisor._workers], flush=True)
    if sys.argv[1] == "hang":
        time.sleep(60)
    supervisor.results()
"""


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def gone_within(seconds: float, processes: list[int]) -> bool:
    end = time.monotonic() + seconds
    while any(map(is_running, processes)) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(map(is_running, processes))


def test_ctrl_c_leaves_no_orphans():
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHANS, "sleep"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    workers = [int(word) for word in parent.stdout.readline().split()]
    os.killpg(parent.pid, signal.SIGINT)
    _, errors = parent.communicate(timeout=10)
    assert b"KeyboardInterrupt" in errors
    assert len(workers) == 2
    assert gone_within(2, workers)


def test_the_kernel_ends_workers_whose_supervisor_was_killed():
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS, "hang"], stdout=subprocess.PIPE)
    workers = [int(word) for word in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone_within(60, workers)  # it is processor time that is limited, of which a busy machine gives little
