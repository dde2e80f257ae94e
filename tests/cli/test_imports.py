"""What a run does not need is not imported: an import is the larger part of what a hook or `--version` takes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from support.commandline import fill

COSTLY = {"libcst", "ruamel.yaml", "pathspec", "yaml", "jinja2", "tree_sitter", "rich", "psutil", "multiprocessing"}
PROGRAM = """
import io, json, sys
from portlint import cli
sys.stdout, out = io.StringIO(), sys.stdout
cli.main(sys.argv[1:])
json.dump(sorted(sys.modules), out)
"""


def imported(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, check=True, timeout=60
    )  # fmt: skip
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("check", "--help")])
def test_what_only_prints_needs_nothing(arguments, root):
    assert COSTLY.isdisjoint(imported(*arguments))
    if arguments != ("check", "--help"):
        assert "argparse" not in imported(*arguments)


def test_a_run_reads_no_python_where_there_is_none(root):
    (root / "app/main.py").unlink()
    (root / "app/ok.py").unlink()
    assert (COSTLY - {"yaml", "ruamel.yaml", "pathspec"}).isdisjoint(imported("check"))


def test_a_run_that_the_cache_answers_needs_no_parser(root):
    fill(root, {f"src/{n}.py": f"PORT = {8000 + n}\n" for n in range(50)})
    imported("ports")
    imported("ports")
    modules = imported("ports")
    assert {"libcst", "portlint.extract.python.visitor", "jinja2", "tree_sitter"}.isdisjoint(modules)
