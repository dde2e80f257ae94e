"""Times portlint and its peers on some trees, in turns, and prints the ratios.

    python benchmarks/run.py                          a synthetic repository of 2,000 files
    python benchmarks/run.py ~/src/one ~/src/other    copies of local checkouts, one after the other
    python benchmarks/run.py --growth                 also 1, 2, 4 and 8 copies of the last one side by side
    python benchmarks/run.py --peer 'semgrep=semgrep scan --quiet --metrics off --config my-rules.yaml .'

Each round runs every command once, so that a machine that is busy for a while is busy for all of them. What is shown
is the median of the rounds, the spread (lowest to highest), and the ratio of the medians. The last table has the
ratios that are kept an eye on: for each tree, and for all times on all trees summed up.
"""

from __future__ import annotations

import argparse
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PORTLINT = (sys.executable, "-I", "-m", "portlint")
NUMBERS = r"\b[1-9]\d{1,4}\b"
NOTHING, COUNTING = "python -c pass", "rg -c NUMBER"
WATCHED = (
    ("portlint ports, cold", COUNTING),
    ("portlint ports, warm", COUNTING),
    ("portlint check, cold", COUNTING),
    ("hook, two changed files, another port in Python", NOTHING),
    ("hook, two changed files, the port in Python as before", NOTHING),
    ("hook, two changed files, no port in Python", NOTHING),
    ("portlint --version", NOTHING),
)
"""what is held against what"""
PYTHON = '''"""Module {n}."""

import os

SIZE = {size}
PORT = int(os.getenv("SERVICE_{n}_PORT", "{port}"))
URL = "http://service-{n}:{port}/health"


def area(width: int, height: int) -> int:
    """Nothing about ports: {size} times."""
    return width * height * {size}


class Worker:
    """Number {n}."""

    retries = 12

    def wait(self, seconds: float = 0.25) -> list[int]:
        return [number * {size} for number in range(100)]
'''
COMPOSE = """services:
  web{n}:
    image: nginx:1.27
    ports: ["{port}:80"]
    environment: {{API_URL: "http://api:{other}"}}
"""
REGISTRY = "ports:\n  api: {default: 8000, env_var: API_PORT}\n  redis: {default: 6379, env_var: REDIS_PORT}\n"


@dataclass(frozen=True)
class Task:
    """One command of a round. before: what makes the tree as the command shall find it."""

    name: str
    command: tuple[str, ...]
    folder: Path
    before: Callable[[], object] = lambda: None


def synthetic(folder: Path, files: int) -> None:
    """Writes a repository: nine modules to a compose file."""
    chance = random.Random(files)
    for n in range(files):
        port, other, size = chance.randrange(1024, 65536), chance.randrange(1024, 65536), chance.randrange(10, 99999)
        place = folder / f"part{n // 100}"
        place.mkdir(parents=True, exist_ok=True)
        if n % 10:
            (place / f"module{n}.py").write_text(PYTHON.format(n=n, port=port, size=size))
        else:
            (place / f"compose.{n}.yaml").write_text(COMPOSE.format(n=n, port=port, other=other))
    (folder / "ports.yaml").write_text(REGISTRY)


def repository(folder: Path) -> None:
    """Makes a folder a git repository with all files in it, old enough for their times to be believed."""
    hour_ago = time.time() - 3600
    for place in folder.rglob("*"):
        if place.is_file() and not place.is_symlink():
            os.utime(place, (hour_ago, hour_ago))
    for arguments in (("init", "-q"), ("add", "-A")):
        subprocess.run(("git", *arguments), cwd=folder, check=True, capture_output=True)


def timed(task: Task) -> float:
    task.before()
    started = time.perf_counter()
    subprocess.run(task.command, cwd=task.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - started


def measured(tasks: Sequence[Task], rounds: int) -> dict[str, list[float]]:
    """Seconds by task; one round before the first that counts warms the file system."""
    times: dict[str, list[float]] = {task.name: [] for task in tasks}
    for number in range(rounds + 1):
        for task in tasks:
            seconds = timed(task)
            if number:
                times[task.name].append(seconds)
    return times


def tasks_for(tree: Path, peers: Sequence[tuple[str, str]]) -> list[Task]:
    changed: list[Path] = []

    def hook(name: str, code: str) -> Task:
        module, compose = tree / f"changed{len(changed)}.py", tree / f"compose.changed{len(changed)}.yaml"
        changed.extend((module, compose))

        def change() -> None:
            # Those of the other hooks would be read as well: they are too new for their times to be believed.
            for path in changed:
                path.unlink(missing_ok=True)
            now = time.time_ns()
            module.write_text(f"{code.format(port=1024 + now % 60_000)}\nCHANGED = 'at {now}'\n")
            compose.write_text(f'services: {{web: {{image: nginx, ports: ["8080:80"]}}}}  # {now}\n')

        names = (module.name, compose.name)
        return Task(f"hook, two changed files, {name}", (*PORTLINT, "check", "--cache", *names), tree, change)

    tasks = [
        Task(NOTHING, (sys.executable, "-c", "pass"), tree),
        Task("portlint --version", (*PORTLINT, "--version"), tree),
        Task("import portlint.ports", (sys.executable, "-c", "from portlint.ports import PortRegistry"), tree),
        Task("portlint ports, cold", (*PORTLINT, "ports", "--no-cache"), tree),
        Task("portlint ports, cold, 1 job", (*PORTLINT, "ports", "--no-cache", "--jobs", "1"), tree),
        Task("portlint ports, warm", (*PORTLINT, "ports", "--cache"), tree),
        Task("portlint check, cold", (*PORTLINT, "check", "--no-cache"), tree),
        hook("another port in Python", "PORT = {port}"),
        hook("the port in Python as before", "PORT = 8001"),
        hook("no port in Python", "import json, os"),
    ]
    if shutil.which("rg"):
        tasks.append(Task(COUNTING, ("rg", "-c", NUMBERS, "."), tree))
    if shutil.which("ruff"):
        tasks.append(
            Task("ruff PLR2004", ("ruff", "check", "--isolated", "--no-cache", "--select", "PLR2004", "."), tree)
        )
    return tasks + [Task(name, tuple(shlex.split(command)), tree) for name, command in peers]


def table(times: dict[str, list[float]], base: str) -> str:
    unit = statistics.median(times[base])
    lines = [f"| what | median s | spread s | against {base} |", "|---|---|---|---|"]
    for name, seconds in times.items():
        median = statistics.median(seconds)
        lines.append(f"| {name} | {median:.3f} | {min(seconds):.3f} to {max(seconds):.3f} | {median / unit:.2f} |")
    return "\n".join(lines)


def watched(times: dict[str, dict[str, list[float]]]) -> str:
    """The ratios that are kept an eye on. times: seconds by tree and task."""
    lines = [f"| what | against | {' | '.join(times)} | all, summed |", "|---|---|" + "---|" * (len(times) + 1)]
    for name, base in WATCHED:
        if all(base in each for each in times.values()):
            sums = [(sum(each[name]), sum(each[base])) for each in times.values()]
            sums.append((sum(seconds for seconds, _ in sums), sum(seconds for _, seconds in sums)))
            ratios = " | ".join(f"{ours / theirs:.2f}" for ours, theirs in sums)
            lines.append(f"| {name} | {base} | {ratios} |")
    return "\n".join(lines)


def growth(tree: Path, scratch: Path, rounds: int) -> str:
    tasks = []
    for copies in (1, 2, 4, 8):
        folder = scratch / f"times{copies}"
        for number in range(copies):
            shutil.copytree(tree, folder / f"copy{number}", symlinks=True, ignore=shutil.ignore_patterns(".git"))
        repository(folder)
        for state, flag in (("cold", "--no-cache"), ("warm", "--cache")):
            tasks.append(Task(f"{state}, {copies} times", (*PORTLINT, "ports", flag), folder))
    return table(measured(tasks, rounds), "cold, 1 times")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="*", type=Path, help="folders to copy; default: a synthetic repository")
    parser.add_argument("--files", type=int, default=2000, help="files of the synthetic repository")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--growth", action="store_true", help="also copies of the tree side by side")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND", help="one more command to time")
    given = parser.parse_args()
    peers = [(name, command) for name, _, command in (each.partition("=") for each in given.peer)]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # with it, every run compiles portlint anew
    times: dict[str, dict[str, list[float]]] = {}
    checkouts = given.checkouts or [None]
    for checkout in checkouts:
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["XDG_CACHE_HOME"] = f"{scratch}/cache"
            tree = Path(scratch, "tree")
            if checkout is None:
                synthetic(tree, given.files)
            else:
                shutil.copytree(checkout, tree, symlinks=True, ignore=shutil.ignore_patterns(".git", "node_modules"))
            repository(tree)
            name = "synthetic" if checkout is None else checkout.resolve().name
            times[name] = measured(tasks_for(tree, peers), given.rounds)
            print(f"{name}:\n\n{table(times[name], COUNTING if COUNTING in times[name] else NOTHING)}\n", flush=True)
            if given.growth and checkout == checkouts[-1]:
                print(f"{growth(tree, Path(scratch), given.rounds)}\n", flush=True)
    print(watched(times))


if __name__ == "__main__":
    main()
