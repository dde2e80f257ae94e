"""Libraries as portlint's own processes import them do what they ever did, and a program of others keeps its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import yaml

from portlint.cache.codec import encode
from portlint.extract import extract
from support.inventory import fixtures
from support.paths import FIXTURES

FILES = [*fixtures("python"), *fixtures("compose"), *fixtures("yaml")]
PROGRAM = """
import dataclasses, json, re, sys
from pathlib import Path
from portlint import lazy_imports
from portlint.cache.codec import encode
from portlint.extract import extract

usual = dataclasses.dataclass, re.compile
if sys.argv[1] == "light":
    lazy_imports.install()
    lazy_imports.install()
import libcst, yaml
assert (dataclasses.dataclass, re.compile) == usual
facts = [encode(extract(name.rpartition("/")[2], Path(name).read_bytes())).decode() for name in sys.argv[2:]]
try:
    libcst.Name("a").value = "b"
    is_frozen = False
except dataclasses.FrozenInstanceError:
    is_frozen = True
code = "async def f(*, a: int = 1) -> None:\\n    return [x async for x in a]\\n"
module = libcst.parse_module(code)
plain = module.with_changes(body=[module.body[0].with_changes(asynchronous=None)])
assert (module.code, plain.code) == (code, code.removeprefix("async "))
text = sys.stdin.read()
loaded = yaml.load(text, yaml.CSafeLoader), yaml.load(text, yaml.SafeLoader)
json.dump([is_frozen, type(yaml.SafeLoader.NON_PRINTABLE).__name__, facts, list(map(repr, loaded))], sys.stdout)
"""
VALUES = "{when: 2026-11-21, hex: 0x10, yes: 1.5, nothing: ~, text: 'ü'}"


def told(*arguments: str) -> list[object]:
    program = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(program, input=VALUES.encode(), capture_output=True, check=True, timeout=120)
    answer: list[object] = json.loads(done.stdout)
    return answer


def test_a_worker_reads_what_others_read():
    assert len(FILES) > 30
    is_frozen, kind, facts, loaded = told("light", *map(str, FILES))
    assert (is_frozen, kind) == (False, "_Regex")
    assert facts == [encode(extract(path.name, path.read_bytes())).decode() for path in FILES]
    assert loaded == [repr(yaml.safe_load(VALUES))] * 2


def test_others_keep_their_own():
    assert told("others") == [True, "Pattern", [], [repr(yaml.safe_load(VALUES))] * 2]


ALONE = """
import sys
from portlint import cli
cli.main(["check"], is_alone=sys.argv[1] == "alone")
print(*sorted({type(finder).__module__ for finder in sys.meta_path} & {"portlint.lazy_imports"}))
"""


def test_only_the_program_itself_changes_how_libraries_are_imported(root):
    def told(word):
        done = subprocess.run([sys.executable, "-c", ALONE, word], capture_output=True, check=True, timeout=60)
        return done.stdout.splitlines()[-1].decode()

    assert told("alone") == "portlint.lazy_imports"
    assert told("part") == ""


LIGHT = """
import sys
from portlint import lazy_imports
lazy_imports.install()
import argparse, msgspec, msgspec.json, pathlib
assert not {"gettext", "uuid", "urllib.parse", "msgspec.inspect"} & sys.modules.keys()
class Point(msgspec.Struct):
    x: int
print(pathlib.Path("/tmp/a b").as_uri())
print(msgspec.json.decode(b'{"x": 2}', type=Point), msgspec.json.schema(Point)["$ref"])
parser = argparse.ArgumentParser("x", exit_on_error=False)
parser.add_argument("one")
print(parser.format_usage().strip())
import gettext, msgspec.inspect, uuid
assert gettext.gettext("a") == "a"
print(type(msgspec.inspect.type_info(int)).__name__, uuid.UUID(int=5).int)
"""


def test_what_is_not_imported_is_imported_when_it_is_called():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, check=True, timeout=60)
    assert done.stdout.decode().splitlines() == [
        "file:///tmp/a%20b", "Point(x=2) #/$defs/Point", "usage: x [-h] one", "IntType 5",
    ]  # fmt: skip


MEND = "import sys\nfrom portlint.cli import main\nsys.exit(main(sys.argv[1:]))\n"


def test_what_is_mended_is_what_others_mend(tmp_path):
    told = {}
    for name, program in (("alone", ["-m", "portlint"]), ("part", ["-c", MEND])):
        root = shutil.copytree(FIXTURES / "fix" / "before", tmp_path / name / "root")
        before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
        command = [sys.executable, *program, "check", "--fix", "--unsafe-fixes", "--no-cache"]
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=120)
        assert done.returncode == 1, done.stderr
        after = {path: path.read_bytes() for path in before}
        assert any(path.suffix == ".py" and before[path] != after[path] for path in before)
        told[name] = done.stdout, {path.relative_to(root): data for path, data in after.items()}
    assert told["alone"] == told["part"]


ANOTHER_VERSION = """
import sys
from portlint import lazy_imports
lazy_imports.install()
import pathlib
assert vars(pathlib)["SplitResult"].__module__ == "urllib.parse"
print(pathlib.Split(1, 2, 3, 4, 5).scheme)
"""


def test_a_version_of_a_library_that_asks_for_more_is_imported_as_ever(tmp_path):
    program = "from urllib.parse import SplitResult\nclass Split(SplitResult): pass\n"
    (tmp_path / "pathlib.py").write_text(program)
    code = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nsys.modules.pop('pathlib', None)\n{ANOTHER_VERSION}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert done.stdout == b"1\n"


def test_a_msgspec_that_asks_for_more_still_serves_the_workers(tmp_path):
    """A part in C holds a function of another part by which its objects are pickled."""
    package = shutil.copytree(Path(msgspec.__file__).parent, tmp_path / "path/msgspec")
    with (package / "__init__.py").open("a") as file:
        file.write("\nfrom . import inspect as _inspect\nclass _Type(_inspect.IntType): pass\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.py").write_text("PORT = 8000\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "path")}
    command = [sys.executable, "-m", "portlint", "ports", "--no-cache", "--format", "jsonl"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True, timeout=60)
    assert [json.loads(line)["port"] for line in done.stdout.splitlines()] == [8000]
