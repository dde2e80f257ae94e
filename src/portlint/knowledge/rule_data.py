"""Finds and reads the data of `rules/`: what portlint knows about names, libraries, ports and its own rules.

The folder lies at the top of a checkout (an editable install included) and as `portlint/rules` in a wheel. To parse
YAML takes fifteen times as long as to parse JSON, so each file is kept as JSON, under its size and its time: in the
`__pycache__` beside it, as Python keeps what it has compiled, or where that cannot be written in the user's cache.
"""

from __future__ import annotations

import contextlib
import os
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.json import Decoder, Encoder

from portlint.files.atomic import read_kept, replace_kept

_kept_in: Path | None = None
_LARGEST = 8 << 20
"""bytes of a kept file: of a larger one, the start has another checksum"""


@cache
def rules_folder() -> Path:
    """The folder with the rule data."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "rules"
    return installed if installed.is_dir() else package.parent.parent / "rules"


def keep_in(folder: Path | None) -> None:
    """Says where rule files may be kept as JSON besides their own folder; None: nowhere, which is so from the start."""
    global _kept_in
    _kept_in = folder


@cache
def load(name: str) -> Any:
    """The parsed YAML (or JSON, a subset of it) file `name`, relative to the folder: `names.yaml`.

    Raises OSError where the file is missing, which is a broken installation.
    """
    path = rules_folder() / name
    return _kept(name, path, [path], lambda: _parsed(path))


@cache
def load_all(folder: str) -> Mapping[str, Any]:
    """The parsed YAML files of a subfolder, in the order of their names, by name: `flask.yaml`. They are kept together,
    since to open dozens of files takes longer than to read them. Raises OSError like `load`."""
    place = rules_folder() / folder
    files = sorted(path for path in place.iterdir() if path.suffix == ".yaml")
    data: Mapping[str, Any] = _kept(
        f"{folder}/all", place / "all", files, lambda: {path.name: _parsed(path) for path in files}
    )
    return data


def _kept(name: str, beside: Path, files: Sequence[Path], parsed: Callable[[], Any]) -> Any:
    """What the files say, as it was kept while they were the same, or else parsed. name: see `_places`."""
    places = _places(beside, name)
    if not places:
        return parsed()
    statuses = [(path, path.stat()) for path in files]
    stamp = [each for path, status in statuses for each in (os.fspath(path), status.st_size, status.st_mtime_ns)]
    for kept in places:
        with contextlib.suppress(OSError, ValueError, TypeError, RecursionError):
            found = read_kept(kept, _LARGEST)
            if found[:9] == _checksum(found[9:]):
                known, data = Decoder().decode(found[9:])
                if known == stamp:
                    return data
    data = parsed()
    text = _as_json([stamp, data])
    if text and Decoder().decode(text)[1] == data:  # keys that are numbers, and dates, are not the same in JSON
        for kept in places:
            with contextlib.suppress(OSError):
                replace_kept(kept, _checksum(text) + text)
                break
    return data


def _as_json(data: object) -> bytes:
    """JSON of what YAML may hold; nothing where JSON has no such thing."""
    try:
        return Encoder().encode(data)
    except (TypeError, ValueError):
        return b""


def _places(path: Path, name: str) -> list[Path]:
    """Where a rule file may be kept as JSON, the best place first."""
    places = [] if sys.dont_write_bytecode else [path.parent / "__pycache__" / f"{path.name}.json"]
    if _kept_in is not None:
        places.append(_kept_in / f"{name.replace('/', '-')}.json")
    return places


def names(folder: str) -> tuple[str, ...]:
    """The files of a subfolder, sorted, as names for `load`: `python/flask.yaml`."""
    return tuple(sorted(f"{folder}/{p.name}" for p in (rules_folder() / folder).glob("*.yaml")))


def _parsed(path: Path) -> Any:
    import yaml  # 20 ms, which a command that needs no rules does not pay

    return yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)


def _checksum(text: bytes) -> bytes:
    return b"%08x " % zlib.crc32(text)
