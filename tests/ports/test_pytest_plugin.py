"""The pytest plugin, in real runs of pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from support.listening import block, registry

TESTS = """\
import pathlib, socket, time
import pytest

@pytest.mark.parametrize("n", range(12))
def test_it(port, n):
    with socket.create_server(("127.0.0.1", port)):
        time.sleep(0.01)
    with open("given.txt", "a") as file:
        file.write(f"{n} {port}\\n")

@pytest.mark.parametrize("port", ["db"], indirect=True)
def test_of_a_service(port):
    with open("given.txt", "a") as file:
        file.write(f"db {port}\\n")

def test_several(port, port_registry):
    with port_registry.lease("one more") as other:
        assert other != port
"""


def run(folder: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], dict[str, int]]:
    """A run of pytest in the folder, and the port that each test got."""
    (folder / "given.txt").unlink(missing_ok=True)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environ["TMPDIR"] = str(folder)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, env=environ)
    given = folder / "given.txt"
    lines = given.read_text().split() if given.exists() else []
    return ran, {name: int(port) for name, port in zip(lines[::2], lines[1::2], strict=True)}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    port = block(30)
    text = f"""\
ports:
  db: {{default: 1, environments: {{testing: {port + 28}-{port + 29}}}}}
ranges:
  testing: {{ports: {port}-{port + 27}}}
"""
    registry(tmp_path, text)
    (tmp_path / "test_ports_of_this.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def test_the_plugin_is_registered() -> None:
    (found,) = [point for point in entry_points(group="pytest11") if point.name == "portlint"]
    assert found.value == "portlint.pytest_plugin"


def test_tests_get_ports_of_the_testing_range_the_same_in_every_run(repository: Path) -> None:
    first, ports = run(repository, "-p", "no:xdist")
    assert first.returncode == 0, first.stdout
    second, again = run(repository, "-p", "no:xdist")
    assert second.returncode == 0, second.stdout
    assert ports == again
    start = int((repository / "ports.yaml").read_text().partition("ports: ")[2].partition("-")[0].split()[-1])
    assert ports.pop("db") in range(start + 28, start + 30)
    assert set(ports.values()) <= set(range(start, start + 28))
    assert len(ports) == 12


def test_workers_of_xdist_do_not_meet(repository: Path) -> None:
    ran, ports = run(repository, "-n", "2")
    assert ran.returncode == 0, ran.stdout
    assert len(ports) == 13


def test_without_a_registry_the_test_says_what_is_missing(repository: Path) -> None:
    (repository / "ports.yaml").unlink()
    ran, _ = run(repository, "-p", "no:xdist", "-k", "several")
    assert ran.returncode == 1
    assert "there is no registry in " in ran.stdout
    assert "Traceback" not in ran.stdout


def test_without_a_testing_range_the_test_says_what_is_missing(repository: Path) -> None:
    registry(repository, "ports:\n  db: {default: 1}\n")
    ran, _ = run(repository, "-p", "no:xdist", "-k", "several")
    assert ran.returncode == 1
    assert "there is no testing range; add one in 'ranges'" in ran.stdout


def test_a_fixture_of_the_repository_s_own_wins(repository: Path) -> None:
    (repository / "conftest.py").write_text("import pytest\n\n@pytest.fixture\ndef port():\n    return 1\n")
    (repository / "test_ports_of_this.py").write_text("def test_it(port):\n    assert port == 1\n")
    assert run(repository, "-p", "no:xdist")[0].returncode == 0
