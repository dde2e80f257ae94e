"""The rule files as they are kept between runs: what is read is what stands in them, whatever lies in the cache."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from portlint.knowledge import rule_data

NAMES = sorted(
    str(path.relative_to(rule_data.rules_folder()))
    for path in rule_data.rules_folder().rglob("*.yaml")
    if "catalogue" not in path.parts
)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A folder in which rule files are kept, and nowhere else; each `load` reads anew."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    folder = tmp_path / "kept"
    rule_data.keep_in(folder)
    yield folder
    rule_data.keep_in(None)
    rule_data.load.cache_clear()


def load(name: str) -> object:
    rule_data.load.cache_clear()
    return rule_data.load(name)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_is_the_same(name, kept, monkeypatch):
    first = load(name)
    assert load(name) == first
    rule_data.keep_in(None)
    assert load(name) == first


def test_what_is_kept_is_not_parsed(kept, monkeypatch):
    first = load("names/names.yaml")
    monkeypatch.setattr("portlint.knowledge.rule_data._parsed", lambda path: pytest.fail("parsed"))
    assert load("names/names.yaml") == first


@pytest.mark.parametrize("damage", ["empty", "cut", "a bit", "noise", "link", "folder", "fifo"])
def test_damage_costs_time_only(damage, kept):
    first = load("names/names.yaml")
    (file,) = kept.iterdir()
    data = file.read_bytes()
    file.unlink()
    {
        "empty": lambda: file.write_bytes(b""),
        "cut": lambda: file.write_bytes(data[:-9]),
        "a bit": lambda: file.write_bytes(data[:90] + bytes([data[90] ^ 1]) + data[91:]),
        "noise": lambda: file.write_bytes(os.urandom(200)),
        "link": lambda: file.symlink_to(kept.parent / "gone"),
        "folder": file.mkdir,
        "fifo": lambda: os.mkfifo(file),
    }[damage]()
    assert load("names/names.yaml") == first


def test_a_rule_file_that_changed_is_read_anew(kept, tmp_path, monkeypatch):
    (tmp_path / "some.yaml").write_text("a: 1\n")
    monkeypatch.setattr(rule_data, "rules_folder", lambda: tmp_path)
    assert load("some.yaml") == {"a": 1}
    (tmp_path / "some.yaml").write_text("a: 22\n")
    assert load("some.yaml") == {"a": 22}


def test_what_json_cannot_say_is_not_kept(kept, tmp_path, monkeypatch):
    (tmp_path / "some.yaml").write_text("80: http\n")
    monkeypatch.setattr(rule_data, "rules_folder", lambda: tmp_path)
    assert load("some.yaml") == load("some.yaml") == {80: "http"}
    assert not kept.exists() or not list(Path(kept).iterdir())


def test_beside_the_rules_is_the_first_place(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(rule_data, "rules_folder", lambda: tmp_path)
    (tmp_path / "some.yaml").write_text("a: 1\n")
    assert load("some.yaml") == {"a": 1}
    assert [file.name for file in (tmp_path / "__pycache__").iterdir()] == ["some.yaml.json"]
    assert not kept.exists()
    monkeypatch.setattr("portlint.knowledge.rule_data._parsed", lambda path: pytest.fail("parsed"))
    assert load("some.yaml") == {"a": 1}


def test_where_the_rules_cannot_be_written_the_cache_is_used(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(rule_data, "rules_folder", lambda: tmp_path)
    (tmp_path / "some.yaml").write_text("a: 1\n")
    (tmp_path / "__pycache__").write_text("no folder")
    assert load("some.yaml") == {"a": 1}
    assert [file.name for file in kept.iterdir()] == ["some.yaml.json"]


def test_the_files_of_a_folder_are_kept_together(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(rule_data, "rules_folder", lambda: tmp_path)
    (tmp_path / "some").mkdir()
    (tmp_path / "some/b.yaml").write_text("b: 2\n")
    (tmp_path / "some/a.yaml").write_text("a: 1\n")
    (tmp_path / "some/c.txt").write_text("c: 3\n")

    def load_all():
        rule_data.load_all.cache_clear()
        return list(rule_data.load_all("some").items())

    assert load_all() == [("a.yaml", {"a": 1}), ("b.yaml", {"b": 2})]
    with monkeypatch.context() as patch:
        patch.setattr("portlint.knowledge.rule_data._parsed", lambda path: pytest.fail("parsed"))
        assert load_all() == [("a.yaml", {"a": 1}), ("b.yaml", {"b": 2})]
    (tmp_path / "some/b.yaml").write_text("b: 22\n")
    assert load_all()[1] == ("b.yaml", {"b": 22})
    (tmp_path / "some/a.yaml").unlink()
    assert load_all() == [("b.yaml", {"b": 22})]
    assert len(list(kept.iterdir())) == 1
