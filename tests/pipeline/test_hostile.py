"""A stranger's repository: nothing in it ends the run, goes unnamed, acts on a terminal, or brings a secret out."""

from __future__ import annotations

import fcntl
import json
import os
import re
import resource
import socket
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest

from portlint.extract import extract
from portlint.files.reader import Tree
from portlint.report import FINDING_FORMATS, INVENTORY_FORMATS
from portlint.report.audit import AUDIT_FORMATS
from support.commandline import fill
from support.hostile import CASES, ODD_NAMES, REPORTED_NAME, fill_hostile, long_lines, repository

LINE = 10_000
"""bytes of a long line here; fuzz/tree.py takes 4.9 MB"""
MOST_MEMORY = 500 << 20


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = repository(tmp_path_factory.mktemp("hostile") / "root")
    with chdir(root):  # the name of a socket has room for 108 bytes
        fill_hostile(root, LINE)
    return root


def checked(root, *arguments):
    """Exit code, stdout and stderr of `portlint check` in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTLINT_")}
    environment["PORTLINT_TIMEOUT"] = "30"  # this machine may be busy: what is lost must not depend on it
    done = subprocess.run(
        [sys.executable, "-m", "portlint", "check", *arguments], cwd=root, capture_output=True, env=environment
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def result(tree, tmp_path_factory, worker_id):
    """Findings, stderr, and the bytes of the largest process. They take long to find: pytest's workers share them."""
    own = tmp_path_factory.getbasetemp()
    kept = (own if worker_id == "master" else own.parent) / "hostile.json"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            code, out, err = checked(tree, "--output-format", "jsonl", "--jobs", "1")
            assert code == 1, err
            largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
            kept.write_text(json.dumps([[json.loads(line) for line in out.splitlines()], err, largest]))
    return json.loads(kept.read_text())


def test_each_is_named_with_its_reason(tree, result):
    findings, err, _ = result
    unchecked: dict[str, str] = {}
    for found in findings:
        if found["code"] == "PORT901":
            unchecked[found["path"]] = unchecked.get(found["path"], "") + found["message"]
    for name, case in CASES.items():
        if case.reason is None:
            assert name not in unchecked, unchecked.get(name)
        else:
            assert case.reason in unchecked[name], name
    (deep,) = [path for path in unchecked if path.startswith("deep/")]
    assert unchecked[deep] == "cannot be read: a path in it is too long for git"
    assert unchecked.keys() - {deep} <= CASES.keys() | long_lines(1).keys()
    assert f"{len(unchecked)} not checked" in err


def test_what_can_be_read_in_a_hostile_file_is_reported(result):
    findings = result[0]
    base60 = {(found["code"], found["line"]) for found in findings if found["path"].startswith("yaml/base60/")}
    assert {("PORT202", 4), ("PORT202", 5)} <= base60


def test_every_name_is_reported_and_none_acts(result):
    findings = result[0]
    paths = {found["path"] for found in findings if found["code"] == "PORT106"}
    odd = {path for path in paths if path.startswith("names/")}
    assert len(odd) == len(ODD_NAMES)
    assert "names/\\xff\\xfe.py" in odd


def test_what_is_no_file_is_named_and_not_waited_for(root, portlint):
    os.mkfifo("fifo.env")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.env")
    code, out, _ = portlint("check", "--output-format", "concise", "fifo.env", "socket.env")
    assert code == 1
    assert out == "".join(f"{name}:1:1: PORT901 not a regular file\n" for name in ("fifo.env", "socket.env"))


def test_links_are_not_followed(result):
    findings = result[0]
    assert not [found for found in findings if found["path"].startswith("links/")]


def test_two_workers_find_the_same(tree, result):
    code, out, _ = checked(tree, "--output-format", "jsonl", "--jobs", "2")
    assert code == 1
    assert [json.loads(line) for line in out.splitlines()] == result[0]


def test_no_process_takes_much_memory(result):
    assert result[2] < MOST_MEMORY


def every_output(root, portlint, *arguments):
    """Runs both commands once, and gives what each format shows, by its name; stderr as well."""
    out = root.parent / "out"
    out.mkdir()
    findings = [f"--output-format={name}:{out}/check.{name}" for name in FINDING_FORMATS]
    inventory = [f"--format={name}:{out}/ports.{name}" for name in INVENTORY_FORMATS]
    code, _, err = portlint("check", "--verbose", "--statistics", *findings, *arguments)
    assert code == 1, err
    shown = {"check": err}
    code, _, err = portlint("ports", "--verbose", "--prose", *inventory)
    assert code == 0, err
    shown["ports"] = err
    shown |= {place.name: place.read_bytes().decode() for place in sorted(out.iterdir())}
    assert len(shown) == 2 + len(FINDING_FORMATS) + len(INVENTORY_FORMATS)
    return shown


def test_no_output_lets_a_name_or_a_text_act(root, portlint):
    _odd_names(root)
    for name, text in every_output(root, portlint).items():
        assert (name, _acting(text)) == (name, [])


ACTING = "\x1b]0;owned\x07\u202e\u2066\x9b31m\u2028\x85"
TEXTS = {
    "app/acting.py": f"url = 'http://h{ACTING}:70000/'\nport{ACTING[:0]} = 70000  # {ACTING}\n",
    "docker-compose.yml": f'services:\n  "a{ACTING[7:10]}":\n    ports: ["70000:80"]\n    command: --port 70000\n',
    "nginx.conf": f"server {{ listen 70000; server_name a{ACTING}; }}\nupstream b {{ server a{ACTING}:70000; }}\n",
    "acting.env": f"{ACTING}API_PORT=70000{ACTING}\nA_URL=http://{ACTING}:70000/\n",
    "values.json": json.dumps({f"port{ACTING}": 70000, "url": f"http://{ACTING}:70000"}, ensure_ascii=False),
}


def _odd_names(root):
    for name in ODD_NAMES:
        fill(root, {os.fsdecode(name): REPORTED_NAME})
    fill(root, TEXTS)


def _acting(text):
    """The lines with a control character that is not one of layout, a bidirectional control, or a command to CI."""
    return [line for line in text.split("\n") if _ACTING.search(line.rstrip("\r"))]


_ACTING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|^\s*::error file=a,")


SECRET = "s3cr3tPlanted"
PLANTED = {
    ".env": f"DATABASE_URL=postgres://user:{SECRET}@db:70000/x\nAPI_TOKEN={SECRET}\nexport P_PORT='70000' # {SECRET}\n"
    f"HOOK_URL=http://hooks:70000/{SECRET}/x?key={SECRET}#{SECRET}\nA_PORT=70000{SECRET}\n"
    f"HOSTS=a:{SECRET}@b:70000,c:70001\nREDIS_URL=redis://:{SECRET}@localhost:70000/0\nBAD {SECRET}\n"
    f"API_PORT=8001 # {SECRET}\nAPI_URL=http://u:{SECRET}@api:8000/{SECRET}\nX='{SECRET}\n",
    "one.env": f"API_PORT=8001 # {SECRET}\n",
    "app/secrets.py": f"url = 'http://user:{SECRET}@db:70000/'\npassword = '{SECRET}'; port = 70000\n"
    f"connect(password='{SECRET}', port=70000)\nurl = f'http://{SECRET}@{{host}}:70000/x'\n"
    f"API_KEY = '{SECRET}'; port = 70000\nurl = 'http://a:70000/hook?token={SECRET}'\n"
    f"import os\nconnect(password='{SECRET}', port=os.getenv('API_PORT', '8001'))\n"
    f"api_url = 'http://u:{SECRET}@localhost:8000/'\n",
    "docker-compose.yml": "services:\n  db:\n    image: postgres\n    ports: ['70000:5432']\n    environment:\n"
    f"      DATABASE_URL: postgres://user:{SECRET}@db:70000/x\n      A: http://:{SECRET}@db:70001\n"
    f"    command: run --password {SECRET} --port 70000 --token={SECRET}\n",
    "run.sh": f"export TOKEN={SECRET}\ncurl http://user:{SECRET}@localhost:70000/\n"
    f"PASSWORD={SECRET} serve --port 70000\nPORT=70000 TOKEN='{SECRET}' serve\n",
    "nginx.conf": f"server {{ listen 70000; }}\nupstream a {{ server user:{SECRET}@b:70000; }}\n",
    "app.json": json.dumps({"url": f"http://u:{SECRET}@h:70000", "password": SECRET, "port": 70000}),
    "broken.py": f"password = '{SECRET}' port = 70000\n",
    "broken.json": f'{{"password": "{SECRET}" "port": 70000',
    "broken.yml": f"password: {SECRET}: port: 70000\n",
    "broken.toml": f"password = {SECRET}\nport = 70000\n",
}


def test_no_output_shows_a_secret(root, portlint):
    fill(root, PLANTED)
    outputs = every_output(root, portlint, "--select", "ALL")
    for name, text in outputs.items():
        assert (name, [line for line in text.splitlines() if SECRET.lower() in line.lower()]) == (name, [])
    assert sum("70000" in text for text in outputs.values()) >= len(outputs) - 2


def test_no_other_command_shows_a_secret(root, portlint):
    """The audit, init, the baseline, fixes, the settings, what is generated, and the cache."""
    fill(root, PLANTED)
    commands = [
        *(("report", "--format", name, "-v") for name in AUDIT_FORMATS),
        ("init", "--dry-run"),
        ("init", "--dry-run", "--from", ".env", "docker-compose.yml"),
        ("baseline", "create"),
        ("check", "--fix", "--unsafe-fixes", "--diff", "--select", "ALL"),
        ("check", "--timing", "--verbose", "--select", "ALL", "--baseline", "portlint-baseline.json"),
        ("check", "--show-settings"),
        ("generate", "env"),
        ("registry", "move", "api", "8123", "--dry-run"),
    ]
    shown = {}
    for command in commands:
        code, out, err = portlint(*command)
        assert code in (0, 1, 2), (command, err)
        shown[command] = out + err
    fixes = shown[commands[len(AUDIT_FORMATS) + 3]]
    assert "-API_PORT=8001***\n+API_PORT=8000***\n" in fixes
    assert "no patch to apply" in fixes
    caches = list(Path(os.environ["XDG_CACHE_HOME"]).rglob("*.rows"))
    assert caches
    written = [*caches, root / "portlint-baseline.json"]
    shown |= {place: place.read_bytes().decode("utf-8", "replace") for place in written}
    for name, text in shown.items():
        assert (name, [line for line in text.splitlines() if SECRET.lower() in line.lower()]) == (name, [])
    assert sum("70000" in text for text in shown.values()) >= 6


def test_a_file_that_goes_while_the_run_is_on_has_vanished(root, portlint, monkeypatch):
    read = Tree.read

    def late(self, path, limit):
        if path == "app/ok.py":
            (root / path).unlink()
        return read(self, path, limit)

    monkeypatch.setattr(Tree, "read", late)
    code, out, _ = portlint("check", "--output-format", "concise")
    assert code == 1
    assert "app/ok.py:1:1: PORT901 vanished before it could be read\n" in out
    assert "PORT103" in out


def test_a_file_that_changes_while_the_run_is_on_gives_no_wrong_frame(root, portlint, monkeypatch):
    from portlint import check as rules

    check = rules.check

    def late(*arguments):
        fill(root, {".env": "SECRET=hunter3\n"})
        (root / "app/main.py").unlink()
        return check(*arguments)

    monkeypatch.setattr(rules, "check", late)
    code, out, _ = portlint("check", "--output-format", "full")
    assert code == 1
    assert " --> app/main.py:2:35\n" in out
    assert "hunter" not in out


@pytest.mark.parametrize(
    ("tables", "reason"),
    [(200_000, "not checked for mistakes: larger than 1,000,000 bytes"), (1000, "not valid TOML: ")],
)
def test_a_large_toml_file_is_not_held_against_its_grammar(tables, reason):
    """tomllib takes a second for each megabyte."""
    address = b'[http.services.web.loadBalancer]\nservers = [{url = "http://web:8000"}]\n'
    facts = extract("traefik.toml", b"[[a]]\n" * tables + b"[a]\n" + address)
    assert [literal.port for literal in facts.literals] == [8000]
    (problem,) = facts.problems
    assert problem.reason.startswith(reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"a" + b".a" * 20_000 + b" = 1", "not checked for mistakes: a key of more than 32 parts"),
        (b"a = " + b"[" * 200 + b"]" * 200, "not checked for mistakes: nested too deeply"),
        (b'a = "' + b"." * 20_000 + b'"', None),
    ],
    ids=["parts", "nesting", "a string of dots"],
)
def test_toml_that_is_a_trap_for_its_parser_is_not_held_against_its_grammar(line, reason):
    """tomllib needs a second for a key of ten thousand parts, and keeps each of its beginnings."""
    data = line + b'\n[http.services.web.loadBalancer]\nservers = [{url = "http://web:8000"}]\n'
    facts = extract("traefik.toml", data)
    assert [literal.port for literal in facts.literals] == [8000]
    assert [problem.reason for problem in facts.problems] == [reason] * (reason is not None)


def test_patterns_that_keep_git_and_a_matcher_busy(root, portlint, monkeypatch):
    monkeypatch.setattr("portlint.git.ls_files.GIT_TIMEOUT", 0.5)
    fill(
        root,
        {
            ".gitignore": "*a*a*a*a*a*a*a*a*a*a*ab\n[z-a]\n\\\n!!!\n" + "**/a/" * 10 + "\n",
            "a" * 200 + ".py": REPORTED_NAME,
            "a/" * 100 + "b.py": REPORTED_NAME,
        },
    )
    code, out, err = portlint("check", "--output-format", "concise")
    assert code == 1
    assert ("a" * 200) + ".py:1:8: PORT106" in out
    assert "/b.py" not in out  # that it is ignored is what the pattern says
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "content",
    [
        "[" * 50_000,
        "a = " + "[" * 50_000,
        "a." * 50_000 + "b = 1\n",
        "exclude = ['" + "*a" * 2000 + "b']\nexlude = 1\n",
        "registry = '/etc/passwd'\n",
        "registry = '../../outside.yaml'\n",
        "rules = ['/proc/self/environ']\n",
        "timeout = " + "9" * 5000 + "\n",
        "jobs = 1e400\n",
        "\x1b[31m = 1\n",
        "a = 1\0\n",
    ],
)
def test_hostile_settings_are_a_mistake_in_a_line(root, portlint, content):
    fill(root, {"portlint.toml": content})
    code, out, err = portlint("check")
    assert (code, out) == (2, "")
    assert err.startswith("portlint: error: ")
    assert "Traceback" not in err
    assert len(err) < 2000
    assert not _acting(err)


@pytest.mark.parametrize(
    "content",
    [
        "ports: " + "[" * 50_000,
        "- " * 50_000,
        "ports: &a\n  api: *a\n",
        "ports: {api: {default: !!python/object/apply:os.system ['touch owned']}}\n",
        "ports: {api: {default: 8000, default: 8001}}\n",
        "ports: {api: {default: " + "9" * 10_000 + "}}\n",
        "ports: {api: {default: 22:22}}\n",
        'ports: {"\\e[31m": 1}\n',
        "ports:\n\t- 8000\n",
        "ports: [8000\n",
        b"ports: {api: 8000} # \xe9\n",
        b"ports: {api: 8000}\0",
        "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 20}]\n" for i in range(1, 40)) + "ports: *a39\n",
    ],
)
def test_a_hostile_registry_is_a_mistake_in_a_line(root, portlint, content):
    fill(root, {"ports.yaml": content})
    code, out, err = portlint("check")
    assert (code, out) == (2, "")
    assert err.startswith("portlint: error: ")
    assert "Traceback" not in err
    assert not (root / "owned").exists()
    assert len(err) < 3000
    assert not _acting(err)
