"""git's list of the files of a repository, and the status of each.

git takes tens of milliseconds to list some thousand files, and portlint as long to be imported: so git is started first
(`begun_here`), writes into a pipe, and is read when somebody asks. It ends by itself when nobody is left to read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import Final

from portlint.algorithms.lazy_regex import regex
from portlint.files.fingerprint import Stamp, stamp_of
from portlint.git.command import TIMEOUT, command, environment, is_work_tree, work_tree_above

GIT_TIMEOUT: Final = TIMEOUT
"""seconds; git itself can be kept busy for long by a pattern such as ten times `**/a/`"""
NEVER: Final = frozenset({".git", ".hg", ".svn", ".jj", "node_modules"})
"""folders that are never entered"""


class Listed:
    """What git lists, sorted, each once, folders that are never entered left out. Paths are relative to the root."""

    def __init__(self, root: str, names: Iterable[str]) -> None:
        """names: as git lists them, an unmerged file once for each of its stages."""
        self.files: list[str] = []
        """regular files and others, such as pipes; and those whose path is too long to be asked about in one call"""
        self.stamps: dict[str, Stamp] = {}
        """of the regular files"""
        self.links: list[str] = []
        """symbolic links"""
        self.folders: list[str] = []
        """submodules, and other repositories inside this one"""
        self.gone: list[str] = []
        """tracked, and deleted in the working tree"""
        self.marks: list[str] = []
        """every `pyvenv.cfg` that does not lie in the root, whatever it is"""
        entered = dict[str, bool]()
        for name in sorted(set(names)):
            folder = name.rpartition("/")[0]
            if folder not in entered:
                entered[folder] = NEVER.isdisjoint(folder.split("/"))
            if entered[folder] and name:
                self._add(f"{root}/{name}", name)

    def _add(self, path: str, name: str) -> None:
        if name.endswith("/pyvenv.cfg"):
            self.marks.append(name)
        try:
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            self.gone.append(name)
            return
        except OSError:
            self.files.append(name)  # reading goes step by step, and says what is wrong
            return
        stamp = stamp_of(status)
        if stamp is not None:
            self.stamps[name] = stamp
            self.files.append(name)
        elif stat.S_ISLNK(status.st_mode):
            self.links.append(name)
        elif stat.S_ISDIR(status.st_mode):
            self.folders.append(name)
        else:
            self.files.append(name)


class Listing:
    """`git ls-files` at work; see `listing_of`."""

    def __init__(self, root: str) -> None:
        """Starts git, where the root lies in a repository and there is a git."""
        self.root = root
        self.notes: list[str] = []
        """what the user should know, filled by `found`"""
        self.closed: list[tuple[str, str]] = []
        """folders that git could not read, with the reason, filled by `found`"""
        self._git: Popen[bytes] | None = None
        if is_work_tree(root):
            try:
                words = command(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
                self._git = Popen(words, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment())
            except (OSError, ValueError):  # no more processes, or descriptors, or a variable that none can have
                pass

    def found(self) -> Listed | None:
        """What git lists; None where there is no repository or no git, it refuses, or takes too long."""
        git = self._git
        if git is None:
            return None
        try:
            names, said = git.communicate(timeout=GIT_TIMEOUT)
        except TimeoutExpired:
            self.notes.append(f"git did not list the files within {GIT_TIMEOUT:g} s: the folders were read instead")
            return None
        finally:
            self.close()
        # Where SIGCHLD is ignored the system does not tell how git ended.
        is_cut_off = names != b"" and not names.endswith(b"\0")
        if git.returncode or is_cut_off or _REFUSED.search(said):
            return None
        self.closed += _closed_folders(said)
        return Listed(self.root, os.fsdecode(names).split("\0"))

    def close(self) -> None:
        """Ends git, whatever it is doing."""
        if self._git is not None:
            with self._git:  # which closes the pipes, and waits
                self._git.kill()
            self._git = None


_begun: Listing | None = None


@contextmanager
def begun_here() -> Iterator[None]:
    """Has git list the repository in which the user stands before it is known which tree is meant: most often that
    one. git does not outlive this."""
    global _begun
    try:
        root = work_tree_above(os.getcwd())  # noqa: PTH109 - pathlib is not imported yet
    except OSError:  # the folder is gone, which others tell
        root = None
    _begun = None if root is None else Listing(root)
    try:
        yield
    finally:
        if _begun is not None:
            _begun.close()
            _begun = None


def listing_of(root: str) -> Listing:
    """git at work on a tree: the one that has begun if it is that tree's and was not taken before. To be closed."""
    global _begun
    if _begun is None or _begun.root != root:
        return Listing(root)
    begun, _begun = _begun, None
    return begun


def _closed_folders(said: bytes) -> list[tuple[str, str]]:
    """The folders that git could not read, each with the reason. said: its stderr, in the C locale."""
    closed = []
    for folder in _CLOSED_FOLDER.finditer(said):
        reason = folder[2].decode("utf-8", "replace")
        closed.append((os.fsdecode(folder[1]).rstrip("/"), f"cannot be read: {reason}"))
    for folder in _CUT_SHORT.finditer(said):
        name = os.fsdecode(folder[1]).rpartition("/")[0]
        closed.append((name, "cannot be read: a path in it is too long for git"))
    return closed


_REFUSED: Final = regex(rb"^fatal: ", re.MULTILINE)
_CLOSED_FOLDER: Final = regex(rb"^warning: could not open directory '([^\n]*)': ([^\n]*)$", re.MULTILINE)
_CUT_SHORT: Final = regex(
    rb"^warning: could not open directory '([^\n]{3000,})(?<!': File name too long)$", re.MULTILINE
)
"""git cuts its messages at 4,096 bytes: the end of the line, and with it the reason, is missing"""
