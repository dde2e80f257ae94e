"""The hostile tree at its full size, with one worker and with two, without a cache, filling one and using it.

    python fuzz/tree.py [--size 4900000]

Exit code 1 tells that a bar was missed: 60 seconds of processor time, 500 MB, exit code 1 of portlint, the same
findings each time.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import chdir
from json import loads
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.hostile import fill_hostile, repository

MOST_SECONDS, MOST_MEMORY = 60.0, 500
RUNS = (("1", "--no-cache"), ("2", "--no-cache"), ("2", "--cache"), ("1", "--cache"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=4_900_000, help="bytes of each long line")
    parser.add_argument("--timeout", type=float, default=5.0)
    given = parser.parse_args()
    missed, outputs = False, set()
    with tempfile.TemporaryDirectory() as folder:
        root = repository(Path(folder) / "tree")
        with chdir(root):
            fill_hostile(root, given.size)
        for jobs, cache in RUNS:
            started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(
                [sys.executable, "-I", "-m", "portlint", "check", "--output-format", "jsonl", "--jobs", jobs, cache],
                cwd=root,
                capture_output=True,
                env=os.environ | {"PORTLINT_TIMEOUT": f"{given.timeout}", "XDG_CACHE_HOME": f"{folder}/cache"},
            )
            took, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
            processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            memory = after.ru_maxrss >> 10
            findings = [loads(line) for line in done.stdout.splitlines()]
            reasons = Counter(found["message"] for found in findings if found["code"] == "PORT901")
            lost = {reason: number for reason, number in reasons.items() if "longer than 5" in reason}
            print(
                f"{jobs} jobs, {cache}: exit {done.returncode}, {took:.1f} s ({processor:.1f} s of processor time), "
                f"{memory} MB, {len(findings)} findings, over the deadline: {lost}"
            )
            print(done.stderr.decode().splitlines()[-1], flush=True)
            outputs.add(done.stdout)
            missed |= done.returncode != 1 or processor > MOST_SECONDS or memory > MOST_MEMORY
    print(f"{len(outputs)} different outputs")
    return 1 if missed or len(outputs) > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
