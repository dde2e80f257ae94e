"""Words of commands and values of variables as facts: literal pieces and variables, without what may be a secret.

Sources: POSIX.1-2017, Shell Command Language, 2.9; Compose specification, "Interpolation"; Dockerfile reference, "Shell
and exec form".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge.identifiers import is_secret_name
from portlint.knowledge.servers import naming, vocabulary
from portlint.model import Source
from portlint.model.programs import Command, Part, Scope, Text
from portlint.syntax.interpolation import DEEPEST_VARIABLES, HOLE, interpolations
from portlint.syntax.shell import Script, Word, parse

LONGEST: Final = 2_000
"""bytes of a word or a value; of a longer one nothing is kept"""
MOST_WORDS: Final = 200
"""words of a command, and commands of a script"""
_OPENING: Final = frozenset({"if", "while", "until", "for", "case", "select"})
_CLOSING: Final = frozenset({"fi", "done", "esac"})
_BEFORE: Final = frozenset({"then", "else", "elif", "do", "{", "!", "if", "while", "until"})
"""words of the grammar behind which a command stands"""
_PRINTING: Final = frozenset({"echo", "printf", ":"})
"""commands that start nothing; a third of what stands in scripts, so that what they print is not kept"""
_HIDDEN: Final = (Part(hidden=True),)
_FUNCTION = regex(r"[ \t]{0,9}\([ \t]{0,9}\)")
_URL = regex(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,20}://)(?:[^/@\s]*@)?(?P<host>[^/?#\s@]*)")
_ADDRESS = regex(r"[\w.-]*(?:\[[0-9A-Fa-f:.]*\])?:[0-9]{1,5}$|[0-9]{1,5}$|0x[0-9A-Fa-f]+$")
_OPTION = regex(r"--?[A-Za-z][\w.-]*$|--$")
_PATH = regex(r"\.{0,2}(?:/[\w.@+-]*)+$|[\w.@+-]+(?:/[\w.@+-]*)+$|[\w@+-]+(?:\.[\w@+-]+)+$|\.$")
_OBJECT = regex(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_][\w.]*(?:\(\))?$")
_NAME = regex(r"-{0,2}[A-Za-z_][\w.:-]{0,60}$")
_SECRET_COMMANDS: Final = frozenset({"auth", "AUTH", "login"})
_ASSIGNED = regex(r"-{0,2}[A-Za-z_][\w-]*=")
_SIGNS = regex(r"[&;|\"$@{}\[\]<>()*!-]+$")


def text(source: Source, start: int, end: int, scope: Scope, *, shown: bool = True) -> Text:
    """The text between two offsets of a piece, its variables apart. shown: literal pieces are kept; else they are
    hidden, and only the variables are told. `$${X}` of a compose file is a variable of the container."""
    piece = source.part(start, end)  # of a long file only what is asked for is decoded
    data = piece.text
    return Text(_parts(piece, data, 0, len(data), scope, shown, 0), source.span(start, end))


def _parts(source: Source, data: str, start: int, end: int, scope: Scope, shown: bool, depth: int) -> tuple[Part, ...]:
    if end - start > LONGEST or depth > DEEPEST_VARIABLES:
        return _HIDDEN
    if not shown and data.find("$", start, end) < 0:
        return _HIDDEN if start < end else ()
    out: list[Part] = []
    position = start
    for found in interpolations(data, start, end):
        escaped = scope is Scope.COMPOSE and data.startswith("$", found.start - 1) and found.start > start
        out += _literal(source, data, position, found.start - escaped, shown)
        inner = Scope.CONTAINER if escaped else scope
        fallback = None
        if found.has_fallback:
            plain = shown and _is_plain(found.variable, data[found.value_start : found.value_end])
            fallback = _parts(source, data, found.value_start, found.value_end, inner, plain, depth + 1)
        elif found.has_replacement:
            out.append(Part(hidden=True))
            position = found.end
            continue
        out.append(Part(variable=found.variable, scope=inner, fallback=fallback))
        position = found.end
    return (*out, *_literal(source, data, position, end, shown))


def _is_plain(variable: str, fallback: str) -> bool:
    """Whether what counts where a variable is not set is no secret."""
    plain = _with_numbers(fallback)
    return not is_secret_name(variable) and (_is_value(plain) or plain in vocabulary())


def _literal(source: Source, data: str, start: int, end: int, shown: bool) -> Iterator[Part]:
    if start >= end:
        return
    if not shown:
        yield Part(hidden=True)
        return
    piece = data[start:end]
    if "$(" in piece or "`" in piece or HOLE * 3 in piece:
        yield Part(hidden=True)
        return
    yield Part(text=source.decoded(start, end).replace(HOLE, ""), start=source.base + start)


def command(source: Source, words: Sequence[Word], scope: Scope, **more: object) -> Command | None:
    """A command of its words. Those that may be a secret are hidden, see `_is_shown`."""
    if not words:
        return None
    begun = words[0].start
    piece = source.part(begun, words[-1].end)
    data = piece.text
    kept: list[Text] = []
    before = ""
    most = 1 if words[0].text in _PRINTING else MOST_WORDS
    for index, word in enumerate(words[:most]):
        kept.append(_word(piece, data, _shifted(word, -begun), scope, _is_shown(word.text, before, index)))
        before = word.text
    return Command(tuple(kept), piece.span(0, len(data)), **more)  # type: ignore[arg-type]


def _word(source: Source, data: str, word: Word, scope: Scope, shown: bool) -> Text:
    """A word of a command. Single quotes keep a shell from reading variables; of `NAME=value` the name is kept."""
    start, end, span = word.start, word.end, source.span(word.start, word.end)
    is_read = scope is Scope.CONTAINER and word.quote != "'"
    substituted = is_read and (data.find("$(", start, end) >= 0 or data.find("`", start, end) >= 0)
    if substituted or not (shown or word.quote):
        named = _ASSIGNED.match(data, start, end)
        if substituted or named is not None:
            name = () if named is None else _literal(source, data, start, named.end(), True)
            return Text((*name, Part(hidden=True)), span)
    if word.quote == "'" and scope is Scope.CONTAINER:
        return Text(tuple(_literal(source, data, start, end, shown)), span)
    return Text(_parts(source, data, start, end, scope, shown, 0), span)


def _is_shown(word: str, before: str, index: int) -> bool:
    """Whether a word is a port, a host, a path, an option or the name of a program, and no secret."""
    plain = _with_numbers(word).replace(HOLE, "")
    option, equals, value = plain.partition("=")
    given = before.startswith("-") and "=" not in before
    if is_secret_name(before) if given else before in _SECRET_COMMANDS:
        return False
    if equals:
        return not is_secret_name(option) and (not value or _is_value(value)) and _NAME.match(option) is not None
    return _OPTION.match(plain) is not None or _is_value(plain) or _is_name(plain, before, index)


def _with_numbers(word: str) -> str:
    """The word with a number in the place of each variable, most of which are ports."""
    if "$" not in word:
        return word
    out, position = [], 0
    for found in interpolations(word):
        out += [word[position : found.start], "1"]
        position = found.end
    return "".join([*out, word[position:]])


def _is_name(plain: str, before: str, index: int) -> bool:
    return _NAME.match(plain) is not None and (index == 0 or plain in vocabulary() or before in naming())


def _is_value(plain: str) -> bool:
    if "://" in plain:
        return _URL.fullmatch(plain) is not None and "@" not in plain
    return (
        not plain
        or _ADDRESS.match(plain) is not None
        or _PATH.match(plain) is not None
        or _OBJECT.match(plain) is not None
        or _SIGNS.match(plain) is not None
        or plain.startswith("$")
        or plain.lower() in ("localhost", "true", "false", "tcp", "udp")
    )


def shell_commands(
    source: Source, start: int, end: int, scope: Scope = Scope.CONTAINER, script: Script | None = None
) -> tuple[Command, ...]:
    """The simple commands of a shell text, in order. script: the text, where it is parsed already."""
    piece = source.part(start, end)
    data = piece.text
    script = parse(data) if script is None else script
    out: list[Command] = []
    blocks, joined = _Blocks(), ""
    behind = 0
    for each in script.commands[:MOST_WORDS]:
        words = [*each.words]
        if words and words[0].start < behind:
            continue  # of a command substitution, which is run for what it prints
        behind = words[-1].end if words else behind
        words = blocks.behind_grammar(words, each.operator, data)
        branch = blocks.depth + (joined == "||")
        made = command(piece, words, scope, joined=joined, branch=branch, background=each.operator == "&")
        if made is not None:
            out.append(made)
        joined = each.operator
    return tuple(out)


class _Blocks:
    """The blocks, functions and `case` patterns of a shell text that is gone through command by command."""

    def __init__(self) -> None:
        self.depth = 0
        """blocks and functions that are open, which may run or not"""
        self._braces: list[bool] = []
        """whether each open brace is the body of a function"""
        self._names_function = False
        """the name of a function stands before"""
        self._awaits_pattern = False

    def behind_grammar(self, words: list[Word], operator: str, text: str) -> list[Word]:
        """The words of a command without those of the grammar; none where all are: `fi`, `start() {`, `stop)`."""
        while words and not words[0].quote:
            word = words[0].text
            if self._awaits_pattern and word != "esac":
                self._awaits_pattern = operator != ")"
                return []
            if word == "}":
                self.depth -= bool(self._braces and self._braces.pop())
            elif word == "{":
                self._braces.append(self._names_function)
                self.depth += self._names_function
                self._names_function = False
            elif word == "function" or (operator == "(" and _FUNCTION.match(text, words[-1].end) and len(words) == 1):
                self._names_function = True
                words = words[1:]
            elif word in _OPENING or word in _CLOSING:
                self.depth = max(self.depth + (word in _OPENING) - (word in _CLOSING), 0)
                self._awaits_pattern = word == "case"
                if word == "case" and len(words) > 3 and words[2].text == "in":
                    self._awaits_pattern = operator != ")"
                if word not in _BEFORE and word not in _CLOSING:
                    return []
            elif word not in _BEFORE:
                break
            words = words[1:]
        self._awaits_pattern = self._awaits_pattern or operator in (";;", ";&", ";;&")
        return words


def _shifted(word: Word, by: int) -> Word:
    return Word(word.start + by, word.end + by, word.text, word.quote)


def exec_commands(source: Source, words: Iterable[Word], scope: Scope) -> tuple[Command, ...]:
    """The commands of a list of words; `sh -c '...'` is unwrapped."""
    given = list(words)
    names = [word.text.rsplit("/", 1)[-1] for word in given[:1]]
    if names and names[0] in ("sh", "bash", "ash", "dash", "zsh"):
        for index, word in enumerate(given[1:], 1):
            if word.text.startswith("-") and "c" in word.text and not word.text.startswith("--"):
                if index + 1 < len(given):
                    inner = given[index + 1]
                    return shell_commands(source, inner.start, inner.end, scope)
                break
            if not word.text.startswith("-"):
                break
    # No shell reads the words of a list, so that its dollars are dollars; Compose reads them before.
    made = command(source, [Word(word.start, word.end, word.text, "'") for word in given], scope)
    return () if made is None else (made,)


def split_commands(source: Source, start: int, end: int, scope: Scope) -> tuple[Command, ...]:
    """The command of a text that is split into words, and that no shell reads: `command: uvicorn app:app`."""
    script = parse(source.part(start, end).text)
    words, behind = list[Word](), 0
    for each in script.commands[:MOST_WORDS]:
        shifted = [_shifted(word, start) for word in each.words]
        if shifted and shifted[0].start >= behind:
            words += shifted
            behind = shifted[-1].end
    return exec_commands(source, words, scope)


def value(source: Source, name: str, start: int, end: int, scope: Scope) -> Text:
    """The value of a variable. Of one that may be a secret only the variables in it are kept; of a URL its scheme, host
    and port."""
    span = source.span(start, end)
    piece = source.part(start, end)
    raw = piece.text
    shown = not is_secret_name(name) and len(raw) <= LONGEST
    plain = _with_numbers(raw)
    if shown and _is_value(plain):
        return text(source, start, end, scope)
    found = _URL.match(raw) if shown else None
    if found is None:
        return text(source, start, end, scope, shown=False)
    scheme = Part(text=found["scheme"], start=piece.base)
    address = _parts(piece, raw, found.start("host"), found.end(), scope, True, 0)
    return Text((scheme, *address, Part(hidden=True)), span)
