"""Finds and reads the data of `rules/`: what portlint knows about names, libraries, ports and its own rules.

The folder lies at the top of a checkout (an editable install included) and as `portlint/rules` in a wheel.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


@cache
def rules_folder() -> Path:
    """The folder with the rule data."""
    package = Path(__file__).resolve().parent
    installed = package / "rules"
    return installed if installed.is_dir() else package.parent.parent / "rules"


@cache
def load(name: str) -> Any:
    """The parsed YAML (or JSON, a subset of it) file `name`, relative to the folder: `names.yaml`.

    Raises OSError where the file is missing, which is a broken installation.
    """
    import yaml  # 20 ms, which a command that needs no rules does not pay

    return yaml.load((rules_folder() / name).read_bytes(), Loader=yaml.CSafeLoader)


def names(folder: str) -> tuple[str, ...]:
    """The files of a subfolder, sorted, as names for `load`: `python/flask.yaml`."""
    return tuple(sorted(f"{folder}/{p.name}" for p in (rules_folder() / folder).glob("*.yaml")))
