"""Which files are looked at: git's list where there is a repository, else a walk that honours the ignore files.

The list of a repository is git's (`git ls-files`, tracked files and untracked ones that are not ignored), see
`portlint.git.ls_files`. Elsewhere the folders are read one by one, with the `.gitignore` and `.ignore` files that lie
in them (gitignore(5)). Neither follows a symbolic link, nor enters `.git`, `node_modules` or a virtual environment (a
folder with a `pyvenv.cfg`, PEP 405).
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from portlint.algorithms.gitignore import matcher
from portlint.files.fingerprint import Stamp
from portlint.files.reader import Tree, Unread
from portlint.git.ls_files import NEVER, Listed, listing_of
from portlint.walk.ignore import IgnoreFile, is_ignored

__all__ = ["Walk", "files_among", "folders_of", "resolved", "walk"]

PRODUCTS: Final = frozenset(
    {"build", "dist", "target", "out", "tmp", "temp", "cache", ".cache", "__pycache__", ".tox", ".nox", ".venv", "venv"}
)
"""folders that, where they are ignored, hold what a program made of something else"""
IGNORE_FILES: Final = (".gitignore", ".ignore")
"""read in this order; what a later one says goes before"""

LARGEST_IGNORE_FILE: Final = 256 * 1024


class Walk(Struct, frozen=True, kw_only=True, eq=False):
    """The files of a tree. Paths are relative to its root, with forward slashes; bytes of a name that are not UTF-8
    stand in it as surrogates (PEP 383)."""

    files: tuple[str, ...]
    """every file, sorted"""
    reported: frozenset[str] | None = None
    """those that the named paths stand for; None: all"""
    links: int = 0
    """symbolic links that were not followed"""
    repositories: int = 0
    """submodules and other repositories inside this one, which were not entered"""
    closed: tuple[tuple[str, str], ...] = ()
    """folders that could not be read, with the reason"""
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    """of regular files, as far as they were taken on the way, before anything was read"""
    notes: tuple[str, ...] = ()
    """what the user should know: ignore files and patterns that are not applied, git that did not answer"""
    missing: tuple[str, ...] = ()
    """named paths that do not exist, as they were named"""
    outside: tuple[str, ...] = ()
    """named paths that lie outside of the root, as they were named"""
    empty: tuple[str, ...] = ()
    """named folders without any file"""


def walk(
    root: Path,
    named: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    force_exclude: bool = False,
    only_named: bool = False,
    keep: Callable[[str], bool] = lambda path: False,
    held: AbstractSet[str] = frozenset(),
    is_environment: Callable[[str], bool] = lambda path: True,
) -> Walk:
    """The files below `root`, and which of them the named paths stand for.

    root: an absolute path without links. named: files and folders, relative to the working directory; none: the
    root. exclude: gitignore patterns relative to the root; for a named path itself they hold only with
    `force_exclude`. only_named: look at nothing else, for a root that is no repository but a whole disk or home.
    keep: the files that count though an ignore file names them, where there is no git to tell whether they are tracked
    all the same. held: files whose content is known without the disk,
    which count whatever lies there. is_environment: whether a tracked `pyvenv.cfg` makes its folder a virtual
    environment. Raises OSError where the root cannot be opened.
    """
    return _Walker(str(root), exclude, keep, held, is_environment).walk(named, force_exclude, only_named)


def resolved(name: str) -> str:
    """The absolute path of what was named, the links on the way resolved (/tmp is one on macOS), and a named folder
    as well; a file that is a link stays one, and is not followed."""
    whole = os.path.abspath(name)  # noqa: PTH100 - links are not resolved here
    if os.path.isdir(whole):  # noqa: PTH112 - a name may hold any byte
        return os.path.realpath(whole)
    folder, base = os.path.split(whole)
    return os.path.join(os.path.realpath(folder), base)  # noqa: PTH118


def folders_of(named: Sequence[str]) -> list[Path]:
    """The folders that are named or hold a named file, absolute paths without links, each once.

    named: none means the working directory.
    """
    places = [resolved(name) for name in named or (".",)]
    folders = [place if os.path.isdir(place) else os.path.dirname(place) for place in places]  # noqa: PTH112, PTH120
    return [Path(folder) for folder in dict.fromkeys(folders)]


def files_among(root: Path, named: Sequence[str]) -> list[str]:
    """The regular files that are named, as paths relative to the root, each once; folders and links are left out."""
    found: dict[str, None] = {}
    for name in named:
        path = _relative(str(root), name)
        if path is not None:
            with contextlib.suppress(OSError, ValueError):
                if stat.S_ISREG(os.lstat(root / path).st_mode):
                    found[path] = None
    return list(found)


def _relative(root: str, name: str) -> str | None:
    """The path of what was named, seen from the root; None where it lies elsewhere."""
    whole = resolved(name)
    if whole == root:
        return ""
    start = root if root.endswith(os.sep) else root + os.sep
    return whole[len(start) :].replace(os.sep, "/") if whole.startswith(start) else None


class _Walker:
    """One walk: the root, the patterns, and what is counted on the way."""

    def __init__(
        self,
        root: str,
        exclude: Sequence[str],
        keep: Callable[[str], bool],
        held: AbstractSet[str],
        is_environment: Callable[[str], bool],
    ) -> None:
        self.root = root
        self.held = held
        self.is_environment = is_environment
        self.keep = keep
        self.links: set[str] = set()
        self.stamps: Mapping[str, Stamp] = {}
        self.repositories = 0
        self.closed: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.is_excluded = matcher(tuple(exclude))

    def walk(self, named: Sequence[str], force_exclude: bool, only_named: bool) -> Walk:
        listed = () if only_named else self._listed()
        files = {path for path in listed if not self.is_excluded(path)}
        missing, outside, empty = [], [], []
        reported: set[str] | None = set() if named else None
        folders: list[str] = []
        for name in named:
            path = _relative(self.root, name)
            if path is None:
                outside.append(name)
                continue
            try:
                mode = stat.S_IFREG if path in self.held else os.lstat(self._absolute(path)).st_mode
            except (OSError, ValueError):
                missing.append(name)
                continue
            if stat.S_ISLNK(mode):
                self.links.add(path)
                continue
            if stat.S_ISDIR(mode):
                forced_out = force_exclude and self._is_excluded_folder(path)
                inside = set() if forced_out else self._inside(path, files)
                folders.append(f"{path}/" if path else "")
                if not inside and not forced_out:
                    empty.append(name)
            else:
                inside = set() if force_exclude and self.is_excluded(path) else {path}
            files |= inside
            if reported is not None:
                reported |= inside
        closed = tuple(dict(self.closed).items())
        if reported is not None:
            reported.update(folder for folder, _ in closed if f"{folder}/".startswith(tuple(folders)))
        if "" in folders:
            reported = None
        return Walk(
            files=tuple(sorted(files)),
            reported=None if reported is None else frozenset(reported),
            links=len(self.links),
            repositories=self.repositories,
            closed=closed,
            stamps=self.stamps,
            notes=tuple(dict.fromkeys(self.notes)),
            missing=tuple(missing),
            outside=tuple(outside),
            empty=tuple(empty),
        )

    def _absolute(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def _is_excluded_folder(self, path: str) -> bool:
        # A name that no pattern means in itself: what matches it matches the folder.
        return bool(path) and self.is_excluded(f"{path}/\0") and not self.is_excluded("\0")

    def _inside(self, folder: str, files: set[str]) -> set[str]:
        start = f"{folder}/" if folder else ""
        found = {path for path in files if path.startswith(start)}
        if found:
            return found
        # An ignored or excluded folder that is named all the same: the patterns above it do not hold.
        whole = self._is_excluded_folder(folder)
        return {path for path in self._scan(folder) if whole or not self.is_excluded(path)}

    def _listed(self) -> Iterable[str]:
        with contextlib.closing(listing_of(self.root)) as listing:
            found = listing.found()
        self.notes += listing.notes
        self.closed += listing.closed
        return self._scan("") if found is None else self._sifted(found)

    def _sifted(self, found: Listed) -> Iterable[str]:
        """The files of git's list without those of virtual environments, and with those that are known without the
        disk."""
        environments = tuple(mark[: -len("pyvenv.cfg")] for mark in found.marks if self.is_environment(mark))

        def entered(names: Iterable[str]) -> Iterable[str]:
            return (name for name in names if not name.startswith(environments)) if environments else names

        held = {name for names in (found.links, found.folders, found.gone) for name in names if name in self.held}
        self.links.update(name for name in entered(found.links) if name not in held)
        self.repositories += sum(name not in held for name in entered(found.folders))
        self.stamps = found.stamps
        return chain(entered(found.files), entered(held))

    def _scan(self, start: str) -> Iterator[str]:
        """The files below a folder, folder by folder: a tree may be deeper than the stack of the interpreter."""
        folders: list[tuple[str, tuple[IgnoreFile, ...], bool]] = [(start, (), False)]
        with Tree(self.root) as tree:
            while folders:
                folder, files, ignored = folders.pop()
                try:
                    with os.scandir(self._absolute(folder)) as listing:
                        entries = list(listing)
                except OSError as error:
                    self.closed.append((folder, f"cannot be read: {os.strerror(error.errno or 0)}"))
                    continue
                names = {entry.name for entry in entries}
                if "pyvenv.cfg" in names and folder != start:
                    continue
                if not ignored:
                    files += tuple(self._ignore_files(tree, folder, names))
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_symlink():
                        self.links.add(path)
                    elif entry.is_dir(follow_symlinks=False):
                        if entry.name in NEVER:
                            continue
                        inner = ignored or is_ignored(path + "/", files)
                        if not (inner and entry.name in PRODUCTS):
                            folders.append((path, files, inner))
                    elif not (ignored or is_ignored(path, files)) or self.keep(path):
                        yield path

    def _ignore_files(self, tree: Tree, folder: str, names: set[str]) -> Iterator[IgnoreFile]:
        for name in IGNORE_FILES:
            if name in names:
                path = f"{folder}/{name}" if folder else name
                data = tree.read(path, LARGEST_IGNORE_FILE)
                if isinstance(data, Unread):
                    self.notes.append(f"{path} is not applied: {data.reason}")
                    continue
                found = IgnoreFile(folder, data.decode("utf-8", "surrogateescape").removeprefix("\ufeff").splitlines())
                self.notes += (f"{path}: the pattern {line[:60]!r} is not valid" for line in found.invalid)
                yield found
