"""Rules about the places that set variables: PORT401."""

from __future__ import annotations

from collections.abc import Iterator

from portlint.check.context import Context, at, elsewhere, is_fallback
from portlint.model import Finding, Verdict


def env_value_mismatch(context: Context) -> Iterator[Finding]:
    """PORT401: a registered variable is set to a port that is not its entry's there."""
    for match in context.matches:
        entry, literal = match.entry, match.literal
        if match.verdict is not Verdict.MISMATCH or entry is None or match.by != "variable" or is_fallback(literal):
            continue
        environment = match.environment if match.environment in entry.environments else None
        where = f" for {environment}" if environment is not None else ""
        other = elsewhere(entry, literal.ports, environment)
        allowed = f"{match.expected}"
        if environment is None and entry.range is not None and entry.range.start != entry.range.end:
            allowed = f"{entry.default} (or another of {entry.range})"
        yield at(
            literal,
            "PORT401",
            f"{literal.variable} is {literal.ports}, but the registry says {allowed}{where}"
            + (f"; {literal.ports} is for {other}" if other else ""),
            help=f"write {match.expected.start if match.expected else entry.default}, "
            f"or change {entry.name} in the registry",
            entry=entry.name,
            related=(context.registry_says(entry, environment),),
        )
