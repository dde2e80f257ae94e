"""Command lines as shells read them: simple commands, their words, here-documents and comments, all with offsets.

It is a lexer, not a parser: `if`, `do` and `{` are words at the start of a command, and what runs when is not known.
A word's text has the length of its place in the file: a quote that is syntax, an escaping backslash and a command
substitution become HOLE characters, so that an index into the text is an offset. The commands of a substitution
(`$(...)`, backquotes) are given as commands of their own.

Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.3 Token Recognition, 2.6 Word Expansions, 2.7 Redirection.
"""

from __future__ import annotations

import re

from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex
from portlint.syntax.interpolation import HOLE

_BLANKS = r"[ \t\r\x00]*+(?:\\\r?\n[ \t\r\x00]*+)*+"
_BLANK = regex(_BLANKS)
_TOKEN = regex(
    _BLANKS + r"(?:"
    # 1 a whole word without quotes and the like, as most are; not a number before `>`, nor a name before `(`
    r"([^ \t\r\n;&|()<>'\"`\\$\x00#][^ \t\r\n;&|()<>'\"`\\$\x00]*+)(?=[ \t\r\n;&|)]|\Z)"
    r"|(\n)"  # 2
    r"|(#)"  # 3 a comment
    r"|([0-9]{0,2}(?:<<<|<<-?|<>|>>|>&|<&|>\||[<>](?!\())|&>>?)"  # 4 redirections
    r"|(;;&|;;|;&|&&|\|\||\|&|[;|()]|&(?!>))"  # 5 operators
    r"|([<>&])"  # 6 a sign that is neither
    r"|([\s\S])"  # 7 the first character of any other word
    r")"
)
_PLAIN = regex(r"[^ \t\r\n;&|()<>'\"`\\$\x00]+")
"""no class of blanks: the bytes 85 and A0 are parts of characters here"""
_HEREDOC_WORD = regex(r"[ \t]*(?:'([^'\n]{1,80})'|\"([^\"\n]{1,80})\"|\\?([A-Za-z0-9_.!%+-]{1,80}))")
_ARRAY_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]\s]{0,80}\])?\+?=$")
_STOP = regex(r"[\\'\"`()}]|\$[({]")
_DOUBLE_STOP = regex(r"[\\\"`]|\$[({]")
_DEEPEST = 12
_MOST_MISSING = 20
"""here-documents without an end, each of which is looked for to the end of the text"""


class Word(Struct, frozen=True):
    """One word. start, end: 0-based indexes of its text, outer quotes left out; the text has that length."""

    start: int
    end: int
    text: str
    quote: str = ""
    """the quote around the whole word"""


class HereDocument(Struct, frozen=True):
    """The body of a `<<EOF`. start, end: indexes of the lines between the delimiters."""

    start: int
    end: int
    command: int
    """index of the command that reads it, in the script's commands"""


class Command(Struct, frozen=True):
    """A simple command, or what stands at its place."""

    words: tuple[Word, ...]
    redirections: tuple[Word, ...] = ()
    """the targets of its redirections"""
    operator: str = ""
    """what ends it: `|`, `;`, `)`, a newline, ...; empty at the end of the text"""
    kind: str = ""
    """`array`: the first word is `name=`, the others are its items; `arithmetic`: its word is what `((...))` holds"""


class Script(Struct):
    commands: list[Command] = field(default_factory=list)
    heredocs: list[HereDocument] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    """start and end of each comment, from the `#`"""


def parse(text: str, *, comments: bool = True) -> Script:
    """The commands of a text, those of its command substitutions behind them. Never raises.

    comments: `#` opens a comment; False for text that is no script.
    """
    script = Script()
    work = [(0, len(text), 0)]
    while work:
        start, end, depth = work.pop()
        lexer = _Lexer(text, start, end, script, comments)
        lexer.run()
        if depth < _DEEPEST:
            work += [(s, e, depth + 1) for s, e in reversed(lexer.nested)]
    return script


class _Lexer:
    """One pass over `text[position:end]`."""

    def __init__(self, text: str, start: int, end: int, script: Script, comments: bool) -> None:
        self.text, self.position, self.end, self.script, self.comments = text, start, end, script, comments
        self.nested: list[tuple[int, int]] = []
        self.words: list[Word] = []
        self.redirections: list[Word] = []
        self.pending: list[tuple[str, bool]] = []
        self.unclosed: set[str] = set()
        self.missing = 0

    def run(self) -> None:
        text, end = self.text, self.end
        while (token := _TOKEN.match(text, self.position, end)) is not None:
            group = token.lastindex
            assert group is not None
            self.position, after = token.span(group)
            if group == 1:
                self.words.append(Word(self.position, after, token[1]))
                self.position = after
            elif group == 2:
                self._finish("\n")
                self.position = after
                if self.pending:
                    self._here_documents()
            elif group == 3 and self.comments:
                stop = text.find("\n", self.position, end)
                stop = end if stop < 0 else stop
                self.script.comments.append((self.position, stop))
                self.position = stop
            elif group == 4:
                self._redirection(token[4], after)
            elif group == 5:
                self._operator(token[5])
            elif group == 6:
                self.position = after
            else:
                word = self._word()
                if text.startswith("(", self.position) and not word.quote and _ARRAY_NAME.match(word.text):
                    self._array(word)
                else:
                    self.words.append(word)
        self._finish("")

    def _finish(self, operator: str, kind: str = "") -> None:
        if self.words or self.redirections:
            self.script.commands.append(Command(tuple(self.words), tuple(self.redirections), operator, kind))
        self.words, self.redirections = [], []

    def _operator(self, operator: str) -> None:
        if operator == "(" and not self.words and self.text.startswith("((", self.position):
            close = self.text.find("))", self.position, min(self.end, self.position + 1000))
            if close > 0 and self.text.find("\n", self.position, close) < 0:
                inner = self.position + 2
                self.words = [Word(inner, close, self.text[inner:close])]
                self._finish("))", "arithmetic")
                self.position = close + 2
                return
        self._finish(operator)
        self.position += len(operator)

    def _redirection(self, sign: str, after: int) -> None:
        self.position = after
        sign = sign.lstrip("0123456789")
        if sign in ("<<", "<<-"):
            delimiter = _HEREDOC_WORD.match(self.text, self.position, self.end)
            if delimiter:
                self.pending.append((delimiter[1] or delimiter[2] or delimiter[3], sign == "<<-"))
                self.position = delimiter.end()
            return
        blank = _BLANK.match(self.text, self.position, self.end)
        assert blank is not None
        self.position = blank.end()
        if self.position < self.end and self.text[self.position] not in "\n;&|()<>":
            self.redirections.append(self._word())

    def _here_documents(self) -> None:
        reader = len(self.script.commands) - 1
        for delimiter, tabs in self.pending:
            start = self.position
            pattern = r"^" + (r"\t*" if tabs else "") + re.escape(delimiter) + r"\r?$"
            if self.missing > _MOST_MISSING:
                break
            close = re.compile(pattern, re.MULTILINE).search(self.text, start, self.end)
            if close is None:
                self.missing += 1
                continue
            self.script.heredocs.append(HereDocument(start, close.start(), reader))
            self.position = close.end()
        self.pending = []

    def _array(self, name: Word) -> None:
        """`name=(...)`: a command of its own, beside the one it stands in (`local ports=(...)`)."""
        close = self._closing(self.position + 1, ")")
        if close is None:
            self.words.append(name)
            return
        inner = _Lexer(self.text, self.position + 1, close - 1, Script(), self.comments)
        inner.run()
        items = [word for command in inner.script.commands for word in command.words]
        self.nested += inner.nested
        self.script.comments += inner.script.comments
        self.script.commands.append(Command((name, *items), (), "", "array"))
        self.words.append(name)
        self.position = close

    def _word(self) -> Word:
        text, end, start = self.text, self.end, self.position
        pieces: list[str] = []
        position = start
        first_quote, segments = "", 0
        while position < end:
            plain = _PLAIN.match(text, position, end)
            if plain:
                pieces.append(plain[0])
                position = plain.end()
                segments += 1
                continue
            char = text[position]
            if char == HOLE:
                pieces.append(char)
                position += 1
                continue
            if char in " \t\r\n;&|()<>":
                break
            segments += 1
            if char == "'" and (close := self._single(position)) is not None:
                pieces.append(HOLE + text[position + 1 : close] + HOLE)
                first_quote, position = first_quote or "'", close + 1
            elif char == '"' and (after := self._closing(position + 1, '"')) is not None:
                pieces.append(HOLE + self._double(position + 1, after - 1) + HOLE)
                first_quote, position = first_quote or '"', after
            elif char == "\\":
                pieces.append(HOLE + text[position + 1 : position + 2])
                position += 2
            elif char in "$`" and (found := self._expansion(position)) is not None:
                pieces.append(found[1])
                position = found[0]
            else:
                pieces.append(char)
                position += 1
        position = min(position, end)
        self.position = position
        raw = "".join(pieces)[: position - start]
        if first_quote and segments == 1:
            return Word(start + 1, position - 1, raw[1:-1], first_quote)
        return Word(start, position, raw)

    def _single(self, position: int) -> int | None:
        if "'" in self.unclosed:
            return None
        close = self.text.find("'", position + 1, self.end)
        if close < 0:
            self.unclosed.add("'")
            return None
        return close

    def _double(self, start: int, end: int) -> str:
        """The text between double quotes, escapes and substitutions turned to holes."""
        text, pieces, position = self.text, [], start
        while position < end:
            stop = _DOUBLE_STOP.search(text, position, end)
            if stop is None:
                break
            pieces.append(text[position : stop.start()])
            position = stop.start()
            if text[position] == "\\":
                escaped = text[position + 1 : position + 2]
                pieces.append((HOLE if escaped in '"$`\\\n' else "\\") + escaped)
                position += 2
            elif (found := self._expansion(position)) is not None:
                pieces.append(found[1])
                position = found[0]
            else:
                pieces.append(text[position])
                position += 1
        pieces.append(text[position:end])
        return "".join(pieces)[: end - start]

    def _expansion(self, position: int) -> tuple[int, str] | None:
        """The end and the shown text of `$((...))`, `${...}`, `$(...)` or a backquoted command at `position`."""
        text = self.text
        if text[position] == "`":
            after = self._closing(position + 1, "`")
            inner = position + 1
        elif text.startswith("$(", position):
            after = self._closing(position + 2, ")")
            inner = position + 2
            if after is not None and text.startswith("((", position + 1) and text[after - 2] == ")":
                return after, text[position:after]
        elif text.startswith("${", position):
            after = self._closing(position + 2, "}")
            return None if after is None else (after, text[position:after])
        else:
            return None
        if after is None:
            return None
        self.nested.append((inner, after - 1))
        return after, HOLE * (after - position)

    def _closing(self, position: int, sign: str) -> int | None:
        """The index behind the sign that closes what was opened before `position`; None where nothing does."""
        if sign in self.unclosed:
            return None
        text, end = self.text, self.end
        stack = [sign]
        while True:
            top = stack[-1]
            stop = (_DOUBLE_STOP if top == '"' else _STOP).search(text, position, end)
            if stop is None:
                self.unclosed.add(sign)
                return None
            found = stop[0]
            position = stop.end()
            if found == "\\":
                position += 1
            elif found == top:
                stack.pop()
                if not stack:
                    return position
            elif found in ("$(", "${"):
                stack.append(")" if found == "$(" else "}")
            elif found in ('"', "`"):
                stack.append(found)
            elif found == "(" and top == ")":
                stack.append(")")
            elif found == "'" and top == ")":
                close = text.find("'", position, end)
                position = close + 1 if close >= 0 else position
            if len(stack) > 200:
                self.unclosed.add(sign)
                return None
