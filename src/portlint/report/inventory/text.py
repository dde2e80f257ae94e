"""`text`: a table for people, by port: where each one is written, and what it does there."""

from __future__ import annotations

from collections.abc import Iterator

from portlint.model import PortLiteral
from portlint.report import Inventory
from portlint.report.escape import shown
from portlint.report.style import counted, style

_WIDEST_NAME = 40


def render(inventory: Inventory) -> Iterator[str]:
    painted = style(inventory.color)
    groups: dict[str, list[PortLiteral]] = {}
    for each in sorted(inventory.literals, key=lambda one: (one.ports.start, one.ports.end, one.path, one.span)):
        groups.setdefault(str(each.ports), []).append(each)
    for ports, literals in groups.items():
        yield f"{painted('strong', ports)}  {counted(len(literals), 'place')}\n"
        names = [shown(_name(each))[:_WIDEST_NAME] for each in literals]
        width = max(map(len, names))
        for each, name in zip(literals, names, strict=True):
            place = f"{shown(inventory.place(each.path))}:{each.span.line}:{each.span.column}"
            role = each.role.value if each.protocol == "tcp" else f"{each.role.value}/{each.protocol}"
            yield f"  {role:<12} {name:<{width}}  {painted('faint', place)}\n"


def _name(literal: PortLiteral) -> str:
    """What tells a person most about a place: the variable, else the host, else the name beside it."""
    return literal.variable or literal.host or literal.name or literal.service or literal.format
