"""Our reader of env files against python-dotenv: the same names with the same values."""

from __future__ import annotations

import io
import re

import pytest
from dotenv.parser import parse_stream
from hypothesis import given, settings
from hypothesis import strategies as st

from portlint.syntax.dotenv import Assignment, lines

Pairs = list[tuple[str, str | None]]
_ESCAPES = {'"': re.compile(r"\\([\\'\"abfnrtv])"), "'": re.compile(r"\\([\\'])")}
_MEANINGS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def ours(text: str) -> Pairs:
    data = text.encode()
    out: Pairs = []
    for item in lines(data.decode("latin-1")):
        if isinstance(item, Assignment):
            value = data[item.value_start : item.value_end].decode()
            before = data[item.value_start - 1 : item.value_start].decode("latin-1")
            behind = data[item.value_end : item.value_end + 1].decode("latin-1")
            if before in _ESCAPES and before == behind:
                value = _ESCAPES[before].sub(lambda m: _MEANINGS.get(m[1], m[1]), value)
            name = data[item.name_start : item.name_end].decode()
            out.append((name, value if item.has_value else None))
    return out


def theirs(text: str) -> Pairs:
    bindings = list(parse_stream(io.StringIO(text, newline="")))
    assert not any(binding.error for binding in bindings)
    return [(binding.key, binding.value) for binding in bindings if binding.key is not None]


NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True).filter(lambda name: name != "export")
QUOTED_NAME = NAME.map(lambda name: f"'{name} x'")
PIECE = st.sampled_from(
    ["8000", "a", ":", "/", "=", "#", "$X", "${X:-80}", "\u00e9", "\\n", '\\"', "'", ",", "-", "  ", "http://h:80"]
)
UNQUOTED = st.lists(PIECE, max_size=5).map("".join).map(str.strip).filter(lambda v: v[:1] not in ("'", '"', "#", "$"))
INSIDE = st.lists(
    st.sampled_from(["8000", " # x", "\n", "\r\n", "\\\\", "\\n", "\\t", "a b", "=", "\u00e9", "KEY=1"]), max_size=5
).map("".join)
QUOTED = (
    INSIDE.map(lambda v: f'"{v}"')
    | INSIDE.map(lambda v: f"'{v}'")
    | st.sampled_from(['"a\\"b"', "'a\\'b'", '"\'"', "'\"'"])
)
EQUALS = st.sampled_from(["=", " = ", "= ", " =", "\t=\t"])
COMMENT = st.sampled_from(["", " # behind: 7000", "   #x", " "])
EXPORT = st.sampled_from(["", "", "export ", "  export\t", "  "])
NEWLINE = st.sampled_from(["\n", "\r\n", "\n\n", "\n  \n"])
OTHER = st.sampled_from(["# a comment = 7000", "  # indented", "", "BARE", "export BARE", "BARE # x"])


def assignment(export: str, name: str, equals: str, value: str, comment: str) -> str:
    return export + name + equals + value + (comment if value else "")


LINE = OTHER | st.builds(assignment, EXPORT, NAME | QUOTED_NAME, EQUALS, UNQUOTED | QUOTED, COMMENT)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(LINE, NEWLINE), max_size=8))
def test_generated_files(rows: list[tuple[str, str]]) -> None:
    text = "".join(line + newline for line, newline in rows)
    assert ours(text) == theirs(text)


WRITTEN = [
    "PORT=8000",
    "\ufeffPORT=8000\r\nB=1\r\n",
    "A=1\rB=2\r",
    "A= # nothing",
    "A=#kept",
    "A=8000#kept",
    "A=8000 #dropped # twice",
    "A='it\\'s'\nB=\"x\\\"y\"",
    'A="line\nPORT=8000\n"\nB=2',
    "A=b=c==",
    "A=x'y\"z",
    "export A",
    "exported=1",
    "'A B'=1",
    "A=" + " " * 1000 + "8000" + " " * 1000,
]


@pytest.mark.parametrize("text", WRITTEN)
def test_written_files(text: str) -> None:
    assert ours(text) == theirs(text)
