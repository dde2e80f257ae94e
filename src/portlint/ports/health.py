"""Whether a service answers: the `health` of its registry entry, asked without a redirect, a proxy or a name server.

`health: tcp` connects; `health: {http: /health, expect: 200}` sends a GET of HTTP/1.1 (RFC 9112) and looks at the
status alone; without `expect`, any of 200 to 299 is right.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from urllib.parse import quote

from msgspec import Struct

from portlint.registry.document import entries, read_document
from portlint.registry.errors import Errors
from portlint.syntax.yaml.kinds import kind_of
from portlint.syntax.yaml.nodes import MappingNode, Node, ScalarNode, value_of

_LONGEST_HEAD = 16_384
"""bytes of a response in which its status must come"""


class HealthCheck(Struct, frozen=True):
    """How the registry says that a service is asked. http: the path, None for a bare connection."""

    http: str | None = None
    expect: int | None = None

    def __str__(self) -> str:
        return "tcp" if self.http is None else f"http {self.http}"


class Health(Struct, frozen=True):
    """What came of it. detail: `HTTP 200 in 3 ms`, or what went wrong."""

    healthy: bool
    detail: str


def health_checks(path: str, data: bytes) -> Mapping[str, HealthCheck]:
    """The health check of each entry that has one. path, data: of a registry that `load_registry` accepts."""
    ports = _value(read_document(data, Errors(path)).root, "ports")
    if not isinstance(ports, MappingNode):
        return {}
    checks = {value_of(key): _check(_value(value, "health")) for key, value in entries(ports)}
    return {name: check for name, check in checks.items() if check is not None}


def _check(node: Node | None) -> HealthCheck | None:
    if isinstance(node, MappingNode):
        path, expect = _value(node, "http"), _value(node, "expect")
        number = int(value_of(expect)) if isinstance(expect, ScalarNode) and kind_of(expect) != "null" else None
        return HealthCheck(value_of(path), number) if isinstance(path, ScalarNode) else None
    return HealthCheck() if isinstance(node, ScalarNode) and kind_of(node) != "null" else None


def _value(node: Node | None, key: str) -> Node | None:
    pairs = entries(node) if isinstance(node, MappingNode) else ()
    return next((value for name, value in pairs if value_of(name) == key), None)


def ask(check: HealthCheck, hosts: tuple[str, ...], port: int, timeout: float) -> Health:
    """Asks at each of the addresses until one is healthy. timeout: seconds for all of them together."""
    deadline = time.monotonic() + timeout
    health = Health(False, "no address to ask")
    for host in hosts:
        try:
            health = _ask(check, host, port, deadline)
        except TimeoutError:
            health = Health(False, f"no answer within {timeout:g} s")
        except OSError as error:
            # Where one address refuses and the other one is missing, the first tells more.
            if health.detail == "no address to ask":
                health = Health(False, (error.strerror or str(error)).lower())
        if health.healthy:
            break
    return health


def _ask(check: HealthCheck, host: str, port: int, deadline: float) -> Health:
    start = time.monotonic()
    with socket.create_connection((host, port), timeout=_left(deadline)) as connection:
        if check.http is None:
            return Health(True, f"connected in {_milliseconds(start)}")
        shown = f"[{host}]" if ":" in host else host
        # Unsafe characters are escaped: the path is from a file, and must not become a header.
        target = quote(check.http, safe="/?&=%:@!$'()*+,;~-._")
        request = f"GET {target} HTTP/1.1\r\nHost: {shown}:{port}\r\nUser-Agent: portlint\r\nConnection: close\r\n\r\n"
        connection.settimeout(_left(deadline))
        connection.sendall(request.encode("ascii"))
        status = _status(connection, deadline)
    if status is None:
        return Health(False, "it does not speak HTTP")
    detail = f"HTTP {status} in {_milliseconds(start)}"
    if status == check.expect or (check.expect is None and 200 <= status < 300):
        return Health(True, detail)
    return Health(False, f"{detail}, expected {check.expect or '200 to 299'}")


def _status(connection: socket.socket, deadline: float) -> int | None:
    """The status of the final response; those from 100 to 199 come before it (RFC 9110, 15.2)."""
    head = b""
    while len(head) < _LONGEST_HEAD:
        while b"\r\n\r\n" in head and head.startswith(b"HTTP/1.1 1"):
            head = head.partition(b"\r\n\r\n")[2]
        line, end, _ = head.partition(b"\r\n")
        if end and not line.startswith(b"HTTP/1.1 1"):
            words = line.split(b" ", 2)
            right = len(words) > 1 and words[0] in (b"HTTP/1.1", b"HTTP/1.0") and len(words[1]) == 3
            return int(words[1]) if right and words[1].isdigit() else None
        connection.settimeout(_left(deadline))
        piece = connection.recv(4096)
        if not piece:
            return None
        head += piece
    return None


def _left(deadline: float) -> float:
    """Seconds until the deadline. Raises TimeoutError behind it: a server may send a byte now and then for ever."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _milliseconds(start: float) -> str:
    return f"{(time.monotonic() - start) * 1000:.0f} ms"
