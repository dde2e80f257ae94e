"""The long run: many changed fixtures through the extractors, in workers that may die.

    python fuzz/run.py [--inputs 200000] [--jobs 2] [--start 0] [--timeout 5]

It prints a line for each input that failed, with what makes it again (`python fuzz/run.py --show FORMAT SEED`), and the
figures at the end. Exit code 1 tells that there were failures.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from portlint.extract import formats as imported
from portlint.workers import Limits, Lost, Supervisor
from support.mutations import formats, made, read

ROUND = 5_000
"""inputs whose results are kept at once"""


def work(item: tuple[str, int]) -> tuple[float, int]:
    """Processor seconds and number of literals of one input."""
    given = made(*item)
    started = time.process_time()
    facts = read(given)
    return time.process_time() - started, 0 if facts is None else len(facts.literals)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=5.0)
    parser.add_argument("--show", nargs=2, metavar=("FORMAT", "SEED"))
    given = parser.parse_args()
    if given.show:
        path, data = made(given.show[0], int(given.show[1]))
        sys.stdout.write(f"{path}\n")
        sys.stdout.flush()
        os.write(1, data)
        return 0
    imported()  # here, or each worker does it again
    names = formats()
    failed, literals, slowest, started, done = 0, 0, (0.0, ("", 0)), time.monotonic(), 0
    while done < given.inputs:
        first = given.start + done
        items = [
            (names[number % len(names)], number) for number in range(first, first + min(ROUND, given.inputs - done))
        ]
        with Supervisor(work, items, Limits(given.timeout), jobs=given.jobs) as supervisor:
            results = supervisor.results()
        for item, result in zip(items, results, strict=True):
            if isinstance(result, Lost):
                failed += 1
                print(f"FAILED {item[0]} {item[1]}: {result.reason}", result.trace or "", flush=True)
            else:
                literals += result[1]
                slowest = max(slowest, (result[0], item))
        done += len(items)
        took = time.monotonic() - started
        print(
            f"{done} inputs, {failed} failed, {literals} literals, "
            f"slowest {slowest[0]:.2f} s {slowest[1]}, {took:.0f} s in all",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
