"""The baseline: what it accepts, what it survives, and how it is kept."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlint.check.baseline import counted, pruned, read, written
from portlint.errors import UserError
from portlint.model import BASELINE_FILE as FILE
from portlint.model import NOWHERE, Finding
from support.commandline import codes, fill
from support.gitrepo import GitRepository

USE = ("check", "--baseline", FILE, "--output-format", "jsonl")
keys = st.tuples(
    st.text(max_size=8),
    st.sampled_from(["PORT101", "PORT401"]),
    st.text(max_size=8).map(lambda text: text.replace("[", "(")),
    st.none() | st.integers(1, 65535),
)


@given(st.dictionaries(keys, st.integers(1, 5), max_size=8))
def test_what_is_written_is_read(counts):
    text = written(counts)
    baseline = read("b.json", text.encode())
    assert baseline.counts == counts
    assert written(baseline.counts) == text
    rows = text.splitlines()
    for key, span in baseline.places.items():
        path, code, subject, port = key
        entry = {"path": path, "code": code, "subject": subject, "port": port, "count": counts[key]}
        assert json.loads(text[span.start : span.end]) == entry
        assert rows[span.line - 1].strip(" ,") == text[span.start : span.end]
    paths = [json.loads(row.strip(" ,"))["path"] for row in rows if row.startswith("    {")]
    assert paths == sorted(paths)


def test_other_layouts_are_read_with_their_places():
    one = '{"path":"é","code":"PORT101","subject":"","port":1,"count":2}'
    other = '{"count":1,"path":"b","code":"PORT101","subject":"s","port":null}'
    text = f'{{"entries":[{one}\n,{other}],"version":1}}'
    baseline = read("b.json", text.encode())
    assert {key[0]: (span.line, span.column) for key, span in baseline.places.items()} == {"é": (1, 13), "b": (2, 2)}


ENTRY = '{"path": "a", "code": "PORT101", "subject": "", "port": 1, "count": 1}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "b.json:1: the baseline is not JSON"),
        ('{\n"version": 1,,\n}', "b.json:2: the baseline is not JSON"),
        ("[" * 100_000, "b.json:1: the baseline is not JSON"),
        ("[]", 'no list "entries"'),
        ('{"version": 2, "entries": []}', "version 2"),
        ('{"version": 1, "entries": [\n' + ENTRY + ',\n{"path": "a"}]}', "b.json:3: an entry"),
        ('{"version": 1, "entries": [' + ENTRY.replace('"a"', "3") + "]}", "b.json:1: path, code and subject"),
        ('{"version": 1, "entries": [' + ENTRY.replace('"port": 1', '"port": true') + "]}", "b.json:1: path, code"),
        ('{"version": 1, "entries": [' + ENTRY.replace('"count": 1', '"count": 0') + "]}", "b.json:1: count"),
    ],
)
def test_what_is_no_baseline_is_the_users_mistake(text, said):
    with pytest.raises(UserError, match=said):
        read("b.json", text.encode())


def test_pruning_adds_nothing():
    finding = Finding(rule="PORT101", path="a", span=NOWHERE, message="", port=1)
    now = counted([finding, finding])
    key = next(iter(now))
    assert pruned({key: 3, ("b", "PORT101", "", 1): 1}, now) == {key: 2}
    assert pruned({}, now) == {}


def test_old_findings_are_accepted_and_new_ones_count(root, portlint):
    assert portlint("baseline", "create")[0] == 0
    code, out, err = portlint(*USE)
    assert (code, out) == (0, "")
    assert "accepted by the baseline" in err
    fill(root, {"new.py": "API_PORT = 8000\n"})
    code, out, _ = portlint(*USE)
    assert (code, codes(out)) == (1, [("new.py", "PORT101")])


def test_inserted_lines_another_order_and_a_subfolder_make_no_difference(root, portlint, monkeypatch):
    portlint("baseline", "create")
    for name in ("app/main.py", ".env"):
        lines = (root / name).read_text().splitlines()
        (root / name).write_text("\n\n# new\n" + "\n".join(reversed(lines)) + "\n")
    fill(root, {"portlint.toml": f'baseline = "{FILE}"\n'})
    assert portlint("check")[:2] == (0, "")
    monkeypatch.chdir(root / "app")
    assert portlint("check")[:2] == (0, "")
    before = (root / FILE).read_bytes()
    assert portlint("baseline", "update")[0] == 0
    assert (root / FILE).read_bytes() == before


def test_a_second_finding_of_the_same_kind_counts(root, portlint):
    fill(root, {"s.sh": "curl localhost:8000\n"})
    portlint("baseline", "create")
    fill(root, {"s.sh": "curl localhost:8000\ncurl localhost:8000\n"})
    code, out, _ = portlint(*USE)
    assert (code, codes(out)) == (1, [("s.sh", "PORT101")])


def test_an_entry_that_nothing_needs_is_reported_and_pruned(root, portlint):
    portlint("baseline", "create")
    fill(root, {"app/main.py": 'import os\nPORT = int(os.getenv("API_PORT", "8000"))\n', "n.py": "API_PORT = 8000\n"})
    code, out, _ = portlint(*USE)
    assert code == 1
    assert sorted(codes(out)) == [("n.py", "PORT101"), (FILE, "PORT903")]
    assert portlint(*USE, "app/ok.py")[:2] == (0, ""), "only the reported files are judged"
    assert codes(portlint(*USE, "--select", "PORT101,PORT903")[1]) == [("n.py", "PORT101")], "only rules that ran"
    assert "1 taken out" in portlint("baseline", "prune")[2]
    assert codes(portlint(*USE)[1]) == [("n.py", "PORT101")], "pruning accepts nothing"
    assert "1 new" in portlint("baseline", "update")[2]
    assert portlint(*USE)[:2] == (0, "")


def test_places_in_lists_make_no_difference(root, portlint):
    head, ports = (
        "services:\n  redis:\n    image: redis:7\n    ports:\n",
        ['    - "6379:6379"\n', '    - "9999:6380"\n'],
    )
    fill(root, {"compose.yaml": head + "".join(ports)})
    portlint("baseline", "create")
    fill(root, {"compose.yaml": head + '    - "443:443"\n' + "".join(reversed(ports))})
    assert portlint(*USE)[:2] == (0, "")


@pytest.fixture
def git(root, portlint):
    """The working directory, committed with its baseline."""
    git = GitRepository(root)
    fill(root, {"pkg/late.py": "".join(f"x{number} = {number}\n" for number in range(9)) + "api_port = 8000\n"})
    portlint("baseline", "create")
    git.commit()
    return git


def moves(git: GitRepository) -> None:
    (git.root / "other").mkdir(exist_ok=True)
    git("mv", "pkg/late.py", "other/late.py")
    git("mv", ".env", "local.env")


@pytest.mark.parametrize("committed", [False, True])
def test_a_file_that_git_sees_moved_is_the_same(git, portlint, committed):
    moves(git)
    fill(git.root, {"other/late.py": "# new\n" + (git.root / "other/late.py").read_text()})
    git("add", ".")
    if committed:
        git.commit()
    assert portlint(*USE)[:2] == (0, "")
    assert "0 taken out" in portlint("baseline", "prune")[2]
    paths = {json.loads(row.strip(" ,"))["path"] for row in (git.root / FILE).read_text().splitlines()[3:-2]}
    assert {"other/late.py", "local.env"} <= paths
    assert not {"pkg/late.py", ".env"} & paths
    assert portlint(*USE)[:2] == (0, "")


def test_a_file_that_moved_before_the_baseline_changed(git, portlint):
    """The commit that the names are as of is the last one of the baseline, which another change may have made."""
    moves(git)
    git.commit()
    git("mv", "other/late.py", "other/later.py")
    git.commit({"n.py": "API_PORT = 8000\n"})
    portlint("baseline", "update")
    git.commit()
    git("mv", "other/later.py", "pkg.py")
    assert portlint(*USE)[:2] == (0, "")


def test_a_file_that_is_gone_is_stale_and_a_new_one_of_its_name_is_not_the_moved_one(git, portlint):
    moves(git)
    fill(git.root, {"pkg/late.py": "api_port = 8000\n"})
    code, out, _ = portlint(*USE)
    assert (code, [each for each in codes(out) if each[1] != "PORT903"]) == (1, [("other/late.py", "PORT101")])
    (git.root / "other/late.py").unlink()
    git("rm", "-q", "--cached", "other/late.py")
    (git.root / "pkg/late.py").unlink()
    assert codes(portlint(*USE)[1]) == [(FILE, "PORT903")]


def test_without_git_a_moved_file_is_another_one(git, portlint, monkeypatch):
    moves(git)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert {code for _, code in codes(portlint(*USE)[1])} >= {"PORT903", "PORT101"}


@pytest.mark.parametrize("action", ["create", "update", "prune"])
def test_nothing_is_written_outside_of_the_tree_or_through_a_link(root, portlint, action, tmp_path):
    text = '{"version": 1, "entries": []}'
    fill(tmp_path, {"outside.json": text, "folder/b.json": text})
    (root / "link.json").symlink_to(tmp_path / "outside.json")
    (root / "linked").symlink_to(tmp_path / "folder")
    force = ["--force"] * (action == "create")
    for name in (str(tmp_path / "outside.json"), "../outside.json", "link.json", "linked/b.json", "linked/new.json"):
        code, _, err = portlint("baseline", action, "--baseline", name, *force)
        assert code == 2, name
        assert err.count("\n") == 1
    assert (tmp_path / "outside.json").read_text() == (tmp_path / "folder/b.json").read_text() == text
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == ["b.json"]


def test_a_baseline_is_written_whole_or_not_at_all(root, portlint, monkeypatch):
    portlint("baseline", "create")
    before = (root / FILE).read_bytes()
    fill(root, {"n.py": "API_PORT = 8000\n"})
    listing = sorted(root.iterdir())

    def full(*_):
        raise OSError(28, "No space left on device")

    for name, action in (("new.json", "create"), (FILE, "update")):
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            code, _, err = portlint("baseline", action, "--baseline", name)
        assert code == 2
        assert "No space left" in err
        assert (root / FILE).read_bytes() == before
        assert sorted(root.iterdir()) == listing


def test_a_file_that_is_there_is_not_replaced(root, portlint):
    portlint("baseline", "create")
    code, _, err = portlint("baseline", "create")
    assert code == 2
    assert "portlint baseline update" in err
    assert portlint("baseline", "create", "--force")[0] == 0


def test_a_baseline_that_is_not_there_is_the_users_mistake(root, portlint):
    for arguments in (("check", "--baseline", "no.json"), ("baseline", "prune"), ("baseline", "update")):
        code, out, err = portlint(*arguments)
        assert (code, out) == (2, "")
        assert "baseline" in err or FILE in err
    assert portlint("baseline", "crate")[0] == 2


def test_the_ports_in_a_baseline_are_not_judged(root, portlint):
    portlint("baseline", "create", "--baseline", "accepted.json")
    code, out, _ = portlint("check", "--baseline", "accepted.json", "--output-format", "jsonl")
    assert (code, out) == (0, "")


def test_fixes_do_not_touch_what_is_accepted(root, portlint):
    fill(root, {"n.py": "API_PORT = 8000\n"})
    portlint("baseline", "create")
    portlint("check", "--fix", "--baseline", FILE)
    assert (root / "n.py").read_text() == "API_PORT = 8000\n"
