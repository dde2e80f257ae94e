"""Servers to talk to: HTTP, one that says given bytes, and a container engine."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Handler(http.server.BaseHTTPRequestHandler):
    """`/302` answers with 302."""

    def do_GET(self) -> None:
        word = self.path.strip("/").partition("?")[0]
        self.send_response(int(word) if word.isdigit() else 200 if word == "health" else 404)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Tests are silent."""


class _Six(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


@contextlib.contextmanager
def web(port: int, host: str = "127.0.0.1") -> Iterator[None]:
    kind = _Six if ":" in host else http.server.ThreadingHTTPServer
    with kind((host, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def answering(
    port: int, *pieces: bytes, pause: float = 0.0, ends: bool = True, together: threading.Barrier | None = None
) -> Iterator[None]:
    """A server that says these bytes to its first client, whatever is asked.

    together: servers that wait for one another's clients before they answer.
    """
    done = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError, threading.BrokenBarrierError):
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                if together is not None:
                    together.wait(10)
                for piece in pieces:
                    client.sendall(piece)
                    done.wait(pause)
                if not ends:
                    done.wait(10)

    with socket.create_server(("127.0.0.1", port)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            done.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


class _Engine(http.server.BaseHTTPRequestHandler):
    """What a container engine answers."""

    answer: bytes = b"[]"

    def do_GET(self) -> None:
        assert self.path == "/containers/json"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, format: str, *args: object) -> None:
        """Tests are silent."""

    def address_string(self) -> str:
        return "local"


@contextmanager
def engine(folder: Path, answer: object) -> Iterator[dict[str, str]]:
    place = folder / "engine.sock"
    handler = type(
        "Handler", (_Engine,), {"answer": answer if isinstance(answer, bytes) else json.dumps(answer).encode()}
    )
    with socketserver.ThreadingUnixStreamServer(str(place), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield {"DOCKER_HOST": f"unix://{place}"}
        finally:
            server.shutdown()
            thread.join()
