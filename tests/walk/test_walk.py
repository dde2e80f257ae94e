"""Walk: git's list or the folders, what is never entered, what named paths stand for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from portlint.git.ls_files import begun_here, listing_of
from portlint.walk import folders_of, walk
from portlint.walk.ignore import has_few_wildcards


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def plain(tmp_path):
    """A folder that is no repository."""
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def repository(plain):
    git(plain, "init", "-q")
    return plain


@pytest.fixture(params=["plain", "repository"])
def root(request, plain):
    if request.param == "repository":
        git(plain, "init", "-q")
    return plain


def test_lists_all_files_sorted(root):
    make(root, "b.py", "a/z.py", "a/b/c.py", "Z.py", ".env")
    assert walk(root).files == (".env", "Z.py", "a/b/c.py", "a/z.py", "b.py")


def test_an_empty_tree(root):
    assert walk(root).files == ()


def test_honours_gitignore(root):
    make(root, "a.py", "a.log", "keep.log", "build/x.py", "sub/x.py", "sub/y.py", "sub/build/z.py", "sub/deep/y.py")
    (root / ".gitignore").write_text("*.log\n!keep.log\n/build/\n\n# x.py\n")
    (root / "sub" / ".gitignore").write_text("/y.py\n")
    assert walk(root).files == (
        ".gitignore", "a.py", "keep.log", "sub/.gitignore", "sub/build/z.py", "sub/deep/y.py", "sub/x.py",
    )  # fmt: skip


def test_honours_ignore_where_git_does_not_list(plain):
    make(plain, "a.py", "b.py")
    (plain / ".gitignore").write_text("a.py\n")
    (plain / ".ignore").write_text("!a.py\nb.py\n")
    assert walk(plain).files == (".gitignore", ".ignore", "a.py")


def test_never_enters_git_node_modules_and_virtual_environments(root):
    make(
        root,
        "a.py",
        "node_modules/m/a.js",
        "x/node_modules/b.js",
        "env/pyvenv.cfg",
        "env/lib/a.py",
        ".hg/store",
        "x/b.py",
    )
    assert walk(root).files == ("a.py", "x/b.py")


def test_tracked_and_untracked_files_but_not_deleted_ones(repository):
    make(repository, "tracked.py", "deleted.py", "untracked.py", "folder/gone.py")
    git(repository, "add", "tracked.py", "deleted.py", "folder/gone.py")
    (repository / "deleted.py").unlink()
    (repository / "folder" / "gone.py").unlink()
    (repository / "folder").rmdir()
    make(repository, "folder")
    assert walk(repository).files == ("folder", "tracked.py", "untracked.py")


def test_an_ignored_file_that_is_tracked_counts(repository):
    make(repository, "a.log")
    git(repository, "add", "a.log")
    (repository / ".gitignore").write_text("*.log\n")
    assert walk(repository).files == (".gitignore", "a.log")


def test_an_unmerged_file_is_listed_once(repository):
    (repository / "a.py").write_text("1\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "one")
    git(repository, "branch", "-M", "main")
    git(repository, "checkout", "-qb", "other")
    (repository / "a.py").write_text("2\n")
    git(repository, "commit", "-qam", "two")
    git(repository, "checkout", "-q", "main")
    (repository / "a.py").write_text("3\n")
    git(repository, "commit", "-qam", "three")
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "merge", "-q", "other")
    assert walk(repository).files == ("a.py",)


def test_links_are_counted_not_followed(root, tmp_path):
    make(root, "a.py", "real/b.py")
    make(tmp_path, "outside/secret.py")
    (root / "link.py").symlink_to("a.py")
    (root / "folder").symlink_to("real")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(".")
    found = walk(root)
    assert found.files == ("a.py", "real/b.py")
    assert found.links == 4


def test_repositories_inside_are_not_entered(repository, tmp_path):
    inner = make(tmp_path / "inner", "x.py")
    git(inner, "init", "-q")
    git(inner, "add", ".")
    git(inner, "commit", "-qm", "x")
    git(repository, "submodule", "add", "-q", str(inner), "sub")
    git(tmp_path, "clone", "-q", str(inner), str(repository / "clone"))
    found = walk(repository)
    assert found.files == (".gitmodules",)
    assert found.repositories == 2
    assert walk(repository / "sub").files == ("x.py",)


def test_a_folder_of_a_repository_is_a_tree_of_its_own(repository):
    make(repository, "a.py", "sub/b.py", "sub/c.log")
    (repository / ".gitignore").write_text("*.log\n")
    assert walk(repository / "sub").files == ("b.py",)


@pytest.mark.parametrize("name", ["with space.py", "new\nline.py", "-dash.py", "quote'\".py", "käse.py", "a:b::c.py"])
def test_odd_names(root, name):
    make(root, name)
    assert walk(root).files == (name,)


def test_names_that_are_not_utf_8(root):
    make(root, "caf\udce9.py")
    assert walk(root).files == ("caf\udce9.py",)


def test_variables_that_a_hook_inherits_do_not_lead_to_another_repository(repository, tmp_path, monkeypatch):
    make(repository, "a.py")
    other = make(tmp_path / "other", "b.py")
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert walk(repository).files == ("a.py",)


def test_nothing_that_the_repository_configures_is_run(repository, tmp_path):
    make(repository, "a.py")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "pager.ls-files", "core.sshCommand", "core.editor"):
        git(repository, "config", key, str(program))
    hook = repository / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_bytes(program.read_bytes())
    hook.chmod(0o755)
    assert walk(repository).files == ("a.py",)
    assert not (tmp_path / "was-run").exists()


def test_without_git_the_folders_are_read(repository, monkeypatch):
    make(repository, "a.py", "a.log")
    (repository / ".gitignore").write_text("*.log\n")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert walk(repository).files == (".gitignore", "a.py")


def other_git(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a shell script in the place of git."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_a_git_that_does_not_answer_is_not_waited_for(repository, tmp_path, monkeypatch):
    make(repository, "a.py")
    other_git("exec sleep 60", tmp_path, monkeypatch)
    monkeypatch.setattr("portlint.git.ls_files.GIT_TIMEOUT", 0.2)
    found = walk(repository)
    assert found.files == ("a.py",)
    assert found.notes == ("git did not list the files within 0.2 s: the folders were read instead",)


def test_what_git_lists_is_sorted_out(repository):
    make(repository, "a.py", "sub/b.py", "gone.py", "venv/pyvenv.cfg", "venv/c.py", ".hg/d.py", "\udcff.py")
    (repository / "link.py").symlink_to("a.py")
    os.mkfifo(repository / "pipe")
    git(repository, "init", "-q", "inner")
    git(repository, "add", "gone.py")
    (repository / "gone.py").unlink()
    with closing(listing_of(str(repository))) as listing:
        listed = listing.found()
    assert listed.files == ["a.py", "sub/b.py", "venv/c.py", "venv/pyvenv.cfg", "\udcff.py"]
    assert (listed.links, listed.gone, listed.marks) == (["link.py"], ["gone.py"], ["venv/pyvenv.cfg"])
    assert listed.stamps.keys() == set(listed.files)


@pytest.fixture
def slow_git(tmp_path, monkeypatch):
    """A git that begins, and does nothing more; gives the function that waits for it to begin and tells its number."""
    begun = tmp_path / "begun"
    other_git(f"echo $$ > {begun}.new\nmv {begun}.new {begun}\nexec sleep 600", tmp_path, monkeypatch)

    def process() -> int:
        assert within_seconds(20, begun.exists)
        return int(begun.read_text())

    return process


def within_seconds(seconds: float, is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    return is_so()


def is_gone(process: int) -> bool:
    """Whether there is not even a zombie of a process."""
    return not Path("/proc", str(process)).exists()


def test_a_listing_that_nobody_takes_ends(repository, slow_git, monkeypatch):
    monkeypatch.chdir(repository)
    with begun_here():
        process = slow_git()
    assert is_gone(process)


def test_a_listing_that_has_begun_is_taken_once(repository, tmp_path, monkeypatch):
    make(repository, "sub/a.py")
    git(tmp_path, "init", "-q", "other")
    monkeypatch.chdir(repository / "sub")
    with begun_here():
        other = listing_of(str(tmp_path / "other"))
        first, second = (listing_of(str(repository)) for _ in range(2))
        assert first is not second
    for listing in (first, second):
        assert listing.found().files == ["sub/a.py"]
    assert other.found().files == []


def test_git_ends_when_it_is_too_late(repository, slow_git, monkeypatch):
    monkeypatch.setattr("portlint.git.ls_files.GIT_TIMEOUT", 0.5)
    assert listing_of(str(repository)).found() is None
    assert is_gone(slow_git())


ORPHAN = """
import os, signal, sys
from portlint.git.ls_files import listing_of
listing = listing_of(sys.argv[1])
print(listing._git.pid, flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("is_slow", [True, False])
def test_git_ends_when_its_program_is_killed(is_slow, repository, tmp_path, monkeypatch):
    if is_slow:
        other_git("while :; do sleep 0.1; printf 'a.py\\0'; done", tmp_path, monkeypatch)
    else:
        make(repository, *(f"{'long' * 20}/{number:04}-{'name' * 20}" for number in range(1000)))
    program = [sys.executable, "-c", ORPHAN, str(repository)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        process = Path("/proc", parent.stdout.readline().decode().strip())
        assert is_slow or within_seconds(20, lambda: "pipe" in (process / "wchan").read_text())
        parent.stdin.write(b"\n")
        parent.stdin.flush()
    # Who looks after orphans may leave a zombie.
    stat = process / "stat"
    assert within_seconds(20, lambda: not stat.exists() or b") Z " in stat.read_bytes())


UNHEEDED = """
import signal, sys
from pathlib import Path
from portlint.walk import walk
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print(*walk(Path(sys.argv[1])).files)
"""


@pytest.mark.parametrize(
    ("script", "by_git"),
    [
        ('exec /usr/bin/env -i PATH="${PATH#*:}" git "$@"', True),
        ("printf 'a.py\\0'", True),
        ("printf 'a.py\\0a.l'", False),
        ("echo 'error: bad index' >&2\necho 'fatal: index file corrupt' >&2\nexit 128", False),
    ],
    ids=["git", "another", "cut off", "refused"],
)
def test_git_is_believed_where_nobody_tells_how_it_ended(script, by_git, repository, tmp_path, monkeypatch):
    """Where SIGCHLD is ignored, no status of a child is kept (POSIX.1-2017, _Exit)."""
    make(repository, "a.py", "a.log")
    (repository / ".git/info/exclude").write_text("a.log\n")
    other_git(script, tmp_path, monkeypatch)
    done = subprocess.run([sys.executable, "-c", UNHEEDED, str(repository)], capture_output=True, check=True)
    assert done.stdout == (b"a.py\n" if by_git else b"a.log a.py\n")


def test_a_git_that_closes_its_ends_and_goes_on(repository, tmp_path, monkeypatch):
    other_git("exec >&- 2>&-\nexec sleep 600", tmp_path, monkeypatch)
    monkeypatch.setattr("portlint.git.ls_files.GIT_TIMEOUT", 0.5)
    listing = listing_of(str(repository))
    assert listing.found() is None
    assert listing.notes == ["git did not list the files within 0.5 s: the folders were read instead"]


def test_a_git_that_was_killed_costs_its_list(repository, slow_git):
    make(repository, "a.py")
    listing = listing_of(str(repository))
    os.kill(slow_git(), signal.SIGKILL)
    assert listing.found() is None
    assert not listing.notes  # git failed, as it may for many reasons


def test_git_is_never_looked_for_in_the_tree(repository, tmp_path, monkeypatch):
    """A PATH may say where, seen from where the user stands."""
    make(repository, "a.py", "bin/git")
    (repository / "bin/git").write_text(f"#!/bin/sh\ntouch {tmp_path / 'run'}\n")
    (repository / "bin/git").chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("PATH", f"bin{os.pathsep}{os.environ['PATH']}")
    listed = listing_of(str(repository)).found()
    assert listed is not None
    assert "a.py" in listed.files
    assert not (tmp_path / "run").exists()


def test_without_another_process_the_folders_are_read(repository, monkeypatch):
    def refused(*_, **__):
        raise BlockingIOError

    make(repository, "a.py")
    monkeypatch.setattr("portlint.git.ls_files.Popen", refused)
    assert walk(repository).files == ("a.py",)


def test_an_interruption_ends_git(repository, slow_git, monkeypatch):
    processes = []

    def interrupted(*_, **__):
        processes.append(slow_git())
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        walk(repository)
    assert processes
    assert all(map(is_gone, processes))


def test_excludes(root):
    make(root, "a.py", "gen/a.py", "gen/b/c.py", "x/gen/d.py", "b.min.js")
    assert walk(root, exclude=["/gen/", "*.min.js"]).files == ("a.py", "x/gen/d.py")


def test_named_paths_narrow_what_is_reported(root):
    make(root, "a.py", "b.py", "sub/c.py", "sub/d/e.py")
    found = walk(root, [str(root / "a.py"), str(root / "sub" / "d")])
    assert found.files == ("a.py", "b.py", "sub/c.py", "sub/d/e.py")
    assert found.reported == {"a.py", "sub/d/e.py"}
    assert walk(root, [str(root)]).reported is None
    assert walk(root).reported is None


def test_named_paths_are_seen_from_the_working_directory(root, monkeypatch):
    make(root, "a.py", "sub/c.py")
    monkeypatch.chdir(root / "sub")
    assert walk(root, ["c.py", "../a.py"]).reported == {"a.py", "sub/c.py"}
    assert walk(root, ["."]).reported == {"sub/c.py"}


def test_a_named_path_may_be_excluded_or_ignored(root):
    make(root, "gen/a.py", "gen/b.py", "a.log", "logs/b.log")
    (root / ".gitignore").write_text("*.log\n")
    named = [str(root / name) for name in ("gen/a.py", "a.log", "logs")]
    found = walk(root, named, exclude=["gen/"])
    assert found.reported == {"gen/a.py", "a.log", "logs/b.log"}
    assert set(found.files) == {".gitignore", "gen/a.py", "a.log", "logs/b.log"}
    assert walk(root, [str(root / "gen")], exclude=["gen/"]).reported == {"gen/a.py", "gen/b.py"}


def test_force_exclude_holds_for_named_paths(root):
    make(root, "gen/a.py", "gen/b.py", "c.py")
    named = [str(root / name) for name in ("gen/a.py", "gen", "c.py")]
    found = walk(root, named, exclude=["gen/"], force_exclude=True)
    assert found.reported == {"c.py"}
    assert found.empty == ()


def test_named_paths_that_are_not_there_or_elsewhere_or_empty(root, tmp_path):
    make(root, "a.py")
    (root / "nothing").mkdir()
    gone, nothing, elsewhere = str(root / "gone.py"), str(root / "nothing"), str(tmp_path)
    found = walk(root, [gone, nothing, elsewhere])
    assert (found.missing, found.empty, found.outside) == ((gone,), (nothing,), (elsewhere,))
    assert found.reported == frozenset()


def test_a_named_link_is_not_followed_unless_it_is_a_folder_of_the_tree(root, tmp_path):
    make(root, "a.py", "sub/b.py")
    (root / "link.py").symlink_to("a.py")
    (root / "folder").symlink_to("sub")
    (root / "out").symlink_to(tmp_path)
    found = walk(root, [str(root / "link.py"), str(root / "folder")])
    assert found.reported == {"sub/b.py"}
    assert walk(root, [str(root / "out")]).outside == (str(root / "out"),)


def test_the_root_may_be_named_through_a_link(root, tmp_path):
    make(root, "sub/a.py")
    (tmp_path / "way").symlink_to(root)
    assert walk(root, [str(tmp_path / "way" / "sub" / "a.py")]).reported == {"sub/a.py"}
    assert folders_of([str(tmp_path / "way")]) == [root]


def test_the_folders_of_what_is_named(root, monkeypatch):
    make(root, "a/b/c.py", "a/d.py")
    assert folders_of([str(root / "a/b/c.py"), str(root / "a/d.py"), str(root / "a")]) == [root / "a/b", root / "a"]
    monkeypatch.chdir(root)
    assert folders_of([]) == folders_of(["gone.py"]) == [root]


def test_nothing_but_what_is_named(root):
    make(root, "a/b.py", "a/c.py", "d.py", "e.py")
    found = walk(root, [str(root / "a"), str(root / "d.py")], only_named=True)
    assert found.files == ("a/b.py", "a/c.py", "d.py")
    assert walk(root, [str(root)], only_named=True).files == ("a/b.py", "a/c.py", "d.py", "e.py")


@pytest.mark.parametrize(
    ("pattern", "few"),
    [
        ("*.py[cod]", True),
        ("**/build/*.o", True),
        ("/packages/*/node_modules/", True),
        ("report.[0-9]*.[0-9]*.[0-9]*.[0-9]*.json", False),
        ("*a*a*a*a*a*a*ab", False),
        ("**/a/**/a/**/a", False),
        ("x" * 501, False),
    ],
)
def test_which_patterns_may_backtrack(pattern, few):
    assert has_few_wildcards(pattern) is few


def test_patterns_with_many_wildcards_work_and_come_to_an_end(plain):
    name = "a" * 200
    make(plain, f"{name}.py", "ab/x.py", "a1a2a3a4a5a6ab/x.py", "report.1.2.3.4.json", "report.json", "b.log")
    make(plain, f"{'deep/' * 200}a.py")
    (plain / ".gitignore").write_text(
        f"*a*a*a*a*a*ab/\n{'**/deep/' * 12}b.py\nreport.[0-9]*.[0-9]*.[0-9]*.[0-9]*.json\n*.log\n"
    )
    found = walk(plain)
    assert found.files == (".gitignore", f"{name}.py", "ab/x.py", f"{'deep/' * 200}a.py", "report.json")
    assert found.notes == ()


def test_patterns_that_are_no_patterns(plain):
    make(plain, "a.py", "b.log")
    (plain / ".gitignore").write_bytes(b"!\n///\n[\n\xff\xfe\n*.log\n")
    found = walk(plain)
    assert found.files == (".gitignore", "a.py")
    assert found.notes[0] == ".gitignore: the pattern '!' is not valid"


def test_an_ignore_file_that_is_a_link_is_not_read(plain, tmp_path):
    make(plain, "a.py")
    (tmp_path / "patterns").write_text("*.py\n")
    (plain / ".gitignore").symlink_to(tmp_path / "patterns")
    found = walk(plain)
    assert found.files == ("a.py",)
    assert found.notes == (".gitignore is not applied: a symbolic link, which is not followed",)


def test_a_tree_deeper_than_the_stack(plain):
    folder = os.open(plain, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(os.open("x.py", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)
    try:
        assert walk(plain).files == ("d/" * 1500 + "x.py",)
    finally:
        subprocess.run(["rm", "-rf", plain / "d"], check=True)  # what clears up temporary folders recurses


def test_a_folder_that_cannot_be_read_is_named(plain, monkeypatch):
    make(plain, "a.py", "locked/b.py", "open/c.py")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = walk(plain)
    assert found.files == ("a.py", "open/c.py")
    assert found.closed == (("locked", "cannot be read: Permission denied"),)
    assert walk(plain, [str(plain / "open")]).reported == {"open/c.py"}


def test_a_folder_that_git_cannot_read_is_named(repository, tmp_path, monkeypatch):
    make(repository, "a.py")
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\nprintf 'a.py\\0'\necho \"warning: could not open directory 'locked/': Permission denied\" >&2\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    found = walk(repository)
    assert found.files == ("a.py",)
    assert found.closed == (("locked", "cannot be read: Permission denied"),)


def test_without_git_an_ignored_description_of_services_still_counts(tmp_path: Path) -> None:
    """Nobody can tell whether such a file is tracked all the same; what a build made of it is left alone."""
    for name in ("kept/compose.yaml", "kept/app.py", "build/compose.yaml", "app.py"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("x")
    (tmp_path / ".gitignore").write_text("kept/\nbuild/\n")
    found = walk(tmp_path, keep=lambda path: path.endswith("compose.yaml"))
    assert found.files == (".gitignore", "app.py", "kept/compose.yaml")
