"""The shortcuts of the Python extractor leave out nothing: what it finds without them, it finds with them."""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter

import libcst
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from portlint.extract.python.calls import CallVisitor
from portlint.extract.python.fast_libcst import Places, Walker
from portlint.extract.python.flow import Flow
from portlint.extract.python.prefilter import signals, stretches
from portlint.extract.python.prefilter.code import Code
from portlint.extract.python.prefilter.commands import numbers_in_commands
from portlint.extract.python.prefilter.signals import SIGNALS, Signals
from portlint.extract.python.visitor import PortVisitor
from support.python_sources import BLOCKS, PYTHON, block, found, is_python


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_shortcuts_lose_nothing_of_a_fixture(path):
    data = path.read_bytes()
    assert found(data, shortcuts=True) == found(data, shortcuts=False)


@example("def get_port():\n    @staticmethod\n    def inner(a, b=(1, 22)):\n        return 333\n    return 8088", "\n")
@settings(max_examples=120, deadline=None)
@given(st.lists(BLOCKS, min_size=1, max_size=4).map(block), st.sampled_from(["\n", "\r\n", "\r"]))
def test_shortcuts_lose_nothing_of_a_mixture(text, newline):
    data = text.replace("\n", newline).encode()
    assume(is_python(text))  # of a broken file more is found where what is broken is left out
    assert found(data, shortcuts=True) == found(data, shortcuts=False)


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_each_signal_stands_for_something_that_no_other_one_does(signal, monkeypatch):
    data = signal.example.encode() + b"\n"
    whole = found(data, shortcuts=False)
    assert 8136 in [each.port for each in whole.literals], (
        "the example holds no port: is the visitor's shape another one?"
    )
    assert found(data, shortcuts=True) == whole, "the signal does not let its own example through"
    monkeypatch.setattr(signals, "SIGNALS", tuple(each for each in SIGNALS if each is not signal))
    assert found(data, shortcuts=True) != whole, "another signal lets it through: is this one superfluous?"


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_what_a_signal_stands_for_is_there(signal):
    for path in signal.stands_for:
        module, _, name = path.partition(".")
        assert attrgetter(name)(import_module(f"portlint.extract.python.{module}")), path


@pytest.mark.parametrize("visitor", [PortVisitor, CallVisitor])
def test_for_each_method_of_the_visitor_stands_a_signal(visitor):
    module = visitor.__module__.rpartition(".")[2]
    methods = {f"{module}.{visitor.__name__}.{name}" for name in vars(visitor) if name.startswith("visit_")}
    named = {path for signal in SIGNALS for path in signal.stands_for}
    assert methods - named == set(), (
        "which signal in prefilter/signals.py lets through what it finds? None: never called"
    )


@pytest.mark.parametrize("code", ["def get_port():\n    return 8136\n", "class ServicePort:\n    web = 8136\n"])
def test_what_is_named_after_ports_shows_them(code):
    facts = found(code.encode(), shortcuts=True)
    assert [each.port for each in facts.literals] == [8136]
    assert facts == found(code.encode(), shortcuts=False)


def test_functions_without_ports_are_left_out(monkeypatch):
    monkeypatch.setattr(stretches, "_FEWEST", 0)
    data = b'import x\ndef area(a, b="x"):\n    return a * 3141\n\ndef serve():\n    run(port=8000)\n\nX = 12\n'
    code = Code(data)
    text, kept = stretches.excerpt(data, code.candidates(), Signals(code, Flow(code)))
    assert text == b'import x\ndef area(a, b="x"): pass\n\n\ndef serve():\n    run(port=8000)\n\nX = 12\n'
    assert [data[at - 3 : at + 1] for at in kept] == [b"8000"]


@pytest.mark.parametrize("path", [path for path in PYTHON if path.name != "broken.py"], ids=lambda path: path.name)
def test_places_are_those_that_libcst_tells(path):
    module = libcst.parse_module(path.read_bytes().decode("utf-8-sig"))
    spans = MetadataWrapper(module, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
    places = Places(module).spans
    for node, span in spans.items():
        if node is not module:  # of which libcst leaves out the last line end
            assert places[id(node)] == (span.start, span.start + span.length)


@pytest.mark.parametrize("comments", [True, False])
def test_the_walk_comes_to_every_expression(comments):
    class All(Walker):
        def __init__(self):
            self.seen = set()

        def enter(self, node):
            self.seen.add(node)

    class Theirs(libcst.CSTVisitor):
        def __init__(self):
            self.seen = set()

        def on_visit(self, node):
            self.seen.add(node)
            return True

    for path in PYTHON:
        try:
            module = libcst.parse_module(path.read_bytes().decode("utf-8-sig"))
        except libcst.ParserSyntaxError:
            continue
        ours, theirs = All(), Theirs()
        ours.walk(module, comments)
        module.visit(theirs)
        wanted = libcst.CSTNode if comments else libcst.BaseExpression
        assert {node for node in theirs.seen if isinstance(node, wanted)} <= ours.seen


@pytest.mark.parametrize("number", [1, 60])
def test_a_port_far_behind_its_command_is_not_lost(number):
    listed = ["docker", "run", *(["--env", "SETTING=value"] * number), "--expose", "8136", "image"]
    lines = "".join(f"    {word!r},  # {place}\n\n" for place, word in enumerate(listed))
    joined = "    '-v '\n" * number
    ways = (
        f"run({listed!r})", f"run('nc {'-v ' * number}depot 8136')", f"run([\n{lines}])",
        f"run(\n    'nc -z '\n{joined}    'depot 8136')",
    )  # fmt: skip
    for code in ways:
        facts = found(code.encode() + b"\n", shortcuts=True)
        assert facts == found(code.encode() + b"\n", shortcuts=False)
        assert [each.port for each in facts.literals] == [8136]


@pytest.mark.parametrize("code", ["x = 8136", "return 8136", 'retry("depot", "8136")', "wait(-8136)", "# at most 8136"])
def test_a_number_without_a_command_is_none(code):
    assert not any(True for _ in numbers_in_commands(Code(code.encode())))


@pytest.mark.parametrize("protocol", ["tcp", "udp", "sctp"])
@pytest.mark.parametrize("prose", ["# the peer answers on 3868/{}\n", '"""The peer answers on 3868/{}."""\n'])
def test_a_protocol_in_prose_is_seen(protocol, prose):
    data = (prose.format(protocol) + "x = [10, 11]\n" * 200).encode()
    literals = found(data, shortcuts=True).literals
    assert [(each.port, each.protocol) for each in literals] == [(3868, protocol)]
    assert literals == found(data, shortcuts=False).literals


@pytest.mark.parametrize("code", [b'#"25"iperf\n,"25"', b"#--t05*psql\n--T12"])
def test_a_command_in_a_comment_above_counts(code):
    assert any(True for _ in numbers_in_commands(Code(code)))
