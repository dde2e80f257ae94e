"""Fixes: what they write in each format, and what they promise."""

from __future__ import annotations

import codecs
import os
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlint.extract import extract
from portlint.files.replace import CHANGED
from portlint.fix import Task, plan, spliced
from portlint.model import Edit, Finding, Fix, LineIndex, PortLiteral, Reference, Role, Span
from support.commandline import codes
from support.fixable import Tally, fix_tree, random_tree
from support.paths import FIXTURES

FOLDER = FIXTURES / "fix"
REGISTRY = "ports:\n  api: {default: 8000, env_var: API_PORT}\n  redis: {default: 6379, env_var: REDIS_PORT}\n"


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def reset(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def tree(root):
    """The working directory, with nothing in it but a repository and a registry."""
    for place in root.iterdir():
        if place.name != ".git":
            shutil.rmtree(place) if place.is_dir() else place.unlink()
    reset(root, {"ports.yaml": REGISTRY})
    return root


# What is written


@pytest.mark.parametrize("flags", [("--fix",), ("--fix", "--unsafe-fixes")], ids=" ".join)
def test_fixtures(tree, portlint, flags):
    shutil.copytree(FOLDER / "before", tree, dirs_exist_ok=True)
    expected = contents(FOLDER / "before") | contents(FOLDER / "safe")
    if "--unsafe-fixes" in flags:
        expected |= contents(FOLDER / "unsafe")
    portlint("check", "-q", *flags)
    assert contents(tree) == expected
    portlint("check", "-q", *flags)
    assert contents(tree) == expected, "a second run changes nothing"


def test_what_was_fixed_is_gone(tree, portlint):
    shutil.copytree(FOLDER / "before", tree, dirs_exist_ok=True)
    before = codes(portlint("check", "--output-format", "jsonl")[1])
    code, out, err = portlint("check", "--fix", "--output-format", "jsonl")
    fixed = int(err.partition("fixed ")[2].split()[0])
    assert code == 1
    assert fixed > 20
    assert len(codes(out)) == len(before) - fixed
    assert "5 more with --unsafe-fixes" in err


VALUES = {
    "PORT103": ({"a.py": 'import os\nx = int(os.getenv("API_PORT", "8001"))\n'}, {"a.py": ("8001", "8000")}),
    "PORT401": ({".env": "# é\r\nAPI_PORT='8001' # old"}, {".env": ("8001", "8000")}),
    "PORT403": (
        {
            "ports.yaml": "ports: {}\n",
            ".env": "WEB_PORT=3000\n",
            "compose.yaml": "services: {w: {image: w, ports: ['${WEB_PORT:-3001}:80']}}",
        },
        {"compose.yaml": ("3001", "3000")},
    ),
    "PORT405": (
        {"ports.yaml": "ports: {}\n", ".env": "BACKEND_PORT=8000\nBACKEND_URL=http://localhost:8001/x\n"},
        {".env": ("8001", "8000")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", VALUES)
def test_a_wrong_value_is_put_right(tree, portlint, rule):
    files, changes = VALUES[rule]
    reset(tree, files)
    before = contents(tree)
    select = ("check", "-q", "--select", rule)
    assert portlint(*select)[0] == 1
    assert portlint(*select, "--fix")[0] == 1, "another value is another behaviour: not safe"
    assert contents(tree) == before
    assert portlint(*select, "--fix", "--unsafe-fixes")[0] == 0
    changed = {name: before[name].replace(old.encode(), new.encode()) for name, (old, new) in changes.items()}
    assert contents(tree) == before | changed


def test_a_function_with_its_own_import_of_os_is_left_alone(tree, portlint):
    local = "def serve():\n    api_port = 8000\n    import os\n    return os.name, api_port\n"
    reset(tree, {"a.py": local, "b.py": f"API_PORT = 8000\n\n\n{local}"})
    portlint("check", "-q", "--fix")
    assert (tree / "a.py").read_text() == local
    fixed = (tree / "b.py").read_text()
    assert fixed == f'import os\n\nAPI_PORT = int(os.environ.get("API_PORT", "8000"))\n\n\n{local}'


COMMENTS = [
    ("a.py", "import sys  # portlint: ignore[PORT101] -- moved\r\nx = 1\r\n", "import sys\r\nx = 1\r\n"),
    ("b.py", "x = 1\n    # portlint: ignore-next-line\ny = 2\n", "x = 1\ny = 2\n"),
    ("c.py", "# portlint: ignore-file[hardcoded-port]", ""),
    ("i.py", "x = 1\r\n# portlint: ignore-file", "x = 1"),
    ("d.py", "x = 1  # portlint: ignore[PORT999]\n", None),
    ("e.py", "x = 1  # see below, portlint: ignore[PORT101]\n", None),
    ("f.py", "x = 1  # portlint: ignore[PORT101] # noqa\n", None),
    ("g.ts", "const x = 1; /* portlint: ignore[PORT101] -- moved */\n", "const x = 1;\n"),
    ("h.sh", "#!/bin/sh\n# portlint: ignore[PORT101]\ntrue\n", "#!/bin/sh\ntrue\n"),
]


def test_comments_that_silence_nothing_are_removed(tree, portlint):
    reset(tree, {name: before for name, before, _ in COMMENTS})
    portlint("check", "-q", "--fix")
    for name, before, after in COMMENTS:
        assert (tree / name).read_bytes().decode() == (before if after is None else after), name


def test_a_mapping_that_reads_as_one_number_is_quoted(tree, portlint):
    reset(tree, {"compose.yaml": "services:\n  sftp:\n    image: atmoz/sftp\n    ports: [22:22, 2222:22]\n"})
    portlint("check", "-q", "--fix", "--select", "PORT202")
    assert (tree / "compose.yaml").read_text().endswith('    ports: ["22:22", "2222:22"]\n')


def test_the_anchor_of_a_value_stays_before_its_quotes(tree, portlint):
    before = "services:\n  a:\n    image: a\n    ports:\n      - &p 8000:8000\n      - &q 'x'\n"
    before += "    environment:\n      URL: &u\n        http://localhost:8000/x\n"
    after = before.replace("8000:8000", '"${API_PORT:-8000}:8000"')
    after = after.replace("http://localhost:8000/x", '"http://localhost:${API_PORT:-8000}/x"')
    reset(tree, {"compose.yaml": before})
    portlint("check", "-q", "--fix")
    assert (tree / "compose.yaml").read_text() == after


def test_a_data_store_is_published_on_loopback(tree, portlint):
    ports = "['6379:6379', '0.0.0.0:6380:6379', '${OTHER:-6381}:6379']"
    text = f"services:\n  redis:\n    image: redis:7\n    ports: {ports}\n"
    reset(tree, {"compose.yaml": text})
    flags = ("check", "-q", "--fix", "--select", "PORT204")
    portlint(*flags)
    assert (tree / "compose.yaml").read_text() == text
    portlint(*flags, "--unsafe-fixes")
    assert (tree / "compose.yaml").read_text() == text.replace("'6379:", "'127.0.0.1:6379:")


# The command line


def test_diff_writes_nothing(tree, portlint):
    reset(tree, {"a.py": "API_PORT = 8000", "b.env": "x"})
    before = contents(tree)
    code, out, err = portlint("check", "--diff")
    assert code == 1
    assert out == (
        "--- a/a.py\n+++ b/a.py\n@@ -1 +1,3 @@\n-API_PORT = 8000\n\\ No newline at end of file\n"
        '+import os\n+\n+API_PORT = int(os.environ.get("API_PORT", "8000"))\n\\ No newline at end of file\n'
    )
    assert "would fix 1 finding in 1 file" in err
    assert contents(tree) == before
    portlint("check", "--fix")
    assert portlint("check", "--diff")[:2] == (0, "")


def test_no_line_of_a_diff_is_a_command_to_github(tree, portlint, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    reset(tree, {"a.py": '"""\n::error::planted\n"""\nAPI_PORT = 8000\n'})
    lines = portlint("check", "--diff")[1].splitlines()
    assert " ::error::planted" in lines
    opening = re.fullmatch("::stop-commands::([0-9a-f]{32})", lines[0])
    assert opening is not None
    assert lines[-1] == f"::{opening[1]}::"


def test_what_arises_from_a_fix_is_fixed_in_the_same_run(tree, portlint):
    env = "API_PORT=8001  # portlint: ignore[PORT405]\nAPI_URL=http://localhost:8001/\n"
    reset(tree, {".env": env})
    portlint("check", "-q", "--fix", "--unsafe-fixes")
    assert (tree / ".env").read_text() == "API_PORT=8000\nAPI_URL=http://localhost:8000/\n"
    assert portlint("check", "--diff", "--unsafe-fixes")[:2] == (0, "")


def test_fixes_that_undo_one_another_leave_the_file_alone(tree, portlint, monkeypatch):
    from portlint.actions import apply_fixes

    reset(tree, {".env": "API_PORT=8001  # portlint: ignore[PORT405]\nAPI_URL=http://localhost:8001/\n"})
    before = contents(tree)
    monkeypatch.setattr(apply_fixes, "ROUNDS", 1)
    err = portlint("check", "--fix", "--unsafe-fixes")[2]
    assert "left alone: .env: its fixes undo one another" in err
    assert contents(tree) == before


def test_a_file_that_cannot_be_parsed_is_left_alone(tree, portlint):
    reset(tree, {"a.env": "API_PORT=8001\nX='open\n"})
    err = portlint("check", "--fix", "--unsafe-fixes")[2]
    assert "left alone: a.env: it cannot be parsed as a whole" in err


def test_fix_only_reports_nothing(tree, portlint):
    reset(tree, {"a.py": "API_PORT = 8000\n", "n.py": "connect_port = 9999\n"})
    assert portlint("check", "--fix-only")[:2] == (0, "")
    assert b"os.environ" in (tree / "a.py").read_bytes()


def test_unsafe_fixes_need_a_flag_that_fixes(tree, portlint):
    assert portlint("check", "--unsafe-fixes")[0] == 2


def test_only_what_is_named_is_fixed(tree, portlint):
    reset(tree, {"a.py": "API_PORT = 8000\n", "b/c.py": "API_PORT = 8000\n"})
    portlint("check", "--fix", "b")
    assert (tree / "a.py").read_text() == "API_PORT = 8000\n"
    assert "os.environ" in (tree / "b/c.py").read_text()


# What is left alone


def test_other_encodings_are_left_alone(tree, portlint):
    latin = '# -*- coding: latin-1 -*-\nNAME = "é"\nAPI_PORT = 8000\n'.encode("latin-1")
    wide = "API_PORT=${API_PORT:-8001}\n".encode("utf-16")
    reset(tree, {"a.py": latin, "b.sh": wide})
    err = portlint("check", "--fix", "--unsafe-fixes")[2]
    assert (tree / "a.py").read_bytes() == latin
    assert (tree / "b.sh").read_bytes() == wide
    assert "left alone: a.py: it is not UTF-8" in err


def test_text_of_another_format_inside_is_left_alone(tree, portlint):
    script = "#!/bin/sh\npython3 - <<'END'\nAPI_PORT = 8000\nEND\n"
    reset(tree, {"a.sh": script})
    portlint("check", "--fix", "--unsafe-fixes")
    assert (tree / "a.sh").read_text() == script


def test_a_file_that_changes_during_the_run_is_left_alone(tree, portlint, monkeypatch):
    from portlint.actions import apply_fixes

    reset(tree, {"a.py": "API_PORT = 8000\n"})
    real = apply_fixes.repair

    def slow(request, outcome, **options):
        (tree / "a.py").write_text("# new\nAPI_PORT = 8000\n")
        return real(request, outcome, **options)

    monkeypatch.setattr(apply_fixes, "repair", slow)
    err = portlint("check", "--fix")[2]
    assert f"left alone: a.py: {CHANGED}" in err
    assert (tree / "a.py").read_text() == "# new\nAPI_PORT = 8000\n"


# What is promised for any input


@pytest.mark.parametrize("unsafe", [False, True])
def test_random_files(tmp_path, unsafe):
    tally = Tally()
    random_tree(tmp_path / "tree", Random(unsafe), 60)
    fix_tree(tmp_path / "tree", tally, unsafe=unsafe)
    assert tally.faults == []
    assert tally.changed > 5


def a_finding(start: int, edits: tuple[Edit, ...], safety: str = "safe") -> Finding:
    return Finding(rule="PORT103", path="a", span=Span(start, start, 1, 1), message="", fix=Fix(safety, edits))


@st.composite
def edited(draw):
    data = draw(st.binary(max_size=60))
    places = st.tuples(st.integers(0, len(data)), st.integers(0, 6), st.binary(max_size=5))
    edits = []
    for start, length, new in draw(st.lists(places, max_size=8)):
        end = min(len(data), start + length)
        edits.append(Edit(Span(start, end, 1, 1), data[start:end], new))
    return data, edits


@given(edited())
def test_bytes_outside_the_edits_are_kept_and_overlaps_are_reported(case):
    data, edits = case
    tasks = [Task(a_finding(number, (edit,)), None) for number, edit in enumerate(edits)]
    done = plan("a", None, data, tasks, unsafe=False)
    assert len(done.applied) + len(done.refused) == len(edits)
    kept = sorted(
        dict.fromkeys(each.fix.edits[0] for each in done.applied), key=lambda edit: (edit.span.start, edit.span.end)
    )
    assert all(one.span.end <= other.span.start for one, other in pairwise(kept))
    after, position = done.after, 0
    for edit in kept:
        between = data[position : edit.span.start]
        assert after.startswith(between + edit.new)
        after, position = after[len(between + edit.new) :], edit.span.end
    assert after == data[position:]
    assert spliced(data, ()) == data


def test_text_that_is_not_what_it_was_is_left_alone():
    done = plan("a", None, b"9000", [Task(a_finding(0, (Edit(Span(0, 4, 1, 1), b"8000", b"1"),)), None)], unsafe=True)
    assert done.after == b"9000"
    assert [each.reason for each in done.refused] == ["the text there is not what it was"]


def hardcoded(span: Span, port: int) -> Finding:
    reference = Reference("API_PORT", port)
    return Finding(rule="PORT101", path="a", span=span, message="", port=port, reference=reference)


def in_place(path: str, data: bytes):
    """The plan for PORT101 at every port literal of a file."""
    facts = extract(path, data)
    tasks = [
        Task(hardcoded(each.span, each.port), each)
        for each in facts.literals
        if each.end_port is None and each.referable and each.role is not Role.FALLBACK and not each.prose
    ]
    return plan(path, facts.format, data, tasks, unsafe=False), facts


def _whole_lines(data: bytes) -> list[str]:
    return [line for line in data.decode().splitlines(keepends=True) if line.endswith("\n")]


NAMES = st.sampled_from(["api_port", "API_PORT", "web_port", "port"])
QUOTES = st.sampled_from(['"', "'", '"""', "'''"])
STATEMENT = st.one_of(
    st.builds("{} = 8000".format, NAMES),
    st.builds("{}: int = 8000".format, NAMES),
    st.builds("def f{0}({0}=8000): return {0}".format, NAMES),
    st.builds("{0} = {2}{1}http://localhost:8000/é{1}".format, NAMES, QUOTES, st.sampled_from(["", "r", "R"])),
    st.builds("{0} = f{1}http://{{3}}:8000/{{4:>5}}{1}".format, NAMES, QUOTES),
    st.builds("{0} = {1}8000{1}".format, NAMES, QUOTES),
    st.builds("{0} = ({1}http://localhost:8000/{1} '%s' % 5)".format, NAMES, QUOTES),
    st.builds("class C{0}:\n    {0} = 8000\n    pair = (8000, 8001)".format, NAMES),
    st.builds("x = 1; {} = 8000; y = 2".format, NAMES),
    st.builds("import abc; {} = 8000".format, NAMES),
    st.sampled_from(["import os", "import sys", "from os import path", "import zlib, ast", "# http://localhost:8000"]),
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(STATEMENT, min_size=1, max_size=5),
    st.sampled_from(["", '"""D."""\n', "#!/usr/bin/env python3\n", '"""D."""\nfrom __future__ import annotations\n']),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_python_does_the_same_where_the_variable_is_not_set(statements, head, ending, mark, last):
    text = head + "\n".join(statements) + ("\n" if last else "")
    data = (codecs.BOM_UTF8 if mark else b"") + text.replace("\n", ending).encode()
    done, facts = in_place("app.py", data)
    os.environ.pop("API_PORT", None)
    held = [{}, {}]
    for source, names in zip((data, done.after), held, strict=True):
        exec(compile(source, "app.py", "exec", dont_inherit=True), names)
    plain = [{k: v for k, v in names.items() if isinstance(v, int | str | tuple)} for names in held]
    assert plain[0] == plain[1]
    assert done.after.startswith(codecs.BOM_UTF8) == mark
    assert done.after.endswith(b"\n") == (last or not text.strip())
    assert b"\n" not in data or {ending} == {line[len(line.rstrip("\r\n")) :] for line in _whole_lines(done.after)}
    again, after = in_place("app.py", done.after)
    assert again.after == done.after
    assert sorted(each.port for each in after.literals) == sorted(each.port for each in facts.literals)


WORD = st.sampled_from(["echo ", "8000", "http://localhost:8000/", "'", '"', "$(", ")", "${X:-", "}", "`", "#", "\\",
    "$X", "\n", ";", "cat <<E\n", "cat <<'E'\n", "\nE\n", " ", "é", "{", "..", "((", "$((8000+1))"])  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(WORD, max_size=16))
def test_shell_prints_the_same_where_the_variable_is_not_set(words):
    from portlint.fix.shell import rewrite

    data = "".join(("echo ", *words)).encode()
    lines, tasks = LineIndex(data), []
    for match in re.finditer(b"8000", data):
        span = lines.span(match.start(), match.end())
        literal = PortLiteral(path="a.sh", span=span, port=8000, text="8000", role=Role.CONNECT, format="shell")
        tasks.append(Task(hardcoded(span, 8000), literal))
    fixes = rewrite(data, tasks)
    after = spliced(data, [edit for fix in fixes.values() for edit in fix.edits])
    printed = [
        subprocess.run(["sh"], input=script, capture_output=True, env={"PATH": "/usr/bin:/bin"}, timeout=30).stdout
        for script in (data, after)
    ]
    assert printed[0] == printed[1]


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(["8000:80", '"8000:80"', "'127.0.0.1:8000:80'", "8000:80/udp"]),
    st.sampled_from(["http://localhost:8000/", "'http://localhost:8000/'", '"a é http://localhost:8000/"']),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
def test_compose_gives_the_same_after_interpolation(mapping, url, flow, mark, ending):
    import yaml

    ports = f"[{mapping}, {mapping}]" if flow else f"\n      - {mapping} # one"
    text = f"# é\nservices:\n  web:\n    image: w\n    ports: {ports}\n    environment:\n      API_URL: {url}"
    data = (codecs.BOM_UTF8 if mark else b"") + text.replace("\n", ending).encode()
    done, facts = in_place("compose.yaml", data)

    def loaded(source: bytes) -> str:
        return repr(yaml.load(source, Loader=yaml.BaseLoader))

    assert loaded(done.after).replace("${API_PORT:-8000}", "8000").replace("${API_PORT:-80}", "80") == loaded(data)
    assert done.applied
    assert extract("compose.yaml", done.after).format == facts.format
