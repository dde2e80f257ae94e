"""What is free, what is not, who holds it, and holding it: with real sockets of real processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portlint.ports import NoFreePortError, PortRegistry, PortTakenError, State
from portlint.ports import sockets as system
from portlint.ports.sockets import Answer, probe
from support.listening import EVERYWHERE, HAS_IPV6, LOOPBACK, block, listening, registry

LINUX = sys.platform == "linux"


def service(folder: Path, start: int, size: int = 3, more: str = "", rest: str = "") -> PortRegistry:
    text = f"ports:\n  web: {{default: {start}, env_var: WEB_PORT, range: {start}-{start + size - 1}{more}}}\n{rest}"
    return PortRegistry.load(registry(folder, text))


def refused(live: PortRegistry, name: str = "web") -> list[tuple[int, str]]:
    with pytest.raises(NoFreePortError) as caught:
        live.find_free(name)
    return [(each.port, each.reason) for each in caught.value.refused]


def server(port: int, host: str = "127.0.0.1", *, reuse: bool = True) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
    made.bind((host, port))
    made.listen()
    return made


@pytest.mark.parametrize("exposure", ["internal", "public", None])
@pytest.mark.parametrize("host", [*LOOPBACK, *EVERYWHERE])
def test_a_listener_on_any_address_that_the_service_needs_is_in_the_way(host: str, exposure: str | None) -> None:
    port = block(1)
    with listening(port, host):
        assert probe(port, "tcp", exposure) is Answer.TAKEN
        assert probe(port, "udp", exposure) is Answer.FREE
    assert probe(port, "tcp", exposure) is Answer.FREE


@pytest.mark.parametrize("host", [*LOOPBACK, *EVERYWHERE])
def test_udp_is_asked_for_itself(host: str) -> None:
    port = block(1)
    with listening(port, host, "udp"):
        assert [probe(port, kind, "internal") for kind in ("udp", "both", "tcp")] == [
            Answer.TAKEN, Answer.TAKEN, Answer.FREE,
        ]  # fmt: skip


@pytest.mark.parametrize("kind", ["tcp", "udp", "both"])
@pytest.mark.parametrize("exposure", ["internal", "public", None])
def test_a_port_that_was_never_used_is_free(kind: str, exposure: str | None) -> None:
    assert probe(block(1), kind, exposure) is Answer.FREE


@pytest.mark.parametrize("closes_first", ["server", "client"])
def test_a_port_in_time_wait_is_free(tmp_path: Path, closes_first: str) -> None:
    port = block(1)
    live = service(tmp_path, port, 1)
    listener = server(port)
    client = socket.create_connection(("127.0.0.1", port))
    accepted, _ = listener.accept()
    assert probe(port, "tcp", None) is Answer.TAKEN
    listener.close()
    for each in (accepted, client) if closes_first == "server" else (client, accepted):
        each.close()
    assert live.find_free("web") == port
    assert live.validate_all()["web"].state is State.FREE
    with live.reserve("web") as held:
        assert held == port
        assert probe(port, "tcp", None) is Answer.TAKEN
        server(port).close()


def test_what_really_cannot_be_bound_is_busy_even_when_nobody_lives_there(tmp_path: Path) -> None:
    """A server that did not set SO_REUSEADDR leaves its port to nobody until TIME_WAIT ends: Linux."""
    port = block(1)
    live = service(tmp_path, port, 1)
    listener = server(port, reuse=False)
    client = socket.create_connection(("127.0.0.1", port))
    accepted, _ = listener.accept()
    listener.close()
    accepted.close()
    client.close()
    try:
        server(port).close()
        expected = State.FREE
    except OSError:
        expected = State.BUSY
    found = live.validate_all()["web"]
    assert found.state is expected
    assert ("TIME_WAIT" in found.message) == (expected is State.BUSY)


def test_a_socket_that_is_bound_and_does_not_listen_yet_is_seen() -> None:
    port = block(1)
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        assert probe(port, "tcp", "internal") is Answer.TAKEN


def test_who_only_looks_does_not_disturb_a_server_that_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = block(1)
    live = service(tmp_path, port, 1)
    real, asked = system._bound, []

    def meet(kind: str, host: str, port: int, *, reuse: bool) -> socket.socket:
        bound = real(kind, host, port, reuse=reuse)
        if LINUX:  # at this very moment
            server(port, "127.0.0.1").close()
        asked.append(host)
        return bound

    monkeypatch.setattr(system, "_bound", meet)
    assert live.validate_all()["web"].state is State.FREE
    assert asked == [*EVERYWHERE, *LOOPBACK]
    monkeypatch.setattr(system, "_bound", real)
    with live.reserve("web"):
        assert live.validate_all()["web"].state is State.BUSY


def test_asyncio_serves_on_a_held_port(tmp_path: Path) -> None:
    live = service(tmp_path, block(1), 1, ", exposure: internal")

    async def serve(port: int) -> bytes:
        opened = await asyncio.start_server(
            lambda _, writer: writer.write(b"hello") or writer.close(), "127.0.0.1", port
        )
        async with opened:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            said = await reader.read()
            writer.close()
        return said

    with live.reserve("web") as port:
        if port.gap:
            port.release()
        assert asyncio.run(serve(port)) == b"hello"


def test_a_client_s_end_of_a_connection_is_in_the_way(tmp_path: Path) -> None:
    port = block(2)
    live = service(tmp_path, port, 1)
    with server(port + 1), socket.socket() as client:
        client.bind(("127.0.0.1", port))
        client.connect(("127.0.0.1", port + 1))
        assert probe(port, "tcp", "internal") is Answer.TAKEN
        (found,) = live.validate_all()["web"].holders
        assert found.pid == os.getpid()
        assert not LINUX or found.note == "a client's end of a connection"


def test_find_free_takes_the_default_then_the_range_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = block(4)
    live = service(tmp_path, port, 4)
    assert live.find_free("web") == port
    with listening(port):
        assert live.find_free("web") == port + 1
        with listening(port + 1, "0.0.0.0"):
            assert live.find_free("web") == port + 2
            monkeypatch.setenv("WEB_PORT", str(port + 3))
            assert live.find_free("web") == port + 3
            monkeypatch.setenv("WEB_PORT", str(port + 1))
            assert live.find_free("web") == port + 2
        monkeypatch.setenv("WEB_PORT", str(port))
        assert live.find_free("web") == port + 1


def test_a_default_in_the_middle_comes_first(tmp_path: Path) -> None:
    port = block(3)
    live = PortRegistry.load(registry(tmp_path, f"ports:\n  web: {{default: {port + 1}, range: {port}-{port + 2}}}\n"))
    with listening(port + 1):
        assert live.find_free("web") == port
        with listening(port):
            assert live.find_free("web") == port + 2


def test_an_environment_has_its_own_ports(tmp_path: Path) -> None:
    port = block(3)
    live = service(tmp_path, port, 1, f", environments: {{testing: {port + 1}-{port + 2}}}")
    with listening(port + 1):
        assert live.find_free("web", "testing") == port + 2
        assert live.find_free("web") == port


def test_where_nothing_is_free_the_error_tells_who_holds_each(tmp_path: Path) -> None:
    port = block(3)
    reserved = f"reserved:\n  - {{port: {port + 1}, service: Grafana, note: ask first}}\n"
    live = service(tmp_path, port, 3, rest=reserved)
    with listening(port) as one, listening(port + 2) as other:
        first, second, third = refused(live)
        assert first[0] == port
        assert first[1].startswith(f"held by pid {one.pid} (python")
        assert second == (port + 1, "reserved for Grafana: ask first")
        assert third[1].startswith(f"held by pid {other.pid} (python")
        with pytest.raises(NoFreePortError, match=f"there is no free port for web: {port} is held by pid {one.pid} "):
            live.find_free("web")


def test_reserved_ports_are_passed_over(tmp_path: Path) -> None:
    port = block(4)
    live = service(tmp_path, port, 4, rest=f"reserved:\n  - {{port: {port}-{port + 2}, service: Grafana}}\n")
    assert live.find_free("web") == port + 3
    with pytest.raises(PortTakenError, match=f"web cannot have port {port}: it is reserved for Grafana"):
        live.get_port("web", check_conflict=True)
    assert live.get_port("web") == port


def test_an_entry_that_knows_of_the_conflict_may_have_the_port_when_it_is_free(tmp_path: Path) -> None:
    port = block(2)
    live = service(tmp_path, port, 2, ", conflict_check: true", f"reserved:\n  - {{port: {port}, service: Grafana}}\n")
    assert live.find_free("web") == port
    state = live.validate_all()["web"]
    assert (state.state, state.reserved_for) == (State.FREE, "Grafana")
    with listening(port):
        assert live.find_free("web") == port + 1
        state = live.validate_all()["web"]
        assert (state.state, state.reserved_for) == (State.BUSY, "Grafana")
        assert state.message.endswith(", and reserved for Grafana")


def test_an_immutable_entry_has_no_other_port(tmp_path: Path) -> None:
    port = block(2)
    live = service(tmp_path, port, 2, ", immutable: true")
    with listening(port):
        assert [number for number, _ in refused(live)] == [port]


def test_without_a_range_there_is_no_other_port(tmp_path: Path) -> None:
    port = block(1)
    live = PortRegistry.load(registry(tmp_path, f"ports:\n  web: {{default: {port}}}\n"))
    with listening(port):
        assert [number for number, _ in refused(live)] == [port]


def test_a_conflict_is_an_error_where_it_is_asked_for(tmp_path: Path) -> None:
    port = block(1)
    live = service(tmp_path, port, 1)
    assert live.get_port("web", check_conflict=True) == port
    with listening(port) as holder:
        assert live.get_port("web") == port
        with pytest.raises(PortTakenError, match=f"web cannot have port {port}: it is held by pid {holder.pid} "):
            live.get_port("web", None, True)


def test_an_internal_service_is_asked_for_on_loopback_alone(tmp_path: Path) -> None:
    port = block(2)
    live = service(tmp_path, port, 1, ", exposure: internal")
    with live.reserve("web") as held:
        hosts = {each.getsockname()[0] for each in held.sockets}
    assert hosts == set(LOOPBACK)
    live = service(tmp_path, port, 1, ", exposure: public")
    with live.reserve("web") as held:
        hosts = {each.getsockname()[0] for each in held.sockets}
    assert hosts == set(EVERYWHERE)


def test_a_listener_elsewhere_is_not_in_the_way_of_an_internal_service() -> None:
    """On Linux all of 127.0.0.0/8 is there."""
    port = block(1)
    with listening(port, "127.0.0.2"):
        assert probe(port, "tcp", "internal") is Answer.FREE
        assert probe(port, "tcp", None) is Answer.TAKEN


def test_validate_all_tells_how_it_stands_with_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = block(6)
    text = f"""\
ports:
  free: {{default: {port}}}
  busy: {{default: {port + 1}}}
  outside: {{default: {port + 2}, range: "{port + 2}", env_var: OUTSIDE_PORT}}
  wrong: {{default: {port + 3}, env_var: WRONG_PORT}}
  reserved: {{default: {port + 4}}}
  datagram: {{default: {port + 5}, protocol: both, exposure: internal}}
reserved: [{{port: {port + 4}, service: Grafana}}]
"""
    live = PortRegistry.load(registry(tmp_path, text))
    monkeypatch.setenv("OUTSIDE_PORT", str(port))
    monkeypatch.setenv("WRONG_PORT", "yes")
    with listening(port + 1) as one, listening(port + 5, LOOPBACK[-1], "udp") as two:
        found = live.validate_all()
    assert {name: (state.state, state.port) for name, state in found.items()} == {
        "free": (State.FREE, port),
        "busy": (State.BUSY, port + 1),
        "outside": (State.OUT_OF_RANGE, port),
        "wrong": (State.INVALID, None),
        "reserved": (State.RESERVED, port + 4),
        "datagram": (State.BUSY, port + 5),
    }
    assert [holder.pid for holder in found["busy"].holders] == [one.pid]
    assert [holder.pid for holder in found["datagram"].holders] == [two.pid]
    assert found["outside"].message.startswith(f"OUTSIDE_PORT is '{port}'; outside may have {port + 2} (")
    assert found["reserved"].message == f"{port + 4} is reserved for Grafana"
    assert found["free"].message == ""


def test_a_server_binds_a_held_port(tmp_path: Path) -> None:
    """On Linux while it is held; elsewhere it is given the socket."""
    port = block(2)
    live = service(tmp_path, port, 2)
    with live.reserve("web") as held:
        assert (held, held.port) == (port, port)
        assert live.find_free("web") == port + 1
        assert bool(held.gap) == (not LINUX)
        with listening(port) if LINUX else contextlib.nullcontext(), live.reserve("web") as other:
            assert other == port + 1
            assert [number for number, _ in refused(live)] == [port, port + 1]
    assert live.find_free("web") == port


def test_a_held_port_is_given_over_as_a_socket(tmp_path: Path) -> None:
    port = block(1)
    live = service(tmp_path, port, 1, ", exposure: internal")
    with live.reserve("web") as held:
        taken = held.take()
    with taken:
        taken.listen()
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
    held.release()
    with pytest.raises(IndexError):
        held.take()


@pytest.mark.parametrize("kind", ["udp", "both"])
def test_a_held_udp_port_says_what_stays_open(tmp_path: Path, kind: str) -> None:
    port = block(1)
    live = service(tmp_path, port, 1, f", protocol: {kind}")
    with live.reserve("web") as held:
        assert "take" in held.gap
        assert len(held.sockets) == len(EVERYWHERE) * (2 if kind == "both" else 1)
        with pytest.raises(OSError, match="in use"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", port))
        held.release()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", port))


_RESERVES = """
import sys
from portlint.ports import NoFreePortError, PortRegistry
live = PortRegistry.load(sys.argv[1])
sys.stdin.readline()
try:
    with live.reserve("web") as held:
        print(int(held), flush=True)
        sys.stdin.readline()
except NoFreePortError as error:
    print(error, flush=True)
"""


def test_processes_that_reserve_at_once_get_different_ports(tmp_path: Path) -> None:
    port = block(4)
    service(tmp_path, port, 4)
    command: list[Any] = [sys.executable, "-c", _RESERVES, tmp_path]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(subprocess.Popen(command, **pipes)) for _ in range(5)]
        for each in processes:
            each.stdin.write("\n")  # type: ignore[union-attr]
        told = [each.stdout.readline() for each in processes]  # type: ignore[union-attr]
        assert sorted(line for line in told if line.strip().isdigit()) == [f"{port + n}\n" for n in range(4)]
        assert sum("reserves it with portlint" in line for line in told) == 1
        for each in processes:
            each.kill()
    assert PortRegistry.load(tmp_path).find_free("web") == port


def test_a_child_that_was_given_nothing_does_not_keep_a_held_port(tmp_path: Path) -> None:
    port = block(1)
    live = service(tmp_path, port, 1)
    with live.reserve("web"), subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert system.is_marked(port) == LINUX
    assert child.wait() is not None
    assert live.find_free("web") == port


def test_a_system_without_descriptors_is_an_error_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        probe(20000, "tcp", None)


@pytest.mark.parametrize("code", [99, 97])
def test_a_machine_without_ipv6_is_asked_for_ipv4_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    real = system._bound

    def without(kind: str, host: str, port: int, *, reuse: bool) -> socket.socket:
        if ":" in host:
            raise OSError(code, os.strerror(code))
        return real(kind, host, port, reuse=reuse)

    monkeypatch.setattr(system, "_bound", without)
    port = block(1)
    live = service(tmp_path, port, 1)
    with live.reserve("web") as held:
        assert [each.family for each in held.sockets] == [socket.AF_INET]
    with listening(port):
        assert live.validate_all()["web"].state is State.BUSY


def test_this_machine_was_asked_for_ipv6() -> None:
    assert len(LOOPBACK) == len(EVERYWHERE) == 1 + HAS_IPV6
