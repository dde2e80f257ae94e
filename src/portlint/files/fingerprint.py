"""What tells that a file has changed."""

from __future__ import annotations

import os
import stat

Stamp = tuple[int, int, int, int]
"""size in bytes, mtime and ctime in nanoseconds, inode (stat(2))"""


def stamp_of(status: os.stat_result) -> Stamp | None:
    """The stamp of a regular file; None for anything else."""
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
