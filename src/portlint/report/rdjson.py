"""`rdjson`: the Reviewdog Diagnostic Format (reviewdog, `proto/rdf/reviewdog.proto`). Columns count bytes of UTF-8."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from portlint.model import Finding, Severity, Span
from portlint.report import HOME, Report
from portlint.report.columns import utf8
from portlint.report.escape import encodable, shown
from portlint.report.style import sentence

_SEVERITIES: Final = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.INFO: "INFO"}


def render(report: Report) -> Iterator[str]:
    whole = {
        "source": {"name": "portlint", "url": HOME},
        "diagnostics": [_diagnostic(report, finding) for finding in report.findings],
    }
    yield json.dumps(whole, indent=2) + "\n"


def _diagnostic(report: Report, finding: Finding) -> dict[str, Any]:
    edits = finding.fix.edits if finding.fix is not None else ()
    edits = edits if len(edits) == 1 else ()  # each suggestion stands for itself: there is no way to give two as one
    return {
        "message": shown(sentence(finding)),
        "location": _location(report, finding.path, finding.span),
        "severity": _SEVERITIES[report.card(finding.rule).severity],
        "code": {"value": finding.rule, "url": f"{HOME}/blob/main/docs/rules.md#{finding.rule.lower()}"},
        "suggestions": [
            {"range": _range(report, finding.path, edit.span), "text": edit.new.decode("utf-8", "replace")}
            for edit in edits
        ],
        "relatedLocations": [
            {"message": shown(each.message), "location": _location(report, each.path, each.span)}
            for each in finding.related
        ],
    }


def _location(report: Report, path: str, span: Span) -> dict[str, Any]:
    return {"path": encodable(path), "range": _range(report, path, span)}


def _range(report: Report, path: str, span: Span) -> dict[str, Any]:
    column, end_column = utf8(report.source(path), span)
    return {"start": {"line": span.line, "column": column}, "end": {"line": span.line, "column": end_column}}
