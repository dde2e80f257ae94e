"""The pipeline: walk, extract, topology, resolve, check. Here, and nowhere else, the stages stand in their order."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from portlint.files.reader import Tree
from portlint.model import CheckResult, Facts, Resolution
from portlint.pipeline.extraction import Extraction, Results, unchecked
from portlint.pipeline.registry_file import not_judged, read_extra_rules, registry_of
from portlint.pipeline.relevance import is_silent, registry_variables
from portlint.pipeline.request import Outcome, Request
from portlint.pipeline.selection import contents_of, walked
from portlint.pipeline.timing import Clock, gc_paused
from portlint.walk import Walk, files_among
from portlint.workers import Lost


def run(request: Request) -> Outcome:
    """The whole run over a tree. Raises UserError."""
    settings, view, clock, contents = request.settings, request.view, Clock(), contents_of(request)
    with (
        gc_paused(),
        Tree(request.root, contents) as tree,
        Extraction(
            request.root, settings, request.caches, read_extra_rules(tree, settings), view.contents
        ) as extraction,
    ):
        # A hook waits for little but the files that it names: they are read while git still lists the others.
        extraction.start(files_among(request.root, request.named))

        # What judges the facts is imported while workers read: a sixth of a hook's time, see docs/speed.md.
        from portlint.check import check
        from portlint.pipeline.accepted import unaccepted
        from portlint.pipeline.past import pasts_of, policy_changed, touched_by
        from portlint.pipeline.policy import without_new_directives
        from portlint.resolve import resolve
        from portlint.topology import topology_of

        found = walked(request)
        clock.mark("walk")

        extraction.submit_rest(found.files, found.stamps)
        registry, notes = registry_of(request, tree, extraction.cache)
        unjudged = not_judged(registry, settings)
        depends_on_all = found.reported is None or not unjudged.isdisjoint(found.reported)
        reported = None if depends_on_all or view.is_compared else found.reported
        results = extraction.results(request.progress, reported, registry_variables(registry))
        pasts = pasts_of(request, found.files, extraction.extra_rules)
        clock.mark("read and extract")

        # The inventory lists the ports of the registry too; they are only not compared with itself.
        written = _accounted(
            found, results, extraction.left_out, unjudged if request.rules else not_judged(None, settings)
        )
        facts = written if pasts.policy is None else without_new_directives(written, pasts.policy)
        asked = tuple(each for each in facts if found.reported is None or each.path in found.reported)
        resolution, result = Resolution(), CheckResult()
        if reported is None or not all(map(is_silent, asked)):
            topology = topology_of(facts, found.files)
            resolution = resolve(facts, registry, settings, None if depends_on_all else found.reported, topology)
            if request.rules:
                result = check(facts, resolution, registry, settings, found.reported, topology)
        result = unaccepted(request, tree, found, result)
        touched = touched_by(request, pasts.since, written, result)
        clock.mark("resolve and check")

        return Outcome(
            walk=found,
            registry=registry,
            facts=facts,
            resolution=resolution,
            result=touched,
            reported=asked,
            crashes=tuple((path, each.trace) for path, each in results if isinstance(each, Lost) and each.trace),
            cached=extraction.cached,
            seconds=clock.seconds,
            stages=tuple(clock.stages),
            notes=notes,
            contents=contents,
            change=None if pasts.since is None else pasts.since.change,
            hidden=len(result.findings) - len(touched.findings),
            policy=policy_changed(request, written, pasts),
        )


def _accounted(
    found: Walk, results: Results, left_out: AbstractSet[str], unjudged: AbstractSet[str]
) -> tuple[Facts, ...]:
    """The facts of each file that was selected, whatever became of it: nothing that was not looked at looks clean."""
    from portlint.pipeline.memory_run import without_ports

    facts = [
        unchecked(path, each.reason) if isinstance(each, Lost) else without_ports(each, unjudged)
        for path, each in results
    ]
    if {each.path for each in facts}.union(left_out) != set(found.files):
        raise AssertionError("files selected and files accounted for are not the same")
    facts += (unchecked(folder, reason) for folder, reason in found.closed)
    return tuple(sorted(facts, key=lambda each: each.path))
