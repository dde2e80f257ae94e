"""A JSON object: the services by name, in the order of their ports."""

from __future__ import annotations

import json
from typing import Any

from portlint.generate.values import Value, Values


def render(values: Values) -> str:
    services = {each.name: _object(each) for each in values.services}
    whole = {"generated": values.header, "environment": values.environment, "ports": services}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _object(value: Value) -> dict[str, Any]:
    return {
        "port": value.port,
        "variable": value.variable,
        "range": [value.allowed.start, value.allowed.end],
        "description": value.description,
        "protocol": value.entry.protocol,
    }
