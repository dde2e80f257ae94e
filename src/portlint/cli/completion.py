"""`portlint completion`: what a shell needs to complete a command line."""

from __future__ import annotations

from argparse import Action
from collections.abc import Iterator
from importlib import import_module

from portlint.cli import output
from portlint.cli.arguments import Parser, Words, one_of, parser_of
from portlint.cli.completion_scripts import SHELLS, Command, Option, Takes

_EPILOG = """\
bash reads it at each start (in ~/.bashrc), zsh and fish from a file:

examples:
  eval "$(portlint completion bash)"
  portlint completion zsh > "${fpath[1]}/_portlint"
  portlint completion fish > ~/.config/fish/completions/portlint.fish
"""
_FILES = frozenset({"FILE", "PATH", "PATTERN"})
"""what an argument is called in the help texts that a file's name may be given for"""


def run(arguments: list[str]) -> int:
    parser = Parser("completion", description="Print the completion script of a shell.", epilog=_EPILOG, usage="SHELL")
    parser.add_argument("shell", type=one_of(SHELLS), metavar="SHELL", help=", ".join(SHELLS))
    given = parser.read(arguments)
    output.write(SHELLS[given.shell](tuple(_commands())), None)
    return 0


def _commands() -> Iterator[Command]:
    """What each command takes, as its own parser says, so that no option can be forgotten."""
    from portlint.cli import COMMANDS

    for name, summary in COMMANDS.items():
        actions = parser_of(import_module(f"portlint.cli.{name}").run).described()
        places = [_option(action) for action in actions if not action.option_strings]
        yield Command(
            name,
            summary,
            tuple(_option(action) for action in actions if action.option_strings),
            tuple(word for place in places for word in place.words),
            any(place.takes is Takes.FILE for place in places),
        )


def _option(action: Action) -> Option:
    names, text = tuple(action.option_strings), action.help or ""
    if action.nargs == 0:
        return Option(names, text, Takes.NOTHING)
    if isinstance(action.type, Words):
        words = tuple(action.type.offered())
        takes = Takes.LIST if action.type.is_list else Takes.FORMAT if action.type.has_file else Takes.WORD
        return Option(names, text, takes, words)
    return Option(names, text, Takes.FILE if action.metavar in _FILES else Takes.TEXT)
