"""One expression for all patterns of an ignore file changes nothing of what the file says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlint.walk import ignore
from portlint.walk.ignore import IgnoreFile

LINES = (
    "*.log",
    "!keep.log",
    "/build/",
    "a/**/b",
    "**/c",
    "d/**",
    "*",
    "**",
    "a?c",
    "[ab]x",
    "e/",
    "f/*.py",
    "# x",
    "",
)
PARTS = ("a", "b", "abc", "ax", "build", "c", "d", "e", "f", "x.log", "keep.log", "x.py", "(?P<", "ps_d", "é", "a\nb")
WEIRD = (
    "[(?P<ps_d>/)]",
    "[(?P<ps_d>]/**",
    "[(?P<x>]",
    "(?P<ps_d>x",
    "\\(?P<ps_d>",
    "a|b",
    "(",
    "^",
    "$",
    "x{2}",
    "[z-a]",
)


@given(st.lists(st.sampled_from(LINES + WEIRD), max_size=6), st.lists(st.sampled_from(PARTS), min_size=1, max_size=4))
def test_the_shortcut_says_what_the_patterns_say(lines, parts):
    quick, slow = IgnoreFile("", lines), IgnoreFile("", lines)
    slow._any = None
    for path in ("/".join(parts), "/".join(parts) + "/"):
        assert quick.says(path) == slow.says(path)


def test_all_usual_patterns_have_the_shortcut():
    file = IgnoreFile("", LINES)
    assert file._any is not None
    assert IgnoreFile("", ["*.log", "/a"])._any.search("b.py") is None
    assert IgnoreFile("", ["# x"])._any.search("b.py") is None


@pytest.mark.parametrize(
    "expressions",
    [["^(?P<other>/)a", "^(?P<other>/)b"], ["^a", re.compile("^b", re.IGNORECASE)]],
    ids=["another group", "another flag"],
)
def test_a_pathspec_that_writes_otherwise_is_asked_pattern_by_pattern(expressions):
    assert ignore._any_of([re.compile(each) for each in expressions]) is None
