"""The hooks, in a real git repository with the real pre-commit: refused, passed, and the same in one call or many."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from support.paths import TOP

HOOKS = TOP / ".pre-commit-hooks.yaml"
REGISTRY = "ports:\n  api: {default: 8000, env_var: API_PORT}\n"
GOOD, BAD = "API_PORT=8000\n", "API_PORT=8001\n"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with a registry and both hooks as its own file says, run without installing anything."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for name in [name for name in os.environ if name.startswith(("GIT_", "PORTLINT_", "SKIP"))]:
        monkeypatch.delenv(name)
    hooks = yaml.safe_load(HOOKS.read_text())
    for hook in hooks:
        hook["language"] = "system"
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    root = tmp_path / "root"
    root.mkdir()
    (root / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (root / "ports.yaml").write_text(REGISTRY)
    run(root, "git", "init", "-q")
    run(root, "git", "config", "user.name", "t")
    run(root, "git", "config", "user.email", "t@example.org")
    run(root, sys.executable, "-m", "pre_commit", "install")
    return root


def run(root: Path, *command: str, code: int | None = 0) -> str:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def commit(root: Path, *, code: int) -> str:
    run(root, "git", "add", ".")
    return run(root, "git", "commit", "-m", "x", code=code)


def hook(root: Path, name: str, *arguments: str, code: int | None = None) -> str:
    return run(root, sys.executable, "-m", "pre_commit", "run", name, *arguments, code=code)


def findings(output: str) -> list[str]:
    return sorted(line for line in output.splitlines() if ": PORT" in line)


def test_the_hooks_are_what_pre_commit_expects():
    from pre_commit.clientlib import load_manifest

    assert [hook["id"] for hook in load_manifest(HOOKS)] == ["portlint", "portlint-repo"]


def test_a_commit_with_a_violation_is_refused_and_a_clean_one_passes(repository):
    (repository / ".env").write_text(BAD)
    output = commit(repository, code=1)
    assert "error[PORT401] env-value-mismatch: " in output
    assert " --> .env:1:10\n" in output
    (repository / ".env").write_text(GOOD)
    commit(repository, code=0)


def test_a_change_is_judged_by_the_registry_of_the_whole_repository(repository):
    (repository / ".env").write_text(GOOD)
    commit(repository, code=0)
    (repository / "other.env").write_text(BAD)
    assert " --> other.env:1:10\n" in commit(repository, code=1)


def test_the_hook_of_changed_files_reports_no_others(repository):
    (repository / "old.env").write_text(BAD)
    run(repository, "git", "add", ".")
    run(repository, "git", "commit", "-nm", "x")
    (repository / "new.env").write_text(GOOD)
    run(repository, "git", "add", ".")
    assert "Passed" in hook(repository, "portlint", code=0)
    assert " --> old.env:1:10\n" in hook(repository, "portlint-repo", code=1)


def test_excludes_hold_for_the_files_that_pre_commit_names(repository):
    (repository / "portlint.toml").write_text('exclude = ["gen/"]\n')
    (repository / "gen").mkdir()
    (repository / "gen" / "a.env").write_text(BAD)
    commit(repository, code=0)


@pytest.mark.parametrize("name", ["--exit-zero", "--select=PORT902", "--exclude=.env", "-h"])
def test_a_file_called_like_an_option_is_a_file(repository, name):
    (repository / ".env").write_text(BAD)
    (repository / name).write_text("x\n")
    assert " --> .env:1:10\n" in commit(repository, code=1)
    assert " --> .env:1:10\n" in hook(repository, "portlint", "--all-files", code=1)


def test_a_deleted_file_is_no_mistake(repository):
    (repository / ".env").write_text(GOOD)
    commit(repository, code=0)
    (repository / ".env").unlink()
    commit(repository, code=0)


def test_many_files_in_several_batches_give_the_findings_of_one_call(repository):
    config = repository / ".pre-commit-config.yaml"
    config.write_text(
        config.read_text().replace("check --force-exclude", "check --force-exclude --output-format concise")
    )
    names = [f"{'long' * 60}/{number:03}{'-' * 230}.env" for number in range(300)]
    (repository / names[0]).parent.mkdir()
    for number, name in enumerate(names):
        (repository / name).write_text(BAD if number % 3 else GOOD)
    run(repository, "git", "add", ".")
    output = hook(repository, "portlint", "--all-files", "--verbose", code=1)
    once = run(repository, sys.executable, "-m", "portlint", "check", "--output-format", "concise", code=1)
    batches = [
        run(
            repository,
            sys.executable,
            "-m",
            "portlint",
            "check",
            "--output-format",
            "concise",
            *names[at : at + 70],
            code=1,
        )
        for at in range(0, 300, 70)
    ]
    assert output.count(" files checked, ") > 1  # pre-commit did make several batches
    assert len(findings(once)) == 200
    assert findings(output) == findings("".join(batches)) == findings(once)
