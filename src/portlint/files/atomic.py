"""Atomic, ownership-checked files in the user's cache folder."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path

BINARY = getattr(os, "O_BINARY", 0)
NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


def read_kept(path: Path, limit: int) -> bytes:
    """The content of a file; nothing where it is not there, larger than `limit` bytes, no regular file, or not the
    user's own."""
    try:
        descriptor = os.open(path, os.O_RDONLY | NO_LINKS | BINARY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return b""
    try:
        status = os.fstat(descriptor)
        owned = sys.platform == "win32" or status.st_uid == os.getuid()
        if not (stat.S_ISREG(status.st_mode) and owned and status.st_size <= limit):
            return b""
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def replace_kept(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, with its folder. Raises OSError.

    Another process may do the same at this moment: each writes a file of its own, and the last one stays.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
