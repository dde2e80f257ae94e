"""The registry of a run, and the user's own rule files: found, read and loaded."""

from __future__ import annotations

from portlint.cache import Cache
from portlint.errors import UserError
from portlint.files.reader import Tree, Unread, Why, read_named
from portlint.model import BASELINE_FILE, REGISTRY_PLACES, Registry, Settings
from portlint.pipeline.extraction import ExtraRules
from portlint.pipeline.request import Request


def find_registry(request: Request) -> Registry | None:
    """The registry alone. Raises UserError where it has mistakes, or is named and not there."""
    with Tree(request.root) as tree:
        return registry_of(request, tree)[0]


def registry_of(request: Request, tree: Tree, cache: Cache | None = None) -> tuple[Registry | None, tuple[str, ...]]:
    """The registry that the settings name, or the first that lies at one of the usual places; and what to
    note. Raises UserError as `find_registry` does."""
    name, limit = request.settings.registry, request.settings.max_file_size
    if name is not None:
        trusted = request.registry_is_trusted and not tree.is_held(name)
        data = read_named(request.root / name, limit) if trusted else tree.read(name, limit)
        return load(name, data, cache), ()
    name = next((place for place in REGISTRY_PLACES if tree.has(place)), None)
    if name is None:
        return None, ()
    try:
        return load(name, tree.read(name, limit), cache), ()
    except UserError as error:
        if request.registry_is_needed:
            raise
        return None, (f"the registry is not used: {error.lines[0]}",)


def load(path: str, data: bytes | Unread, cache: Cache | None = None) -> Registry | None:
    """The registry in a file. data: what was read of it. Raises UserError where it cannot be used."""
    if isinstance(data, Unread):
        raise UserError(f"{path}: the registry {fault(data)}")
    if cache is not None and (known := cache.registry(path, data)) is not None:
        return known
    from portlint.registry import load_registry  # which imports PyYAML, for which a cached registry need not wait

    registry, errors = load_registry(path, data)
    if errors:
        raise UserError(*map(str, errors))
    if cache is not None and registry is not None:
        cache.keep_registry(data, registry)
    return registry


def read_extra_rules(tree: Tree, settings: Settings) -> ExtraRules:
    """The user's own rule files, by name. Raises UserError where one cannot be read."""
    rules = []
    for name in settings.rules:
        data = tree.read(name, settings.max_file_size)
        if isinstance(data, Unread):
            raise UserError(f"{name}: the rules file {fault(data)}")
        from portlint.extract.python.rule_files import faults

        if found := faults(name, data):
            raise UserError(*found)
        rules.append((name, data))
    return tuple(rules)


def not_judged(registry: Registry | None, settings: Settings) -> frozenset[str]:
    """The files whose ports no rule judges: the registry, which ports are compared with, and a baseline, which tells
    of ports elsewhere."""
    paths = (registry.path if registry else None, settings.baseline, BASELINE_FILE)
    return frozenset(path for path in paths if path is not None)


def fault(unread: Unread) -> str:
    """Why a file that the user relies on cannot be used, as the end of a sentence about it."""
    return "is not there" if unread.why is Why.VANISHED else f"cannot be used: {unread.reason}"
