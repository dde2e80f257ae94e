"""Shell scripts as what they run."""

from __future__ import annotations

import pytest

from portlint.extract import extract
from support.words import running, written


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("start.sh", "set -e\nexec uvicorn a:b --port $PORT\n", [" | set -e | exec uvicorn a:b --port ${PORT}"]),
        ("bin/launch", "#!/bin/sh\nnode server.js &\n", [" | node server.js"]),
        ("bin/launch", "node server.js\n", []),
        ("start.sh", "# nothing\n", []),
        ("start.sh", "cat <<EOF > a.sh\nnode other.js\nEOF\nnode server.js\n", [" | cat | node server.js"]),
        ("Makefile", "run:\n\tnode server.js --port 3000\n", []),
    ],
)
def test_a_script(path, text, expected):
    assert running(extract(path, text.encode()).scripts) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if a; then b; else c; fi; d", "1 a | 1 b | 1 c | 0 d"),
        ("while a; do b; done\nc", "1 a | 1 b | 0 c"),
        ("for x in 1 2; do b; done", "1 b"),
        ("start() {\n  a\n}\nb", "1 a | 0 b"),
        ("start () { a; }; b", "1 a | 0 b"),
        ("function start {\n  a\n}\nb", "1 a | 0 b"),
        ("function start() {\n  a\n}\nb", "1 a | 0 b"),
        ("{ a; } > log\nb", "0 a | 0 b"),
        ("a || { b; }; c", "0 a | 1 b | 0 c"),
        (
            'case "$1" in\n  start) a ;;\n  stop|halt)\n    b\n    c ;;\n  *) d;;\nesac\ne',
            "1 a | 1 b | 1 c | 1 d | 0 e",
        ),
        ('case "$1" in start) a;; esac; b', "1 a | 0 b"),
        ("(a; b)\nc", "0 a | 0 b | 0 c"),
        ("env } { fi\na", "0 env } { fi | 0 a"),
        ("} fi\na", "0 a"),
    ],
)
def test_what_may_run_or_not(text, expected):
    (script,) = extract("start.sh", text.encode()).scripts
    assert " | ".join(f"{c.branch} {' '.join(map(written, c.words))}" for c in script.commands) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a ${X:-hunter2}", "a ${X:-?}"),
        ("a ${PASSWORD:-8000}", "a ${PASSWORD:-?}"),
        ("a ${X:-uvicorn} ${Y:-app.main:app}", "a ${X:-uvicorn} ${Y:-app.main:app}"),
        ('X="$(curl -u "$ME":hunter2 db)"', "X=?"),
        ('a "$(b "$C" hunter2)"', "a ?"),
        ("echo hunter2 8000", "echo"),
    ],
)
def test_what_may_be_a_secret_is_not_kept(text, expected):
    assert running(extract("start.sh", text.encode()).scripts) == [f" | {expected}"]


def test_no_more_than_200_commands_are_kept():
    (script,) = extract("start.sh", b"node server.js\n" * 300).scripts
    assert len(script.commands) == 200
    assert (script.span.line, script.span.start, script.span.end) == (1, 0, len("node server.js"))
