"""What the rules say, and how it is mended: the result of the check stage."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from enum import StrEnum

from msgspec import Struct, field

from portlint.model.facts import Suppression
from portlint.model.places import Span


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst; sorts findings and compares with the fail level."""
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Edit(Struct, frozen=True):
    """Replace the bytes of `span` by `new`; applies only where they still equal `old`."""

    span: Span
    old: bytes
    new: bytes


class Fix(Struct, frozen=True):
    safety: str
    """safe: behaviour with unset variables is unchanged and nothing is ambiguous; else unsafe"""
    edits: tuple[Edit, ...]


class Reference(Struct, frozen=True):
    """The variable that could be referred to where a port literal stands, and its default."""

    variable: str
    default: int
    description: str = ""
    """of the service, for a place where the variable is made known"""


class Related(Struct, frozen=True):
    """The other side of a finding: `registry says 8000 here`."""

    path: str
    span: Span
    message: str


class Finding(Struct, frozen=True, kw_only=True):
    """What a rule says about a place."""

    rule: str
    """the code: PORT101"""
    path: str
    span: Span
    message: str
    help: str = ""
    """what to do"""
    port: int | None = None
    entry: str | None = None
    """the registry entry it is about"""
    subject: str = ""
    """of the literal: with path, rule and port the key that survives edits"""
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    """what mends it, where the literal alone tells"""
    reference: Reference | None = None
    """what could stand in place of the literal, or is missing; the fix stage writes it as the text around it asks"""


class Suppressed(Struct, frozen=True):
    """A finding that a comment silences."""

    finding: Finding
    suppression: Suppression


class CheckResult(Struct, frozen=True, kw_only=True):
    """What the check stage found, sorted by path, line, column and code, each once."""

    findings: tuple[Finding, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    known: tuple[Finding, ...] = ()
    """those that the baseline accepts"""


class Example(Struct, frozen=True, kw_only=True):
    """An example on a rule card, run as a test."""

    title: str
    files: MappingABC[str, str]
    """path to text; a `ports.yaml` among them is the registry"""
    expect: tuple[str, ...] = ()
    """the findings of the card's rule, `path:line:column CODE` each; none: the example passes"""
    after: MappingABC[str, str] = field(default_factory=dict)
    """path to the text after the fix, where there is one"""


class Card(Struct, frozen=True, kw_only=True):
    """A rule card of `rules/catalogue/`: the only source of `explain`, of rule metadata and of the docs page."""

    code: str
    name: str
    severity: Severity
    summary: str
    """one sentence"""
    why: str
    mend: str
    """how to mend it: the steps, and what is not reported (`rules/schemas/card.schema.json` describes each key)"""
    examples: tuple[Example, ...] = ()
    security_severity: str | None = None
    """of a rule about exposure: "0.1" to "10.0", as CVSS has it; GitHub shows its findings as security alerts"""
