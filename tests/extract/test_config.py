"""Configuration files at large: which names each format takes, and input that is made to hurt."""

from __future__ import annotations

from pathlib import Path

import pytest

from portlint.extract import config, extract, nginx, properties, systemd, toml
from portlint.extract.format import Format
from portlint.model import Source
from support.inventory import fixtures
from support.steps import MOST_GROWTH, growth

FORMATS: dict[str, Format] = {
    "nginx": nginx.FORMAT, "config": config.FORMAT, "toml": toml.FORMAT, "properties": properties.FORMAT,
    "systemd": systemd.FORMAT,
}  # fmt: skip

NAMES = [
    ("config", "redis.conf", True), ("config", "etc/haproxy.cfg.j2", True), ("config", "setup.cfg", True),
    ("config", "Caddyfile", True), ("config", "Caddyfile.dev", True), ("config", "Procfile", True),
    ("config", "home/.ssh/config", True), ("config", "my.cnf", True), ("config", "php.ini-production", True),
    ("config", "config", False), ("config", "config.py", False), ("config", "main.c", False),
    ("config", "a.config.js", False),
    ("toml", "pyproject.toml", True), ("toml", "app.toml.example", True), ("toml", "Pipfile", True),
    ("toml", "Pipfile.lock", False), ("toml", "toml.py", False),
    ("properties", "src/application.properties", True), ("properties", "properties.py", False),
    ("systemd", "shop.service", True), ("systemd", "shop@.socket", True),
    ("systemd", "shop.service.d/10-port.conf", True),
    ("systemd", "web.container", True), ("systemd", "service.py", False), ("systemd", "my.services", False),
]  # fmt: skip


@pytest.mark.parametrize(("format", "path", "expected"), NAMES)
def test_names(format: str, path: str, expected: bool) -> None:
    assert FORMATS[format].named(path) is expected


NGINX = "server { listen 8000; }"
CONTENTS = [
    ("nginx.conf", NGINX, True),
    ("docker/default.conf.template", NGINX, True),
    ("nginx.tmpl", NGINX, True),
    ("sites-available/shop", NGINX, True),
    ("conf.d/upstream.conf", "upstream api { server api:8000; }", True),
    ("snippets/proxy.conf", "proxy_pass http://api:8000;", True),
    ("application.conf", "server {\n  port = 8000\n}\n", False),
    ("supervisor.conf", "[program:nginx]\ncommand=nginx", False),
    ("setup.sh", f"cat <<E\n{NGINX}\nE\n", False),
    ("values.yaml", f"conf: |\n  {NGINX}\n", False),
    ("notes", NGINX, False),
]


@pytest.mark.parametrize(("path", "text", "expected"), CONTENTS)
def test_nginx_by_content(path: str, text: str, expected: bool) -> None:
    content = nginx.FORMAT.content
    assert content is not None
    assert content(path, text.encode()) is expected


CHOSEN = [file for name in (*FORMATS, "dotenv") for file in fixtures(name)]


@pytest.mark.parametrize("fixture", CHOSEN, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_literal_stands_where_it_says(fixture: Path) -> None:
    data = fixture.read_bytes()
    facts = extract(fixture.name, data)
    for literal in (*facts.literals, *facts.candidates):
        digits = data[literal.span.start : literal.span.end].replace(b"_", b"")
        first, _, last = digits.partition(b"-")
        assert int(first) == literal.port
        assert (int(last) if last else None) == literal.end_port
        assert data[: literal.span.start].count(b"\n") + 1 == literal.span.line or b"\r" in data
        assert not literal.referable


HOSTILE = [
    "",
    "\0" * 1000,
    "\xff\xfe" * 1000,
    "port",
    "port = ",
    "[" * 12_500,
    "[a" * 12_500,
    "{" * 12_500,
    "a { " * 7_500,
    "a = { " * 7_500,
    "a = [ " * 7_500,
    'a = "' * 7_500,
    "a = '" * 7_500,
    '"""' * 7_500,
    'a = """' + '\\"""' * 7_500,
    "\\" * 25_000,
    "port=" + "\\\n" * 12_500,
    "a=" + "\\" * 25_000,
    "port " * 12_500,
    "port = " + "8000," * 9_000,
    "port " + " " * 50_000 + "x",
    "\n" * 50_000,
    "a" * 125_000,
    "a " * 50_000,
    "a.b" * 25_000,
    "a.b-c/d@" * 12_500 + " = 1",
    "# port 8000\n" * 2_500,
    "x = ${" * 12_500,
    "x = {{" * 12_500,
    "{% " * 12_500,
    "{$A:" * 12_500,
    "; ; " * 12_500,
    "server a:80 " + "port " * 12_500,
    "ExecStart=" + "'" * 12_500,
    "Environment=" + '"A=' * 12_500,
    "map $a $b { " + "x y; " * 5_000,
    "location / { set $a " + "{{ x }}" * 5_000 + "; }",
    "if ($server_port = " + "80|" * 12_500,
    "proxy_pass " + "a:" * 25_000 + ";",
    "proxy_pass http://" + "a@" * 25_000 + ";",
    "listen " + "1" * 25_000 + ";",
    "port = " + "1" * 25_000,
]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:14]))
def test_hostile_input_is_work_in_proportion(format: str, text: str) -> None:
    def extracted(text: str) -> str:
        return FORMATS[format].extract(Source.of("some.conf", text.encode("latin-1"))).format

    assert extracted(text) == FORMATS[format].name
    assert growth(extracted, text) < MOST_GROWTH
