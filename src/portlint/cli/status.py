"""`portlint status`: which registered port is free, who holds the others, and whether that is the right one."""

from __future__ import annotations

import math
import os
import re
import sys
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

from portlint.algorithms.lazy_regex import regex
from portlint.cli.arguments import Parser, one_of
from portlint.cli.errors import say
from portlint.errors import UserError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from portlint.ports import PortRegistry
    from portlint.ports.status import Question, Row

_FORMATS = ("table", "json")
_LONGEST = 100
"""characters of a command line that the table shows"""
_SECRET = regex(r"-[\w-]{0,40}(?:pass|pwd|secret|token|credential|key)[\w-]{0,40}", re.IGNORECASE)
"""an option whose value, the next argument, is hidden"""
_EPILOG = """\
Exit code 1 where something else holds the port of a service that is not optional, or its variable is wrong; for an
optional service that is a warning. Nothing is killed: the command that would is printed.

Health is asked as the registry says (health: tcp, or health: {http: /health, expect: 200}), on this machine alone,
unless --remote names another one.

examples:
  portlint status
  portlint status api redis --watch
"""


def run(arguments: list[str]) -> int:
    parser = Parser(
        "status",
        description="Show who holds which registered port.",
        epilog=_EPILOG,
        usage="[NAME...] [OPTION...]",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="services; default: all")
    parser.add_argument("--environment", metavar="E", help="take the values of this environment")
    parser.add_argument("--registry", metavar="FILE", help="the registry; default: ports.yaml or config/ports.yaml")
    parser.add_argument("--format", type=one_of(_FORMATS), default="table", metavar="FMT", help="table or json")
    parser.add_argument("--watch", action="store_true", help="again and again, until interrupted")
    parser.add_argument("--interval", type=_seconds, default=2.0, metavar="S", help="seconds between; default: 2")
    parser.add_argument("--timeout", type=_seconds, default=2.0, metavar="S", help="of a health check; default: 2")
    parser.add_argument("--remote", metavar="HOST", help="ask for the health of the services there, and nothing else")
    given = parser.read(arguments)
    from portlint.ports import PortRegistry
    from portlint.ports.holders import can_tell

    if not can_tell():
        raise UserError("who holds a port cannot be told without psutil: pip install 'portlint[live]'")
    ports = PortRegistry.load(given.registry)
    question = _question(ports, given)
    if not given.watch:
        return _told(ports, question, given)
    import time

    while True:
        if sys.stdout.isatty():
            sys.stdout.write("\033[H\033[2J")
        _told(ports, question, given)
        time.sleep(given.interval)


def _seconds(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = 0.0
    if not (math.isfinite(number) and number > 0):
        raise ArgumentTypeError(f'expected seconds, more than 0, not "{word}"')
    return number


def _question(ports: PortRegistry, given: Namespace) -> Question:
    from portlint.ports.status import Question

    entries = [ports.entry(name) for name in given.names] or list(ports.registry.entries)
    if given.remote is None:
        return Question(entries=entries, environment=given.environment, timeout=given.timeout)
    import socket

    try:
        found = socket.getaddrinfo(given.remote, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UserError(f"--remote {given.remote}: there is no such host ({error})") from None
    hosts = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    return Question(entries=entries, environment=given.environment, timeout=given.timeout, hosts=hosts, away=True)


def _told(ports: PortRegistry, question: Question, given: Namespace) -> int:
    """One look, printed; the exit code that it asks for."""
    from portlint.ports.status import status

    rows = status(ports, question, os.environ)
    if given.format == "json":
        sys.stdout.write(_json(rows, question, compact=given.watch) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _table(rows)))
    sys.stdout.flush()
    for row in rows:
        _warn(row)
    return 1 if any(row.is_conflict and not row.entry.optional for row in rows) else 0


def _table(rows: Sequence[Row]) -> Iterator[str]:
    from portlint.report.escape import shown

    table = [("NAME", "PORT", "VARIABLE", "STATE", "HEALTH", "WHO")]
    for row in rows:
        cells = (
            row.entry.name,
            str(row.state.port or "-"),
            _variable(row),
            row.standing.value,
            _health(row),
            _who(row),
        )
        table.append(tuple(map(shown, cells)))  # type: ignore[arg-type]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _variable(row: Row) -> str:
    if row.entry.env_var is None:
        return "-"
    return f"{row.entry.env_var}={row.value[:20]}" if row.value else f"{row.entry.env_var} not set"


def _health(row: Row) -> str:
    if row.health is None:
        return "-"
    return f"{'up' if row.health.healthy else 'down'} ({row.health.detail})"


def _who(row: Row) -> str:
    told = []
    if row.container is not None:
        told.append(f"container {row.container.name}")
    for holder in row.state.holders:
        command = _command(holder.command)
        told.append(f"{holder}: {command[:_LONGEST]}" if command else str(holder))
    told += [row.because] if row.because else []
    told += [f"reserved for {row.state.reserved_for}"] if row.state.reserved_for else []
    return "; ".join(told)


def _command(arguments: Sequence[str]) -> str:
    """A command line in one piece, without the secrets that it gives."""
    from portlint.report.masking import MASK, masked

    pairs = zip(("", *arguments), arguments, strict=False)
    text = " ".join(MASK if _SECRET.fullmatch(before) else argument for before, argument in pairs)
    return "".join(masked(text, len(text), len(text), None))


def _warn(row: Row) -> None:
    """What is wrong, and what would end it. portlint itself ends nothing."""
    from portlint.report.escape import shown

    name = row.entry.name
    if not row.is_conflict:
        if row.state.reserved_for and row.state.holders:
            say(f"portlint: note: {shown(f'{name}: {row.state.message}')}")
        return
    said = f"{name}: {row.state.message}"
    if row.entry.conflict_check and row.state.reserved_for:
        said += f" (conflict_check: is it {row.state.reserved_for}?)"
    say(f"portlint: {'warning' if row.entry.optional else 'error'}: {shown(said)}")
    for command in _remedies(row):
        say(f"portlint: hint: {shown(command)}")


def _remedies(row: Row) -> Iterator[str]:
    container, port = row.container, row.state.port
    if container is not None:
        yield f"to end it: docker stop {container.name}"
        return
    for holder in row.state.holders:
        if holder.pid is None:
            if holder.user and sys.platform == "linux":
                yield f"to see it: sudo ss --listening --processes --numeric 'sport = :{port}'"
        elif sys.platform == "win32":
            yield f"to end it: taskkill /PID {holder.pid}"
        else:
            yield f"to end it: {'kill' if os.geteuid() == 0 or _is_ours(holder.user) else 'sudo kill'} {holder.pid}"


def _is_ours(user: str) -> bool:
    import getpass

    try:
        return getpass.getuser() == user
    except (OSError, KeyError, ImportError):
        return False


def _json(rows: Sequence[Row], question: Question, compact: bool) -> str:
    import json

    services = [_record(row) for row in rows]
    document = {
        "schema_version": 1,
        "environment": question.environment,
        "services": services,
        "conflicts": sum(row.is_conflict and not row.entry.optional for row in rows),
    }
    return json.dumps(document, indent=None if compact else 2)


def _record(row: Row) -> dict[str, object]:
    from portlint.report.escape import encodable

    return {
        "name": row.entry.name,
        "port": row.state.port,
        "protocol": row.entry.protocol,
        "variable": row.entry.env_var,
        "value": row.value,
        "state": row.standing.value,
        "conflict": row.is_conflict,
        "optional": row.entry.optional,
        "because": row.because or None,
        "holders": [
            {
                "pid": holder.pid,
                "name": encodable(holder.name),
                "user": holder.user,
                "command": encodable(_command(holder.command)),
                "note": holder.note or None,
            }
            for holder in row.state.holders
        ],
        "container": None if row.container is None else row.container.name,
        "reserved_for": row.state.reserved_for,
        "health": None
        if row.health is None
        else {"check": str(row.check), "healthy": row.health.healthy, "detail": row.health.detail},
        "message": row.state.message or None,
    }
