"""`jsonl`: one object for each finding and line, for programs that read as they go."""

from __future__ import annotations

import json
from collections.abc import Iterator

from portlint.report import Report, records


def render(report: Report) -> Iterator[str]:
    for each in report.findings:
        yield json.dumps(records.finding(each, report.card(each.rule))) + "\n"
