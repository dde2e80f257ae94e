"""The tokens of JavaScript and TypeScript (JSX too), with offsets.

Template strings are given behind the tokens of their holes, so that one pass sees both. Never fails: what does not
close is punctuation. In JSX text, a URL is a string, though its `//` looks like a comment.

Source: ECMAScript 2025, 12 Lexical Grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.syntax.interpolation import HOLE

_TOKEN = regex(
    r"[ \t\r\f\v\xa0]*+(?:"
    r"([A-Za-z_$@#\x80-\xff][\w$\x80-\xff]*)"  # 1 names, the most frequent
    r"|(\n)"  # 2
    r"|(//[^\n]*|/\*)"  # 3 comments
    r"|(0[xXbBoO][0-9A-Fa-f_]+n?|[0-9][0-9_]*(?:\.[0-9_]+)?(?:[eE][+-]?[0-9]+)?[A-Za-z]*|\.[0-9]+)"  # 4 numbers
    r"|(\"(?:[^\"\\\n]|\\[\s\S])*\"|'(?:[^'\\\n]|\\[\s\S])*')"  # 5 strings
    r"|(`)"  # 6
    r"|(=>|\.\.\.|===|!==|==|!=|<=|>=|\|\||\?\?|&&|\?\.(?![0-9])|[-+*%&|^]=|\?:|[\s\S])"  # 7 signs
    r")"
)
_REGEX = regex(r"/(?:[^/\\\n\[]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n]){0,500}\]){1,2000}/[a-z]{0,8}")
_CHUNK = regex(r"[`\\]|\$\{")
_URL_TEXT = regex(r"//[^\s<>\"'`{}()]{1,2000}")
_BEFORE_REGEX = frozenset(
    {"return", "typeof", "case", "in", "of", "delete", "void", "instanceof", "new", "throw", "await", "yield"}
)
_DEEPEST_TEMPLATE = 8
STATEMENTS = frozenset(
    {"const", "let", "var", "return", "if", "export", "import", "function", "class", "case", "for", "while", "throw",
     "switch", "else", "async", "type", "interface", "public", "private", "protected", "readonly", "static", "declare"}
)  # fmt: skip
"""words with which a statement or a declaration begins"""


class Token(Struct, frozen=True, gc=False):
    """kind: name, number, string, sign, comment. start, end: 0-based indexes; of a string without its quotes."""

    kind: str
    start: int
    end: int
    text: str
    """of a string: its text with escapes and template holes as HOLE characters, in the same length"""
    fresh: bool = False
    """it is the first on its line"""


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, in order; a template string stands behind its holes' tokens."""
    position = 0
    before: Token | None = None
    fresh = True
    templates: list[tuple[int, list[str], int]] = []
    depth = 0
    while (match := _TOKEN.match(text, position)) is not None:
        group = match.lastindex
        assert group is not None
        start, position = match.span(group)
        found = match[group]
        if group == 1:
            token = Token("name", start, position, found, fresh)
        elif group == 2:
            fresh = True
            continue
        elif group == 3:
            if start and text[start - 1] == ":" and found != "/*" and (url := _URL_TEXT.match(text, start)):
                scheme = before.start if before is not None and before.kind == "name" else start
                position = url.end()
                token = Token("string", scheme, position, text[scheme:position], fresh)
            else:
                if found == "/*":
                    close = text.find("*/", position)
                    position = len(text) if close < 0 else close + 2
                yield Token("comment", start, position, text[start:position], fresh)
                continue
        elif group == 4:
            token = Token("number", start, position, found, fresh)
        elif group == 5:
            token = Token("string", start + 1, position - 1, unescaped(found[1:-1]), fresh)
        elif group == 6:
            opened = _chunk(text, position, position, [])
            if opened is None:
                token = Token("sign", start, position, "`", fresh)
            else:
                token, position = _resume(opened, templates, depth, fresh)
        elif found == "/" and _opens_regex(before) and (regex := _REGEX.match(text, start)):
            position = regex.end()
            token = Token("regex", start, position, regex[0], fresh)
        elif found == "}" and templates and templates[-1][2] == depth:
            yield Token("sign", start, position, "}", fresh)
            begun, pieces, _ = templates.pop()
            pieces.append(HOLE * (position - begun - sum(map(len, pieces))))
            opened = _chunk(text, begun, position, pieces)
            if opened is None:
                continue
            token, position = _resume(opened, templates, depth, fresh)
        else:
            if found == "{":
                depth += 1
            elif found == "}":
                depth = max(depth - 1, 0)
            token = Token("sign", start, position, found, fresh)
        fresh = False
        before = token
        yield token


def _chunk(text: str, begun: int, position: int, pieces: list[str]) -> tuple[int, int, list[str], bool] | None:
    """The text of a template up to its end or its next hole: start, position, pieces, whether it ends there."""
    while (stop := _CHUNK.search(text, position)) is not None:
        pieces.append(text[position : stop.start()])
        if stop[0] == "`":
            return begun, stop.end(), pieces, True
        if stop[0] == "${":
            pieces.append(HOLE * 2)
            return begun, stop.end(), pieces, False
        pieces.append(HOLE + text[stop.end() : stop.end() + 1])
        position = stop.end() + 1
    return None


def _resume(
    opened: tuple[int, int, list[str], bool], templates: list[tuple[int, list[str], int]], depth: int, fresh: bool
) -> tuple[Token, int]:
    begun, position, pieces, ends = opened
    if ends:
        shown = "".join(pieces) if len(templates) < _DEEPEST_TEMPLATE else ""
        return Token("string", begun, begun + len(shown), shown, fresh), position
    templates.append((begun, pieces, depth))
    return Token("sign", position - 2, position, "${", fresh), position


def _opens_regex(before: Token | None) -> bool:
    if before is None:
        return True
    if before.kind == "name":
        return before.text in _BEFORE_REGEX
    return before.kind == "sign" and before.text not in (")", "]", "}")


_ESCAPE = regex(r"\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[\s\S])")


def unescaped(text: str) -> str:
    """A string with its escapes read, in the same length."""
    return _ESCAPE.sub(_read, text) if "\\" in text else text


def _read(match: re.Match[str]) -> str:
    sign = match[0][1]
    if len(match[0]) > 2 or sign == "\n":
        return HOLE * len(match[0])
    return " " + {"n": "\n", "r": " ", "t": " "}[sign] if sign in "nrt" else HOLE + sign
