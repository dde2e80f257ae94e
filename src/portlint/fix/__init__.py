"""The fix stage: edits to bytes. A pure function of one file's bytes and the findings in it; nothing is written here.

A finding that can be mended by its literal alone carries its fix from the check stage. Where the text around the
literal decides how a reference is written (PORT101), a module of this folder makes it, whose `rewrite` puts a reference
in the literal's place: the one that the format's row names (`knowledge.formats`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module

from msgspec import Struct

from portlint.knowledge.formats import ENV_FILES, FORMATS
from portlint.model import Edit, Finding, Fix, PortLiteral

SAFE, UNSAFE = "safe", "unsafe"
OVERLAPS = "another fix changes the same text"


class Constant(Struct, frozen=True):
    """What a constants module gives for a port."""

    module: str
    """the module's name, in full"""
    path: str
    """of the module's file, relative to the root"""
    name: str
    """the name to import from it"""
    expression: str
    """gives the port as a number; in double quotes what it quotes"""


class Task(Struct, frozen=True):
    """A finding, and the port literal it is about, where it is about one."""

    finding: Finding
    literal: PortLiteral | None
    constant: Constant | None = None
    """to refer to instead of the variable, in Python"""


Rewriter = Callable[[bytes, Sequence[Task]], Mapping[int, Fix]]
"""Takes a file's bytes (UTF-8) and tasks; gives fixes by the task's index."""

UNUSED_COMMENT = "PORT902"
"""the rule whose fix takes a comment away, see `comments`"""
MISSING_VARIABLE = "PORT402"
"""the rule whose fix adds a line, see `templates`"""


class Refused(Struct, frozen=True):
    """A fix that was not applied, and why."""

    finding: Finding
    reason: str


class Plan(Struct, frozen=True):
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
    program does. A fix whose edits overlap those of an earlier one is refused. Of insertions at one place each is made
    once, the earlier fix's first.
    """
    made = _rewritten(format, data, tasks)
    accepted: dict[Edit, None] = {}
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
            refused.append(Refused(task.finding, OVERLAPS))
        else:
            accepted.update(dict.fromkeys(fix.edits))
            applied.append(task.finding)
    return Plan(path, data, spliced(data, accepted), tuple(applied), tuple(held_back), tuple(refused))


def spliced(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes after edits that do not overlap; every byte outside of them is kept."""
    pieces: list[bytes] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end)):
        pieces += (data[position : edit.span.start], edit.new)
        position = edit.span.end
    return b"".join((*pieces, data[position:]))


def _overlaps(edit: Edit, accepted: Iterable[Edit]) -> bool:
    start, end = edit.span.start, edit.span.end
    for other in accepted:
        same_place = (other.span.start, other.span.end) == (start, end)
        if (same_place and start != end) or (start < other.span.end and other.span.start < end):
            return True
    return False


def rewriter(format: str | None, task: Task) -> str | None:
    """The module of this folder that makes the fix of a finding in a file of that format; None where none does.

    Text of one format inside another is left alone.
    """
    if task.finding.rule == UNUSED_COMMENT:
        return "comments"
    if task.finding.rule == MISSING_VARIABLE:
        return "templates" if format in ENV_FILES and task.finding.reference is not None else None
    literal = task.literal
    if format is None or literal is None or task.finding.reference is None or literal.format != format:
        return None
    return FORMATS[format].rewriter


def _rewritten(format: str | None, data: bytes, tasks: Sequence[Task]) -> dict[int, Fix]:
    by_module: dict[str, list[int]] = {}
    for number, task in enumerate(tasks):
        module = rewriter(format, task)
        if module is not None:
            by_module.setdefault(module, []).append(number)
    made: dict[int, Fix] = {}
    for module, numbers in by_module.items():
        rewrite: Rewriter = import_module(f"portlint.fix.{module}").rewrite
        made |= {numbers[at]: fix for at, fix in rewrite(data, [tasks[n] for n in numbers]).items()}
    return made
