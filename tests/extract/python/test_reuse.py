"""What is taken over from an earlier state of a Python file is what reading it anew finds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields, replace

from portlint.cache.codec import encode
from portlint.extract import extract_again
from portlint.extract.format import Extracted
from portlint.extract.python import parse
from portlint.extract.python.libraries import Imports, use_rules
from portlint.extract.python.pieces import Piece, Scope
from portlint.extract.python.reuse import fingerprint, statement_digest
from portlint.extract.python.surroundings import Surroundings
from support.python_sources import BLOCKS, PYTHON, is_python


def read(text: str, before: Extracted | None = None) -> Extracted:
    return extract_again("pkg/a.py", text.encode(), (), before)


def statements_read(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The code of each piece that libcst is given from now on."""
    codes: list[bytes] = []
    visit = parse.visit
    monkeypatch.setattr(parse, "visit", lambda piece, *rest: (codes.append(piece.code), visit(piece, *rest))[1])
    return codes


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_of_an_unchanged_file_nothing_is_read_again(path, monkeypatch):
    data = path.read_bytes()
    first = extract_again(path.name, data, (), None)
    codes = statements_read(monkeypatch)
    assert extract_again(path.name, data, (), first) == first
    assert len(codes) <= len(first.facts.problems) or not first.memory  # which is what is read whole


def can_begin_with_another_line(path):
    data = path.read_bytes()
    return not data.startswith((b"#!", b"\xef\xbb\xbf")) and b"coding" not in data[:200]


@pytest.mark.parametrize("path", list(filter(can_begin_with_another_line, PYTHON)), ids=lambda path: path.name)
def test_statements_that_only_moved_are_not_read_again(path, monkeypatch):
    data = path.read_bytes()
    first, moved = extract_again(path.name, data, (), None), b"# a line more\n" + data
    codes = statements_read(monkeypatch)
    again = extract_again(path.name, moved, (), first)
    assert len(codes) <= len(first.facts.problems) or not first.memory  # which is what is read whole
    assert again == extract_again(path.name, moved, (), None)


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
    assert before.facts.literals != after.facts.literals
    assert read(change[1], before) == after
    assert read(change[0], after) == before


def test_one_statement_written_twice_has_one_memory():
    text = 'image = "#localhost:8000"  # port 9000\nimage = "#localhost:8000"\n'
    first = read(text)
    assert read(text, first) == first


def test_what_is_too_much_is_so_with_a_memory(monkeypatch):
    monkeypatch.setattr("portlint.extract.format.MOST_PORTS", 30)
    line = "PORTS = ['redis-server', '--port', '6380']\n"
    few, many = read(line * 10), read(line * 20)
    assert (len(few.facts.literals), many.facts.literals) == (10, ())
    assert read(line * 20, few) == many


def test_literals_keep_all_but_their_place():
    first = read("import os\nport = int(os.getenv('API_PORT', '8000'))\n")
    after = read("import os\n\n\nport = int(os.getenv('API_PORT', '8000'))\n", first)
    (one,), (other,) = first.facts.literals, after.facts.literals
    assert (other.span.line, other.span.start) == (one.span.line + 2, one.span.start + 2)
    assert replace(other, span=one.span) == one


def test_a_statement_that_libcst_refuses_is_told_each_time():
    text = f"PORT = {'(' * 90}8000{')' * 90}\n"
    first = read(text)
    assert first.facts.problems
    assert read(text, first) == first


@pytest.mark.parametrize(
    "memory", [b"null", b"[", b"[[1, 2, 3, 4]]", b'[["x", 0, 9, 1, 1]]', b'[["x", 0, 9]]', b"\xff"]
)
def test_a_memory_of_another_shape_is_none(memory):
    first = read("PORT = 8000\n")
    assert read("PORT = 8000\n", Extracted(first.facts, memory)) == first


REREAD = """
import sys
from portlint.cache.codec import decode
from portlint.extract import extract_again
from portlint.extract.format import Extracted
facts, memory, text = map(str.encode, sys.argv[1:])
again = extract_again("a.py", text, (), Extracted(decode("a.py", facts), memory))
print([each.port for each in again.facts.literals], "libcst" in sys.modules)
"""


@pytest.mark.parametrize(
    ("text", "said"), [("X = 30\nPORT = 8000\n", "[8000] False"), ("PORT = 8001\n", "[8001] True")]
)
def test_a_statement_that_was_read_before_needs_no_parser(text, said):
    first = extract_again("a.py", b"PORT = 8000\n", (), None)
    command = [sys.executable, "-c", REREAD, encode(first.facts), first.memory, text]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip() == said


AROUND = Surroundings(
    Imports({"run": "uvicorn.run", "s": "socket"}, frozenset({"uvicorn", "socket"}), frozenset({"socket"})),
    {"serve": ("host", "port"), "stop": ()},
    {"WEB": (), "SERVICES": ("name", "port")},
)
PIECE = Piece(120, 134, b"serve(WEB, 80)", 0, Scope(("Main", "start"), "start", None))


def variants(value: Any) -> Iterator[Any]:
    """The value with each of its parts, at any depth, changed, left out and added. Raises for what it does not know."""
    match value:
        case Struct():
            for field in fields(value):
                for other in variants(getattr(value, field.name)):
                    yield replace(value, **{field.name: other})
        case Mapping():
            yield {**value, "new": next(iter(value.values()), "new")}
            for key in value:
                rest = {name: each for name, each in value.items() if name != key}
                yield rest
                yield {**rest, f"{key}_": value[key]}
                yield from ({**rest, key: other} for other in variants(value[key]))
        case frozenset():
            yield value | {"new"}
            yield from (value - {each} for each in value)
        case tuple():
            yield (*value, "new")
            yield from (value[:place] + value[place + 1 :] for place in range(len(value)))
            if len(value) > 1:
                yield value[::-1]
        case bool():
            yield not value
        case str() | bytes():
            yield value + value[:1]
        case int():
            yield value + 1
        case None:
            yield "new"
        case _:
            raise TypeError(f"how a {type(value)} is changed")


def test_the_fingerprint_tells_all_that_the_visitor_sees_of_the_file():
    seen = [fingerprint(each) for each in (AROUND, *variants(AROUND))]
    assert len(seen) > 20
    assert len(set(seen)) == len(seen)


def test_the_fingerprint_tells_the_users_rules(request):
    request.addfinalizer(lambda: use_rules(()))
    seen = set()
    for rules in ((), (("a.yaml", b"calls: {}"),), (("b.yaml", b"calls: {}"),), (("a.yaml", b"options: {}"),)):
        use_rules(rules)
        seen.add(fingerprint(AROUND))
    assert len(seen) == 4


def test_a_statements_digest_tells_all_of_it_but_its_place():
    around = fingerprint(AROUND)
    place = ("start", "end", "subject")
    others = [each for each in variants(PIECE) if all(getattr(each, name) == getattr(PIECE, name) for name in place)]
    seen = [statement_digest(each, around) for each in (PIECE, *others)]
    seen.append(statement_digest(PIECE, fingerprint(next(variants(AROUND)))))
    assert len(set(seen)) == len(seen) > 10
    assert statement_digest(replace(PIECE, start=5, end=19, subject=2), around) == seen[0]


def test_the_visitor_sees_nothing_else():
    assert set(signature(parse.visit).parameters) == {"piece", "around", "read_text", "read_words"}


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_the_fingerprint_is_the_same_in_every_process(seed):
    code = "from extract.python.test_reuse import *; print(statement_digest(PIECE, fingerprint(AROUND)))"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True)
    assert done.stdout.strip() == statement_digest(PIECE, fingerprint(AROUND))
