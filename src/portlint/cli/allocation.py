"""`portlint registry next`, `add` and `move`: free ports, new entries, and a service at another port."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from portlint.algorithms.lazy_regex import regex
from portlint.cli import output, scope
from portlint.cli.arguments import Parser, number
from portlint.cli.errors import say
from portlint.errors import UserError, nearest

if TYPE_CHECKING:
    from argparse import Namespace

    from portlint.model import PortRange, Registry

ACTIONS = ("next", "add", "move")
_OF_BOTH = ("range", "block")
_OF_NEXT = ("count",)
_OF_ADD = ("port", "env_var", "description", "dry_run")
_OF_MOVE = ("dry_run",)
_RANGE = regex(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_VARIABLE = regex(r"[A-Za-z_][A-Za-z0-9_]*")


def add_options(parser: Parser) -> None:
    """The options of the actions."""
    more = parser.add_argument_group("next, add and move")
    more.add_argument("--range", metavar="A-B", help="look there; add: the range is the entry's, too")
    more.add_argument("--block", metavar="NAME", help="look in this block of the allocation plan")
    more.add_argument("--count", type=number, metavar="N", help="next: so many ports; default: 1")
    more.add_argument("--port", type=number, metavar="N", help="add: this port")
    more.add_argument("--env-var", metavar="VAR", help="add: the variable that sets the port")
    more.add_argument("--description", metavar="TEXT", help="add: what the service is")
    more.add_argument("--dry-run", action="store_true", default=None, help="add, move: print, write nothing")


def validate(parser: Parser, given: Namespace) -> None:
    """Raises UserError for options that the action does not have, and for a missing name."""
    own = {"next": _OF_BOTH + _OF_NEXT, "add": _OF_BOTH + _OF_ADD, "move": _OF_MOVE}.get(given.action, ())
    for option in _OF_BOTH + _OF_NEXT + _OF_ADD:
        if getattr(given, option) is not None and option not in own:
            parser.error(f"{given.action} has no option --{option.replace('_', '-')}")
    if given.action == "add" and len(given.words) != 1:
        parser.error("add takes the name of one service")
    if given.action == "move" and (
        len(given.words) != 2 or not _RANGE.fullmatch(given.words[1]) or "-" in given.words[1]
    ):
        parser.error("move takes the name of a service and its new port")
    if given.range is not None and given.block is not None:
        parser.error("--range and --block both say where to look: give one")


def run(given: Namespace, registry: Registry) -> int:
    if given.action == "move":
        return _move(given)
    ranges = _ranges(given, registry)
    if given.action == "next":
        output.write((f"{port}\n" for port in _free(registry, ranges, given.count or 1)), None)
        return 0
    return _add(given, registry, ranges)


def _ranges(given: Namespace, registry: Registry) -> tuple[PortRange, ...]:
    from portlint.registry.allocation import places

    if given.range is not None:
        return (_range(given.range),)
    if given.block is None:
        return places(registry)
    block = next((block for block in registry.blocks if block.name == given.block), None)
    if block is None:
        hint = nearest(given.block, [block.name for block in registry.blocks])
        raise UserError(f'{registry.path}: the allocation plan has no block "{given.block}"{hint}')
    return (block.ports,)


def _range(text: str) -> PortRange:
    from portlint.model import FIRST_PORT, LAST_PORT, PortRange

    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise UserError(f'--range: expected a range such as 8000-8099, not "{text}"')
    first, last = int(found[1]), int(found[2] or found[1])
    if not FIRST_PORT <= first <= LAST_PORT or not FIRST_PORT <= last <= LAST_PORT:
        raise UserError(f"--range: ports go from {FIRST_PORT} to {LAST_PORT}, not {text}")
    if first > last:
        raise UserError(f"--range: {text} is reversed; did you mean {last}-{first}?")
    return PortRange(first, last)


def _free(registry: Registry, ranges: tuple[PortRange, ...], count: int) -> tuple[int, ...]:
    from portlint.registry.allocation import NoFreePortError, next_free

    try:
        return next_free(registry, ranges, count)
    except NoFreePortError as error:
        raise UserError(f"{registry.path}: {error}") from None


def _add(given: Namespace, registry: Registry, ranges: tuple[PortRange, ...]) -> int:
    from portlint.cli.files import replace_file
    from portlint.files.reader import Unread, read_named
    from portlint.model import LAST_PORT
    from portlint.registry.draft import Draft, Place
    from portlint.registry.edit import EditError, with_entries

    name, variable = given.words[0], given.env_var
    known = registry.entry(name)
    if known is not None:
        raise UserError(f'{registry.path}:{known.span.line}: there is an entry "{name}" already')
    if not name.strip() or name.isdigit():
        raise UserError(f'an entry is named by a word, not by "{name}"')
    if variable is not None:
        if not _VARIABLE.fullmatch(variable):
            raise UserError(f'--env-var: "{variable}" is not the name of an environment variable')
        other = next((entry for entry in registry.entries if entry.env_var == variable), None)
        if other is not None:
            raise UserError(f"{registry.path}:{other.where('env_var').line}: {other.name} reads {variable} already")
    if given.port is not None and given.port > LAST_PORT:
        raise UserError(f"--port: ports go from 1 to {LAST_PORT}, not {given.port}")
    port = given.port if given.port is not None else _free(registry, ranges, 1)[0]
    own = _range(given.range) if given.range is not None else None
    if own is not None and port not in own:
        raise UserError(f"--port: {port} is not in {own}")
    draft = Draft(
        name=name,
        place=Place("", 1),
        default=port,
        env_var=variable,
        description=given.description or "",
        range=own,
    )
    place = scope.load([], {"registry": given.registry}).root / registry.path
    old = read_named(place, 1 << 24)
    if isinstance(old, Unread):
        raise UserError(f"{registry.path}: {old.reason}")
    try:
        new = with_entries(registry.path, old, [draft])
    except EditError as error:
        raise UserError(str(error)) from None
    if given.dry_run:
        output.write([new.decode("utf-8")], None)
        return 0
    replace_file(Path(place), new)
    say(f"portlint: {registry.path}: {name} has port {port}")
    return 0


def _move(given: Namespace) -> int:
    from portlint.actions.apply_fixes import Repair, write
    from portlint.actions.move_service import move
    from portlint.cli.fixing import unified
    from portlint.model import FIRST_PORT, LAST_PORT
    from portlint.ports.values import entry_of
    from portlint.report.style import counted

    where = scope.load([], {"registry": given.registry})
    whole = scope.Scope(where.root, where.root, (".",), where.loaded)
    outcome = scope.run(whole)
    if outcome.registry is None:
        raise UserError("there is no registry")
    entry, port = entry_of(outcome.registry, given.words[0]), int(given.words[1])
    if not FIRST_PORT <= port <= LAST_PORT:
        raise UserError(f"ports go from {FIRST_PORT} to {LAST_PORT}, not {port}")
    plans = move(where.root, outcome, entry, port, where.loaded.settings.max_file_size)
    output.write(output.without_commands(line for plan in plans for line in unified(plan)), None)
    if given.dry_run:
        return 0
    written, left = write(where.root, Repair(plans))
    for each in left:
        say(f"portlint: left alone: {each.path}: {each.reason}")
    say(f"portlint: {entry.name} is moved to {port} in {counted(len(written), 'file')}")
    return 2 if left else 0
