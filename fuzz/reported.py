"""Holds what is said of a few files of a repository against what a run over everything says of them.

    python fuzz/reported.py FOLDER...

Each folder is a checkout. It is judged without a registry, and with the one that `portlint init` would write, some of
whose entries are left out and some given another port. Prints each finding that one of the two has and the other lacks;
none is right.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from msgspec.structs import replace

from portlint.actions.bootstrap_registry import draft_repository, registry_of
from portlint.check import RULES, check
from portlint.model import LAST_PORT, CheckResult, Facts, Registry, Settings
from portlint.pipeline.relevance import is_silent
from portlint.pipeline.request import Outcome, Request
from portlint.pipeline.run import run
from portlint.registry.merge import merge
from portlint.resolve import resolve
from portlint.topology import topology_of

SETTINGS = Settings(select=tuple(RULES), test_ignores=(), generated_ignores=())
SETS = 150
"""of files, for each folder and registry"""


def registries(outcome: Outcome, folder: Path, chance: random.Random) -> Iterator[Registry | None]:
    yield outcome.registry
    try:
        drafted = registry_of(merge([draft_repository(outcome, folder, SETTINGS)]))
    except ValueError as error:
        print(f"{folder}: {error}")
        return
    entries = [entry for entry in drafted.entries if chance.random() < 0.9]
    entries = [
        replace(entry, default=min(LAST_PORT, entry.default + 1)) if chance.random() < 0.3 else entry
        for entry in entries
    ]
    yield replace(drafted, entries=tuple(entries))


def judged(facts: Sequence[Facts], registry: Registry | None, reported: AbstractSet[str] | None) -> CheckResult:
    topology = topology_of(facts)
    resolution = resolve(facts, registry, SETTINGS, reported, topology)
    return check(facts, resolution, registry, SETTINGS, reported, topology)


def said(result: CheckResult, reported: AbstractSet[str]) -> list[object]:
    silenced = [each for each in result.suppressed if each.finding.path in reported]
    return [*(each for each in result.findings if each.path in reported), *silenced]


def sets(facts: Sequence[Facts], whole: CheckResult, chance: random.Random) -> Iterator[frozenset[str]]:
    """Single files, most of them with findings, and a few at once."""
    loud = [each.path for each in facts if not is_silent(each)]
    found = sorted({each.path for each in whole.findings}.intersection(loud))
    for paths in (loud, found):
        yield from (frozenset({path}) for path in chance.sample(paths, min(len(paths), SETS // 3)))
    for _ in range(SETS // 3 if loud else 0):
        yield frozenset(chance.sample(loud, min(len(loud), chance.choice((2, 2, 8)))))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    checked = different = 0
    for folder in parser.parse_args().folders:
        chance = random.Random(folder.name)
        outcome = run(Request(root=folder.resolve(), settings=SETTINGS))
        for registry in registries(outcome, folder, chance):
            whole = judged(outcome.facts, registry, None)
            for reported in sets(outcome.facts, whole, chance):
                few = said(judged(outcome.facts, registry, reported), reported)
                all_ = said(whole, reported)
                checked, different = checked + 1, different + (few != all_)
                for only, others, word in ((all_, few, "missed"), (few, all_, "extra")):
                    for each in only:
                        if each not in others:
                            print(f"{folder}: {sorted(reported)}: {word} {each}")
    print(f"{checked} sets of files, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
