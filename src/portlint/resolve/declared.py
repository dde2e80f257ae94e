"""Without a registry: the ports that the repository itself gives to its variables in env and compose files."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from portlint.knowledge.formats import SETS_VARIABLES
from portlint.knowledge.identifiers import is_port_name, words
from portlint.model import Match, PortLiteral, Verdict
from portlint.resolve.entries import generic_words

Key = tuple[frozenset[str], int]


class Declared:
    """Knows which variable a literal repeats: `API_PORT=8000` in an env file and `api_port = 8000` in Python.

    Only a name that says the same service as the variable counts, and only the same number: a registry could tell
    that a number is wrong, but two files that differ cannot tell which one is.
    """

    def __init__(self, literals: Iterable[PortLiteral], ports: AbstractSet[int]) -> None:
        """ports: those that are asked about."""
        self._known: dict[Key, PortLiteral] = {}
        for literal in literals:
            variable = literal.variable
            if literal.port not in ports or variable is None or literal.prose or literal.end_port is not None:
                continue
            if literal.format not in SETS_VARIABLES:
                continue
            key = _service(variable)
            if key and is_port_name(variable) and literal.valid:
                self._known.setdefault((key, literal.port), literal)

    def noted(self, match: Match) -> Match:
        """The match with the place that declares its port, where there is one."""
        literal = match.literal
        if match.verdict is not Verdict.UNKNOWN or literal.variable is not None or not self._known:
            return match
        for name in (literal.name, literal.service):
            declared = self._known.get((_service(name), literal.port)) if name else None
            if declared is not None:
                return replace(match, declared=declared)
        return match


def _service(identifier: str) -> frozenset[str]:
    return frozenset(words(identifier)) - generic_words()
