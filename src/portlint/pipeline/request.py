"""Request and result of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from portlint.files.reader import Contents
from portlint.model import Change, CheckResult, Facts, PolicyChange, Registry, Resolution, Settings
from portlint.pipeline.comparison import View
from portlint.walk import Walk


class Request(Struct, frozen=True, kw_only=True):
    """What to do. root: an absolute path without links. named: files and folders; none: the whole tree."""

    root: Path
    named: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    registry_is_trusted: bool = False
    """a person, and no file of the repository, says where the registry is: it may lie outside of the root"""
    registry_is_needed: bool = True
    """mistakes in a registry that nobody named end the run; else they are noted, and there is none"""
    only_named: bool = False
    """the root is no repository but a whole disk or home: nothing is looked at but what is named"""
    rules: bool = True
    """run the rules; else there is only the inventory"""
    accepts: bool = True
    """leave out the findings that the baseline knows"""
    caches: Path | None = None
    """the folder of all caches, see `cache_folder`; None: each file is read and parsed"""
    view: View = field(default_factory=View)
    """what is looked at besides the disk, and what it is compared with"""
    progress: Callable[[int, int], None] | None = None
    """told again and again, while files are read, how many are done and of how many"""


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of it. Everything is known of the whole tree; what was asked for is `reported` and in `result`."""

    walk: Walk
    registry: Registry | None
    facts: tuple[Facts, ...]
    """one for each file of the walk, and for each folder that could not be read; where files were named, without
    those that the cache knows and that cannot matter to them"""
    resolution: Resolution
    result: CheckResult
    reported: tuple[Facts, ...]
    crashes: tuple[tuple[str, str], ...]
    """bugs of portlint's: the file that was being read, and the traceback"""
    cached: int
    """files that were not read, or not parsed, because an earlier run did it"""
    seconds: float
    stages: tuple[tuple[str, float], ...]
    """the stages in their order and the seconds that each took"""
    notes: tuple[str, ...] = ()
    """what the user should know, beside the notes of the walk"""
    contents: Contents = field(default_factory=dict)
    """of the files that were read as git has them"""
    change: Change | None = None
    """what the findings were narrowed to"""
    hidden: int = 0
    """findings that the change does not touch"""
    policy: tuple[PolicyChange, ...] = ()
    """what the change does to the rules that it is judged by"""

    @property
    def not_checked(self) -> int:
        """How many files could not be read or parsed: each is a PORT901."""
        return sum(any(not problem.partly for problem in each.problems) for each in self.reported)

    @property
    def skipped(self) -> int:
        """How many files are of no format that portlint reads."""
        return sum(each.format is None and not each.problems for each in self.reported)

    @property
    def checked(self) -> int:
        return len(self.reported) - self.skipped - self.not_checked
