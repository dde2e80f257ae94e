"""PORT601: files that were made from the registry."""

from __future__ import annotations

from collections.abc import Iterator

from portlint.check.context import Context
from portlint.generate import TARGETS, render
from portlint.generate.stamps import digest_of
from portlint.model import Finding


def stale_generated_file(context: Context) -> Iterator[Finding]:
    """PORT601: a generated file is not what the registry gives now."""
    registry = context.registry
    if registry is None:
        return
    for facts in context.facts:
        stamp = facts.stamp
        if stamp is None or stamp.source != registry.path or stamp.target not in TARGETS:
            continue
        if digest_of(render(registry, stamp.target, stamp.environment).encode()) != stamp.digest:
            where = f" --environment {stamp.environment}" if stamp.environment is not None else ""
            yield Finding(
                rule="PORT601",
                path=facts.path,
                span=stamp.span,
                message=f"this {_what(stamp.target)} is not what {registry.path} gives now",
                help=f"portlint generate {stamp.target}{where} -o {facts.path}",
                subject=stamp.target,
            )


def _what(target: str) -> str:
    return "table" if target == "markdown" else "file"
