"""Which files are looked at: git's list where there is a repository, else a walk that honours the ignore files.

The list of a repository is git's (`git ls-files`, tracked files and untracked ones that are not ignored). git runs
with a configuration that is safe in a stranger's repository: no file system monitor, no hooks, no pager, no fetching
of missing objects. Elsewhere the folders are read one by one, with the `.gitignore` and `.ignore` files that lie in
them (gitignore(5)). Neither follows a symbolic link, nor enters `.git`, `node_modules` or a virtual environment (a
folder with a `pyvenv.cfg`, PEP 405).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from portlint.patterns import matcher
from portlint.reading import Tree, Unread

NEVER: Final = frozenset({".git", ".hg", ".svn", ".jj", "node_modules"})
"""folders that are never entered"""
PRODUCTS: Final = frozenset(
    {"build", "dist", "target", "out", "tmp", "temp", "cache", ".cache", "__pycache__", ".tox", ".nox", ".venv", "venv"}
)
"""folders that, where they are ignored, hold what a program made of something else"""
IGNORE_FILES: Final = (".gitignore", ".ignore")
"""read in this order; what a later one says goes before"""

GIT_TIMEOUT: Final = 20.0
"""seconds; git itself can be kept busy for long by a pattern such as ten times `**/a/`"""
LARGEST_IGNORE_FILE: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
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
) -> Walk:
    """The files below `root`, and which of them the named paths stand for.

    root: an absolute path without links. named: files and folders, relative to the working directory; none: the
    root. exclude: gitignore patterns relative to the root; for a named path itself they hold only with
    `force_exclude`. only_named: look at nothing else, for a root that is no repository but a whole disk or home.
    keep: the files that count though an ignore file names them, where there is no git to tell whether they are tracked
    all the same. Raises OSError where the root cannot be opened.
    """
    return _Walker(str(root), exclude, keep).walk(named, force_exclude, only_named)


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


class _Walker:
    """One walk: the root, the patterns, and what is counted on the way."""

    def __init__(self, root: str, exclude: Sequence[str], keep: Callable[[str], bool]) -> None:
        self.root = root
        self.keep = keep
        self.links: set[str] = set()
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
            path = self._relative(name)
            if path is None:
                outside.append(name)
                continue
            try:
                mode = os.lstat(self._absolute(path)).st_mode
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
            notes=tuple(dict.fromkeys(self.notes)),
            missing=tuple(missing),
            outside=tuple(outside),
            empty=tuple(empty),
        )

    def _absolute(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def _relative(self, name: str) -> str | None:
        """The path of what was named, seen from the root; None where it lies elsewhere."""
        whole = resolved(name)
        if whole == self.root:
            return ""
        start = self.root if self.root.endswith(os.sep) else self.root + os.sep
        return whole[len(start) :].replace(os.sep, "/") if whole.startswith(start) else None

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
        if _in_repository(self.root):
            names = self._ask_git()
            if names is not None:
                return self._sifted(names)
        return self._scan("")

    def _ask_git(self) -> list[str] | None:
        """What git lists; None where there is no git, it refuses the repository, or takes too long."""
        import subprocess

        command = ["git", "--no-pager", "-C", self.root]
        for setting in _SAFE_GIT:
            command += ["-c", setting]
        command += ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        environment = {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}
        environment |= _SAFE_ENVIRONMENT
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=GIT_TIMEOUT
            )
        except subprocess.TimeoutExpired:
            self.notes.append(f"git did not list the files within {GIT_TIMEOUT:g} s: the folders were read instead")
            return None
        except OSError:
            return None
        if done.returncode != 0:
            return None
        for closed in _CLOSED_FOLDER.finditer(done.stderr):
            reason = closed[2].decode("utf-8", "replace")
            self.closed.append((os.fsdecode(closed[1]).rstrip("/"), f"cannot be read: {reason}"))
        for closed in _CUT_SHORT.finditer(done.stderr):
            folder = os.fsdecode(closed[1]).rpartition("/")[0]
            self.closed.append((folder, "cannot be read: a path in it is too long for git"))
        return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]

    def _sifted(self, names: Iterable[str]) -> Iterator[str]:
        """The regular files among what git lists, each once: an unmerged file is listed for each of its stages."""
        unique = sorted(set(names))
        environments = tuple(name[: -len("pyvenv.cfg")] for name in unique if name.endswith("/pyvenv.cfg"))
        for name in unique:
            if not NEVER.isdisjoint(name.split("/")[:-1]) or (environments and name.startswith(environments)):
                continue
            try:
                mode = os.lstat(f"{self.root}/{name}").st_mode
            except (FileNotFoundError, NotADirectoryError):
                continue  # tracked, and deleted in the working tree
            except OSError:
                yield name  # too long a path for one call: reading goes step by step, and says what is wrong
                continue
            if stat.S_ISLNK(mode):
                self.links.add(name)
            elif stat.S_ISDIR(mode):
                self.repositories += 1
            else:
                yield name

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
                        inner = ignored or _is_ignored(path + "/", files)
                        if not (inner and entry.name in PRODUCTS):
                            folders.append((path, files, inner))
                    elif not (ignored or _is_ignored(path, files)) or self.keep(path):
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


class IgnoreFile:
    """The patterns of one ignore file (gitignore(5)).

    pathspec turns a pattern into a regular expression that backtracks over each of its wildcards, and does not come
    back from `*a*a*a*a*a*a*ab` and a long name. So it gets the common patterns, with few wildcards; those with many
    are matched in linear time, after the others and against every file as if they stood first in their file.
    """

    __slots__ = ("_common", "_start", "_wild", "invalid")

    def __init__(self, folder: str, lines: Iterable[str]) -> None:
        """folder: where the file lies, relative to the root."""
        from pathspec import GitIgnoreSpec

        common: list[Any] = []
        wild: list[str] = []
        self.invalid: list[str] = []
        for line in lines:
            if not has_few_wildcards(line):
                wild.append(line)
                continue
            try:
                common += GitIgnoreSpec.from_lines([line]).patterns
            except (ValueError, re.error):  # pathspec hands `[z-a]` to `re` as it is
                self.invalid.append(line)
        self._start = len(folder) + 1 if folder else 0
        self._common = GitIgnoreSpec(common)
        self._wild = matcher(tuple(wild)) if wild else None

    def says(self, path: str) -> bool | None:
        """Whether a path is ignored; None where no pattern matches. path: from the root, of a folder with a slash."""
        path = path[self._start :]
        said = self._common.check_file(path).include
        if said is None and self._wild is not None and self._wild(f"{path}\0" if path.endswith("/") else path):
            return True
        return said


def has_few_wildcards(pattern: str) -> bool:
    """Whether a backtracking match of a gitignore pattern takes milliseconds at the worst."""
    stars = [len(_STARS.findall(name)) for name in pattern.split("/")]
    return len(pattern) <= 500 and max(stars) <= 2 and sum(stars) <= 3 and pattern.count("**") <= 2


def _is_ignored(path: str, files: tuple[IgnoreFile, ...]) -> bool:
    """Whether the innermost file that says something about a path ignores it (gitignore(5), precedence)."""
    return next((said for file in reversed(files) if (said := file.says(path)) is not None), False)


def _in_repository(root: str) -> bool:
    """Whether a folder lies in a git work tree: asked here, since to start git takes milliseconds."""
    place = Path(root)
    return any(os.path.lexists(folder / ".git") for folder in (place, *place.parents))


_STARS: Final = re.compile(r"\*+")
_CLOSED_FOLDER: Final = re.compile(rb"^warning: could not open directory '([^\n]*)': ([^\n]*)$", re.MULTILINE)
_CUT_SHORT: Final = re.compile(
    rb"^warning: could not open directory '([^\n]{3000,})(?<!': File name too long)$", re.MULTILINE
)
"""git cuts its messages at 4,096 bytes: the end of the line, and with it the reason, is missing"""
_SAFE_GIT: Final = (
    "core.fsmonitor=",
    "core.hooksPath=/dev/null",
    "core.quotepath=off",
    "core.untrackedCache=false",
    "safe.bareRepository=explicit",
)
_OF_A_REPOSITORY: Final = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_LITERAL_PATHSPECS",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)
"""variables that a hook inherits, and that may mean another repository than this one"""
_SAFE_ENVIRONMENT: Final = {
    "GIT_ALLOW_PROTOCOL": "none",  # an ignore file missing from a partial clone would be fetched
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
