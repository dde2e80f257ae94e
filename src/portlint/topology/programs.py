"""Which program a command starts, and what it tells it about ports.

A command's words are evaluated, wrappers are taken off, and what is left is looked up in
`rules/services/servers.yaml`. What the program is told in other files (a package.json, a module, a configuration
file) is named here and looked up by the caller: one hop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from posixpath import basename, join, normpath
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge.servers import Interpreter, Runner, Server, Wrapper, ends, programs
from portlint.model.programs import Command, Scope, Text
from portlint.topology.values import HOLE, UNKNOWN, UNSET, Environment, State, Value, Word, evaluated

T = TypeVar("T", Wrapper, Interpreter)

_ASSIGNMENT = regex(r"([A-Za-z_][A-Za-z0-9_]*)=")
_VERSION = regex(r"(python|pypy|php|ruby|perl)[0-9][0-9.]*$")
_ADDRESS = regex(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/\[\]]*):)?(?P<port>[0-9]{1,5})$")
_MOST_WRAPPERS = 8
"""programs that start one another in one command"""


class Kind(StrEnum):
    """What a command starts."""

    SERVER = "server"
    """a program of `rules/services/servers.yaml` that listens"""
    WORKER = "worker"
    """a program that is known to listen on nothing"""
    ENDS = "ends"
    """a program that does its work and ends"""
    FILE = "file"
    """a script: its code tells"""
    MODULE = "module"
    """a Python module: its code tells"""
    RUN = "run"
    """a script of a package.json"""
    ARGUMENTS = "arguments"
    """`exec "$@"`: what the container is given as its command"""
    UNKNOWN = "unknown"


class Started(Struct, frozen=True, kw_only=True):
    """What one command starts."""

    kind: Kind
    command: Command
    words: tuple[Word, ...]
    """the program and its arguments, without what only starts it"""
    server: Server | None = None
    ports: tuple[Word, ...] = ()
    """what it is told to listen on"""
    addresses: tuple[Word, ...] = ()
    """what it is told to bind"""
    binds: tuple[Word, ...] = ()
    """address and port in one: `0.0.0.0:8000`"""
    named: str | None = None
    """the file, the module, the application (`app.main:app`) or the script of a package.json; None: not known"""
    folder: str = ""
    """where it starts, as far as `cd` and options tell: relative to the working directory, or absolute"""
    config: str | None = None
    """the configuration file that it is given; HOLE where one is given that is not known"""
    environment: tuple[tuple[str, Text], ...] = ()
    """variables that the command line sets for it, the last one of a name counts"""


def started(commands: Sequence[Command], environment: Environment) -> Iterator[Started]:
    """What each of the commands starts, in their order.

    `cd` and `export` count for those behind them.
    """
    folder, exported = "", dict[str, Text]()
    for command in commands:
        own = dict(exported)
        # A shell puts variables in before the assignments in front of a command are made.
        scope = _Assigned(environment, exported)
        words = [evaluated(text, scope) for text in command.words]
        while words and (match := _ASSIGNMENT.match(words[0].text)):
            own[match[1]] = _behind(words.pop(0).source, match.end())
        if not words:
            exported = own if not command.branch else exported
            continue
        name = words[0].text
        if name == "export":
            for word in words[1:]:
                if match := _ASSIGNMENT.match(word.text):
                    exported[match[1]] = _behind(word.source, match.end())
            continue
        if name == "cd":
            target = words[1].text if len(words) > 1 else HOLE
            folder = HOLE if HOLE in target or command.branch else normpath(join(folder, target))
            continue
        found = _program(words, own, command)
        yield replace(found, folder=_within(folder, found.folder), environment=tuple(own.items()))


class _Assigned:
    """An environment with the variables that a command line sets."""

    def __init__(self, outer: Environment, own: dict[str, Text]) -> None:
        self._outer, self._own = outer, own

    def value(self, variable: str, scope: Scope) -> Value:
        text = self._own.get(variable) if scope is Scope.CONTAINER else None
        if text is None:
            return self._outer.value(variable, scope)
        # What it is set to may speak of the variable itself: PATH=$PATH:/opt.
        word = evaluated(text, self._outer)
        return Value(State.SET, word.text, word.variables, word.movable)


class Handed:
    """The environment of a script or a program: what started it sets variables for it, and hands it arguments."""

    def __init__(self, outer: Environment, own: Iterable[tuple[str, Text]], arguments: Sequence[Word]) -> None:
        """own: variables, the last one of a name counts. arguments: the words behind its name."""
        self._outer, self._own, self._arguments = outer, dict(own), arguments

    def value(self, variable: str, scope: Scope) -> Value:
        if scope is Scope.OPTION or (scope is Scope.CONTAINER and variable.isdigit()):
            return self._handed(variable)
        text = self._own.get(variable) if scope is Scope.CONTAINER else None
        if text is None:
            return self._outer.value(variable, scope)
        word = evaluated(text, self._outer)
        return UNKNOWN if HOLE in word.text else Value(State.SET, word.text, word.variables, word.movable)

    def _handed(self, name: str) -> Value:
        """The value of an option, or of the argument of a number."""
        if any(word.text.strip(HOLE) == "" and word.text for word in self._arguments):
            return UNKNOWN  # words of which nothing is known may be the option as well
        if name.isdigit():
            plain = [word for word in self._arguments if not word.text.startswith("-")]
            if len(plain) < int(name):
                return UNSET
            # Whether a word is the value of an option is only known where there are no options.
            found = plain[int(name) - 1] if len(plain) == len(self._arguments) else None
        else:
            found = next(reversed(list(_options(self._arguments, frozenset({name})))), None)
            if found is None:
                return UNSET
        return (
            UNKNOWN
            if found is None or HOLE in found.text
            else Value(State.SET, found.text, found.variables, found.movable)
        )


def _behind(text: Text, length: int) -> Text:
    """A text without its first characters, which are literal."""
    parts = list(text.parts)
    while parts and length:
        head = parts.pop(0)
        if len(head.text) > length:
            start = head.start + length if head.start >= 0 else -1
            parts.insert(0, replace(head, text=head.text[length:], start=start))
            break
        length -= len(head.text)
    return replace(text, parts=tuple(parts))


def _within(folder: str, inner: str) -> str:
    return HOLE if HOLE in (folder, inner) else normpath(join(folder, inner)) if folder or inner else ""


def _program(words: list[Word], own: dict[str, Text], command: Command) -> Started:
    """What the words start; `own` gains the variables that a wrapper sets."""
    known = programs()
    for _ in range(_MOST_WRAPPERS):
        if not words:
            break
        if words[0].text in ("$@", "$*"):
            return Started(kind=Kind.ARGUMENTS, command=command, words=tuple(words))
        if (kind := _quiet(words)) is not None:
            return Started(kind=kind, command=command, words=tuple(words))
        if (server := _server(words)) is not None:
            return _of_server(*server, words, command)
        runner = next((each for each in known.runners if any(_starts(words, s) for s in each.starts)), None)
        if runner is not None and (run := _run(runner, words, command)) is not None:
            return run
        wrapper = _first(known.wrappers, words)
        if wrapper is not None:
            words = _unwrapped(*wrapper, words, own)
            if not words and wrapper[0].until is not None:
                return Started(kind=Kind.ENDS, command=command, words=())
            continue
        interpreter = _first(known.interpreters, words)
        if interpreter is None:
            break
        inner = _interpreted(*interpreter, words)
        if inner is None:
            break
        kind, words = inner
        if kind is None:
            continue  # a module is looked up like a program: `python -m uvicorn`
        return Started(kind=kind, command=command, words=tuple(words), named=words[0].known)
    return Started(kind=Kind.UNKNOWN, command=command, words=tuple(words), named=words[0].known if words else None)


def _first(rows: Sequence[T], words: Sequence[Word]) -> tuple[T, tuple[str, ...]] | None:
    """The row whose start the words begin with, and that start; the longest one wins."""
    found = [(row, start) for row in rows for start in row.starts if _starts(words, start)]
    return max(found, key=lambda pair: len(pair[1]), default=None)


def _name(word: Word) -> str:
    """A program's name: without its folder, and without the version that an interpreter's may have."""
    name = basename(word.text)
    return match[1] if (match := _VERSION.match(name)) else name


def _starts(words: Sequence[Word], start: tuple[str, ...]) -> bool:
    """Whether the first words are those of a row."""
    return (
        len(words) >= len(start)
        and _name(words[0]) == start[0]
        and all(word.text == wanted for word, wanted in zip(words[1:], start[1:], strict=False))
    )


def _server(words: Sequence[Word]) -> tuple[Server, tuple[int, ...]] | None:
    """The server that the words start, and the indexes of the words that say so.

    Options may stand between them: `celery -A app.worker flower`, `flask --app shop run`.
    """
    found = [
        (server, at)
        for server in programs().servers
        for start in server.starts
        if (at := _matched(words, start, server.valued))
    ]
    return max(found, key=lambda pair: len(pair[1]), default=None)


def _matched(words: Sequence[Word], start: tuple[str, ...], valued: frozenset[str]) -> tuple[int, ...]:
    """The indexes of the words that are those of a start, options left out; none where it is another program."""
    if _name(words[0]) != start[0]:
        return ()
    at = (0, *(index for index, _ in _arguments(words, valued)))[: len(start)]
    fits = len(at) == len(start) and all(words[i].text == wanted for i, wanted in zip(at[1:], start[1:], strict=True))
    return at if fits else ()


def _quiet(words: Sequence[Word]) -> Kind | None:
    """The kind of a program that listens on nothing."""
    known = programs()
    if any(_matched(words, start, worker.values) for worker in known.workers for start in worker.starts):
        return Kind.WORKER
    if _first(known.wrappers, words) is not None:
        return None
    return Kind.ENDS if ends([_name(words[0]), *(word.text for word in words[1:3])]) else None


def _arguments(words: Sequence[Word], valued: frozenset[str], first: int = 1) -> Iterator[tuple[int, Word]]:
    """The words behind the program's name that are no options and no values of options, with their indexes."""
    is_value = False
    for index, word in enumerate(words[first:], first):
        if is_value:
            is_value = False
        elif word.text == "--":
            continue
        elif word.text.startswith("-"):
            is_value = word.text in valued
        else:
            yield index, word


def _options(words: Sequence[Word], names: frozenset[str]) -> Iterator[Word]:
    """The values that options are given: `--port 8000`, `--port=8000`, `-p8000`, `-p 8000`."""
    for index, word in enumerate(words):
        head, equals, _ = word.text.partition("=")
        if word.text in names:
            yield words[index + 1] if index + 1 < len(words) else Word(HOLE, word.source)
        elif equals and head in names:
            yield _tail(word, len(head) + 1)
        elif len(word.text) > 2 and word.text[:2] in names and word.text[1] != "-":
            yield _tail(word, 2)


def _tail(word: Word, length: int) -> Word:
    """A word without its first characters."""
    return Word(word.text[length:], _behind(word.source, length), word.variables, word.movable)


def _of_server(server: Server, at: tuple[int, ...], words: list[Word], command: Command) -> Started:
    rest = [word for index, word in enumerate(words) if index not in at]
    arguments = [word for _, word in _arguments(rest, server.valued, 0)]
    ports, binds = list(_options(rest, server.ports)), list(_options(rest, server.binds))
    named: str | None = None
    if arguments and server.argument == "port":
        ports += arguments[:1]
    elif arguments and server.argument == "bind":
        binds += arguments[:1]
    elif arguments:
        named = arguments[0].known
    configs = list(_options(rest, server.config))
    if arguments and server.argument == "configuration":
        configs += arguments[:1]
    return Started(
        kind=Kind.SERVER,
        command=command,
        words=tuple(words),
        server=server,
        ports=tuple(ports),
        addresses=tuple(_options(rest, server.addresses)),
        binds=tuple(binds),
        named=named,
        config=configs[-1].text if configs else None,
    )


def _run(runner: Runner, words: list[Word], command: Command) -> Started | None:
    """`npm run dev -- --port 3000`: the script's name, with what is handed to it as the words behind it."""
    arguments = list(_arguments(words, runner.folder))
    folders = list(_options(words, runner.folder))
    if not arguments:
        return None
    (index, first), *more = arguments
    if first.text in runner.run:
        if not more:
            return None
        index, first = more[0]
    elif first.text not in runner.bare and "*" not in runner.bare:
        return None
    handed = [word for word in words[index + 1 :] if word.text != "--"]
    folder = folders[-1].text if folders else ""
    return Started(kind=Kind.RUN, command=command, words=(first, *handed), named=first.known, folder=folder)


def _unwrapped(wrapper: Wrapper, start: tuple[str, ...], words: list[Word], own: dict[str, Text]) -> list[Word]:
    """The words of the program that a wrapper starts; none where it starts none."""
    rest = words[len(start) :]
    if wrapper.until is not None:
        at = next((index for index, word in enumerate(rest) if word.text == wrapper.until), None)
        return [] if at is None else rest[at + 1 :]
    left = wrapper.arguments
    while rest:
        word = rest[0]
        if word.text == "--":
            return rest[1:]
        if word.text.startswith("-") and len(word.text) > 1:
            rest = rest[2:] if word.text in wrapper.values else rest[1:]
        elif wrapper.assignments and (match := _ASSIGNMENT.match(word.text)):
            own[match[1]] = _behind(word.source, match.end())
            rest = rest[1:]
        elif left:
            left -= 1
            rest = rest[1:]
        else:
            break
    return rest


def _interpreted(
    interpreter: Interpreter, start: tuple[str, ...], words: list[Word]
) -> tuple[Kind | None, list[Word]] | None:
    """What an interpreter is given: a file, or None and the words of a module; nothing where it is given code."""
    rest = words[len(start) :]
    while rest:
        text = rest[0].text
        if text == interpreter.module:
            return _module(rest[1:])
        if text == interpreter.code:
            return None
        if not text.startswith("-"):
            return _file(rest)
        rest = rest[2:] if text in interpreter.values else rest[1:]
    return None


def _module(words: list[Word]) -> tuple[Kind | None, list[Word]] | None:
    if not words:
        return None
    known = programs()
    is_known = (
        _server(words) is not None
        or _quiet(words) is not None
        or _first(known.wrappers, words) is not None
        or _first(known.interpreters, words) is not None
    )
    return (None, words) if is_known else (Kind.MODULE, words)


def _file(words: list[Word]) -> tuple[Kind | None, list[Word]]:
    """A script is looked up by its base name first: `manage.py runserver`, `artisan serve`."""
    is_known = _server(words) is not None or _quiet(words) is not None
    return (None, words) if is_known else (Kind.FILE, words)


def endpoint(word: Word) -> tuple[str | None, int | None] | None:
    """Address and port of `0.0.0.0:8000`, `[::]:8000`, `8000`; each None where it is not written. `:8000` is `*`.

    None where the word is not known, or is no address of a host (`unix:/run/app.sock`, `fd://3`).
    """
    text = word.known
    if text is None:
        return None
    text = text.removeprefix("tcp://")
    match = _ADDRESS.match(text)
    if match is None:
        return None if ":" in text or "/" in text else (text, None)
    host = match["host"]
    return (None if host is None else host.strip("[]") or "*"), int(match["port"])
