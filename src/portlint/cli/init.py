"""`portlint init`: makes a registry from the repository, or from what a team has today."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from portlint.cli import output, scope
from portlint.cli.arguments import Parser
from portlint.cli.errors import say
from portlint.errors import UserError

if TYPE_CHECKING:
    from argparse import Namespace

    from portlint.cli.scope import Scope
    from portlint.registry.draft import Imported
    from portlint.registry.merge import Plan

_EPILOG = """\
Without --from the repository itself is read: its env files, compose files and code. --from reads a page with a table
of ports (.md, .txt), a module of Python constants (read, never run), env files and compose files; of several, the
first one is kept where they disagree, and each disagreement is told.

An existing registry stays as it is: --merge adds what it lacks, --force replaces it, --dry-run prints.

examples:
  portlint init
  portlint init --from docs/ports.md --dry-run
  portlint init --from docs/ports.md .env.example docker-compose.yml
"""


def run(arguments: list[str]) -> int:
    parser = Parser(
        "init",
        description="Make a registry of ports.",
        epilog=_EPILOG,
        usage="[--from FILE...] [OPTION...]",
    )
    parser.add_argument(
        "--from",
        dest="sources",
        nargs="+",
        action="extend",
        metavar="FILE",
        help="a page, a module, env or compose files",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write it; default: ports.yaml")
    parser.add_argument("--dry-run", action="store_true", help="print it, write nothing")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--merge", action="store_true", help="add to an existing registry what it lacks")
    way.add_argument("--force", action="store_true", help="replace an existing registry")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but mistakes")
    return _init(parser.read(arguments))


def _init(given: Namespace) -> int:
    from portlint.registry.merge import merge
    from portlint.registry.writing import written

    where = scope.load([], {})
    target = _target(given, where)
    exists = os.path.lexists(target)
    if exists and not (given.merge or given.force or given.dry_run):
        raise UserError(f"{_shown(target, where)}: is there already; --merge adds to it, --force replaces it")
    sources = _named(given.sources, where) if given.sources else [_repository(where)]
    if given.merge and exists:
        plan, data = _merged(target, where, sources)
    else:
        plan = merge(sources)
        data = written(plan).encode()
    if not given.quiet:
        for note in plan.notes:
            say(f"portlint: note: {note}")
        for disagreement in plan.disagreements:
            say(f"portlint: note: {disagreement}")
    if not plan.drafts and not plan.blocks and not (given.merge and exists):
        raise UserError("no port was found" + ("" if given.sources else "; name a source with --from"))
    if given.dry_run:
        output.write([data.decode()], None)
        return 0
    from portlint.cli.files import replace_file

    replace_file(target, data)
    if not given.quiet:
        _tell(plan, _shown(target, where))
    return 0


def _target(given: Namespace, where: Scope) -> Path:
    from portlint.model import REGISTRY_PLACES

    if given.output is not None:
        return where.here / str(given.output)
    named = where.loaded.settings.registry
    places = REGISTRY_PLACES if named is None else (named,)
    found = next((place for place in places if os.path.lexists(where.root / place)), places[0])
    return where.root / found


def _named(names: list[str], where: Scope) -> list[Imported]:
    from portlint.actions.bootstrap_registry import draft_files
    from portlint.files.reader import Unread, read_named

    settings = where.loaded.settings
    files: dict[str, bytes] = {}
    for name in names:
        data = read_named(where.here / name, settings.max_file_size)
        if isinstance(data, Unread):
            raise UserError(f"{name}: {data.reason}")
        files[Path(name).as_posix()] = data
    return draft_files(files, settings)


def _repository(where: Scope) -> Imported:
    from msgspec.structs import replace

    from portlint.actions.bootstrap_registry import draft_repository

    whole = scope.Scope(where.root, where.root, (".",), where.loaded)
    outcome = scope.run(whole, rules=False, registry_is_needed=False)
    scope.code_after(outcome, 0)
    own = outcome.registry.path if outcome.registry else None
    facts = tuple(each for each in outcome.facts if each.path != own)
    return draft_repository(replace(outcome, facts=facts), where.root, where.loaded.settings)


def _merged(target: Path, where: Scope, sources: list[Imported]) -> tuple[Plan, bytes]:
    """The plan of the registry and the sources, and the text of the registry with the entries that it lacks."""
    from msgspec.structs import replace

    from portlint.actions.bootstrap_registry import known
    from portlint.files.reader import Unread, read_named
    from portlint.registry import load_registry
    from portlint.registry.edit import EditError, with_entries
    from portlint.registry.merge import merge

    name = _shown(target, where)
    data = read_named(target, where.loaded.settings.max_file_size)
    if isinstance(data, Unread):
        raise UserError(f"{name}: {data.reason}")
    registry, errors = load_registry(name, data)
    if registry is None:
        raise UserError(*map(str, errors))
    plan = merge([known(registry), *sources])
    new = tuple(draft for draft in plan.drafts if draft.place.path != registry.path)
    if new:
        try:
            data = with_entries(name, data, new)
        except EditError as error:
            raise UserError(str(error)) from None
    return replace(plan, drafts=new, blocks=()), data


def _shown(path: Path, where: Scope) -> str:
    return os.path.relpath(path, where.here)


def _tell(plan: Plan, name: str) -> None:
    entries = "1 entry" if len(plan.drafts) == 1 else f"{len(plan.drafts)} entries"
    doubtful = sum(bool(draft.doubts) for draft in plan.drafts)
    doubts = f", {doubtful} with a doubt in a comment" if doubtful else ""
    say(f"portlint: {name}: {entries} written{doubts}; next: portlint check")
