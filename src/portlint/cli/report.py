"""`portlint report`: the audit of a repository."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from portlint.cli import output, scope
from portlint.cli.arguments import Parser, one_of
from portlint.cli.findings import report_of

if TYPE_CHECKING:
    from argparse import Namespace

    from portlint.pipeline.request import Outcome
    from portlint.report.audit import Audit

_SUFFIXES = {".html": "html", ".htm": "html", ".md": "markdown", ".json": "json", ".csv": "csv"}
_EPILOG = """\
The audit of a repository that may be strange to you: every port in it, whose it is, what contradicts what. No registry
is needed. Findings never make it fail: the exit code is 0 when the report is complete.

examples:
  portlint report -o ports.html
  portlint report ../shop --format markdown
"""


def run(arguments: list[str]) -> int:
    from portlint.report.audit import AUDIT_FORMATS

    parser = Parser(
        "report",
        description="Write the audit of a repository's ports: one page for people, or its facts for programs.",
        epilog=_EPILOG,
        usage="[PATH...] [OPTION...]",
    )
    scope.add_scope(parser)
    scope.add_output(parser)
    parser.add_argument(
        "--format",
        type=one_of(AUDIT_FORMATS),
        metavar="FMT",
        help=f"one of {', '.join(AUDIT_FORMATS)}; default: what the file's name tells, else html",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file; default: stdout")
    return _report(parser.read(arguments))


def _report(given: Namespace) -> int:
    from portlint.report.audit import render_audit
    from portlint.report.style import severities, style

    flags = scope.flags_of(given, "registry", "exclude", "force-exclude", "jobs")
    where = scope.load(given.paths, flags, given.cache)
    outcome = scope.run(where, quiet=given.quiet, registry_is_needed=False)
    audit = _audit(where, outcome)
    told = _SUFFIXES.get(PurePath(given.output or "").suffix.lower(), "html")
    output.write(render_audit(audit, given.format or told), None if given.output == "-" else given.output)
    if not given.quiet:
        output.close(where, outcome, severities(audit.report.summary.severities, style(False)), given.verbose)
    return scope.code_after(outcome, 0)


def _audit(where: scope.Scope, outcome: Outcome) -> Audit:
    from portlint.report.audit import Audit, Unchecked

    reported = {facts.path for facts in outcome.reported}
    matches = (match for match in outcome.resolution.matches if match.literal.path in reported)
    found = (match for match in matches if not match.literal.prose)
    return Audit(
        name=where.root.name or str(where.root),
        report=report_of(where, outcome),
        matches=tuple(sorted(found, key=lambda match: (match.literal.path, match.literal.span))),
        registry=outcome.registry,
        unchecked=tuple(
            Unchecked(facts.path, problem.reason, problem.partly)
            for facts in outcome.reported
            for problem in facts.problems
        ),
    )
