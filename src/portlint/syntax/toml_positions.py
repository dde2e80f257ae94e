"""On which line a TOML file writes each of its keys: tomllib gives the values, but no places.

A scan over the tokens, linear in the length of the text. It needs no valid document: it stops where it understands
no more. It runs before tomllib, which must not see a key of thousands of parts: it stores every prefix of a dotted
key, so that 50,000 parts take all memory.

Source: TOML 1.0.0, https://toml.io/en/v1.0.0#keys
"""

from __future__ import annotations

import re

from portlint.algorithms.lazy_regex import regex

MAX_PARTS = 32
"""of a dotted key or a table's name"""

_TOKEN = regex(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}'
    r"|'''(?:[^']|'(?!''))*+'{3,5}"
    r'|"(?!"")(?:[^"\\\n]|\\.)*+"'
    r"|'(?!'')[^'\n]*+'"
    r"|#[^\n]*+"
    r"|[A-Za-z0-9_-]++"
    r"|[][{}=,.\n\"']",
    re.DOTALL,
)

Key = tuple[str, ...]


class TooManyParts(Exception):  # noqa: N818
    """A key has more than MAX_PARTS parts."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}: a key of more than {MAX_PARTS} parts")
        self.line = line


def key_lines(text: str) -> dict[Key, int]:
    """The 1-based line of each key and table, by its full route: `("tool", "portlint", "jobs")`.

    The first place counts where a route comes twice (an array of tables). Escapes in quoted keys are left as they
    are written. Raises TooManyParts.
    """
    return _Scan().run(text)


class _Scan:
    """Reads token by token; it is either inside a key, inside a table's header, or inside a value."""

    def __init__(self) -> None:
        self._lines: dict[Key, int] = {}
        self._line = 1
        self._header: Key = ()
        self._open: list[Key | None] = []
        """the brackets that are open in a value: the route of an inline table, None for an array"""
        self._route: Key = ()
        """of the value that is being read"""
        self._parts: list[str] = []
        self._in = "key"

    def run(self, text: str) -> dict[Key, int]:
        for match in _TOKEN.finditer(text):
            token = match[0]
            if token in ('"', "'"):
                break  # a string without an end
            if token == "\n":
                self._end_of_line()
            elif token[0] != "#":
                if self._in == "value":
                    self._value(token)
                else:
                    self._key(token)
            self._line += token.count("\n")
        return self._lines

    def _end_of_line(self) -> None:
        if not self._open:
            self._in, self._parts = "key", []

    def _key(self, token: str) -> None:
        if token == "[" and not self._parts:
            self._in = "header"
        elif token == "]" and self._in == "header":
            if self._parts:
                self._header = tuple(self._parts)
                self._note(self._header)
        elif token == "=" and self._in == "key":
            outer = next((route for route in reversed(self._open) if route is not None), self._header)
            self._route = outer + tuple(self._parts)
            self._note(self._route)
            self._in = "value"
        elif token in "}," and self._open:
            self._value(token)
        elif token not in "[]{}=,.":
            self._parts.append(token.strip("\"'") if token[0] in "\"'" else token)
            if len(self._parts) > MAX_PARTS:
                raise TooManyParts(self._line)

    def _value(self, token: str) -> None:
        if token == "{":
            self._open.append(self._route)
            self._in, self._parts = "key", []
        elif token == "[":
            self._open.append(None)
        elif token in "]}":
            if self._open:
                self._open.pop()
            self._in = "value"
        elif token == "," and self._open and self._open[-1] is not None:
            self._in, self._parts = "key", []

    def _note(self, route: Key) -> None:
        for end in range(1, len(route) + 1):
            self._lines.setdefault(route[:end], self._line)
