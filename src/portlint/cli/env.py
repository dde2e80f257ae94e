"""`portlint env`: runs a command with every registered variable set."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from portlint.cli.arguments import Parser
from portlint.cli.errors import say
from portlint.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portlint.ports.assignment import Assignment

_EPILOG = """\
Each service gets its own port; where that is taken, a free one of its range, and never one of another service. What
is chosen is said on stderr. The command takes the place of portlint: its signals and its exit code are its own.
Where a service cannot get a port, nothing is run, and the exit code is 2. Between the choice and the moment when the
command binds a port, somebody else can take it; the command then fails as it would by itself.

examples:
  portlint env -- docker compose up
  portlint env --environment testing -- pytest
"""


def run(arguments: list[str]) -> int:
    parser = Parser(
        "env",
        description="Run a command with every registered variable set to a port that is free.",
        epilog=_EPILOG,
        usage="[OPTION...] -- COMMAND [ARGUMENT...]",
    )
    parser.add_argument("--environment", metavar="E", help="take the values of this environment")
    parser.add_argument(
        "--keep", action="append", default=[], metavar="NAME", help="this service runs already: its port stays"
    )
    parser.add_argument("--registry", metavar="FILE", help="the registry; default: ports.yaml or config/ports.yaml")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not say what is chosen")
    mark = arguments.index("--") if "--" in arguments else len(arguments)
    command = arguments[mark + 1 :]
    given = parser.read(arguments[:mark])
    if not command:
        parser.error("no command is given; write it behind --")
    from portlint.ports import PortRegistry
    from portlint.ports.assignment import assign

    assignments = assign(PortRegistry.load(given.registry), given.environment, given.keep, os.environ)
    _tell(assignments, given.quiet)
    variables = {each.variable: str(each.port) for each in assignments}
    _replace(command, {**os.environ, **variables})


def _tell(assignments: Sequence[Assignment], quiet: bool) -> None:
    from portlint.report.escape import shown

    for each in assignments:
        note = f"; {each.note}" if each.note else ""
        text = shown(f"{each.variable}={each.port} ({each.service}{note})")
        if each.is_doubtful:
            say(f"portlint: warning: {text}")
        elif not quiet:
            say(f"portlint: {text}")


def _replace(command: list[str], environ: Mapping[str, str]) -> NoReturn:
    """Becomes the command. Windows cannot, and waits for it."""
    sys.stdout.flush()
    try:
        if sys.platform == "win32":
            import subprocess

            raise SystemExit(subprocess.call(command, env=environ))
        import signal

        # Python ignores these, and a command would inherit that.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execvpe(command[0], command, environ)
    except OSError as error:
        raise UserError(f"{command[0]}: cannot be run: {error.strerror}") from None
