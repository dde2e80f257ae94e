"""What a row depends on: the content of its file, and all that reads it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from portlint.algorithms.digest import digest_of


def version_of(package: Path, rules: Path, extra: Sequence[tuple[str, bytes]]) -> str:
    """What all rows depend on besides the file: portlint, its rules, the parsers and the interpreter.

    package, rules: portlint's own folders. extra: the user's own rules, name and content. The files are told by
    their size and time, which costs a hundredth of reading them.
    """
    from importlib.util import find_spec

    from portlint import __version__

    parts = [__version__, sys.version, *(f"{name} {digest_of(data)}" for name, data in extra)]
    for folder in (package, rules):
        parts += sorted(_listing(os.fspath(folder)))
    for parser in ("libcst", "yaml", "msgspec"):
        spec = find_spec(parser)
        if spec is not None and spec.origin is not None:
            status = Path(spec.origin).stat()
            parts.append(f"{spec.origin} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}")
    return "\0".join(parts)


def _listing(folder: str) -> list[str]:
    out, folders = [], [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        folders.append(entry.path)
                else:
                    status = entry.stat()
                    out.append(f"{entry.path} {status.st_size} {status.st_mtime_ns}")
    return out
