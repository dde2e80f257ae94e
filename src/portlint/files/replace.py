"""Puts the new content of a file in the place of the old one, whole or not at all.

The new content goes to a temporary file beside the old one, which takes its name. Linux can exchange two names in
one step (renameat2(2), RENAME_EXCHANGE): what was displaced is then looked at, and exchanged back if it is not what
the fixes were made for, so that an editor that saves at the same moment wins. Elsewhere the file is compared once
more just before it is replaced (rename(2)).

Links are never followed: every folder on the way and the file itself are opened with `O_NOFOLLOW` (open(2)).
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_READ: Final = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | getattr(os, "O_BINARY", 0)
_BY_DESCRIPTOR: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW") and hasattr(os, "O_DIRECTORY")
_EXCHANGE: Final = 2
"""RENAME_EXCHANGE of linux/fs.h"""

_LONGEST_START: Final = 100
"""bytes of a file's name that its temporary file's name begins with; a name may have 255"""

CHANGED: Final = "it changed since it was read"


class NotWritten(Exception):  # noqa: N818 - it says what happened
    """The file was left as it is; the message says why."""


def replace(root: str | os.PathLike[str], path: str, before: bytes, after: bytes) -> None:
    """Replaces the content `before` of a file by `after`; mode, owner and extended attributes are kept.

    path: relative to the root, forward slashes. Raises NotWritten where the file is left alone: it changed, it is a
    link, read-only or one of several hard links, or the system refuses.
    """
    try:
        with _folder(root, path) as folder:
            _replace(folder, path.rpartition("/")[2], before, after)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotWritten("it is a symbolic link, or lies behind one") from None
        raise NotWritten(f"it cannot be written: {error.strerror or error}") from None


def create(root: str | os.PathLike[str], path: str, content: bytes) -> None:
    """Writes a file that is not there yet, whole or not at all. Raises NotWritten as `replace` does, and where there
    is something of that name.

    path: relative to the root, forward slashes.
    """
    try:
        with _folder(root, path) as folder:
            _create(folder, path.rpartition("/")[2], content)
    except FileExistsError:
        raise NotWritten("something of that name is there") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotWritten("it lies behind a symbolic link") from None
        raise NotWritten(f"it cannot be written: {error.strerror or error}") from None


def obstacle(root: str | os.PathLike[str], path: str) -> str | None:
    """Why a file would be left alone whatever is written, as far as can be told beforehand; None: nothing is known.

    path: relative to the root, forward slashes.
    """
    try:
        return _obstacle(os.lstat(os.path.join(root, path)))  # noqa: PTH118
    except OSError:
        return None


def _obstacle(status: os.stat_result) -> str | None:
    if not stat.S_ISREG(status.st_mode):
        return "it is not a regular file"
    if status.st_nlink > 1:
        return f"it is one of {status.st_nlink} hard links, which a new file would break"
    if not status.st_mode & stat.S_IWUSR:
        return "it is read-only"
    return None


class _Folder:
    """A folder as what its files are reached by: a descriptor, or a path on systems without openat(2)."""

    def __init__(self, descriptor: int | None, path: str) -> None:
        self.descriptor, self._path = descriptor, path

    def name(self, name: str) -> str:
        return name if self.descriptor is not None else os.path.join(self._path, name)  # noqa: PTH118

    def open(self, name: str, flags: int, mode: int = 0o600) -> int:
        return os.open(self.name(name), flags, mode, dir_fd=self.descriptor)

    def status(self, name: str) -> os.stat_result:
        return os.stat(self.name(name), dir_fd=self.descriptor, follow_symlinks=False)

    def remove(self, name: str) -> None:
        os.unlink(self.name(name), dir_fd=self.descriptor)

    def link(self, old: str, new: str) -> None:
        """Gives a file a second name, which must be free."""
        os.link(self.name(old), self.name(new), src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def rename(self, old: str, new: str) -> None:
        os.replace(self.name(old), self.name(new), src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)


@contextmanager
def _folder(root: str | os.PathLike[str], path: str) -> Iterator[_Folder]:
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise NotWritten("its path leaves the tree")
    if not _BY_DESCRIPTOR:
        place = os.fspath(root)
        for part in parts:
            if stat.S_ISLNK(os.lstat(place).st_mode) and place != os.fspath(root):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            folder, place = place, os.path.join(place, part)  # noqa: PTH118
        yield _Folder(None, folder)
        return
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            try:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW, dir_fd=descriptor)
            except NotADirectoryError:  # what Linux says of a link that is opened as a folder
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
            _end(descriptor)
            descriptor = inner
        yield _Folder(descriptor, "")
    finally:
        _end(descriptor)


def _end(descriptor: int) -> None:
    """Closes what was only read, where an error means nothing."""
    with contextlib.suppress(OSError):
        os.close(descriptor)


def _replace(folder: _Folder, name: str, before: bytes, after: bytes) -> None:
    old = folder.open(name, _READ)
    try:
        status = os.fstat(old)
        reason = _obstacle(status)
        if reason is not None:
            raise NotWritten(reason)
        if not _holds(old, before):
            raise NotWritten(CHANGED)
        start = os.fsdecode(os.fsencode(name)[:_LONGEST_START])
        temporary = f".{start}.{secrets.token_hex(6)}.portlint"
        new = folder.open(temporary, _NEW)
        try:
            try:
                _fill(new, after)
                _inherit(old, new, status)
                os.fsync(new)
            finally:
                os.close(new)
            _exchange_or_rename(folder, temporary, name, before, status)
        except _Kept as kept:
            raise NotWritten(str(kept)) from None
        except BaseException:
            with contextlib.suppress(OSError):
                folder.remove(temporary)
            raise
    finally:
        _end(old)


class _Kept(Exception):  # noqa: N818 - it says what happened
    """What the temporary file holds is nowhere else; the message says where it is."""


def _create(folder: _Folder, name: str, content: bytes) -> None:
    temporary = f".{name[:100]}.{secrets.token_hex(6)}.portlint"
    descriptor = folder.open(temporary, _NEW, 0o666)
    try:
        try:
            _fill(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            folder.link(temporary, name)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if _is_there(folder, name):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
            folder.rename(temporary, name)
            return
        folder.remove(temporary)
    except BaseException:
        with contextlib.suppress(OSError):
            folder.remove(temporary)
        raise


def _is_there(folder: _Folder, name: str) -> bool:
    try:
        folder.status(name)
    except FileNotFoundError:
        return False
    return True


def _exchange_or_rename(folder: _Folder, temporary: str, name: str, before: bytes, status: os.stat_result) -> None:
    exchange = _exchanger() if folder.descriptor is not None else None
    if exchange is not None and folder.descriptor is not None and exchange(folder.descriptor, temporary, name):
        try:
            if not _is(folder, temporary, status, before):
                raise NotWritten(CHANGED)
            folder.remove(temporary)
        except BaseException:
            if not exchange(folder.descriptor, temporary, name):
                raise _Kept(f"{CHANGED}; what was there is in {temporary}") from None
            raise
    else:
        if not _is(folder, name, status, before):
            raise NotWritten(CHANGED)
        folder.rename(temporary, name)
    if folder.descriptor is not None:
        with contextlib.suppress(OSError):  # some network file systems refuse it for folders
            os.fsync(folder.descriptor)


def _is(folder: _Folder, name: str, status: os.stat_result, content: bytes) -> bool:
    """Whether a name stands for the very file, with the same content."""
    try:
        descriptor = folder.open(name, _READ)
    except OSError:
        return False
    try:
        return os.path.samestat(os.fstat(descriptor), status) and _holds(descriptor, content)
    finally:
        _end(descriptor)


def _holds(descriptor: int, content: bytes) -> bool:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        return stream.read(len(content) + 1) == content


def _fill(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _inherit(old: int, new: int, status: os.stat_result) -> None:
    """Gives the new file the owner, the mode and the extended attributes of the old one, as far as one may."""
    if hasattr(os, "fchown"):
        mine = os.fstat(new)
        if (mine.st_uid, mine.st_gid) != (status.st_uid, status.st_gid):
            with contextlib.suppress(PermissionError):
                os.fchown(new, status.st_uid, status.st_gid)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a file system without them
            for attribute in os.listxattr(old):
                with contextlib.suppress(OSError):
                    os.setxattr(new, attribute, os.getxattr(old, attribute))
    if hasattr(os, "fchmod"):
        os.fchmod(new, stat.S_IMODE(status.st_mode))


@cache
def _exchanger() -> Callable[[int, str, str], bool] | None:
    """Exchanges two names of a folder; gives False where the file system cannot. None: the system has no such call."""
    if sys.platform != "linux":
        return None
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)  # glibc 2.28, musl 1.2.4
    if call is None:
        return None

    def exchange(folder: int, one: str, other: str) -> bool:
        done: int = call(folder, os.fsencode(one), folder, os.fsencode(other), ctypes.c_uint(_EXCHANGE))
        return done == 0

    return exchange
