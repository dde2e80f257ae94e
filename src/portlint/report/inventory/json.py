"""`json`: one object with all port literals."""

from __future__ import annotations

import json
from collections.abc import Iterator

from portlint.report import Inventory, records


def render(inventory: Inventory) -> Iterator[str]:
    whole = {
        "schema_version": records.SCHEMA_VERSION,
        "ports": [records.literal(each) for each in inventory.literals],
    }
    yield json.dumps(whole, indent=2) + "\n"
