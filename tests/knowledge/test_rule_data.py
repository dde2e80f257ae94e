"""The JSON copies of the rule files say what the YAML says, and one of another state is not used."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from portlint.knowledge import rule_data

SHIPPED = rule_data.rules_folder()
FILES = sorted(path.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob("*.yaml"))


@pytest.fixture
def rules(tmp_path, monkeypatch):
    """A folder of rule files, which each `load` reads anew."""
    monkeypatch.setattr(rule_data, "rules_folder", lambda: tmp_path)
    rule_data.load.cache_clear()
    rule_data._copies.cache_clear()
    yield tmp_path
    rule_data.load.cache_clear()
    rule_data._copies.cache_clear()


def load(name: str) -> object:
    rule_data.load.cache_clear()
    rule_data._copies.cache_clear()
    return rule_data.load(name)


def without_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_data, "parsed", lambda text: pytest.fail("parsed"))


def test_each_shipped_file_has_a_copy_that_is_the_same(rules, monkeypatch):
    shutil.copytree(SHIPPED, rules, dirs_exist_ok=True)
    rule_data.write_copies(rules)
    expected = {name: yaml.load((SHIPPED / name).read_bytes(), yaml.CSafeLoader) for name in FILES}
    without_parsing(monkeypatch)
    assert len(FILES) > 80
    assert {name: load(name) for name in FILES} == expected


def test_a_copy_of_another_state_is_not_used(rules, monkeypatch):
    (rules / "some.yaml").write_text("a: 1\n")
    (rules / "other.yaml").write_text("b: 2\n")
    rule_data.write_copies(rules)
    before = (rules / "some.yaml").stat()
    (rules / "some.yaml").write_text("a: 9\n")
    os.utime(rules / "some.yaml", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert load("some.yaml") == {"a": 9}
    without_parsing(monkeypatch)
    assert load("other.yaml") == {"b": 2}


def test_a_file_that_is_gone_is_missing_whatever_its_copy_says(rules):
    (rules / "some.yaml").write_text("a: 1\n")
    rule_data.write_copies(rules)
    (rules / "some.yaml").unlink()
    with pytest.raises(FileNotFoundError):
        load("some.yaml")
    rule_data.write_copies(rules)
    assert (rules / rule_data.COPIES).read_bytes() == b"{}"


@pytest.mark.parametrize("text", ["80: http\n", "when: 2026-11-21\n", "yes: 1\n", "{1: a, '1': b}\n", "a: .nan\n"])
def test_what_json_cannot_say_is_parsed(text, rules):
    (rules / "some.yaml").write_text(text)
    rule_data.write_copies(rules)
    assert repr(load("some.yaml")) == repr(yaml.safe_load(text))


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink,
        lambda copies: copies.write_bytes(b""),
        lambda copies: copies.write_bytes(copies.read_bytes()[:-9]),
        lambda copies: copies.write_bytes(b'{"some.yaml": 1}'),
        lambda copies: copies.write_bytes(b'{"some.yaml": ["\xff", 1]}'),
    ],
    ids=["gone", "empty", "cut off", "of another shape", "noise"],
)
def test_damage_costs_time_only(damage: Callable[[Path], object], rules):
    (rules / "some.yaml").write_text("a: 1\n")
    rule_data.write_copies(rules)
    damage(rules / rule_data.COPIES)
    assert load("some.yaml") == {"a": 1}


def test_nothing_is_written_by_a_run(root, portlint):
    before = {path: path.stat().st_mtime_ns for path in SHIPPED.rglob("*")}
    assert portlint("check")[0] == 1
    assert {path: path.stat().st_mtime_ns for path in SHIPPED.rglob("*")} == before
