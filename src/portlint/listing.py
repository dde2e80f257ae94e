"""git's list of the files of a repository, which it makes while the caller does something else.

Little is imported here, so that git can begin before the rest of portlint is there.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import Final

from portlint.calling_git import TIMEOUT, command, environment, is_work_tree, work_tree_above
from portlint.lazy import regex

GIT_TIMEOUT: Final = TIMEOUT
"""seconds; git itself can be kept busy for long by a pattern such as ten times `**/a/`"""


class Listing:
    """`git ls-files` at work. notes, closed: see `Walk`, filled by `names`."""

    def __init__(self, root: str) -> None:
        """Starts git, where the root lies in a repository."""
        self.notes: list[str] = []
        self.closed: list[tuple[str, str]] = []
        self._git: subprocess.Popen[bytes] | None = None
        if not is_work_tree(root):
            return
        words = command(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        try:
            self._git = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(),
            )
        except OSError:
            return

    def close(self) -> None:
        """Ends git, whatever it is doing."""
        if self._git is not None:
            self._git.kill()
            self._git.communicate()
            self._git = None

    def names(self) -> list[str] | None:
        """What git lists; None where there is no repository or no git, it refuses, or takes too long."""
        if self._git is None:
            return None
        try:
            out, err = self._git.communicate(timeout=GIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.close()
            self.notes.append(f"git did not list the files within {GIT_TIMEOUT:g} s: the folders were read instead")
            return None
        refused = self._git.returncode != 0
        self._git = None
        if refused:
            return None
        for closed in _CLOSED_FOLDER.finditer(err):
            reason = closed[2].decode("utf-8", "replace")
            self.closed.append((os.fsdecode(closed[1]).rstrip("/"), f"cannot be read: {reason}"))
        for closed in _CUT_SHORT.finditer(err):
            folder = os.fsdecode(closed[1]).rpartition("/")[0]
            self.closed.append((folder, "cannot be read: a path in it is too long for git"))
        return [name for name in os.fsdecode(out).split("\0") if name]


class Ahead:
    """A listing that begins before it is known which tree is meant: most often the one in which the user stands. Use
    it as a context manager; git does not outlive it."""

    def __init__(self) -> None:
        """Begins, unless the user stands in no repository."""
        self._listing: Listing | None = None
        try:
            self._root = work_tree_above(os.getcwd())  # noqa: PTH109 - pathlib is not imported yet
        except OSError:  # the folder is gone, which others tell
            return
        if self._root is not None:
            self._listing = Listing(self._root)

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        if self._listing is not None:
            self._listing.close()

    def take(self, root: str) -> Listing:
        """The listing of a tree: the one that has begun if it is that tree's and was not taken before."""
        if self._listing is None or root != self._root:
            return Listing(root)
        listing, self._listing = self._listing, None
        return listing


_CLOSED_FOLDER: Final = regex(rb"^warning: could not open directory '([^\n]*)': ([^\n]*)$", re.MULTILINE)
_CUT_SHORT: Final = regex(
    rb"^warning: could not open directory '([^\n]{3000,})(?<!': File name too long)$", re.MULTILINE
)
"""git cuts its messages at 4,096 bytes: the end of the line, and with it the reason, is missing"""
