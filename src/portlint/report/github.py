"""`github`: workflow commands that GitHub Actions shows beside the lines of a pull request.

Source: "Workflow commands for GitHub Actions"; the escapes: actions/toolkit, `packages/core/src/command.ts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from portlint.model import Finding, PolicyChange, Severity
from portlint.report import Report
from portlint.report.columns import code_points
from portlint.report.escape import shown
from portlint.report.style import counted, sentence, severities, style

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_SHOWN: Final = 10
"""annotations of one level that GitHub shows for a step"""


def render(report: Report) -> Iterator[str]:
    ordered = sorted(report.findings, key=lambda each: report.card(each.rule).severity.rank)
    numbers = report.summary.severities
    total = f"{counted(len(ordered), 'finding')}: {severities(numbers, style(False))}"
    if any(number > _SHOWN for number in numbers.values()):
        total += f"; GitHub shows {_SHOWN} of each level, worst first, the log has all"
    changes = report.compared.policy[: _SHOWN - 1] if report.compared is not None else ()
    # The total is a notice itself, as a change of the policy is: behind ten others they would not be shown.
    notes = sum(report.card(each.rule).severity is Severity.INFO for each in ordered)
    last = len(ordered) - min(notes, max(0, notes + len(changes) + 1 - _SHOWN))
    yield from (_command(report, finding) for finding in ordered[:last])
    yield from map(_policy_notice, changes)
    if ordered:
        yield f"::notice title=portlint::{_data(total)}\n"
    yield from (_command(report, finding) for finding in ordered[last:])


def _command(report: Report, finding: Finding) -> str:
    card = report.card(finding.rule)
    column, end_column = code_points(report.source(finding.path), finding.span)
    properties = {
        "file": finding.path,
        "line": finding.span.line,
        "col": column,
        "endColumn": end_column,
        "title": f"{finding.rule} {card.name}",
    }
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_LEVELS[card.severity]} {written}::{_data(sentence(finding))}\n"


def _policy_notice(change: PolicyChange) -> str:
    """A change of what portlint judges by, beside its line: whoever reviews it should see it."""
    line = "" if change.line is None else f",line={change.line}"
    ignored = "" if change.counts else " (does not count here)"
    said = f"{change.message}{ignored}"
    return f"::notice file={_property(change.path)}{line},title=portlint {change.kind.value}::{_data(said)}\n"


def _data(text: str) -> str:
    """Line breaks reach the reader as such, as the runner decodes them; other control characters are shown."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "%0A".join(shown(line).replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    parts = text.split("\n")
    escaped = "%0A".join("%0D".join(shown(each).replace("%", "%25") for each in part.split("\r")) for part in parts)
    return escaped.replace(":", "%3A").replace(",", "%2C")
