"""The fix stage: edits to bytes. A pure function of one file's bytes and the findings in it; nothing is written here.

A finding that can be mended by its literal alone carries its fix from the check stage. Where the text around the
literal decides how a reference is written (PORT101), the module of the format makes it: REWRITERS lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from portlint.model import Edit, Finding, Fix, PortLiteral

SAFE, UNSAFE = "safe", "unsafe"


@dataclass(frozen=True, slots=True)
class Task:
    """A finding, and the port literal it is about, where it is about one."""

    finding: Finding
    literal: PortLiteral | None


Rewriter = Callable[[bytes, Sequence[Task]], Mapping[int, Fix]]
"""Takes a file's bytes (UTF-8) and tasks that have a `reference`; gives fixes by the task's index."""

REWRITERS = {"python": "python", "compose": "compose", "shell": "shell", "javascript": "javascript"}
"""format of a file to the module of this folder whose `rewrite` puts a reference in a literal's place"""


@dataclass(frozen=True, slots=True)
class Refused:
    """A fix that was not applied, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What the fixes make of one file."""

    path: str
    before: bytes
    after: bytes
    applied: tuple[Finding, ...] = ()
    held_back: tuple[Finding, ...] = ()
    """those whose fix is unsafe, where only safe ones are wanted"""
    refused: tuple[Refused, ...] = ()


def plan(path: str, format: str | None, data: bytes, tasks: Sequence[Task], *, unsafe: bool) -> Plan:
    """Applies the fixes of the findings of one file, in the order in which they are given.

    format: of the file. data: the bytes on disk, which are UTF-8. unsafe: apply those as well that change what the
    program does. A fix whose edits overlap those of an earlier one is refused; an insertion that two fixes share is
    made once.
    """
    made = _rewritten(format, data, tasks)
    accepted: dict[tuple[int, int], Edit] = {}
    applied: list[Finding] = []
    held_back: list[Finding] = []
    refused: list[Refused] = []
    for number, task in enumerate(tasks):
        fix = task.finding.fix or made.get(number)
        if fix is None:
            continue
        if fix.safety != SAFE and not unsafe:
            held_back.append(task.finding)
        elif any(data[edit.span.start : edit.span.end] != edit.old for edit in fix.edits):
            refused.append(Refused(task.finding, "the text there is not what it was"))
        elif any(_overlaps(edit, accepted) for edit in fix.edits):
            refused.append(Refused(task.finding, "another fix changes the same text"))
        else:
            accepted.update(((edit.span.start, edit.span.end), edit) for edit in fix.edits)
            applied.append(task.finding)
    return Plan(path, data, spliced(data, accepted.values()), tuple(applied), tuple(held_back), tuple(refused))


def spliced(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes after edits that do not overlap; every byte outside of them is kept."""
    pieces: list[bytes] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end)):
        pieces += (data[position : edit.span.start], edit.new)
        position = edit.span.end
    return b"".join((*pieces, data[position:]))


def _overlaps(edit: Edit, accepted: Mapping[tuple[int, int], Edit]) -> bool:
    start, end = edit.span.start, edit.span.end
    same = accepted.get((start, end))
    if same is not None:
        # The same insertion (an import, an `f` before a string) serves several fixes; the same replacement does not.
        return not (start == end and same.new == edit.new)
    return any(start < other_end and other_start < end for other_start, other_end in accepted)


def is_rewritable(format: str | None, task: Task) -> bool:
    """Whether a reference may be put in the literal's place; text of one format inside another is left alone."""
    literal = task.literal
    return (
        task.finding.reference is not None and literal is not None and format in REWRITERS and literal.format == format
    )


def _rewritten(format: str | None, data: bytes, tasks: Sequence[Task]) -> dict[int, Fix]:
    numbers = [number for number, task in enumerate(tasks) if is_rewritable(format, task)]
    if not numbers or format is None:
        return {}
    rewrite: Rewriter = import_module(f"portlint.fix.{REWRITERS[format]}").rewrite
    return {numbers[at]: fix for at, fix in rewrite(data, [tasks[n] for n in numbers]).items()}
