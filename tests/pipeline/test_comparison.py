"""`check --since` and `--staged`: what is reported of a change, what is looked at, and what git is asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.commandline import codes, fill
from support.gitrepo import GitRepository

REGISTRY = "ports:\n  api: {default: 8000, env_var: API_PORT}\n  docs: {default: 8001, env_var: DOCS_PORT}\n"
BAD = "API_PORT = 8000\n"
GOOD = "x = 1\n"
DOCS = 'import os\nport = int(os.getenv("DOCS_PORT", "8001"))\n'


@pytest.fixture
def git(root, monkeypatch):
    """The working directory as a repository with one commit: a registry, an old finding, a file without any."""
    shutil.rmtree(root)
    git = GitRepository(root)
    monkeypatch.chdir(root)
    git.commit({"ports.yaml": REGISTRY, "old.py": BAD, "docs.py": DOCS, "good.py": GOOD})
    return git


@pytest.fixture
def found(portlint):
    """The findings that `check` reports: path, code and line."""

    def run(*arguments: str) -> list[tuple[str, str, int]]:
        code, out, err = portlint("check", "--output-format", "jsonl", *arguments)
        assert code in (0, 1), err
        return [(each["path"], each["code"], each["line"]) for each in map(json.loads, out.splitlines())]

    return run


# What a change touches


def test_only_new_lines_are_reported(git, found):
    assert found() == [("old.py", "PORT101", 1)]
    assert found("--since", "HEAD") == []
    fill(git.root, {"old.py": f"{GOOD}{BAD}api_port = 8000\n", "new.py": BAD})
    assert found("--since", "HEAD") == [("new.py", "PORT101", 1), ("old.py", "PORT101", 3)]
    git.commit()
    assert found("--since", "HEAD") == []
    assert found("--since", "HEAD~1") == [("new.py", "PORT101", 1), ("old.py", "PORT101", 3)]


def test_what_a_change_breaks_elsewhere_is_reported(git, found):
    fill(git.root, {"ports.yaml": REGISTRY.replace("8001", "8002")})
    assert found("--since", "HEAD") == [("docs.py", "PORT103", 2)]


def test_what_the_removal_of_a_line_breaks_is_reported(git, found):
    service = "    image: w\n    expose: [8080]\n"
    files = {"compose.yaml": f"services:\n  web:\n{service}", "nginx.conf": "server { proxy_pass http://web:8080; }\n"}
    git.commit(files)
    everything = ("--since", "HEAD", "--select", "PORT301")
    assert found(*everything) == []
    fill(git.root, {"compose.yaml": "services:\n  web:\n    image: w\n    expose: [9000]\n"})
    assert found(*everything) == [("nginx.conf", "PORT301", 1)]


def test_a_line_that_only_moves_is_not_reported(git, found):
    fill(git.root, {"old.py": f"# new\n\n{BAD}", "ports.yaml": f"# new\n{REGISTRY}"})
    assert found("--since", "HEAD") == []


def test_other_line_ends_are_no_change(git, found):
    fill(git.root, {"old.py": BAD.replace("\n", "\r\n")})
    assert found("--since", "HEAD") == []


def test_a_second_finding_of_the_same_kind_is_the_new_one(git, found):
    git.commit({"s.sh": "curl localhost:8000\necho\n"})
    fill(git.root, {"s.sh": "curl localhost:8000\ncurl localhost:8000\necho\n"})
    assert len(found("--since", "HEAD", "--select", "PORT101")) == 1


def test_a_suppression_that_is_taken_away_is_noticed(git, found):
    git.commit({"a.py": f"# portlint: ignore-next-line\n{BAD}"})
    fill(git.root, {"a.py": BAD})
    assert found("--since", "HEAD") == [("a.py", "PORT101", 1)]


def test_a_renamed_file_is_the_same_file(git, found):
    long = "".join(f"x{number} = {number}\n" for number in range(20))
    git.commit({"a/before.py": long + BAD})
    (git.root / "b").mkdir()
    git("mv", "a/before.py", "b/after.py")
    assert found("--since", "HEAD") == []
    assert found("--staged") == []
    with (git.root / "b/after.py").open("a") as stream:
        stream.write("api_port = 8000\n")
    assert found("--since", "HEAD") == [("b/after.py", "PORT101", 22)]


def test_deleted_files(git, found):
    (git.root / "old.py").unlink()
    unused = [("ports.yaml", "PORT508", 2)]
    assert found("--since", "HEAD") == unused
    git("rm", "-q", "--cached", "old.py")
    assert found("--since", "HEAD") == found("--staged") == unused
    fill(git.root, {"old.py": BAD})
    assert found("--since", "HEAD") == [], "it is there again, as it was"


def test_named_paths_narrow_a_change(git, found):
    fill(git.root, {"a.py": BAD, "b/c.py": BAD})
    assert found("--since", "HEAD", "b") == [("b/c.py", "PORT101", 1)]


def test_a_subfolder_and_the_root_give_the_same(git, portlint, monkeypatch):
    fill(git.root, {"b/c.py": BAD})
    monkeypatch.chdir(git.root / "b")
    code, out, _ = portlint("check", "--since", "HEAD", "--output-format", "concise")
    assert (code, out.partition(" ")[0]) == (1, "c.py:1:12:")


def test_fixes_are_applied_to_the_change_alone(git, portlint):
    fill(git.root, {"new.py": BAD})
    assert portlint("check", "-q", "--since", "HEAD", "--fix")[0] == 0
    assert "os.environ" in (git.root / "new.py").read_text()
    assert (git.root / "old.py").read_text() == BAD


PIECES = st.lists(
    st.sampled_from([BAD, GOOD, "docs_port = 8001\n", "\n", "# é\n", "y = 2\n", "port = 9999\n"]), max_size=6
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["a.py", "b.py", "c/d.py"]), st.tuples(PIECES, PIECES), min_size=1))
def test_nothing_new_is_hidden_and_nothing_untouched_is_told(git, found, files):
    """What is reported is among all findings; those on new lines are reported; and their number never falls short of
    what the change added."""
    git.commit({path: "".join(before) for path, (before, _) in files.items()})
    before = found()
    assert found("--since", "HEAD") == []
    fill(git.root, {path: "".join(after) for path, (_, after) in files.items()})
    after, reported = found(), found("--since", "HEAD")
    assert set(reported) <= set(after)
    assert len(reported) >= len(after) - len(before)
    for path, (old, new) in files.items():
        if old == new:
            assert not [each for each in reported if each[0] == path]


# What is staged


def test_what_is_staged_is_looked_at_as_it_is_staged(git, found, portlint):
    fill(git.root, {"good.py": BAD})
    git("add", "good.py")
    fill(git.root, {"good.py": GOOD, "old.py": f"{BAD}api_port = 8000\n", "new.py": BAD})
    assert found("--staged") == [("good.py", "PORT101", 1)]
    out = portlint("check", "--staged")[1]
    assert "1 | API_PORT = 8000" in out, "the line that is shown is the staged one"
    fill(git.root, {"good.py": BAD})
    git("add", "good.py")
    (git.root / "good.py").unlink()
    assert found("--staged") == found("--staged", "good.py") == [("good.py", "PORT101", 1)]
    assert found("--staged", "new.py") == [], "it is not staged"


def test_registry_and_settings_are_the_staged_ones(git, found):
    fill(git.root, {"ports.yaml": REGISTRY.replace("8001", "8002")})
    assert found("--staged") == []
    git("add", ".")
    fill(git.root, {"ports.yaml": REGISTRY, "portlint.toml": 'ignore = ["PORT103"]\n'})
    assert found("--staged") == [("docs.py", "PORT103", 2)]
    git("add", "portlint.toml")
    assert found("--staged") == []


def test_the_first_commit(tmp_path, monkeypatch, found, portlint):
    git = GitRepository(tmp_path / "new")
    monkeypatch.chdir(git.root)
    fill(git.root, {"ports.yaml": REGISTRY, "a.py": BAD})
    assert found("--staged") == []
    git("add", ".")
    assert found("--staged", "a.py") == [("a.py", "PORT101", 1)]
    code, _, err = portlint("check", "--since", "HEAD")
    assert (code, err) == (2, 'portlint: error: there is no commit "HEAD": the repository has none yet\n')


def test_a_file_that_was_only_announced_is_not_staged(git, found):
    fill(git.root, {"new.py": BAD})
    git("add", "-N", "new.py")
    assert found("--staged") == []
    assert found("--since", "HEAD") == [("new.py", "PORT101", 1)]


def test_a_merge_that_is_not_finished(git, found, portlint):
    git("checkout", "-q", "-b", "other")
    git.commit({"good.py": "x = 2\n"})
    git("checkout", "-q", "main")
    git.commit({"good.py": f"x = 3\n{BAD}"})
    git("merge", "other", code=1)
    code, _, err = portlint("check", "--staged")
    assert (code, err) == (2, "portlint: error: good.py: is not merged yet, and so nothing can be committed\n")
    assert ("old.py", "PORT101", 1) not in found("--since", "HEAD")


@pytest.mark.parametrize("how", [("-a",), ("good.py",), ()], ids=["all", "one file", "index"])
def test_a_hook_looks_at_what_is_about_to_be_committed(git, how):
    """`git commit -a` and `git commit FILE` make an index of their own for it."""
    hook = git.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m portlint check --staged -q --output-format concise\n')
    hook.chmod(0o755)
    fill(git.root, {"docs.py": f"{DOCS}{BAD}"})
    git("add", "docs.py")
    fill(git.root, {"good.py": BAD})
    done = subprocess.run(["git", "commit", "-m", "x", *how], cwd=git.root, capture_output=True, text=True)
    names = {line.partition(":")[0] for line in (done.stdout + done.stderr).splitlines() if ": PORT" in line}
    assert done.returncode == 1
    assert names == {(): {"docs.py"}, ("good.py",): {"good.py"}, ("-a",): {"docs.py", "good.py"}}[how]


def test_fixes_and_what_is_staged_do_not_go_together(git, portlint):
    for flag in ("--fix", "--diff", "--fix-only"):
        code, _, err = portlint("check", "--staged", flag)
        assert code == 2
        assert "--since HEAD" in err


# Which commit is meant


def test_a_branch_point(git, found):
    git("checkout", "-q", "-b", "topic")
    git.commit({"topic.py": BAD})
    git("checkout", "-q", "main")
    git.commit({"old.py": GOOD})
    git("checkout", "-q", "topic")
    assert found("--since", "main...HEAD") == found("--since", "main...") == [("topic.py", "PORT101", 1)]
    assert found("--since", "main") == [("old.py", "PORT101", 1), ("topic.py", "PORT101", 1)], "as `git diff main`"
    assert found("--since", "main..HEAD") == found("--since", "main")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mian", 'there is no commit "mian"; did you mean "main"?'),
        ("HEAD~9", 'there is no commit "HEAD~9": the history of HEAD does not reach it'),
        ("a\nb", 'there is no commit "a\\nb"'),
        ("--help", 'there is no commit "--help"'),
        ("HEAD...other", '"HEAD...other": the files are compared as they lie here'),
        ("lonely...HEAD", '"lonely...HEAD": the two have no commit in common'),
        ("", 'there is no commit ""'),
    ],
)
def test_a_commit_that_is_not_there(git, portlint, name, said):
    git("branch", "other", git.commit({"a.py": GOOD}))
    git.commit({"b.py": GOOD})
    git("checkout", "-q", "--orphan", "lonely")
    git.commit()
    git("checkout", "-q", "main")
    for flag in ("--since", "--policy-from"):
        code, out, err = portlint("check", f"{flag}={name}")
        assert (code, out) == (2, "")
        assert err.startswith(f"portlint: error: {said}")
        assert err.count("\n") == 1


def test_a_shallow_clone_is_named(git, tmp_path, monkeypatch, portlint):
    git.commit({"a.py": GOOD})
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth=1", git.root.as_uri(), clone], check=True, capture_output=True)
    monkeypatch.chdir(clone)
    code, _, err = portlint("check", "--since", "HEAD~1")
    assert code == 2
    assert "this clone is shallow" in err
    assert portlint("check", "--since", "HEAD")[:2] == (0, "")


def test_what_a_partial_clone_lacks_counts_as_new(git, tmp_path, monkeypatch, found):
    git.commit({"other.py": BAD})
    git("config", "uploadpack.allowFilter", "true")
    clone, source = tmp_path / "clone", git.root.as_uri()
    command = ["git", "clone", "-q", "--filter=blob:none", source, clone]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.chdir(clone)
    subprocess.run(["git", "rm", "-q", "--cached", "good.py"], check=True)
    assert found("--since", "HEAD") == []
    fill(clone, {"old.py": f"{BAD}api_port = 8000\n"})
    assert found("--since", "HEAD") == [("old.py", "PORT101", 2)]
    git.commit({"old.py": GOOD})
    subprocess.run(["git", "fetch", "-q", "--filter=blob:none"], check=True, capture_output=True)
    assert ("old.py", "PORT101", 1) in found("--since", "origin/main")


def test_a_repository_that_git_cannot_read(git, portlint):
    (git.root / ".git/index").write_bytes(b"broken")
    for flag in (("--since", "HEAD"), ("--staged",)):
        code, _, err = portlint("check", *flag)
        assert (code, err.count("\n")) == (2, 1)
        assert err.startswith("portlint: error: git ")


def test_no_repository_and_no_git(tmp_path, monkeypatch, portlint, git):
    monkeypatch.chdir(tmp_path)
    for flags in (("--staged",), ("--since", "HEAD"), ("--policy-from", "HEAD")):
        code, _, err = portlint("check", *flags)
        assert (code, err) == (2, f"portlint: error: {tmp_path} is not in a git repository\n")
    monkeypatch.chdir(git.root)
    monkeypatch.setenv("PATH", "/nonexistent")
    code, _, err = portlint("check", "--staged")
    assert code == 2
    assert err.startswith("portlint: error: git cannot be run")


def test_staged_and_since_do_not_go_together(git, portlint):
    assert portlint("check", "--staged", "--since", "HEAD")[0] == 2


# What git is asked


def test_nothing_that_the_repository_configures_is_run(git, found, tmp_path):
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\ncat\n")
    program.chmod(0o755)
    names = ("core.fsmonitor", "core.pager", "diff.external", "diff.x.textconv", "filter.x.clean", "filter.x.process")
    for key in (*names, "gpg.program", "core.sshCommand"):
        git("config", key, str(program))
    git("config", "log.showSignature", "true")
    fill(git.root, {".git/info/attributes": "* filter=x diff=x\n", "docs.py": DOCS + BAD})
    os.utime(git.root / ".git/index", (1, 1))  # older than the files, so that git compares what they hold
    found("--since", "HEAD")
    found("--staged")
    found("--since", "HEAD", "--policy-from", "HEAD")
    assert not (tmp_path / "was-run").exists()


def test_names_of_any_bytes(git, found):
    names = ["new\nline.py", "caf\udce9.py", "-leading.py", 'qu"ote\t.py']
    git.commit(dict.fromkeys(names, BAD))
    assert found("--since", "HEAD") == []
    fill(git.root, dict.fromkeys(names, f"{BAD}api_port = 8000\n"))
    reported = found("--since", "HEAD")
    assert len(reported) == len(names)
    assert {line for _, _, line in reported} == {2}
    git("add", ".")
    assert found("--staged") == reported


def test_links_and_submodules_are_no_files(git, found, tmp_path):
    inner = GitRepository(tmp_path / "inner")
    inner.commit({"a.py": BAD})
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.root), "sub")
    (git.root / "link.py").symlink_to("old.py")
    git("add", ".")
    assert found("--since", "HEAD") == found("--staged") == []
    inner_copy = GitRepository(git.root / "sub")
    inner_copy.commit({"a.py": GOOD})
    (git.root / "link.py").unlink()
    assert found("--since", "HEAD") == found("--staged") == []


def test_a_file_that_cannot_be_checked_is_told_where_it_is_new(git, found):
    git.commit({"odd.py": "API_PORT = (\n"})
    assert found("--since", "HEAD") == []
    fill(git.root, {"odd.py": "API_PORT = ((\n"})
    assert [each[:2] for each in found("--since", "HEAD")] == [("odd.py", "PORT901")]


def test_the_summary_tells_what_was_compared(git, portlint):
    fill(git.root, {"new.py": BAD})
    code, out, err = portlint("check", "--since", "main", "--output-format", "json")
    base = git("rev-parse", "HEAD").strip()
    assert f"portlint: since main ({base[:12]}): 1 changed file; 1 finding elsewhere not shown\n" in err
    change = json.loads(out)["change"]
    assert change == {
        "since": "main",
        "commit": base,
        "files": ["new.py"],
        "hidden": 1,
        "policy_from": None,
        "policy": [],
    }
    assert json.loads(portlint("check", "--output-format", "json")[1])["change"] is None
    assert code == 1
    assert codes(portlint("check", "--since", "main", "--output-format", "jsonl")[1]) == [("new.py", "PORT101")]


def test_the_cache_does_not_take_staged_content_for_that_on_disk(git, found):
    fill(git.root, {"good.py": BAD})
    git("add", ".")
    fill(git.root, {"good.py": GOOD})
    for _ in range(2):
        assert found("--staged") == [("good.py", "PORT101", 1)]
        assert found("--since", "HEAD") == []


def test_where_portlint_runs_in_a_linked_work_tree(git, tmp_path, monkeypatch, found):
    git("worktree", "add", "-q", str(tmp_path / "tree"))
    monkeypatch.chdir(tmp_path / "tree")
    fill(Path.cwd(), {"new.py": BAD})
    assert found("--since", "main") == [("new.py", "PORT101", 1)]
