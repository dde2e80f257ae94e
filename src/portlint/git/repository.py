"""Asks git about commits, the index and stored blobs, and of the files of the working tree only whether they may
differ. Only plumbing is asked, whose output no setting changes; how, see `portlint.git.command`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.errors import UserError, nearest
from portlint.files.reader import Unread, Why
from portlint.git.command import TIMEOUT, command, environment, is_work_tree

_MOST_REFS: Final = 2000
"""names that a mistyped one is compared with"""
_SUFFIX: Final = regex(r"[~^@:]")
"""what begins the rest of a revision behind its name: `HEAD~2`"""
_LINK, _SUBMODULE, _NOTHING = "120000", "160000", "000000"
"""modes of what is no file"""


class Changed(Struct, frozen=True):
    """A path that differs between two states. Paths are relative to the root; None: there is no file."""

    old_path: str | None
    path: str | None
    old_id: str
    """of the blob; zeros: git does not say"""
    new_id: str
    unmerged: bool = False


class Refused(UserError):  # noqa: N818 - it says what happened
    """git did not do what was asked; the message is git's own."""


class Repository:
    """The repository of a work tree."""

    def __init__(self, root: Path) -> None:
        """root: the top of the tree that is checked. Raises UserError where it lies in no repository of git's."""
        self.root = root
        self._environment = environment()
        if not is_work_tree(root):
            raise UserError(f"{root} is not in a git repository")
        try:
            folder = os.fsdecode(self._ask("rev-parse", "--absolute-git-dir")).rstrip("\n")
        except Refused as refusal:
            raise UserError(f"git does not work in {root}: {refusal.lines[0]}") from None
        self._environment |= self._own_index(folder) | self._without_filters()

    def _own_index(self, folder: str) -> dict[str, str]:
        """`git commit FILE` and `commit -a` show their hooks the index that they are about to commit (githooks(5))."""
        named = os.environ.get("GIT_INDEX_FILE")
        if not named:
            return {}
        place = os.path.realpath(named)
        inside = place.startswith(os.path.realpath(folder) + os.sep)
        return {"GIT_INDEX_FILE": place} if inside and os.path.isfile(place) else {}  # noqa: PTH113 - any bytes

    def _without_filters(self) -> dict[str, str]:
        """To tell whether a file differs from the index git may run the `clean` filter that a setting names."""
        try:
            names = self._ask("config", "--null", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process)$")
        except Refused:  # there are none
            return {}
        keys = [os.fsdecode(name) for name in dict.fromkeys(names.split(b"\0")) if name]
        known = os.environ.get("GIT_CONFIG_COUNT", "")
        first = int(known) if known.isascii() and known.isdigit() else 0
        variables = {"GIT_CONFIG_COUNT": str(first + len(keys))}
        for number, key in enumerate(keys, first):
            variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": ""}
        return variables

    def commit(self, name: str) -> str:
        """The id of the commit that a user means: a revision (gitrevisions(7)), or `A...HEAD`, the merge base of both.

        Raises UserError, with the nearest name, where there is no such commit.
        """
        left, dots, right = name.partition("...")
        if not dots:
            left, dots, right = name.partition("..")
        if dots and self._revision(right or "HEAD") != self._revision("HEAD"):
            raise UserError(f'"{name}": the files are compared as they lie here, so the right side can only be HEAD')
        start = self._revision(left or "HEAD" if dots else left)
        if len(dots) < 3:
            return start
        try:
            return self._ask("merge-base", start, "HEAD").decode("ascii").strip()
        except Refused:
            raise UserError(f'"{name}": the two have no commit in common{self._shallow()}') from None

    def has_commits(self) -> bool:
        return self._found("HEAD") is not None

    def _revision(self, name: str) -> str:
        found = self._found(name)
        if found is not None:
            return found
        if not self.has_commits():
            raise UserError(f'there is no commit "{name}": the repository has none yet')
        start = _SUFFIX.split(name, maxsplit=1)[0]
        if start not in ("", name) and self._found(start) is not None:
            raise UserError(f'there is no commit "{name}": the history of {start} does not reach it{self._shallow()}')
        raise UserError(f'there is no commit "{name}"{nearest(name, ("HEAD", *self._refs()))}{self._shallow()}')

    def _found(self, name: str) -> str | None:
        if name.startswith("-") or not name.isprintable():
            return None
        try:
            found = self._ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        except Refused:
            return None
        return found.decode("ascii").strip()

    def _refs(self) -> list[str]:
        try:
            listed = self._ask("for-each-ref", f"--count={_MOST_REFS}", "--format=%(refname:short)")
        except Refused:
            return []
        return os.fsdecode(listed).split("\n")

    def _shallow(self) -> str:
        return (
            " (this clone is shallow: fetch more of it, with actions/checkout fetch-depth: 0)" if self.shallow else ""
        )

    @property
    def shallow(self) -> bool:
        try:
            return self._ask("rev-parse", "--is-shallow-repository").strip() == b"true"
        except Refused:
            return False

    def empty(self) -> str:
        """The id of the tree without files, which the first commit is compared with."""
        return self._ask("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()

    def last_change(self, path: str) -> str | None:
        """The id of the last commit that changed a file; None where there is none."""
        try:
            return self._ask("rev-list", "-1", "HEAD", "--", path).decode("ascii").strip() or None
        except Refused:
            return None

    def staged(self, base: str) -> list[Changed]:
        """What differs between a commit (or tree) and the index; a file that moved is one of them."""
        words = ("diff-index", "--cached", "--raw", "-z", "-M", "-l1000", "--ignore-submodules=all", base, "--")
        return list(_changes(self._ask(*words)))

    def unstaged(self) -> list[Changed]:
        """The files that differ, or may differ, between the index and the working tree."""
        return list(_changes(self._ask("diff-files", "--raw", "-z", "--ignore-submodules=all")))

    def tracked(self) -> frozenset[str]:
        """The paths of the index."""
        return frozenset(os.fsdecode(name) for name in self._ask("ls-files", "-z", "--cached").split(b"\0") if name)

    def at(self, commit: str, paths: Iterable[str], limit: int) -> dict[str, bytes | Unread]:
        """The files of a commit, by path; those that it has not are `Unread`. limit: the largest size in bytes."""
        wanted = {path for path in paths if not path.startswith(("/", "../"))}
        missing = Unread(Why.VANISHED, "not there")
        found: dict[str, bytes | Unread] = dict.fromkeys(wanted, missing)
        ids = {}
        for line in self._ask("ls-tree", "-z", commit, "--", *sorted(wanted)).split(b"\0") if wanted else ():
            row, tab, name = line.partition(b"\t")
            path = os.fsdecode(name)
            if tab and path in wanted:
                mode, _, identity = row.decode("ascii").split(" ")
                if mode == _LINK:
                    found[path] = Unread(Why.LINK, "a symbolic link, which is not followed")
                elif mode.startswith("100"):
                    ids[path] = identity
        blobs = self.blobs(ids.values(), limit)
        return found | {path: blobs[identity] for path, identity in ids.items()}

    def blobs(self, ids: Iterable[str], limit: int) -> dict[str, bytes | Unread]:
        """The content of blobs by id; of one that is not here, or larger than `limit` bytes, why there is none."""
        unique = sorted(set(ids))
        if not unique:
            return {}
        found: dict[str, bytes | Unread] = {}
        small = []
        for row in self._ask("cat-file", "--batch-check", stdin=_lines(unique)).decode("ascii").splitlines():
            identity, kind, *size = row.split(" ")
            if kind != "blob" or not size:
                found[identity] = Unread(Why.UNREADABLE, "git has not got it here")
            elif int(size[0]) > limit:
                found[identity] = Unread(Why.TOO_LARGE, f"larger than {limit:,} bytes ({int(size[0]):,})")
            else:
                small.append(identity)
        if small:
            found |= _batch(self._ask("cat-file", "--batch", stdin=_lines(small)))
        return found

    def _ask(self, *words: str, stdin: bytes = b"") -> bytes:
        """What git prints. Raises Refused where it fails, and UserError where there is no git."""
        import subprocess

        try:
            done = subprocess.run(
                command(self.root, *words), input=stdin, capture_output=True, env=self._environment, timeout=TIMEOUT
            )
        except subprocess.TimeoutExpired:
            raise UserError(f"git {words[0]} did not answer within {TIMEOUT:g} s") from None
        except OSError as error:
            raise UserError(f"git cannot be run: {error.strerror}") from None
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.returncode}"]
            raise Refused(f"git {words[0]}: {said[0].removeprefix('fatal: ')}")
        return done.stdout


def _lines(ids: Sequence[str]) -> bytes:
    return "".join(f"{identity}\n" for identity in ids).encode("ascii")


def _batch(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What `cat-file --batch` prints: a line with id, kind and size, the content, a line feed."""
    position = 0
    while position < len(data):
        end = data.index(b"\n", position)
        identity, _, size = data[position:end].decode("ascii").split(" ")
        start, position = end + 1, end + 1 + int(size) + 1
        yield identity, data[start : position - 1]


def _changes(data: bytes) -> Iterator[Changed]:
    """What `--raw -z` prints (git-diff-index(1), "Raw output format"). A link or a submodule is no file."""
    fields = iter(data.split(b"\0"))
    for head in fields:
        if not head:
            return
        old_mode, mode, old_id, new_id, status = head.decode("ascii").removeprefix(":").split(" ")
        old_path: str | None = os.fsdecode(next(fields))
        path = os.fsdecode(next(fields)) if status[0] in "RC" else old_path
        if status == "U":
            yield Changed(path, path, old_id, new_id, unmerged=True)
            continue
        if old_mode in (_LINK, _SUBMODULE, _NOTHING) or status[0] == "C":
            old_path = None
        if mode in (_LINK, _SUBMODULE, _NOTHING):
            path = None
        if old_path is not None or path is not None:
            yield Changed(old_path, path, old_id, new_id)
