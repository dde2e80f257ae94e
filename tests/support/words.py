"""Commands as the extract stage gives them, and an environment of a dictionary: for tests of the topology."""

from __future__ import annotations

from collections.abc import Mapping

from portlint.extract.scan.programs import shell_commands
from portlint.model import Source
from portlint.model.programs import Command, Scope
from portlint.topology.values import UNKNOWN, UNSET, State, Value


def commands(text: str) -> tuple[Command, ...]:
    """The commands of a shell text."""
    return shell_commands(Source.of("start.sh", text.encode()), 0, len(text.encode()))


class Variables:
    """An environment. given: variables and their values; None: not known."""

    def __init__(self, given: Mapping[str, str | None] | None = None) -> None:
        self._given = given or {}

    def value(self, variable: str, scope: Scope) -> Value:
        if variable not in self._given:
            return UNSET
        text = self._given[variable]
        return UNKNOWN if text is None else Value(State.SET, text)
