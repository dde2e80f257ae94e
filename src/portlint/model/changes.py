"""What a change of the repository is: the files that it touches, and what it does to portlint's own rules."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from enum import StrEnum

from msgspec import Struct, field


class FileChange(Struct, frozen=True):
    """A file that a change touches, and that is there after it. Paths are relative to the root."""

    path: str
    old_path: str | None
    """None: it was not there"""
    lines: frozenset[int] | None = None
    """the lines that are new in it (1-based); None: all of them"""


class Change(Struct, frozen=True, kw_only=True):
    """What lies between a commit and the files as they are checked."""

    base: str
    """the id of the commit; of the empty tree where there is no commit yet"""
    name: str
    """as the user called it"""
    files: MappingABC[str, FileChange] = field(default_factory=dict)
    """by path"""
    gone: frozenset[str] = frozenset()
    """paths that are there no more; the old names of files that moved are among them"""

    @property
    def moved(self) -> MappingABC[str, str]:
        """Old path to path of the files that have another name."""
        return {
            each.old_path: each.path
            for each in self.files.values()
            if each.old_path is not None and each.old_path != each.path
        }

    def touches(self, path: str, line: int) -> bool:
        """Whether a line is new."""
        file = self.files.get(path)
        return file is not None and (file.lines is None or line in file.lines)


class PolicyKind(StrEnum):
    """What decides which findings there are, besides the code itself."""

    REGISTRY = "registry"
    SETTINGS = "settings"
    BASELINE = "baseline"
    RULES = "rules"
    """the user's own rule files"""
    SUPPRESSION = "suppression"
    GENERATED = "generated"
    """a note in a file that a program wrote it, which turns rules off in it"""
    ENVIRONMENT = "environment"
    """a `pyvenv.cfg`, which makes a folder a virtual environment that is not looked at"""


class PolicyChange(Struct, frozen=True, kw_only=True):
    """A change of what decides which findings there are."""

    kind: PolicyKind
    path: str
    line: int | None
    """1-based; None: it is gone, or about no line"""
    message: str
    counts: bool = True
    """False: the run took its policy from the base, and this did not change what is found"""
