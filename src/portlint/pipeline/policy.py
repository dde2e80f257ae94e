"""What decides which findings there are besides the code: registry, settings, baseline, rule files, directives.

A change can alter all of them. Here it is told how, and they can be taken from the commit that the change starts from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import fields, replace

from portlint.check import baseline
from portlint.errors import UserError
from portlint.files.reader import Contents, Tree, Unread, Why
from portlint.model import (
    REGISTRY_PLACES,
    Change,
    Entry,
    Facts,
    PolicyChange,
    PolicyKind,
    Registry,
    Settings,
    Suppression,
)
from portlint.pipeline.comparison import Base, Past
from portlint.settings import FILES, SettingsError, table_of

MARK: Final = "pyvenv.cfg"
"""what makes a folder a virtual environment (PEP 405)"""
_LONGEST: Final = 160
"""characters of a value in a message"""
_PLACES: Final = frozenset({"span", "positions", "name"})
"""fields of an entry that say where it stands, not what it says"""


def policy_contents(base: Base, settings: Settings) -> Contents:
    """The files at a commit that decide, by path; missing ones are returned as `Unread`."""
    names = {*REGISTRY_PLACES, settings.registry, settings.baseline, *settings.rules} - {None}
    return base.repository.at(base.commit, [name for name in names if name is not None], settings.max_file_size)


def without_new_directives(facts: Sequence[Facts], past: Past) -> tuple[Facts, ...]:
    """The facts without the in-file directives that a change added: suppressions that are new or about a new line, and
    notes that a file is generated."""
    return tuple(_without_new_directives(each, past) if each.path in past.change.files else each for each in facts)


def _without_new_directives(facts: Facts, past: Past) -> Facts:
    kept = tuple(each for each in facts.suppressions if not _is_new(past.change, facts.path, each))
    return replace(facts, suppressions=kept, generated=facts.generated and not _says_generated_first(facts, past))


def _is_new(change: Change, path: str, suppression: Suppression) -> bool:
    is_about_one_line = suppression.first_line == suppression.last_line
    lines = (suppression.span.line, suppression.first_line) if is_about_one_line else (suppression.span.line,)
    return any(change.touches(path, line) for line in lines)


def _says_generated_first(facts: Facts, past: Past) -> bool:
    old_path = past.change.files[facts.path].old_path
    before = None if old_path is None else past.facts.get(old_path)
    return facts.generated and not (before is not None and before.generated)


def policy_changes(
    base: Base, past: Past, facts: Sequence[Facts], tree: Tree, settings: Settings, is_held: bool
) -> tuple[PolicyChange, ...]:
    """What a change does to the policy, sorted by place.

    facts: of the files as they are. tree: the files as they are, whatever policy the run used. is_held: the run took
    its policy from the base.
    """
    with Tree(base.repository.root, policy_contents(base, settings)) as old:
        found = [
            *_registry(old, tree, settings),
            *_settings(past, tree, settings.max_file_size),
            *_baseline(old, tree, settings),
            *_rules(old, tree, settings),
            *_marks(past, facts),
        ]
    found.sort(key=lambda each: (each.kind, each.path, each.line or 0, each.message))
    return tuple(replace(each, counts=not is_held) for each in found)


# The registry


def _registry(old: Tree, new: Tree, settings: Settings) -> Iterator[PolicyChange]:
    names = REGISTRY_PLACES if settings.registry is None else (settings.registry,)
    place = next((name for name in names if new.has(name)), None)
    old_place = next((name for name in names if old.has(name)), None)
    path = place or old_place
    if path is None or (settings.registry is not None and not old.is_held(settings.registry)):
        return

    def changed(line: int | None, message: str) -> PolicyChange:
        return PolicyChange(kind=PolicyKind.REGISTRY, path=path, line=line, message=message)

    limit = settings.max_file_size
    raw, old_raw = (None if at is None else side.read(at, limit) for side, at in ((new, place), (old, old_place)))
    if raw == old_raw and place == old_place:
        return
    if place is None or old_place is None:
        yield changed(None, "the registry is new" if old_place is None else "the registry is removed")
        return
    if place != old_place:
        yield changed(None, f"the registry was {old_place}")
    now, before = _loaded(place, raw), _loaded(old_place, old_raw)
    if now is None or before is None:
        yield changed(None, "it cannot be read" if now is None else "it could not be read before")
        return
    yield from (changed(line, message) for line, message in _differences(before, now))


def _loaded(path: str, data: bytes | Unread | None) -> Registry | None:
    from portlint.registry import load_registry  # which imports PyYAML

    return load_registry(path, data)[0] if isinstance(data, bytes) else None


def _differences(before: Registry, now: Registry) -> Iterator[tuple[int | None, str]]:
    entries = {entry.name: entry for entry in before.entries}
    for entry in now.entries:
        old = entries.pop(entry.name, None)
        if old is None:
            yield entry.span.line, f"{entry.name} is new: {entry.default}"
        else:
            yield from _entry_differences(old, entry)
    yield from ((None, f"{name} is removed: it was {entry.default}") for name, entry in entries.items())
    blocks = {block.name: block for block in before.blocks}
    for block in now.blocks:
        was = blocks.pop(block.name, None)
        if was is None or was.ports != block.ports:
            yield block.span.line, f"the block {block.name} is {block.ports}" + (f", was {was.ports}" if was else "")
    yield from ((None, f"the block {name} is removed") for name in blocks)
    reserved = {(str(each.ports), each.service) for each in before.reserved}
    for each in now.reserved:
        if (str(each.ports), each.service) not in reserved:
            yield each.span.line, f"{each.ports} is reserved for {each.service}"
    kept = {(str(each.ports), each.service) for each in now.reserved}
    yield from ((None, f"{ports} is no longer reserved for {service}") for ports, service in sorted(reserved - kept))
    if dict(now.environments) != dict(before.environments):
        yield None, f"environments: {_text(before.environments)} is now {_text(now.environments)}"
    if now.conflict_detection != before.conflict_detection:
        yield None, f"conflict_detection: {_text(before.conflict_detection)} is now {_text(now.conflict_detection)}"


def _entry_differences(old: Entry, entry: Entry) -> Iterator[tuple[int, str]]:
    for field in fields(Entry):
        was, value = getattr(old, field.name), getattr(entry, field.name)
        if field.name not in _PLACES and was != value:
            yield entry.where(field.name).line, f"{entry.name}: {field.name} {_text(was)} is now {_text(value)}"


def _text(value: Any) -> str:
    """A value, short, on one line."""
    if isinstance(value, Mapping):
        text = ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) or "none"
    elif isinstance(value, (list, tuple)):
        text = f"[{', '.join(map(_text, value))}]"
    else:
        text = "none" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


# The settings


def _settings(past: Past, tree: Tree, limit: int) -> Iterator[PolicyChange]:
    moved = past.change.moved
    for path in _named(past.change, lambda name: name in FILES):
        if path in moved and path not in past.change.files:
            continue
        file = past.change.files.get(path)
        old_path = path if file is None else file.old_path
        old = past.contents.get(old_path) if old_path is not None else None
        try:
            before, _ = table_of(old_path or path, old) if isinstance(old, bytes) else ({}, {})
        except SettingsError:
            before = {}
        try:
            raw = tree.read(path, limit) if file is not None else None
            now, lines = table_of(path, raw) if isinstance(raw, bytes) else ({}, {})
        except SettingsError:
            yield PolicyChange(kind=PolicyKind.SETTINGS, path=path, line=None, message="they cannot be read")
            continue
        for key in sorted({*before, *now}):
            if before.get(key) != now.get(key):
                message = f"{key}: {_text(before.get(key))} is now {_text(now.get(key))}"
                yield PolicyChange(kind=PolicyKind.SETTINGS, path=path, line=lines.get(key), message=message)


def _named(change: Change, is_wanted: Callable[[str], bool]) -> list[str]:
    paths = {*change.files, *change.gone}
    return sorted(path for path in paths if is_wanted(path.rpartition("/")[2]))


# The baseline and the rule files


def _baseline(old: Tree, new: Tree, settings: Settings) -> Iterator[PolicyChange]:
    path = settings.baseline
    if path is None or not old.is_held(path):
        return
    before, now = (_accepted(tree, path, settings.max_file_size) for tree in (old, new))
    if before is None or now is None:
        message = "it cannot be read" if now is None else "it could not be read before"
        yield PolicyChange(kind=PolicyKind.BASELINE, path=path, line=None, message=message)
        return
    for key in sorted({*before.counts, *now.counts}, key=lambda key: (*key[:3], key[3] or 0)):
        more = now.counts.get(key, 0) - before.counts.get(key, 0)
        if more:
            where, code, _, port = key
            what = f"{code} in {where}" + (f", port {port}" if port is not None else "")
            message = f"{'accepts' if more > 0 else 'no longer accepts'} {what}" + (
                f" ({abs(more)} times)" * (abs(more) > 1)
            )
            span = now.places.get(key)
            line = span.line if span is not None else None
            yield PolicyChange(kind=PolicyKind.BASELINE, path=path, line=line, message=message)


def _accepted(tree: Tree, path: str, limit: int) -> baseline.Baseline | None:
    """The baseline of one side; an empty one where there is no file, None where it cannot be read."""
    data = tree.read(path, limit)
    if isinstance(data, Unread):
        return baseline.Baseline(path, {}, {}) if data.why is Why.VANISHED else None
    try:
        return baseline.read(path, data)
    except UserError:
        return None


def _rules(old: Tree, new: Tree, settings: Settings) -> Iterator[PolicyChange]:
    for path in settings.rules:
        before, now = (tree.read(path, settings.max_file_size) for tree in (old, new))
        if old.is_held(path) and before != now and not (isinstance(before, Unread) and isinstance(now, Unread)):
            message = (
                "is new" if isinstance(before, Unread) else "is removed" if isinstance(now, Unread) else "is changed"
            )
            yield PolicyChange(kind=PolicyKind.RULES, path=path, line=None, message=f"the rule file {message}")


# Marks in files


def _marks(past: Past, facts: Sequence[Facts]) -> Iterator[PolicyChange]:
    change = past.change
    for each in facts:
        file = change.files.get(each.path)
        if file is None:
            continue
        for suppression in each.suppressions:
            if _is_new(change, each.path, suppression):
                line = suppression.span.line
                is_new = change.touches(each.path, line)
                message = f"{_called(suppression)} is {'new' if is_new else 'about a line that is new'}"
                reason = f": {suppression.reason}" if suppression.reason else ""
                yield PolicyChange(kind=PolicyKind.SUPPRESSION, path=each.path, line=line, message=f"{message}{reason}")
        before = None if file.old_path is None else past.facts.get(file.old_path)
        left = Counter(map(_called, before.suppressions if before is not None else ()))
        left -= Counter(map(_called, each.suppressions))
        for called in left.elements():
            yield PolicyChange(kind=PolicyKind.SUPPRESSION, path=each.path, line=None, message=f"{called} is removed")
        if each.literals and _says_generated_first(each, past):
            message = "a note that a program wrote the file is new"
            yield PolicyChange(kind=PolicyKind.GENERATED, path=each.path, line=None, message=message)
    for path in _named(change, lambda name: name == MARK):
        added = path in change.files and change.files[path].old_path is None
        if added or path in change.gone:
            folder = path.rpartition("/")[0] or "."
            message = f"{folder} is {'now' if added else 'no longer'} a virtual environment, which is not looked at"
            yield PolicyChange(kind=PolicyKind.ENVIRONMENT, path=path, line=None, message=message)


def _called(suppression: Suppression) -> str:
    kind = "ignore"
    if suppression.first_line != suppression.last_line:
        kind = "ignore-file"
    elif suppression.first_line > suppression.span.line:
        kind = "ignore-next-line"
    return f"{kind}[{', '.join(suppression.codes)}]" if suppression.codes else kind
