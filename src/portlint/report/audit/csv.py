"""`csv`: the inventory with its verdicts, for spreadsheets (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from portlint.report.audit import Audit
from portlint.report.audit.json import place
from portlint.report.escape import cell


def render(audit: Audit) -> Iterator[str]:
    text = io.StringIO()
    table = csv.writer(text)
    for number, match in enumerate(audit.matches):
        record = place(match)
        if number == 0:
            table.writerow(record)
        table.writerow(cell(value) if isinstance(value, str) else value for value in record.values())
    yield text.getvalue()
