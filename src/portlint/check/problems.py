"""Rules about what could not be read or parsed: PORT901, PORT904."""

from __future__ import annotations

from collections.abc import Iterator

from portlint.check.context import Context
from portlint.model import Finding


def not_checked(context: Context) -> Iterator[Finding]:
    """PORT901: a file that could not be read or parsed."""
    return _problems(context, "PORT901", False, "fix the file, or exclude it in the settings")


def partly_checked(context: Context) -> Iterator[Finding]:
    """PORT904: a template around a format, read as far as it goes."""
    return _problems(context, "PORT904", True, "")


def _problems(context: Context, code: str, partly: bool, help: str) -> Iterator[Finding]:
    for facts in context.asked_facts:
        for problem in facts.problems:
            if problem.partly is partly:
                yield Finding(rule=code, path=facts.path, span=problem.span, message=problem.reason, help=help)
