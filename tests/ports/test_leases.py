"""Ports for tests: nobody gets another one's, nobody keeps one by dying, and the next run gives the same."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from portlint.ports import NoFreePortError, PortError, PortRegistry
from portlint.ports import leases as system
from portlint.ports.loading import load
from support.listening import block, listening, registry


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock files of these tests and of their processes do not lie among the user's."""
    folder = tmp_path_factory.mktemp("locks")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


def service(folder: Path, start: int, size: int, worker: str = "", workers: str = "") -> PortRegistry:
    text = f"ports:\n  web: {{default: 80}}\nranges:\n  testing: {{ports: {start}-{start + size - 1}}}\n"
    environ = {"PYTEST_XDIST_WORKER": worker, "PYTEST_XDIST_WORKER_COUNT": workers}
    return PortRegistry(load(registry(folder, text), {}), environ)


_MANY = """
import sys
from concurrent.futures import ThreadPoolExecutor
from portlint.ports import PortRegistry
live = PortRegistry.load(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(5) as pool:
    print(*pool.map(live.lease, [f"test_{sys.argv[2]}_{n}" for n in range(25)]), flush=True)
sys.stdin.readline()
"""
_ONE = """
import sys
from portlint.ports import PortRegistry
print(PortRegistry.load(sys.argv[1]).lease("login"), flush=True)
sys.stdin.readline()
"""


@contextmanager
def running(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A Python process that is talked to by lines, and killed at the end."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")


def test_200_leases_at_once_from_8_processes_are_200_ports(tmp_path: Path) -> None:
    start = block(220)
    live = service(tmp_path, start, 220)
    with ExitStack() as stack:
        processes = [stack.enter_context(running(_MANY, tmp_path, number)) for number in range(8)]
        assert [line(each) for each in processes] == ["ready"] * 8
        for each in processes:
            go_on(each)
        given = [int(port) for each in processes for port in line(each).split()]
        assert len(given) == len(set(given)) == 200
        assert set(given) <= set(range(start, start + 220))
        held = [live.lease(f"rest_{n}") for n in range(20)]
        assert {*given, *held} == set(range(start, start + 220))
        with pytest.raises(NoFreePortError):
            live.lease("one more")
    held += [live.lease(f"after_{n}") for n in range(200)]
    assert set(held) == set(range(start, start + 220))
    for port in held:
        port.release()


def test_the_same_id_gets_the_same_port_in_every_process_and_run(tmp_path: Path) -> None:
    start = block(100)
    live = service(tmp_path, start, 100)
    runs = [
        subprocess.check_output(
            [sys.executable, "-c", _ONE, str(tmp_path)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTEST_XDIST_WORKER": ""},
            stdin=subprocess.DEVNULL,
        )
        for seed in ("1", "2")
    ]
    with live.lease("login") as port:
        assert {int(run) for run in runs} == {port}
        assert live.lease("login") is port
        assert live.lease("logout") != port
    with live.lease("login") as again:
        assert again == port
        assert again is not port
    live.lease("logout").release()


def test_an_id_that_another_process_holds_gets_another_port(tmp_path: Path) -> None:
    live = service(tmp_path, block(10), 10)
    with running(_ONE, tmp_path) as process:
        theirs = int(line(process))
        with live.lease("login") as ours:
            assert ours != theirs


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_process_that_dies_leaves_no_lease(tmp_path: Path, number: signal.Signals) -> None:
    start = block(1)
    live = service(tmp_path, start, 1)
    with running(_ONE, tmp_path) as process:
        assert line(process) == str(start)
        with pytest.raises(NoFreePortError, match=rf"the test y: {start} is leased by pid {process.pid} \(login\)"):
            live.lease("y")
        process.send_signal(number)
        process.wait(10)
        with live.lease("y") as port:
            assert port == start


def test_a_forked_child_neither_owns_nor_keeps_its_parent_s_leases(tmp_path: Path) -> None:
    start = block(1)
    live = service(tmp_path, start, 1)
    port = live.lease("parent")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            port.release()
            try:
                live.lease("child")
                os.write(writing, b"got it")
            except NoFreePortError:
                os.write(writing, b"refused")
            threading.Event().wait(30)
        finally:
            os._exit(0)
    try:
        assert os.read(reading, 10) == b"refused"
        port.release()
        with live.lease("after") as again:
            assert again == start
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)


def test_a_lease_is_a_number_and_elsewhere_nothing_more(tmp_path: Path) -> None:
    start = block(1)
    with service(tmp_path, start, 1).lease("x") as port:
        assert (port, f"{port}", port + 1, isinstance(port, int)) == (start, str(start), start + 1, True)
        assert type(pickle.loads(pickle.dumps(port))) is int
    port.release()


def test_each_worker_has_its_own_slice(tmp_path: Path) -> None:
    start = block(10)
    for worker, ports in (("gw0", range(3)), ("gw1", range(3, 6)), ("gw2", range(6, 9))):
        live = service(tmp_path, start, 10, worker, "3")
        held = [live.lease(f"{worker}-{n}") for n in range(3)]
        assert sorted(port - start for port in held) == list(ports)
        for port in held:
            port.release()
    live = service(tmp_path, start, 10, "gw1", "3")
    held = [live.lease(f"many-{n}") for n in range(10)]
    assert sorted(port - start for port in held) == list(range(10))
    for port in held:
        port.release()


@pytest.mark.parametrize(
    ("worker", "workers"), [("gw7", "8"), ("master", "2"), ("gw0", "0"), ("gw", ""), ("gw99", "2")]
)
def test_more_workers_than_ports_and_strange_names_are_no_trouble(tmp_path: Path, worker: str, workers: str) -> None:
    start = block(2)
    live = service(tmp_path, start, 2, worker, workers)
    with live.lease("a") as one, live.lease("b") as other:
        assert {one, other} == {start, start + 1}


def test_a_port_in_use_is_passed_over_and_named(tmp_path: Path) -> None:
    start = block(2)
    live = service(tmp_path, start, 2)
    with listening(start) as holder, live.lease("a") as port:
        assert port == start + 1
        with pytest.raises(NoFreePortError) as caught:
            live.lease("b")
    told = {refusal.port: refusal.reason for refusal in caught.value.refused}
    assert told[start].startswith(f"held by pid {holder.pid} (")
    assert told[start + 1] == f"leased by pid {os.getpid()} (a)"


@pytest.mark.parametrize(
    ("rest", "service", "offsets"),
    [
        ("", None, {1, 2}),
        ("", "web", {1, 2}),
        ("ranges:\n  tests: {{ports: {2}-{3}}}\n", None, {2, 3}),
        ("ranges:\n  tests: {{ports: {2}-{3}}}\n", "web", {1, 2}),
        ("ranges:\n  core: {{ports: {2}-{3}}}\n", None, {1, 2}),
        ("reserved:\n  - {{port: {1}}}\n", None, {2}),
    ],
)
def test_the_testing_range(tmp_path: Path, rest: str, service: str | None, offsets: set[int]) -> None:
    start = block(4)
    ports = [start + n for n in range(4)]
    testing = f"{{testing: {start + 1}-{start + 2}}}"
    text = f"ports:\n  web: {{default: {start}, environments: {testing}}}\n  db: {{default: 1}}\n"
    live = PortRegistry.load(registry(tmp_path, text + rest.format(*ports)))
    held = [live.lease(f"t{n}", service) for n in range(len(offsets))]
    try:
        assert {port - start for port in held} == offsets
        with pytest.raises(NoFreePortError):
            live.lease("one more", service)
    finally:
        for port in held:
            port.release()


@pytest.mark.parametrize(
    ("service", "said"), [(None, "'ranges', such as testing:"), ("web", "to web, such as environments:")]
)
def test_without_a_testing_range_the_error_says_what_to_write(tmp_path: Path, service: str | None, said: str) -> None:
    live = PortRegistry.load(registry(tmp_path, "ports:\n  web: {default: 8000}\n"))
    with pytest.raises(PortError, match="there is no testing range; add one") as caught:
        live.lease("x", service)
    assert said in str(caught.value)


def test_a_lock_file_that_was_cleaned_away_protects_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    start = block(1)
    live = service(tmp_path, start, 1)
    with live.lease("x"):
        pass
    (file,) = tmp_path.glob(f"portlint-*/{start}.lock")
    real, removed = system._lock, []

    def lock_too_late(descriptor: int) -> bool:
        if not removed:
            removed.append(file)
            file.unlink()
        return real(descriptor)

    monkeypatch.setattr(system, "_lock", lock_too_late)
    with live.lease("x"), pytest.raises(NoFreePortError):
        live.lease("y")
    assert removed == [file]


@pytest.mark.parametrize("trap", ["link", "file"])
def test_a_folder_that_somebody_else_prepared_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    place = tmp_path / f"portlint-{os.getuid()}"
    if trap == "link":
        place.symlink_to(tmp_path)
    else:
        place.touch()
    with pytest.raises(PortError, match="it is not a folder of this user's"):
        service(tmp_path, block(1), 1).lease("x")


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    start = block(1)
    (tmp_path / f"portlint-{os.getuid()}").mkdir(mode=0o700)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f"portlint-{os.getuid()}" / f"{start}.lock").symlink_to(victim)
    with pytest.raises(PortError, match="leases cannot be kept there"):
        service(tmp_path, start, 1).lease("x")
    assert victim.read_text() == "precious"
