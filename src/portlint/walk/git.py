"""git's list of the files of a repository, which it makes while the caller does something else.

git runs with a configuration that is safe in a stranger's repository: no file system monitor, no hooks, no pager, no
fetching of missing objects.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final

GIT_TIMEOUT: Final = 20.0
"""seconds; git itself can be kept busy for long by a pattern such as ten times `**/a/`"""


class Listing:
    """`git ls-files` at work. notes, closed: see `Walk`, filled by `names`."""

    def __init__(self, root: str) -> None:
        """Starts git, where the root lies in a repository."""
        self.notes: list[str] = []
        self.closed: list[tuple[str, str]] = []
        self._git: subprocess.Popen[bytes] | None = None
        if not _in_repository(root):
            return
        command = ["git", "--no-pager", "-C", root]
        for setting in _SAFE_GIT:
            command += ["-c", setting]
        command += ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        environment = {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}
        environment |= _SAFE_ENVIRONMENT
        try:
            self._git = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
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
        return [os.fsdecode(name) for name in out.split(b"\0") if name]


def _in_repository(root: str) -> bool:
    """Whether a folder lies in a git work tree: asked here, since to start git takes milliseconds."""
    place = Path(root)
    return any(os.path.lexists(folder / ".git") for folder in (place, *place.parents))


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
