"""`portlint completion`: what a shell needs to complete a command line."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout, suppress
from importlib import import_module

from portlint.cli import output
from portlint.cli.arguments import Parser, one_of

_OPTION_LINE = re.compile(r"^  (-\S.*?)(?:  .*)?$", re.MULTILINE)
_OPTION = re.compile(r"(?<!\S)--?[A-Za-z][\w-]*")
_EPILOG = """\
  bash   eval "$(portlint completion bash)"                                  in ~/.bashrc
  zsh    portlint completion zsh > "${fpath[1]}/_portlint"                   once
  fish   portlint completion fish > ~/.config/fish/completions/portlint.fish  once
"""


def run(arguments: list[str]) -> int:
    parser = Parser("completion", description="Print the completion script of a shell.", epilog=_EPILOG)
    parser.add_argument("shell", type=one_of(_SHELLS), metavar="SHELL", help=", ".join(_SHELLS))
    given = parser.read(arguments)
    output.write(_SHELLS[given.shell](_words()), None)
    return 0


def _words() -> Mapping[str, tuple[str, ...]]:
    """Command to what can follow it besides files: its options, and the rules that can be explained.

    The options are read from the help texts, so that no option can be forgotten.
    """
    from portlint import cards
    from portlint.cli import COMMANDS

    words: dict[str, tuple[str, ...]] = {}
    for command in COMMANDS:
        text = io.StringIO()
        with redirect_stdout(text), suppress(SystemExit):
            import_module(f"portlint.cli.{command}").run(["--help"])
        lines = _OPTION_LINE.findall(text.getvalue())
        words[command] = tuple(sorted({option for line in lines for option in _OPTION.findall(line)}))
    words["explain"] += tuple(cards.names())
    words["completion"] += tuple(_SHELLS)
    return words


def _bash(words: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    yield "_portlint() {\n"
    yield '  local word=${COMP_WORDS[COMP_CWORD]} known=""\n'
    yield f'  if [ "$COMP_CWORD" -eq 1 ]; then known="{" ".join(words)}"; else\n'
    yield "    case ${COMP_WORDS[1]} in\n"
    yield from (f'      {command}) known="{" ".join(known)}" ;;\n' for command, known in words.items())
    yield "    esac\n  fi\n"
    yield '  COMPREPLY=($(compgen -W "$known" -- "$word"))\n}\n'
    yield "complete -o default -F _portlint portlint\n"


def _zsh(words: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    yield "#compdef portlint\n_portlint() {\n  local -a known\n"
    yield f"  if (( CURRENT == 2 )); then known=({' '.join(words)}); else\n"
    yield "    case $words[2] in\n"
    yield from (f"      {command}) known=({' '.join(known)}) ;;\n" for command, known in words.items())
    yield "    esac\n  fi\n"
    yield "  compadd -a known\n  (( CURRENT > 2 )) && _files\n}\n"
    yield 'if [ "$funcstack[1]" = _portlint ]; then _portlint "$@"; else compdef _portlint portlint; fi\n'


def _fish(words: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    from portlint.cli import COMMANDS

    for command, summary in COMMANDS.items():
        yield f"complete -c portlint -n __fish_use_subcommand -f -a {command} -d {_quoted(summary)}\n"
    for command, known in words.items():
        yield f"complete -c portlint -n '__fish_seen_subcommand_from {command}' -a '{' '.join(known)}'\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


_SHELLS: Mapping[str, Callable[[Mapping[str, tuple[str, ...]]], Iterator[str]]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
}
