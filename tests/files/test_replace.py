"""How a fixed file is written: whole or not at all, whatever fails, whoever else writes, whenever the process dies."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from portlint.files import replace as writing
from portlint.files.replace import CHANGED, NotWritten, replace
from support.editors import STYLES, Race

OLD, NEW = b"API_PORT = 8000\n" * 999, b"API_PORT = 8001\n" * 1200
MODE = 0o750


@pytest.fixture(params=["exchange", "rename"])
def file(request, tmp_path, monkeypatch) -> Path:
    """A file two folders deep; once with the exchange of names, and once as on systems without it."""
    if request.param == "rename" or writing._exchanger() is None:
        monkeypatch.setattr(writing, "_exchanger", lambda: None)
    place = tmp_path / "some/folder/a.py"
    place.parent.mkdir(parents=True)
    place.write_bytes(OLD)
    place.chmod(MODE)
    return place


def write(file: Path) -> None:
    replace(file.parents[2], "some/folder/a.py", OLD, NEW)


class Calls:
    """Stands for the module `os` in the write path, and does something at the call of a number."""

    def __init__(self, at: int = -1, before: Callable[[], None] | None = None, after: Callable[[], None] | None = None):
        self.names: list[str] = []
        self._at, self._before, self._after = at, before, after

    def __getattr__(self, name: str):
        real = getattr(os, name)
        return self._counted(name, real) if callable(real) and not isinstance(real, type) else real

    def fdopen(self, descriptor: int, mode: str):
        stream = os.fdopen(descriptor, mode)
        return _Stream(stream, self._counted("read", stream.read))

    def exchanger(self):
        real = writing._exchanger()
        return lambda: None if real is None else self._counted("renameat2", real)

    def _counted(self, name: str, real):
        def call(*arguments, **options):
            self.names.append(name)
            is_it = len(self.names) - 1 == self._at
            if is_it and self._before is not None:
                self._before()
            result = real(*arguments, **options)
            if is_it and self._after is not None:
                self._after()
            return result

        return call


class _Stream:
    def __init__(self, stream, read) -> None:
        self._stream, self.read = stream, read

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self._stream.close()


def traced(monkeypatch, calls: Calls):
    monkeypatch.setattr(writing, "_exchanger", calls.exchanger())
    monkeypatch.setattr(writing, "os", calls)


def names_of_calls(file: Path, monkeypatch) -> list[str]:
    """The calls of a whole write, which leaves the file as it was."""
    calls = Calls()
    with monkeypatch.context() as patched:
        traced(patched, calls)
        write(file)
    assert file.read_bytes() == NEW
    file.write_bytes(OLD)
    return [name for name in calls.names if name not in ("fsencode", "fsdecode", "fspath")]


def beside(file: Path) -> list[str]:
    return [each.name for each in file.parent.iterdir() if each != file]


def test_the_write_path_is_what_is_tried(file, monkeypatch):
    calls = names_of_calls(file, monkeypatch)
    assert {"open", "fstat", "lseek", "dup", "read", "write", "fchmod", "fsync", "close"} <= set(calls)
    assert {"renameat2", "unlink"} <= set(calls) or "replace" in calls
    assert stat.S_IMODE(file.stat().st_mode) == MODE


def test_whatever_fails_the_file_is_whole_and_it_is_said(file, monkeypatch):
    def fail() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for number in range(len(names_of_calls(file, monkeypatch)) + 5):
        calls = Calls(number, before=fail)
        with monkeypatch.context() as patched:
            traced(patched, calls)
            try:
                write(file)
                expected = NEW
            except NotWritten as reason:
                assert "No space left on device" in str(reason) or str(reason) == CHANGED
                expected = OLD
        failed = calls.names[number] if number < len(calls.names) else None
        assert file.read_bytes() == expected, (number, failed)
        assert stat.S_IMODE(file.stat().st_mode) == MODE
        left = beside(file)
        assert left == [] or failed == "unlink", (number, failed)
        for name in left:
            (file.parent / name).unlink()
        file.write_bytes(OLD)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_call_the_file_is_old_or_new(file, monkeypatch, when):
    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    seen = set()
    for number in range(len(names_of_calls(file, monkeypatch))):
        child = os.fork()
        if child == 0:
            try:
                traced(monkeypatch, Calls(number, **{when: kill}))
                write(file)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), number
        content = file.read_bytes()
        assert content in (OLD, NEW), number
        assert stat.S_IMODE(file.stat().st_mode) == MODE
        seen.add(content)
        for name in beside(file):
            assert name.startswith(".a.py.")
            (file.parent / name).unlink()
        file.write_bytes(OLD)
    assert seen == {OLD, NEW}


def test_half_a_write_is_gone_on_with(file, monkeypatch):
    real = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:1000]))
        write(file)
    assert file.read_bytes() == NEW


def test_the_disk_is_full(file):
    """The kernel refuses to write on, as it does where there is no space."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        try:
            write(file)
        except NotWritten as reason:
            os._exit(7 if os.strerror(errno.EFBIG) in str(reason) else 1)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert file.read_bytes() == OLD
    assert beside(file) == []


SPOILED = {
    "read-only": lambda file: file.chmod(0o444),
    "one of 2 hard links": lambda file: os.link(file, file.with_name("other.txt")),
    CHANGED: lambda file: file.write_text("API_PORT = 8000  # saved\n"),
    "symbolic link": lambda file: (file.rename(file.with_name("real.txt")), file.symlink_to("real.txt")),
    "cannot be written: No such file": lambda file: file.unlink(),
    "not a regular file": lambda file: (file.unlink(), os.mkfifo(file)),
}


@pytest.mark.parametrize("reason", SPOILED)
def test_a_file_that_cannot_be_replaced_is_named(file, reason):
    SPOILED[reason](file)
    before = sorted((each.name, each.read_bytes() if each.is_file() else b"") for each in file.parent.iterdir())
    with pytest.raises(NotWritten, match=reason):
        write(file)
    after = sorted((each.name, each.read_bytes() if each.is_file() else b"") for each in file.parent.iterdir())
    assert after == before


def test_the_command_says_what_it_left_alone_and_fixes_the_rest(root, portlint):
    for name in ("a.py", "b.py", "c.py"):
        (root / name).write_text("API_PORT = 8000\n")
    (root / "a.py").chmod(0o444)
    os.link(root / "b.py", root / "linked.txt")
    err = portlint("check", "--diff")[2]
    assert "left alone: a.py: it is read-only" in err, "it is told before anything is written"
    code, _, err = portlint("check", "--fix-only")
    assert code == 1
    assert "left alone: a.py: it is read-only" in err
    assert "left alone: b.py: it is one of 2 hard links" in err
    assert (root / "a.py").read_text() == (root / "b.py").read_text() == "API_PORT = 8000\n"
    assert "os.environ" in (root / "c.py").read_text()


def test_a_link_on_the_way_is_not_followed(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a.py").write_bytes(b"old")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/inner").symlink_to("../outside")
    for path in ("inner/a.py", "../outside/a.py"):
        with pytest.raises(NotWritten):
            replace(tmp_path / "tree", path, b"old", b"new")
    assert (tmp_path / "outside/a.py").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "日" * 85])
def test_a_name_as_long_as_names_may_be(tmp_path, name):
    (tmp_path / name).write_bytes(b"old")
    replace(tmp_path, name, b"old", b"new")
    assert (tmp_path / name).read_bytes() == b"new"


# Somebody else writes


def test_an_editor_that_saves_before_the_last_step_wins(file, monkeypatch):
    calls = names_of_calls(file, monkeypatch)
    last = max(number for number, name in enumerate(calls) if name in ("renameat2", "replace"))
    step = calls[last]
    saved = iter([True])

    def save(name: str) -> None:
        if name == step and next(saved, False):
            file.write_bytes(b"saved")

    class Editor(Calls):
        def _counted(self, name, real):
            def call(*arguments, **options):
                # Where names are not exchanged, the file is looked at once more before it is replaced.
                save(step if step == "replace" and name == "fsync" else name)
                return real(*arguments, **options)

            return call

    with monkeypatch.context() as patched:
        traced(patched, Editor())
        with pytest.raises(NotWritten, match=CHANGED):
            write(file)
    assert file.read_bytes() == b"saved"
    assert beside(file) == []


def test_what_cannot_be_put_back_is_kept_and_named(tmp_path, monkeypatch):
    file = tmp_path / "a.py"
    file.write_bytes(OLD)
    times = iter(range(9))

    def exchange(folder: int, one: str, other: str) -> bool:
        if next(times):
            return False
        file.write_bytes(b"saved")
        (tmp_path / one).rename(tmp_path / "new")
        file.rename(tmp_path / one)
        (tmp_path / "new").rename(file)
        return True

    monkeypatch.setattr(writing, "_exchanger", lambda: exchange)
    with pytest.raises(NotWritten, match=r"what was there is in \.a\.py\.") as caught:
        replace(tmp_path, "a.py", OLD, NEW)
    (name,) = beside(file)
    assert str(caught.value).endswith(name)
    assert (tmp_path / name).read_bytes() == b"saved"


@pytest.mark.parametrize("style", STYLES)
def test_no_save_is_lost(tmp_path, style):
    assert writing._exchanger() is not None, "this system cannot exchange two names: it may lose a save"
    assert Race(tmp_path, style).run(60)[0] == 0
