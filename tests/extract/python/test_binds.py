"""Where Python programs begin to listen: what they call, on which host and port."""

# portlint: ignore-file[PORT102] -- the sources bind ports on purpose
from __future__ import annotations

import ast

import pytest

from portlint.extract import extract
from portlint.extract.python.binds import MOST_IMPORTS
from portlint.knowledge import rule_data
from portlint.knowledge.python_binds import default_of
from portlint.model import Facts
from portlint.model.programs import Part
from support.binds import bind


def facts(source: str, path: str = "app.py") -> Facts:
    return extract(path, source.encode())


def shown(source: str, path: str = "app.py") -> list[str]:
    return [bind(each) for each in facts(source, path).binds]


CALLS = [
    # What is called
    ("import uvicorn\nuvicorn.run(app)", "uvicorn.run - -"),
    ("import uvicorn as u\nu.run(app, port=8001)", "uvicorn.run - 8001"),
    ("from uvicorn import run\nrun(app, host='0.0.0.0')", "uvicorn.run 0.0.0.0 -"),
    ("from uvicorn import run as begin\nbegin(app, port=8001)", "uvicorn.run - 8001"),
    ("import uvicorn\nuvicorn.run(app, host=None, port=8001)", "uvicorn.run - 8001"),
    ("import uvicorn\nuvicorn.Server(uvicorn.Config(app, '0.0.0.0', 8001))", "uvicorn.Config 0.0.0.0 8001"),
    ("import uvicorn\nuvicorn.run(app, **settings)", "uvicorn.run ? ?"),
    ("import uvicorn\nuvicorn.run(app, port=8001, **settings)", "uvicorn.run ? 8001"),
    ("import uvicorn\nuvicorn.run(*arguments)", "uvicorn.run ? ?"),
    ("import uvicorn\nuvicorn.run(app, uds='/run/app.sock')", None),
    ("def start():\n    import uvicorn\n    uvicorn.run(app, port=8001)", "uvicorn.run - 8001 in start"),
    ("import uvicorn\nclass A:\n    def go(self):\n        uvicorn.run(1)", "uvicorn.run - - in A.go"),
    ("import uvicorn\nif __name__ == '__main__':\n    uvicorn.run(app)", "uvicorn.run - - under main"),
    ("import uvicorn\nif '__main__' == __name__:\n    uvicorn.run(app)", "uvicorn.run - - under main"),
    ("import uvicorn\nif __name__ != '__main__':\n    uvicorn.run(app)", "uvicorn.run - -"),
    ("import uvicorn\nif __name__ == '__main__':\n    pass\nelse:\n    uvicorn.run(app)", "uvicorn.run - -"),
    ("import aiohttp.web\naiohttp.web.run_app(app)", "aiohttp.web.run_app - -"),
    ("from aiohttp import web\nweb.TCPSite(runner, 'localhost', 8080)", "aiohttp.web.TCPSite localhost 8080"),
    (
        "from waitress import serve\nserve(app, listen='*:8080 [::]:8081')",
        ["waitress.serve * 8080", "waitress.serve [::] 8081"],
    ),
    ("import waitress\nwaitress.serve(app, unix_socket='/run/a')", None),
    (
        "import prometheus_client\nprometheus_client.start_http_server(9100)",
        "prometheus_client.start_http_server - 9100",
    ),
    ("import bottle\nbottle.run(host='localhost', port=8081)", "bottle.run localhost 8081"),
    ("import redis\nredis.Redis(port=6379)", None),
    ("import subprocess\nsubprocess.run(command, port=8000)", None),
    ("import uvicorn\nprint('uvicorn.run(app, port=8000)')", None),
    ("import docker\ndocker.from_env().containers.run('redis', ports={'6379': 6379})", None),
    ("from zeroconf import ServiceInfo\nServiceInfo('_http', 'web', port=8000)", None),
    # Objects
    ("from flask import Flask\napp = Flask(__name__)\napp.run()", "flask.Flask.run - -"),
    ("import flask\nsite = flask.Flask('a')\nsite.run('0.0.0.0', 5001)", "flask.Flask.run 0.0.0.0 5001"),
    (
        "from flask import Flask\ndef make():\n    app = Flask('a')\n    return app\nmake().run(port=5001)",
        "flask.Flask.run - 5001",
    ),
    ("from flask import Flask\ndef make() -> Flask: ...\napp = make()\napp.run(port=5001)", "flask.Flask.run - 5001"),
    ("from flask import Flask\ndef start(app: Flask):\n    app.run(port=5001)", "flask.Flask.run - 5001 in start"),
    ("from flask import Flask\nclass Site(Flask): ...\nSite('a').run(port=5001)", "flask.Flask.run - 5001"),
    (
        "from flask import Flask\nclass S:\n  def f(self):\n    self.a = Flask(1)\n  def go(self):\n    self.a.run()",
        "flask.Flask.run - - in S.go",
    ),
    ("from flask import Flask\napp = Flask('a')\nclass Job:\n    def run(self, port): ...\nJob().run(port=5001)", None),
    ("from flask import Flask\napp = Flask('a')\nimport subprocess\nsubprocess.run(['a'], port=1)", None),
    ("from apiflask import APIFlask\nAPIFlask('a').run(port=5001)", "flask.Flask.run - 5001"),
    (
        "from flask_socketio import SocketIO\nsocketio = SocketIO(app)\nsocketio.run(app, port=5001)",
        "flask_socketio.SocketIO.run - 5001",
    ),
    (
        "import gradio as gr\nwith gr.Blocks() as demo:\n    pass\ndemo.queue().launch(server_port=7861)",
        "gradio.Blocks.launch - 7861",
    ),
    ("import gradio as gr\ngr.Interface(f).launch()", "gradio.Interface.launch - -"),
    (
        "import tornado.web\napp = tornado.web.Application([])\napp.listen(8888)",
        "tornado.web.Application.listen - 8888",
    ),
    ("import tornado.web\nstream.listen(5)", None),
    (
        "import asyncio\nasync def f():\n    await asyncio.get_running_loop().create_server(P, '::1', 8001)",
        "asyncio.AbstractEventLoop.create_server ::1 8001 in f",
    ),
    (
        "import asyncio\nasync def f():\n    await asyncio.start_server(h, None, 8001)",
        "asyncio.start_server - 8001 in f",
    ),
    ("import asyncio\nasyncio.start_server(h, sock=sock)", None),
    (
        "import grpc\ns = grpc.server(pool)\ns.add_insecure_port('[::]:50051')",
        "grpc.Server.add_insecure_port [::] 50051",
    ),
    ("import grpc\nserver.add_insecure_port(address)", "grpc.Server.add_insecure_port ? ?"),
    (
        "from mcp.server.fastmcp import FastMCP\nm = FastMCP('a', port=8001)\nm.run(transport='sse')",
        "mcp.server.fastmcp.FastMCP - 8001",
    ),
    ("from mcp.server.fastmcp import FastMCP\nm = FastMCP('a', port=8001)\nm.run()", None),
    ("from mcp.server.fastmcp import FastMCP\nm = FastMCP('a')\nm.run(transport='stdio')", None),
    ("from fastmcp import FastMCP\nm = FastMCP('a')\nm.run(transport='http', port=8001)", "fastmcp.FastMCP.run - 8001"),
    ("from fastmcp import FastMCP\nm = FastMCP('a')\nm.run(transport=how, port=8001)", "fastmcp.FastMCP.run - 8001"),
    (
        "from hypercorn.config import Config\nc = Config()\nc.bind = ['0.0.0.0:8001']",
        "hypercorn.config.Config.bind 0.0.0.0 8001",
    ),
    ("from hypercorn.config import Config\nother.bind = ['0.0.0.0:8001']", None),
    # Objects of other modules of the program
    ("from shop import app\napp.run(host='0.0.0.0', port=8001)", "run 0.0.0.0 8001"),
    ("from .shop import create\napp = create()\napp.run(debug=True)", "run - -"),
    ("from shop import app\napp.run()", None),
    ("from shop import jobs\njobs.start(port=8001)", None),
    ("import shop\nshop.run(port=8001)", None),
    # Sockets and addresses
    ("import socket\ns = socket.socket()\ns.bind(('', 9000))\ns.listen()", 'socket.socket.bind "" 9000'),
    (
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(('', 9000))",
        'socket.socket.bind "" 9000 udp',
    ),
    ("import socket\ns = socket.socket()\ns.bind(('', 0))\ns.listen()", None),
    ("import socket\nwith socket.socket() as s:\n    s.bind(('', 9000))", None),
    ("import socket\nwith socket.socket() as s:\n    s.bind(('', 9000))\n    s.listen()", 'socket.socket.bind "" 9000'),
    ("import socket\nwidget.bind('<Button-1>', pressed)", None),
    ("import tkinter\ntkinter.Frame().bind('<Button-1>', pressed)", None),
    ("import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('/run/app.sock')\ns.listen()", None),
    ("from http.server import HTTPServer\nHTTPServer(('', 8001), H)", 'http.server.HTTPServer "" 8001'),
    ("import http.server as h\nat = ('127.0.0.1', 8001)\nh.HTTPServer(at, H)", "http.server.HTTPServer 127.0.0.1 8001"),
    (
        "from socketserver import ThreadingMixIn, TCPServer\nclass S(ThreadingMixIn, TCPServer): ...\nS(('', 8001), H)",
        'socketserver.TCPServer "" 8001',
    ),
    ("import socketserver\nsocketserver.UDPServer(('', 8001), H)", 'socketserver.UDPServer "" 8001 udp'),
    ("from gevent.pywsgi import WSGIServer\nWSGIServer(8001, app)", "gevent.pywsgi.WSGIServer - 8001"),
    ("from gevent.pywsgi import WSGIServer\nWSGIServer(':8001', app)", 'gevent.pywsgi.WSGIServer "" 8001'),
    ("import zmq\ns = zmq.Context().socket(zmq.REP)\ns.bind('tcp://*:5555')", "zmq.Socket.bind * 5555"),
    ("import zmq\ns = zmq.Context().socket(zmq.REP)\ns.bind('inproc://jobs')", None),
    (
        "from twisted.internet import reactor\nreactor.listenTCP(8001, factory)",
        "twisted.internet.reactor.listenTCP - 8001",
    ),
    (
        "from twisted.internet.endpoints import serverFromString\nserverFromString(r, 'tcp:8001:interface=127.0.0.1')",
        "twisted.internet.endpoints.serverFromString 127.0.0.1 8001",
    ),
]


@pytest.mark.parametrize(("source", "expected"), CALLS)
def test_call(source: str, expected: str | list[str] | None) -> None:
    assert shown(source) == ([] if expected is None else [expected] if isinstance(expected, str) else expected)


VALUES = [
    # Given by name
    ("PORT = 8001", "PORT", "8001"),
    ("PORT: int = 8001", "PORT", "8001"),
    ("HOST, PORT = 'a', 8001", "PORT", "8001"),
    ("PORT = 8001\nPORT = 8002", "PORT", "?"),
    ("if x:\n    PORT = 8001\nelse:\n    PORT = 8002", "PORT", "?"),
    ("for PORT in (8001, 8002): ...", "PORT", "?"),
    ("A = 8001\nB = A", "B", "8001"),
    ("A = B\nB = A", "A", "?"),
    ("class Config:\n    PORT = 8001", "Config.PORT", "8001"),
    ("from settings import PORT", "PORT", "?"),
    ("PORT = 8001\ndef set_it():\n    global PORT\n    PORT = 8002", "PORT", "?"),
    ("", "settings.port", "?"),
    ("", "find_port()", "?"),
    ("", "8000 + offset", "?"),
    ("", "True", "?"),
    ("", "8_001", "8001"),
    ("", "'8001'", "8001"),
    ("", "'not a port'", "?"),
    # Variables
    ("import os", "os.getenv('PORT')", "${PORT}"),
    ("import os", "os.getenv('PORT', '8001')", "${PORT:-8001}"),
    ("import os", "os.getenv('PORT', default=8001)", "${PORT:-8001}"),
    ("import os", "int(os.environ.get('PORT', 8001))", "${PORT:-8001}"),
    ("import os", "int(os.environ['PORT'])", "${PORT}"),
    ("import os", "int(os.getenv('PORT') or 8001)", "${PORT:-8001}"),
    ("import os", "os.getenv('A', os.getenv('B', 8001))", "${A:-${B:-8001}}"),
    ("import os", "os.getenv('A') or os.getenv('B') or 8001", "${A:-${B:-8001}}"),
    ("import os", "os.getenv('PORT', find_port())", "${PORT:-?}"),
    ("import os", "os.getenv('PORT', 'not a port')", "${PORT:-?}"),
    ("import os", "int(os.environ['PORT']) if 'PORT' in os.environ else 8001", "${PORT:-8001}"),
    ("import os\nKEY = 'PORT'", "os.getenv(KEY, 8001)", "${PORT:-8001}"),
    ("import os\nPORT = os.getenv('PORT', '8001').strip()", "int(PORT)", "${PORT:-8001}"),
    ("from os import environ as e", "e.get('PORT', 8001)", "${PORT:-8001}"),
    ("from os import getenv", "getenv('PORT', 8001)", "${PORT:-8001}"),
    ("from decouple import config", "config('PORT', default=8001, cast=int)", "${PORT:-8001}"),
    ("", "configuration.get('PORT', 8001)", "?"),
    ("", "8001 if debug else 8002", "?"),
    # Options
    ("p.add_argument('--port', type=int, default=8001)\nargs = p.parse_args()", "args.port", "@{--port:-8001}"),
    ("p.add_argument('--port', '-p', default=8001)\nargs = p.parse_args()", "args.port", "@{--port:-@{-p:-8001}}"),
    ("p.add_argument('-p', '--port')\nargs = p.parse_args()", "args.port", "@{--port:-@{-p}}"),
    ("p.add_argument('-p', '--port')\nargs = p.parse_args()", "args.port or 8001", "@{--port:-@{-p:-8001}}"),
    ("p.add_argument('-l', dest='port', default=8001)\nargs = p.parse_args()", "args.port", "@{-l:-8001}"),
    ("p.add_argument('--http-port', default=8001)\nargs = p.parse_args()", "args.http_port", "@{--http-port:-8001}"),
    ("p.add_argument('--port', default=8001)", "p.parse_args().port", "@{--port:-8001}"),
    ("p.add_argument('--port', default=8001)\nargs, rest = p.parse_known_args()", "args.port", "@{--port:-8001}"),
    ("p.add_argument('--port', default=8001)\nargs = Thing()", "args.port", "?"),
    ("a.add_argument('--port', default=1)\nb.add_argument('--port', default=2)", "args.port", "@{--port:-?}"),
    ("import os\np.add_argument('--port', default=os.getenv('PORT', 8001))", "args.port", "@{--port:-${PORT:-8001}}"),
    ("p.add_argument('name')\np.add_argument('port', nargs='?', default=8001)", "args.port", "@{2:-8001}"),
    ("p.add_subparsers()\np.add_argument('port', default=8001)", "args.port", "?"),
    ("from tornado.options import define, options\ndefine('port', default=8001)", "options.port", "@{--port:-8001}"),
    ("import sys", "int(sys.argv[1])", "@{1}"),
    ("import sys", "int(sys.argv[1]) if len(sys.argv) > 1 else 8001", "@{1:-8001}"),
    ("import sys", "8001 if len(sys.argv) < 2 else int(sys.argv[1])", "@{1:-8001}"),
    ("import sys", "sys.argv[0]", "?"),
]


@pytest.mark.parametrize(("before", "port", "expected"), VALUES)
def test_port(before: str, port: str, expected: str) -> None:
    source = f"import uvicorn\n{before}\nuvicorn.run(app, port={port})\n"
    assert shown(source) == [f"uvicorn.run - {expected}"]


@pytest.mark.parametrize(
    ("decorators", "parameters", "expected"),
    [
        ("@click.command()\n@click.option('--port', '-p', default=8001)", "port", "@{--port:-@{-p:-8001}}"),
        ("@click.option('-p', 'port', default=8001)", "port", "@{-p:-8001}"),
        ("@click.option('--port', envvar='APP_PORT', default=8001)", "port", "@{--port:-${APP_PORT:-8001}}"),
        ("@click.option('--port', envvar=['A', 'B'])", "port", "@{--port:-${A:-${B}}}"),
        ("@click.command()\n@click.argument('name')\n@click.argument('port', default=8001)", "port", "@{2:-8001}"),
        ("@cli.command()\n@click.argument('port', default=8001)", "port", "?"),
        ("@click.option('--host')", "port", "?"),
        ("@app.command()", "port: int = 8001", "@{--port:-8001}"),
        ("@app.command()", "port: int = typer.Option(8001, '--port', '-p')", "@{--port:-@{-p:-8001}}"),
        ("@app.command()", "port: int = typer.Option(8001, envvar='PORT')", "@{--port:-${PORT:-8001}}"),
        ("@app.command()", "port: int = typer.Option(...)", "@{--port}"),
        ("@app.command()", "port: Annotated[int, typer.Option('--at')] = 8001", "@{--at:-8001}"),
        ("@cached", "port: int = 8001", "?"),
        ("", "port=8001", "?"),
    ],
)
def test_option_of_a_command(decorators: str, parameters: str, expected: str) -> None:
    source = f"import click, typer, uvicorn\n{decorators}\ndef main({parameters}):\n    uvicorn.run(a, port=port)\n"
    assert shown(source) == [f"uvicorn.run - {expected} in main"]


def test_typer_runs_a_function() -> None:
    source = "import typer, uvicorn\ndef main(port: int = 8001):\n    uvicorn.run(a, port=port)\ntyper.run(main)\n"
    assert shown(source) == ["uvicorn.run - @{--port:-8001} in main"]


@pytest.mark.parametrize(
    ("before", "address", "expected"),
    [
        ("PORT = 8001", "f'[::]:{PORT}'", "[::] 8001"),
        ("PORT = 8001", "'[::]:' + str(PORT)", "[::] 8001"),
        ("PORT = 8001", "'[::]:%d' % PORT", "[::] 8001"),
        ("PORT = 8001", "'{}:{}'.format('0.0.0.0', PORT)", "0.0.0.0 8001"),
        ("import os", "f\"{os.getenv('HOST', '::1')}:{os.getenv('PORT', 8001)}\"", "${HOST:-::1} ${PORT:-8001}"),
        ("import os", "os.getenv('LISTEN', '0.0.0.0:8001')", "${LISTEN:-0.0.0.0} ${LISTEN:-8001}"),
        ("", "f'[::]:{find_port()}'", "[::] ?"),
        ("", "'localhost'", "? ?"),
        ("", "f'{PORT:05d}'", "? ?"),
    ],
)
def test_address(before: str, address: str, expected: str) -> None:
    assert shown(f"import grpc\n{before}\nserver.add_insecure_port({address})\n") == [
        f"grpc.Server.add_insecure_port {expected}"
    ]


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("gunicorn.conf.py", "bind = '0.0.0.0:8001'", ["0.0.0.0 8001"]),
        ("conf/gunicorn_conf.py", "bind = ['0.0.0.0:8001', '[::]:8001']", ["0.0.0.0 8001", "[::] 8001"]),
        ("server.py", "workers = 2\nbind = ':8001'", ['"" 8001']),
        (
            "gunicorn.py",
            "import os\nport = os.getenv('PORT', '8001')\nbind = f'0.0.0.0:{port}'",
            ["0.0.0.0 ${PORT:-8001}"],
        ),
        ("gunicorn.py", "import os\nbind = '0.0.0.0:' + os.environ.get('PORT', '8001')", ["0.0.0.0 ${PORT:-8001}"]),
        ("gunicorn.py", "import os\nbind = os.getenv('BIND', '0.0.0.0:8001')", ["${BIND:-0.0.0.0} ${BIND:-8001}"]),
        ("gunicorn.py", "bind = 'unix:/run/app.sock'", []),
        ("gunicorn.py", "def f():\n    bind = '0.0.0.0:8001'", []),
        ("server.py", "bind = '0.0.0.0:8001'", []),
        ("server.py", "my_workers = 2\nbind = '0.0.0.0:8001'", []),
    ],
)
def test_gunicorn(path: str, source: str, expected: list[str]) -> None:
    assert shown(source, path) == [f"gunicorn.conf.py bind {each}" for each in expected]


def test_places() -> None:
    source = "# ä\nimport os, uvicorn\nuvicorn.run(\n    'é', host='0.0.0.0', port=os.getenv('PORT', 8001),\n)\n"
    data = source.encode()
    (found,) = facts(source).binds
    assert data[found.span.start : found.span.end] == b"uvicorn.run"
    assert (found.span.line, found.span.column) == (3, 1)
    assert found.host is not None and found.port is not None
    assert data[found.host.span.start : found.host.span.end] == b"'0.0.0.0'"
    assert found.host.parts == (Part("0.0.0.0", data.index(b"0.0.0.0")),)
    assert data[found.port.span.start : found.port.span.end] == b"os.getenv('PORT', 8001)"
    assert found.port.parts == (Part(variable="PORT", fallback=(Part("8001", data.index(b"8001")),)),)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_behind_a_byte_order_mark(mark: str) -> None:
    source = mark + "import uvicorn; uvicorn.run(app, port=8001)\n"
    (found,) = facts(source).binds
    assert found.span.start == source.encode().index(b"uvicorn.run")
    assert found.port is not None and found.port.parts == (Part("8001", source.encode().index(b"8001")),)


def test_a_call_on_several_lines_stands_where_its_last_word_does() -> None:
    source = "import uvicorn\n(uvicorn\n    .run(app))\n"
    (found,) = facts(source).binds
    assert source[found.span.start : found.span.end] == "run"


def test_a_secret_is_not_kept() -> None:
    source = "import os, uvicorn\nuvicorn.run(app, host='pass word', port=os.getenv('s3cret value', 'hunter2'))\n"
    assert shown(source) == ["uvicorn.run ? ?"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os, shop.web\nshop.web.start()", ("shop.web",)),
        ("from shop import web, Web\nweb.start()", ("shop", "shop.web")),
        ("from .settings import PORT\nstart()", (".settings",)),
        ("from . import web\nweb.start()", (".", ".web")),
        ("try:\n    import shop\nexcept ImportError:\n    import depot\nstart()", ("shop", "depot")),
        ("from os import path\nstart()", ()),
        ("import shop\nX = 1", ()),
        ("import uvicorn\ndef f():\n    import shop\n    uvicorn.run(1)", ("uvicorn", "shop")),
    ],
)
def test_imports(source: str, expected: tuple[str, ...]) -> None:
    assert facts(source).imports == expected


def test_imports_are_bounded() -> None:
    source = "".join(f"import m{number}\n" for number in range(100)) + "start()\n"
    assert len(facts(source).imports) == MOST_IMPORTS


def test_a_large_file_without_binds_tells_no_imports() -> None:
    assert facts("import shop\nstart()\n" + "# more\n" * 1000).imports == ()


@pytest.mark.parametrize(
    "source",
    [
        "import uvicorn\n"
        + "".join(f"a{n} = a{n + 1} + str(a{n + 1})\n" for n in range(60))
        + "uvicorn.run(1, port=a0)",
        "import uvicorn\n"
        + "".join(f"a{n} = f'{{a{n + 1}}}{{a{n + 1}}}'\n" for n in range(60))
        + "uvicorn.run(1, port=a0)",
        "import uvicorn\n" + "".join(f"a{n} = a{n + 1}\n" for n in range(3000)) + "uvicorn.run(1, port=a0)",
    ],
)
def test_hostile_names_end(source: str) -> None:
    assert shown(source) == ["uvicorn.run - ?"]


@pytest.mark.parametrize(
    "port", ["+".join(["'1'"] * 3000), "[" * 90 + "]" * 90, "x" + ".y" * 3000, " if a else ".join(["1"] * 90)]
)
def test_deep_expressions_end(port: str) -> None:
    assert shown(f"import uvicorn\nuvicorn.run(1, port={port})") in (["uvicorn.run - ?"], [])


@pytest.mark.parametrize(
    "source",
    [
        "from socket.socket import bind\nbind(('', 8001))",
        "from flask.Flask import run\nrun(port=8001)",
        "from uvicorn import *\nrun(port=8001)",
        "import uvicorn\n(lambda: uvicorn)().run(port=8001)",
        "import uvicorn\nuvicorn.run.run(port=8001)",
        "import socket\n[s.bind(('', p)) for s, p in pairs]",
        "import grpc\nserver.add_insecure_port()",
        "from http.server import HTTPServer\nHTTPServer()",
        "from http.server import HTTPServer\nHTTPServer((), H)",
        "from http.server import HTTPServer\nHTTPServer(('', *rest), H)",
        "import waitress\nwaitress.serve(app, listen='')",
        "import waitress\nwaitress.serve(app, listen=[])",
    ],
)
def test_strange_calls_are_read(source: str) -> None:
    assert len(shown(source)) <= 1


@pytest.mark.parametrize(
    ("path", "is_read"),
    [
        ("tests/mock_server.py", True),
        ("test.py", True),
        ("contest.py", True),
        ("tests/test_server.py", False),
        ("server_test.py", False),
        ("tests/conftest.py", False),
    ],
)
def test_what_pytest_imports_is_no_program(path: str, is_read: bool) -> None:
    assert shown("import uvicorn\nuvicorn.run(app)", path) == ["uvicorn.run - -"] * is_read


def test_a_broken_file_has_none() -> None:
    assert shown("import uvicorn\nuvicorn.run(app, port=8001)\ndef (") == []


def test_the_whole_file_is_read() -> None:
    """Also where the ports of a file are looked for in an excerpt of it."""
    filler = "".join(f"def f{number}():\n    return {number}\n" for number in range(300))
    source = f"import uvicorn\n{filler}def main():\n    uvicorn.run(app)\nmain_port = 8000\n"
    assert len(source) > 2000 and ast.parse(source)
    assert shown(source) == ["uvicorn.run - - in main"]


def test_every_default_is_of_a_call_that_listens() -> None:
    files = map(rule_data.load, rule_data.names("python"))
    rows = {path: row for each in files for path, row in (each.get("calls") or {}).items()}
    assert [path for path, row in rows.items() if default_of(path) is not None and row.get("role") != "bind"] == []
