"""The safe fixes on copies of real checkouts: what they change still parses, and holds the same ports.

    python fuzz/checkouts.py CHECKOUT...

Each checkout is copied; a copy without a registry gets one by `portlint init`. After `portlint check --fix-only` each
changed file is read by a reader that is not portlint's (Python's parser, PyYAML, crossplane, python-dotenv, sh), the
inventory is held against the one before (a template that got a variable has one port more), and a second run must
change nothing. Exit code 1 tells that something is wrong.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import crossplane

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from portlint.model import REGISTRY_PLACES
from support.fixable import parses


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", nargs="+", type=Path)
    faults = [fault for each in parser.parse_args().checkouts for fault in fixed(each)]
    print("\n".join(faults) or "no faults")
    return 1 if faults else 0


def fixed(checkout: Path) -> list[str]:
    """What is wrong with the fixes in a copy of a checkout."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / checkout.name
        shutil.copytree(checkout, root, symlinks=True)
        if not (root / ".git").exists():
            subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        if not any((root / place).exists() for place in REGISTRY_PLACES):
            portlint(root, "init", "-q")
        before, ports = contents(root), inventory(root)
        said = portlint(root, "check", "--fix-only").stderr
        after = contents(root)
        changed = sorted(path for path in after if after[path] != before.get(path))
        print(f"{checkout.name}: {said.strip().splitlines()[-1]}", flush=True)
        faults = [f"{path}: does not parse" for path in changed if not same_reading(root, path, before[path])]
        now = inventory(root)
        faults += [f"{path}: {port} is gone" for path, port in ports - now]
        faults += [f"{path}: {port} is new" for path, port in now - ports if "env" not in path.rpartition("/")[2]]
        portlint(root, "check", "--fix-only")
        again = contents(root)
        faults += [f"{path}: a second run changes it" for path in after if again.get(path) != after[path]]
        return [f"{checkout.name}/{fault}" for fault in faults]


def portlint(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-m", "portlint", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode > 1:
        raise SystemExit(done.stderr)
    return done


def contents(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files if ".git" not in path.parts}


def inventory(root: Path) -> Counter[tuple[str, int]]:
    """Path and port of each literal."""
    lines = portlint(root, "ports", "--format", "jsonl").stdout.splitlines()
    return Counter((each["path"], each["port"]) for each in map(json.loads, lines))


def same_reading(root: Path, path: str, before: bytes) -> bool:
    """Whether a file can be read as well as it could before."""
    file = root / path
    if path.endswith(".conf"):
        after = file.read_bytes()
        file.write_bytes(before)
        was = crossplane.parse(str(file), single=True)["status"]
        file.write_bytes(after)
        return was != "ok" or crossplane.parse(str(file), single=True)["status"] == "ok"
    return parses(path, file.read_bytes()) or not parses(path, before)


if __name__ == "__main__":
    sys.exit(main())
