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
    movable: tuple[str, ...] = ()
    """those of them, this one included, that somebody outside can set: the user of a stack or of an image"""


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
    movable: tuple[str, ...] = ()
    """those of them that somebody outside can set"""

    @property
    def known(self) -> str | None:
        """The text, where all of it is known."""
        return None if HOLE in self.text else self.text


def evaluated(text: Text, environment: Environment) -> Word:
    """What a text comes to: POSIX.1-2017, Shell Command Language, 2.6.2; Compose specification, "Interpolation".

    A variable that is not set and has no fallback is empty, as in a shell.
    """
    variables: dict[str, bool] = {}
    shown = _joined(text.parts, environment, variables)
    return Word(shown, text, tuple(variables), tuple(name for name, movable in variables.items() if movable))


def _joined(parts: tuple[Part, ...], environment: Environment, variables: dict[str, bool]) -> str:
    return "".join(_piece(part, environment, variables) for part in parts)


def _piece(part: Part, environment: Environment, variables: dict[str, bool]) -> str:
    """What a part comes to. variables: takes in those that decide it, and whether somebody outside can set them."""
    if part.hidden:
        return HOLE
    if part.variable is None:
        return part.text
    found = environment.value(part.variable, part.scope)
    variables[part.variable] = part.variable in found.movable
    if found.state is State.UNKNOWN:
        return HOLE
    if found.state is State.SET and (found.text or part.fallback is None):
        variables.update((name, name in found.movable) for name in found.variables)
        return found.text
    return "" if part.fallback is None else _joined(part.fallback, environment, variables)
