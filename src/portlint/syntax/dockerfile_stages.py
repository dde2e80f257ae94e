"""What of a Dockerfile holds in the image that is built from it: one stage, and those that it is based on.

Sources: Dockerfile reference, FROM, EXPOSE, CMD, ENTRYPOINT; Docker Docs, "Multi-stage builds".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portlint.model import Facts, PortLiteral, Stage

_COMMANDS = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK"})
"""instructions of which the last one takes the place of those before; all others add up"""


def literals_of(facts: Facts, target: str | None) -> tuple[PortLiteral, ...] | None:
    """The literals of a Dockerfile that count for the image of a stage.

    facts: of the Dockerfile. target: the stage's name or number; None: the last one. None where there is no such stage.
    """
    stages = facts.stages
    if not stages:
        return facts.literals
    index = stage_of(stages, target)
    if index is None:
        return None
    own = dict(lineage(stages, index))
    starts = [stage.start for stage in stages]
    out = []
    number = -1
    for literal in facts.literals:
        while number + 1 < len(starts) and starts[number + 1] <= literal.span.start:
            number += 1
        # What stands before the first stage holds for all of them.
        if number < 0 or (number in own and literal.subject.partition(" ")[0] not in own[number]):
            out.append(literal)
    return tuple(out)


def instruction_of(facts: Facts, literal: PortLiteral) -> str:
    """The instruction of a Dockerfile that a literal of it stands in, in capitals; its command may be code of another
    language."""
    place = literal.span.start
    for stage in facts.stages:
        for start in stage.starts:
            if start.span.start <= place < start.span.end:
                return start.key
    return literal.subject.partition(" ")[0]


def lineage(stages: Sequence[Stage], index: int) -> Iterator[tuple[int, frozenset[str]]]:
    """A stage and those that it is based on, each with the instructions of it that a later one replaces."""
    dead: frozenset[str] = frozenset()
    current: int | None = index
    while current is not None:
        yield current, dead
        stage = stages[current]
        dead |= _COMMANDS.intersection(stage.commands)
        if "ENTRYPOINT" in stage.commands:
            # It also clears the CMD of what it is based on.
            dead |= {"CMD"}
        current = _index(stages, stage.base, current)


def stage_of(stages: Sequence[Stage], target: str | None) -> int | None:
    """The number of the stage that a target names; None names the last one. None where there is none of that name."""
    return len(stages) - 1 if target is None else _index(stages, target, len(stages))


def _index(stages: Sequence[Stage], name: str, before: int) -> int | None:
    """The number of the stage of that name or number, among those before another."""
    if name.isascii() and name.isdigit():
        return int(name) if len(name) < 6 and int(name) < before else None
    found = (number for number in range(before - 1, -1, -1) if (stages[number].name or "").lower() == name.lower())
    return next(found, None)
