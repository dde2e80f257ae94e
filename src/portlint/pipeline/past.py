"""The tree as it was at the commits that a run is compared with, and what the change since then comes to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from portlint.cache import Row
from portlint.check.touched import touched
from portlint.errors import UserError
from portlint.extract import recognised_by_name
from portlint.files.reader import Contents, Tree
from portlint.model import CheckResult, Facts, PolicyChange, Settings
from portlint.pipeline.accepted import without_accepted
from portlint.pipeline.comparison import Base, Past, compared
from portlint.pipeline.extraction import Analysis, ExtraRules, unchecked
from portlint.pipeline.memory_run import judged, without_ports
from portlint.pipeline.policy import policy_changes, policy_contents
from portlint.pipeline.registry_file import not_judged, registry_of
from portlint.pipeline.request import Request
from portlint.workers import Limits, Lost, Supervisor


class Pasts(Struct, frozen=True):
    """since: the tree at the commit that findings are compared with. policy: at the one whose policy counts."""

    since: Past | None
    policy: Past | None


def pasts_of(request: Request, files: Sequence[str], extra_rules: ExtraRules) -> Pasts:
    """The tree as it was, as far as the request asks for it. files: all that are checked."""
    view = request.view

    def past(base: Base | None) -> Past | None:
        if base is None:
            return None
        return read_past(request.root, base, view.contents, files, request.settings, extra_rules)

    since = past(view.since)
    if view.since is not None and view.policy is not None and view.since.commit == view.policy.commit:
        return Pasts(since, since)
    return Pasts(since, past(view.policy))


def read_past(
    root: Path, base: Base, contents: Contents, files: Sequence[str], settings: Settings, extra_rules: ExtraRules
) -> Past:
    """What a change since a commit touches, as it was. contents: of files that are not looked at on disk; files: all
    that are checked."""
    limit = settings.max_file_size
    with Tree(root, contents) as tree:
        change, before = compared(
            base,
            files,
            lambda path: tree.read(path, limit),
            lambda path: recognised_by_name(path) is not False,
            limit,
        )
    paths = sorted(before)
    work = Analysis(root, limit, extra_rules, contents=before)
    with Supervisor(work, paths, Limits(settings.timeout), jobs=1) as supervisor:
        results: list[Facts | Row | Lost] = supervisor.results()
    facts = {
        path: unchecked(path, each.reason) if isinstance(each, Lost) else each
        for path, each in zip(paths, results, strict=True)
        if not isinstance(each, Row)
    }
    return Past(change=change, contents=before, facts=facts)


def touched_by(request: Request, since: Past | None, facts: Sequence[Facts], result: CheckResult) -> CheckResult:
    """What the change since a commit touches of a result; all where none is asked about. facts: as the files are."""
    if since is None or request.view.since is None:
        return result
    return touched(result, _as_it_was(request, request.view.since, since, facts), since.change)


def policy_changed(request: Request, facts: Sequence[Facts], pasts: Pasts) -> tuple[PolicyChange, ...]:
    """What the change does to the policy. facts: as the files are."""
    view, past = request.view, pasts.since or pasts.policy
    base = view.since or view.policy
    if base is None or past is None:
        return ()
    with Tree(request.root, view.contents) as tree:
        return policy_changes(base, past, facts, tree, request.settings, view.policy is not None)


def _as_it_was(request: Request, base: Base, past: Past, facts: Sequence[Facts]) -> CheckResult:
    """What the rules of today find in the files as they were, with the registry and the baseline of that time."""
    settings = request.settings
    with Tree(request.root, policy_contents(base, settings)) as tree:
        try:
            registry, _ = registry_of(request, tree)
        except UserError:  # it had mistakes, or was not there yet
            registry = None
        unjudged = not_judged(registry, settings)
        kept = [without_ports(each, unjudged) for each in facts if each.path not in past.change.files]
        kept += (without_ports(each, unjudged) for each in past.facts.values())
        result = judged(sorted(kept, key=lambda each: each.path), registry, settings)[1]
        if settings.baseline is not None and tree.is_held(settings.baseline):
            data = tree.read(settings.baseline, settings.max_file_size)
            with suppress(UserError):
                result = without_accepted(result, settings, data, lambda path: True)
    return result
