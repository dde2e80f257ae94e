"""`jsonl`: one object for each port literal and line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from portlint.report import Inventory, records


def render(inventory: Inventory) -> Iterator[str]:
    encode = json.JSONEncoder(check_circular=False).encode
    for each in inventory.literals:
        yield encode(records.literal(each)) + "\n"
