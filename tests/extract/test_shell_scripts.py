"""Shell scripts as what they run."""

from __future__ import annotations

import pytest

from portlint.extract import extract
from support.words import running


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


def test_no_more_than_200_commands_are_kept():
    (script,) = extract("start.sh", b"node server.js\n" * 300).scripts
    assert len(script.commands) == 200
    assert (script.span.line, script.span.start, script.span.end) == (1, 0, len("node server.js"))
