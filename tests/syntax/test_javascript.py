"""The tokens of JavaScript: what each is, where it stands, and which is the first on its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlint.syntax.javascript import tokens

PIECES = (
    "a", "$b", "é", "\xa0", " ", "\t", "\n", "\r\n", "//c\n", "/*c*/", "/", "http://h:1/", "12", ".5", "1e9", "0x1F",
    '"s"', "'s'", '"', "'", "`t`", "`", "${", "}", "{", "(", ")", "=>", "...", "?.", "??", "||", "+=", "\\",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a \t\xa0b  ", ["> name a", "name b"]),
        ("a\n /* x */ b", ["> name a", "> comment /* x */", "> name b"]),
        ("a // x\nb", ["> name a", "comment // x", "> name b"]),
        ("a.5 1_000n 0x1F", ["> name a", "number .5", "number 1_000n", "number 0x1F"]),
        ("x/2/y", ["> name x", "sign /", "number 2", "sign /", "name y"]),
        ("=/2/.z", ["> sign =", "regex /2/", "sign .", "name z"]),
        ("http://h:1 b", ["> name http", "sign :", "string //h:1", "name b"]),
        ("`a${1}`", ["> sign ${", "number 1", "sign }", "string a\0\0\0\0"]),
        ("a?.b ?? c", ["> name a", "sign ?.", "name b", "sign ??", "name c"]),
    ],
)
def test_tokens(text, expected):
    assert [f"{'> ' * token.fresh}{token.kind} {token.text}" for token in tokens(text)] == expected


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_each_token_stands_where_it_says(text):
    for token in tokens(text):
        assert len(token.text) == token.end - token.start
        if token.kind != "string":
            assert text[token.start : token.end] == token.text
