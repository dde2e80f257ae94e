"""The hostile tree at its full size, checked with one worker and with two: time, memory, and what was lost.

    python fuzz/tree.py [--size 4900000]

Exit code 1 tells that a bar was missed: 60 seconds, 500 MB, exit code 1 of portlint, the same findings.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import chdir
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hostile import fill_hostile, repository

MOST_SECONDS, MOST_MEMORY = 60.0, 500


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=4_900_000, help="bytes of each long line")
    parser.add_argument("--timeout", type=float, default=5.0)
    given = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        root = repository(Path(folder) / "tree")
        with chdir(root):
            fill_hostile(root, given.size)
        for jobs in ("1", "2"):
            started = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "portlint", "check", "--output-format", "jsonl", "--jobs", jobs],
                cwd=root,
                capture_output=True,
                env=os.environ | {"PORTLINT_TIMEOUT": f"{given.timeout}"},
            )
            took = time.monotonic() - started
            memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
            findings = [json.loads(line) for line in done.stdout.splitlines()]
            reasons = Counter(found["message"] for found in findings if found["code"] == "PORT901")
            lost = {reason: number for reason, number in reasons.items() if "longer" in reason or "memory" in reason}
            print(f"{jobs} jobs: exit {done.returncode}, {took:.1f} s, {memory} MB, {len(findings)} findings, {lost}")
            print(done.stderr.decode().splitlines()[-1])
            missed |= done.returncode != 1 or took > MOST_SECONDS or memory > MOST_MEMORY
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
