"""The file of one repository: read in one go at the start of a run, replaced as a whole at its end."""

from __future__ import annotations

import contextlib
import os
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder, Encoder

from portlint.algorithms.digest import digest_of
from portlint.cache.codec import decode, decode_registry, encode
from portlint.cache.snapshot import Stamps
from portlint.files.atomic import BINARY, NO_LINKS, read_kept, replace_kept
from portlint.files.fingerprint import Stamp
from portlint.model import Facts, Registry

T = TypeVar("T")

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
_REGISTRY: Final = "\0registry"
"""behind the path of a registry in the entry for what it says; no file is called so"""


class Entry(Struct, array_like=True, forbid_unknown_fields=True):
    """What the head says of a file, or of what a registry says."""

    path: str
    """of a file; see _REGISTRY"""
    stamp: Stamp | None
    """None where the file is not believed to have kept it, see RACY"""
    digest: str
    """of the content, hexadecimal; empty where the name alone says that there is nothing to read"""
    ties: tuple[str, ...] | None
    """see `portlint.pipeline.relevance`"""
    length: int
    """bytes of the row"""
    checksum: int
    """of the row"""
    memory: int
    """bytes at the end of the row that are no facts, see `Row`"""
    at: int = -1
    """where the row begins in the file, byte offset; not written, and -1 where the row is new"""

    @property
    def written(self) -> tuple[object, ...]:
        return self.path, self.stamp, self.digest, self.ties, self.length, self.checksum, self.memory


class Row(Struct, frozen=True):
    """What a worker hands over for one file.

    digest, ties: see `Entry`. facts: JSON; None where they, and the memory, are those that the cache has.
    """

    digest: str
    facts: bytes | None
    ties: tuple[str, ...] | None = None
    memory: bytes = b""
    """what spares the extractor work when the file is read again; kept beside the facts, and of whatever form"""


class Known(Struct, frozen=True):
    """What the cache has for a file that may have changed."""

    digest: str
    """of the content that it was found in"""
    row: bytes = b""
    """the facts as JSON, where there is a memory; not to be believed before they are decoded"""
    memory: bytes = b""
    """see `Row`"""

    def facts(self, path: str) -> Facts | None:
        """The facts of the earlier content; None where there is no memory to go with them."""
        if not self.memory:
            return None
        try:
            return decode(path, self.row)
        except (MsgspecError, ValueError, RecursionError):
            return None


def row_of(facts: Facts, digest: str, ties: tuple[str, ...] | None, memory: bytes = b"") -> Row | Facts:
    """The row of facts that were found in content of that digest; the facts themselves where JSON cannot hold them,
    because a path is no UTF-8. ties: see `Entry`. memory: see `Row`."""
    try:
        return Row(digest, encode(facts), ties, memory)
    except UnicodeEncodeError:
        return facts


class Cache:
    """The cache of one repository during one run. Use: `recall`, `look`, `keep` for each row, `facts`, `save`; and for
    the registry `registry`, or `keep_registry` where that knows nothing."""

    def __init__(self, folder: Path, root: Path, version: str) -> None:
        """Reads it. folder: that of all caches. root: absolute, without links. version: see `version_of`."""
        self._root = os.fspath(root)
        self._file = folder / f"{zlib.crc32(os.fsencode(root)):08x}-{_plain_name(root.name)}{_SUFFIX}"
        # The root is part of the checksums: two roots may share a file, and then lose it to each other.
        self._seed = zlib.crc32(f"{version}\0{self._root}".encode("utf-8", "surrogateescape"))
        self._started = time.time_ns()
        self._stamps = Stamps(self._root)
        self._content = read_kept(self._file, LARGEST)
        self._known: dict[str, Entry] = {}
        self._rows: dict[str, bytes] = {}
        """new rows"""
        self._news: set[str] = set()
        self._parts = 0
        self._is_damaged = False
        try:
            self._known = self._parsed(self._content)
        except (MsgspecError, ValueError, RecursionError):
            self._is_damaged = True

    def recall(self, files: Sequence[str], limit: int, taken: Mapping[str, Stamp]) -> list[str]:
        """Those of the files whose status says that they have not changed; whether a folder on the way has become a
        link is asked when their facts are.

        limit: the largest file in bytes. taken: stamps of regular files, as far as the walk took them.
        """
        self._stamps.taken = taken
        known = self._known.get
        return [path for path in files if (entry := known(path)) is not None and self._is_unchanged(entry, limit)]

    def look(self, files: Sequence[str]) -> dict[str, Known]:
        """Takes the status of files that are about to be read; gives what the cache has for them."""
        for path in files:
            self._stamps.of(path)
        return {path: self._known_of(path) for path in files if path in self._known}

    def _known_of(self, path: str) -> Known:
        entry = self._known[path]
        if not entry.memory or zlib.crc32(body := self._row(entry), self._seed) != entry.checksum:
            return Known(entry.digest)
        facts = entry.length - entry.memory
        return Known(entry.digest, body[:facts], body[facts:])

    def _row(self, entry: Entry) -> bytes:
        return self._rows[entry.path] if entry.at < 0 else self._content[entry.at : entry.at + entry.length]

    def keep(self, path: str, row: Row) -> None:
        """Takes over what a worker found."""
        if row.facts is None:
            entry = self._known[path]
        else:
            self._known[path] = entry = self._new(path, row.digest, row.ties, row.facts, row.memory)
        stamp = self._stamps.of(path) if row.digest else None
        # Written so late that it may change once more and keep its times, it is not believed (racy-git).
        is_believed = stamp is not None and max(stamp[1], stamp[2]) + RACY < self._started
        entry.stamp = stamp if is_believed else None
        self._news.add(path)

    def ties(self, path: str) -> Sequence[str] | None:
        """See `portlint.pipeline.relevance.ties_of`."""
        return self._known[path].ties

    def facts(self, path: str) -> Facts | None:
        """What is known of a file; None where a link leads to it now, or its row is damaged, and then forgotten."""
        entry = self._known[path]
        if entry.digest and not self._stamps.is_straight(path):
            return None
        return self._decoded(entry, lambda row: decode(path, row))

    def _decoded(self, entry: Entry, read: Callable[[bytes], T]) -> T | None:
        """What a row holds; None where it is damaged, and then forgotten."""
        body = self._row(entry)
        try:
            if zlib.crc32(body, self._seed) == entry.checksum:
                return read(body[: entry.length - entry.memory])
        except (MsgspecError, ValueError, RecursionError):
            pass
        del self._known[entry.path]
        self._is_damaged = True
        return None

    def registry(self, path: str, data: bytes) -> Registry | None:
        """What a registry of that content says, where an earlier run has read it."""
        entry = self._known.get(path + _REGISTRY)
        if entry is None or entry.digest != digest_of(data):
            return None
        return self._decoded(entry, decode_registry)

    def keep_registry(self, data: bytes, registry: Registry) -> None:
        """Takes over what a registry says. data: its content."""
        path = registry.path + _REGISTRY
        with contextlib.suppress(UnicodeEncodeError):
            self._known[path] = self._new(path, digest_of(data), None, encode(registry))
            self._news.add(path)

    def _new(self, path: str, digest: str, ties: tuple[str, ...] | None, kept: bytes, memory: bytes = b"") -> Entry:
        """The entry of a new row."""
        row = self._rows[path] = kept + memory
        return Entry(path, None, digest, ties, len(row), zlib.crc32(row, self._seed), len(memory))

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

    def _part(self, known: Mapping[str, Entry]) -> bytes:
        """A head and its rows, as far as they fit."""
        write = Encoder().encode
        entries, rows, size = [], [], len("00000000 []\n")
        for entry in known.values():
            text, row = write(entry.written), self._row(entry)
            if len(row) != entry.length:  # behind the end of a cache that was cut
                continue
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
        if len(self._content) + len(part) > LARGEST:
            replace_kept(self._file, self._part(self._known))
            return
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | NO_LINKS | BINARY)
        try:
            os.write(descriptor, part)
        finally:
            os.close(descriptor)

    def _parsed(self, content: bytes) -> dict[str, Entry]:
        """The heads, with the places of the rows. Raises ValueError for what `save` has not written."""
        known, at, whole = dict[str, Entry](), 0, memoryview(content)
        read = Decoder(list[Entry]).decode
        while at < len(content):
            end = content.find(b"\n", at)
            head = whole[at + 9 : max(end, at + 9)]
            if content[at : at + 9] != b"%08x " % zlib.crc32(head, self._seed):
                self._is_damaged = True
                break
            at, self._parts = end + 1, self._parts + 1
            for entry in read(head):
                if not 0 <= entry.memory <= entry.length:
                    raise ValueError("no head of a cache")
                known[entry.path], entry.at = entry, at
                at += entry.length
        return known

    def _is_unchanged(self, entry: Entry, limit: int) -> bool:
        if not entry.digest:
            return True
        now = self._stamps.taken.get(entry.path) or self._stamps.of(entry.path)
        return now is not None and now == entry.stamp and now[0] <= limit


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
