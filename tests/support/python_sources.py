"""Python to read: the fixtures, and functions that put made-up files together; and a file's facts on both ways."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from portlint.extract import python
from portlint.extract.python.prefilter import stretches
from portlint.extract.python.prefilter.signals import Signals
from portlint.model import Facts, Source
from support.inventory import fixtures

PYTHON = [path for path in fixtures("python") if path.suffix == ".py"]


def found(data: bytes, shortcuts: bool) -> Facts:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "_FEWEST", 0)
        if not shortcuts:
            patch.setattr(Signals, "between", lambda signals, start, end: True)
            patch.setattr(python, "excerpt", lambda data, candidates, signals: (data, candidates))
        return replace(python.extract(Source.of("a.py", data)), problems=())


def statements(path: Path) -> list[str]:
    """The statements at the margin of a fixture, and those in its functions."""
    text = path.read_text("utf-8-sig")
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    inner = [x for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) for x in node.body]
    segments = (ast.get_source_segment(text, node) for node in (*tree.body, *inner))
    return [textwrap.dedent(each) for each in segments if each and '"""' not in each and "\\\n" not in each]


STATEMENTS = sorted({text for path in PYTHON for text in statements(path)})
FILLERS = (
    "total = 40 + 2",
    "# the answer is 42",
    '"""The text\ndef f():\nof a function: 42."""',
    "x = [\n10,\n20]",
    "import json",
    'TEXT = """\nport:\n8000\n"""',
    "for item in range(100):\n    print(item)",
    "try:\n    y = 30\nexcept OSError:\n    y = 31",
    "@staticmethod\ndef inner(a, b=(1, 22)):\n    return 333",
    "class Inner:\n    size = 512",
    "z = lambda: 44",
    "# it's 10 o'clock",
    "from socket import create_server as opened, socket",
    "import http.server, uvicorn  # which serves",
    "from asyncio import (\n    start_server as begin,\n    run,\n)",
    '"""\nimport redis\n"""',
    "opened(('', 8123))",
    "begin(handle, 'api', 8124)",
    "def serve_at(where, port):\n    pass",
    "class Endpoint:\n    name: str\n    port: int",
    "serve_at('depot', 8125)",
    "Endpoint('depot', 8126)",
    "peername=('client', 51234)",
    "sockname = ('', 8131)",
    "assert c.statsd_host == ('statsd', 8132)",
    "server_conn.address = (names[0], 8133)",
    "if sock.getsockname()[1] in (8134, 8135):\n    pass",
    "run(['psql', '-h', name, '-p', '8136'])",
    "run('psql -h depot -p 8137')",
    "run('nc -z depot 8138')",
    "run('echo > /dev/tcp/depot/8139')",
    "remote_servers = render([(alias, 8140) for alias in aliases])",
    "resize(target_size=(256, 256))",
    "x = ('%s:%d' % (name, 8127), '{}:{}'.format(name, 8128), 'depot:' + str(8129), ':'.join([name, '8130']))",
)
HEADERS = (
    "def f():",
    "def f(a: int = 12, b='x') -> dict[str, int]:",
    "async def f(\n    a,\n    b=80,\n):",
    "class C:",
    "@decorator(99)\ndef f(self):",
    "if True:",
    "def get_port():",
    "class Ports:",
    "class PortKind(Enum):",
    "with open(x) as y:",
    "def f(s=')', t=\"(\"):  # :)",
)


def is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def block(lines: list[str]) -> str:
    return "\n".join(lines)


def nested(parts: tuple[str, str]) -> str:
    return parts[0] + "\n" + textwrap.indent(parts[1], "    ")


LEAVES = st.sampled_from(STATEMENTS) | st.sampled_from(FILLERS)
BLOCKS = st.recursive(
    st.lists(LEAVES, min_size=1, max_size=3).map(block),
    lambda inner: st.lists(
        st.tuples(st.sampled_from(HEADERS), inner).map(lambda it: it[0] + "\n" + textwrap.indent(it[1], "    "))
        | LEAVES,
        min_size=1,
        max_size=3,
    ).map(block),
    max_leaves=8,
)
