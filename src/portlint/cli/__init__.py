"""The command line. `main` finds the command; each command is a module of this folder, imported on use."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence

COMMANDS = {
    "check": "lint the repository: hold every port against the registry",
    "ports": "list every port literal; no registry needed",
    "report": "write the audit: one page about every port of the repository",
    "init": "make a registry from the repository, or from what a team has today",
    "baseline": "accept today's findings, so that only new ones count",
    "registry": "validate, list, show or extend the registry; move a service to another port",
    "resolve": "print the port of a service, for shell scripts",
    "status": "show which registered ports are held, and by whom",
    "env": "run a command with every registered variable set",
    "generate": "make an env file, a script, a module or a table from the registry",
    "explain": "explain a rule, offline",
    "completion": "print the completion script of a shell",
    "config": "show or validate the settings, or print their JSON Schema",
}
"""command, which is also its module's name, to what it does"""

_LISTING = frozenset({"check", "ports"})
"""commands that look at all files: git begins to list them before what the command needs is imported"""
_USAGE = "usage: portlint COMMAND [OPTION...] [ARGUMENT...]"


def entry() -> None:
    """The program: `main` in a process of its own, which ends at once with its exit code.

    A run of a fifth of a second would otherwise spend a tenth of its time on the cyclic garbage of what is imported,
    and on freeing what the system frees anyway. `main` has flushed what was printed.
    """
    gc.set_threshold(100_000)
    # Where one of the three standard descriptors is closed, a pipe to a worker would get its number.
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    os._exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit code: 0, 1 findings, 2 the user's mistake, 3 a bug, 130 interrupted."""
    from portlint.cli.errors import guarded

    arguments = list(sys.argv[1:] if argv is None else argv)
    return guarded(lambda: _dispatch(arguments))


def _dispatch(arguments: list[str]) -> int:
    if not arguments:
        sys.stderr.write(_help())
        return 2
    first, rest = arguments[0], arguments[1:]
    if first in ("-h", "--help", "help"):
        if rest and rest[0] in COMMANDS:
            return _dispatch([rest[0], "--help"])
        sys.stdout.write(_help())
        return 0
    if first in ("-V", "--version", "version"):
        from portlint import __version__

        sys.stdout.write(f"portlint {__version__}\n")
        return 0
    if first not in COMMANDS:
        from portlint.errors import UserError, nearest

        kind = "option" if first.startswith("-") else "command"
        known = ("--help", "--version") if kind == "option" else COMMANDS
        raise UserError(f'there is no {kind} "{first}"{nearest(first, known)} (see portlint --help)')
    if first not in _LISTING or not {"-h", "--help"}.isdisjoint(rest):
        return _command(first)(rest)
    from portlint.git.ls_files import begun_here

    with begun_here():
        return _command(first)(rest)


def _command(name: str) -> Callable[..., int]:
    """The function of a command. Ctrl-C waits for its imports: msgspec 0.22 passes over one that comes during its own,
    and crashes afterwards."""
    import signal
    from importlib import import_module

    mask = getattr(signal, "pthread_sigmask", lambda how, signals: signals)
    before = mask(getattr(signal, "SIG_BLOCK", None), {signal.SIGINT})
    try:
        run: Callable[..., int] = import_module(f"portlint.cli.{name}").run
        return run
    finally:
        mask(getattr(signal, "SIG_SETMASK", None), before)


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = (f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items())
    return f"""{_USAGE}

The linter for hardcoded ports: every port of a repository, compared with one registry (ports.yaml).

commands:
{chr(10).join(lines)}

  portlint COMMAND --help tells all about a command, portlint --version the version.

exit codes:
  0  nothing found at or above the fail level       2  the job could not be done: a wrong flag,
  1  findings                                          a missing path, an unusable registry
  3  a bug in portlint                            130  interrupted

start with:
  portlint ports            every port in this repository
  portlint check            what is wrong with them
"""
