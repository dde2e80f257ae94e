"""The YAML reader: texts with their places, and what hostile or broken files do to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlint.model import Source
from portlint.syntax.yaml.nodes import AliasNode, Node, ScalarNode, SequenceNode
from portlint.syntax.yaml.tree import Tree, parse
from support.steps import MOST_GROWTH, growth

SIGNS = {"plain": "", "single": "'", "double": '"', "literal": "|", "folded": ">"}


def shown(node: Node) -> str:
    """A node as one line: scalars with the sign of their style, aliases as `*target`."""
    if isinstance(node, ScalarNode):
        return f"{node.tag + ' ' if node.tag else ''}{SIGNS[node.style]}{node.text}"
    if isinstance(node, AliasNode):
        return "*" if node.target is None else "*" + shown(node.target)
    if isinstance(node, SequenceNode):
        return (node.tag + " " if node.tag else "") + "[" + ", ".join(map(shown, node.items)) + "]"
    return "{" + ", ".join(f"{shown(key)}: {shown(value)}" for key, value in node.pairs) + "}"


def tree(data: str | bytes) -> Tree:
    return parse(Source.of("x.yaml", data.encode() if isinstance(data, str) else data))


READ = [
    ("a: 22:22\n", "{a: 22:22}"),
    ("a: 0x50 # c\n", "{a: 0x50}"),
    ("a: 'x'\nb: \"y\\n\"\n", "{a: 'x, b: \"y\\n}"),
    ("a: |  # c\n  x: 1\n  # y\nb: >-\n  z\n", "{a: |  x: 1\n  # y\n, b: >  z\n}"),
    ("a: &x [1, 2]\nb: *x\n", "{a: [1, 2], b: *[1, 2]}"),
    ("a: &x 'y'\nb: !t &z w\nc: &empty\n", "{a: 'y, b: !t w, c: }"),
    ("a: !override\n  - 1\n", "{a: !override [1]}"),
    ("a: !reset []\n", "{a: !reset []}"),
    ("a: &a [*a]\n", "{a: [*]}"),
    ("a: 1\na: 2\n", "{a: 1, a: 2}"),
    ("? [a]\n: b\n", "{[a]: b}"),
    ("\ufeffa: 1\r\nb: 2\r\n", "{a: 1, b: 2}"),
    ("é: ü:1\n", "{Ã©: Ã¼:1}"),
    ('{"a":\t["1"]}', '{"a: ["1]}'),
    ("a: \x07 b\n", "{a: \x07 b}"),
    ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), READ)
def test_a_document(text: str, expected: str) -> None:
    found = tree(text)
    assert not found.problems
    assert " ".join(map(shown, found.documents)) == expected


def test_several_documents() -> None:
    assert [shown(node) for node in tree("a: 1\n---\nb: 2\n---\n- c\n").documents] == ["{a: 1}", "{b: 2}", "[c]"]


BROKEN = [
    ("a: b: c\nports:\n  - 1:2\n", "{a: b: c, ports: [1:2]}"),
    ("a:\n\t- 1\n\t- 2\n", "{a: [1, 2]}"),
    ("a:\n    b:\n\t- 1\n", "{a: {b: [1]}}"),
    ("a: @X@\nb:\n- k: 1\n  l: 2 # c\n- 'q'\n", "{a: @X@, b: [{k: 1, l: 2}, 'q]}"),
    ("a: @X@\nb: [1, '2']\nc: {d: 1}\n", "{a: @X@, b: [1, '2], c: {d: 1}}"),
    ("a: @X@\nb: |\n  x\n\n  y\nc: 1\n", "{a: @X@, b: |  x\n\n  y\n, c: 1}"),
    ("a: @X@\nb: &c !d 1\n", "{a: @X@, b: 1}"),
    ("a: [\n  1,\n", "{a: [[, 1]}"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BROKEN)
def test_what_does_not_parse_is_read_line_by_line(text: str, expected: str) -> None:
    found = tree(text)
    assert [problem.partly for problem in found.problems] == [False]
    assert " ".join(map(shown, found.documents)) == expected


def test_documents_before_a_mistake_are_kept() -> None:
    found = tree("a: &x 1\nb: *x\n---\nc: @X@\n")
    assert [shown(node) for node in found.documents] == ["{a: 1, b: *1}", "{c: @X@}"]
    assert [problem.span.line for problem in found.problems] == [4]


TEMPLATES = [
    ("{% if x %}\na: {{ b }}\n{% endif %}\n", "{a: {{ b }}}", True),
    ("a:\n  {{- toYaml .x | nindent 2 }}\nb: 1\n", "{a: , b: 1}", True),
    ("{{ a }}: 1\n", "{{{ a }}: 1}", True),
    ("a: |\n  {{ range .x }}\n  b\n", "{a: |  {{ range .x }}\n  b\n}", False),
    ("a: \"{{ x }}:1\"\nb: x{{ y }}\n", '{a: "{{ x }}:1, b: x{{ y }}}', False),
    ("a: ${{ x }}\nb: [\"${{ y }}\"]\n", '{a: ${{ x }}, b: ["${{ y }}]}', False),
    ("a: 1 # {{ x }}\n", "{a: 1}", False),
    ("a: '{{'\nb: '}}'\n", "{a: '{{, b: '}}}", False),
    ("a: <%= x %>\n<% if y %>\nb: 1\n<% end %>\n", "{a: <%= x %>, b: 1}", True),
    ("a: {{ x\n  | y }}\nb: 1\n", "{a: {{ x, b: 1}", True),
    ("{# no #}\na: 1\n", "{a: 1}", True),
    ("a: ${#x[@]}\n", "{a: ${#x[@]}}", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected", "partly"), TEMPLATES)
def test_templates(text: str, expected: str, partly: bool) -> None:
    found = tree(text)
    assert [problem.partly for problem in found.problems] == [True] * partly
    assert " ".join(map(shown, found.documents)) == expected


def test_comments() -> None:
    text = "# one\na: 1 # two\nb: '#no'\nc: |  # three\n  # no\nd: x#no\n  # four\n"
    found = tree(text)
    assert [text[start:end] for start, end in found.comments] == ["# one", "# two", "# three", "# four"]


HOSTILE = {
    "nested lists": b"[" * 50_000,
    "nested mappings": b"{a: " * 50_000,
    "nested dashes": b"- " * 100_000,
    "nested blocks": b"".join(b" " * i + b"a:\n" for i in range(2000)),
    "alias bomb": b"a0: &a0 [x]\n"
    + b"".join(b"a%d: &a%d [%s]\n" % (i, i, b"*a%d," % (i - 1) * 9) for i in range(1, 30)),
    "many aliases": b"a: &a 1\nb: [" + b"*a," * 20_000 + b"]\n",
    "openings": b"{{ " * 100_000,
    "tags in one line": b"a: " + b"{{ x }}" * 50_000,
    "unclosed lines": b"a: b: c\n" + b"- [1, {\n" * 20_000,
    "quotes": b"\"a'" * 100_000,
    "bytes": bytes(range(256)) * 1000,
    "utf-16": "a: 1".encode("utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_is_work_in_proportion(data: bytes) -> None:
    tree(data)
    assert growth(tree, data) < MOST_GROWTH


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nested lists", "nested deeper than 64 levels"), ("many aliases", "more than 10000 aliases"),
        ("utf-16", "not UTF-8 but UTF-16"),
    ],
)  # fmt: skip
def test_the_reason_is_given(name: str, reason: str) -> None:
    assert [problem.reason for problem in tree(HOSTILE[name]).problems] == [reason]


PIECES = [
    "a: 1\n",
    "- x\n",
    "  b: [1, 2]\n",
    "\t",
    "&a ",
    "*a",
    "<<: *a\n",
    "|\n",
    "{{ x }}",
    "{% y %}",
    "'",
    '"',
    "é",
    "#c\n",
    "\r\n",
    "[",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_every_text_stands_where_it_is_said_to(text: str) -> None:
    source = Source.of("x.yaml", text.encode())
    work = list(parse(source).documents)
    while work:
        node = work.pop()
        assert 0 <= node.start <= node.end <= len(source.data)
        if isinstance(node, ScalarNode):
            assert source.text[node.start : node.end] == node.text
        elif isinstance(node, SequenceNode):
            work += node.items
        elif not isinstance(node, AliasNode):
            work += [one for pair in node.pairs for one in pair]
