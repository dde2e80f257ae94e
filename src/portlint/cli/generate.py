"""`portlint generate`: what the registry says, as a file for programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from portlint.cli import output
from portlint.cli.arguments import Parser, one_of
from portlint.cli.errors import say
from portlint.errors import UserError

if TYPE_CHECKING:
    from argparse import Namespace

_EPILOG = """\
targets:
{targets}

The text depends on the registry alone: the same registry gives the same bytes. `portlint check` reports a generated
file that the registry has left behind (PORT601). Of a page, only what stands between the two markers is written.

examples:
  portlint generate env -o .env.example
  portlint generate python --environment production -o app/ports.py
  portlint generate markdown -o docs/ports.md --check
"""


def run(arguments: list[str]) -> int:
    from portlint.generate import TARGETS

    width = max(map(len, TARGETS))
    parser = Parser(
        "generate",
        description="Print or write a file made from the registry.",
        epilog=_EPILOG.format(targets="\n".join(f"  {name:<{width}}  {what}" for name, what in TARGETS.items())),
        usage="TARGET [OPTION...]",
    )
    parser.add_argument("target", type=one_of(TARGETS), metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--environment", metavar="E", help="the values of this environment; default: the defaults")
    parser.add_argument("-o", "--output", metavar="FILE", help="write it there; default: stdout")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where FILE is not the same")
    parser.add_argument("--registry", metavar="FILE", help="the registry; default: ports.yaml or config/ports.yaml")
    given = parser.read(arguments)
    if given.check and given.output is None:
        parser.error("--check needs -o FILE, the file to hold against the registry")
    return _generate(given)


def _generate(given: Namespace) -> int:
    from portlint.cli.registry import load
    from portlint.generate import render
    from portlint.ports.values import environment_of

    registry = load(given.registry)
    environment = None if given.environment is None else environment_of(registry, given.environment)
    text = render(registry, given.target, environment)
    if given.output is None:
        output.write([text], None)
        return 0
    place = Path.cwd() / given.output
    old = _old(place, given.output)
    data = _in_page(old, text, given.output) if given.target == "markdown" and old is not None else text.encode()
    same = old is not None and old.replace(b"\r\n", b"\n") == data.replace(b"\r\n", b"\n")
    if given.check:
        if not same:
            what = "is not there" if old is None else f"is not what {registry.path} gives now"
            say(f"portlint: {given.output} {what} (PORT601)")
        return 0 if same else 1
    if not same:
        from portlint.cli.files import replace_file

        replace_file(place, data)
    return 0


def _old(place: Path, name: str) -> bytes | None:
    """The file as it is; None where there is none. Raises UserError where it cannot be read."""
    from portlint.files.reader import Unread, Why, read_named
    from portlint.model import Settings

    data = read_named(place, Settings().max_file_size)
    if not isinstance(data, Unread):
        return data
    if data.why is Why.VANISHED:
        return None
    raise UserError(f"{name}: {data.reason}")


def _in_page(old: bytes, table: str, name: str) -> bytes:
    """The page with the new table. Raises UserError where the page has no place for it."""
    from portlint.generate.page import NoMarkersError, updated
    from portlint.generate.stamps import END

    try:
        return updated(old.decode("utf-8"), table).encode()
    except NoMarkersError:
        first = table.partition("\n")[0]
        raise UserError(f"{name}: has no place for the table; put these two lines into it:", first, END) from None
    except UnicodeDecodeError:
        raise UserError(f"{name}: not UTF-8 text") from None
