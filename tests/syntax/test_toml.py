"""The scanner of TOML: values with their paths and places, what is no TOML, and the lines of keys."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlint.syntax.toml import DEEPEST, MAX_PARTS, TooDeep, TooManyParts, key_lines, load, scan

VALUES = [
    ("a = 1\n[t.u]\nb = 'x'", [("a", "1"), ("t.u.b", "x")]),
    ("a = [1, 'x', # 2\n [3]]", [("a", "1"), ("a", "x"), ("a", "3")]),
    ("a = { b.c = 1, d = [ { e = 2 }, { f = 3 } ] }", [("a.b.c", "1"), ("a.d.e", "2"), ("a.d.f", "3")]),
    ('a = """x\n\\"""y"""\nb = 1', [("a", 'x\n\\"""y'), ("b", "1")]),
    ('a = """x""""\nb = """"y"""""\nc = 1', [("a", 'x"'), ("b", '"y""'), ("c", "1")]),
    ("a = '''x'''''\nb = 1", [("a", "x''"), ("b", "1")]),
    ("a = 'open\nb = 1", [("a", "open"), ("b", "1")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_values(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(".".join(value.path), text[value.start : value.end]) for value in scan(text).values] == expected


def test_items_of_one_array_belong_together() -> None:
    assert [value.array for value in scan("a = [1, 2]\nb = 3\nc = [4]").values] == [1, 1, None, 2]


def test_quoted_parts_of_headers() -> None:
    text = "[a.\"h:80\".b]\n[['c d']]"
    assert [(h.path, text[h.start : h.end]) for h in scan(text).headers] == [(("a",), "h:80"), ((), "c d")]


def test_comments() -> None:
    text = "# one\na = '#no' # two\n[t] # three"
    assert [text[start:end] for start, end in scan(text).comments] == ["# one", "# two", "# three"]


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("a = 'open\nb = \"open", 4, "a quote that is not closed on its line"),
        ("a\nb = 1", 0, 'a key without "="'),
        ("= 1", 0, 'unexpected "="'),
        ("a = ]", 4, 'unexpected "]"'),
        ("a = [1", 5, "unexpected end of file, an array is open"),
        ("a = { b = 1", 10, "unexpected end of file, an table is open"),
        ('a = """x', 4, "unexpected end of file, a string is open"),
        ("a = " + "[" * (DEEPEST + 1), 4 + DEEPEST, f"values nested deeper than {DEEPEST}"),
    ],
)
def test_the_first_mistake_is_told(text: str, at: int, reason: str) -> None:
    assert scan(text).fault == (at, reason)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb = 2", {("a",): 1, ("b",): 2}),
        ("a.b = 1", {("a",): 1, ("a", "b"): 1}),
        ("\"a\" . 'b c' = 1", {("a",): 1, ("a", "b c"): 1}),
        ("\n[t]\na = 1\n[u.v]", {("t",): 2, ("t", "a"): 3, ("u",): 4, ("u", "v"): 4}),
        ("[[t]]\na = 1\n[[t]]\na = 2", {("t",): 1, ("t", "a"): 2}),
        ("a = [\n 1, # b = 2\n 'c = 3',\n]\nd = 4", {("a",): 1, ("d",): 5}),
        (
            "a = { b = 1, c = [ { d = 2 } ] }\ne = 3",
            {("a",): 1, ("a", "b"): 1, ("a", "c"): 1, ("a", "c", "d"): 1, ("e",): 2},
        ),
        ('a = """\nb = 1\n\\""" c = 2\n""""\nd = 3', {("a",): 1, ("d",): 5}),
        ("a = '''\nb = 1\n''\n'''\nd = 3", {("a",): 1, ("d",): 5}),
        ('a = \'\'\nb = ""\nc = "\\""\nd = 4', {("a",): 1, ("b",): 2, ("c",): 3, ("d",): 4}),
        ("a = 'open\nb = 2", {("a",): 1}),
        ('a = """open\nb = 2', {("a",): 1}),
        ("a = 1979-05-27T07:32:00.5Z\nb = +1.5e3", {("a",): 1, ("b",): 2}),
    ],
)
def test_lines_of_keys(text: str, expected: dict[tuple[str, ...], int]) -> None:
    assert key_lines(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '"' + '\\"' * 120_000,
        '"""' + '\\"""' * 60_000,
        "'''" + "''x" * 80_000,
        "a" * 250_000,
        "[" * 250_000,
        "=" * 250_000,
        "x = [" + '"\\' * 120_000,
        "x = '\"" + '\\"' * 120_000,
    ],
)
def test_the_scan_is_linear(text: str) -> None:
    assert len(key_lines(text)) <= 1


def test_a_key_of_too_many_parts_stops_the_scan() -> None:
    assert key_lines(".".join("a" * MAX_PARTS) + " = 1")
    with pytest.raises(TooManyParts):
        key_lines("\n" + ".".join("a" * (MAX_PARTS + 1)))


@pytest.mark.parametrize(
    "text",
    [
        "[" + ".".join("a" * MAX_PARTS) + "]\nb = 1",
        "a = " + "{ b = " * MAX_PARTS + "1" + " }" * MAX_PARTS,
    ],
    ids=["header and key", "inline tables"],
)
def test_the_tables_around_a_key_count(text: str) -> None:
    with pytest.raises(TooManyParts) as told:
        key_lines(text)
    assert told.value.line == text.count("\n") + 1


def test_what_stands_behind_a_mistake_is_not_looked_at() -> None:
    assert key_lines("x = 'open\n" + ".".join("a" * (MAX_PARTS + 1)) + " = 1\ny = " + "[" * 1000) == {("x",): 1}


def test_the_lines_of_a_text_that_is_nested_too_deep_are_not_known() -> None:
    assert key_lines("a = " + "[" * DEEPEST + "]" * DEEPEST) == {("a",): 1}
    with pytest.raises(TooDeep):
        key_lines("a = " + "[" * (DEEPEST + 1))


def test_values_and_lines_of_a_document() -> None:
    assert load("a = 1\n[b]\nc = [2]") == ({"a": 1, "b": {"c": [2]}}, {("a",): 1, ("b",): 2, ("b", "c"): 3})


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (".".join("a" * 50_000) + " = 1", TooManyParts),
        ("a = " + "[" * 50_000, TooDeep),
        ("a = 1\na = 2", tomllib.TOMLDecodeError),
    ],
)
def test_what_tomllib_is_not_asked_and_what_it_refuses(text: str, error: type[ValueError]) -> None:
    with pytest.raises(error):
        load(text)


def _routes(table: Any, above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    found = set()
    if isinstance(table, dict):
        for key, value in table.items():
            found |= {(*above, key)} | _routes(value, (*above, key))
    elif isinstance(table, list):
        for item in table:
            found |= _routes(item, above)
    return found


KEY = st.sampled_from(["a", "b-1", "'c d'", '"e.f"', "a . b", "1.2", '""'])
ATOM = st.sampled_from(
    [
        "1", "-1.5e3", "true", "1979-05-27 07:32:00", "''", '""', "'#'", '"\\""', "'''\n'''''",
        '"""\\"""""""', '"""a\\\n b"""', "0x1F",
    ]
)  # fmt: skip
VALUE = st.recursive(
    ATOM,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[ # c\n" + " ,\n".join(items) + "\n]")
        | st.lists(st.tuples(KEY, inner), max_size=2).map(
            lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=6,
)
LINE = (
    st.tuples(KEY, VALUE).map(" = ".join)
    | KEY.map(lambda key: f"[{key}] # c")
    | KEY.map(lambda key: f" [[ {key} ]]")
    | st.sampled_from(["", "# c = 1"])
)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINE, max_size=6).map("\n".join))
def test_what_tomllib_reads_is_no_mistake_and_its_keys_are_known(text: str) -> None:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert scan(text).fault is None
    assert set(key_lines(text)) == _routes(table)
