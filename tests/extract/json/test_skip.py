"""What the JSON reader passes over holds nothing: it finds the same where it reads every token."""

from __future__ import annotations

import json as standard

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portlint.extract.json.skip import behind_items, behind_members
from support.inventory import fixtures
from support.json_sources import found

FIXTURES = [path for path in fixtures("json") if path.suffix.startswith(".json") and ".expected" not in path.name]
KEYS = st.sampled_from(
    ["name", "key", "default", "value", "port", "ports", "args", "command", "runtimeArgs", "image", "scripts", "8080",
     "tasks", "timestamp", "created_at", "80/tcp", "details", "line", "title", "forwardPorts", "postStartCommand",
     "imports", "rePort"]
)  # fmt: skip
TEXTS = st.sampled_from(
    ["8000", "depot:8000", "http://depot:8000/a", "53/udp", "_25._tcp.depot", "--port", "serve -l 8001", "PORT", "C:1",
     "a, b", "2025-01-02T10:30:00", 'say "port": 80', "a\\b 12", "${PORT:-8002}", "on port 81", "x_test/tap 17", "",
     "import 8005", "report: 8006", "export PORT=8007", "rePort 8008", "support_port: 8009", "transport=8010"]
)  # fmt: skip
VALUES = st.recursive(
    TEXTS | st.sampled_from([8003, 17, 0, -4, 2.5, True, None]) | st.integers(0, 70000),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_a_fixture(path):
    data = path.read_bytes()
    assert found(data, token_by_token=False) == found(data, token_by_token=True)


@example({"details": [[1, 2], {"name": "PORT", "value": "8000"}]}, 2, "")
@settings(max_examples=300, deadline=None)
@given(VALUES, st.sampled_from([None, 2]), st.sampled_from(["", "}", ",", '"', "// on port 8004\n"]))
def test_any_text(value, indent, broken):
    text = standard.dumps(value, indent=indent)
    half = len(text) // 2
    data = (text[:half] + broken + text[half:]).encode()
    assert found(data, token_by_token=False) == found(data, token_by_token=True)


@pytest.mark.parametrize(
    ("members", "left"),
    [
        ('"line": 12, "text": "a, 12 and b", "more": {"x": [1, "2025"]}, "port": 80}', ' "port": 80}'),
        ('"line": 12, "url": "depot:80"}', ' "url": "depot:80"}'),
        ('"name": "depot", "value": 80}', '"name": "depot", "value": 80}'),
        ('"12": 1}', '"12": 1}'),
        ('"line": 12}', "}"),
    ],
)
def test_dull_members_are_passed_over(members, left):
    assert members[behind_members(members, 0, False) :] == left


def test_dull_items_are_counted():
    items = '1, 2,\n"a, b", {"x": "y, z"}, ["p", 3], "depot:80", 4]'
    position, passed = behind_items(items, 0)
    assert (items[position:], passed) == (' "depot:80", 4]', 5)
