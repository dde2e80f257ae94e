"""The file of one repository: read in one go at the start of a run, replaced as a whole at its end."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.json import Decoder, Encoder
from msgspec.structs import replace

from portlint.cache.codec import decode, encode
from portlint.keeping import BINARY, NO_LINKS, read_kept, replace_kept
from portlint.model import Facts
from portlint.ties import ties_of

LARGEST: Final = 32 << 20
"""bytes of one cache; what does not fit is read again each time"""
KEPT: Final = 90 * 24 * 3600
"""seconds after which the cache of a repository that nobody has looked at is thrown away"""
RACY: Final = 2_000_000_000
"""nanoseconds (the coarsest clock of a file system, FAT's) within which a file may change again and keep its times"""
MOST_ADDED: Final = 64
"""files whose rows are added at the end of a cache, which for more of them is written anew"""
MOST_PARTS: Final = 24
"""times that rows are added before it is written anew"""
_SUFFIX: Final = ".rows"
_STATEMENTS: Final = b'"statements":'
"""what a row has whose facts spare work when the file is read again"""
_KIND: Final = stat.S_IFMT(0xFFFF)
"""the bits of a mode that tell a file from a folder or a link (inode(7))"""
_DIGEST: Final = 16
"""bytes"""

Stamp = tuple[int, int, int, int]
"""size, mtime and ctime in nanoseconds, inode"""


class Entry(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the head says of a file."""

    path: str
    stamp: Stamp | None
    """None where the file is not believed to have kept it, see RACY"""
    digest: str
    """of the content, hexadecimal; empty where the name alone says that there is nothing to read"""
    ties: tuple[str, ...] | None
    """see `portlint.ties`"""
    length: int
    """bytes of the row"""
    checksum: int
    """of the row"""


class Row(Struct, frozen=True):
    """What a worker hands over for one file.

    digest, ties: see `Entry`. facts: JSON; None where they are those that the cache has.
    """

    digest: str
    facts: bytes | None
    ties: tuple[str, ...] | None = None


class Known(Struct, frozen=True):
    """What the cache has for a file that may have changed."""

    digest: str
    """of the content that it was found in"""
    row: bytes | None
    """the facts as JSON, where they help to read the file again; not to be believed before they are decoded"""

    def facts(self, path: str) -> Facts | None:
        """The facts of the earlier content; None where there are none that help."""
        if self.row is None:
            return None
        try:
            return decode(path, self.row)
        except (ValueError, RecursionError):
            return None


def row_of(facts: Facts, digest: str) -> Row | Facts:
    """The row of facts that were found in content of that digest; the facts themselves where JSON cannot hold them,
    because a path is no UTF-8."""
    try:
        return Row(digest, encode(facts), ties_of(facts))
    except UnicodeEncodeError:
        return facts


def digest_of(data: bytes) -> str:
    """The digest of a file's content (SHA-256, the fastest where processors know it)."""
    from hashlib import sha256

    return sha256(data).hexdigest()[: 2 * _DIGEST]


class Cache:
    """The cache of one repository during one run. Use: `recall`, `look`, `keep` for each row, `facts`, `save`."""

    def __init__(self, folder: Path, root: Path, version: str) -> None:
        """Reads it. folder: that of all caches. root: absolute, without links. version: see `version_of`."""
        self._root = os.fspath(root)
        self._file = folder / f"{zlib.crc32(os.fsencode(root)):08x}-{_plain_name(root.name)}{_SUFFIX}"
        # The root is part of the checksums: two roots may share a file, and then lose it to each other.
        self._seed = zlib.crc32(f"{version}\0{self._root}".encode("utf-8", "surrogateescape"))
        self._started = time.time_ns()
        self._folders: dict[str, bool] = {"": True}
        self._taken: Mapping[str, os.stat_result] = {}
        self._size = 0
        self._stamps: dict[str, Stamp | None] = {}
        self._known: dict[str, tuple[Entry, bytes]] = {}
        """path to what the head says of it, and its row"""
        self._news: set[str] = set()
        self._parts = 0
        self._is_damaged = False
        try:
            self._known = self._parsed(read_kept(self._file, LARGEST))
        except (ValueError, RecursionError):
            self._is_damaged = True

    def recall(self, files: Sequence[str], limit: int, statuses: Mapping[str, os.stat_result]) -> list[str]:
        """Those of the files whose status says that they have not changed.

        limit: the largest file in bytes. statuses: of files, as far as the walk took them.
        """
        self._taken = statuses
        return [path for path in files if path in self._known and self._is_unchanged(path, limit)]

    def look(self, files: Sequence[str]) -> dict[str, Known]:
        """Takes the status of files that are about to be read; gives what the cache has for them."""
        for path in files:
            self._stamp(path)
        return {path: self._known_of(path) for path in files if path in self._known}

    def _known_of(self, path: str) -> Known:
        entry, body = self._known[path]
        helps = _STATEMENTS in body and zlib.crc32(body, self._seed) == entry.checksum
        return Known(entry.digest, body if helps else None)

    def keep(self, path: str, row: Row) -> None:
        """Takes over what a worker found."""
        if row.facts is None:
            entry, body = self._known[path]
        else:
            body = row.facts
            entry = Entry(path, None, row.digest, row.ties, len(body), zlib.crc32(body, self._seed))
        stamp = self._stamp(path) if row.digest else None
        # Written so late that it may change once more and keep its times, it is not believed (racy-git).
        is_believed = stamp is not None and max(stamp[1], stamp[2]) + RACY < self._started
        self._known[path] = replace(entry, stamp=stamp if is_believed else None), body
        self._news.add(path)

    def ties(self, path: str) -> Sequence[str] | None:
        """See `portlint.ties.ties_of`."""
        return self._known[path][0].ties

    def facts(self, path: str) -> Facts | None:
        """What is known of a file; None where its row is damaged, and then it is forgotten."""
        entry, body = self._known[path]
        try:
            if zlib.crc32(body, self._seed) == entry.checksum:
                return decode(path, body)
        except (ValueError, RecursionError):
            pass
        del self._known[path]
        self._is_damaged = True
        return None

    def save(self) -> None:
        """Writes what is new: a few rows behind the others, many with all others anew. A cache that cannot be written
        is none."""
        adds = not self._is_damaged and 0 < self._parts < MOST_PARTS and len(self._news) <= MOST_ADDED
        with contextlib.suppress(OSError):
            if adds:
                if self._news:
                    self._add(self._part({path: self._known[path] for path in sorted(self._news)}))
            elif self._is_damaged or self._news:
                replace_kept(self._file, self._part(self._known))
                _throw_away(self._file.parent)

    def _part(self, known: Mapping[str, tuple[Entry, bytes]]) -> bytes:
        """A head and its rows, as far as they fit."""
        write = Encoder().encode
        entries, rows, size = [], [], len("00000000 []\n")
        for entry, row in known.values():
            text = write(entry)
            size += len(text) + len(row) + 1
            if size >= LARGEST:
                break
            entries.append(text)
            rows.append(row)
        head = b"[%s]" % b",".join(entries)
        return b"%08x %s\n%s" % (zlib.crc32(head, self._seed), head, b"".join(rows))

    def _add(self, part: bytes) -> None:
        """Puts rows behind those of the file in one call: a run that is killed here leaves a part that is damaged, and
        one that adds at the same moment has its rows before or behind these."""
        if self._size + len(part) > LARGEST:
            replace_kept(self._file, self._part(self._known))
            return
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | NO_LINKS | BINARY)
        try:
            os.write(descriptor, part)
        finally:
            os.close(descriptor)

    def _parsed(self, content: bytes) -> dict[str, tuple[Entry, bytes]]:
        """The heads and the rows. Raises ValueError for what `save` has not written."""
        known, at, self._size = {}, 0, len(content)
        read = Decoder(list[Entry]).decode
        while at < len(content):
            end = content.find(b"\n", at)
            head = content[at + 9 : end]
            if content[at : at + 9] != b"%08x " % zlib.crc32(head, self._seed):
                self._is_damaged = True
                break
            at, self._parts = end + 1, self._parts + 1
            for entry in read(head):
                if entry.length < 0:
                    raise ValueError("no head of a cache")
                known[entry.path] = entry, content[at : at + entry.length]
                at += entry.length
        return known

    def _is_unchanged(self, path: str, limit: int) -> bool:
        entry = self._known[path][0]
        if not entry.digest:
            return True
        stamp = entry.stamp
        return stamp is not None and stamp[0] <= limit and stamp == self._stamp(path)

    def _stamp(self, path: str) -> Stamp | None:
        """The status of a file as this run saw it first, before it was read; None where it is no file to read."""
        try:
            return self._stamps[path]
        except KeyError:
            stamp = self._stamps[path] = self._status(path)
            return stamp

    def _status(self, path: str) -> Stamp | None:
        folder = path.rpartition("/")[0]
        is_folder = self._folders.get(folder)
        if not (self._is_folder(folder) if is_folder is None else is_folder):
            return None
        status = self._taken.get(path)
        if status is None:
            try:
                status = os.lstat(f"{self._root}/{path}")
            except (OSError, ValueError):
                return None
        if status.st_mode & _KIND != stat.S_IFREG:
            return None
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino

    def _is_folder(self, folder: str) -> bool:
        """Whether no part of a path is a link: reading would not follow it, and so must not be spared."""
        known = self._folders.get(folder)
        if known is None:
            known = self._is_folder(folder.rpartition("/")[0])
            try:
                known = known and stat.S_ISDIR(os.lstat(f"{self._root}/{folder}").st_mode)
            except (OSError, ValueError):
                known = False
            self._folders[folder] = known
        return known


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
    for parser in ("libcst", "yaml"):
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


def _plain_name(name: str) -> str:
    """A folder's name as part of a file's, so that a person knows whose cache it is."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in name)[:40]


def _throw_away(folder: Path) -> None:
    """Removes what no run has written for long, drafts of runs that were killed among it."""
    oldest = time.time() - KEPT
    for entry in os.scandir(folder):
        with contextlib.suppress(OSError):
            if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < oldest:
                os.unlink(entry.path)  # noqa: PTH108
