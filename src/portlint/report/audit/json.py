"""`json`: the facts of the audit, for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from portlint.model import Match
from portlint.report import records
from portlint.report.audit import Audit
from portlint.report.audit.facts import allocation, sentences, service_of, service_table
from portlint.report.escape import encodable


def render(audit: Audit) -> Iterator[str]:
    table = service_table(audit)
    whole = {
        "schema_version": records.SCHEMA_VERSION,
        "name": encodable(audit.name),
        "sentences": [encodable(each) for each in sentences(audit)],
        "summary": records.summary(audit.report.summary),
        "registry": None if audit.registry is None else encodable(audit.registry.path),
        "services": [
            {
                "name": encodable(name),
                "environments": {
                    encodable(environment): {"registered": cell.registered or None, "others": list(cell.others)}
                    for environment, cell in zip(table.environments, cells, strict=True)
                },
            }
            for name, cells in table.rows
        ],
        "allocation": [
            {
                "name": encodable(each.name),
                "ports": str(each.ports),
                "used": [{"port": port, "by": encodable(owner)} for port, owner in each.used],
                "reserved": [str(ports) for ports in each.reserved],
                "free": each.free,
            }
            for each in allocation(audit)
        ],
        "ports": [place(match) for match in audit.matches],
        "findings": [records.finding(each, audit.report.card(each.rule)) for each in audit.report.findings],
        "not_checked": [
            {"path": encodable(each.path), "reason": encodable(each.reason), "partly": each.partly}
            for each in audit.unchecked
        ],
    }
    yield json.dumps(whole, indent=1) + "\n"


def place(match: Match) -> dict[str, Any]:
    """A port literal of the inventory, and how it stands to the registry."""
    service = service_of(match)
    return {
        **records.literal(match.literal),
        "service": None if service is None else encodable(service),
        "verdict": match.verdict.value,
        "by": match.by or None,
        "expected": None if match.expected is None else str(match.expected),
        "environment": None if match.environment is None else encodable(match.environment),
    }
