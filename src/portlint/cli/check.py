"""`portlint check`: lint."""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import TYPE_CHECKING

from portlint.cli import changes, fixing, output, scope
from portlint.cli.arguments import Parser, Words
from portlint.cli.arguments import output as output_format
from portlint.cli.arguments import rules as rule_words
from portlint.cli.errors import say
from portlint.cli.findings import report_of
from portlint.errors import UserError

if TYPE_CHECKING:
    from argparse import Namespace

    from portlint.pipeline.request import Outcome
    from portlint.report import Report

_EPILOG = """\
A list of paths narrows what is reported, not what is known: a rule that compares files sees the whole repository.
Findings go to stdout, everything else to stderr. Exit code 1 tells that there are findings at or above the fail
level. A finding is silenced with a comment on its line: # portlint: ignore[PORT101] -- reason

examples:
  portlint check
  portlint check src/ docker-compose.yml --select PORT1,PORT2
  portlint check --fix --diff
  portlint check --output-format full --output-format sarif:ports.sarif
  portlint check --since origin/main...HEAD --policy-from origin/main...HEAD
  portlint check --add-ignore="until the new gateway is there"
"""


def run(arguments: list[str]) -> int:
    return _check(_parser().read(_with_a_reason(arguments)))


def _parser() -> Parser:
    from portlint.report import FINDING_FORMATS

    parser = Parser(
        "check",
        description="Lint the repository: hold every port that it writes against the registry.",
        epilog=_EPILOG,
        usage="[PATH...] [OPTION...]",
    )
    rules = parser.add_argument_group("rules")
    codes = Words(rule_words, is_list=True)
    rules.add_argument(
        "--select", action="append", type=codes, metavar="CODES", help="run these only: PORT101, PORT2, hardcoded-port"
    )
    rules.add_argument("--ignore", action="append", type=codes, metavar="CODES", help="do not run these")
    rules.add_argument(
        "--fail-level",
        type=Words(lambda: ("error", "warning", "info")),
        metavar="LEVEL",
        help="error, warning or info; default: warning",
    )
    rules.add_argument("--baseline", metavar="FILE", help="accept the findings that this file lists")
    rules.add_argument("--exit-zero", action="store_true", help="exit code 0 whatever is found")
    changes.add_flags(parser)
    fixing.add_flags(parser)
    printed = scope.add_output(parser)
    printed.add_argument(
        "--output-format",
        action="append",
        type=output_format(FINDING_FORMATS),
        metavar="FMT[:FILE]",
        help=f"one of {', '.join(FINDING_FORMATS)}; default: full; repeatable, each to stdout or to its file",
    )
    printed.add_argument(
        "--include-suppressed",
        action="store_true",
        help="sarif also lists what comments silence and the baseline accepts, marked as suppressed",
    )
    printed.add_argument("--statistics", action="store_true", help="how often each rule found something, on stderr")
    printed.add_argument("--timing", action="store_true", help="how long each stage took, on stderr")
    printed.add_argument(
        "--step-summary",
        action="store_true",
        help="also append the findings, in Markdown, to the file that $GITHUB_STEP_SUMMARY names, where it is set",
    )
    printed.add_argument("--show-files", action="store_true", help="print the files that would be checked, and stop")
    printed.add_argument("--show-settings", action="store_true", help="print the settings that hold here, and stop")
    scope.add_scope(parser)
    return parser


def _with_a_reason(arguments: list[str]) -> list[str]:
    """`--add-ignore` takes its reason behind a `=` alone: the word that follows it is a path."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    head = ("--add-ignore=" if word == "--add-ignore" else word for word in arguments[:end])
    return [*head, *arguments[end:]]


def _check(given: Namespace) -> int:
    names = ("registry", "baseline", "exclude", "force-exclude", "jobs", "fail-level")
    flags = scope.flags_of(given, *names) | {name: _codes(getattr(given, name)) for name in ("select", "ignore")}
    wants_fixes = fixing.is_asked(given)
    view_of = (lambda root: changes.view_of(given, root)) if changes.is_asked(given) else None
    where = scope.load(given.paths, flags, given.cache, view_of)
    if given.show_settings:
        from portlint.cli.config import shown_settings

        output.write(shown_settings(where.loaded), None)
        return 0
    if given.show_files:
        return _show_files(where)
    from portlint.report.style import counted, severities, style

    formats = given.output_format or [("full", None)]
    output.check_apart(file for _, file in formats)
    if given.include_suppressed and "sarif" not in dict(formats):
        raise UserError("--include-suppressed says what sarif lists: it needs --output-format sarif")
    outcome = scope.run(where, quiet=given.quiet)
    if wants_fixes:
        silences = given.add_ignore is not None
        plans = (fixing.silenced if silences else fixing.planned)(where, outcome, given)
        if given.diff:
            return scope.code_after(outcome, fixing.show(where, plans, given))
        code = fixing.apply(where, plans, given)
        if given.fix_only or silences:
            return scope.code_after(outcome, code)
        if plans.changes:
            outcome = scope.run(where, quiet=given.quiet)
    report = report_of(where, outcome, silenced=given.include_suppressed)
    for format, file in formats:
        _write(report, format, file, given.color)
    if given.step_summary:
        _append_step_summary(report)
    numbers = report.summary.severities
    if not given.quiet:
        if given.statistics:
            _statistics(report)
        if given.timing:
            output.tell_stages(outcome)
        _hint(outcome)
        if known := len(outcome.result.known):
            say(f"portlint: {counted(known, 'finding')} accepted by the baseline")
        if where.view is not None:
            changes.tell(where.view, outcome)
        painted = style(output.wants_color(given.color, sys.stderr))
        output.close(where, outcome, severities(numbers, painted), given.verbose)
    level = where.loaded.settings.fail_level.rank
    failed = any(severity.rank <= level for severity in numbers)
    return scope.code_after(outcome, 1 if failed and not given.exit_zero else 0)


def _codes(given: list[str] | None) -> list[str] | None:
    return None if given is None else [code for each in given for code in each.replace(",", " ").split()]


def _write(report: Report, format: str, file: str | None, when: str) -> None:
    from msgspec.structs import replace

    from portlint.report import render

    colored = file is None and output.wants_color(when, sys.stdout)
    output.write(render(replace(report, color=colored), format), file)


def _append_step_summary(report: Report) -> None:
    from portlint.report import render

    if file := os.environ.get("GITHUB_STEP_SUMMARY"):
        output.write(render(report, "markdown"), file, append=True)


def _statistics(report: Report) -> None:
    found = Counter(finding.rule for finding in report.findings)
    for code, number in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        say(f"{number:>6}  {code}  {report.card(code).name}")


def _hint(outcome: Outcome) -> None:
    if outcome.registry is None and outcome.checked:
        say(
            "portlint: note: there is no registry (ports.yaml), so no port was compared with one; "
            "`portlint ports` lists the ports that it found"
        )


def _show_files(where: scope.Scope) -> int:
    from portlint.pipeline.selection import selected
    from portlint.report.escape import shown

    place = where.place()
    output.write((f"{shown(place(path))}\n" for path in selected(scope.request(where))), None)
    return 0
