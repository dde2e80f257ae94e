"""What `check` and `report` show: the findings of a run, with the rules and the sources that they are about."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from portlint.cli.scope import Scope

if TYPE_CHECKING:
    from portlint.model import Severity
    from portlint.pipeline.request import Outcome
    from portlint.report import Compared, Report


def report_of(where: Scope, outcome: Outcome, *, silenced: bool = False) -> Report:
    """silenced: with what comments silence and the baseline accepts."""
    from portlint.files.reader import Text, Tree, decode
    from portlint.knowledge.rule_metadata import card
    from portlint.report import Report, Summary

    findings = outcome.result.findings
    numbers: Counter[Severity] = Counter(card(finding.rule).severity for finding in findings)
    formats = {facts.path: facts.format for facts in outcome.facts}
    limit = where.loaded.settings.max_file_size

    @lru_cache(maxsize=8)  # findings come file by file, and most of them point at the registry as well
    def source(path: str) -> bytes | None:
        with Tree(where.root, outcome.contents) as tree:
            raw = tree.read(path, limit)
        text = decode(path, raw) if isinstance(raw, bytes) else raw
        return text.data if isinstance(text, Text) else None

    return Report(
        findings=findings,
        summary=Summary(
            checked=outcome.checked,
            skipped=outcome.skipped,
            not_checked=outcome.not_checked,
            suppressed=len(outcome.result.suppressed),
            severities=numbers,
        ),
        card=card,
        source=source,
        format_of=formats.get,
        place=where.place(),
        suppressed=outcome.result.suppressed if silenced else (),
        accepted=outcome.result.known if silenced else (),
        compared=_compared(where, outcome),
    )


def _compared(where: Scope, outcome: Outcome) -> Compared | None:
    from portlint.report import Compared

    view, change = where.view, outcome.change
    if view is None:
        return None
    return Compared(
        since=None if view.since is None else view.since.name,
        commit=None if view.since is None else view.since.commit,
        files=() if change is None else tuple(sorted({*change.files, *change.gone})),
        hidden=outcome.hidden,
        policy_from=None if view.policy is None else view.policy.name,
        policy=outcome.policy,
    )
