"""`portlint resolve`: the port of a service, for shell scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portlint.cli import output
from portlint.cli.arguments import Parser, one_of
from portlint.errors import UserError

if TYPE_CHECKING:
    from argparse import Namespace

    from portlint.ports import PortRegistry

_FORMATS = ("value", "env", "json")
_EPILOG = """\
The port is the service's variable, else the value for the environment, else the default. With --free it can be
bound now: where somebody holds it, the next free port of the service's range is taken.
Where there is no answer, nothing is printed on stdout, one line on stderr says why, and the exit code is 2.

examples:
  portlint resolve api
  PORT=$(portlint resolve api --free)
"""


def run(arguments: list[str]) -> int:
    parser = Parser(
        "resolve", description="Print the port of a service, for scripts.", epilog=_EPILOG, usage="NAME [OPTION...]"
    )
    parser.add_argument("name", metavar="NAME", help="the service, or an alias of it")
    parser.add_argument("--environment", metavar="E", help="take the values of this environment")
    parser.add_argument("--free", action="store_true", help="a port that can be bound now")
    parser.add_argument(
        "--format",
        type=one_of(_FORMATS),
        default="value",
        metavar="FMT",
        help="value (8000), env (API_PORT=8000), json",
    )
    parser.add_argument("--registry", metavar="FILE", help="the registry; default: ports.yaml or config/ports.yaml")
    given = parser.read(arguments)
    from portlint.ports import PortRegistry

    output.write([_answer(PortRegistry.load(given.registry), given), "\n"], None)
    return 0


def _answer(ports: PortRegistry, given: Namespace) -> str:
    entry = ports.entry(given.name)
    choice = ports.choice(entry, given.environment)
    port = ports.first_free(entry, given.environment) if given.free else choice.port
    if given.format == "value":
        return str(port)
    if given.format == "env":
        if entry.env_var is None:
            raise UserError(f"{ports.registry.path}: {entry.name} has no variable (env_var) that could be set")
        return f"{entry.env_var}={port}"
    import json

    found = {
        "service": entry.name,
        "port": port,
        "source": choice.source if port == choice.port else "range",
        "variable": entry.env_var,
        "environment": given.environment,
    }
    return json.dumps(found)
