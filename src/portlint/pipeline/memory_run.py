"""Runs over facts that are in memory: of given files, of the tree with some of its files changed, or as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from portlint.check import check
from portlint.model import REGISTRY_PLACES, CheckResult, Facts, Registry, Resolution, Settings
from portlint.pipeline.accepted import without_accepted
from portlint.pipeline.extraction import facts_of
from portlint.pipeline.registry_file import load, not_judged
from portlint.pipeline.request import Outcome
from portlint.resolve import resolve
from portlint.topology import topology_of


def judged(facts: Sequence[Facts], registry: Registry | None, settings: Settings) -> tuple[Resolution, CheckResult]:
    """What the facts of all files mean, and what is wrong with them."""
    topology = topology_of(facts)
    resolution = resolve(facts, registry, settings, topology=topology)
    return resolution, check(facts, resolution, registry, settings, topology=topology)


def with_facts(outcome: Outcome, facts: Mapping[str, Facts], settings: Settings) -> Outcome:
    """The outcome if files held other facts. facts: by path. Its findings are those of all files, whatever was asked
    for and whatever a baseline accepts."""
    known = tuple(facts.get(each.path, each) for each in outcome.facts)
    resolution, result = judged(known, outcome.registry, settings)
    return replace(outcome, facts=known, resolution=resolution, result=result)


def run_on_memory(files: Mapping[str, bytes], settings: Settings | None = None) -> CheckResult:
    """The run over files in memory, in this process: for tests and for the examples on the rule cards.

    files: path (relative, forward slashes) to content; a registry at its usual place among them is used.
    Raises UserError where the registry cannot be used.
    """
    settings = settings or Settings()
    extra = tuple((name, files[name]) for name in settings.rules if name in files)
    places = REGISTRY_PLACES if settings.registry is None else (settings.registry,)
    place = next((place for place in places if place in files), None)
    registry = None if place is None else load(place, files[place])
    unjudged = not_judged(registry, settings)
    facts = [without_ports(facts_of(path, files[path], extra), unjudged) for path in sorted(files)]
    result = judged(facts, registry, settings)[1]
    if settings.baseline is None:
        return result
    return without_accepted(result, settings, files[settings.baseline], lambda path: True)


def without_ports(facts: Facts, not_judged: AbstractSet[str]) -> Facts:
    """The facts, without its ports where a file is none of those that are judged."""
    if facts.path not in not_judged:
        return facts
    return replace(facts, literals=(), candidates=(), references=(), services=())
