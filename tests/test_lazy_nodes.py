"""libcst as a worker imports it reads every file as it always does, and a program of others keeps its own."""

from __future__ import annotations

import json
import subprocess
import sys

from inventory import fixtures
from portlint.cache.codec import encode
from portlint.extract import extract

PYTHON = [path for path in fixtures("python") if path.suffix == ".py"]
PROGRAM = """
import dataclasses, json, sys
from pathlib import Path
from portlint import lazy_nodes
from portlint.cache.codec import encode
from portlint.extract import extract

usual = dataclasses.dataclass
if sys.argv[1] == "allowed":
    lazy_nodes.allow()
lazy_nodes.import_libcst()
was_there = "libcst" in sys.modules
assert dataclasses.dataclass is usual
facts = [encode(extract("a.py", Path(name).read_bytes())).decode() for name in sys.argv[2:]]
import libcst
try:
    libcst.Name("a").value = "b"
    frozen = False
except dataclasses.FrozenInstanceError:
    frozen = True
module = libcst.parse_module("async def f(*, a: int = 1) -> None:\\n    return [x async for x in a]\\n")
replaced = module.body[0].with_changes(asynchronous=None)
json.dump([was_there, frozen, facts, module.code, module.with_changes(body=[replaced]).code], sys.stdout)
"""


def told(*arguments: str) -> list[object]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, check=True, timeout=120)
    answer: list[object] = json.loads(done.stdout)
    return answer


def test_a_worker_reads_what_others_read():
    assert len(PYTHON) > 10
    was_there, frozen, facts, code, changed = told("allowed", *map(str, PYTHON))
    assert (was_there, frozen) == (True, False)
    assert facts == [encode(extract("a.py", path.read_bytes())).decode() for path in PYTHON]
    assert (code, changed) == (CODE, CODE.removeprefix("async "))


def test_others_keep_their_own_libcst():
    assert told("others") == [False, True, [], CODE, CODE.removeprefix("async ")]


CODE = "async def f(*, a: int = 1) -> None:\n    return [x async for x in a]\n"
