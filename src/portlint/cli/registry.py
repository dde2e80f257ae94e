"""`portlint registry`: validate, list, show, next, add, move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portlint.cli import allocation, output, scope
from portlint.cli.arguments import Parser, one_of
from portlint.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portlint.model import Registry
    from portlint.registry import Answer

_ACTIONS = ("validate", "list", "show", "next", "add", "move")
_EPILOG = """\
actions:
  validate            is the registry readable, is every key and value right? exit code 2 if not
  list                all entries, by port
  show PORT-OR-NAME   what the registry knows about a port, a service or a variable
  next                the next free port: not used, reserved, ephemeral or blocked by browsers
  add NAME            a new entry, with the next free port unless --port gives one
  move NAME PORT      another port for a service, in the registry and at every place of the repository that means it

The rules PORT501 to PORT513 of `portlint check` judge what it says: clashes, ranges, reserved ports.

examples:
  portlint registry list
  portlint registry show 8000
  portlint registry add crane --env-var CRANE_PORT --block core
  portlint registry move till 7101 --dry-run
"""


def run(arguments: list[str]) -> int:
    parser = Parser(
        "registry",
        description="Validate, list, show or extend the registry of ports.",
        epilog=_EPILOG,
        usage="ACTION [WORD...] [OPTION...]",
    )
    parser.add_argument("action", type=one_of(_ACTIONS), metavar="ACTION", help=", ".join(_ACTIONS))
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="show: a port, a service or a variable; add, move: the name of the service",
    )
    parser.add_argument("--registry", metavar="FILE", help="the registry; default: ports.yaml or config/ports.yaml")
    allocation.add_options(parser)
    given = parser.read(arguments)
    allocation.validate(parser, given)
    if given.action in ("validate", "list", "next") and given.words:
        parser.error(f"{given.action} takes no argument")
    if given.action == "show" and not given.words:
        parser.error("show takes a port or a name")
    registry = load(given.registry)
    if given.action in allocation.ACTIONS:
        return allocation.run(given, registry)
    if given.action == "validate":
        output.write([f"{_path(registry)}: {len(registry.entries)} entries, no mistakes\n"], None)
        return 0
    if given.action == "list":
        output.write(_listed(registry), None)
        return 0
    return _show(registry, given.words)


def load(file: str | None) -> Registry:
    """The registry that is named, or that lies at its usual place. Raises UserError."""
    from portlint.model import REGISTRY_PLACES
    from portlint.pipeline.registry_file import find_registry

    where = scope.load([], {"registry": file})
    registry = find_registry(scope.request(where))
    if registry is None:
        raise UserError(f"there is no registry in {where.root} (looked for {', '.join(REGISTRY_PLACES)})")
    return registry


def _path(registry: Registry) -> str:
    from portlint.report.escape import shown

    return shown(registry.path)


def _listed(registry: Registry) -> Iterator[str]:
    from portlint.registry import rows
    from portlint.report.escape import shown

    table = [("NAME", "PORT", "VARIABLE", "RANGE", "ENVIRONMENTS", "NOTES", "DESCRIPTION")]
    for row in rows(registry):
        cells = (row.name, row.port, row.variable, row.range, row.environments, row.notes, row.description)
        table.append(tuple(map(shown, cells)))  # type: ignore[arg-type]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        shown_cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True) if width)
        yield "  ".join(shown_cells).rstrip() + "\n"


def _show(registry: Registry, words: list[str]) -> int:
    from portlint.registry import look_up
    from portlint.report.escape import shown

    for word in words:
        answer = look_up(registry, word)
        if not answer:
            hint = f'; did you mean "{answer.nearest}"?' if answer.nearest else ""
            raise UserError(f'{registry.path}: knows nothing about "{word}"{hint}')
        output.write((f"{shown(line)}\n" for line in _told(registry, answer)), None)
    return 0


def _told(registry: Registry, answer: Answer) -> Iterator[str]:
    for entry, relation in answer.entries:
        yield f"{entry.name} ({relation}), {registry.path}:{entry.span.line}"
        facts = {
            "description": entry.description,
            "default": entry.default,
            "env_var": entry.env_var,
            "range": entry.range,
            "container_port": entry.container_port,
            "environments": ", ".join(f"{name} {ports}" for name, ports in entry.environments.items()),
            "aliases": ", ".join(entry.aliases),
            "exposure": entry.exposure,
            "protocol": entry.protocol,
            "url_prefix": entry.url_prefix,
            "repository": entry.repository,
        }
        yield from (f"  {name}: {value}" for name, value in facts.items() if value)
    for reservation in answer.reserved:
        note = f": {reservation.note}" if reservation.note else ""
        yield f"{reservation.ports} is reserved for {reservation.service}{note}"
    for block in answer.blocks:
        description = f": {block.description}" if block.description else ""
        yield f"block {block.name}, {block.ports}{description}"
