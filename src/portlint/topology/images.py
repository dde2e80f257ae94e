"""What is in the image that a stage of a Dockerfile makes: what it starts, with which variables.

Sources: Dockerfile reference, "Understand how CMD and ENTRYPOINT interact", ENV, ARG; Compose specification, `command`,
`entrypoint`.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from portlint.knowledge.servers import is_plain_base
from portlint.model import Facts, Stage
from portlint.model.programs import Assignment, Command, Copy, Form, Start
from portlint.syntax.dockerfile_stages import lineage, stage_of


class Image(Struct, frozen=True):
    """A stage with what it is based on."""

    path: str
    """of the Dockerfile"""
    starts: tuple[Start, ...]
    """at most one of each key"""
    assignments: tuple[Assignment, ...]
    """in order: of what it is based on first"""
    copies: tuple[Copy, ...]
    """in order: of what it is based on first"""
    workdir: str | None
    base: str
    """the image that the first of its stages begins with, as it is written"""
    plain: bool
    """it is built on an image of a language alone, which adds no variables of its own"""
    facts: Facts
    """of the Dockerfile"""

    def stage(self, name: str) -> Image | None:
        """The image of another stage of the same Dockerfile, by its name or number."""
        return image_of(self.facts, name)


def image_of(facts: Facts, target: str | None) -> Image | None:
    """The image of a stage; None where the Dockerfile has no such stage. target: a name or a number; None: the last."""
    stages = facts.stages
    index = stage_of(stages, target) if stages else None
    if index is None:
        return None
    chain = [stages[number] for number, _ in lineage(stages, index)]
    plain = is_plain_base(chain[-1].base)
    return Image(
        facts.path,
        tuple(_starts(chain).values()),
        tuple(each for stage in reversed(chain) for each in stage.assignments),
        tuple(each for stage in reversed(chain) for each in stage.copies),
        next((stage.workdir for stage in chain if stage.workdir is not None), "/" if plain else None),
        chain[-1].base,
        plain,
        facts,
    )


def _starts(chain: Sequence[Stage]) -> dict[str, Start]:
    """The start of each key that counts: the last one of the nearest stage. An ENTRYPOINT clears the CMD before it."""
    found: dict[str, Start] = {}
    for stage in chain:
        own = {start.key: start for start in stage.starts}
        cleared = "ENTRYPOINT" in found and "CMD" not in found
        for key, start in own.items():
            if not (key == "CMD" and cleared):
                found.setdefault(key, start)
    return found


def commands_of(entrypoint: Start | None, command: Start | None) -> tuple[Command, ...]:
    """What a container starts, of its entry point and its command.

    An entry point that a shell reads takes no arguments. Else the command's words are its arguments.
    """
    if entrypoint is None or not entrypoint.commands:
        return command.commands if command is not None else ()
    if entrypoint.form is Form.SHELL or command is None or not command.commands:
        return entrypoint.commands
    if command.form is Form.SHELL or len(command.commands) > 1:
        # It is handed over as `/bin/sh -c ...`: whoever takes arguments runs it.
        return (*entrypoint.commands[:-1], *_wrapped(entrypoint.commands[-1], command.commands))
    last = entrypoint.commands[-1]
    return (*entrypoint.commands[:-1], replace(last, words=(*last.words, *command.commands[0].words)))


def _wrapped(outer: Command, inner: Sequence[Command]) -> tuple[Command, ...]:
    first, *rest = inner
    return (replace(first, words=(*outer.words, *first.words)), *rest)
