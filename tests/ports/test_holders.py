"""Who holds a port, and whether that is the service."""

from __future__ import annotations

import getpass
import os
import pwd
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portlint.model import Entry
from portlint.ports import Holder, PortRegistry, containers, holders, processes, procfs
from portlint.ports.containers import Container
from portlint.ports.evidence import evidence
from portlint.ports.status import Question, Row, Standing, status
from support.listening import LOOPBACK, block, listening, registry
from support.servers import engine

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


@pytest.mark.parametrize("module", [procfs, processes])
@pytest.mark.parametrize(
    ("host", "kind"), [*((host, "tcp") for host in LOOPBACK), ("0.0.0.0", "tcp"), ("127.0.0.1", "udp")]
)
def test_proc_and_psutil_say_the_same(module: object, host: str, kind: str) -> None:
    port = block(2)
    with listening(port, host, kind, words=("--as", "web server")) as process:
        found = module.holders([port, port + 1], kind, None)  # type: ignore[attr-defined]
    (holder,) = found.pop(port)
    assert found == {}
    assert (holder.pid, holder.user) == (process.pid, getpass.getuser())
    assert holder.name.startswith("python")
    assert holder.command[-2:] == ("--as", "web server")


@pytest.mark.parametrize("module", [procfs, processes])
def test_what_a_process_was_given_and_where_it_stands(module: object, tmp_path: Path) -> None:
    with listening(block(1), environ={"WEB_PORT": "8000"}, folder=tmp_path) as process:
        for asked in (module, holders):
            assert asked.environment_value(process.pid, "WEB_PORT") == "8000"  # type: ignore[attr-defined]
            assert asked.environment_value(process.pid, "NO_SUCH") is None  # type: ignore[attr-defined]
            assert asked.working_folder(process.pid) == str(tmp_path)  # type: ignore[attr-defined]
    assert module.environment_value(process.pid, "WEB_PORT") is None  # type: ignore[attr-defined]
    assert module.working_folder(process.pid) is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("module", [procfs, processes])
def test_workers_that_inherited_the_socket_are_left_out(module: object) -> None:
    port = block(1)
    with socket.create_server(("127.0.0.1", port)):
        child = os.fork()
        if child == 0:
            try:
                threading.Event().wait(30)
            finally:
                os._exit(0)
        try:
            found = module.holders([port], "tcp", None)  # type: ignore[attr-defined]
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)
    assert [holder.pid for holder in found[port]] == [os.getpid()]


def _proc(folder: Path, rows: list[tuple[str, str, int, int]], file: str = "tcp") -> Path:
    """A /proc that knows sockets (address, state, user, inode) and no process."""
    (folder / "net").mkdir(parents=True, exist_ok=True)
    for name in ("tcp", "tcp6", "udp", "udp6"):
        (folder / "net" / name).touch()
    lines = [
        f"   {n}: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 {user:>5}        0 {inode}\n"
        for n, (address, state, user, inode) in enumerate(rows)
    ]
    (folder / "net" / file).write_text(HEADER + "".join(lines))
    return folder


STRANGER = next(user for user in pwd.getpwall() if user.pw_uid not in (0, os.geteuid()))


@pytest.mark.parametrize(
    ("file", "row", "protocol", "exposure", "told"),
    [
        ("tcp", ("0100007F:1F40", "0A", STRANGER.pw_uid, 5), "tcp", None, f"another user ({STRANGER.pw_name})"),
        ("tcp", ("00000000:1F40", "0A", 4_000_000, 5), "tcp", "internal", "another user (4000000)"),
        ("tcp", ("0500000A:1F40", "0A", STRANGER.pw_uid, 5), "tcp", "internal", None),
        ("tcp", ("0500000A:1F40", "0A", STRANGER.pw_uid, 5), "tcp", "public", f"another user ({STRANGER.pw_name})"),
        ("tcp", ("0100007F:1F40", "0A", os.geteuid(), 5), "tcp", None, "a process that cannot be seen (user {me})"),
        ("tcp6", ("0" * 24 + "01000000:1F40", "0A", STRANGER.pw_uid, 5), "tcp", "internal", "another user"),
        ("tcp6", ("0" * 16 + "FFFF00000100007F:1F40", "0A", STRANGER.pw_uid, 5), "tcp", "internal", "another user"),
        ("udp", ("00000000:1F40", "07", STRANGER.pw_uid, 5), "udp", None, f"another user ({STRANGER.pw_name})"),
        ("udp", ("00000000:1F40", "07", STRANGER.pw_uid, 5), "tcp", None, None),
        ("tcp", ("0100007F:1F40", "06", 0, 0), "tcp", None, "the kernel: a closed server, which did not"),
        ("tcp", ("0100007F:1F40", "01", STRANGER.pw_uid, 5), "tcp", None, "a client's end of a connection"),
        ("tcp", ("0100007F:1F41", "0A", STRANGER.pw_uid, 5), "tcp", None, None),
    ],
)  # fmt: skip
def test_what_may_not_be_seen_is_told_as_far_as_it_is_known(
    tmp_path: Path, file: str, row: tuple[str, str, int, int], protocol: str, exposure: str | None, told: str | None
) -> None:
    found = procfs.holders([8000], protocol, exposure, _proc(tmp_path, [row], file))
    if told is None:
        assert found == {}
    else:
        assert told.format(me=getpass.getuser()) in str(found[8000][0])


@contextmanager
def _seen_by(user: int) -> Iterator[None]:
    """The code runs as another user. What it imports must be imported before: it may lie in folders of root's."""
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)


def test_root_s_process_is_another_user_s_for_everybody_else(tmp_path: Path) -> None:
    """Where the tests run as root; the table above says the same for every machine."""
    port = block(1)
    live = PortRegistry.load(registry(tmp_path, f"ports:\n  web: {{default: {port}}}\n  low: {{default: 997}}\n"))
    question = Question(entries=live.registry.entries)
    with listening(port) as process:
        rows = status(live, question, {})
        assert [holder.pid for holder in rows[0].state.holders] == [process.pid]
        for user in [STRANGER.pw_uid] if os.geteuid() == 0 else []:
            with _seen_by(user):
                states = live.validate_all()
                web, low = status(live, question, {})
            assert states["web"].message == f"{port} is held by another user (root)"
            assert states["web"].holders == (Holder(user="root"),)
            assert (web.standing, web.is_conflict) == (Standing.OTHER_USER, True)
            assert states["low"].message == "997 is not permitted to this user"
            assert (low.standing, low.is_conflict) == (Standing.NOT_PERMITTED, False)


def test_without_any_means_somebody_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = block(1)
    live = PortRegistry.load(registry(tmp_path, f"ports:\n  web: {{default: {port}}}\n"))
    monkeypatch.setattr(procfs, "is_there", lambda: False)
    with listening(port) as process:
        assert live.validate_all()["web"].holders[0].pid == process.pid
        monkeypatch.setattr(holders, "can_tell", lambda: False)
        told = live.validate_all()["web"].message
    assert told == f"{port} is held by somebody (to see who: pip install 'portlint[live]')"


@pytest.mark.parametrize(
    ("holder", "told"),
    [
        (Holder(4711, "python3", "ann", ("python3", "-m", "x")), "pid 4711 (python3, user ann)"),
        (Holder(4711, note="a client's end of a connection"), "pid 4711, a client's end of a connection"),
        (Holder(user="redis"), "another user (redis)"),
        (Holder(), "a process that cannot be seen"),
        (Holder(note="the kernel"), "the kernel"),
    ],
)
def test_a_holder_in_words(holder: Holder, told: str) -> None:
    assert str(holder) == told


SERVICES = """\
ports:
  shop_api: {{default: {port}, env_var: SHOP_API_PORT, aliases: [backend]}}
  cache: {{default: 6379, aliases: [redis]}}
  dashboard_docker: {{default: 3000}}
"""
SHOP, CACHE, DOCKER = "shop_api", "cache", "dashboard_docker"


@pytest.mark.parametrize(
    ("name", "holder", "container", "healthy", "because"),
    [
        (SHOP, Holder(None, "x", "u", ("gunicorn", "shop.api:app")), None, False, "its user names shop_api"),
        (SHOP, Holder(2**30, "x", "u", ("gunicorn", "shop.api:app")), None, False, "its command line names shop_api"),
        (SHOP, Holder(2**30, "backend", "u"), None, False, "its command line names shop_api"),
        (SHOP, Holder(2**30, "x", "u", ("/srv/shop/api/.venv/bin/python", "-m", "http.server")), None, False, ""),
        (SHOP, Holder(2**30, "x", "u", ("shopkeeper", "rapid")), None, False, ""),
        (CACHE, Holder(2**30, "redis-server", "u"), None, False, "its command line names cache"),
        (CACHE, Holder(user="redis"), None, False, "its user names cache"),
        (CACHE, Holder(user="postgres"), None, False, ""),
        (CACHE, Holder(user="postgres"), None, True, "it passes the health check"),
        (CACHE, Holder(2**30, "python3", "u"), None, True, ""),
        (CACHE, Holder(2**30, "docker-proxy", "root"), Container("c-1", "redis"), False, "the container is c-1"),
        (CACHE, Holder(2**30, "redis-server", "root"), Container("grafana"), True, ""),
        (CACHE, Holder(2**30, "redis", "u"), Container("a" * 12, id="a" * 64), False, "its command line names cache"),
        (DOCKER, Holder(2**30, "docker-proxy", "root", ("/usr/bin/docker-proxy", "-proto", "tcp")), None, False, ""),
    ],
)  # fmt: skip
def test_what_speaks_for_a_service(
    tmp_path: Path, name: str, holder: Holder, container: Container | None, healthy: bool, because: str
) -> None:
    live = PortRegistry.load(registry(tmp_path, SERVICES.format(port=8000)))
    entry: Entry = live.entry(name)
    assert evidence(live.registry, live.root, entry, entry.default, holder, container, healthy) == because


def _row(folder: Path, port: int) -> Row:
    live = PortRegistry.load(registry(folder, SERVICES.format(port=port)))
    return status(live, Question(entries=[live.entry(SHOP)]), {})[0]


@pytest.mark.parametrize(
    ("words", "variable", "inside", "because"),
    [
        ((), None, False, None),
        (("shop-api",), None, False, "its command line names shop_api"),
        ((), "{port}", False, "it was given SHOP_API_PORT={port}"),
        ((), "1", False, None),
        ((), None, True, "it runs in this repository"),
        (("redis",), None, True, None),
    ],
)
def test_the_expected_process_is_told_from_another(
    tmp_path: Path, words: tuple[str, ...], variable: str | None, inside: bool, because: str | None
) -> None:
    port = block(1)
    given = {"SHOP_API_PORT": variable.format(port=port)} if variable else {}
    with listening(port, words=words, environ=given, folder=tmp_path if inside else "/"):
        row = _row(tmp_path, port)
    assert row.standing is (Standing.EXPECTED if because else Standing.OTHER)
    assert row.because == (because or "").format(port=port)
    assert row.is_conflict is (because is None)


def test_the_engine_knows_which_container_publishes_a_port(tmp_path: Path) -> None:
    port = block(1)
    row = {
        "Id": "c" * 64,
        "Names": ["/shop-backend-1"],
        "Labels": {"com.docker.compose.service": "backend"},
        "Ports": [{"PrivatePort": 80, "PublicPort": port, "Type": "tcp"}, {"PrivatePort": 81, "Type": "tcp"}],
    }
    live = PortRegistry.load(registry(tmp_path, SERVICES.format(port=port)))
    with engine(tmp_path, [row]) as environ, listening(port):
        (found,) = status(live, Question(entries=[live.entry(SHOP)]), environ)
        other = containers.running({**environ, "DOCKER_HOST": "tcp://127.0.0.1:1"})
    assert found.container == Container("shop-backend-1", "backend", frozenset({port}), "c" * 64)
    assert (found.standing, found.because) == (Standing.EXPECTED, "the container is shop-backend-1")
    assert other == ()


@pytest.mark.parametrize("answer", [b"", b"no", b"{}", b"[1]", b'[{"Id": 5}]', b"[[[[", b'[{"Ports": [{}]}]'])
def test_an_engine_that_answers_nonsense_knows_nothing(tmp_path: Path, answer: bytes) -> None:
    with engine(tmp_path, answer) as environ:
        assert containers.running(environ) == ()


def test_without_an_engine_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    for place in ("missing.sock", "plain"):
        assert containers.running({"DOCKER_HOST": f"unix://{tmp_path / place}"}) == ()


def test_a_control_group_names_the_container(tmp_path: Path) -> None:
    known = Container("shop-1", id="d" * 64)
    for pid, line in {
        1: f"0::/system.slice/docker-{'d' * 64}.scope",
        2: f"5:pids:/docker/{'e' * 64}",
        3: "0::/",
    }.items():
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "cgroup").write_text(f"{line}\n")
    assert containers.around([known], 1, tmp_path) == known
    assert containers.around([known], 2, tmp_path) == Container("e" * 12, id="e" * 64)
    assert containers.around([known], 3, tmp_path) is None
    assert containers.around([known], 4, tmp_path) is None
