"""The audit: what is to be known about the ports of a repository, for people who have never heard of portlint.

Each format is one module with a function `render` that takes an `Audit`; AUDIT_FORMATS lists them.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from msgspec import Struct

from portlint.model import Match, Registry
from portlint.report import Report

AUDIT_FORMATS = ("html", "markdown", "json", "csv")
"""modules of this folder"""


class Unchecked(Struct, frozen=True):
    """A file, or a part of one, that could not be read or parsed."""

    path: str
    reason: str
    partly: bool


class Audit(Struct, frozen=True, kw_only=True):
    """What an audit shows."""

    name: str
    """of the repository"""
    report: Report
    matches: tuple[Match, ...] = ()
    """the inventory, sorted by place"""
    registry: Registry | None = None
    unchecked: tuple[Unchecked, ...] = ()
    is_whole: bool = True
    """there is an inventory; else this is about findings alone"""


def render_audit(audit: Audit, format: str) -> Iterable[str]:
    """The audit in one of AUDIT_FORMATS."""
    pieces: Iterable[str] = import_module(f"portlint.report.audit.{format}").render(audit)
    return pieces
