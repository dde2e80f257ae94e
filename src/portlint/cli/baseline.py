"""`portlint baseline`: the file with the findings that a team accepts for now."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from portlint.cli import scope
from portlint.cli.arguments import Parser, one_of
from portlint.cli.errors import say
from portlint.errors import UserError

if TYPE_CHECKING:
    from portlint.check.baseline import Key

_ACTIONS = ("create", "update", "prune")
_EPILOG = """\
create   write a file with all findings of today
update   write it anew: new findings are accepted as well, and what is gone is taken out
prune    only take out what is gone

An entry is about a path, a rule, a route to the literal in the file, and a port; it survives inserted lines, another
order, and a file that git sees moved. `portlint check` uses the file when it is named with --baseline, or as `baseline`
in the settings.

examples:
  portlint baseline create
  portlint check --baseline portlint-baseline.json
"""


def run(arguments: list[str]) -> int:
    parser = Parser(
        "baseline",
        description="Accept the findings of today, so that only new ones count.",
        epilog=_EPILOG,
        usage="create|update|prune [OPTION...]",
    )
    parser.add_argument("action", type=one_of(_ACTIONS), metavar="ACTION", help="create, update or prune")
    parser.add_argument("--baseline", metavar="FILE", help="default: that of the settings, or portlint-baseline.json")
    parser.add_argument("--registry", metavar="FILE", help="the registry; default: ports.yaml or config/ports.yaml")
    parser.add_argument("--force", action="store_true", help="create: replace a file that is there")
    parser.add_argument("-q", "--quiet", action="store_true", help="no summary")
    return _write(parser.read(arguments))


def _write(given: Namespace) -> int:
    from portlint.check.baseline import counted, pruned, written
    from portlint.model import BASELINE_FILE
    from portlint.report.escape import shown

    where = scope.load([], scope.flags_of(given, "registry", "baseline"))
    name = where.loaded.settings.baseline or BASELINE_FILE
    data = _read(where, name)
    if given.action == "create":
        if data is not None and not given.force:
            raise UserError(f"{name} is there: `portlint baseline update` writes it anew, and so does --force")
        before: Mapping[Key, int] = {}
    else:
        before = _known(where, name, data)
    settings = replace(where.loaded.settings, baseline=name)
    # All of the tree, wherever the user stands.
    whole = replace(where, named=(), loaded=replace(where.loaded, settings=settings))
    outcome = scope.run(whole, quiet=given.quiet, accepts=False)
    now = counted(outcome.result.findings)
    after = pruned(before, now) if given.action == "prune" else dict(now)
    _put(where, name, data, written(after).encode())
    if not given.quiet:
        added = sum(max(0, count - before.get(key, 0)) for key, count in after.items())
        gone = sum(max(0, count - after.get(key, 0)) for key, count in before.items())
        say(f"portlint: {shown(name)}: {sum(after.values())} findings accepted, {added} new, {gone} taken out")
    return scope.code_after(outcome, 0)


def _read(where: scope.Scope, name: str) -> bytes | None:
    """What stands in the file; None where there is none. Raises UserError where something else is of that name."""
    from portlint.files.reader import Tree, Unread, Why

    with Tree(where.root) as tree:
        data = tree.read(name, where.loaded.settings.max_file_size)
    if not isinstance(data, Unread):
        return data
    if data.why is Why.VANISHED:
        return None
    raise UserError(f"{name}: {data.reason}")


def _known(where: scope.Scope, name: str, data: bytes | None) -> Mapping[Key, int]:
    from portlint.check.baseline import moved, read
    from portlint.files.reader import Tree
    from portlint.pipeline.comparison import moved_files

    if data is None:
        raise UserError(f"{name} is not there; `portlint baseline create` makes one")
    known = read(name, data)
    with Tree(where.root) as tree:
        gone = {path for path in {key[0] for key in known.counts} if not tree.has(path)}
    return moved(known, moved_files(where.root, None, gone, name)).counts if gone else known.counts


def _put(where: scope.Scope, name: str, before: bytes | None, after: bytes) -> None:
    """Raises UserError where the file lies outside of the tree, behind a link, or has changed in between."""
    from portlint.files.replace import NotWritten, create
    from portlint.files.replace import replace as replace_content

    try:
        if before is None:
            create(where.root, name, after)
        elif before != after:
            replace_content(where.root, name, before, after)
    except NotWritten as reason:
        raise UserError(f"{name} is left alone: {reason}") from None
