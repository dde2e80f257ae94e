"""What `check` does about findings that can be fixed: `--fix`, `--unsafe-fixes`, `--diff`, `--fix-only`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from portlint.cli import output, scope
from portlint.cli.arguments import Parser
from portlint.cli.errors import say
from portlint.errors import UserError

if TYPE_CHECKING:
    from portlint.actions.apply_fixes import Left, Repair
    from portlint.fix import Plan
    from portlint.pipeline.request import Outcome


def add_flags(parser: Parser) -> None:
    fixes = parser.add_argument_group("fixes")
    fixes.add_argument("--fix", action="store_true", help="apply the safe fixes, then report what is left")
    fixes.add_argument("--fix-only", action="store_true", help="apply the fixes and report nothing")
    fixes.add_argument(
        "--unsafe-fixes", action="store_true", help="with those that change what happens where a variable is not set"
    )
    fixes.add_argument(
        "--add-ignore",
        metavar="[=REASON]",
        help="silence what makes the check fail: write a comment for each finding; the reason may be left out",
    )
    fixes.add_argument("--diff", action="store_true", help="write nothing: print what the fixes would change")


def is_asked(given: Namespace) -> bool:
    """Whether a flag asks for fixes. Raises UserError where one has nothing to add to."""
    asked: bool = given.fix or given.fix_only or given.diff or given.add_ignore is not None
    if asked and given.staged:
        raise UserError("files are written to, and --staged looks at what git has of them: give --since HEAD")
    if asked and given.policy_from is not None:
        raise UserError("files are written by the registry and the settings that lie here: leave --policy-from out")
    if given.add_ignore is not None:
        _validate_silencing(given)
    if given.unsafe_fixes and not (given.fix or given.fix_only or given.diff):
        raise UserError("--unsafe-fixes says which fixes are applied: it needs --fix, --fix-only or --diff")
    return asked


def _validate_silencing(given: Namespace) -> None:
    from portlint.fix.suppression_comments import LONGEST_REASON, is_reason

    if given.fix or given.fix_only or given.unsafe_fixes:
        raise UserError("--add-ignore silences findings, and the fixes remove them: give one of them")
    if not is_reason(given.add_ignore):
        raise UserError(
            f"--add-ignore: a reason is one line of at most {LONGEST_REASON} characters, and holds nothing that could "
            'end a comment: "--", "*/", "#}", "%}", "|"'
        )


def silenced(where: scope.Scope, outcome: Outcome, given: Namespace) -> Repair:
    """The comments that would silence what makes the check fail. Raises UserError."""
    from portlint.actions.add_suppressions import silence
    from portlint.knowledge.rule_metadata import card

    level = where.loaded.settings.fail_level.rank
    findings = [each for each in outcome.result.findings if card(each.rule).severity.rank <= level]
    return silence(scope.request(where), outcome, findings, given.add_ignore.strip(), _never(where))


def planned(where: scope.Scope, outcome: Outcome, given: Namespace) -> Repair:
    """What the fixes would make of the tree. Raises UserError."""
    from portlint.actions.apply_fixes import repair

    return repair(scope.request(where), outcome, unsafe=given.unsafe_fixes, untouchable=_never(where))


def show(where: scope.Scope, done: Repair, given: Namespace) -> int:
    """Prints the changes as a unified diff; 1 where there are any."""
    from portlint.report.escape import shown

    text = (line for each in done.changes for line in unified(each))
    if sys.stdout.isatty():
        text = (f"{shown(line.removesuffix(chr(10)))}\n" for line in text)
    output.write(output.without_commands(text), None)
    if not given.quiet:
        _tell(where, done, done.changes, done.left, f"would {'silence' if given.add_ignore is not None else 'fix'}")
    return 1 if done.changes else 0


def apply(where: scope.Scope, done: Repair, given: Namespace) -> int:
    """Writes the changes; 1 where a file had to be left alone, or a finding could not be silenced."""
    from portlint.actions.apply_fixes import write

    written, left = write(where.root, done)
    if not given.quiet:
        _tell(where, done, written, left, "silenced" if given.add_ignore is not None else "fixed")
    refused = given.add_ignore is not None and any(plan.refused for plan in done.plans)
    if given.add_ignore is not None and (left or refused) and not given.quiet:
        say("portlint: note: the baseline can hold what no comment silences: portlint baseline create")
    return 1 if left or refused else 0


def unified(plan: Plan) -> Iterator[str]:
    """A change as `git apply` takes it, but for lines that hold what may be a secret: those are masked, and said so."""
    from difflib import unified_diff

    from portlint.extract import by_name
    from portlint.knowledge.formats import ENV_FILES
    from portlint.report.masking import masked_whole

    format = next((name for name in ENV_FILES if by_name(name).named(plan.path)), None)
    before, after = (_lines(data.decode("utf-8")) for data in (plan.before, plan.after))
    hidden = 0
    for number, line in enumerate(unified_diff(before, after, f"a/{plan.path}", f"b/{plan.path}")):
        if number > 1 and not line.startswith("@@"):
            whole, line = line, line[0] + masked_whole(line[1:].removesuffix("\n"), format) + "\n" * line.endswith("\n")
            hidden += whole != line
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
    if hidden:
        from portlint.report.escape import shown

        say(f"portlint: note: {shown(plan.path)}: what may be a secret is masked in the diff, so no patch to apply")


def _lines(text: str) -> list[str]:
    """The lines as diff(1) has them, which end at a line feed and nothing else."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _never(where: scope.Scope) -> frozenset[str]:
    """The settings and the baseline, which are no places for a fix."""
    return frozenset(path for path in (where.loaded.file, where.loaded.settings.baseline) if path is not None)


def _tell(where: scope.Scope, done: Repair, changes: Iterable[Plan], left: Iterable[Left], did: str) -> None:
    from portlint.report.escape import shown
    from portlint.report.style import counted

    place = where.place()
    changed = tuple(changes)
    verb = "silenced" if did.endswith(("silence", "silenced")) else "fixed"
    for each in left:
        say(f"portlint: left alone: {shown(place(each.path))}: {shown(each.reason)}")
    for plan in done.plans:
        for refused in plan.refused:
            span = refused.finding.span
            at = f"{shown(place(plan.path))}:{span.line}:{span.column}"
            say(f"portlint: not {verb}: {at} {refused.finding.rule}: {refused.reason}")
    number = sum(len(plan.applied) for plan in changed)
    held_back = sum(len(plan.held_back) for plan in done.plans)
    more = f"; {held_back} more with --unsafe-fixes" if held_back else ""
    say(f"portlint: {did} {counted(number, 'finding')} in {counted(len(changed), 'file')}{more}")
