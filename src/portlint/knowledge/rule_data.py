"""Finds and reads the data of `rules/`: what portlint knows about names, libraries, ports and its own rules.

The folder lies at the top of a checkout (an editable install included) and as `portlint/rules` in a wheel. To parse
YAML takes fifteen times as long as to parse JSON, so copies of all its files lie in one JSON file beside them. That is
written when portlint is built, or installed from a checkout (`hatch_build.py`), and never by a run. A copy counts while
it has the digest of its YAML file; where there is none, the YAML is parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from msgspec import MsgspecError, Raw, Struct
from msgspec.json import Decoder, Encoder

from portlint.algorithms.digest import digest_of

COPIES: Final = "copies.json"


class _Copy(Struct, frozen=True, array_like=True):
    """What a YAML file says, as JSON. digest: of its bytes."""

    digest: str
    data: Raw


@cache
def rules_folder() -> Path:
    """The folder with the rule data."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "rules"
    return installed if installed.is_dir() else package.parent.parent / "rules"


@cache
def load(name: str) -> Any:
    """The parsed YAML (or JSON, a subset of it) file `name`, relative to the folder: `names.yaml`.

    Raises OSError where the file is missing, which is a broken installation.
    """
    text = (rules_folder() / name).read_bytes()
    copy = _copies().get(name)
    if copy is not None and copy.digest == digest_of(text):
        return Decoder().decode(copy.data)
    return parsed(text)


def names(folder: str) -> tuple[str, ...]:
    """The files of a subfolder, sorted, as names for `load`: `python/flask.yaml`."""
    return tuple(sorted(f"{folder}/{p.name}" for p in (rules_folder() / folder).glob("*.yaml")))


def write_copies(rules: Path) -> None:
    """Writes the copies of the files of a folder; of those that say what JSON cannot, such as numbers as keys, none."""
    copies = {}
    for path in sorted(rules.rglob("*.yaml")):
        text = path.read_bytes()
        data = parsed(text)
        try:
            written = Encoder().encode(data)
        except TypeError:
            continue
        if Decoder().decode(written) == data:
            copies[path.relative_to(rules).as_posix()] = _Copy(digest_of(text), Raw(written))
    (rules / COPIES).write_bytes(Encoder().encode(copies))


@cache
def _copies() -> Mapping[str, _Copy]:
    """All copies by the name of the YAML file; none where they were not written, or not to their end."""
    try:
        return Decoder(dict[str, _Copy]).decode((rules_folder() / COPIES).read_bytes())
    except (OSError, MsgspecError):
        return {}


def parsed(text: bytes) -> Any:
    """What a rule file says. text: of one of ours, or of a user's that was found to be right."""
    import yaml  # 20 ms, which a command that needs no rules does not pay

    return yaml.load(text, Loader=yaml.CSafeLoader)
