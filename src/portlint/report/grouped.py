"""`grouped`: for people. The findings of each file under its name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from portlint.report import Report
from portlint.report.escape import shown
from portlint.report.style import counted, style


def render(report: Report) -> Iterator[str]:
    painted = style(report.color)
    for path, group in groupby(report.findings, lambda finding: finding.path):
        found = list(group)
        yield f"{painted('strong', shown(report.place(path)))}  {counted(len(found), 'finding')}\n"
        places = [f"{finding.span.line}:{finding.span.column}" for finding in found]
        width = max(map(len, places))
        for place, finding in zip(places, found, strict=True):
            code = painted(report.card(finding.rule).severity.value, finding.rule)
            yield f"  {place:<{width}}  {code}  {shown(finding.message)}\n"
        yield "\n"
