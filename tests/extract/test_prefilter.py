"""The byte prefilters drop no file in which a port literal would be found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlint.extract import javascript, json
from portlint.extract.prefilter import in_words
from portlint.extract.scan.text import find
from portlint.model import Source
from support.inventory import fixtures

FORMATS = {"json": json, "javascript": javascript}
FIXTURES = [
    (name, path)
    for name in FORMATS
    for path in fixtures(name)
    if path.suffix not in (".expected", ".toml") and not path.name.endswith(".expected.json")
]


def drops(name: str, data: bytes) -> bool:
    """Whether the prefilter drops what the extractor finds something in."""
    module = FORMATS[name]
    if module.is_promising(data):
        return False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "is_promising", lambda data: True)
        facts = module.extract(Source.of(f"a.{name[:4]}", data))
    return bool(facts.literals or facts.references)


@pytest.mark.parametrize(("name", "path"), FIXTURES, ids=lambda value: getattr(value, "name", value))
def test_each_line_of_a_fixture_counts(name, path):
    lines = path.read_bytes().splitlines(keepends=True)
    assert not drops(name, b"".join(lines))
    assert [line for line in lines if drops(name, line)] == []


@settings(max_examples=200)
@given(st.data())
def test_pieces_of_fixtures(data):
    name, path = data.draw(st.sampled_from(FIXTURES))
    text = path.read_bytes()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 300)))
    cut = data.draw(st.binary(max_size=2))
    assert not drops(name, text[start:end] + cut + text[:start][-40:])


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: path.name)
def test_words_without_signs_hold_no_port(path):
    lines = path.read_bytes().decode("latin-1").splitlines()
    assert [line for line in lines if find(line, whole=False) and not any(True for _ in in_words(line))] == []
