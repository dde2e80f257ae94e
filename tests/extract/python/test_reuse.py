"""What is taken over from an earlier state of a Python file is what reading it anew finds."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from portlint.extract import extract
from portlint.extract.python import parse
from portlint.model import Facts
from support.python_sources import BLOCKS, PYTHON, is_python


def read(text: str, before: Facts | None = None) -> Facts:
    return extract("pkg/a.py", text.encode(), (), before)


def statements_read(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The code of each piece that libcst is given from now on."""
    codes: list[bytes] = []
    visit = parse.visit
    monkeypatch.setattr(parse, "visit", lambda piece, *rest: (codes.append(piece.code), visit(piece, *rest))[1])
    return codes


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_of_an_unchanged_file_nothing_is_read_again(path, monkeypatch):
    data = path.read_bytes()
    facts = extract(path.name, data)
    codes = statements_read(monkeypatch)
    assert extract(path.name, data, (), facts) == facts
    assert len(codes) <= len(facts.problems) or not facts.statements  # which is what is read whole


def can_begin_with_another_line(path):
    data = path.read_bytes()
    return not data.startswith((b"#!", b"\xef\xbb\xbf")) and b"coding" not in data[:200]


@pytest.mark.parametrize("path", list(filter(can_begin_with_another_line, PYTHON)), ids=lambda path: path.name)
def test_statements_that_only_moved_are_not_read_again(path, monkeypatch):
    data = path.read_bytes()
    facts, moved = extract(path.name, data), b"# a line more\n" + data
    codes = statements_read(monkeypatch)
    again = extract(path.name, moved, (), facts)
    assert len(codes) <= len(facts.problems) or not facts.statements  # which is what is read whole
    assert again == extract(path.name, moved)


@settings(max_examples=150, deadline=None)
@given(st.lists(BLOCKS, min_size=1, max_size=5), st.lists(BLOCKS, max_size=2), st.randoms(use_true_random=False))
def test_any_earlier_state_gives_the_same(kept, added, random):
    earlier, later = [*kept, *added[:1]], [*kept, *added[1:]]
    random.shuffle(earlier)
    random.shuffle(later)
    before, after = "\n".join(earlier), "\n".join(later)
    assume(is_python(before) and is_python(after))
    assert read(after, read(before)) == read(after)


CHANGES = {
    "the import that a name stands for": (
        "from uvicorn import run\nrun(app, port=8000)\n", "from mine import run\nrun(app, port=8000)\n",
    ),
    "a library that is imported no more": (
        "import socket\nsock.bind((host, 8000))\n", "import pocket\nsock.bind((host, 8000))\n",
    ),
    "the parameters of a function": (
        "def serve(port, host): ...\nserve(8000, name)\n", "def serve(size, host): ...\nserve(8000, name)\n",
    ),
    "how a name is used": (
        "WEB = 8000\nserve(port=WEB)\n", "WEB = 8000\nserve(size=WEB)\n",
    ),
    "a list of ports that names it": (
        "WELL = [80, 443, 22, 25, 53]\nOTHER = WELL\n", "WELL = [80, 443, 22, 25, 54321]\nOTHER = WELL\n",
    ),
    "the class around": (
        "class Ports:\n    web = 8000\n", "class Sizes:\n    web = 8000\n",
    ),
    "what a base without a name stands for": (
        "import socket\nfrom gettext import gettext as _\n(a or b_port).bind(('', 8000))\n",
        "import socket\n(a or b_port).bind(('', 8000))\n",
    ),
    "a name with a sign that is no letter": (
        "def l·l(a, port): ...\nl·l(port_name, 8000)\n", "def l·l(a, size): ...\nl·l(port_name, 8000)\n",
    ),
    "a comment behind a statement with its sign": (
        'image = "#localhost:8000"  # port 9000\n', 'image = "#localhost:8000"\n',
    ),
    "the number": ("PORT = 8000\n", "PORT = 8001\n"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_statement_rests_on_is_asked_again(change):
    before, after = map(read, change)
    assert before.literals != after.literals
    assert read(change[1], before) == after
    assert read(change[0], after) == before


def test_one_statement_written_twice_has_one_memory():
    text = 'image = "#localhost:8000"  # port 9000\nimage = "#localhost:8000"\n'
    facts = read(text)
    assert read(text, facts) == facts


def test_what_is_too_much_is_so_with_a_memory(monkeypatch):
    monkeypatch.setattr("portlint.extract.format.MOST_PORTS", 30)
    line = "PORTS = ['redis-server', '--port', '6380']\n"
    few, many = read(line * 10), read(line * 20)
    assert (len(few.literals), many.literals) == (10, ())
    assert read(line * 20, few) == many


def test_literals_keep_all_but_their_place():
    facts = read("import os\nport = int(os.getenv('API_PORT', '8000'))\n")
    after = read("import os\n\n\nport = int(os.getenv('API_PORT', '8000'))\n", facts)
    (one,), (other,) = facts.literals, after.literals
    assert (other.span.line, other.span.start) == (one.span.line + 2, one.span.start + 2)
    assert replace(other, span=one.span) == one


def test_a_statement_that_libcst_refuses_is_told_each_time():
    text = f"PORT = {'(' * 90}8000{')' * 90}\n"
    facts = read(text)
    assert facts.problems
    assert read(text, facts) == facts
