"""The pinned releases: all that pyproject.toml asks for is among them, and they come from nowhere in particular."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from support.paths import TOP

PINNED = (TOP / "requirements-dev.txt").read_text("utf-8")
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]


def normal(name: str) -> str:
    """A name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def asked_for() -> Iterator[str]:
    extras = PROJECT["optional-dependencies"]
    for requirement in (*PROJECT["dependencies"], *(each for extra in extras.values() for each in extra)):
        name = re.match(r"[\w.-]+", requirement)
        assert name is not None
        if name[0] != PROJECT["name"]:
            yield normal(name[0])


def test_every_dependency_is_pinned_with_hashes() -> None:
    pins = re.findall(r"^([\w.-]+)==\S+(?: ; [^\\\n]+)? \\\n    --hash=sha256:[0-9a-f]{64}", PINNED, re.MULTILINE)
    assert set(asked_for()) <= set(pins)
    assert len(pins) == len(re.findall(r"^[^\s#]", PINNED, re.MULTILINE)), "a line that is no pin"


def test_no_index_and_no_place_of_a_machine_is_named() -> None:
    assert "://" not in PINNED
    assert not re.search(r"^--|^-e| @ ", PINNED, re.MULTILINE)
