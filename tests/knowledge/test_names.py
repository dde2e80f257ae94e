"""The word lists of `rules/names/`: each stands in it once, and each list's examples are decided by that list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from portlint.check import variables
from portlint.extract.scan import text, values
from portlint.extract.scan.port_bounds import names_limit
from portlint.extract.scan.text import find
from portlint.extract.scan.values import find_in_value
from portlint.knowledge import identifiers, rule_data
from portlint.knowledge.identifiers import (
    entry_vocabulary,
    is_address_name,
    is_host_variable,
    is_port_name,
    is_secret_name,
    words,
)
from portlint.registry import load_registry
from portlint.registry.importers import repository
from portlint.resolve.entries import Entries, generic_words, scheme_words

NAMES, ENTRY_NAMES = "names/names.yaml", "names/entry-names.yaml"
LISTS = [(file, key) for file in (NAMES, ENTRY_NAMES) for key in rule_data.load(file)]


def has_address(piece: str) -> bool:
    return bool(find_in_value("address", piece))


def has(key: str, name: str) -> bool:
    """Whether one of the name's words stands in the list, which is all that the rules ask of it."""
    return not entry_vocabulary(key).isdisjoint(words(name))


def is_redis(name: str) -> bool:
    """Whether a registry's entry `redis` is meant for sure."""
    registry, _ = load_registry("ports.yaml", b"ports: {redis: {default: 6379}}")
    return Entries(registry, lambda word: None).named(name).sure


DECIDED: Mapping[str, tuple[Callable[[str], bool], bool]] = {
    "port": (is_port_name, True),
    "fused": (is_port_name, True),
    "count": (is_port_name, False),
    "count_before_plural": (is_port_name, False),
    "limits": (names_limit, True),
    "secret": (is_secret_name, True),
    "not_before": (is_port_name, False),
    "not_after": (is_port_name, False),
    "address": (is_address_name, True),
    "not_host": (has_address, False),
    "top_level_domains": (lambda piece: bool(find(piece)), True),
    "file_endings": (has_address, False),
    "host_variables": (is_host_variable, True),
    "generic": (is_redis, True),
    "schemes": (lambda name: set(words(name)) <= generic_words() | scheme_words(), True),
    "platform_variables": (repository._is_service_variable, False),
    "qualifiers": (lambda name: variables._core(name) == {"redis"}, True),
    "inside": (partial(has, "inside"), True),
    "roles": (partial(has, "roles"), True),
    "address_words": (lambda name: {"backend"} in variables._cores(name), True),
    "of_any_program": (lambda name: variables._core(name) <= entry_vocabulary("of_any_program"), True),
    "proxies": (partial(has, "proxies"), True),
    "no_names": (partial(has, "no_names"), True),
    "folders_of_programs": (partial(has, "folders_of_programs"), True),
}
"""list: what it decides about a name or a text, and the answer for its hits"""


def forget() -> None:
    """What was remembered while a list had other words."""
    for remembered in (identifiers.vocabulary, entry_vocabulary, words, is_port_name, is_address_name, is_secret_name):
        remembered.cache_clear()
    text._is_host_name.cache_clear()
    values._known.cache_clear()


@pytest.fixture
def without(monkeypatch):
    """A function that empties a list until the end of the test."""

    def empty(file: str, key: str) -> None:
        load, data = rule_data.load, rule_data.load(file)
        changed: dict[str, Any] = {**data, key: {**data[key], "words": []}}
        monkeypatch.setattr(rule_data, "load", lambda name: changed if name == file else load(name))
        forget()

    yield empty
    forget()


def test_each_list_decides_something():
    assert {key for _, key in LISTS} == DECIDED.keys()


@pytest.mark.parametrize(("file", "key"), LISTS, ids=[key for _, key in LISTS])
def test_a_word_stands_in_a_list_once(file, key):
    listed = rule_data.load(file)[key]["words"]
    assert sorted(set(listed)) == sorted(listed)


@pytest.mark.parametrize(("file", "key"), LISTS, ids=[key for _, key in LISTS])
def test_the_list_decides_about_its_hits_and_not_about_its_near_misses(file, key, without):
    decide, answer = DECIDED[key]
    hits, near_misses = rule_data.load(file)[key]["hits"], rule_data.load(file)[key]["near_misses"]
    given = {name: decide(name) for name in (*hits, *near_misses)}
    assert given == dict.fromkeys(hits, answer) | dict.fromkeys(near_misses, not answer)
    without(file, key)
    assert {name: decide(name) for name in (*hits, *near_misses)} == dict.fromkeys(given, not answer)
