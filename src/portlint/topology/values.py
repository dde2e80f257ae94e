"""Texts under an environment: what a word or a value comes to, and which variables it came through."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from msgspec import Struct

from portlint.model.programs import Part, Scope, Text

HOLE = "\x00"
"""stands in an evaluated text for what is not known; NUL cannot stand in a word of a command"""


class State(Enum):
    """What is known of a variable."""

    SET = "set"
    UNSET = "unset"
    UNKNOWN = "unknown"
    """it may be set: by an env file that is not in the repository, by a value that is hidden"""


class Value(Struct, frozen=True):
    """A variable's value in one environment."""

    state: State
    text: str = ""
    """where it is set; HOLE stands for what of it is not known"""
    variables: tuple[str, ...] = ()
    """the variables that the value itself came through"""


UNSET = Value(State.UNSET)
UNKNOWN = Value(State.UNKNOWN)


class Environment(Protocol):
    """Where variables are looked up."""

    def value(self, variable: str, scope: Scope) -> Value:
        """What a variable is where the scope is read."""


class Word(Struct, frozen=True):
    """An evaluated text."""

    text: str
    """HOLE stands for each piece that is not known"""
    source: Text
    variables: tuple[str, ...] = ()
    """the variables that decide it: those that are set, and those whose fallback counts"""

    @property
    def known(self) -> str | None:
        """The text, where all of it is known."""
        return None if HOLE in self.text else self.text


def evaluated(text: Text, environment: Environment) -> Word:
    """What a text comes to: POSIX.1-2017, Shell Command Language, 2.6.2; Compose specification, "Interpolation".

    A variable that is not set and has no fallback is empty, as in a shell.
    """
    variables: dict[str, None] = {}
    return Word(_joined(text.parts, environment, variables), text, tuple(variables))


def _joined(parts: tuple[Part, ...], environment: Environment, variables: dict[str, None]) -> str:
    return "".join(_piece(part, environment, variables) for part in parts)


def _piece(part: Part, environment: Environment, variables: dict[str, None]) -> str:
    if part.hidden:
        return HOLE
    if part.variable is None:
        return part.text
    variables[part.variable] = None
    found = environment.value(part.variable, part.scope)
    if found.state is State.UNKNOWN:
        return HOLE
    if found.state is State.SET and (found.text or part.fallback is None):
        variables.update(dict.fromkeys(found.variables))
        return found.text
    return "" if part.fallback is None else _joined(part.fallback, environment, variables)
