"""A git repository for tests, which sees nothing of the user's own settings."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from support.commandline import fill


class GitRepository:
    """Runs git in a folder. Paths are relative to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self("init", "-q", "-b", "main")
        for key, value in {"user.name": "t", "user.email": "t@example.org", "commit.gpgsign": "false"}.items():
            self("config", key, value)

    def __call__(self, *words: str, code: int = 0, **variables: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.root,
            capture_output=True,
            env={**os.environ, **variables},
            encoding="utf-8",
            errors="surrogateescape",
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    def write(self, **files: str | bytes) -> None:
        fill(self.root, files)

    def commit(self, files: dict[str, str | bytes] | None = None) -> str:
        """Writes files, stages everything and commits; the id."""
        fill(self.root, files or {})
        self("add", "-A")
        self("commit", "-q", "-m", "x", "--allow-empty")
        return self("rev-parse", "HEAD").strip()
