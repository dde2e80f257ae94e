"""The baseline: what it accepts, what it survives, and how it is kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commandline import codes, fill
from portlint.check.baseline import counted, pruned, read, written
from portlint.errors import UserError
from portlint.model import BASELINE_FILE as FILE
from portlint.model import NOWHERE, Finding

USE = ("check", "--baseline", FILE, "--output-format", "jsonl")
keys = st.tuples(
    st.text(max_size=8), st.sampled_from(["PORT101", "PORT401"]), st.text(max_size=8), st.none() | st.integers(1, 65535)
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
