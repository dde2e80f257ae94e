"""Writes a file as a whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from portlint.errors import UserError


def replace_file(path: Path, data: bytes) -> None:
    """Puts `data` in the place of a file: written beside it, then renamed; the mode of the old one is kept.

    Raises UserError where it cannot be written, and for a symbolic link, which would lead elsewhere.
    """
    if path.is_symlink():
        raise UserError(f"{path}: a symbolic link, which is not written through")
    import tempfile  # brings in five modules, which a command that writes nothing does not pay

    temporary = None
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask()
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None


def _umask() -> int:
    """The mask for new files; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
