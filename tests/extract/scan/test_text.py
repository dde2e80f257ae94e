"""The scanners that every format shares: names, texts, values, interpolation."""

from __future__ import annotations

import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlint.extract.scan.text import find, port_list
from portlint.extract.scan.values import find_in_value
from portlint.knowledge.identifiers import is_address_name, is_port_name, words
from portlint.syntax.interpolation import interpolations, masked

PORT_NAMES = [
    "port", "PORT", "ports", "redis_port", "REDIS_PORT", "redisPort", "RedisPort", "redis-port", "server.port",
    "PORT_API", "port_number", "portNumber", "default_ports", "httpport", "pgport", "HTTPPort", "port_range_start",
    "X-Forwarded-Port", "http-01-port", "nodePort", "dport", "LocalPort", "port8000",
]  # fmt: skip
OTHER_NAMES = [
    "support", "report", "export", "import_path", "viewport", "portfolio", "transport", "portal", "port_count",
    "max_ports", "num_ports", "number_of_ports", "serial_port", "usbPort", "com_port", "port_offset", "port_name",
    "port_timeout", "PORT_SCAN_INTERVAL", "portable", "passport", "airport", "opportunity", "portrait", "x" * 300,
]  # fmt: skip


@pytest.mark.parametrize("name", PORT_NAMES)
def test_a_port_name(name: str) -> None:
    assert is_port_name(name)


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_no_port_name(name: str) -> None:
    assert not is_port_name(name)


@pytest.mark.parametrize(
    ("name", "expected"), [("DATABASE_URL", True), ("redisHost", True), ("bind", True), ("colour", False)]
)
def test_address_name(name: str, expected: bool) -> None:
    assert is_address_name(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("redisPort2", ("redis", "port", "2")), ("HTTPServer", ("http", "server")), ("pgport", ("pg", "port")), ("", ())],
)
def test_words(name: str, expected: tuple[str, ...]) -> None:
    assert words(name) == expected


# A text, and what must be found in it: `port`, `first-last`, `port/protocol`; `@host` where the place names one.
TEXTS = [
    ("http://localhost:8000/api", "8000@localhost"),
    ("redis://:secret@cache:6379/0", "6379@cache"),
    ("postgresql://user:1234@db:5432/x", "5432@db"),
    ("mongodb://u:p@a:27017,b:27018/db", "27017@a 27018@b"),
    ("http://[::1]:8000", "8000@::1"),
    ("tcp://*:5555", "5555@*"),
    ("jdbc:postgresql://db:5432/x", "5432@db"),
    ("jdbc:oracle:thin:@db:1521:sid", "1521@db"),
    ("PLAINTEXT://:9092,SSL://kafka:9093", "9092 9093@kafka"),
    ("inet:milter:11332", "11332@milter"),
    ("udp:127.0.0.1:161", "161@127.0.0.1"),
    ("1001@127.0.0.1:29093", "29093@127.0.0.1"),
    ("user@tcp(127.0.0.1:3306)/db", "3306@127.0.0.1"),
    ("//localhost:8000/ws", "8000@localhost"),
    ("s3:http://store:9000/bucket", "9000@store"),
    ("localhost:5000/team/app:8080", "5000@localhost"),
    ("redis-cache:6379", "6379@redis-cache"),
    ("db.internal:5432", "5432@db.internal"),
    ("http://{host}:8000", "8000"),
    ("http://${HOST}:8000", "8000"),
    ("%s:8000", "8000"),
    ("{server}:25", "25"),
    (":8080/internal", "8080"),
    ("http://localhost:8000.", "8000@localhost"),
    ("see http://localhost:8000, or not", "8000@localhost"),
    ("server 172.16.20.2:80;", "80@172.16.20.2"),
    ("lsof -i :8000", "8000"),
    ("ss -ltn | grep ':22 '", "22"),
    ("--http-01-port=8008", "8008"),
    ("--port 8000 --workers 4000", "8000"),
    ("answer from port 81", "81"),
    ("answer from port 81\\n", "81"),
    ("X-Forwarded-Port: 80", "80"),
    ('{"port": 8000, "size": 8001}', "8000"),
    ("ports 80, 443 and 8080 are open", "80 443 8080"),
    ("53/udp", "53/udp"),
    ("6000-6010/tcp", "6000-6010"),
    ("_25._tcp.example.com", "25"),
    ("PROXY TCP4 1.2.3.4 4.3.2.1 8080 9090\\r\\n", "8080 9090"),
    ("https://a.example.com/?next=http://b.example.com:8443/x", "8443@b.example.com"),
    ("http://+:8000", "8000@+"),
    ("run tool --bootstrap-server kafka1:12091 --list", "12091@kafka1"),
    ("run tool --name kafka1:12091 --list", ""),
    ("s3://bucket?endpoint=store:8333&style=path", "8333@store"),
    ("cache is [memcached:11211]", "11211@memcached"),
    ("CONNECT proxy:8080 HTTP/1.1", "8080@proxy"),
    ("ldap:localhost:1389:cn=x", "1389@localhost"),
    ("ldap:docker.for.win.localhost:1389:cn=x", "1389@docker.for.win.localhost"),
    ("ldap:host.containers.internal:1389:cn=x", "1389@host.containers.internal"),
    ("bound to ip6-localhost:80", "80@ip6-localhost"),
    # none of these is a port
    ("image=redis:7", ""),
    ("docker:24-dind", ""),
    ("depot:8000-alpine", ""),
    ('{\\"count\\":6100,\\"id\\":298}', ""),
    ("{'count':6100}", ""),
    ("cache is [redis:6300]", ""),
    ("16:9", ""),
    ("10:30", ""),
    ("10:30:00", ""),
    ("2024-01-01T10:30:00+01:00", ""),
    ("00:1a:2b:3c:4d:5e", ""),
    ("fe80::9289:cab3", ""),
    ("2001:db8::8080", ""),
    ("1.2.3:8080", ""),
    ("Chrome 127.0.6533.88:8080", ""),
    ("ldap:directory.example.org:1389:cn=x", ""),
    ("bound to ip6-allnodes:80", ""),
    ("depot.py:8080", ""),
    ("timeout:3000", ""),
    ("max_split_size_mb:512", ""),
    ("support 1080p", ""),
    ("serial port 3", ""),
    ("RTX 4080", ""),
    ("v8080", ""),
    ("/x:8080/", ""),
    ("http://user:8080@host/", ""),
    ("{0:8000}", ""),
    ("report 8000", ""),
    ("redis://:1234@host/", ""),
    ("word:other:11332", ""),
    ("{hour}:30", ""),
    ("port 0", ""),
    ("http://host:99999/", ""),
]


def shown(text: str, **options: bool) -> str:
    out = []
    for hit in find(text, **options):
        assert text[hit.start : hit.end].startswith(str(hit.port))
        port = str(hit.port) + (f"-{hit.end_port}" if hit.end_port else "")
        out.append(port + (f"/{hit.protocol}" if hit.protocol != "tcp" else "") + (f"@{hit.host}" if hit.host else ""))
    return " ".join(out)


@pytest.mark.parametrize(("text", "expected"), TEXTS, ids=[text for text, _ in TEXTS])
def test_find(text: str, expected: str) -> None:
    if text == "http://host:99999/":
        assert [hit.port for hit in find(text)] == [99999]
    else:
        assert shown(text) == expected


def test_an_address_is_expected() -> None:
    assert shown("api:80") == ""
    assert shown("api:80", address=True) == "80@api"


LISTS = [
    ("8000", [8000]), ("25,80,443", [25, 80, 443]), ("8080 9000", [8080, 9000]), ("6383-6390", [6383]),
    ("53/udp", [53]),
    ("['25', '110']", [25, 110]), ("0", []), ("8000 apples", []), ("1.5", []), ("8000ms", []), ("", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), LISTS)
def test_port_list(text: str, expected: list[int]) -> None:
    assert [hit.port for hit in port_list(text)] == expected


VALUES = [
    ("PORT", "8000", "8000"),
    ("PORTS", "25,80,443", "25 80 443"),
    ("WORKERS", "8000", ""),
    ("REDIS_PORT", "tcp://10.0.0.1:6379", "6379"),
    ("API", "${API_PORT:-8000}", "8000$API_PORT"),
    ("CORS", "${CORS:-http://localhost:3000,http://localhost:8101}", "3000$CORS 8101$CORS"),
    ("API_PORT", "${A:-${B:-80}}", "80$B"),
    ("REDIS_CACHE", "redis-cache:6379", "6379"),
    ("port", "70000", "70000"),
    ("SUPPORT_EMAIL", "a@b:25", "25"),
    ("targets", "shop-index:8000", "8000"),
    ("limits", "shop-index:8000", ""),
    ("REDIS_HOSTS", "local:redis:6379,other:cache:6380", "6379 6380"),
    ("words", "local:redis:6379", ""),
    ("TIMEOUT", "${TIMEOUT:-8000}", ""),
    ("test", "curl http://localhost:$${UI_PORT:-8093}/health", "8093$UI_PORT"),
    ("SUPPORT", "8000", ""),
    ("server.port", "${PORT:8080}", "8080$PORT"),
    ("cache", "${CACHE:redis:6379}", "6379$CACHE"),
    ("cache.url", "${CACHE:redis://cache:6379}", "6379$CACHE"),
    ("port", "${PORT:0:4}", ""),
]


@pytest.mark.parametrize(("key", "text", "expected"), VALUES)
def test_find_in_value(key: str, text: str, expected: str) -> None:
    hits = find_in_value(key, text)
    assert all(text[hit.start : hit.end].startswith(str(hit.port)) for hit in hits)
    assert " ".join(f"{hit.port}{'$' + hit.variable if hit.variable else ''}" for hit in hits) == expected


INTERPOLATIONS = [
    ("$P", [("P", "", "")]),
    ("${P}", [("P", "", "")]),
    ("${P:-8000}", [("P", ":-", "8000")]),
    ("${P-8000}", [("P", "-", "8000")]),
    ("${P:?no port, 8080 say}", [("P", ":?", "no port, 8080 say")]),
    ("${P:+9000}", [("P", ":+", "9000")]),
    ("${P:9000}", [("P", ":", "9000")]),
    ("${P:0:4}", [("P", "", ":0:4")]),
    ("${A:-${B:-80}}", [("A", ":-", "${B:-80}")]),
    ("$$P", [("P", "", "")]),
    ("${P}:${P}", [("P", "", ""), ("P", "", "")]),
    ("${P", []),
    ("${P\n$Q", [("Q", "", "")]),
    ("$8", []),
]


@pytest.mark.parametrize(("text", "expected"), INTERPOLATIONS)
def test_interpolations(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = list(interpolations(text))
    assert [(f.variable, f.operator, text[f.value_start : f.value_end]) for f in found] == expected


PIECES = st.lists(
    st.sampled_from(
        ["http://", "host", ":8000", "port", " ", "=", "$", "${", "}", ":-", "80", "-", "/", "@", "[", "]", '"', ","]
    )
    | st.text(string.printable, max_size=4),
    max_size=30,
).map("".join)


@given(PIECES)
def test_every_hit_is_where_it_says(text: str) -> None:
    for hits in (find(text), find(text, address=True), port_list(text), find_in_value("port", text)):
        for hit in hits:
            assert int(text[hit.start : hit.end].split("-")[0]) == hit.port
        assert all(a.end <= b.start for a, b in pairwise(hits))


@given(PIECES)
def test_masking_keeps_the_length(text: str) -> None:
    assert len(masked(text)) == len(text)
