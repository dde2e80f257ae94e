"""What `check` looks at of a change: `--since`, `--staged` and `--policy-from`; and what it tells of the change."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from portlint.cli.arguments import Parser
from portlint.cli.errors import say
from portlint.errors import UserError

if TYPE_CHECKING:
    from portlint.files.reader import Contents
    from portlint.pipeline.comparison import View
    from portlint.pipeline.request import Outcome

_MOST_TOLD = 100
"""changes of the policy that stderr tells; the others are in the JSON"""
_LARGEST_SETTINGS = 8_000_000
"""bytes"""


def add_flags(parser: Parser) -> None:
    changes = parser.add_argument_group("changes")
    changes.add_argument(
        "--since", metavar="REF", help="report only what changed since a commit; A...HEAD: since the branch point"
    )
    changes.add_argument(
        "--staged", action="store_true", help="report only what is staged, and look at it as it is staged"
    )
    changes.add_argument(
        "--policy-from", metavar="REF", help="take registry, settings, baseline and suppressions from a commit"
    )


def is_asked(given: Namespace) -> bool:
    """Whether a flag asks git. Raises UserError where two of them do not go together."""
    if given.staged and given.since is not None:
        raise UserError("--staged compares with HEAD, and --since with another commit: give one of them")
    return given.staged or given.since is not None or given.policy_from is not None


def view_of(given: Namespace, root: Path) -> View:
    """What is looked at. Raises UserError where git does not know what is meant."""
    from portlint.git.repository import Repository
    from portlint.pipeline.comparison import Base, View, index_of

    repository = Repository(root)
    index = index_of(repository, _LARGEST_SETTINGS) if given.staged else None
    since = policy = None
    if index is not None:
        commit = repository.commit("HEAD") if repository.has_commits() else repository.empty()
        since = Base(repository=repository, commit=commit, name="HEAD", staged=True)
    elif given.since is not None:
        since = Base(repository=repository, commit=repository.commit(given.since), name=given.since)
    if given.policy_from is not None:
        name = given.policy_from
        policy = Base(repository=repository, commit=repository.commit(name), name=name, staged=given.staged)
    if index is None:
        return View(since=since, policy=policy)
    return View(contents=index.contents, only=index.files, since=since, policy=policy)


def settings_contents(view: View, paths: tuple[str, ...]) -> Contents:
    """The settings files as they are to be read. paths: where they may lie."""
    held = {path: view.contents[path] for path in paths if path in view.contents}
    if view.only is not None:
        from portlint.files.reader import NOT_STAGED

        held |= {path: NOT_STAGED for path in paths if path not in view.only}
    if view.policy is not None:
        held |= view.policy.repository.at(view.policy.commit, paths, _LARGEST_SETTINGS)
    return held


def tell(view: View, outcome: Outcome) -> None:
    """Says on stderr what was compared, and what the change does to the rules that it is judged by."""
    from portlint.report.escape import shown
    from portlint.report.style import counted

    for each in outcome.policy[:_MOST_TOLD]:
        place = each.path if each.line is None else f"{each.path}:{each.line}"
        ignored = "" if each.counts else " (does not count)"
        say(f"portlint: policy: {each.kind}: {shown(place)}: {shown(each.message)}{ignored}")
    if len(outcome.policy) > _MOST_TOLD:
        say(f"portlint: policy: {len(outcome.policy) - _MOST_TOLD} more, see --output-format json")
    if view.policy is not None:
        commit = view.policy.commit[:12]
        say(
            f"portlint: registry, settings, baseline and suppressions are those of {shown(view.policy.name)} ({commit})"
        )
    if outcome.change is not None:
        what = "staged" if view.only is not None else f"since {shown(outcome.change.name)} ({outcome.change.base[:12]})"
        number = len(outcome.change.files) + len(outcome.change.gone)
        hidden = counted(outcome.hidden, "finding")
        say(f"portlint: {what}: {counted(number, 'changed file')}; {hidden} elsewhere not shown")
