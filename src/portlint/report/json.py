"""`json`: one object with all findings and the summary, for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from portlint.report import Report, records


def render(report: Report) -> Iterator[str]:
    whole = {
        "schema_version": records.SCHEMA_VERSION,
        "findings": [records.finding(each, report.card(each.rule)) for each in report.findings],
        "summary": records.summary(report.summary),
        "change": None if report.compared is None else records.compared(report.compared),
    }
    yield json.dumps(whole, indent=2) + "\n"
