"""A user's own rule files: ours are right, and each mistake is one line with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from portlint.extract import extract
from portlint.extract.python.rule_files import faults
from portlint.knowledge import rule_data

MISTAKES = [
    ("- a\n", ["1:1: a rule file is a mapping with calls, lookups or options"]),
    ("", ["1:1: holds no rules"]),
    ("cals:\n  a.b: {port: [0, port]}\n", ['1:1: unknown key "cals"; did you mean "calls"?']),
    ("calls:\n  depot.open: {prot: [0, port], port: [0, port]}\n", ['2:16: unknown key "prot"; did you mean "port"?']),
    ("calls:\n  depot.open: {port: 0}\n", ["2:22: port is [position, keyword], either of them null: [1, port]"]),
    (
        "calls:\n  depot.open: {port: [null, null]}\n",
        ["2:22: port is [position, keyword], either of them null: [1, port]"],
    ),
    ("calls:\n  depot.open: {role: bind}\n", ["2:3: depot.open needs address or port or ports or url"]),
    ("calls:\n  depot.open: {port: [0, port], role: bnd}\n", ['2:39: role is bind or connect; did you mean "bind"?']),
    ("calls:\n  open: {port: [0, port]}\n", ['2:3: "open" is no dotted path of a call, such as redis.Redis']),
    ("lookups:\n  depot.read: {name: [0, key]}\n", ["2:3: depot.read needs name and value"]),
    (
        "calls:\n  depot.open: {port: [0, port], role: bind, default: {port: 0}}\n",
        ["2:54: default is a port, an address (localhost, 0.0.0.0 or *), or both: {port: PORT, address: localhost}"],
    ),
    (
        "calls:\n  depot.open: {port: [0, port], role: bind, default: [0, port]}\n",
        ["2:54: default is a port, an address (localhost, 0.0.0.0 or *), or both: {port: PORT, address: localhost}"],
    ),
    ("calls:\n  depot.open: {port: [0, port], listens: false}\n", ["2:33: listens is for a call with role bind"]),
    ("calls:\n  depot.open: {port: [0, port], role: bind, listens: true}\n", ["2:54: listens is false, or left out"]),
    (
        "calls:\n  depot.open: {port: [0, port], role: bind, when: {argument: [0, way]}}\n",
        ["2:51: when is an argument and its values: {argument: [0, transport], values: [http]}"],
    ),
    ("objects:\n  depot.made: Depot\n", ['2:15: "Depot" is no dotted path of a call, such as redis.Redis']),
    ("calls: [\n", None),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_is_one_line(text: str, expected: list[str] | None) -> None:
    found = faults("depot.yaml", text.encode())
    if expected is None:
        assert len(found) == 1 and found[0].startswith("depot.yaml:")
    else:
        assert list(found) == [f"depot.yaml:{line}" for line in expected]


@pytest.mark.parametrize("name", rule_data.names("python"))
def test_our_own_files_have_no_mistake(name: str) -> None:
    assert faults(name, (rule_data.rules_folder() / name).read_bytes()) == ()


def test_a_users_rules_are_used() -> None:
    code = b"import depot\n\nline = depot.open_gate('north', 8000)\n"
    rules = (("mine.yaml", b"calls:\n  depot.open_gate: {port: [1, at], role: bind}\n"),)
    assert [x.port for x in extract("a.py", code).literals] == []
    assert [(x.port, x.role) for x in extract("a.py", code, rules).literals] == [(8000, "bind")]
    assert [x.port for x in extract("a.py", code).literals] == []


def test_a_mistake_ends_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from portlint.cli import main

    (tmp_path / "mine.yaml").write_text("calls:\n  depot.open: {prot: [0, port], port: [0, port]}\n")
    (tmp_path / "portlint.toml").write_text('rules = ["mine.yaml"]\n')
    assert main(["ports", str(tmp_path)]) == 2
    assert 'mine.yaml:2:16: unknown key "prot"' in capsys.readouterr().err
