"""What Python calls bind where they are told no port or host: `default` in `rules/python/*.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from portlint.knowledge import rule_data


class Default(Struct, frozen=True):
    """What is taken for what a call leaves out."""

    port: int | None = None
    """None: one must be given, or the kernel picks one"""
    address: str | None = None
    """localhost, 0.0.0.0 (IPv4 alone) or `*` (all addresses); None: one must be given, or it is not known"""


def default_of(call: str, extra: tuple[tuple[str, bytes], ...] = ()) -> Default | None:
    """What a call binds by default; None where nothing is known.

    call: its dotted path as it is imported, as in `Bind.by`: `uvicorn.run`. extra: the user's own rule files, their
    names and bytes.
    """
    return _defaults(extra).get(call)


@cache
def _defaults(extra: tuple[tuple[str, bytes], ...]) -> Mapping[str, Default]:
    files = [*map(rule_data.load, rule_data.names("python")), *(rule_data.parsed(data) or {} for _, data in extra)]
    return {
        path: Default(row["default"].get("port"), row["default"].get("address"))
        for each in files
        for path, row in (each.get("calls") or {}).items()
        if "default" in row
    }
