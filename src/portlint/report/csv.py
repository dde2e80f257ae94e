"""`csv`: a table for spreadsheets (RFC 4180), with a header; the keys are those of `jsonl`. No cell is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from portlint.report import Report, records
from portlint.report.escape import cell

COLUMNS = (
    "severity",
    "code",
    "name",
    "path",
    "line",
    "column",
    "end_column",
    "port",
    "entry",
    "message",
    "help",
)


def render(report: Report) -> Iterator[str]:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for each in report.findings:
        record = records.finding(each, report.card(each.rule))
        values = (record[column] for column in COLUMNS)
        table.writerow(cell(value) if isinstance(value, str) else value for value in values)
    yield text.getvalue()
