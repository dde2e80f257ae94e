"""How git is called: in a way that is safe in a stranger's repository.

No file system monitor, no hooks, no pager, no filters, no fetching of missing objects, and none of the variables of a
hook that may mean another repository. Little is imported here: git is called before all else (`portlint.git.ls_files`).
"""

from __future__ import annotations

import os
from errno import ENOENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

TIMEOUT: Final = 20.0
"""seconds for one question"""


def command(root: str | os.PathLike[str], *words: str) -> list[str]:
    """A command line for git in the folder `root`. Raises FileNotFoundError where there is no git."""
    safe = [part for setting in _SAFE_SETTINGS for part in ("-c", setting)]
    return [_git(), "--no-pager", "--literal-pathspecs", "-C", os.fspath(root), *safe, *words]


def environment() -> dict[str, str]:
    """The variables that git gets."""
    kept = {name: value for name, value in os.environ.items() if name and name not in _OF_A_REPOSITORY}
    return kept | _SAFE_VARIABLES


def is_work_tree(root: str | os.PathLike[str]) -> bool:
    """Whether a folder lies in a git work tree: asked here, since to start git takes milliseconds."""
    return work_tree_above(os.fspath(root)) is not None


def work_tree_above(folder: str) -> str | None:
    """The top of the git work tree that an absolute path lies in; None where it lies in none."""
    while not os.path.lexists(os.path.join(folder, ".git")):  # noqa: PTH118
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            return None
        folder = above
    return folder


def _git() -> str:
    """git's absolute path.

    A part of the PATH that is empty or relative may mean the folder that is checked, and a program in it that is called
    git: it is passed over. On Windows the system itself would look first where the user stands.
    """
    name = "git.exe" if os.name == "nt" else "git"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, name)  # noqa: PTH118
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113, PTH117
            return path
    raise FileNotFoundError(ENOENT, os.strerror(ENOENT), name)


_SAFE_SETTINGS: Final = (
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
_SAFE_VARIABLES: Final = {
    "GIT_ALLOW_PROTOCOL": "none",  # what is missing from a partial clone would be fetched
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
