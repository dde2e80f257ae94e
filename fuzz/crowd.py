"""A repository of 20,000 files, 200 of them hostile, in which files are deleted, changed and replaced during the run.

    python fuzz/crowd.py [--files 20000]

Exit code 1 tells that a run did not end with portlint's exit code 1, that its accounts do not add up, or that a file
which nobody touched was judged in another way than in a quiet run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.hostile import CASES, repository
from support.mutations import made, seeds

HOSTILE, TOUCHED = 200, 2000
_SUMMARY = re.compile(r"portlint: ([0-9]+) files? checked, ([0-9]+) skipped, ([0-9]+) not checked")
_KNOWN = re.compile(r"portlint: ([0-9]+) files? known")


def fill(root: Path, number: int) -> tuple[list[Path], list[Path]]:
    """Writes the files; gives those that stay as they are, and those that will not."""
    ordinary, hostile = seeds("*"), list(CASES.items())
    files = []
    for index in range(number - HOSTILE):
        path, data = ordinary[index % len(ordinary)] if index % 4 else made("python", index)
        files.append(_written(root / f"{index % 100}/{index}/{path}", data))
    for index in range(HOSTILE):
        name, case = hostile[index % len(hostile)]
        _written(root / f"{index % 100}/hostile{index}/{name}", case.content)
    Random(1).shuffle(files)
    return files[TOUCHED:], files[:TOUCHED]


def _written(place: Path, data: bytes) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def disturb(files: list[Path], stop: threading.Event) -> None:
    """Deletes, changes, cuts and replaces files until there are none left or the run is over."""
    for number, file in enumerate(files):
        if stop.is_set():
            return
        with suppress(OSError):
            match number % 5:
                case 0:
                    file.unlink()
                case 1:
                    file.write_bytes(file.read_bytes() * 3)
                case 2:
                    os.truncate(file, 7)
                case 3:
                    file.unlink()
                    file.symlink_to("/etc/passwd")
                case _:
                    file.unlink()
                    os.mkfifo(file)
        time.sleep(0.002)


def check(root: Path, files: list[Path] | None, *flags: str) -> tuple[set[tuple[str, str]], bool]:
    """The PORT901 of a run, and whether it ended as it should. files: that are touched meanwhile."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    stop = threading.Event()
    other = threading.Thread(target=disturb, args=(files or [], stop))
    command = [sys.executable, "-I", "-m", "portlint", "check", "-v", "--output-format", "jsonl", "--jobs", "2", *flags]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        other.start()
        out, err = process.communicate()
    stop.set()
    other.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = err.decode()
    summary, known = _SUMMARY.search(text), _KNOWN.search(text)
    adds_up = bool(summary and known) and sum(map(int, summary.groups())) == int(known[1])
    findings = [json.loads(line) for line in out.splitlines()]
    unchecked = {(each["path"], each["message"]) for each in findings if each["code"] == "PORT901"}
    print(
        f"exit {process.returncode}, {time.monotonic() - started:.0f} s "
        f"({after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime:.0f} s of processor time), "
        f"{after.ru_maxrss >> 10} MB, {len(findings)} findings, {len(unchecked)} PORT901, accounts add up: {adds_up}"
    )
    print(text.splitlines()[-1], flush=True)
    return unchecked, process.returncode == 1 and adds_up and "Traceback" not in text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = repository(Path(folder) / "tree")
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        left_alone, touched = fill(root, given.files)
        quiet, ended = check(root, None, "--no-cache")
        still = {path.relative_to(root).as_posix() for path in left_alone}
        sound = ended
        for flags in (("--cache",), ("--cache",)):
            disturbed, ended = check(root, touched[: TOUCHED // 2], *flags)
            touched = touched[TOUCHED // 2 :]
            same = {each for each in quiet if each[0] in still} == {each for each in disturbed if each[0] in still}
            print(f"files that nobody touched: {'the same' if same else 'NOT the same'}", flush=True)
            sound = sound and ended and same
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
