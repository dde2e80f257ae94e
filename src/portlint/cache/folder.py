"""Where the caches lie, and whether there is to be one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_NO = frozenset({"", "0", "false", "no"})


def cache_folder(environment: Mapping[str, str], asked: bool | None = None) -> Path | None:
    """The folder of portlint's caches; None where there is to be none.

    asked: what the user says; None leaves it to `CI`, under which (as every CI service sets it) there is none: a cache
    that a pipeline does not keep only costs the time to write it.
    XDG Base Directory Specification 0.8; on macOS and Windows the place that the system has for this.
    """
    if asked is None:
        asked = environment.get("CI", "").lower() in _NO
    if not asked:
        return None
    named = environment.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):  # noqa: PTH117 - "paths must be absolute, others are ignored", says the specification
        return Path(named) / "portlint"
    if sys.platform == "win32":
        local = environment.get("LOCALAPPDATA", "")
        return Path(local) / "portlint" / "cache" if local else None
    home = environment.get("HOME", "")
    if not os.path.isabs(home):  # noqa: PTH117
        return None
    return Path(home) / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "portlint"
