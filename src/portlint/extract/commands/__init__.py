"""Ports on command lines: which option or argument of which command is a port, an address, a mapping.

The knowledge is in `rules/formats/commands.yaml`. A command that it does not know is read by the names of its long
options alone (`--http-port 8080`, `--bind=0.0.0.0:80`), never by a bare `-p 8000`. Besides, each word is read as any
text is.

Sources: the manuals of the commands; Docker CLI reference, `docker container run`, "Publish or expose port".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands.kinds import KINDS, OWN_ROLES
from portlint.extract.commands.rules import UNKNOWN, Spec, keywords, known, own_words, printing, targets
from portlint.extract.commands.words import (  # fmt: skip
    ASSIGNMENT,
    BOUNDS,
    ORDERINGS,
    assigned,
    comparisons,
    in_array,
    in_sentence,
    in_word,
    moved,
    searched,
)
from portlint.extract.scan.text import Hit, is_port
from portlint.knowledge.identifiers import is_address_name, is_port_name
from portlint.knowledge.identifiers import words as name_words
from portlint.model import Role
from portlint.syntax.interpolation import HOLE
from portlint.syntax.shell import Command, Word, parse

_DEEPEST = 5
"""levels of command lines inside words of command lines"""
_DIGIT = regex(r"[1-9]")
_OPTION_IN_TEXT = regex(r"\s-{1,2}[A-Za-z]|[0-9]:[0-9]")
_VARIABLE = regex(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_NUMBER = regex(r"[0-9]{1,6}")
_COMPARISONS = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge", "=", "==", "!=", "<", ">"})
_TESTS = frozenset({"[", "[[", "test"})


def find_in_words(words: Sequence[Word]) -> list[Hit]:
    """The ports of one command given word by word (`CMD ["nc", "-l", "8000"]`), with the words' own offsets."""
    return _ordered(_Line(words, 0, False).hits())


def find_in_text(text: str) -> list[Hit]:
    """The ports of a command line, or of several with separators. Offsets are indexes into `text`.

    Numbers that a printing command only names in words (`echo "on port 8000"`) are left out.
    """
    return _ordered(_in_text(text, 0))


def find_in_commands(commands: Sequence[Command]) -> Iterator[tuple[Command, list[Hit]]]:
    """The ports of each command of a script, in order; what a pipe carries is known to the commands behind it."""
    yield from _in_commands(commands, 0)


def _in_text(text: str, depth: int) -> Iterator[Hit]:
    for _, hits in _in_commands(parse(text).commands, depth):
        yield from hits


def _in_commands(commands: Sequence[Command], depth: int) -> Iterator[tuple[Command, list[Hit]]]:
    listed = False
    for command in commands:
        if command.operator not in ("|", "|&") and not any(
            _DIGIT.search(word.text) for word in (*command.words, *command.redirections)
        ):
            listed = False
            yield command, []
            continue
        hits: list[Hit] = []
        for target in command.redirections:
            hits += in_word(target)
        if command.kind == "array":
            hits += in_array(command.words)
        elif command.kind == "arithmetic":
            hits += comparisons(command.words[0])
        else:
            line = _Line(command.words, depth, listed)
            hits += line.hits()
            listed = command.operator in ("|", "|&") and (listed or line.listing)
        yield command, _ordered(hits)


class _Line:
    """One command with its words, read once."""

    def __init__(self, words: Sequence[Word], depth: int, listed: bool) -> None:
        self.words, self.depth, self.listed, self.listing = words, depth, listed, False

    def hits(self) -> list[Hit]:
        out: list[Hit] = []
        position: int | None = 0
        while position is not None and position < len(self.words):
            word = self.words[position]
            if word.text in keywords():
                position += 1
            elif not word.quote and (match := ASSIGNMENT.match(word.text)):
                out += assigned(word, match)
                position += 1
            elif word.quote and any(c in word.text for c in " \n\t;|&"):
                out += self._script(word.text, word.start)
                position += 1
            elif word.text in _TESTS:
                out += self._test(position + 1)
                position = None
            elif word.text in ("for", "case", "select", "in", "function"):
                out += [hit for w in self.words[position:] for hit in in_word(w)]
                position = None
            else:
                position = self._command(position, out)
        if self.listed:
            out += [hit for word in self.words for hit in searched(word)]
        return out

    def _command(self, position: int, out: list[Hit]) -> int | None:
        """Reads the command at `position`; gives the index of the command that it runs."""
        words = self.words
        name, spec = known(words[position].text)
        if words[position].text.startswith("-"):
            spec = UNKNOWN
        else:
            out += in_word(words[position])
            position += 1
        if name in printing():
            for word in words[position:]:
                out += [hit for hit in in_word(word) if not in_sentence(word.text, hit, -word.start)]
                out += self._quoted_command(word)
            return None
        if spec.listens and any(self._listens(word.text, spec) for word in words[position:]):
            spec = replace(spec, role=Role.BIND)
        arguments = 0
        while position < len(words):
            word = words[position]
            text = word.text.lstrip(HOLE)
            if spec.runs and arguments >= spec.runs:
                return position
            if text == "--":
                position += 1
                if position < len(words) and not words[position].text.startswith("-") and spec is not UNKNOWN:
                    return position
            elif text in spec.options or (len(text) > 1 and text[0] == "-" and not text[1].isdigit()):
                position = self._option(position, spec, name, out)
            elif arguments == 0 and text in spec.sub:
                spec = spec.sub[text]
                position += 1
            elif spec.runs == 0:
                return position
            else:
                kind = spec.arguments[arguments] if arguments < len(spec.arguments) else spec.rest
                out += self._taken(kind, word.text, word.start, spec, name, "argument")
                arguments += 1
                position += 1
        self.listing = self.listing or spec.listing
        return None

    def _quoted_command(self, word: Word) -> Iterator[Hit]:
        """`echo "Run: docker run -p 8000:80 app"`: options and mappings of a command in a sentence."""
        if not word.quote or self.depth >= _DEEPEST or not _OPTION_IN_TEXT.search(word.text):
            return
        for command in parse(word.text, comments=False).commands:
            for index, part in enumerate(command.words):
                spec = known(part.text)[1]
                if (spec.options or spec.sub) and not part.quote:
                    line = _Line(command.words[index:], _DEEPEST, False)
                    yield from (moved(hit, word.start) for hit in line.hits() if hit.form in ("option", "mapping"))
                    break

    def _listens(self, text: str, spec: Spec) -> bool:
        short = text[1:] if text.startswith("-") and not text.startswith("--") and text.isascii() else ""
        return text in spec.listens or any("-" + char in spec.listens for char in short[:8])

    def _option(self, position: int, spec: Spec, name: str, out: list[Hit]) -> int:
        """Reads the option at `position` with its value; gives the index behind both."""
        word = self.words[position]
        text = word.text
        option, equals, value = text.partition("=")
        option = option.lstrip(HOLE)
        known = option if option in spec.options or option in spec.values else option.lower()
        if known in spec.options:
            if equals:
                out += self._taken(spec.options[known], value, word.end - len(value), spec, option, "option")
                return position + 1
            return self._next(position, spec.options[known], spec, option, out)
        if known in spec.values:
            out += in_word(word)
            return position + 1 if equals else self._next(position, "", spec, option, out)
        label = option.lstrip("-")
        if len(label) > 1 and (is_port_name(label) or is_address_name(label)):
            said = name_words(label)
            kind = "port" if is_port_name(label) else "address" if said[-1] == "listen" else "host"
            if kind == "host" and not targets().isdisjoint(said) and own_words().isdisjoint(said):
                kind = "remote"
            if equals:
                out += self._taken(kind, value, word.end - len(value), spec, option, "option")
                return position + 1
            if position + 1 < len(self.words) and not self.words[position + 1].text.startswith("-"):
                following = self.words[position + 1]
                found = list(self._kind(kind, following.text, following.start, spec, option, "option"))
                if found:
                    out += found
                    return position + 2
        if not text.startswith("--") and (behind := self._cluster(position, spec, out)):
            return behind
        out += in_word(word)
        return position + 1

    def _cluster(self, position: int, spec: Spec, out: list[Hit]) -> int | None:
        """`-p8000`, `-zvp 8000`, `-ti:8000`: one-letter options written together, the last with its value."""
        word = self.words[position]
        for index, char in enumerate(word.text[1:20], 1):
            option = "-" + char
            if option not in spec.options and option not in spec.values:
                if not char.isalnum():
                    return None
                continue
            kind = spec.options.get(option, "")
            start = index + 1 + word.text[index + 1 : index + 2].count("=")
            if start < len(word.text):
                out += self._taken(kind, word.text[start:], word.start + start, spec, option, "option")
                return position + 1
            return self._next(position, kind, spec, option, out)
        return None

    def _next(self, position: int, kind: str, spec: Spec, option: str, out: list[Hit]) -> int:
        if position + 1 >= len(self.words):
            return position + 1
        value = self.words[position + 1]
        if kind == "lsof" and value.text.startswith("-"):
            return position + 1
        out += self._taken(kind, value.text, value.start, spec, option, "option")
        return position + 2

    def _taken(self, kind: str, text: str, start: int, spec: Spec, option: str, form: str) -> list[Hit]:
        """The ports of a value of that kind; where it has none, those of any text."""
        if kind == "none":
            return []
        found = list(self._kind(kind, text, start, spec, option, form)) if kind else []
        return found or ([] if kind == "image" else list(in_word(Word(start, start + len(text), text))))

    def _kind(self, kind: str, text: str, start: int, spec: Spec, option: str, form: str) -> Iterator[Hit]:
        if kind == "script":
            yield from self._script(text, start)
            return
        label = option.lstrip("-")
        name = spec.name or (label if is_port_name(label) else None)
        for hit in KINDS[kind](text):
            bare = hit.form in ("value", "item")
            yield hit._replace(
                start=hit.start + start,
                end=hit.end + start,
                role=hit.role if hit.role is not Role.SETTING and bare else _role(hit, spec.role, kind),
                form=form if bare else hit.form,
                name=hit.name if hit.name not in (None, "port", "address") else name,
            )

    def _script(self, text: str, start: int) -> Iterator[Hit]:
        if self.depth >= _DEEPEST:
            yield from in_word(Word(start, start + len(text), text))
            return
        for hit in _in_text(text, self.depth + 1):
            yield moved(hit, start)

    def _test(self, position: int) -> Iterator[Hit]:
        """`[ "$port" -eq 8000 ]`: the numbers compared with a variable that says port."""
        words = self.words
        for index in range(position, len(words)):
            yield from in_word(words[index])
            if words[index].text not in _COMPARISONS or index + 1 >= len(words):
                continue
            for one, other in ((words[index - 1], words[index + 1]), (words[index + 1], words[index - 1])):
                variable, value = _VARIABLE.search(other.text), one.text
                if not (variable and is_port_name(variable[1]) and _NUMBER.fullmatch(value) and is_port(int(value))):
                    continue
                if words[index].text not in ORDERINGS or int(value) not in BOUNDS:
                    yield Hit(
                        start=one.start,
                        end=one.start + len(value),
                        port=int(value),
                        form="comparison",
                        name=variable[1],
                    )


def _role(hit: Hit, role: Role | None, kind: str) -> Role:
    if hit.role in (Role.PUBLISH, Role.CONTAINER, Role.FALLBACK) or kind in OWN_ROLES:
        return hit.role
    return role or hit.role


def _ordered(hits: Sequence[Hit] | Iterator[Hit]) -> list[Hit]:
    """By place, none overlapping another; where two start at one place, the first found stays."""
    out: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: hit.start):
        if not out or hit.start >= out[-1].end:
            out.append(hit)
    return out
