"""TOML with positions: the values, headers and comments of any file, and the line of each key.

One pass, no recursion. What is no TOML is told, and the rest is read all the same. tomllib gives the values of a whole
document, but no places; it is asked behind a scan alone, since it stores every prefix of a dotted key, so that one of
50,000 parts takes all memory.

Source: TOML 1.0.0, https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex

MAX_PARTS = 32
"""of a key with the table around it; of a longer one the last parts are kept, which tell what its value is"""
DEEPEST = 100
"""arrays and inline tables in one another"""

_TOKEN = regex(
    r"(?P<space>[ \t]+)|(?P<newline>\r\n|\n|\r)|(?P<comment>#[^\r\n]*)"
    r"|(?P<long>\"\"\"|''')|(?P<string>\"(?:[^\"\\\r\n]|\\[^\r\n])*+\"|'[^'\r\n]*+')|(?P<sign>[\[\]{},=])"
    r"|(?P<bare>[^\s\[\]{},=#\"']+)|(?P<other>.)",
    re.DOTALL,
)
_REST = regex(r"[^\r\n]*")
_BOM = "\xef\xbb\xbf"
_MOST_QUOTES = 2
"""quotes of a long string that may stand before those that end it"""

Route = tuple[str, ...]
"""the parts of a key, those of its table before them; quoted parts as they are written"""


class Value(Struct, frozen=True):
    """A value. start, end: indexes of its text, quotes left out."""

    path: Route
    start: int
    end: int
    quoted: bool
    array: int | None = None
    """index of the array it is an item of, counted over the file; None outside arrays"""


class Document(Struct):
    """What a text holds, in order. All positions are indexes into the text."""

    values: list[Value] = field(default_factory=list)
    headers: list[Value] = field(default_factory=list)
    """the quoted parts of `[table]` and `[[table]]`; path: the parts before them"""
    keys: list[tuple[Route, int]] = field(default_factory=list)
    """each key and table, and where it ends"""
    comments: list[tuple[int, int]] = field(default_factory=list)
    fault: tuple[int, str] | None = None
    """the first place that is no TOML, and why"""
    too_many_parts: int | None = None
    """where the first key of more than MAX_PARTS stands"""
    too_deep: int | None = None
    """where more than DEEPEST are nested, and the scan ends"""


class TooManyParts(ValueError):  # noqa: N818
    """A key has more than MAX_PARTS parts. line: 1-based."""

    def __init__(self, line: int) -> None:
        super().__init__(f"a key of more than {MAX_PARTS} parts")
        self.line = line


class TooDeep(ValueError):  # noqa: N818
    """More than DEEPEST arrays and inline tables are nested."""

    def __init__(self) -> None:
        super().__init__("nested too deeply")


def scan(text: str) -> Document:
    """What a TOML text holds. text: decoded, or one character for each byte; a byte order mark may come first."""
    scanner = _Scanner(text)
    scanner.run()
    return scanner.found


def load(text: str) -> tuple[dict[str, Any], dict[Route, int]]:
    """The values of a document, as tomllib has them, and its `key_lines`.

    Raises TooManyParts, TooDeep and tomllib.TOMLDecodeError, each of which is a ValueError.
    """
    import tomllib  # 3 ms, which most runs do not pay

    lines = key_lines(text)
    try:
        return tomllib.loads(text), lines
    except RecursionError:
        raise TooDeep from None


def key_lines(text: str) -> dict[Route, int]:
    """The 1-based line of each key and table, by its full route: `("tool", "portlint", "jobs")`.

    The first place counts where a route comes twice (an array of tables). Raises TooManyParts and TooDeep. What stands
    behind a mistake is not looked at: tomllib does not reach it.
    """
    found = scan(text)
    understood = len(text) if found.fault is None else found.fault[0]
    if found.too_many_parts is not None and found.too_many_parts <= understood:
        raise TooManyParts(text.count("\n", 0, found.too_many_parts) + 1)
    if found.too_deep is not None and found.too_deep <= understood:
        raise TooDeep
    lines: dict[Route, int] = {}
    line, position = 1, 0
    for route, end in found.keys:
        if end > understood:
            break
        line += text.count("\n", position, end)
        position = end
        for length in range(1, len(route) + 1):
            lines.setdefault(route[:length], line)
    return lines


class _Frame(Struct):
    """An open array or inline table."""

    kind: str
    path: Route
    number: int


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found = Document()
        self._table: Route = ()
        self._frames: list[_Frame] = []
        self._arrays = 0
        self._key: list[str] = []
        """the parts of the key that is being read"""
        self._route: Route = ()
        """of the value that is being read"""
        self._expects_key = True
        self._unclosed = 0
        """up to where a quotation mark closes no string: the end of a line on which one is open"""

    def run(self) -> None:
        position, end = len(_BOM) if self.text.startswith(_BOM) else 0, len(self.text)
        while position < end:
            if position < self._unclosed and self.text[position] == '"':
                position += 1
                continue
            token = _TOKEN.match(self.text, position)
            if token is None:
                return
            position = token.end()
            match token.lastgroup:
                case "comment":
                    self.found.comments.append(token.span())
                case "newline":
                    if not self._frames:
                        self._end_of_statement(token.start())
                case "string":
                    self._word(token.start() + 1, token.end() - 1, quoted=True)
                case "long":
                    position = self._long(token[0], token.end())
                case "bare":
                    self._word(token.start(), token.end(), quoted=False)
                case "sign":
                    if len(self._frames) >= DEEPEST and token[0] in "[{":
                        self._fault(token.start(), f"values nested deeper than {DEEPEST}")
                        self.found.too_deep = token.start()
                        return
                    position = self._sign(token[0], position)
                case "other":
                    self._fault(token.start(), "a quote that is not closed on its line")
                    if token[0] == '"' and (rest := _REST.match(self.text, position)):
                        self._unclosed = rest.end()
        if self._frames:
            self._fault(end, f"unexpected end of file, an {self._frames[-1].kind} is open")
        self._end_of_statement(end)

    def _long(self, quote: str, start: int) -> int:
        stop = self.text.find(quote, start)
        while stop > 0 and quote == '"""' and self._escaped(stop):
            stop = self.text.find(quote, stop + 1)
        if stop < 0:
            self._fault(start - 3, "unexpected end of file, a string is open")
            stop = len(self.text)
        for _ in range(_MOST_QUOTES):
            stop += self.text.startswith(quote[0], stop + 3)
        self._word(start, stop, quoted=True)
        return stop + 3

    def _escaped(self, position: int) -> bool:
        count = 0
        while count < position and self.text[position - count - 1] == "\\":
            count += 1
        return count % 2 == 1

    def _word(self, start: int, end: int, *, quoted: bool) -> None:
        if self._expects_key:
            text = self.text[start:end]
            self._key += [text] if quoted else [part for part in text.split(".") if part]
            if len(self._key) > MAX_PARTS:
                self._shorten(self._key, start)
        else:
            frame = self._frames[-1] if self._frames else None
            is_item = frame is not None and frame.kind == "array"
            path, number = (frame.path, frame.number) if frame is not None and is_item else (self._route, None)
            self.found.values.append(Value(path, start, end, quoted, number))

    def _shorten(self, parts: list[str], position: int) -> None:
        if self.found.too_many_parts is None:
            self.found.too_many_parts = position
        del parts[:-MAX_PARTS]

    def _base(self) -> Route:
        return self._frames[-1].path if self._frames else self._table

    def _sign(self, sign: str, position: int) -> int:
        if self._expects_key and sign == "[" and not self._frames and not self._key:
            return self._header(position)
        frame = self._frames[-1] if self._frames else None
        match sign:
            case "=":
                if not self._expects_key or not self._key:
                    self._fault(position - 1, 'unexpected "="')
                self._set_route(position)
            case "," if frame is not None:
                if frame.kind == "table":
                    self._key, self._expects_key = [], True
            case "[" | "{" if not self._expects_key:
                self._arrays += 1
                inner = frame.path if frame and frame.kind == "array" else self._route
                self._frames.append(_Frame("array" if sign == "[" else "table", inner, self._arrays))
                self._key, self._expects_key = [], sign == "{"
            case "]" | "}" if frame is not None and frame.kind == ("array" if sign == "]" else "table"):
                self._frames.pop()
                self._key, self._route, self._expects_key = [], self._base(), False
            case _:
                self._fault(position - 1, f'unexpected "{sign}"')
        return position

    def _set_route(self, position: int) -> None:
        route = [*self._base(), *self._key]
        if len(route) > MAX_PARTS:
            self._shorten(route, position - 1)
        self._route = tuple(route)
        if self._expects_key and self._key:
            self.found.keys.append((self._route, position))
        self._expects_key = False

    def _header(self, position: int) -> int:
        """`[table.name]` or `[[array.of.tables]]`: a line of its own."""
        stop = self.text.find("\n", position)
        stop = len(self.text) if stop < 0 else stop
        parts: list[str] = []
        while position < stop and (token := _TOKEN.match(self.text, position, stop)) is not None:
            if token.lastgroup == "comment":
                break
            if token.lastgroup == "string":
                self.found.headers.append(Value(tuple(parts), token.start() + 1, token.end() - 1, True))
                parts.append(token[0][1:-1])
            elif token.lastgroup == "bare":
                parts += [part for part in token[0].split(".") if part]
            elif token[0] == "=":
                self._fault(token.start(), 'unexpected "="')
                break
            if len(parts) > MAX_PARTS:
                self._shorten(parts, token.start())
            position = token.end()
        self._table = tuple(parts)
        if parts:
            self.found.keys.append((self._table, position))
        return position

    def _end_of_statement(self, position: int) -> None:
        if self._expects_key and self._key:
            self._fault(position - 1, 'a key without "="')
        self._key, self._expects_key = [], True

    def _fault(self, position: int, reason: str) -> None:
        if self.found.fault is None:
            self.found.fault = max(0, min(position, len(self.text) - 1)), reason
