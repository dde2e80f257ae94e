"""argparse, with messages of one line that name the nearest right word."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from functools import cache
from typing import Any, NoReturn

from msgspec import Struct

from portlint.errors import UserError, nearest

_ONLY_BUILT: ContextVar[bool] = ContextVar("_ONLY_BUILT", default=False)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """argparse makes one for each option that is added; to find the width of the terminal each time takes long."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_width())


@cache
def _width() -> int:
    """Columns of the terminal, as `shutil.get_terminal_size` has them, but for two."""
    with contextlib.suppress(ValueError):
        if (columns := int(os.environ.get("COLUMNS", "0"))) > 0:
            return columns - 2
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.get_terminal_size(sys.__stdout__.fileno()).columns - 2  # type: ignore[union-attr]
    return 78


class Parser(argparse.ArgumentParser):
    """Raises UserError instead of printing its usage, and takes options before, among and behind the paths."""

    def __init__(self, command: str, *, description: str, epilog: str, usage: str) -> None:
        """usage: what follows the command."""
        super().__init__(
            prog=f"portlint {command}",
            usage=f"portlint {command} {usage}",
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            add_help=False,
            formatter_class=_Formatter,
        )
        self._positionals.title = "arguments"
        self.add_argument("-h", "--help", action="help", help="show this text")

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see {self.prog} --help)")

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The arguments. Raises UserError."""
        if _ONLY_BUILT.get():
            raise _BuiltError(self)
        before, behind = list(arguments), []
        if "--" in before:  # parse_known_intermixed_args would take what follows for options again
            at = before.index("--")
            before, behind = before[:at], before[at + 1 :]
        known, unknown = self.parse_known_intermixed_args(before)
        if unknown:
            word = unknown[0].partition("=")[0]
            options = [name for name in self._option_string_actions if name.startswith("--")]
            kind = "option" if word.startswith("-") else "argument"
            self.error(f'there is no {kind} "{word}"{nearest(word, options)}')
        if behind:
            self._take(known, behind)
        return known

    def described(self) -> Sequence[argparse.Action]:
        """What the command takes: its options and arguments, with their help."""
        return self._actions

    def _take(self, known: argparse.Namespace, words: list[str]) -> None:
        for action in self._get_positional_actions():
            if action.nargs == "*":
                setattr(known, action.dest, [*getattr(known, action.dest), *words])
                return
        self.error(f'there is no argument "{words[0]}"')


class _BuiltError(Exception):
    """Ends a command when its parser is there."""

    def __init__(self, parser: Parser) -> None:
        super().__init__()
        self.parser = parser


def parser_of(run: Callable[[list[str]], int]) -> Parser:
    """The parser that a command builds; the command itself does nothing."""
    token = _ONLY_BUILT.set(True)
    try:
        run([])
    except _BuiltError as built:
        return built.parser
    finally:
        _ONLY_BUILT.reset(token)
    raise AssertionError("the command reads no arguments")


class Words(Struct, frozen=True):
    """A type for argparse: reads a word, and knows what a shell is to offer in its place."""

    offered: Callable[[], Iterable[str]]
    read: Callable[[str], Any] = str
    """raises argparse.ArgumentTypeError"""
    is_list: bool = False
    """several, with commas between them"""
    has_file: bool = False
    """a colon and a file may follow"""

    def __call__(self, word: str) -> Any:
        return self.read(word)


def one_of(words: Iterable[str]) -> Words:
    """A type for argparse: one of a few words."""
    known = tuple(words)

    def read(word: str) -> str:
        if word in known:
            return word
        hint = nearest(word, known) or f" (one of {', '.join(known)})"
        raise argparse.ArgumentTypeError(f'there is no "{word}"{hint}')

    return Words(lambda: known, read)


def number(word: str) -> int:
    """A type for argparse: a whole number of at least 1."""
    if word.isascii() and word.isdigit() and int(word[:9]) > 0 and len(word) < 10:
        return int(word)
    raise argparse.ArgumentTypeError(f'expected a whole number of at least 1, not "{word}"')


def rules() -> Iterable[str]:
    """What a rule can be called: its code, and its name."""
    from portlint.knowledge import rule_metadata

    names = rule_metadata.names()
    return (*names, *names.values())


def output(formats: Iterable[str]) -> Words:
    """A type for argparse: `FMT` or `FMT:FILE`, read as a pair; the file `-` is stdout, as none is."""
    known = one_of(formats)

    def read(word: str) -> tuple[str, str | None]:
        format, colon, file = word.partition(":")
        if colon and not file:
            raise argparse.ArgumentTypeError(f'no file is named behind "{format}:"')
        return known(format), None if file == "-" else file or None

    return Words(known.offered, read, has_file=True)
