"""Moves a service to another port: in the registry, and at every place of the repository that means the service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from portlint.errors import UserError
from portlint.files.reader import Tree, Unread, decode
from portlint.fix import Plan, spliced
from portlint.model import Edit, Entry, Match, PortLiteral, Registry, Resolution, Span, Verdict
from portlint.pipeline.request import Outcome
from portlint.registry import load_registry
from portlint.registry.allocation import why_taken

_MOST_NAMED = 10
"""places that a refusal names"""


def move(root: Path, outcome: Outcome, entry: Entry, port: int, limit: int) -> tuple[Plan, ...]:
    """What the move changes, the registry first; nothing is written.

    outcome: of a run over the whole tree. limit: the largest file in bytes. Raises UserError where the port is taken,
    where a place may as well mean another service, and where a file cannot be changed.
    """
    registry = outcome.registry
    assert registry is not None
    _validate(registry, entry, port)
    doubtful = sorted(set(_doubtful(outcome, entry)))
    if doubtful:
        more = (f"and {len(doubtful) - _MOST_NAMED} more",) if len(doubtful) > _MOST_NAMED else ()
        head = (
            f"{entry.name} is not moved: it is not sure which service is meant, or what can be changed, at these places"
        )
        raise UserError(head, *doubtful[:_MOST_NAMED], *more)
    edits: dict[str, dict[Span, Edit]] = {}
    for match in outcome.resolution.matches:
        literal = match.literal
        if _moves(match, entry) and literal.path != registry.path:
            edits.setdefault(literal.path, {})[literal.span] = _edit(literal.span, literal, entry.default, port)
    with Tree(root) as tree:
        plans = [_registry_plan(tree, registry, entry, port, limit)]
        plans += [_plan(tree, path, edits[path].values(), limit) for path in sorted(edits)]
    return tuple(plans)


def _validate(registry: Registry, entry: Entry, port: int) -> None:
    where = f"{registry.path}:{entry.where('default').line}"
    if entry.immutable:
        raise UserError(f"{where}: {entry.name} is immutable")
    if port == entry.default:
        raise UserError(f"{where}: {entry.name} has port {port} already")
    own = entry.range
    if own is not None and own.start != own.end and port not in own:
        line = entry.where("range").line
        raise UserError(
            f"{registry.path}:{line}: {port} is outside of the range {own} of {entry.name}: change it first"
        )
    reason = why_taken(registry, port, entry)
    if reason is not None:
        raise UserError(f"{registry.path}: {port} is not free: {reason}")


def _moves(match: Match, entry: Entry) -> bool:
    """Whether a literal is the service's port. What a container listens on stays where the registry says it apart."""
    literal = match.literal
    if match.entry != entry or match.verdict is not Verdict.MATCH or literal.ports.start != entry.default:
        return False
    return literal.end_port is None and not (match.inside and entry.container_port is not None)


def _doubtful(outcome: Outcome, entry: Entry) -> Iterator[str]:
    """Places that may mean the service, or whose port nobody can move by writing another number."""
    for match in outcome.resolution.matches:
        literal = match.literal
        if literal.path == (outcome.registry.path if outcome.registry else None):
            continue
        place = f"{literal.path}:{literal.span.line}:{literal.span.column}"
        if match.verdict is Verdict.AMBIGUOUS and entry in match.entries and entry.default in literal.ports:
            others = ", ".join(each.name for each in match.entries if each != entry)
            yield f"{place}: or {others}"
        elif match.entry == entry and literal.end_port is not None and entry.default in literal.ports:
            yield f"{place}: a range, {literal.ports}"
    if entry.container_port is None:
        yield from _by_image(outcome.resolution, entry)


def _by_image(resolution: Resolution, entry: Entry) -> Iterator[str]:
    """The services of the entry whose image, which nobody here can change, listens on the port."""
    for stack in resolution.stacks:
        for member in stack.members:
            image = next(
                (each.word for each in member.listens if each.by == "image" and entry.default in each.ports), None
            )
            for each in member.definitions:
                if image is not None and entry in resolution.services.get((each.path, each.name), ()):
                    place = f"{each.path}:{each.span.line}:{each.span.column}"
                    said = f"its image {image} listens on {entry.default}"
                    yield f"{place}: {said}: add container_port: {entry.default} to the entry"


def _edit(span: Span, literal: PortLiteral, old: int, new: int) -> Edit:
    text = literal.text
    return Edit(span, text.encode(), text.replace(str(old), str(new), 1).encode())


def _plan(tree: Tree, path: str, edits: Iterable[Edit], limit: int) -> Plan:
    raw = tree.read(path, limit)
    text = raw if isinstance(raw, Unread) else decode(path, raw)
    if isinstance(raw, Unread) or isinstance(text, Unread):
        raise UserError(f"{path}: {text.reason if isinstance(text, Unread) else 'cannot be read'}")
    if text.encoding != "utf-8" or text.data != raw:
        raise UserError(f"{path}: it is not UTF-8, and is not changed")
    chosen = tuple(edits)
    for edit in chosen:
        if raw[edit.span.start : edit.span.end] != edit.old or edit.old == edit.new:
            raise UserError(f"{path}:{edit.span.line}: it changed since it was read, or writes the port in another way")
    return Plan(path, raw, spliced(raw, chosen))


def _registry_plan(tree: Tree, registry: Registry, entry: Entry, port: int, limit: int) -> Plan:
    """The default, and a range of that one port."""
    raw = tree.read(registry.path, limit)
    if isinstance(raw, Unread):
        raise UserError(f"{registry.path}: {raw.reason}")
    old, new = str(entry.default).encode(), str(port).encode()
    span = entry.where("default")
    after = raw[: span.start] + raw[span.start : span.end].replace(old, new) + raw[span.end :]
    if entry.range is not None and entry.range.start == entry.range.end:
        moved, _ = load_registry(registry.path, after)
        its = moved.entry(entry.name) if moved is not None else None
        if its is not None:
            start = its.where("range").start
            line_end = after.find(b"\n", start)
            end = len(after) if line_end < 0 else line_end
            after = after[:start] + after[start:end].replace(old, new, 2) + after[end:]
    moved, errors = load_registry(registry.path, after)
    its = moved.entry(entry.name) if moved is not None else None
    if its is None or its.default != port or (its.range is not None and port not in its.range):
        raise UserError(f"{registry.path}:{span.line}: the port cannot be changed there: {errors[0] if errors else ''}")
    return Plan(registry.path, raw, after)
