"""A small repository that breaks its registry, for the tests of the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from portlint.extract import formats

formats()  # workers that are forked from here need not import them again and again

REGISTRY = "ports:\n  api: {default: 8000, env_var: API_PORT}\n  redis: {default: 6379, env_var: REDIS_PORT}\n"
FILES = {
    "ports.yaml": REGISTRY,
    "app/main.py": 'import os\nPORT = int(os.getenv("API_PORT", "8001"))\n',
    "app/ok.py": 'import os\nPORT = int(os.getenv("API_PORT", "8000"))\nCACHE = os.environ["REDIS_PORT"]\n',
    ".env": "API_PORT=8002\nDATABASE_URL=postgres://u:hunter2@db:5432/x\n",
    "logo.png": "not looked at",
}


def fill(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes the files below a folder."""
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def codes(text: str) -> list[tuple[str, str]]:
    """Path and code of each finding of the jsonl format."""
    return [(finding["path"], finding["code"]) for finding in map(json.loads, text.splitlines())]
