"""`$VAR`, `${VAR}`, `${VAR:-8000}` and their nested forms, as compose files, env files and shells write them.

Sources: Compose specification, "Interpolation"; POSIX.1-2017, Shell Command Language, 2.6.2 Parameter Expansion;
Spring Framework, "Property Placeholders", whose `${PORT:8080}` Logstash and others have too. (A shell's `${NAME:0:4}`
is a substring, no fallback.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex

HOLE = "\x00"
"""stands for each character of a part whose value is not known where it is written; NUL cannot stand in a text file"""
DEEPEST_VARIABLES: Final = 20
"""levels of `${A:-${B:-8000}}`"""

_DOLLAR = regex(r"\$(?:\$|\{|([A-Za-z_][A-Za-z0-9_]*))")
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = regex(r":?[-=?+]|:(?=[A-Za-z/\[]|[0-9]{2,5}$|[0-9]{1,3}\.[0-9])")


class Interpolation(Struct, frozen=True):
    """One variable in a text. All positions are 0-based indexes into that text, ends exclusive."""

    start: int
    end: int
    """from the `$` to behind the closing brace"""
    name_start: int
    variable: str
    operator: str
    """`:-`, `-`, `:=`, `=`, `:?`, `?`, `:+`, `+`, `:` (Spring's `${PORT:8080}`), or empty where there is none"""
    value_start: int
    value_end: int
    """the text behind the operator"""

    @property
    def has_fallback(self) -> bool:
        """Whether the text behind the operator is the value taken when the variable is unset (or empty)."""
        return self.operator in (":-", "-", ":=", "=", ":")

    @property
    def has_replacement(self) -> bool:
        """Whether the text behind the operator is the value taken when the variable is set."""
        return self.operator in (":+", "+")


def interpolations(text: str, start: int = 0, end: int | None = None) -> Iterator[Interpolation]:
    """The outermost variables of `text[start:end]`; scan `value_start` to `value_end` for the nested ones.

    `$$` is an escaped dollar for compose. What it escapes is expanded later, by the shell in the container
    (`$${PORT:-8093}`), and so is read all the same. An unclosed brace ends the scan of its line.
    """
    limit = len(text) if end is None else end
    position = start
    while (match := _DOLLAR.search(text, position, limit)) is not None:
        position = match.end()
        if match[0] == "$$":
            position -= 1
        elif match[1]:
            yield Interpolation(match.start(), match.end(), match.start() + 1, match[1], "", match.end(), match.end())
        else:
            close = _closing(text, match.end(), limit)
            if close is None:
                # Nothing on the rest of the line can be trusted; the next line can.
                position = text.find("\n", match.end(), limit)
                if position < 0:
                    return
                continue
            name = _NAME.match(text, match.end(), close)
            position = close + 1
            if name is None:
                continue
            operator = _OPERATOR.match(text, name.end(), close)
            behind = operator.end() if operator else name.end()
            found = operator[0] if operator else ""
            yield Interpolation(match.start(), close + 1, name.start(), name[0], found, behind, close)


def _closing(text: str, start: int, limit: int) -> int | None:
    """The index of the brace that closes the one before `start`, or None."""
    depth = 1
    for index in range(start, limit):
        char = text[index]
        if char == "{" and text[index - 1] == "$":
            depth += 1
            if depth > DEEPEST_VARIABLES:
                return None
        elif char == "}":
            depth -= 1
            if depth == 0:
                return index
        elif char == "\n":
            return None
    return None


def masked(text: str) -> str:
    """The text with each outermost variable replaced by holes of the same length."""
    out, position = [], 0
    for found in interpolations(text):
        out += [text[position : found.start], HOLE * (found.end - found.start)]
        position = found.end
    return "".join([*out, text[position:]]) if out else text
