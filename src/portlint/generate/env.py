"""An env file: each variable with its port, the description above it."""

from __future__ import annotations

from portlint.generate.values import Values


def render(values: Values) -> str:
    lines = [f"# {values.header}"]
    for each in values.services:
        if each.variable is None:
            continue
        lines.append("")
        if each.description:
            lines.append(f"# {each.description}")
        lines.append(f"{each.variable}={each.port}")
    return "\n".join(lines) + "\n"
