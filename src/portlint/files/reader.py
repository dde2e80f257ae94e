"""The only way in: reads a regular file inside a tree, without following links, bounded, and decodes it.

A repository is not trusted. It may hold a link to `/proc/self/environ`, a FIFO that never answers, a device, or a
file that grows while it is read. So every file is opened relative to the root, one component after the other, with
`O_NOFOLLOW` (open(2), openat(2)) and `O_NONBLOCK`, is checked to be a regular file on the open descriptor, and is
read once up to a limit. What comes back is the bytes, or the reason why there are none; never an exception.
"""

from __future__ import annotations

import codecs
import errno
import os
import stat
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex


class Why(StrEnum):
    """Why a file has no content."""

    VANISHED = "vanished"
    LINK = "link"
    SPECIAL = "special"
    TOO_LARGE = "too large"
    UNREADABLE = "unreadable"
    BINARY = "binary"
    UNDECODABLE = "undecodable"


class Unread(Struct, frozen=True):
    """A file that gave no text, and the reason in words for the user."""

    why: Why
    reason: str


class Text(Struct, frozen=True):
    """A decoded file.

    data: UTF-8, a byte order mark included, which is what the extract stage takes. encoding: that of the file on disk;
    where it is not `utf-8`, the byte offsets into `data` are not those on disk, and nothing may be spliced into it.
    doubt: why the text is not sure, None where it is; doubt_at: byte offset into `data` of the first doubtful byte.
    """

    data: bytes
    encoding: str = "utf-8"
    doubt: str | None = None
    doubt_at: int = 0


_OPEN_FILE: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_OPEN_FOLDER: Final = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
)
_HEAD: Final = 8192
"""bytes of a file that is too large in which a NUL byte tells that it is binary"""
_BY_DESCRIPTOR: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")


Contents = Mapping[str, bytes | Unread]
"""path, relative to the root, to what git has there, or the reason why it has nothing"""
AS_ON_DISK: Final[Contents] = {}
NOT_STAGED: Final = Unread(Why.VANISHED, "not staged")
"""a file that lies there, where what would be committed is looked at"""


class Tree:
    """A folder whose files can be read. Use it as a context manager, or `close` it: it holds descriptors."""

    __slots__ = ("_contents", "_folder", "_folder_fd", "_root", "_root_fd")

    def __init__(self, root: str | os.PathLike[str], contents: Contents = AS_ON_DISK) -> None:
        """root: the folder; it may itself be reached through links. contents: of files that are read as git has them,
        and not from disk. Raises OSError where the folder cannot be opened.
        """
        self._root = os.fspath(root)
        self._contents = contents
        self._root_fd = os.open(self._root, os.O_RDONLY | os.O_CLOEXEC) if _BY_DESCRIPTOR else -1
        self._folder = ""
        self._folder_fd = -1

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for descriptor in (self._folder_fd, self._root_fd):
            if descriptor >= 0:
                os.close(descriptor)
        self._folder_fd = self._root_fd = -1
        self._folder = ""

    def read(self, path: str, limit: int) -> bytes | Unread:
        """The bytes of a regular file, or why there are none.

        path: relative to the root, forward slashes. limit: the largest size in bytes.
        """
        held = self._contents.get(path)
        if held is not None:
            if isinstance(held, bytes) and len(held) > limit:
                return Unread(Why.TOO_LARGE, f"larger than {limit:,} bytes ({len(held):,})")
            return held
        try:
            descriptor = self._open(path)
        except OSError as error:
            return _unread(error)
        except ValueError as error:
            return Unread(Why.UNREADABLE, str(error))
        try:
            return _read(descriptor, limit)
        except OSError as error:
            return _unread(error)
        finally:
            os.close(descriptor)

    def has(self, path: str) -> bool:
        """Whether there is anything of that name, be it a broken link."""
        held = self._contents.get(path)
        if held is not None:
            return isinstance(held, bytes) or held.why is not Why.VANISHED
        return os.path.lexists(os.path.join(self._root, path))  # noqa: PTH118 - a name may hold any byte

    def is_held(self, path: str) -> bool:
        """Whether a file is read as git has it."""
        return path in self._contents

    def _open(self, path: str) -> int:
        parts = path.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise ValueError("the path leaves the tree")
        folder, _, name = path.rpartition("/")
        if not _BY_DESCRIPTOR:
            return self._open_by_name(parts)
        if not folder:
            return os.open(name, _OPEN_FILE, dir_fd=self._root_fd)
        if folder != self._folder:
            # Files come sorted, so that most of them lie in the folder of the one before.
            self._enter(folder, parts[:-1])
        return os.open(name, _OPEN_FILE, dir_fd=self._folder_fd)

    def _enter(self, folder: str, parts: list[str]) -> None:
        current = os.dup(self._root_fd)
        for part in parts:
            try:
                inner = os.open(part, _OPEN_FOLDER, dir_fd=current)
            finally:
                os.close(current)
            current = inner
        if self._folder_fd >= 0:
            os.close(self._folder_fd)
        self._folder, self._folder_fd = folder, current

    def _open_by_name(self, parts: list[str]) -> int:
        """For systems without openat(2), Windows above all: looks at each component before it is used."""
        place = self._root
        for part in parts:
            place = os.path.join(place, part)  # noqa: PTH118 - bytes of any kind, and hot
            if stat.S_ISLNK(os.lstat(place).st_mode):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return os.open(place, _OPEN_FILE)


def read_named(path: str | os.PathLike[str], limit: int) -> bytes | Unread:
    """The bytes of a regular file that the user named. Links are followed: the user, not the repository, chose it.

    limit: the largest size in bytes.
    """
    try:
        descriptor = os.open(path, _OPEN_FILE & ~getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        return _unread(error)
    try:
        return _read(descriptor, limit)
    except OSError as error:
        return _unread(error)
    finally:
        os.close(descriptor)


def _read(descriptor: int, limit: int) -> bytes | Unread:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return Unread(Why.SPECIAL, "not a regular file")
    if status.st_size > limit:
        if b"\0" in os.read(descriptor, min(limit, _HEAD)):
            return Unread(Why.BINARY, "binary: a NUL byte near its start")
        return Unread(Why.TOO_LARGE, f"larger than {limit:,} bytes ({status.st_size:,})")
    # The size is only a hint: files under /proc say 0, and a file may grow while it is read.
    data = os.read(descriptor, min(status.st_size, limit) + 1)
    if len(data) == status.st_size:
        return data
    pieces, total = [data], len(data)
    while data and total <= limit:
        data = os.read(descriptor, min(limit + 1 - total, 1 << 20))
        pieces.append(data)
        total += len(data)
    if total > limit:
        return Unread(Why.TOO_LARGE, f"larger than {limit:,} bytes")
    return b"".join(pieces)


def _unread(error: OSError) -> Unread:
    if error.errno in (errno.ENOENT, errno.ESTALE):
        return Unread(Why.VANISHED, "vanished before it could be read")
    if error.errno == errno.ELOOP:
        return Unread(Why.LINK, "a symbolic link, which is not followed")
    if error.errno == errno.ENOTDIR:
        # What Linux says when O_DIRECTORY | O_NOFOLLOW meets a link (open(2)), or a file where a folder was.
        return Unread(Why.LINK, "on its path lies a symbolic link, which is not followed, or no folder any more")
    if error.errno in (errno.ENXIO, errno.ENODEV, errno.EISDIR):
        return Unread(Why.SPECIAL, "not a regular file")
    return Unread(Why.UNREADABLE, f"cannot be read: {os.strerror(error.errno) if error.errno else error}")


# PEP 263: a comment on the first or second line. The name is bounded, the line is cut: both come from strangers.
_COOKIE: Final = regex(rb"^[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]{1,40})")
_BLANK: Final = regex(rb"^[ \t\f]*(?:#|$)")
_FIRST_LINES: Final = 1000
_NOT_TEXT: Final = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"})
"""codecs that are slow, or no encoding of a source file"""


def decode(path: str, raw: bytes) -> Text | Unread:
    """The text of a file as UTF-8.

    UTF-16 and UTF-32 are recognised by their byte order mark, as are the encodings that a Python file declares
    (PEP 263). A file that is not UTF-8 although it should be is taken byte by byte as Latin-1 and comes with a
    doubt: ports, keywords and host names are ASCII, and are found all the same.
    """
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if raw.startswith(mark):
            return _wide(raw, encoding)
    if b"\0" in raw:
        return Unread(Why.BINARY, f"binary: a NUL byte at offset {raw.index(0)}")
    if raw.isascii():
        return Text(raw)
    declared = _declared(raw) if is_python(path, raw) else None
    if declared is not None:
        name, start, end = declared
        return _by_cookie(raw, name, start, end)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        doubt = f"not valid UTF-8: byte 0x{raw[error.start]:02x} on line {line}"
        before = len(raw[: error.start].decode("latin-1").encode("utf-8"))
        return Text(raw.decode("latin-1").encode("utf-8"), "unknown", doubt, before)
    return Text(raw)


def is_python(path: str, raw: bytes) -> bool:
    """Whether a file is Python source, by its name or its `#!` line."""
    return path.endswith((".py", ".pyi", ".pyw")) or (raw.startswith(b"#!") and b"python" in raw[:100].split(b"\n")[0])


def _wide(raw: bytes, encoding: str) -> Text | Unread:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        return Unread(Why.UNDECODABLE, f"not valid {encoding.upper()}: {error.reason} at byte {error.start}")
    if "\0" in text:
        return Unread(Why.BINARY, "binary: a NUL character")
    return Text(text.encode("utf-8", "replace"), encoding)


def _declared(raw: bytes) -> tuple[str, int, int] | None:
    """The encoding that a Python file declares, and where the word `coding` stands; None for UTF-8."""
    start = 0
    for line in raw[:_FIRST_LINES].splitlines(keepends=True)[:2]:
        found = _COOKIE.match(line)
        if found:
            name = found[1].decode("ascii").lower().replace("_", "-")
            word = line.index(b"coding", 0, found.start(1))
            return None if name in ("utf-8", "utf8", "utf-8-sig") else (name, start + word, start + word + 6)
        if not _BLANK.match(line):
            return None
        start += len(line)
    return None


def _by_cookie(raw: bytes, name: str, start: int, end: int) -> Text | Unread:
    try:
        codec = codecs.lookup(name)
        if name in _NOT_TEXT or not codec._is_text_encoding:
            raise LookupError
        text = raw.decode(name)
    except (LookupError, ValueError):  # UnicodeDecodeError is a ValueError
        return Unread(Why.UNDECODABLE, f"cannot be decoded as {name}, the encoding that it declares")
    data = text.encode("utf-8", "replace")
    # The text is UTF-8 from here on. The declaration is made void, at the same length, or a parser would obey it.
    return Text(data[:start] + b"-" * (end - start) + data[end:], name)
