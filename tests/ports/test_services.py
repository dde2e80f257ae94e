"""The live side with servers as people run them: Python's own always, redis and nginx where they are installed."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portlint.cli import main
from portlint.ports import PortRegistry, State
from support.listening import block, registry

NGINX = """\
pid {folder}/nginx.pid;
error_log {folder}/error.log;
daemon off;
worker_processes 2;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder};
  proxy_temp_path {folder};
  fastcgi_temp_path {folder};
  uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}
}}
"""
COMMANDS = {
    "python": ["env", "FILES_PORT={port}", sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1"],
    "redis": ["redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--dir", "{folder}"],
    "nginx": ["nginx", "-c", "{folder}/nginx.conf", "-p", "{folder}"],
}
ENTRIES = {
    "python": "{{default: {port}, range: {port}-{more}, env_var: FILES_PORT, health: {{http: /}}}}",
    "redis": "{{default: {port}, range: {port}-{more}, exposure: internal, health: tcp}}",
    "nginx": "{{default: {port}, range: {port}-{more}, health: {{http: /up, expect: 204}}}}",
}
INSTALLED = [name for name, command in COMMANDS.items() if shutil.which(command[0], path=None)]


@contextlib.contextmanager
def running(name: str, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    command = [word.format(port=port, folder=folder) for word in COMMANDS[name]]
    with subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)


@pytest.mark.parametrize("name", INSTALLED)
def test_a_server_is_known_by_its_name_and_is_up(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = block(2)
    registry(tmp_path, f"ports:\n  {name}: {ENTRIES[name].format(port=port, more=port + 1)}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", "none")
    live = PortRegistry.load()
    assert live.find_free(name) == port
    with running(name, tmp_path, port) as process:
        deadline = time.monotonic() + 120
        while live.validate_all()[name].state is State.FREE and time.monotonic() < deadline:
            time.sleep(0.02)
        code = main(["status", "--format", "json"])
        (row,) = json.loads(capsys.readouterr().out)["services"]
        assert live.find_free(name) == port + 1
        with live.reserve(name) as held:
            assert held == port + 1
    assert (code, row["state"]) == (0, "held by the expected process")
    assert [holder["pid"] for holder in row["holders"]] == [process.pid]
    assert row["health"]["healthy"] is True
    assert live.find_free(name) == port


def test_python_is_always_among_them() -> None:
    assert "python" in INSTALLED
