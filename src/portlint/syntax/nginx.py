"""A linear lexer for nginx configuration, with positions.

It follows `ngx_conf_read_token` in nginx's `src/core/ngx_conf_file.c`: a token ends at white space, `;` or `{`; quotes
and `#` mean something only where a token begins; a backslash takes the next character along; `${` opens no block. Where
nginx refuses a file, the rest is read all the same and the fault is told. Beyond nginx: `{{ }}` and `{% %}` of a
template around the configuration, and the Lua code of OpenResty's `*_by_lua_block`
(https://github.com/openresty/lua-nginx-module).
"""

from __future__ import annotations

import re

from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex

DEEPEST = 100
"""nested blocks"""

_SPACE = regex(r"[ \t\r\n\v\f]*")
_PLAIN = regex(r"[^ \t\r\n\v\f;{}\\$]+")
_EXPANSION = regex(r"\$\{(?:[^ \t\r\n\v\f;}]*\})?")
_QUOTED = {'"': regex(r'[^"\\{]+'), "'": regex(r"[^'\\{]+")}
_LINE = regex(r"[^\n]*")
_CONTROL = regex(
    r"\{\{[-~]?\s*(?:(?:if|else|end|range|with|define|template|block|include)\b|/\*|\$\w+(?:\s*,\s*\$\w+)?\s*:?=)",
    re.ASCII,
)
_LUA = regex(r"--\[(=*)\[|--[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|\[(=*)\[|[{}]", re.DOTALL)
_LUA_BLOCK = "_by_lua_block"
_TEMPLATES = {"{{": ("}}", "Jinja or Go template"), "{%": ("%}", "Jinja template"), "{#": ("#}", "Jinja template")}


class Token(Struct, frozen=True):
    """A word. start, end: indexes of its text without quotes, end exclusive."""

    start: int
    end: int


class Directive(Struct, frozen=True):
    """A directive, in the order of the file.

    parent: index of the directive whose block it stands in; None at the top. alternatives: a template's `{% if %}`
    stands between its arguments, so that several of them may be the first one.
    """

    name: Token
    args: tuple[Token, ...]
    parent: int | None
    block: bool
    alternatives: bool = False
    lua: Token | None = None
    """the code of a `*_by_lua_block`"""


class Configuration(Struct):
    """What the lexer saw."""

    directives: list[Directive] = field(default_factory=list)
    comments: list[Token] = field(default_factory=list)
    """each from its `#` to the end of the line"""
    faults: list[tuple[int, str]] = field(default_factory=list)
    """index and reason, of what nginx would refuse"""
    template: tuple[int, str] | None = None
    """index of the first piece of a template, and its kind"""


class _Lexer:
    __slots__ = ("alternatives", "blocks", "found", "open_until", "position", "text", "unclosed", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.found = Configuration()
        self.words: list[Token] = []
        self.alternatives = False
        self.blocks: list[int] = []
        self.open_until = 0
        """index before which no template that must end on its line does"""
        self.unclosed: set[str] = set()
        """quotes and template openings known to be without a closing from here on, so that no search is repeated"""

    def run(self) -> Configuration:
        text, end = self.text, len(self.text)
        while True:
            space = _SPACE.match(text, self.position)
            self.position = space.end() if space else end
            if self.position >= end or not self._step(text[self.position]):
                break
        if self.words:
            self._fault(self.words[0].start, 'unexpected end of file, expecting ";"')
            self._finish(block=False)
        elif self.blocks:
            self._fault(self.found.directives[self.blocks[-1]].name.start, 'unexpected end of file, expecting "}"')
        return self.found

    def _step(self, char: str) -> bool:
        """Read what begins here; False where nothing behind it can be read."""
        if char == "#":
            match = _LINE.match(self.text, self.position)
            stop = match.end() if match else self.position
            self.found.comments.append(Token(self.position, stop))
            self.position = stop
        elif char == ";":
            self.position += 1
            if self.words:
                self._finish(block=False)
        elif char == "}":
            return self._close()
        elif char == "{":
            return self._brace()
        elif char in _QUOTED and char not in self.unclosed:
            self._quoted(char)
        else:
            self._word()
        return True

    def _brace(self) -> bool:
        stop = self._template_end(self.position)
        if stop is None:
            return self._open()
        start, self.position = self.position, stop
        if self.text[start + 1] != "{" or _CONTROL.match(self.text, start):
            self.alternatives = bool(self.words)
        elif self.words or (stop < len(self.text) and self.text[stop] not in " \t\r\n"):
            self._word(start)
        return True

    def _open(self) -> bool:
        if not self.words:
            self._fault(self.position, 'unexpected "{"')
            self.words.append(Token(self.position, self.position))
        if len(self.blocks) >= DEEPEST:
            self._fault(self.position, f"blocks nested deeper than {DEEPEST}")
            self.words = []
            return False
        name = self.words[0]
        self.position += 1
        if self.text[name.start : name.end].endswith(_LUA_BLOCK):
            return self._lua()
        self._finish(block=True)
        self.blocks.append(len(self.found.directives) - 1)
        return True

    def _close(self) -> bool:
        if self.words:
            self._fault(self.words[0].start, 'directive is not terminated by ";"')
            self._finish(block=False)
        if self.blocks:
            self.blocks.pop()
        else:
            self._fault(self.position, 'unexpected "}"')
        self.position += 1
        return True

    def _finish(self, *, block: bool, lua: Token | None = None) -> None:
        self.found.directives.append(
            Directive(
                self.words[0],
                tuple(self.words[1:]),
                self.blocks[-1] if self.blocks else None,
                block,
                self.alternatives,
                lua,
            )
        )
        self.words, self.alternatives = [], False

    def _word(self, start: int | None = None) -> None:
        """A word without quotes; `start` lies before the position where a template's piece opens it."""
        text, end = self.text, len(self.text)
        begin = self.position if start is None else start
        while self.position < end:
            plain = _PLAIN.match(text, self.position)
            if plain:
                self.position = plain.end()
                continue
            char = text[self.position]
            if char == "\\":
                self.position = min(self.position + 2, end)
            elif char == "$":
                expansion = _EXPANSION.match(text, self.position)
                self.position = expansion.end() if expansion else self.position + 1
            elif char == "{":
                stop = self._template_end(self.position)
                if stop is None or text[self.position + 1] != "{" or _CONTROL.match(text, self.position):
                    break
                self.position = stop
            else:
                break
        self.words.append(Token(begin, self.position))

    def _quoted(self, quote: str) -> None:
        text, end = self.text, len(self.text)
        start = self.position + 1
        position = start
        while position < end:
            plain = _QUOTED[quote].match(text, position)
            if plain:
                position = plain.end()
                continue
            char = text[position]
            if char == quote:
                self.words.append(Token(start, position))
                self.position = position + 1
                return
            if char == "\\":
                position += 2
            else:
                # A template's own quotes close nothing: "{{ index .Env "HOST" }}:8080".
                stop = self._template_end(position, on_line=True) if text.startswith("{{", position) else None
                position = position + 1 if stop is None else stop
        self._fault(start - 1, "unterminated quote")
        # What stands behind it is read as if the quote were not there.
        self.unclosed.add(quote)
        self.position = start

    def _template_end(self, start: int, *, on_line: bool = False) -> int | None:
        """Index behind the piece of a template that opens at `start`; None where none does.

        on_line: it must end on its line. `server {# a comment` opens a block, and a quoted `{{` may be text.
        """
        opening = self.text[start : start + 2]
        if opening not in _TEMPLATES or opening in self.unclosed:
            return None
        closing, kind = _TEMPLATES[opening]
        if on_line or (opening == "{#" and self.words):
            if start < self.open_until:
                return None
            line = _LINE.match(self.text, start)
            end = line.end() if line else start
            found = self.text.find(closing, start + 2, end)
            if found < 0:
                self.open_until = end
                return None
        else:
            found = self.text.find(closing, start + 2)
            if found < 0:
                self.unclosed.add(opening)
                return None
        if self.found.template is None:
            self.found.template = (start, kind)
        return found + 2

    def _lua(self) -> bool:
        start, depth = self.position, 1
        position = start
        while (piece := _LUA.search(self.text, position)) is not None:
            position = piece.end()
            if piece[0] == "{":
                depth += 1
            elif piece[0] == "}":
                depth -= 1
                if depth == 0:
                    self._finish(block=False, lua=Token(start, piece.start()))
                    self.position = position
                    return True
            elif (level := piece[1] if piece[1] is not None else piece[2]) is not None:
                closing = self.text.find(f"]{level}]", position)
                if closing < 0:
                    break
                position = closing
        self._fault(start, 'unexpected end of the Lua block, expecting "}"')
        self._finish(block=False)
        return False

    def _fault(self, position: int, reason: str) -> None:
        self.found.faults.append((position, reason))


def lex(text: str) -> Configuration:
    """The directives, comments and faults of an nginx configuration, or of a piece of one."""
    return _Lexer(text).run()
