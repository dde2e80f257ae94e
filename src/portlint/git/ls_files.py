"""git's list of the files of a repository and their status, both taken while the caller does something else.

A process of its own does so, where the system has fork(2): to ask the status of some thousand files takes as long as
git takes to list them. It begins before the rest of portlint is imported, so nothing that is slow to import is asked
for here, `re`, `typing` and `subprocess` among it.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import stat
import time

from portlint.files.fingerprint import Stamp, stamp_of
from portlint.git.command import TIMEOUT, command, environment, is_work_tree, work_tree_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Final, NoReturn

    _Lists = tuple[list[str], dict[str, Stamp], list[str], list[str], list[str], list[str]]

GIT_TIMEOUT: Final = TIMEOUT
"""seconds; git itself can be kept busy for long by a pattern such as ten times `**/a/`"""
_WHOLE: Final = b"\0that is all\0"
"""what stands behind an answer that was not cut off"""
_LAST_WORDS: Final = 1.0
"""seconds that the process has to end git and itself"""
NEVER: Final = frozenset({".git", ".hg", ".svn", ".jj", "node_modules"})
"""folders that are never entered"""


class Listed:
    """What git lists, sorted, each once, folders that are never entered left out. Paths are relative to the root."""

    def __init__(
        self,
        files: list[str],
        stamps: dict[str, Stamp],
        links: list[str],
        folders: list[str],
        gone: list[str],
        marks: list[str],
    ) -> None:
        """files: regular files and others, such as pipes; and those whose path is too long to be asked about in one
        call. stamps: of the regular files. links: symbolic links. folders: submodules, and other repositories inside
        this one. gone: tracked, and deleted in the working tree. marks: every `pyvenv.cfg` that does not lie in the
        root, whatever it is."""
        self.files, self.stamps, self.links = files, stamps, links
        self.folders, self.gone, self.marks = folders, gone, marks


class Listing:
    """`git ls-files` at work. notes, closed: see `Walk`, filled by `found`."""

    def __init__(self, root: str) -> None:
        """Starts a process that asks git, where the root lies in a repository."""
        self.notes: list[str] = []
        self.closed: list[tuple[str, str]] = []
        self._root = root if is_work_tree(root) else None
        self._process = self._answer = -1
        if self._root is not None and hasattr(os, "fork"):
            try:
                self._begin(self._root)
            except OSError:  # no more processes or descriptors, which others tell
                self.close()

    def _begin(self, root: str) -> None:
        import signal

        self._answer, theirs = os.pipe()
        # Ctrl-C must neither run the parent's program in the child nor leave a child that nobody knows.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            try:
                try:
                    self._process = os.fork()
                    if self._process == 0:
                        _be_the_child(root, self._answer, theirs)
                finally:
                    os.close(theirs)
                with contextlib.suppress(OSError):  # in both, since nobody knows which comes first: see `close`
                    os.setpgid(self._process, self._process)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends git and the process, whatever they are doing."""
        process, answer = self._process, self._answer
        self._process, self._answer, self._root = -1, -1, None
        if answer >= 0:
            os.close(answer)  # which tells the child to end, and its git before
        if process <= 0:
            return
        try:
            ends = time.monotonic() + _LAST_WORDS
            while os.waitpid(process, os.WNOHANG)[0] == 0:
                if time.monotonic() > ends:
                    import signal

                    with contextlib.suppress(OSError):
                        os.killpg(process, signal.SIGKILL)
                    os.waitpid(process, 0)
                    break
                time.sleep(0.0005)
        except ChildProcessError:  # the program that portlint is a part of looks after all children
            pass

    def found(self) -> Listed | None:
        """What git lists; None where there is no repository or no git, it refuses, or takes too long."""
        if self._root is None:
            return None
        if self._process < 0:
            late, warnings, listed = _answer(self._root, _ask_without_fork)
        else:
            with open(self._answer, "rb", closefd=False) as answer:
                content = answer.read()
            if content.endswith(_WHOLE):
                late, warnings, listed = marshal.loads(content)
            else:
                late, warnings, listed = False, b"", None
                self.notes.append("the process that lists the files with git was ended: the folders were read instead")
        self._root = None
        if late:
            self.notes.append(f"git did not list the files within {GIT_TIMEOUT:g} s: the folders were read instead")
        if warnings:
            from portlint.git.warnings import closed_folders

            self.closed += closed_folders(warnings)
        return None if listed is None else Listed(*listed)


def _be_the_child(root: str, parents_end: int, answer: int) -> NoReturn:
    """The child's whole life: not a line of the parent's program runs in it again."""
    code = 1
    try:
        import signal

        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        os.close(parents_end)  # whoever writes into a pipe that nobody can read is told so, but not who could read it
        while answer <= 2:
            answer = os.dup(answer)
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):  # whoever reads what portlint prints does not wait for this process
            os.dup2(nothing, descriptor)
        said = _answer(root, lambda words, variables: _ask(words, variables, answer), is_alone=True)
        content = memoryview(marshal.dumps(said) + _WHOLE)
        while content:
            content = content[os.write(answer, content) :]
        code = 0
    finally:
        os._exit(code)


def _answer(
    root: str, ask: Callable[[list[str], dict[str, str]], tuple[bytes, bytes] | None], is_alone: bool = False
) -> tuple[bool, bytes, _Lists | None]:
    """Whether git took too long, what it said on stderr, and what makes a `Listed`; None: there is no list.

    is_alone: nothing else runs in this process, so that it may go where it is quicker to look.
    """
    try:
        words = command(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    except FileNotFoundError:
        return False, b"", None
    try:
        said = ask(words, environment())
    except TimeoutError:
        return True, b"", None
    if said is None:
        return False, b"", None
    start = f"{root}/"
    if is_alone:
        # Not before git has run: what its variables name may be seen from where the user stands.
        with contextlib.suppress(OSError):
            os.chdir(root)
            start = ""
    return False, said[1], _sorted_out(start, os.fsdecode(said[0]).split("\0"))


def _ask(words: list[str], variables: dict[str, str], answer: int) -> tuple[bytes, bytes] | None:
    """What git says on stdout and stderr; None where it is not there or fails. Raises TimeoutError, and BrokenPipeError
    where nobody waits for an answer any more; git does not outlive it."""
    import select
    import signal

    pipes = {1: os.pipe(), 2: os.pipe()}
    actions = [(os.POSIX_SPAWN_DUP2, theirs, descriptor) for descriptor, (_, theirs) in pipes.items()]
    try:
        git = os.posix_spawn(words[0], words, variables, file_actions=actions)
    except (OSError, ValueError):
        return None
    poll, ends, said = select.poll(), time.monotonic() + GIT_TIMEOUT, dict[int, list[bytes]]()
    poll.register(answer, 0)
    for ours, theirs in pipes.values():
        os.close(theirs)
        poll.register(ours, select.POLLIN)
        said[ours] = []
    left, status = len(said), 0
    try:
        while left or (ended := os.waitpid(git, os.WNOHANG))[0] == 0:
            # Most often git ends a moment after it has said all.
            patience = ends - time.monotonic() if left else 0.0005
            if time.monotonic() > ends:
                raise TimeoutError
            for descriptor, _ in poll.poll(max(0.0, patience) * 1000):
                if descriptor == answer:
                    raise BrokenPipeError
                piece = os.read(descriptor, 1 << 20)
                said[descriptor].append(piece)
                if not piece:
                    poll.unregister(descriptor)
                    left -= 1
        status, git = ended[1], 0
    finally:
        if git:
            os.kill(git, signal.SIGKILL)
            os.waitpid(git, 0)
    out, err = map(b"".join, said.values())
    return None if status else (out, err)


def _ask_without_fork(words: list[str], variables: dict[str, str]) -> tuple[bytes, bytes] | None:
    """The same, where there is neither fork(2) nor poll(2)."""
    import subprocess

    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=GIT_TIMEOUT, env=variables, check=True
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout, done.stderr


def _sorted_out(start: str, names: Iterable[str]) -> _Lists:
    """What there is of the names that git lists: an unmerged file is listed for each of its stages."""
    lists: _Lists = ([], {}, [], [], [], [])
    files, stamps, links, folders, gone, marks = lists
    lstat, entered = os.lstat, dict[str, bool]()
    for name in sorted(set(names)):
        folder = name.rpartition("/")[0]
        if folder not in entered:
            entered[folder] = NEVER.isdisjoint(folder.split("/"))
        if not (entered[folder] and name):
            continue
        if name.endswith("/pyvenv.cfg"):
            marks.append(name)
        try:
            status = lstat(start + name)
        except (FileNotFoundError, NotADirectoryError):
            gone.append(name)
            continue
        except OSError:
            files.append(name)  # reading goes step by step, and says what is wrong
            continue
        stamp = stamp_of(status)
        if stamp is not None:
            stamps[name] = stamp
        elif stat.S_ISLNK(status.st_mode):
            links.append(name)
            continue
        elif stat.S_ISDIR(status.st_mode):
            folders.append(name)
            continue
        files.append(name)
    return lists


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
