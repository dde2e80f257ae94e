"""`html`: the findings as a page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterable

from portlint.report import Report
from portlint.report.audit import Audit, render_audit


def render(report: Report) -> Iterable[str]:
    return render_audit(Audit(name="portlint", report=report, is_whole=False), "html")
