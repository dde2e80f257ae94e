"""Every fixture of the extract stage: the inventory of a file beside the file.

`tests/fixtures/extract/FORMAT/PATH` is the input, `PATH.expected` the port literals that it must give, one a line:
`line:column port[-end] role form`, then `host=`, `var=`, `name=`, `proto=`, `prose` where they say something.
"""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from portlint.extract import extract, recognise, recognised_by_name
from portlint.knowledge.formats import FORMATS
from portlint.model import NOWHERE
from support.inventory import EXPECTED, FOLDER, fixtures, shown

MARK = b"\xef\xbb\xbf"
BEGINS_A_LINE = {
    "makefile/Makefile", "makefile/justfile", "config/haproxy/haproxy.cfg", "shell/launcher",
    "traefik/dynamic.tmpl.yml", "traefik/traefik.toml", "traefik/traefik.broken.toml",
}  # fmt: skip
"""what is told by the first characters of a line, and so is lost with a mark on the first line"""


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda path: "/".join(path.parts[-2:]))
def test_extract(fixture: Path) -> None:
    assert shown(fixture) == fixture.with_name(fixture.name + EXPECTED).read_text("utf-8")


def named(path: Path) -> str:
    return "/".join(path.relative_to(FOLDER).parts)


def takes_a_mark(path: Path) -> bool:
    return named(path) not in BEGINS_A_LINE and not path.read_bytes().startswith((MARK, b"\xff\xfe", b"\xfe\xff"))


@pytest.mark.parametrize("path", list(filter(takes_a_mark, fixtures())), ids=named)
def test_a_byte_order_mark_hides_nothing(path):
    data = path.read_bytes()
    inner = named(path).partition("/")[2]
    without, marked = extract(inner, data), extract(inner, MARK + data)
    assert [replace(each, span=NOWHERE) for each in marked.literals] == [
        replace(each, span=NOWHERE) for each in without.literals
    ]
    assert [each.span.start - len(MARK) for each in marked.literals] == [each.span.start for each in without.literals]
    assert [each.span.column for each in marked.literals] == [each.span.column for each in without.literals]
    assert [each.reason for each in marked.problems] == [each.reason for each in without.problems]


PIECES = [
    *(piece for row in FORMATS.values() for piece in row.path_pieces or ()),
    "/", ".", "-", "_", "a", "GNU", "x", "d", "w", "c", "local",
    "\u017f", "\u0130", "\u0131", "conf.d/", "sites-enabled/", "dist", "example", "default", "yml", "yaml", "compose",
    "traefik",
]  # fmt: skip
CONTENTS = sorted({path.read_bytes()[:2000] for path in fixtures() if path.stat().st_size < 20_000})


def asked(path: str, data: bytes) -> tuple[object, object]:
    return recognise(path, data), recognised_by_name(path)


def asked_of_all(path: str, data: bytes) -> tuple[object, object]:
    everywhere = {name: replace(row, path_pieces=None) for name, row in FORMATS.items()}
    with mock.patch("portlint.extract.FORMATS", everywhere):
        return asked(path, data)


@given(
    st.lists(st.sampled_from([*PIECES, *(piece.upper() for piece in PIECES)]), max_size=6).map("".join),
    st.sampled_from([b"", b"#!/usr/bin/env python3\n", b"#!/bin/sh\n", *CONTENTS]),
)
def test_a_format_that_is_not_asked_would_not_have_known_the_file(path, data):
    assert asked(path, data) == asked_of_all(path, data)


@pytest.mark.parametrize("name", ["A.PROPERT\u0130ES", "app.serv\u0131ce", "a.p\u017f1", "s\u0131tes-enabled/x"])
def test_all_formats_are_asked_about_other_letters(name):
    data = b"server {\n  listen 8000;\n}\n"
    assert asked(name, data) == asked_of_all(name, data)


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: "/".join(path.relative_to(FOLDER).parts))
def test_the_format_of_a_fixture_is_asked(path):
    inner = "/".join(path.relative_to(FOLDER).parts[1:])
    assert asked(inner, path.read_bytes()) == asked_of_all(inner, path.read_bytes())
