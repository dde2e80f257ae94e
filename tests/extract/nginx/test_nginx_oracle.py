"""Our nginx lexer against crossplane's parser: the same directives, with the same arguments, on the same lines."""

from __future__ import annotations

import re
from pathlib import Path

import crossplane
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portlint.model import LineIndex
from portlint.syntax.nginx import Token, lex
from support.paths import FIXTURES
from support.steps import MOST_GROWTH, growth

FOLDER = FIXTURES / "extract" / "nginx"
Rows = list[tuple[int, str, list[str]]]
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def ours(text: str) -> Rows:
    data = text.encode()
    found = lex(data.decode("latin-1"))
    lines = LineIndex(data)
    rows = []
    for directive in found.directives:
        first = directive.name.start - (text.encode()[directive.name.start - 1 : directive.name.start] in (b'"', b"'"))
        words = [word(data, token) for token in (directive.name, *directive.args)]
        if directive.lua is not None:
            words.append(word(data, directive.lua))
        rows.append((lines.span(first, first).line, words[0], condition(words[1:]) if words[0] == "if" else words[1:]))
    return rows


def condition(args: list[str]) -> list[str]:
    """The arguments of `if` without the brackets around them, as crossplane gives them."""
    args = [args[0][1:], *args[1:-1], args[-1][:-1]] if len(args) > 1 else [args[0][1:-1]]
    return [word for number, word in enumerate(args) if word or 0 < number < len(args) - 1]


def word(data: bytes, token: Token) -> str:
    """A word as crossplane gives it: an escaped quote of the kind that is around it loses its backslash."""
    text = data[token.start : token.end].decode()
    before, behind = data[max(0, token.start - 1) : token.start], data[token.end : token.end + 1]
    quote = before.decode() if before in (b'"', b"'") and before == behind else ""
    return _ESCAPE.sub(lambda m: m[1] if m[1] == quote else m[0], text) if quote else text


def theirs(path: Path) -> Rows:
    payload = crossplane.parse(str(path), single=True, check_ctx=False, check_args=False, comments=False)
    assert payload["status"] == "ok", payload["errors"]
    return flat(payload["config"][0]["parsed"])


def flat(block: list[dict[str, object]]) -> Rows:
    rows: Rows = []
    for statement in block:
        if statement["directive"] == "#":
            continue  # a comment between the arguments
        rows.append((statement["line"], statement["directive"], list(statement["args"])))  # type: ignore[arg-type,call-overload]
        rows += flat(statement.get("block", []))  # type: ignore[arg-type]
    return rows


PLAIN = st.text("abcXYZ019._-/:*=$^~|@", min_size=1, max_size=8).filter(lambda s: not s.endswith("$"))
ESCAPED = st.sampled_from(["a\\ b", "a\\;b", "\\#x", 'x\\"y', "^/(\\d+)\\.php$", "a\\{b", "x\\\\", "caf\u00e9"])
# crossplane takes the white space behind a closing `${x}` for a part of the word; nginx does not, nor do we.
EXPANDED = st.sampled_from(["${PORT}x", "a${b}c", "$host:8000", "http://${h}:80/x", "a#b", 'a"b', "a'b", "${x}${y}/"])
INSIDE = st.lists(
    st.sampled_from(["a", " ", ";", "{", "}", "#", "8000", "\\\\", "\\n", "$x", "${y}", "\n", "\u00e9", "'", ":"]),
    max_size=6,
).map(lambda parts: "".join(parts).replace("{{", "{"))  # a template, which nginx and crossplane do not know
QUOTED = INSIDE.map(lambda s: f'"{s}"') | INSIDE.map(lambda s: "'" + s.replace("'", "\\'") + "'")
QUOTED_ESCAPED = st.sampled_from(['"a\\"b"', "'a\\'b'", '"a\\\'b"', "'a\\\"b'"])
ARGUMENT = PLAIN | ESCAPED | EXPANDED | QUOTED | QUOTED_ESCAPED
NAME = st.sampled_from(["listen", "server", "proxy_pass", "location", "set", "return", "map", "upstream", "x"])
SPACE = st.sampled_from([" ", "\n", "\t", "  ", " # a { comment; }\n", "\n\n "])
END = st.sampled_from(["\n", " ", "", "# behind ; }\n", "\r\n"])


def statement(name: str, pairs: list[tuple[str, str]], end: str, block: list[str] | None, space: str) -> str:
    head = name + "".join(space + argument for space, argument in pairs)
    return head + space + ("{" + end + "".join(block) + "}" if block is not None else ";") + end


STATEMENT = st.recursive(
    st.builds(statement, NAME, st.lists(st.tuples(SPACE, ARGUMENT), max_size=4), END, st.none(), SPACE),
    lambda inner: st.builds(
        statement, NAME, st.lists(st.tuples(SPACE, ARGUMENT), max_size=2), END, st.lists(inner, max_size=4), SPACE
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=st.lists(STATEMENT, max_size=6))
def test_generated_configurations(statements: list[str], tmp_path: Path) -> None:
    text = "".join(statements)
    path = tmp_path / "nginx.conf"
    path.write_bytes(text.encode())
    assert ours(text) == theirs(path)
    assert lex(text.encode().decode("latin-1")).faults == []


WRITTEN = [
    "",
    "# nothing but a comment",
    "worker_processes 4;",
    'server { listen "8091" default_server; }',
    "server{listen 80;location /{return 200 'a;b}c';}}",
    'log_format x \'$a "$b" \'\n  \'{"k": "$c"}\';',
    "location ~ \\.(?:css|js)$ { expires 7d; }",
    'if ($http_host ~* "^(a|b):8080$") { return 301 https://$host:8443; }',
    "map $a $b { default 1; ~*^x{0} 2; }".replace("{0}", ""),
    "rewrite ^/(.*)/$ /$1 permanent;",
    'set $a "x\\"y";',
    "content_by_lua_block { local t = { a = 1 }; ngx.say('}') -- }\n }",
    'set_by_lua_block $x { return "{" .. 8000 }',
    "proxy_pass http://${HOST}:8000/;",
    "env PORT=8000; # behind\nuser  x  y ;",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_written_configurations(text: str, tmp_path: Path) -> None:
    path = tmp_path / "nginx.conf"
    path.write_text(text, "utf-8")
    assert ours(text) == theirs(path)


@pytest.mark.parametrize("name", ["nginx.conf", "conf.d/locations.conf", "crlf.conf", "sites-enabled/shop"])
def test_fixtures(name: str) -> None:
    path = FOLDER / name
    assert ours(path.read_bytes().decode()) == theirs(path)


HOSTILE = [
    "{" * 100_000,
    "}" * 100_000,
    "a {" * 50_000,
    "a" * 1_000_000,
    '"' * 100_000,
    'x "' + "{{" * 100_000,
    'x "' + "{{" * 100_000 + "\n}}",
    "x " + "{#" * 100_000 + "\n#}",
    "' \" " * 50_000,
    "{{" * 100_000,
    "{% " * 100_000,
    "x ${" * 100_000,
    "\\" * 100_001,
    "a_by_lua_block {" + "[[" * 50_000,
    "a_by_lua_block {" + "'" * 50_001,
    "# x;\n" * 20_000,
    "listen 8000;" * 20_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_input_is_work_in_proportion(text: str) -> None:
    lex(text)
    assert growth(lex, text) < MOST_GROWTH
