"""What git says on stderr while it lists files."""

from __future__ import annotations

import os
import re
from typing import Final

from portlint.algorithms.lazy_regex import regex


def closed_folders(warnings: bytes) -> list[tuple[str, str]]:
    """The folders that git could not read, each with the reason. warnings: git's stderr, in the C locale."""
    closed = []
    for folder in _CLOSED_FOLDER.finditer(warnings):
        reason = folder[2].decode("utf-8", "replace")
        closed.append((os.fsdecode(folder[1]).rstrip("/"), f"cannot be read: {reason}"))
    for folder in _CUT_SHORT.finditer(warnings):
        name = os.fsdecode(folder[1]).rpartition("/")[0]
        closed.append((name, "cannot be read: a path in it is too long for git"))
    return closed


_CLOSED_FOLDER: Final = regex(rb"^warning: could not open directory '([^\n]*)': ([^\n]*)$", re.MULTILINE)
_CUT_SHORT: Final = regex(
    rb"^warning: could not open directory '([^\n]{3000,})(?<!': File name too long)$", re.MULTILINE
)
"""git cuts its messages at 4,096 bytes: the end of the line, and with it the reason, is missing"""
