"""Commands as the extract stage gives them, and an environment of a dictionary: for tests of the topology."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portlint.extract.scan.programs import shell_commands
from portlint.model import Source
from portlint.model.programs import Bind, Command, Part, Scope, Script, Text
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


def written(text: Text | None) -> str:
    """A text in one word: `${X:-1}` is a variable, `$(--port:-1)` an option, `?` what is hidden, `-` None."""
    return "-" if text is None else "".join(map(_part, text.parts))


def _part(part: Part) -> str:
    if part.hidden:
        return "?"
    if part.variable is None:
        return part.text
    fallback = "" if part.fallback is None else ":-" + "".join(map(_part, part.fallback))
    opening, closing = ("$(", ")") if part.scope is Scope.OPTION else ("${", "}")
    return f"{opening}{part.variable}{fallback}{closing}"


def listening(bind: Bind) -> str:
    """A place that begins to listen, in a line: what by, port, host where it is written, function."""
    out = [bind.by, written(bind.port)]
    out += [f"at {written(bind.host)}"] if bind.host is not None else []
    out += [f"in {bind.function}"] if bind.function else []
    return " ".join(out)


def running(scripts: Iterable[Script]) -> list[str]:
    """Each script in a line: its name, and its commands behind `|`, words that are not kept as `?`."""
    return [" | ".join([s.name, *(" ".join(map(written, c.words)) for c in s.commands)]) for s in scripts]
