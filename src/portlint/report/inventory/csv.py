"""`csv`: a table for spreadsheets (RFC 4180), with a header; the keys are those of `jsonl`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from portlint.report import Inventory, records
from portlint.report.escape import cell

COLUMNS = (
    "path",
    "line",
    "column",
    "end_column",
    "port",
    "end_port",
    "protocol",
    "role",
    "format",
    "host",
    "variable",
    "name",
    "subject",
    "text",
)


def render(inventory: Inventory) -> Iterator[str]:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for each in inventory.literals:
        record = records.literal(each)
        values = (record[column] for column in COLUMNS)
        table.writerow(cell(value) if isinstance(value, str) else value for value in values)
    yield text.getvalue()
