"""`portlint ports`: the inventory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portlint.cli import output, scope
from portlint.cli.arguments import Parser
from portlint.cli.arguments import output as output_format

if TYPE_CHECKING:
    from argparse import Namespace

_EPILOG = """\
Findings of `check` never matter here: the exit code is 0 when the list is complete.

examples:
  portlint ports
  portlint ports --format csv > ports.csv
  portlint ports docker-compose.yml --format jsonl
"""


def run(arguments: list[str]) -> int:
    return _ports(_parser().read(arguments))


def _parser() -> Parser:
    from portlint.report import INVENTORY_FORMATS

    parser = Parser(
        "ports",
        description="List every port literal of the repository: where it is, what it does, and for whom.",
        epilog=_EPILOG,
        usage="[PATH...] [OPTION...]",
    )
    scope.add_scope(parser)
    parser.add_argument("--prose", action="store_true", help="also ports in comments, docstrings and free text")
    scope.add_output(parser)
    parser.add_argument(
        "--format",
        action="append",
        type=output_format(INVENTORY_FORMATS),
        metavar="FMT[:FILE]",
        help=f"one of {', '.join(INVENTORY_FORMATS)}; default: text; repeatable, each to stdout or to its file",
    )
    return parser


def _ports(given: Namespace) -> int:
    from portlint.report import Inventory, render_inventory
    from portlint.report.style import counted

    formats = given.format or [("text", None)]
    output.check_apart(file for _, file in formats)
    flags = scope.flags_of(given, "registry", "exclude", "force-exclude", "jobs")
    where = scope.load(given.paths, flags, given.cache)
    outcome = scope.run(where, quiet=given.quiet, rules=False, registry_is_needed=False)
    reported = {facts.path for facts in outcome.reported}
    found = (match.literal for match in outcome.resolution.matches if match.literal.path in reported)
    literals = tuple(sorted((each for each in found if given.prose or not each.prose), key=lambda e: (e.path, e.span)))
    for format, file in formats:
        colored = file is None and output.wants_color(given.color, sys.stdout)
        inventory = Inventory(literals=literals, place=where.place(), color=colored)
        output.write(render_inventory(inventory, format), file)
    if not given.quiet:
        output.close(where, outcome, counted(len(literals), "port literal"), given.verbose)
    return scope.code_after(outcome, 0)
