"""`markdown`: for a pull request, a wiki or the summary of a CI job. A table for each severity, worst first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from portlint.model import Finding, Severity
from portlint.report import Compared, Report
from portlint.report.escape import markdown
from portlint.report.style import counted, sentence, severities, style

_LARGEST: Final = 900_000
"""bytes: GitHub takes a job summary of 1 MiB"""
_MOST_CHANGES: Final = 200
"""changes of the policy that are shown"""
_TITLES: Final = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.INFO: "Notes"}


def render(report: Report) -> Iterator[str]:
    done = report.summary
    yield f"## portlint: {severities(done.severities, style(False))}\n\n"
    yield f"{counted(done.checked, 'file')} checked, {done.skipped} skipped, {done.not_checked} not checked"
    yield f"; {counted(done.suppressed, 'finding')} suppressed.\n" if done.suppressed else ".\n"
    if report.compared is not None:
        yield from _policy(report.compared)
    size, left = 0, len(report.findings)
    for severity, title in _TITLES.items():
        found = [each for each in report.findings if report.card(each.rule).severity is severity]
        if not found or size > _LARGEST:
            continue
        yield f"\n### {title}\n\n| Place | Rule | Finding |\n| --- | --- | --- |\n"
        for finding in found:
            row = _row(report, finding)
            size += len(row.encode())
            if size > _LARGEST:
                break
            left -= 1
            yield row
    if left:
        yield f"\n{counted(left, 'finding')} more would make this page too long to be shown.\n"


def _policy(compared: Compared) -> Iterator[str]:
    """What the change does to the rules that it is judged by: a reviewer wants to see it first."""
    if not compared.policy:
        return
    yield "\n### Changes of what portlint judges by\n\n"
    if compared.policy_from is not None:
        yield f"They do not count here: the policy is that of {markdown(compared.policy_from)}.\n\n"
    yield "| Place | What | Change |\n| --- | --- | --- |\n"
    for each in compared.policy[:_MOST_CHANGES]:
        place = markdown(each.path) + ("" if each.line is None else f":{each.line}")
        yield f"| {place} | {each.kind.value} | {markdown(each.message)} |\n"
    if len(compared.policy) > _MOST_CHANGES:
        yield f"\n{counted(len(compared.policy) - _MOST_CHANGES, 'change')} more.\n"


def _row(report: Report, finding: Finding) -> str:
    place = f"{markdown(finding.path)}:{finding.span.line}:{finding.span.column}"
    return f"| {place} | {finding.rule} {report.card(finding.rule).name} | {markdown(sentence(finding))} |\n"
