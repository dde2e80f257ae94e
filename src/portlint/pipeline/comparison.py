"""What lies between a commit and the files that are checked: those of the working tree, or of the index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from msgspec import Struct, field

from portlint.algorithms.line_diff import changed_lines
from portlint.errors import UserError
from portlint.files.reader import Contents, Unread, decode
from portlint.git.repository import Refused, Repository
from portlint.model import Change, Facts, FileChange


class Base(Struct, frozen=True, kw_only=True):
    """The commit that the files are compared with."""

    repository: Repository
    commit: str
    name: str
    """as the user called it"""
    staged: bool = False
    """the files are those of the index, else of the working tree"""


class View(Struct, frozen=True, kw_only=True):
    """Which snapshot is analysed: the working tree or the index, and against which base commit."""

    contents: Contents = field(default_factory=dict)
    """of the files that are read as the index has them"""
    only: frozenset[str] | None = None
    """the files of the index, where it is what is looked at"""
    since: Base | None = None
    """only what changed since then is reported"""
    policy: Base | None = None
    """where registry, settings, baseline, rule files and suppressions are taken from"""

    @property
    def is_compared(self) -> bool:
        """Whether findings depend on how the tree was."""
        return self.since is not None or self.policy is not None


class Past(Struct, frozen=True, kw_only=True):
    """The files that a change touches, as they were: by their old paths, and only those that portlint reads."""

    change: Change
    contents: Contents
    facts: Mapping[str, Facts]


class Index(Struct, frozen=True):
    """What would be committed. contents: of the files that are otherwise in the working tree, or not there."""

    files: frozenset[str]
    contents: Contents


def index_of(repository: Repository, limit: int) -> Index:
    """The index. limit: the largest file in bytes. Raises UserError where a merge is not finished."""
    differing = repository.unstaged()
    unmerged = sorted(each.path for each in differing if each.unmerged and each.path is not None)
    if unmerged:
        raise UserError(f"{unmerged[0]}: is not merged yet, and so nothing can be committed")
    ids = {each.old_path: each.old_id for each in differing if each.old_path is not None}
    announced = {each.path for each in differing if each.old_path is None}  # by `git add -N`
    blobs = repository.blobs(ids.values(), limit)
    return Index(repository.tracked() - announced, {path: blobs[identity] for path, identity in ids.items()})


def compared(
    base: Base,
    files: Iterable[str],
    read: Callable[[str], bytes | Unread],
    is_wanted: Callable[[str], bool],
    limit: int,
) -> tuple[Change, Contents]:
    """What changed since a commit, and what the files that changed held then, by their old paths.

    files: all that are checked. read: gives the content of one. is_wanted: whether a path is of interest; of another
    the content is not looked at. limit: the largest file in bytes.
    """
    repository, here = base.repository, set(files)
    origins: dict[str, str | None] = {}
    ids: dict[str, str] = {}
    gone: set[str] = set()
    deleted: set[str] = set()
    unmerged: list[str] = []
    for each in repository.staged(base.commit):
        if each.path is not None:
            origins[each.path] = each.old_path
            unmerged += [each.path] if each.unmerged else []
        if each.old_path is not None:
            ids[each.old_path] = each.old_id
            if each.old_path != each.path:
                gone.add(each.old_path)
    if not base.staged:
        for each in repository.unstaged():
            path = each.old_path if each.path is None else each.path
            assert path is not None
            if path not in origins:
                origins[path] = each.old_path
                ids[path] = each.old_id
            if each.path is None:
                deleted.add(path)
                gone |= {origins[path] or path}
        for path in here - repository.tracked():
            origins.setdefault(path, path if path in gone else None)
    gone -= {path for path in gone if path in here and origins.get(path) == path}
    wanted = [path for path in sorted(origins) if path in here and is_wanted(path)]
    old_paths = {old for path in wanted if (old := origins[path]) is not None} | set(filter(is_wanted, gone))
    before = dict(repository.at(base.commit, old_paths.intersection(unmerged), limit))
    needed = {path: ids[path] for path in old_paths if path in ids and path not in before}
    blobs = repository.blobs(needed.values(), limit)
    before |= {path: blobs[identity] for path, identity in needed.items()}
    found = {path: FileChange(path, origins[path]) for path in origins if path in here or path not in deleted}
    for path in wanted:
        old = origins[path]
        if old is not None:
            found[path] = FileChange(path, old, _lines(path, before.get(old), read(path)))
    return Change(base=base.commit, name=base.name, files=found, gone=frozenset(gone)), before


def moved_files(root: Path, since: str | None, gone: AbstractSet[str], file: str) -> Mapping[str, str]:
    """Where files are that a file of the repository speaks of and that are not there: old path to path, as far as git
    recognises a file that was moved.

    since: the id of a commit at which they were there; None: that of the last commit that changed `file`. What was
    moved and not committed since the last commit counts as well. Where there is no git nothing is known to have moved.
    """
    found: dict[str, str] = {}
    try:
        repository = Repository(root)
        if not repository.has_commits():
            return found
        for start in dict.fromkeys((since or repository.last_change(file) or "HEAD", "HEAD")):
            for each in repository.staged(start):
                old = each.old_path
                if old is not None and old in gone and each.path is not None and each.path != old:
                    found.setdefault(old, each.path)
    except (UserError, Refused):
        return {}
    return found


def _lines(path: str, before: bytes | Unread | None, after: bytes | Unread) -> frozenset[int] | None:
    if not isinstance(before, bytes) or not isinstance(after, bytes):
        return None
    old, new = decode(path, before), decode(path, after)
    if isinstance(old, Unread) or isinstance(new, Unread):
        return None
    return changed_lines(old.data, new.data)
