"""`sarif`: the Static Analysis Results Interchange Format, version 2.1.0 (OASIS), as GitHub code scanning takes it.

Source for the limits and for what is needed: GitHub documentation, "SARIF support for code scanning". Findings that a
comment silences or the baseline accepts are left out unless they are asked for: GitHub would show them as open.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from portlint import __version__
from portlint.model import NOWHERE, Card, Finding, Fix, Severity, Span, Suppressed
from portlint.report import HOME, Report
from portlint.report.columns import code_points
from portlint.report.escape import shown, uri
from portlint.report.fingerprint import keys, line_hashes
from portlint.report.style import counted, sentence

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS: Final = 25_000
LARGEST: Final = 10_000_000
"""bytes, gzipped"""
_LONGEST_DESCRIPTION: Final = 1024
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
_ROOT: Final = "%SRCROOT%"
_BY_BASELINE: Final = {"kind": "external", "status": "accepted", "justification": "accepted by the baseline"}


def render(report: Report) -> Iterator[str]:
    silent = {len(report.findings) + at: _in_source(report, each) for at, each in enumerate(report.suppressed)}
    findings = (*report.findings, *(each.finding for each in report.suppressed), *report.accepted)
    codes = sorted({finding.rule for finding in findings})
    indexes = {code: index for index, code in enumerate(codes)}
    hashes = _line_hashes(report, findings)
    results = []
    for at, (finding, key) in enumerate(zip(findings, keys(findings), strict=True)):
        line_hash = hashes.get((finding.path, finding.span.line))
        result = _result(report, finding, key, indexes[finding.rule], line_hash)
        if at >= len(report.findings):
            result["suppressions"] = [silent.get(at, _BY_BASELINE)]
        results.append(result)
    results.sort(key=lambda result: ("suppressions" in result, report.card(result["ruleId"]).severity.rank))
    yield fitting([_rule(report.card(code)) for code in codes], results)


def fitting(rules: list[dict[str, Any]], results: list[dict[str, Any]], largest: int = LARGEST) -> str:
    """The log, cut behind the worst results where it would be more than GitHub takes. largest: bytes, gzipped."""
    keep = min(len(results), MOST_RESULTS)
    while True:
        text = json.dumps(_log(rules, results[:keep], len(results) - keep), indent=1) + "\n"
        size = len(text) if len(text) <= largest else len(gzip.compress(text.encode(), 6))
        if size <= largest or keep == 0:
            return text
        keep = min(keep - 1, int(keep * largest / size * 0.95))


def _log(rules: list[dict[str, Any]], results: list[dict[str, Any]], cut: int) -> dict[str, Any]:
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if cut:
        said = f"{counted(cut, 'result')} left out, the least severe: GitHub takes {MOST_RESULTS} and 10 MB."
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": said}}]
    driver = {
        "name": "portlint",
        "semanticVersion": __version__,
        "version": __version__,
        "informationUri": HOME,
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "portlint/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [invocation],
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(card: Card) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "precision": "high",
        "problem.severity": _PROBLEMS[card.severity],
        "tags": ["ports", *(["security"] if card.security_severity else [])],
    }
    if card.security_severity:
        properties["security-severity"] = card.security_severity
    return {
        "id": card.code,
        "name": "".join(word.capitalize() for word in card.name.split("-")),
        "shortDescription": {"text": _cut(card.summary)},
        "fullDescription": {"text": _cut(card.why)},
        "help": {
            "text": f"{card.summary}\n\n{card.why}\n\n{card.mend}",
            "markdown": f"{card.summary}\n\n**Why**\n\n{card.why}\n\n**How to fix it**\n\n{card.mend}",
        },
        "helpUri": f"{HOME}/blob/main/docs/rules.md#{card.code.lower()}",
        "defaultConfiguration": {"level": _LEVELS[card.severity]},
        "properties": properties,
    }


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_DESCRIPTION else f"{flat[: _LONGEST_DESCRIPTION - 3]}..."


def _result(report: Report, finding: Finding, key: str, index: int, line_hash: str | None) -> dict[str, Any]:
    prints = {"portlint/v1": key}
    if line_hash is not None:
        prints["primaryLocationLineHash"] = line_hash
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[report.card(finding.rule).severity],
        "message": {"text": _plain(shown(sentence(finding)))},
        "locations": [_location(report, finding.path, finding.span)],
        "partialFingerprints": prints,
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, **_location(report, each.path, each.span), "message": {"text": _plain(shown(each.message))}}
            for number, each in enumerate(finding.related, 1)
        ]
    if finding.fix is not None and finding.fix.edits:
        result["fixes"] = [_fix(report, finding.path, finding.fix)]
    return result


def _in_source(report: Report, suppressed: Suppressed) -> dict[str, Any]:
    found = suppressed.suppression
    said: dict[str, Any] = {"kind": "inSource", "status": "accepted"}
    if found.reason:
        said["justification"] = shown(found.reason)
    return said | {"location": _location(report, suppressed.finding.path, found.span)}


def _plain(text: str) -> str:
    """Text without the links that a message may hold (SARIF 3.11.6), so that a file's name is not one."""
    return text.replace("](", "\\](")


def _location(report: Report, path: str, span: Span) -> dict[str, Any]:
    place = {"artifactLocation": _artifact(path), "region": _region(report, path, span)}
    return {"physicalLocation": place}


def _artifact(path: str) -> dict[str, str]:
    return {"uri": uri(path)} if path.startswith("/") else {"uri": uri(path), "uriBaseId": _ROOT}


def _region(report: Report, path: str, span: Span) -> dict[str, int]:
    if span == NOWHERE:
        return {"startLine": 1}
    column, end_column = code_points(report.source(path), span)
    return {"startLine": span.line, "startColumn": column, "endLine": span.line, "endColumn": end_column}


def _fix(report: Report, path: str, fix: Fix) -> dict[str, Any]:
    replacements = [
        {
            "deletedRegion": _region(report, path, edit.span),
            "insertedContent": {"text": edit.new.decode("utf-8", "replace")},
        }
        for edit in fix.edits
    ]
    change = {"artifactLocation": _artifact(path), "replacements": replacements}
    return {"description": {"text": f"portlint's fix ({fix.safety})"}, "artifactChanges": [change]}


def _line_hashes(report: Report, findings: Iterable[Finding]) -> Mapping[tuple[str, int], str]:
    """By path and line, for the lines that findings are on."""
    wanted: dict[str, set[int]] = {}
    for finding in findings:
        wanted.setdefault(finding.path, set()).add(finding.span.line)
    found = {}
    for path, lines in wanted.items():
        data = report.source(path)
        if data is not None:
            hashes = line_hashes(data, max(lines))
            found.update({(path, line): hashes[line - 1] for line in lines if line <= len(hashes)})
    return found
