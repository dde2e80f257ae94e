"""Health checks, with real HTTP servers."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest

from portlint.ports import PortRegistry
from portlint.ports.health import HealthCheck, ask, health_checks
from portlint.ports.status import Question, status
from support.listening import LOOPBACK, block, registry
from support.servers import answering, web


@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize(
    ("check", "healthy", "detail"),
    [
        (HealthCheck("/health"), True, "HTTP 200 in "),
        (HealthCheck("/health", 200), True, "HTTP 200 in "),
        (HealthCheck("/204"), True, "HTTP 204 in "),
        (HealthCheck("/204", 200), False, "expected 200"),
        (HealthCheck("/302"), False, "expected 200 to 299"),
        (HealthCheck("/302", 302), True, "HTTP 302 in "),
        (HealthCheck("/503"), False, "HTTP 503 in "),
        (HealthCheck("/nowhere", 404), True, "HTTP 404 in "),
        (HealthCheck("/health?deep=1&x=%20"), True, "HTTP 200 in "),
        (HealthCheck("/a b\r\nHost: elsewhere\r\n\r\n"), False, "HTTP 404 in "),
        (HealthCheck("/grün/ü"), False, "HTTP 404 in "),
        (HealthCheck(), True, "connected in "),
    ],
)
def test_a_real_server(host: str, check: HealthCheck, healthy: bool, detail: str) -> None:
    port = block(1)
    with web(port, host):
        found = ask(check, tuple(LOOPBACK), port, 5)
    assert found.healthy is healthy
    assert detail in found.detail


@pytest.mark.parametrize("check", [HealthCheck(), HealthCheck("/health")])
def test_where_nothing_listens_it_is_down(check: HealthCheck) -> None:
    found = ask(check, tuple(LOOPBACK), block(1), 5)
    assert (found.healthy, found.detail) == (False, "connection refused")


@pytest.mark.parametrize(
    ("pieces", "healthy", "detail"),
    [
        ([b"HTTP/1.1 200 OK\r\n\r\n"], True, "HTTP 200"),
        ([b"HTTP/1.0 2", b"00 OK\r", b"\n\r\n"], True, "HTTP 200"),
        ([b"HTTP/1.1 200\r\n"], True, "HTTP 200"),
        ([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"], True, "HTTP 200"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 500 No\r\n\r\n"], False, "HTTP 500"),
        ([b"-ERR unknown command\r\n"], False, "it does not speak HTTP"),
        ([b"HTTP/1.1 2x0 OK\r\n"], False, "it does not speak HTTP"),
        ([b"HTTP/1.1 \xc2\xb2\xc2\xb2 OK\r\n"], False, "it does not speak HTTP"),
        ([b"\x15\x03\x01\x00\x02\x02\x16"], False, "it does not speak HTTP"),
        ([b"x" * 40_000], False, "it does not speak HTTP"),
        ([b"HTTP/1.1 100 C\r\n\r\n" * 5_000], False, "it does not speak HTTP"),
        ([], False, "it does not speak HTTP"),
    ],
)
def test_what_servers_say(pieces: list[bytes], healthy: bool, detail: str) -> None:
    port = block(1)
    with answering(port, *pieces):
        found = ask(HealthCheck("/"), ("127.0.0.1",), port, 5)
    assert found.healthy is healthy
    assert detail in found.detail


@pytest.mark.parametrize("answer", ["", "HTTP/1.1 200 OK\r\n"])
def test_a_server_that_never_ends_costs_the_timeout_and_no_more(answer: str) -> None:
    """Each letter comes within the time that the whole answer may take."""
    port = block(1)
    with answering(port, *(letter.encode() for letter in answer), pause=0.1, ends=False):
        found = ask(HealthCheck("/"), ("127.0.0.1",), port, 0.3)
    assert (found.healthy, found.detail) == (False, "no answer within 0.3 s")


def test_services_are_asked_at_the_same_time(tmp_path: Path) -> None:
    port, all_asked = block(6), threading.Barrier(6)
    text = "ports:\n" + "".join(f"  s{n}: {{default: {port + n}, health: {{http: /}}}}\n" for n in range(6))
    live = PortRegistry.load(registry(tmp_path, text))
    with contextlib.ExitStack() as stack:
        for n in range(6):
            stack.enter_context(answering(port + n, b"HTTP/1.1 200 OK\r\n\r\n", together=all_asked))
        rows = status(live, Question(entries=live.registry.entries, timeout=10), {})
    assert [row.health.healthy for row in rows if row.health] == [True] * 6


def test_the_checks_of_a_registry() -> None:
    text = b"""\
x-health: &usual {http: /health, expect: 200}
ports:
  one: {default: 1, health: *usual}
  two: {default: 2, health: {http: /up}}
  three: {default: 3, health: tcp}
  four: {default: 4, health: null}
  five: {default: 5}
  six: {default: 6, health: {http: /, expect: null}}
  seven: {default: 7, health: {<<: *usual, http: /other}}
"""
    assert health_checks("ports.yaml", text) == {
        "one": HealthCheck("/health", 200),
        "two": HealthCheck("/up"),
        "three": HealthCheck(),
        "six": HealthCheck("/"),
        "seven": HealthCheck("/other", 200),
    }


@pytest.mark.parametrize("text", [b"", b"ports:\n", b"[]"])
def test_a_registry_without_checks(text: bytes) -> None:
    assert health_checks("ports.yaml", text) == {}
