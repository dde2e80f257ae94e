"""Where programs in JavaScript begin to listen: the calls and files of `rules/formats/javascript-binds.yaml`.

Its head explains the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from portlint.knowledge import rule_data

_FILE = "formats/javascript-binds.yaml"


class Default(Struct, frozen=True):
    """What counts where a place that begins to listen says nothing."""

    port: int | None = None
    """None: any free one"""
    address: str | None = None
    """`localhost`, `0.0.0.0`, or `*` for all of both families; None: not known"""
    variables: tuple[str, ...] = ()
    """environment variables that the port is taken from; the first that is set counts"""


class Call(Struct, frozen=True, kw_only=True):
    """A call with which a program begins to listen."""

    by: str
    modules: tuple[str, ...]
    call: str
    new: bool
    form: str
    within: str | None
    host_key: str
    must: bool


class Configuration(Struct, frozen=True):
    """A file in which a development server is set up."""

    by: str
    file: str
    key: str


@cache
def default_of(by: str) -> Default | None:
    """What the call or the directive listens on by default, by the name that facts have for it (`Bind.by`).

    None: portlint does not know it.
    """
    data = rule_data.load(_FILE)
    for row in (*data["calls"], *data["configurations"]):
        if row["by"] == by:
            return Default(row.get("port"), row.get("address"), tuple(row.get("variables", ())))
    return None


@cache
def calls() -> Mapping[str, tuple[Call, ...]]:
    """All calls, by their last name."""
    out: dict[str, tuple[Call, ...]] = {}
    for row in rule_data.load(_FILE)["calls"]:
        made = Call(
            by=row["by"],
            modules=tuple(row.get("modules", ())),
            call=row["call"],
            new=row.get("new", False),
            form=row["form"],
            within=row.get("within"),
            host_key=row.get("host_key", "host"),
            must=row.get("must", False),
        )
        out[made.call] = (*out.get(made.call, ()), made)
    return out


@cache
def configurations() -> tuple[Configuration, ...]:
    """All configuration files."""
    rows: list[dict[str, Any]] = rule_data.load(_FILE)["configurations"]
    return tuple(Configuration(row["by"], row["file"], row["key"]) for row in rows)


@cache
def words_of(key: str) -> frozenset[str]:
    """One word list of the file."""
    return frozenset(rule_data.load(_FILE)[key])
