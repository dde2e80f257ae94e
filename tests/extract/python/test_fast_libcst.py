"""libcst as workers import it reads what it reads elsewhere, and other processes keep their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import libcst
import pytest

from portlint.cache.codec import encode
from portlint.extract import extract
from support.inventory import fixtures

FILES = fixtures("python")
PROGRAM = """
import dataclasses, json, sys
from pathlib import Path
from portlint.cache.codec import encode
from portlint.extract import extract
from portlint.workers.worker_loop import Limits, labour

def told(names):
    facts = [encode(extract(name.rpartition("/")[2], Path(name).read_bytes())).decode() for name in names]
    assert dataclasses.dataclass is usual
    from portlint.extract.python.fast_libcst import _Absent, cst
    assert not [name for name, module in sys.modules.items() if type(module) is _Absent]
    try:
        cst.Name("a").value = "b"
        is_frozen = False
    except dataclasses.FrozenInstanceError:
        is_frozen = True
    code = "async def f(*, a: int = 1) -> None:\\n    return [x async for x in a]\\n"
    assert cst.parse_module(code).code == code
    return is_frozen, facts

usual = dataclasses.dataclass
if sys.argv[1] == "worker":
    stretches, said = iter([(0, 1), None]), []
    labour(told, [sys.argv[2:]], Limits(100), stretches.__next__, said.append, lambda index: True, 0.0)
    answer = said[0][1][0]
else:
    answer = told(sys.argv[2:])
json.dump(answer, sys.stdout)
"""


def told(*arguments: str, **variables: str) -> tuple[bool, list[str]]:
    """Whether a process, a worker or another, has nodes that cannot be changed, and the facts of files."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=os.environ | variables,
        capture_output=True,
        check=True,
        timeout=120,
    )
    is_frozen, facts = json.loads(done.stdout)
    return is_frozen, facts


def test_a_worker_reads_what_others_read():
    assert len(FILES) > 10
    is_frozen, facts = told("worker", *map(str, FILES))
    assert not is_frozen
    assert facts == [encode(extract(path.name, path.read_bytes())).decode() for path in FILES]


def test_others_keep_their_own():
    assert told("another") == (True, [])


@pytest.mark.parametrize(
    ("module", "wish"),
    [
        ("__init__.py", "from libcst.metadata import PositionProvider\nclass _More(PositionProvider): pass\n"),
        (
            "_nodes/op.py",
            "from libcst._typed_visitor import CSTTypedVisitorFunctions\nCSTTypedVisitorFunctions.visit_Add\n",
        ),
        (
            "_nodes/module.py",
            "def _checked(self, visit):\n"
            "    assert Module.__dataclass_params__.frozen\n"
            "    return Module._usual(self, visit)\n"
            "Module._usual, Module._codegen_impl = Module._codegen_impl, _checked\n",
        ),
    ],
    ids=["at the end of the import", "in the midst of it", "when a node is used"],
)
def test_a_version_that_wants_more_is_imported_as_it_is(module, wish, tmp_path):
    package = shutil.copytree(Path(libcst.__file__).parent, tmp_path / "libcst")
    with (package / module).open("a") as file:
        file.write(f"\n{wish}")
    files = [str(path) for path in FILES[:5]]
    assert told("worker", *files, PYTHONPATH=str(tmp_path)) == (True, told("another", *files)[1])
