"""Every regular expression on hostile text of 100 KB: the slowest, and those that miss the bar of 50 ms.

    python fuzz/patterns.py [--size 100000]

Processor time; a figure above the bar is measured twice more and the least counts, as the machine has other work too.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from portlint.workers import Limits, Lost, Supervisor
from support.adversary import BOUNDED, Made, patterns, seconds, texts

BAR = 0.05


def slowest(task: tuple[str, int]) -> tuple[float, str]:
    """Processor seconds of the worst text of an expression, and the start of that text."""
    name, size = task
    made: Made = patterns()[name]
    worst = (0.0, "")
    for text in texts(made.pattern, size):
        took = seconds(made, text)
        if took > BAR:
            took = min(took, seconds(made, text), seconds(made, text))
        worst = max(worst, (took, repr(text[:40])))
    return worst


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    started = time.monotonic()
    names = [name for name, made in patterns().items() if made.place not in BOUNDED]
    tasks = [(name, given.size) for name in names]
    with Supervisor(slowest, tasks, Limits(timeout=120.0), jobs=given.jobs) as supervisor:
        results = supervisor.results()
    missed, figures = [], []
    for name, result in zip(names, results, strict=True):
        if isinstance(result, Lost):
            missed.append(f"{name}: {result.reason} {result.trace or ''}")
        else:
            figures.append((result[0], name, result[1]))
            if result[0] > BAR:
                missed.append(f"{name}: {result[0] * 1000:.0f} ms on {result[1]}")
    for took, name, text in sorted(figures, reverse=True)[:12]:
        print(f"{took * 1000:6.1f} ms  {name}  {text}")
    print(f"{len(names)} expressions, {len(missed)} above {BAR * 1000:.0f} ms, {time.monotonic() - started:.0f} s")
    print("\n".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
