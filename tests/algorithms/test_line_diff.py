"""Which lines are new: laws that hold for any two texts, and what a person expects of small ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlint.algorithms.line_diff import changed_lines

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "  d", "e é"]), max_size=30)


def text(lines: list[str], ending: str = "\n") -> bytes:
    return "".join(f"{line}{ending}" for line in lines).encode()


def is_subsequence(part: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(line in rest for line in part)


@given(LINES, LINES)
def test_what_is_not_new_stood_there_before_in_the_same_order(old, new):
    changed = changed_lines(text(old), text(new))
    assert changed <= set(range(1, len(new) + 2)), "what follows the last line feed is a line, too"
    assert is_subsequence([line for number, line in enumerate(new, 1) if number not in changed], [*old, ""])


@given(LINES)
def test_the_same_text_has_no_new_lines_whatever_its_line_ends(lines):
    assert changed_lines(text(lines), text(lines)) == set()
    assert changed_lines(text(lines), text(lines, "\r\n")) == set()


@given(LINES, LINES, LINES)
def test_only_what_is_inserted_is_new(before, inserted, after):
    changed = changed_lines(text(before + after), text(before + inserted + after))
    assert len(changed) <= len(inserted)


@given(st.lists(st.integers(), unique=True, max_size=30), st.data())
def test_lines_that_occur_once_are_found_wherever_others_were_put(lines, data):
    """Between lines that are all different, exactly the other ones are new."""
    old = list(map(str, lines))
    new: list[str] = []
    for line in old:
        new += ["new"] * data.draw(st.integers(0, 2)) + [line]
    assert changed_lines(text(old), text(new)) == {number for number, line in enumerate(new, 1) if line == "new"}


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("a b c", "a x c", {2}),
        ("a b c", "a c", set()),
        ("", "a b", {1, 2}),
        ("a } b }", "a } x } b }", {3, 4}),
        ("a b c d", "c d a b", {1, 2}),
    ],
)
def test_small_texts(old, new, changed):
    assert changed_lines(text(old.split()), text(new.split())) == changed


def test_a_comparison_of_long_texts_of_few_lines_comes_to_an_end():
    """A comparison of each line with each would take minutes: the test would not end."""
    old = text(["}", ""] * 100_000)
    assert {1, 200_002} <= changed_lines(old, b"x\n" + old + b"y\n")
    assert changed_lines(text(["}", "a", ""] * 50_000), text(["", "}", "b"] * 50_000))
