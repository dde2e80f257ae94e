"""`concise`: one line for each finding, which editors and `grep` understand: `path:line:column: CODE message`."""

from __future__ import annotations

from collections.abc import Iterator

from portlint.report import Report
from portlint.report.escape import shown
from portlint.report.style import style


def render(report: Report) -> Iterator[str]:
    painted = style(report.color)
    for finding in report.findings:
        code = painted(report.card(finding.rule).severity.value, finding.rule)
        place = painted("strong", shown(report.place(finding.path)))
        yield f"{place}:{finding.span.line}:{finding.span.column}: {code} {shown(finding.message)}\n"
