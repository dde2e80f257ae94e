"""PORT601: files that were made from the registry."""

from __future__ import annotations

from collections.abc import Iterator

from portlint.check.context import Context, finding_at
from portlint.generate import TARGETS, render
from portlint.generate.stamps import stamped_digest
from portlint.model import Finding, Registry, Verdict

_SURE = ("variable", "name")


def stale_generated_file(context: Context) -> Iterator[Finding]:
    """PORT601: a generated file is not what the registry gives now."""
    registry = context.registry
    if registry is None:
        return
    yield from _by_others(context, registry)
    for facts in context.asked_facts:
        stamp = facts.stamp
        if stamp is None or stamp.source != registry.path or stamp.target not in TARGETS:
            continue
        if stamped_digest(render(registry, stamp.target, stamp.environment).encode()) != stamp.digest:
            where = f" --environment {stamp.environment}" if stamp.environment is not None else ""
            yield Finding(
                rule="PORT601",
                path=facts.path,
                span=stamp.span,
                message=f"this {_what(stamp.target)} is not what {registry.path} gives now",
                help=f"portlint generate {stamp.target}{where} -o {facts.path}",
                subject=stamp.target,
            )


def _by_others(context: Context, registry: Registry) -> Iterator[Finding]:
    """Ports in files that a program of the repository's own made from the registry, as their headers say."""
    made = {
        facts.path
        for facts in context.asked_facts
        if facts.stamp is None and any(f"/{registry.path}".endswith(f"/{name}") for name in facts.generated_from)
    }
    for match in context.matches if made else ():
        entry, literal = match.entry, match.literal
        if literal.path not in made or match.verdict is not Verdict.MISMATCH or entry is None:
            continue
        if match.by not in _SURE:
            continue
        environment = match.environment if match.environment in entry.environments else None
        yield finding_at(
            literal,
            "PORT601",
            f"this file was generated from {registry.path}, which gives {match.expected} for {entry.name}: "
            f"who reads the file takes {literal.ports}",
            help="generate the file anew",
            entry=entry.name,
            related=(context.registry_says(entry, environment),),
        )


def _what(target: str) -> str:
    return "table" if target == "markdown" else "file"
