"""Which container holds a port, where it can be told.

A container engine publishes a port by a process of its own (`docker-proxy`), so that the port's holder says nothing
about the service. The engine knows, and is asked over its local socket: the Engine API of Docker, version 1.24 on,
`GET /containers/json` (https://docs.docker.com/reference/api/engine/), which Podman speaks as well. Where there is no
engine or no permission, nothing is known, and that is no error.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.ports.procfs import PROC

_SERVICE = "com.docker.compose.service"
_ID = regex(r"[0-9a-f]{64}")
_TIMEOUT = 1.0
"""seconds; the engine is on this machine"""
_LONGEST = 8_000_000
"""bytes of an answer"""


class Container(Struct, frozen=True):
    name: str
    service: str = ""
    """of the compose file"""
    ports: frozenset[int] = frozenset()
    """published ones"""
    id: str = ""


def running(environ: Mapping[str, str]) -> tuple[Container, ...]:
    """The running containers of the first engine that answers. environ: DOCKER_HOST, XDG_RUNTIME_DIR."""
    for place in _sockets(environ):
        found = _listed(place)
        if found is not None:
            return found
    return ()


def publishing(containers: Iterable[Container], port: int) -> Container | None:
    """The container that publishes a port of the host."""
    return next((each for each in containers if port in each.ports), None)


def around(containers: Collection[Container], pid: int, proc: Path = PROC) -> Container | None:
    """The container in which a process runs, by its control group (cgroups(7)); of an unknown one only its id."""
    try:
        text = (proc / str(pid) / "cgroup").read_text("ascii", "replace")
    except OSError:
        return None
    ids = _ID.findall(text)
    if not ids:
        return None
    known = next((each for each in containers if each.id == ids[-1]), None)
    return known or Container(ids[-1][:12], id=ids[-1])


def _sockets(environ: Mapping[str, str]) -> Iterator[str]:
    named = environ.get("DOCKER_HOST", "")
    if named:
        # An engine on another machine (tcp://, ssh://) does not hold ports of this one.
        if named.startswith("unix://"):
            yield named.removeprefix("unix://")
        return
    folder = environ.get("XDG_RUNTIME_DIR")
    yield "/var/run/docker.sock"
    if folder:
        yield f"{folder}/docker.sock"
        yield f"{folder}/podman/podman.sock"


def _listed(place: str) -> tuple[Container, ...] | None:
    if not hasattr(socket, "AF_UNIX") or not os.path.exists(place):  # noqa: PTH110 - a socket's name, no path of ours
        return None
    connection = _Local(place)
    try:
        connection.request("GET", "/containers/json")
        response = connection.getresponse()
        data = json.loads(response.read(_LONGEST)) if response.status == 200 else None
        return tuple(_container(each) for each in data) if isinstance(data, list) else None
    except (OSError, http.client.HTTPException, ValueError, RecursionError, AttributeError, LookupError, TypeError):
        return None
    finally:
        connection.close()


def _container(data: Mapping[str, Any]) -> Container:
    names = data.get("Names") or [data["Id"][:12]]
    ports = frozenset(each["PublicPort"] for each in data.get("Ports") or () if each.get("PublicPort"))
    labels = data.get("Labels") or {}
    return Container(str(names[0]).removeprefix("/"), str(labels.get(_SERVICE, "")), ports, str(data.get("Id", "")))


class _Local(http.client.HTTPConnection):
    """HTTP over a socket of the file system."""

    def __init__(self, place: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._place = place

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT)
        self.sock.connect(self._place)
