"""YAML as it is written: values, byte offsets behind letters of several bytes, and what is kept of a broken text."""

from __future__ import annotations

import pytest

from portlint.syntax.yaml.events import DEEPEST, NotYaml, TooDeep
from portlint.syntax.yaml.exact import Exact, read_exactly
from portlint.syntax.yaml.kinds import kind_of
from portlint.syntax.yaml.nodes import AliasNode, MappingNode, Node, ScalarNode, lookup, value_of


def scalars(node: Node) -> list[ScalarNode]:
    if isinstance(node, ScalarNode):
        return [node]
    if isinstance(node, AliasNode):
        return []
    below = [part for pair in node.pairs for part in pair] if isinstance(node, MappingNode) else list[Node](node.items)
    return [scalar for each in below for scalar in scalars(each)]


def read(text: str) -> Exact:
    return read_exactly(text.encode())


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("22:22", "22:22", "int"), ("8000", "8000", "int"), ("'8000'", "8000", "str"), ("1.5", "1.5", "float"),
        ('"a\\tb\n  c"', "a\tb c", "str"), ("|\n  a\n  b\n", "a\nb\n", "str"), (">-\n  a\n  b\n", "a b", "str"),
        ("é ü", "é ü", "str"), ("", "", "null"), ("~", "~", "null"), ("'~'", "~", "str"), ("yes", "yes", "bool"),
        ("2001-01-01", "2001-01-01", "timestamp"), ("! 1", "1", "str"), ("!!int '1'", "1", "int"),
        ("!own 1", "1", "str"), ("&a 1", "1", "int"),
    ],
)  # fmt: skip
def test_values_and_kinds(text: str, value: str, kind: str) -> None:
    node = lookup(read(f"k: {text}").documents[0], "k")
    assert isinstance(node, ScalarNode)
    assert (value_of(node), kind_of(node)) == (value, kind)


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "byte order mark"])
def test_places_are_byte_offsets(mark: str) -> None:
    data = f"{mark}é: &a !t 'ü'\n🍰: |  # c\n  x\nk: !t\n".encode()
    (document,) = read_exactly(data).documents
    assert [data[node.start : node.end].decode() for node in scalars(document)] == ["é", "ü", "🍰", "  x\n", "k", ""]
    openings = [data[node.opening :].decode()[:2] for node in scalars(document)]
    assert openings == ["é:", "&a", "🍰:", "| ", "k:", "!t"]


def test_each_document_has_a_beginning() -> None:
    text = "a\n--- b\n---\nc"
    assert [text[start:end] for start, end in read(text).openings] == ["", "---", "---"]


def test_of_a_broken_text_what_is_complete_is_kept() -> None:
    text = "a: [1, {b: 2}, é, @"
    found = read(text)
    assert not found.documents
    assert [[value_of(scalar) for scalar in scalars(node)] for node in found.unfinished] == [
        ["a"],
        ["1"],
        ["b", "2"],
        ["é"],
    ]
    assert isinstance(found.fault, NotYaml)
    assert found.fault.start == len(text.encode()) - 1


def test_nesting_has_a_limit_and_aliases_are_left_to_whoever_follows_them() -> None:
    fault = read("é: " + "[" * 100_000).fault
    assert isinstance(fault, TooDeep)
    assert fault.start == len("é: ".encode()) + DEEPEST - 1
    assert read("- &a 1\n" + "- *a\n" * 20_000).fault is None


def test_what_is_not_utf_8_is_told() -> None:
    with pytest.raises(UnicodeDecodeError):
        read_exactly(b"a: \xff")
