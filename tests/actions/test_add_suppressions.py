"""`check --add-ignore`: the comments that it writes, and what it promises for any file."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portlint.actions.add_suppressions import _is_same, _Silencing
from portlint.fix.suppression_comments import is_reason
from portlint.knowledge.formats import Comment, Lines
from portlint.pipeline.extraction import facts_of
from portlint.pipeline.memory_run import run_on_memory
from support.commandline import codes, fill

REGISTRY = "ports:\n  api: {default: 8000, env_var: API_PORT}\n  redis: {default: 6379, env_var: REDIS_PORT}\n"
NOTE = "-- why"

# name: (before, after); None: it cannot be silenced there
PLACES: dict[str, tuple[str, str | None]] = {
    "a.py": ("api_port = 8000\r\nx = 1\r\n", f"api_port = 8000  # portlint: ignore[PORT101] {NOTE}\r\nx = 1\r\n"),
    "b.py": (
        "api_port = 8000  # noqa\n",
        f"api_port = 8000  # noqa  # portlint: ignore[PORT101] {NOTE}\n",
    ),
    "last.py": ("api_port = 8000", f"api_port = 8000  # portlint: ignore[PORT101] {NOTE}"),
    "mark.py": ("\ufeffapi_port = 8000\n", f"\ufeffapi_port = 8000  # portlint: ignore[PORT101] {NOTE}\n"),
    "goes_on.py": (
        "def f():\n    return g(api_port= \\\n        8000)\n",
        f"def f():\n    return g(api_port= \\\n        8000)  # portlint: ignore[PORT101] {NOTE}\n",
    ),
    "more.py": ('x = """\nhttp://localhost:8000/\n"""\n', None),
    "two.py": (
        "api_port, redis_port = 8000, 6000\n",
        f"api_port, redis_port = 8000, 6000  # portlint: ignore[PORT101, PORT104] {NOTE}\n",
    ),
    "known.py": (
        "api_port, redis_port = 8000, 6000  # portlint: ignore[PORT101] -- old\n",
        "api_port, redis_port = 8000, 6000  # portlint: ignore[PORT101, PORT104] -- old\n",
    ),
    "above.py": (
        "# portlint: ignore-next-line[PORT104]\napi_port, redis_port = 8000, 6000\n",
        "# portlint: ignore-next-line[PORT104, PORT101]\napi_port, redis_port = 8000, 6000\n",
    ),
    "compose.yaml": (
        "services:\n  redis:\n    image: redis:7\n    ports:\n"
        "      - 6379:6379\n      - '127.0.0.1:${REDIS_PORT:-1}:6379'\n",
        "services:\n  redis:\n    image: redis:7\n    ports:\n"
        f"      - 6379:6379 # portlint: ignore[PORT101, PORT204] {NOTE}\n"
        f"      - '127.0.0.1:${{REDIS_PORT:-1}}:6379' # portlint: ignore[PORT103] {NOTE}\n",
    ),
    ".github/workflows/a.yml": (
        "on: push\njobs:\n  a:\n    steps:\n    - run: |\n        curl http://redis:7777/\n",
        None,
    ),
    "a.sh": ("curl localhost:8000\n", f"curl localhost:8000 # portlint: ignore[PORT101] {NOTE}\n"),
    "goes_on.sh": ("curl \\\n  localhost:8000 \\\n  -v\n", None),
    "open.sh": ("cat <<E\nhttp://localhost:8000/\n", None),
    "here.sh": ("cat <<E\nhttp://localhost:8000/\nE\n", None),
    ".env": (
        "A=1\nREDIS_PORT=6000\nAPI_PORT=7000\n",
        f"A=1\n# portlint: ignore-next-line[PORT401] {NOTE}\nREDIS_PORT=6000\n"
        f"# portlint: ignore-next-line[PORT401] {NOTE}\nAPI_PORT=7000\n",
    ),
    "quoted.env": (
        'A="\nx\n"\nREDIS_PORT="6000"',
        f'A="\nx\n"\n# portlint: ignore-next-line[PORT401] {NOTE}\nREDIS_PORT="6000"',
    ),
    "Dockerfile": (
        "FROM a\nENV API_PORT=7000\n",
        f"FROM a\n# portlint: ignore-next-line[PORT401] {NOTE}\nENV API_PORT=7000\n",
    ),
    "Makefile": (
        "run:\n\tcurl localhost:8000\n",
        f"run:\n# portlint: ignore-next-line[PORT101] {NOTE}\n\tcurl localhost:8000\n",
    ),
    "nginx.conf": (
        "upstream redis {\n  server redis:7777;\n}\n",
        f"upstream redis {{\n  server redis:7777; # portlint: ignore[PORT104] {NOTE}\n}}\n",
    ),
    "a.toml": ('api_port = 7777\n', f'api_port = 7777 # portlint: ignore[PORT104] {NOTE}\n'),
    "parts.toml": ("a" + ".a" * 40 + " = 1\napi_port = 7777\n", None),
    "more.toml": ('x = """\nhttp://redis:7777\n"""\n', None),
    "a.ini": ("[a]\nredis_port = 7777\n", f"[a]\n; portlint: ignore-next-line[PORT104] {NOTE}\nredis_port = 7777\n"),
    "B.INI": ("[a]\nredis_port = 7777\n", f"[a]\n; portlint: ignore-next-line[PORT104] {NOTE}\nredis_port = 7777\n"),
    ".env.ini": ("REDIS_PORT=6000\n", f"# portlint: ignore-next-line[PORT401] {NOTE}\nREDIS_PORT=6000\n"),
    "a.properties": (
        "redis.port=7777\n",
        f"# portlint: ignore-next-line[PORT104] {NOTE}\nredis.port=7777\n",
    ),
    "a.ts": ("const redisPort = 7777;\n", f"const redisPort = 7777; // portlint: ignore[PORT104] {NOTE}\n"),
    "b.ts": ("const u = `\nhttp://redis:7777/\n`;\n", None),
    "c.tsx": ("const x = <a>{f('http://redis:7777/')}</a>;\n", None),
    "a.json": ('{"redis_port": 7777}\n', None),
    "ports.md": (
        "| Service | Port | Variable |\n|---|---|---|\n| api | 8001 | `API_PORT` |\n",
        "| Service | Port | Variable |\n|---|---|---|\n"
        f"| api | 8001 | `API_PORT` <!-- portlint: ignore[PORT602] {NOTE} --> |\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_where_a_comment_can_stand(root, portlint, name):
    before, after = PLACES[name]
    for file in ("app/main.py", "app/ok.py", ".env"):
        (root / file).unlink()
    fill(root, {"ports.yaml": REGISTRY, name: before})
    check = ("check", "--output-format", "jsonl", "--ignore", "PORT508,PORT402,PORT203")
    found = codes(portlint(*check)[1])
    assert found
    for _ in range(2):
        code, out, err = portlint(*check, "--add-ignore=why")
        assert out == ""
        assert (root / name).read_bytes().decode() == (before if after is None else after)
        assert code == (1 if after is None else 0)
        assert (name in err) == (after is None)
    assert codes(portlint(*check)[1]) == (found if after is None else [])


@pytest.mark.parametrize(
    ("continues", "before", "expected"), [("", "a", True), ("\\", "a", True), ("\\", "a \\", False), ("", "a \\", True)]
)
def test_a_comment_on_a_line_of_its_own_is_none_where_a_line_goes_on(continues, before, expected):
    comment = Comment(opens="#", proof=Lines(continues=continues))
    after = f"{before}\n# portlint: ignore-next-line[PORT101]\nb\n"
    assert _is_same(comment, f"{before}\nb\n".encode(), after.encode()) is expected


def test_without_a_reason_and_a_path_behind_it(root, portlint):
    assert portlint("check", "--add-ignore", "app", "--select", "PORT103")[0] == 0
    text = (root / "app/main.py").read_text()
    assert text.endswith('"8001"))  # portlint: ignore[PORT103]\n')
    assert (root / ".env").read_text() == "API_PORT=8002\nDATABASE_URL=postgres://u:hunter2@db:5432/x\n"
    code, _, err = portlint("check", "--", "--add-ignore")
    assert (code, "no such file" in err) == (2, True)


def test_the_diff_writes_nothing(root, portlint):
    before = (root / "app/main.py").read_bytes()
    code, out, err = portlint("check", "--add-ignore=so it is", "--diff", "app")
    assert code == 1
    assert '+PORT = int(os.getenv("API_PORT", "8001"))  # portlint: ignore[PORT103] -- so it is\n' in out
    assert "would silence 1 finding in 1 file" in err
    assert (root / "app/main.py").read_bytes() == before


def test_only_what_makes_the_check_fail_is_silenced(root, portlint):
    fill(root, {"app/none.yaml": "port: {{ x }}\n"})
    portlint("check", "--add-ignore", "--fail-level", "error")
    assert "PORT105" not in (root / ".env").read_text()
    assert {code for _, code in codes(portlint("check", "--output-format", "jsonl", "--fail-level", "error")[1])} <= {
        "PORT102", "PORT105", "PORT508", "PORT904"
    }  # fmt: skip


def test_registry_settings_and_baseline_are_left_alone(root, portlint):
    registry = "ports:\n  api: {default: 8000, env_var: API_PORT}\n  x: {default: 8000}\n"
    fill(root, {"ports.yaml": registry, "portlint.toml": "allow = [1]\n# portlint: ignore[PORT101]\n"})
    code, _, err = portlint("check", "--add-ignore")
    assert code == 1
    assert "left alone: ports.yaml: the registry, the settings and the baseline are never changed (" in err
    assert "portlint baseline create" in err
    assert (root / "ports.yaml").read_text() == registry


@pytest.mark.parametrize(
    "flags",
    [
        ("--add-ignore=a\nb",),
        ("--add-ignore=*/ alert(1)",),
        ("--add-ignore=-->",),
        ("--add-ignore=" + "x" * 201,),
        ("--add-ignore=\x1b[31m",),
        ("--add-ignore", "--fix"),
        ("--add-ignore", "--unsafe-fixes"),
        ("--add-ignore", "--staged"),
        ("--add-ignore", "--policy-from", "HEAD"),
    ],
)
def test_what_cannot_be_asked(root, portlint, flags):
    code, out, err = portlint("check", *flags)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_a_file_that_is_not_utf_8_or_a_link_is_left_alone(root, portlint):
    latin = '# -*- coding: latin-1 -*-\nNAME = "é"\napi_port = 8000\n'.encode("latin-1")
    fill(root, {"a.py": latin})
    err = portlint("check", "--add-ignore", "a.py")[2]
    assert "left alone: a.py: it is not UTF-8" in err
    assert (root / "a.py").read_bytes() == latin


# What is promised for any file


def silenced(path: str, data: bytes, reason: str = "é why"):
    """The plan of a file, and the findings before and after."""
    files = {"ports.yaml": REGISTRY.encode(), path: data}
    found = [each for each in run_on_memory(files).findings if each.path == path and each.rule not in ("PORT902",)]
    facts = facts_of(path, data)
    plan = _Silencing(None, 0, (), {path: facts}, {path: found}, reason)._plan(facts, data)
    left = [each for each in run_on_memory({**files, path: plan.after}).findings if each.path == path]
    return plan, found, left


PYTHON = st.sampled_from([
    "api_port = 8000", "def f(api_port=8000): return 1", "x = 1", "redis_port = 7000 # é", "x = '''",
    "http://redis:7", "'''", "# portlint: ignore[PORT101] -- a", "# portlint: ignore-next-line", "api_port = \\",
    "    8000", "y = (", ")", "api_port = 8000; redis_port = 7000  # portlint: ignore[PORT104]", "",
])  # fmt: skip
SHELL = st.sampled_from([
    "curl localhost:8000", "curl \\", "  localhost:8000", "cat <<E", "E", "echo '", "'", 'echo "http://redis:7"', "# x",
    "if true; then curl redis:7; fi", "x=`curl localhost:8000`", "(( 8000 ))", "", "echo ${API_PORT:-7}", "a[1]=8000",
])  # fmt: skip
YAML = st.sampled_from([
    "a: http://redis:7/", "api_port: 8000", "b: |", "  api_port: 8000", "c: 'x", "  http://redis:7'", "# x", "d:",
    "  - redis_port: 7", "e: {redis_port: 7,", "  f: 1}", "redis_port: >-", "  7", "", 'g: "http://redis:7" # y',
])  # fmt: skip
DOTENV = st.sampled_from([
    "API_PORT=8001", "REDIS_PORT='7'", "export API_PORT=8001 # x", 'A="', '"', "A='", "'", "# REDIS_PORT=7", "",
    "REDIS_URL=redis://redis:7/0", "API_PORT=\\",
])  # fmt: skip
TOML = st.sampled_from([
    "api_port = 8001", "[a]", 'x = """', '"""', "redis_port = 7 # y", 'u = "http://redis:7"', "v = [", "]", "  8000,",
    "y = '''", "'''", "",
])  # fmt: skip
NGINX = st.sampled_from([
    "server redis:7;", "upstream redis {", "}", "proxy_pass http://redis:7", ";", "'", '"', "# x", "listen 8000;", "",
])  # fmt: skip
SCRIPT = st.sampled_from([
    "const redisPort = 7;", "x(`", "`);", "http://redis:7/", "/*", "*/", "// y", "f('http://redis:7/')", "", "a = /x/",
])  # fmt: skip
KINDS = {
    "a.py": PYTHON,
    "a.sh": SHELL,
    "a.yaml": YAML,
    "a.env": DOTENV,
    "a.toml": TOML,
    "nginx.conf": NGINX,
    "a.js": SCRIPT,
}
COMMENT = re.compile(
    rb"^[ \t]*(?:#|//|;|rem) portlint: ignore-next-line[^\r\n]* \xc3\xa9 why\r?\n"
    rb"|(?:  #| #| //) portlint: ignore\[[^\r\n]* \xc3\xa9 why(?=\r?\n|\Z)",
    re.MULTILINE,
)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(sorted(KINDS)), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_whatever_the_file_holds(data, path, ending, last):
    lines = data.draw(st.lists(KINDS[path], min_size=1, max_size=8))
    before = (ending.join(lines) + ending * last).encode()
    plan, found, left = silenced(path, before)
    assert {*plan.applied, *(each.finding for each in plan.refused)} == set(found)
    refused = sorted(each.finding.rule for each in plan.refused)
    assert sorted(each.rule for each in left if each.rule != "PORT902") == refused, "what was silenced is gone"
    assert sorted(each.rule for each in found) == sorted([*(each.rule for each in plan.applied), *refused])
    if b"ignore[" not in before:
        assert COMMENT.sub(b"", plan.after) == before, "nothing but comments was written"
    if path == "a.py" and plan.applied:
        assert ast.dump(ast.parse(plan.after)) == ast.dump(ast.parse(before))
    again, _, _ = silenced(path, plan.after)
    assert again.after == plan.after, "a second run changes nothing"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=30))
def test_a_reason_that_is_taken_is_read_as_it_was_given(reason):
    reason = " ".join(reason.split())
    assume(is_reason(reason))
    plan, _, left = silenced("a.py", b"api_port = 8000\n", reason)
    assert not left
    facts = facts_of("a.py", plan.after)
    assert [each.reason for each in facts.suppressions] == [reason or None]
