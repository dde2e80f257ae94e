"""Fixtures that several test files share."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on what else the machine does.
settings.register_profile("portlint", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("portlint")


def pytest_make_parametrize_id(val: object) -> str | None:
    """A short name for a case whose input is long: pytest hands it to child processes in a variable, and a system may
    refuse one of more than 128 KB (execve(2), E2BIG)."""
    if isinstance(val, str | bytes) and len(val) > 200:
        return f"{val[:40]!r}...{len(val)}"
    return None


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """No test sees the user's cache or that of another test, and all behave under CI as elsewhere."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository with a registry and files that break it, as the working directory."""
    from support.commandline import FILES, fill

    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    monkeypatch.chdir(root)
    for name in list(os.environ):
        if name.startswith("PORTLINT_") or name in ("FORCE_COLOR", "NO_COLOR"):
            monkeypatch.delenv(name)
    return fill(root, FILES)


@pytest.fixture
def portlint(capsys):
    """Runs a command line: exit code, stdout, stderr."""
    from portlint import cli

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main(arguments)
        return (code, *capsys.readouterr())

    return run
