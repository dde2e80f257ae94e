"""The limit of nesting is ours, whatever limit libyaml has, and holds at the same place."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from portlint.syntax.yaml.events import DEEPEST, NotYaml, TooDeep, YamlError, events

NESTED = {
    "lists": (lambda depth: "[" * depth, DEEPEST),
    "lists that end": (lambda depth: "[" * depth + "]" * depth, DEEPEST),
    "lists of a line each": (lambda depth: "[\n" * depth, DEEPEST * 2),
    "mappings": (lambda depth: "{a: " * depth, DEEPEST * 4),
    "dashes": (lambda depth: "- " * depth + "a", DEEPEST * 2),
    "keys": (lambda depth: "".join(" " * level + "a:\n" for level in range(depth)), sum(range(DEEPEST + 3, 3, -1))),
    "lists in an anchored one": (lambda depth: "&a [" + "[" * (depth - 1), DEEPEST + 3),
    "lists behind letters of several bytes": (lambda depth: "é: " + "[" * (depth - 1), DEEPEST - 1 + 3),
    "lists in the second document": (lambda depth: "a\n---\n" + "[" * depth, DEEPEST + 6),
}  # fmt: skip
TOO_MANY = [DEEPEST + 1, 999, 1000, 1001, 1002, 2000]
"""levels; libyaml 0.2.6 takes 1,000"""


@pytest.mark.parametrize("depth", TOO_MANY)
@pytest.mark.parametrize(("nested", "at"), NESTED.values(), ids=NESTED.keys())
def test_too_deep_is_told_where_the_level_begins(nested, at: int, depth: int) -> None:
    with pytest.raises(TooDeep) as told:
        list(events(nested(depth)))
    assert told.value.start == at


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_as_deep_as_allowed(opening: str) -> None:
    closing = {"[": "]", "{a: ": "}", "- ": "1"}[opening]
    text = opening * DEEPEST + closing * (1 if opening == "- " else DEEPEST)
    assert len(list(events(text))) > 2 * DEEPEST


@pytest.mark.parametrize(
    ("text", "reason", "at"),
    [
        ("[" * 1010 + "@", "found character that cannot start any token", 1010),
        ("a: 1\n" + "[" * 1010 + "\n", "could not find expected ':'", 5 + 1010 + 1),
        ("[ ]]" + "[" * 1010, "did not find expected <document start>", 3),
    ],
)
def test_a_mistake_that_the_scanner_meets_before_the_events_is_told_first(text: str, reason: str, at: int) -> None:
    with pytest.raises(NotYaml) as told:
        list(events(text))
    assert told.value.problem == reason
    assert told.value.start == at


@pytest.mark.parametrize("before", ["", "a: ", "é: 🍰 "], ids=["nothing", "ascii", "letters of several bytes"])
def test_the_place_of_a_character_that_is_not_allowed_is_told_in_characters(before: str) -> None:
    with pytest.raises(NotYaml) as told:
        list(events(f"{before}\x07"))
    assert (told.value.problem, told.value.start) == (
        "control characters are not allowed (character 0x07)",
        len(before),
    )


@given(st.text("[]{}:,- a\n'\"#&*!|\té", max_size=30))
def test_otherwise_the_events_are_those_of_the_parser(text: str) -> None:
    def taken(parse) -> list[object]:
        found: list[object] = []
        try:
            found += [(repr(event), event.start_mark.index, event.end_mark.index) for event in parse(text)]
        except YamlError as error:
            found.append((error.start, str(error)))
        except yaml.MarkedYAMLError as error:
            assert error.problem_mark is not None
            found.append((error.problem_mark.index, f"not valid YAML: {error.problem}"))
        return found

    assert taken(events) == taken(lambda text: yaml.parse(text, Loader=yaml.CSafeLoader))
