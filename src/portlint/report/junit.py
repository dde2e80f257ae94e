"""`junit`: a test case that fails for each finding, and one that passes where there is none.

Source: the schema of the Jenkins xUnit plugin, `junit-10.xsd`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from portlint.report import Report
from portlint.report.escape import xml


def render(report: Report) -> Iterator[str]:
    number = len(report.findings)
    counts = f'tests="{max(1, number)}" failures="{number}" errors="0"'
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="portlint" {counts}>\n'
    yield f'  <testsuite name="portlint" {counts} skipped="0">\n'
    if not number:
        yield '    <testcase classname="portlint" name="no findings"/>\n'
    names: Counter[str] = Counter()
    for finding in report.findings:
        place = f"{finding.path}:{finding.span.line}:{finding.span.column}"
        name = f"{finding.rule} {place}"
        names[name] += 1
        unique = name if names[name] == 1 else f"{name} ({names[name]})"
        card = report.card(finding.rule)
        yield f'    <testcase classname="{xml(finding.path)}" name="{xml(unique)}">\n'
        yield f'      <failure type="{card.severity.value}" message="{xml(finding.message)}">'
        yield xml(f"{place}: {finding.rule} {card.name}: {finding.message}")
        yield f"&#10;{xml(finding.help)}</failure>\n" if finding.help else "</failure>\n"
        yield "    </testcase>\n"
    yield "  </testsuite>\n</testsuites>\n"
