"""Findings and port literals as the objects of the JSON formats. Their keys are a contract: they are only added to."""

from __future__ import annotations

from typing import Any

from portlint.model import Card, Edit, Finding, PortLiteral, Related, Severity, Span
from portlint.report import Compared, Summary
from portlint.report.escape import encodable

SCHEMA_VERSION = 1


def finding(found: Finding, card: Card) -> dict[str, Any]:
    """A finding. Lines and columns are 1-based, columns count code points, the end is exclusive."""
    fix = found.fix
    return {
        "code": found.rule,
        "name": card.name,
        "severity": card.severity.value,
        "path": encodable(found.path),
        **_place(found.span),
        "end_line": found.span.line,
        "end_column": found.span.end_column,
        "port": found.port,
        "entry": found.entry,
        "message": encodable(found.message),
        "help": encodable(found.help),
        "fix": None if fix is None else {"safety": fix.safety, "edits": [_edit(edit) for edit in fix.edits]},
        "related": [_related(each) for each in found.related],
    }


def literal(found: PortLiteral) -> dict[str, Any]:
    """A port literal of the inventory. `end_port` is null for a single port; `end_column` is exclusive."""
    return {
        "path": encodable(found.path),
        **_place(found.span),
        "end_column": found.span.end_column,
        "port": found.port,
        "end_port": found.end_port,
        "protocol": found.protocol,
        "role": found.role.value,
        "format": found.format,
        "host": _optional(found.host),
        "variable": _optional(found.variable),
        "name": _optional(found.name),
        "subject": encodable(found.subject),
        "text": encodable(found.text),
    }


def summary(done: Summary) -> dict[str, Any]:
    return {
        "files_checked": done.checked,
        "files_skipped": done.skipped,
        "files_not_checked": done.not_checked,
        "suppressed": done.suppressed,
        **{severity.value: done.severities.get(severity, 0) for severity in Severity},
    }


def compared(done: Compared) -> dict[str, Any]:
    """`line` is null where something is gone, or is about no line; `counts` is false where the policy of a commit was
    used in its place."""
    return {
        "since": _optional(done.since),
        "commit": done.commit,
        "files": [encodable(path) for path in done.files],
        "hidden": done.hidden,
        "policy_from": _optional(done.policy_from),
        "policy": [
            {
                "kind": each.kind.value,
                "path": encodable(each.path),
                "line": each.line,
                "message": encodable(each.message),
                "counts": each.counts,
            }
            for each in done.policy
        ],
    }


def _place(span: Span) -> dict[str, int]:
    return {"line": span.line, "column": span.column}


def _related(related: Related) -> dict[str, Any]:
    return {"path": encodable(related.path), **_place(related.span), "message": encodable(related.message)}


def _edit(edit: Edit) -> dict[str, Any]:
    """start, end: byte offsets of what `old` is replaced at."""
    return {
        **_place(edit.span),
        "start": edit.span.start,
        "end": edit.span.end,
        "old": edit.old.decode("utf-8", "replace"),
        "new": edit.new.decode("utf-8", "replace"),
    }


def _optional(text: str | None) -> str | None:
    return None if text is None else encodable(text)
