"""The report stage: findings, or the inventory of port literals, as text in a format.

Each output format is one module with a function `render` that takes a `Report` (or an `Inventory`) and gives the
pieces of the text; FINDING_FORMATS and INVENTORY_FORMATS list them. A reporter reads nothing from disk, prints
nothing and never decides the exit code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module

from msgspec import Struct, field

from portlint.model import Card, Finding, PolicyChange, PortLiteral, Severity, Suppressed

FINDING_FORMATS = (
    "full",
    "concise",
    "grouped",
    "json",
    "jsonl",
    "sarif",
    "github",
    "gitlab",
    "junit",
    "rdjson",
    "markdown",
    "html",
    "csv",
)
"""modules of this folder"""
INVENTORY_FORMATS = ("text", "json", "jsonl", "csv")
"""modules of the folder `inventory`"""
HOME = "https://github.com/portlint/portlint"
"""where other programs send a person who asks what portlint is"""


class Summary(Struct, frozen=True, kw_only=True):
    """What was done, in numbers."""

    checked: int = 0
    skipped: int = 0
    """files of no format that portlint reads"""
    not_checked: int = 0
    """files that could not be read or parsed"""
    suppressed: int = 0
    """findings that comments silence"""
    severities: Mapping[Severity, int] = field(default_factory=dict)


class Compared(Struct, frozen=True, kw_only=True):
    """What the findings were narrowed to, or judged by, where a commit was named."""

    since: str | None
    """the commit as the user called it; None: all findings are shown"""
    commit: str | None
    """its id"""
    files: tuple[str, ...]
    """the paths that changed since then, sorted"""
    hidden: int
    """findings that the change does not touch"""
    policy_from: str | None
    """the commit that registry, settings, baseline and suppressions were taken from"""
    policy: tuple[PolicyChange, ...]


class Report(Struct, frozen=True, kw_only=True):
    """What a format of `check` shows."""

    findings: tuple[Finding, ...]
    summary: Summary
    card: Callable[[str], Card]
    """the card of a rule, by its code"""
    source: Callable[[str], bytes | None] = lambda path: None
    """the text of a file as UTF-8, by its path; None where it cannot be read any more"""
    format_of: Callable[[str], str | None] = lambda path: None
    """the format of a file, by its path"""
    place: Callable[[str], str] = lambda path: path
    """how a path is shown to a person: relative to where they stand"""
    color: bool = False
    suppressed: tuple[Suppressed, ...] = ()
    """findings that comments silence, if they are asked for: a format that can tell them from the others shows them"""
    accepted: tuple[Finding, ...] = ()
    """the same of those that the baseline accepts"""
    compared: Compared | None = None


class Inventory(Struct, frozen=True, kw_only=True):
    """What a format of `ports` shows."""

    literals: tuple[PortLiteral, ...]
    place: Callable[[str], str] = lambda path: path
    color: bool = False


def render(report: Report, format: str) -> Iterable[str]:
    """The report in one of FINDING_FORMATS."""
    pieces: Iterable[str] = import_module(f"portlint.report.{format}").render(report)
    return pieces


def render_inventory(inventory: Inventory, format: str) -> Iterable[str]:
    """The inventory in one of INVENTORY_FORMATS."""
    pieces: Iterable[str] = import_module(f"portlint.report.inventory.{format}").render(inventory)
    return pieces
