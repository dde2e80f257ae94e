"""`gitlab`: a Code Quality report (GitLab documentation, "Code Quality", "Code Quality report format")."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from portlint.model import Severity
from portlint.report import Report
from portlint.report.escape import encodable, shown
from portlint.report.fingerprint import keys

_SEVERITIES: Final = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report) -> Iterator[str]:
    issues = [
        {
            "description": f"{finding.rule} {shown(finding.message)}",
            "check_name": f"{finding.rule} {report.card(finding.rule).name}",
            "fingerprint": key,
            "severity": _SEVERITIES[report.card(finding.rule).severity],
            "location": {"path": encodable(finding.path), "lines": {"begin": finding.span.line}},
        }
        for finding, key in zip(report.findings, keys(report.findings), strict=True)
    ]
    yield json.dumps(issues, indent=2) + "\n"
