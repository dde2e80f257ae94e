"""Rules about variables that hold a port: PORT103, PORT105."""

from __future__ import annotations

from collections.abc import Iterator

from portlint.check.context import Context, elsewhere, finding_at, is_fallback, is_port_variable, replace_port_fix
from portlint.knowledge.identifiers import entry_vocabulary, words
from portlint.model import Facts, Finding, Match, Registry, Span, Verdict

_MOST_COMPARED = 50
"""registered variables that an unknown one is compared with, letter by letter"""


def fallback_mismatch(context: Context) -> Iterator[Finding]:
    """PORT103: the fallback of a registered variable differs from the registry."""
    for match in context.matches:
        entry, literal = match.entry, match.literal
        if match.verdict is not Verdict.MISMATCH or entry is None or match.by != "variable" or not is_fallback(literal):
            continue
        environment = match.environment if match.environment in entry.environments else None
        right = match.expected.start if match.expected else entry.default
        where = f" for {environment}" if environment is not None else ""
        other = elsewhere(entry, literal.ports, environment)
        yield finding_at(
            literal,
            "PORT103",
            f"the fallback of {literal.variable} is {literal.ports}, but the registry says {match.expected}{where}"
            + (f"; {literal.ports} is for {other}" if other else ""),
            help=f"write {right} as the fallback",
            entry=entry.name,
            related=(context.registry_says(entry, environment),),
            fix=replace_port_fix(literal, right),
        )


def unknown_port_variable(context: Context) -> Iterator[Finding]:
    """PORT105: a `*_PORT` variable that the registry does not know."""
    if context.registry is None:
        return
    names = _Names(context.registry)
    ports = {
        (m.literal.path, m.literal.variable): m for m in reversed(context.matches) if m.literal.variable is not None
    }
    for facts in context.asked_facts:
        if facts.path == context.registry.path:
            continue
        for variable, (span, subject) in _variables(facts).items():
            if names.knows(variable):
                continue
            match = ports.get((facts.path, variable))
            yield Finding(
                rule="PORT105",
                path=facts.path,
                span=span,
                message=f"{variable} is not in the registry" + _held(match),
                help=names.advice(variable),
                port=match.literal.port if match else None,
                subject=subject or variable,
            )


def _variables(facts: Facts) -> dict[str, tuple[Span, str]]:
    """The port variables of a file, each with its first place."""
    places = [(v.span, v.name, "") for v in facts.variables]
    places += [(r.span, r.variable, r.subject) for r in facts.references]
    out: dict[str, tuple[Span, str]] = {}
    for span, variable, subject in sorted(places):
        if variable not in out and is_port_variable(variable):
            out[variable] = (span, subject)
    for literal in facts.literals:
        if literal.variable is not None and not literal.prose and is_port_variable(literal.variable):
            out.setdefault(literal.variable, (literal.span, literal.subject))
    return out


def _held(match: Match | None) -> str:
    if match is None:
        return ""
    held = "falls back to" if is_fallback(match.literal) else "holds"
    return f"; it {held} {match.literal.ports} here"


class _Names:
    """The variables of the registry, and which of them somebody may have meant."""

    def __init__(self, registry: Registry) -> None:
        self._path = registry.path
        self._variables = {entry.env_var for entry in registry.entries if entry.env_var is not None}
        self._known = self._variables | {alias for entry in registry.entries for alias in entry.aliases}
        self._run_together = {_run_together(variable): variable for variable in sorted(self._variables)}
        self._by_word: dict[str, list[str]] = {}
        for variable in sorted(self._variables):
            for word in set(words(variable)) - {"port"}:
                self._by_word.setdefault(word, []).append(variable)

    def knows(self, variable: str) -> bool:
        return variable in self._known or variable in entry_vocabulary("platform_variables")

    def advice(self, variable: str) -> str:
        """What to do about an unknown variable: the registered one that shares its rarest word, or a new entry."""
        same = self._run_together.get(_run_together(variable))
        if same is not None:
            return f"use {same}"
        shared = [word for word in words(variable) if word in self._by_word]
        if shared:
            from difflib import get_close_matches

            likely = self._by_word[min(shared, key=lambda word: len(self._by_word[word]))][:_MOST_COMPARED]
            near = get_close_matches(variable, likely, 1, 0.6) or (likely if len(likely) == 1 else [])
            if near:
                return f"use {near[0]}, or add {variable} to {self._path}"
        return f"add an entry with env_var: {variable} to {self._path}, or name it under an entry's aliases"


def _run_together(variable: str) -> str:
    return variable.replace("_", "").lower()
