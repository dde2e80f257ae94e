"""Which files can affect the findings of a partial run: the others are left out of it.

Most files of a repository are code and pages. What a literal there means, and what is wrong with it, rests on the
files that describe services and set variables; the other way round, such a file tells others nothing but which
variables it reads, with which fallbacks, and what it binds.
"""

from __future__ import annotations

from collections.abc import Iterable
from posixpath import basename

from msgspec.structs import replace

from portlint.knowledge.formats import ENV_FILES, TIED_BY_VARIABLES
from portlint.knowledge.servers import ends
from portlint.model import Facts, Registry, Role


def ties_of(facts: Facts) -> tuple[str, ...] | None:
    """The variables by which facts matter to findings in other files; None: they may matter in other ways too."""
    if facts.format is None:
        return ()
    if facts.format not in TIED_BY_VARIABLES:
        return () if facts.format not in ENV_FILES and _says_nothing(facts) else None
    if facts.services or facts.compose_runs or any(literal.role is Role.BIND for literal in facts.literals):
        return None
    # What a container starts may be told in its script, and where it listens in the code that this one starts.
    if facts.binds or facts.imports or _starts_programs(facts):
        return None
    return tuple(sorted(variables_of((facts,))))


def _starts_programs(facts: Facts) -> bool:
    """Whether a script may start something that runs on."""
    for script in facts.scripts:
        for command in script.commands:
            words = [word.literal or "" for word in command.words if "=" not in (word.literal or "")[1:]]
            if words and not ends([basename(words[0]), *words[1:]]):
                return True
    return False


def is_silent(facts: Facts) -> bool:
    """Whether no finding can be in a file, whatever others say: all but one are about something that its facts tell,
    and that one (PORT402) is about what an env file does not."""
    return facts.format not in ENV_FILES and replace(facts, path="", format=None, imports=()) == _NOTHING


_NOTHING = Facts(path="", format=None)


def variables_of(all_facts: Iterable[Facts]) -> set[str]:
    """All variables that the facts speak of."""
    out: set[str] = set()
    for facts in all_facts:
        out.update(reference.variable for reference in facts.references)
        out.update(variable.name for variable in facts.variables)
        out.update(literal.variable for literal in facts.literals if literal.variable is not None)
        out.update(literal.variable for literal in facts.candidates if literal.variable is not None)
    return out


def _says_nothing(facts: Facts) -> bool:
    return not (
        facts.literals
        or facts.candidates
        or facts.references
        or facts.services
        or facts.variables
        or facts.mentioned
        or facts.includes
        or facts.compose_runs
    )


def registry_variables(registry: Registry | None) -> frozenset[str]:
    """The variables that the registry's entries are configured by."""
    return frozenset(entry.env_var for entry in registry.entries if entry.env_var) if registry else frozenset()
