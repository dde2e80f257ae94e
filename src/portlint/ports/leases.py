"""Ports for tests: each test one of its own, across the processes of a user, with a lock file for each port.

A lease is a lock (flock(2); on Windows a lock on a byte) on a file in a folder of the user's own below the system's
temporary folder. The system drops the lock when its process ends, however that happens, so that no lease is ever
stuck; the files stay and are used again.

Which port a test gets depends on its id and the pytest-xdist worker alone, as long as that port is free: the testing
ports are cut into as many slices as there are workers, and a checksum (CRC-32, equal in every process, unlike
`hash`) says where in the slice the search begins. Where a slice is full, the search goes on in the others.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from portlint.ports.errors import PortError

_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_SHOWN = 100
"""characters of a test's id that a lock file keeps, for whoever asks who has the port"""
_LOCKED_BYTE = 1 << 20
"""on Windows a locked byte cannot be read: it lies behind the text"""


class Lease(int):
    """A port that is nobody else's until `release`, the end of a `with` block, or the end of the process."""

    _key: tuple[Sequence[int], str]
    _lock: int

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        """In another process it is a plain number: that process does not hold the lease."""
        return int, (int(self),)

    def release(self) -> None:
        """Gives the port back. Once more does nothing."""
        with _guard:
            if _held.get(self._key) is self:
                del _held[self._key]
                os.close(self._lock)


class Exhausted(Struct, frozen=True):
    """No port could be had. leased: each port that a test has, and who that is; the others are in use."""

    leased: Mapping[int, str]


_held: dict[tuple[Sequence[int], str], Lease] = {}
_guard = threading.RLock()


def lease(
    ports: Sequence[int], test_id: str, is_free: Callable[[int], bool], environ: Mapping[str, str]
) -> Lease | Exhausted:
    """A port that nobody else leases and that is free. The same id gets the same port until it is released.

    ports: the testing ports. environ: tells the pytest-xdist worker. Raises PortError where lock files cannot be kept.
    """
    key = (tuple(ports), test_id)
    with _guard:
        if key in _held:
            return _held[key]
        folder = _folder()
        leased = {}
        for port in _order(ports, test_id, environ):
            file = folder / f"{port}.lock"
            lock = _locked(file)
            if lock is None:
                leased[port] = _owner(file)
            elif is_free(port):
                os.ftruncate(lock, 0)
                os.write(lock, f"pid {os.getpid()} ({test_id[:_SHOWN]})".encode("utf-8", "replace"))
                made = Lease(port)
                made._key, made._lock = key, lock
                _held[key] = made
                return made
            else:
                os.close(lock)
    return Exhausted(leased)


def _order(ports: Sequence[int], test_id: str, environ: Mapping[str, str]) -> Sequence[int]:
    """The ports in the order in which a test tries them."""
    worker = environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    workers = environ.get("PYTEST_XDIST_WORKER_COUNT", "")
    slices = min(int(workers), len(ports)) if worker.isdecimal() and workers.isdecimal() and int(workers) else 1
    size = len(ports) // slices
    start = int(worker) % slices * size if slices > 1 else 0
    begin = start + zlib.crc32(test_id.encode("utf-8", "replace")) % size
    return [*ports[begin : start + size], *ports[start:begin], *ports[start + size :], *ports[:start]]


def _folder() -> Path:
    owner = os.getuid() if sys.platform != "win32" else os.environ.get("USERNAME", "")
    folder = Path(tempfile.gettempdir()) / f"portlint-{owner}"
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
    except OSError as error:
        raise PortError(f"{folder}: leases cannot be kept there: {error.strerror}") from None
    # The temporary folder is everybody's: somebody else may have made this one first, to see or to spoil.
    if not stat.S_ISDIR(status.st_mode) or (sys.platform != "win32" and status.st_uid != owner):
        raise PortError(f"{folder}: leases cannot be kept there: it is not a folder of this user's")
    return folder


def _locked(file: Path) -> int | None:
    """The descriptor of the locked file; None where another process, or another lease of this one, has the lock."""
    while True:
        try:
            descriptor = os.open(file, _OPEN, 0o600)
        except OSError as error:
            raise PortError(f"{file}: leases cannot be kept there: {error.strerror}") from None
        if not _lock(descriptor):
            os.close(descriptor)
            return None
        # Who cleans the temporary folder may have removed the file before it was locked: then it protects nothing.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), file.stat()):
                return descriptor
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _owner(file: Path) -> str:
    """`pid 4711 (tests/test_login.py::test_it)`, as the owner wrote it."""
    try:
        with file.open("rb") as stream:
            text = stream.read(4 * _SHOWN).decode("utf-8", "replace")
    except OSError:
        text = ""
    return "".join(c if c.isprintable() else "?" for c in text) or "another test"


def _forget() -> None:
    """In a forked child: the leases are the parent's, and must end with it although the child lives on."""
    for each in _held.values():
        os.close(each._lock)
    _held.clear()
    _guard.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_guard.acquire, after_in_parent=_guard.release, after_in_child=_forget)
