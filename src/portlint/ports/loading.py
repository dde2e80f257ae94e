"""Finds and reads the registry for the live side."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from portlint.files.reader import Tree, Unread, Why, read_named
from portlint.model import REGISTRY_PLACES, Registry
from portlint.ports.errors import RegistryUnusableError
from portlint.registry import load_registry

MAX_BYTES = 1_000_000
"""A registry of a thousand entries takes a quarter of this."""


class Loaded(Struct, frozen=True):
    """A registry, the bytes of its file, and a folder of its repository."""

    registry: Registry
    data: bytes
    folder: Path


def load(path: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> Loaded:
    """As `PortRegistry.load`. environ: the variables that are settings of portlint."""
    if path is None:
        return _of_tree(Path.cwd(), environ)
    named = os.fspath(path)
    if Path(named).is_dir():
        return _of_tree(Path(named), environ)
    return _read(named, read_named(named, MAX_BYTES), Path(named).parent)


def _of_tree(folder: Path, environ: Mapping[str, str]) -> Loaded:
    """The registry that the settings name, or the first that lies at one of the usual places."""
    from portlint.settings import find_root, load_settings

    root = find_root(folder)
    loaded = load_settings(root, folder, {}, environ)
    name = loaded.settings.registry
    if name is not None and loaded.origins["registry"].startswith("environment"):
        return _read(name, read_named(root / name, MAX_BYTES), root)
    places = REGISTRY_PLACES if name is None else (name,)
    name = name or next((place for place in REGISTRY_PLACES if os.path.lexists(root / place)), None)
    if name is None:
        raise RegistryUnusableError(f"there is no registry in {root} (looked for {', '.join(places)})")
    try:
        # What the repository names is read without following links: it may be a stranger's.
        with Tree(root) as tree:
            data = tree.read(name, MAX_BYTES)
    except OSError as error:
        raise RegistryUnusableError(f"{error.filename}: {error.strerror}") from None
    return _read(name, data, root)


def _read(name: str, data: bytes | Unread, folder: Path) -> Loaded:
    if isinstance(data, Unread):
        reason = "is not there" if data.why is Why.VANISHED else data.reason
        raise RegistryUnusableError(f"{name}: the registry {reason}")
    registry, errors = load_registry(name, data)
    if registry is None:
        raise RegistryUnusableError(*map(str, errors))
    return Loaded(registry, data, folder)
