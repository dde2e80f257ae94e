"""The table of formats: each row is whole and true, and nobody else keeps a table of their names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import msgspec
import pytest
import yaml

import portlint.extract
from portlint.actions import add_suppressions
from portlint.extract import by_name, extract, formats
from portlint.knowledge.formats import FORMATS, Comment, FormatRow, Kind, Syntax
from portlint.knowledge.rule_data import rules_folder
from portlint.model import Finding
from support.inventory import FOLDER, fixtures

SOURCE = Path(portlint.extract.__file__).parents[1]
TABLE = "knowledge/formats.py"
OTHER_THINGS = {
    # A module, or a folder of modules, and a word there that is no format of a file: what it is.
    ("cache/version.py", "yaml"): "a library",
    ("check/bindings.py", "config"): "a source of what a service listens on",
    ("check/containers.py", "config"): "a source of what a service listens on",
    ("model/resolution.py", "config"): "a source of what a service listens on",
    ("resolve/listening.py", "config"): "a source of what a service listens on",
    ("check/listeners.py", "traefik"): "a well-known service",
    ("check/variables.py", "compose"): "the usual name of a compose file",
    ("resolve/stacks.py", "compose"): "the usual name of a compose file",
    ("check/generated.py", "markdown"): "a target of `portlint generate`",
    ("generate/__init__.py", "markdown"): "a target of `portlint generate`",
    ("generate/__init__.py", "python"): "a target of `portlint generate`",
    ("generate/__init__.py", "json"): "a target of `portlint generate`",
    ("cli/generate.py", "markdown"): "a target of `portlint generate`",
    ("cli/", "json"): "a format of output",
    ("cli/", "markdown"): "a format of output",
    ("report/", "json"): "a format of output",
    ("report/", "markdown"): "a format of output",
    ("report/sarif.py", "properties"): "a key of SARIF",
    ("settings/__init__.py", "properties"): "a key of JSON Schema",
    ("cli/__init__.py", "config"): "a command of portlint",
    ("ports/evidence.py", "python"): "a word of a command line",
    # The two that are formats.
    ("actions/apply_fixes.py", "python"): "a constants module is Python, and only Python imports it",
    ("extract/yaml/embedded.py", "json"): "JSON is YAML, and is read as such inside of YAML (YAML 1.2.2, 1.3)",
}


def own(path: str) -> str | None:
    """The format whose module, or one of whose modules, a file is."""
    folder, _, rest = path.partition("/")
    name = rest.partition("/")[0].removesuffix(".py")
    return name if folder == "extract" and name in FORMATS else None


def names_in(node: ast.AST) -> Iterator[ast.Constant]:
    """The names of formats that stand in an expression, in a collection in it, or as words of a string."""
    match node:
        case ast.Constant(value=str(text)):
            if text in FORMATS or (len(text.split()) > 1 and FORMATS.keys() >= set(text.split())):
                yield node
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            for part in parts:
                yield from names_in(part)
        case ast.Starred(value=value):
            yield from names_in(value)
        case ast.Dict(keys=keys, values=values):
            for part in (*keys, *values):
                if part is not None:
                    yield from names_in(part)


def kept(tree: ast.AST) -> Iterator[ast.Constant]:
    """Names of formats that are compared with something, or kept in a collection or under a name."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                for part in (left, *others):
                    yield from names_in(part)
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) | ast.NamedExpr(value=value):
                yield from names_in(value)
            case (
                ast.MatchValue(value=value) | ast.Call(func=ast.Attribute(value=ast.Constant() as value, attr="split"))
            ):
                yield from names_in(value)
            case ast.Tuple() | ast.List() | ast.Set() | ast.Dict():
                yield from names_in(node)
            case ast.arguments(defaults=defaults, kw_defaults=others):
                for part in (*defaults, *others):
                    if part is not None:
                        yield from names_in(part)


def sources() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(SOURCE.rglob("*.py")):
        path = file.relative_to(SOURCE).as_posix()
        if path != TABLE:
            yield path, ast.parse(file.read_bytes())


def excuses(path: str, name: str) -> list[tuple[str, str]]:
    """The keys of OTHER_THINGS that are about a word in a module."""
    return [(place, word) for place, word in OTHER_THINGS if word == name and path.startswith(place)]


def test_nobody_else_keeps_or_compares_the_name_of_a_format():
    excused, wrong = set(), []
    for path, tree in sources():
        for node in kept(tree):
            if node.value == own(path):
                continue
            found = excuses(path, str(node.value))
            excused.update(found)
            if not found:
                wrong.append(f"{path}:{node.lineno}: {node.value!r}: ask the row, or a set of {TABLE}")
    assert not wrong, "\n".join(wrong)
    assert OTHER_THINGS.keys() == excused, "some excuses are for nothing"


def test_the_format_of_a_file_or_a_literal_is_never_compared_with_a_name():
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        if not path.startswith("cli/")  # there `--format` is one of output
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for sides in [(node.left, *node.comparators)]
        if any(isinstance(side, ast.Attribute) and side.attr == "format" for side in sides)
        and any(True for side in sides for _ in names_in(side))
    ]
    assert not wrong


@pytest.mark.parametrize(
    "code",
    [
        'literal.format == "compose"', 'x.format in ("dotenv", *OTHERS)', '_FORMAT = "nginx"', '_X: str = "nginx"',
        '{"makefile": 1}', 'frozenset({"python", "shell"})', 'frozenset("python shell".split())',
        'match x:\n    case "toml" | "json":\n        pass', 'def f(x="yaml"): ...', 'if (y := "yaml"): ...',
    ],
)  # fmt: skip
def test_a_table_of_names_is_found(code):
    assert list(kept(ast.parse(code)))


@pytest.mark.parametrize("code", ['by_name("shell").extract(x)', 'x = "a python script"', 'literal(source, "json", 1)'])
def test_a_name_that_is_only_handed_on_is_none(code):
    assert not list(kept(ast.parse(code)))


def tables(data: Any) -> Iterator[list[Any]]:
    """All collections of a rule file: the members of lists, the keys of mappings."""
    if isinstance(data, dict | list):
        yield [*data]
        for inner in data.values() if isinstance(data, dict) else data:
            yield from tables(inner)


@pytest.mark.parametrize("file", sorted(rules_folder().rglob("*.yaml")), ids=lambda file: file.stem)
def test_no_rule_file_keeps_a_table_of_formats(file):
    for members in tables(yaml.load(file.read_bytes(), yaml.CSafeLoader)):
        names = [each for each in members if isinstance(each, str) and each in FORMATS]
        assert len(names) < 2 or len(names) * 2 <= len(members), names


def test_a_row_answers_every_question():
    assert [each.name for each in msgspec.structs.fields(FormatRow) if not each.required] == []


def test_each_row_has_a_module_and_each_module_a_row():
    modules = {each.name for each in iter_modules(portlint.extract.__path__, "portlint.extract.")}
    with_format = {name.rpartition(".")[2] for name in modules if hasattr(import_module(name), "FORMAT")}
    assert with_format == FORMATS.keys()
    assert [each.name for each in formats()] == list(FORMATS)


def test_each_row_has_fixtures_and_each_folder_of_fixtures_a_row():
    assert {place.name for place in FOLDER.iterdir()} == FORMATS.keys()


def test_each_kind_and_each_proof_is_used():
    assert {row.kind for row in FORMATS.values()} == set(Kind)
    proofs = {comment.proof for row in FORMATS.values() for comment in row.comments}
    assert set(Syntax) <= proofs
    assert add_suppressions._SHAPES.keys() == set(Syntax)


@pytest.mark.parametrize("row", FORMATS.values(), ids=FORMATS)
def test_a_row_is_true(row):
    of_format = [(path, path.read_bytes()) for path in fixtures(row.name)]
    inner = ["/".join(path.relative_to(FOLDER).parts[1:]) for path, _ in of_format]
    known = {extract(name, data).format for name, (_, data) in zip(inner, of_format, strict=True)}
    assert row.name in known
    for piece in row.path_pieces or ():
        assert piece == piece.lower() and piece.isascii()
    content = by_name(row.name).content
    if row.shebang:
        assert content is not None and any(content("", line) for line in (b"#!/bin/sh\n", b"#!/usr/bin/env python3\n"))
    if row.in_here_documents or row.in_strings:
        assert content is not None and any(content("", data) for _, data in of_format)
    for way in (row.reference.number, row.reference.text):
        assert "<VARIABLE>" in way and "<PORT>" in way
    if row.rewriter is not None:
        assert callable(import_module(f"portlint.fix.{row.rewriter}").rewrite)


def silenced(path: str, data: bytes) -> int:
    """In how many lines with a port literal a comment can stand that silences findings there."""
    facts = extract(path, data)
    found = [Finding(rule="PORT101", path=path, span=each.span, message="") for each in facts.literals]
    work = add_suppressions._Silencing(Path(), 0, (), {path: facts}, {path: found}, "why")
    return len({finding.span.line for finding in work._plan(facts, data).applied})


def comments() -> list[tuple[FormatRow, Comment]]:
    return [(row, comment) for row in FORMATS.values() for comment in row.comments]


@pytest.mark.parametrize(
    ("row", "comment"), comments(), ids=[f"{row.name}{''.join(comment.endings)}" for row, comment in comments()]
)
def test_a_comment_as_the_row_has_it_silences(row, comment):
    for path in fixtures(row.name):
        name, data = "/".join(path.relative_to(FOLDER).parts[1:]), path.read_bytes()
        if extract(name, data).format == row.name and row.comment_for(name) is comment and silenced(name, data):
            return
    raise AssertionError(f"in no fixture of {row.name} a comment can be written: is it proved to be one?")


@pytest.mark.parametrize("row", [row for row in FORMATS.values() if not row.comments], ids=lambda row: row.name)
def test_where_there_are_no_comments_it_is_said(row):
    path = next("/".join(path.relative_to(FOLDER).parts[1:]) for path in fixtures(row.name))
    data = (FOLDER / row.name / path).read_bytes()
    facts = extract(path, data)
    finding = Finding(rule="PORT101", path=path, span=facts.literals[0].span, message="")
    assert add_suppressions._why_not(finding, facts, set()) == f"{row.title} holds no comments"
