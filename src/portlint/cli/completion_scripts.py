"""The completion scripts of bash, zsh and fish, made from what the commands take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum, auto

from msgspec import Struct


class Takes(Enum):
    """What follows an option."""

    NOTHING = auto()
    TEXT = auto()
    """something that nobody can offer"""
    FILE = auto()
    WORD = auto()
    LIST = auto()
    """words with commas between them"""
    FORMAT = auto()
    """a word, and perhaps a colon and a file"""


class Option(Struct, frozen=True):
    names: tuple[str, ...]
    """`-o`, `--output`"""
    help: str
    takes: Takes
    words: tuple[str, ...] = ()
    """what can be offered"""


class Command(Struct, frozen=True):
    name: str
    summary: str
    options: tuple[Option, ...]
    words: tuple[str, ...]
    """what can stand as an argument"""
    takes_files: bool

    @property
    def option_names(self) -> str:
        return " ".join(name for option in self.options for name in option.names)


Commands = tuple[Command, ...]


def bash(commands: Commands) -> Iterator[str]:
    yield "_portlint() {\n"
    yield "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}\n"
    yield '  local known="" head="" list=""\n  COMPREPLY=()\n'
    yield '  if [ "$COMP_CWORD" -eq 1 ]; then\n'
    yield f'    COMPREPLY=($(compgen -W "{_names(commands)}" -- "$cur"))\n    return\n  fi\n'
    yield "  # `=` and `:` are words of their own to bash\n"
    yield '  if [ "$cur" = = ]; then cur=""; elif [ "$prev" = = ]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n'
    yield '  case "$command $prev" in\n    *" :") return ;;\n'
    for option, pattern in _patterns(commands):
        match option.takes:
            case Takes.FILE:
                yield f"    {pattern}) return ;;\n"
            case Takes.TEXT:
                yield f"    {pattern}) compopt +o default 2>/dev/null; return ;;\n"
            case takes:
                mark = " list=yes" if takes is Takes.LIST else ""
                yield f'    {pattern}) known="{" ".join(option.words)}"{mark} ;;\n'
    yield "    *) case $command,$cur in\n"
    for command in commands:
        yield f'      {command.name},-*) known="{command.option_names}" ;;\n'
        if command.words:
            yield f'      {command.name},*) known="{" ".join(command.words)}" ;;\n'
    yield "      esac ;;\n  esac\n"
    yield '  if [ -n "$list" ]; then case $cur in *,*) head=${cur%,*},; cur=${cur##*,} ;; esac; fi\n'
    yield '  COMPREPLY=($(compgen -P "$head" -W "$known" -- "$cur"))\n}\n'
    yield "complete -o default -F _portlint portlint\n"


def zsh(commands: Commands) -> Iterator[str]:
    yield "#compdef portlint\n_portlint() {\n  local -a known\n"
    yield "  local prev=$words[CURRENT-1] command=$words[2]\n"
    yield f"  if (( CURRENT == 2 )); then known=({_names(commands)}); compadd -a known; return; fi\n"
    yield "  if [[ $PREFIX == --*=* ]]; then prev=${PREFIX%%=*}; compset -P 1 '*='; fi\n"
    yield '  case "$command $prev" in\n'
    for option, pattern in _patterns(commands):
        match option.takes:
            case Takes.FILE:
                yield f"    {pattern}) _files; return ;;\n"
            case Takes.TEXT:
                yield f"    {pattern}) return ;;\n"
            case takes:
                before = {
                    Takes.LIST: "compset -P '*,'; ",
                    Takes.FORMAT: "if compset -P 1 '*:'; then _files; return; fi; ",
                }.get(takes, "")
                yield f"    {pattern}) {before}known=({' '.join(option.words)}) ;;\n"
    yield "    *) case $command,$PREFIX in\n"
    for command in commands:
        yield f"      {command.name},-*) known=({command.option_names}) ;;\n"
        if command.words:
            yield f"      {command.name},*) known=({' '.join(command.words)}) ;;\n"
        elif command.takes_files:
            yield f"      {command.name},*) _files; return ;;\n"
    yield "      esac ;;\n  esac\n  compadd -a known\n}\n"
    yield 'if [ "$funcstack[1]" = _portlint ]; then _portlint "$@"; else compdef _portlint portlint; fi\n'


def fish(commands: Commands) -> Iterator[str]:
    yield "function __portlint_is\n  set -l words (commandline -opc)\n"
    yield "  test (count $words) -ge 2; and test $words[2] = $argv[1]\nend\n"
    yield "complete -c portlint -f\n"
    for command in commands:
        first = "'test (count (commandline -opc)) -eq 1'"
        yield f"complete -c portlint -n {first} -a {command.name} -d {_quoted(command.summary)}\n"
    for command in commands:
        start = f"complete -c portlint -n '__portlint_is {command.name}'"
        for option in command.options:
            names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
            words = " ".join(option.words)
            takes = {
                Takes.NOTHING: "",
                Takes.TEXT: " -x",
                Takes.FILE: " -r -F",
                Takes.LIST: f' -x -a "(__fish_complete_list , \'string split \\" \\" \\"{words}\\"\')"',
            }.get(option.takes, f" -x -a '{words}'")
            yield f"{start} {names}{takes} -d {_quoted(option.help)}\n"
        if command.words:
            yield f"{start} -a '{' '.join(command.words)}'\n"
        elif command.takes_files:
            yield f"{start} -F\n"


def _names(commands: Iterable[Command]) -> str:
    return " ".join(command.name for command in commands)


def _patterns(commands: Iterable[Command]) -> Iterator[tuple[Option, str]]:
    """Each option that takes something, and the pattern of `command option` that it is chosen by."""
    for command in commands:
        for option in command.options:
            if option.takes is not Takes.NOTHING:
                yield option, "|".join(f'"{command.name} {name}"' for name in option.names)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


SHELLS: Mapping[str, Callable[[Commands], Iterator[str]]] = {"bash": bash, "zsh": zsh, "fish": fish}
