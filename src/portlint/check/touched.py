"""Leaves only the findings that a change touches.

A change touches a finding that stands on a line that is new, and one that was not there before: the other side of it
may lie anywhere. So the same rules judge the files as they were, and what they found then is no news.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge.identifiers import moved_subject, unnumbered
from portlint.model import Change, CheckResult, Finding

_LINE: Final = regex(r"\bline [0-9]+")
_Key = tuple[str, str, str, int | None, str]


def touched(result: CheckResult, before: CheckResult, change: Change) -> CheckResult:
    """The result without the findings that the change has nothing to do with.

    before: what was found in the files as they were. Of several findings that are alike, those on new lines count as
    the new ones first.
    """
    moved = change.moved
    known: Counter[_Key] = Counter(_key(finding, moved.get(finding.path)) for finding in before.findings)
    here = Counter(map(_key, result.findings))
    on_new_lines = Counter(_key(each) for each in result.findings if change.touches(each.path, each.span.line))
    news = {key: number - known[key] - on_new_lines[key] for key, number in here.items()}

    def is_touched(finding: Finding) -> bool:
        if change.touches(finding.path, finding.span.line):
            return True
        key = _key(finding)
        news[key] -= 1
        return news[key] >= 0

    kept = tuple(finding for finding in result.findings if is_touched(finding))
    suppressed = (s for s in result.suppressed if change.touches(s.finding.path, s.finding.span.line))
    return replace(result, findings=kept, suppressed=tuple(suppressed))


def _key(finding: Finding, path: str | None = None) -> _Key:
    """What makes two findings the same, wherever they stand. path: the name of its file after the change."""
    subject = finding.subject if path is None else moved_subject(finding.subject, finding.path, path)
    return path or finding.path, finding.rule, unnumbered(subject), finding.port, _LINE.sub("line", finding.message)
