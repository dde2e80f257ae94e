"""The hostile tree: what a stranger's repository may hold, made anew for each run, since much of it is large.

`CASES` gives for each file its content and the reason with which it must be named (PORT901), or None where it can be
read and only must not do harm. `fill_hostile` adds what is no plain file: links, FIFOs, sockets, odd names, deep
folders.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BILLION = "port: 8000\na: &a [x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(24)
)
MERGE_BOMB = "a0: &a0 {port: 8000}\n" + "".join(
    f"a{i}: &a{i}\n  <<: [{', '.join([f'*a{i - 1}'] * 9)}]\n  k{i}: 1\n" for i in range(1, 30)
)
ODD_TAGS = "\n".join(
    f"k{i}: {value}"
    for i, value in enumerate(
        (
            "!!int x", "!!float x", "!!binary x", "!!timestamp x", "!!bool x", "!!set {8000}", "!!omap [8000]",
            "!!pairs [8000]", "!!python/object/apply:os.system ['touch owned']", "!!python/name:os.system ''",
            "!<tag:yaml.org,2002:int> ''", "!reset []", "!!null 8000", "=", "!!value =", "1:99999999999999999",
            "!!int ''", "!!int '-'", "!!int 0b", "!!merge <<", "0x", "0o8000", "._",
        )
    )
)  # fmt: skip


def _nested(opening: str, closing: str, depth: int, inner: str = "8000") -> str:
    return opening * depth + inner + closing * depth


@dataclass(frozen=True, slots=True)
class Case:
    """content: of the file. reason: a part of that of its PORT901; None: it can be read, and only must do no harm."""

    content: bytes
    reason: str | None = None


def _cases() -> Iterator[tuple[str, str | bytes, str | None]]:
    yield "py/brackets.py", f"port = {_nested('[', ']', 1500)}\n", "not valid Python 3: too many nested"
    yield "py/brackets_199.py", f"port = {_nested('[', ']', 199)}\n", "brackets nested 199 deep"
    yield "py/ands.py", "port = 8000" + " and a" * 7109 + "\n", "a chain of more than 200 operators"
    yield "py/spread.py", "port = 8000" + " and (aaaaaaaaaaaaaaaaaaaaaaaaa)" * 7109 + "\n", "a chain of more than 200"
    yield "py/match.py", f"match port:\n case {_nested('[', ']', 24)}:\n  pass\n", "brackets nested 24 deep"
    yield "py/calls.py", f"port = {_nested('f(', ')', 199)}\n" * 100, "brackets nested 199 deep"
    yield (
        "py/matrix.py",
        "port = [" + f"{_nested('f(', ')', 58)},\n" * 100 + "]\n",
        "brackets in one statement, 59 deep",
    )
    yield "py/dots.py", ("port = a" + ".a" * 1400 + "(8000)\n") * 176, "a chain of more than 200 operators"
    yield "py/trailers.py", "port = a" + "(1)[2]" * 1400 + "(8000)\n", "a chain of more than 200 operators"
    yield "py/trailers_long.py", "port = a" + "(1)" * 10_000 + "(8000)\n", "recursion"
    yield "py/lambdas.py", "port = " + "lambda a, b: " * 2000 + "8000\n", ""
    yield "py/field.py", "url = f'{a" + ".a" * 2000 + "}:8000'\n", ""
    yield "py/elifs.py", "if port == 1: pass\n" + "elif port == 8000: pass\n" * 8281, "too large or too deep for Python"
    yield "py/excepts.py", "try:\n port = 8000\n" + "except A:\n port = 8000\n" * 500, None
    yield "py/decorators.py", "@a(8000)\n" * 2000 + "def f(): pass\n", None
    yield "py/indented.py", "".join(" " * i + "if port == 8000:\n" for i in range(120)), "not valid Python 3"
    yield "py/digits.py", "port = 8000, " + "9" * 5000 + "\n", "not valid Python 3"
    yield "py/python2.py", "print 'port', 8000\n", "not valid Python 3"
    yield "py/cookie.py", b"# coding: latin-1\nport = 8000 # \xe9\n", None
    yield "py/cookie_lies.py", b"# coding: ascii\nport = 8000 # \xe9\n", "cannot be decoded as ascii"
    yield "py/cookie_unknown.py", b"# coding: rot13\nport = 8000 # \xe9\n", "cannot be decoded as rot13"
    yield "py/cookie_utf7.py", b"# coding: utf-7\nport = 8000 # \xe9\n", "cannot be decoded as utf-7"
    yield "py/nul.py", b"port = 8000\0\n", "binary: a NUL byte at offset 11"
    yield "py/surrogates.py", "port = '\\ud800:8000'\nname = '\\N{NO SUCH}:8000'\n", None
    yield "py/form_feed.py", "\fport = 8000\f\n\x0bport = 8000\n", "not valid Python 3"
    yield "yaml/brackets.yml", "port: 8000\na: " + "[" * 25_075, "nested"
    yield "yaml/braces.yml", "{port: 8000, a: " + "{a: " * 25_075, "nested"
    yield "yaml/dashes.yml", "- " * 25_075 + "port: 8000\n", "nested"
    yield "yaml/docker-compose.yml", "services:\n  a:\n    ports: " + "[" * 25_075, "nested"
    yield "yaml/aliases.yml", BILLION, None
    yield "yaml/merges.yml", MERGE_BOMB, None
    yield (
        "yaml/compose.yaml",
        f"x: &x {{}}\n{MERGE_BOMB}services:\n  web:\n    <<: *a29\n    ports: ['8000:80']\n",
        None,
    )
    yield "yaml/itself.yml", "a: &a\n  b: *a\n  port: 8000\n", None
    yield "yaml/unknown_alias.yml", "port: 8000\na: *b\n", None
    yield "yaml/tags.yml", ODD_TAGS + "\nport: 8000\n", None
    yield "yaml/base60/docker-compose.yml", "services:\n  a:\n    ports:\n      - 22:22\n      - 1082:21\n", None
    yield "yaml/utf16.yml", "port: 8000\n".encode("utf-16"), None
    yield "yaml/utf16_broken.yml", b"\xff\xfep\x00o\x00\x00\xd8", "not valid UTF-16"
    yield "yaml/latin.yml", b"port: 8000 # \xe9\n", "not valid UTF-8: byte 0xe9 on line 1"
    yield "yaml/tabs.yml", "a:\n\tport: 8000\n", ""
    yield "yaml/control.yml", 'port: 8000\nname: "a\x1b[31mred"\n', None
    yield "json/brackets.json", '{"port": 8000, "a": ' + "[" * 100_000, "nested"
    yield "json/braces.json", '{"port": 8000, "a": ' + '{"a":' * 50_000, "nested"
    yield "json/digits.json", '{"port": ' + "9" * 100_000 + "}", None
    yield "json/surrogate.json", '{"port": 8000, "a": "\\ud800"}', None
    yield "toml/parts.toml", "a." * 50_000 + "port = 8000\n", None
    yield "toml/brackets.toml", "port = 8000\na = " + "[" * 50_000, ""
    yield "nginx/blocks.conf", "server {" * 20_000 + " listen 8000;\n", ""
    yield "nginx/nginx.conf", "include /etc/passwd;\ninclude ../../../outside.conf;\nserver { listen 8000; }\n", None
    yield "env/.env", "A_PORT=" + "${A:-" * 20_000 + "8000" + "}" * 20_000 + "\n", "a line longer than 100,000 bytes"
    yield "env/nested.env", "A_PORT=" + "${A:-" * 2000 + "8000" + "}" * 2000 + "\n", "variables nested deeper than 20"
    yield "env/nested/docker-compose.yml", "x: " + "${A:-" * 2000 + "80" + "}" * 2000 + "\n", "variables nested deeper"
    yield "env/long.env", "A_PORT=8000\n" * 90_000, "what lies behind its first 999,996 bytes"
    yield "env/many.env", "A_PORT=8000\n" * 20_000, "more than 10,000 places in it look like ports"
    yield "json/many.json", '{"port": [' + "8000, " * 20_000 + "8000]}", "more than 10,000 places in it look like ports"
    yield "yaml/many.yml", "port: 8000\n" * 20_000, "more than 10,000 places in it look like ports"
    yield "py/many.py", "port = 8000\n" * 20_000, "more than 10,000 places in it look like ports"
    yield (
        "py/functions.py",
        "".join(f"def f{n}(port): ...\n" for n in range(2000))
        + "".join(f"f{n}(8000)\nuse(port=a{n})\na{n} = 8000\n" for n in range(2000)),
        None,
    )
    yield "py/renamed.py", "".join(f"from socket import a as b{n}\nb{n}(('', 8000))\n" for n in range(2000)), None
    yield "py/memory.py", "port = f(" + "f(port=x)," * 160_000 + "8000)\n", "too large or too deep for Python"
    yield "env/quote.env", "A_PORT='8000\n" * 2000, None
    yield "shell/substitutions.sh", "curl localhost:8000 " + "$(" * 20_000 + "\n", None
    yield "shell/heredocs.sh", "cat <<A\n" * 2000 + "curl localhost:8000\n", None
    yield "docker/Dockerfile", "FROM a\nRUN <<A <<B <<C\n" + "EXPOSE 8000\n" * 1000, None
    yield "docker/Dockerfile.heredocs", "FROM a\n" + "RUN <<A\nport 8000\n" * 3000, None
    yield "js/backticks.js", "const port = `" + "${`" * 10_000 + "8000", "variables nested deeper"
    yield "make/Makefile", "PORT = 8000\nA = " + "$(A" * 10_000 + "\n", None
    yield "too_large.env", b"API_PORT=8000\n" * 400_000, "larger than 5,000,000 bytes"


CASES: dict[str, Case] = {
    name: Case(content if isinstance(content, bytes) else content.encode(), reason)
    for name, content, reason in _cases()
}

UNITS: dict[str, tuple[str, ...]] = {
    "app.py": (
        "a=8000;", "f(port=8000),", "http://a:8000/", "port: int;", 'os.environ["A_PORT"];', "class A:", '"""a:8000 ',
        "for a in b.items():", "a=b;", "'a 25',",
    ),
    "README.md": ("``` ", "`a:8000` ", "|a|8000", "[a](http://a:8000) ", "$ curl a:8000 ", "<!-- "),
    "app.js": ("const port=8000;", '"a:8000",', "f(8000,", "`${"),
    "app.json": ('{"port":8000},', '"a:8000",'),
    ".env": ("8000", "a:8000,", "${A:-"),
    "nginx.conf": ("listen 8000;", "server{listen 8000;}", "proxy_pass http://a:8000;"),
    "run.sh": ("PORT=8000;", "-p 8000:80 ", "$(", "curl a:8000|"),
    "run.bat": ("set PORT=8000&", "a:8000,"),
    "run.ps1": ("$port=8000;", "a|"),
    "Dockerfile": ("EXPOSE 8000 ", "RUN <<A\n", "a \\\n"),
    "Makefile": ("PORT=8000 ", "$(A)", "a:\n\t"),
    "docker-compose.yml": ('"8000:80",', "- 8000:80\n", "a: 8000, "),
    "values.yaml": ("a:8000,", "{{ ", "port: 8000\n"),
    "traefik.toml": ("port=8000\n", "[[a]]\n", "[a.b]\n"),
    "app.service": ("ListenStream=8000\n", "--port 8000 "),
    "app.properties": ("server.port=8000\n", "a.", "\\\n"),
    "app.conf": ("port = 8000 ", "a { ", "# port 8000 "),
}  # fmt: skip
"""what a file of one line is made of, by the file's name"""


def long_lines(size: int) -> dict[str, bytes]:
    """Files of `size` bytes and of few lines, for each format and for each of its units."""
    return {
        f"long/{number}/{name}": (unit.encode() * (size // len(unit.encode()) + 1))[:size]
        for name, units in UNITS.items()
        for number, unit in enumerate(units)
    }


ODD_NAMES = (
    b"names/new\nline.py",
    b"names/::error file=a,line=1::owned.py",
    b"names/-rf.py",
    b"names/--registry=x.py",
    b"names/\xff\xfe.py",
    b"names/\x1b[31mred\x1b[0m.py",
    "names/\u202egnp.py".encode(),
    b"names/<script>alert(1)<script>.py",
    b"names/|a|b|.py",
    b"names/=cmd().py",
    b"names/%0A::error::.py",
    b"names/a\rb.py",
    b"names/'quote\".py",
    b"names/" + b"n" * 252 + b".py",
)
REPORTED_NAME = b"port = 99999\n"
"""content that gives a finding whatever the registry holds"""


def fill_hostile(root: Path, line_size: int) -> None:
    """Writes the hostile tree into the working directory, which is `root`. line_size: bytes of each long line."""
    files = {name: case.content for name, case in CASES.items()} | long_lines(line_size)
    for name, content in files.items():
        _write(root / name, content)
    for name in ODD_NAMES:
        _write(root / os.fsdecode(name), REPORTED_NAME)
    links = {
        "links/.env": "/proc/self/environ",
        "links/dangling.py": "nowhere.py",
        "links/loop.py": "loop.py",
        "links/outside.yml": "/etc/hostname",
        "links/up": "..",
        "links/zero.env": "/dev/zero",
    }
    (root / "links").mkdir()
    for name, target in links.items():
        (root / name).symlink_to(target)
    (root / "special").mkdir()
    os.mkfifo(root / "special/fifo.env")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("special/socket.env")
    _deep(root / "deep", 45, "d" * 100)


def _write(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def _deep(place: Path, levels: int, name: str) -> None:
    """A file whose path is longer than the 4,096 bytes that one system call takes."""
    place.mkdir()
    here = os.open(place, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    file = os.open("deep.py", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here)
    os.write(file, REPORTED_NAME)
    os.close(file)
    os.close(here)


def repository(root: Path) -> Path:
    root.mkdir(exist_ok=True)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return root
