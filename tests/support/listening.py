"""Helpers of the tests of the live side: real sockets in real processes, on loopback, and a place for a registry."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from portlint.ports.sockets import Answer, probe

HAS_IPV6 = False
with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as _asked:
    _asked.bind(("::1", 0))
    HAS_IPV6 = True

LOOPBACK = ["127.0.0.1", *(["::1"] if HAS_IPV6 else [])]
EVERYWHERE = ["0.0.0.0", *(["::"] if HAS_IPV6 else [])]

_SERVER = """
import socket, sys
host, port, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
family = socket.AF_INET6 if ":" in host else socket.AF_INET
server = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
if kind != "udp":
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((host, port))
if kind != "udp":
    server.listen()
print("ready", flush=True)
sys.stdin.read()
"""
_next = 0


def block(size: int) -> int:
    """The first of some ports in a row that nobody uses: below the ephemeral ones, and another row in every call."""
    global _next
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    lowest = 12_000 + int(worker) % 4 * 4_000
    while True:
        start = lowest + (os.getpid() * 37 + _next) % (4_000 - size)
        _next += size
        if all(probe(port, "both", None) is Answer.FREE for port in range(start, start + size)):
            return start


@contextlib.contextmanager
def listening(
    port: int,
    host: str = "127.0.0.1",
    kind: str = "tcp",
    *,
    words: tuple[str, ...] = (),
    folder: str | Path = "/",
    environ: Mapping[str, str] | None = None,
    user: int | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A process that listens there. words: behind its arguments. user: its number, where the tests run as root."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, host, str(port), kind, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, **(environ or {})},
        user=user,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def registry(folder: Path, text: str) -> Path:
    """Writes a registry into a folder, which becomes a repository's root."""
    (folder / "portlint.toml").touch()
    file = folder / "ports.yaml"
    file.write_text(text, "utf-8")
    return file
