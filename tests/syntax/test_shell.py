"""The words, redirections and operators of command lines, with their places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlint.syntax.shell import parse

PIECES = (
    "a", "2", "12", "=", "x=", " ", "\t", "\n", "\r\n", "\\\n", "\\", "'", '"', "`", "$", "$(", "${", "}", "(", ")",
    "((", "))", ";", "&", "|", "<", "<<", "EOF", ">", "#", "\x00", "é", "\xa0",
)  # fmt: skip


def told(text: str, comments: bool = True) -> list[tuple[list[str], list[str], str]]:
    script = parse(text, comments=comments)
    return [
        ([word.text for word in each.words], [word.text for word in each.redirections], each.operator)
        for each in script.commands
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b\n", [(["a", "b"], [], "\n")]),
        ("a \\\n  b  ", [(["a", "b"], [], "")]),
        ("a b2 >c 2>d 34 56>e 789>f", [(["a", "b2", "34", "789"], ["c", "d", "e", "f"], "")]),
        ("a&>b;c&d", [(["a"], ["b"], ";"), (["c"], [], "&"), (["d"], [], "")]),
        ("a#b #c\nd", [(["a#b"], [], "\n"), (["d"], [], "")]),
        ("p=(1 2)", [(["p=", "1", "2"], [], ""), (["p="], [], "")]),
        ("p(){ :; }", [(["p"], [], "("), (["{", ":"], [], ";"), (["}"], [], "")]),
        ("a'b' c", [(["a\0b\0", "c"], [], "")]),
        ("caf\xc3\xa9\xa0x", [(["caf\xc3\xa9\xa0x"], [], "")]),
    ],
)
def test_commands(text, expected):
    assert told(text) == expected


def test_a_text_that_is_no_script_has_no_comments():
    assert told("a #b", comments=False) == [(["a", "#b"], [], "")]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_each_word_has_the_length_of_its_place(text):
    for command in parse(text).commands:
        for word in (*command.words, *command.redirections):
            assert len(word.text) == word.end - word.start
            assert all(ours in ("\0", theirs) for ours, theirs in zip(word.text, text[word.start :], strict=False))
