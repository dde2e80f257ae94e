"""What the registry says, as a file for programs: one module per target, each exports `render`.

The text depends on the registry and the environment alone, so that a file can be held against it (PORT601).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portlint.generate.values import Values
    from portlint.model import Registry

TARGETS = {
    "env": "an env file with the variables",
    "sh": "a script for dash, bash and zsh to source, with a get_port function",
    "python": "a typed module that honours the variables and checks the ranges",
    "typescript": "a typed const object",
    "markdown": "a table, put between markers in a page",
    "json": "an object",
}
"""target to what it is"""
_MODULES = {"json": "json_object", "python": "python_module", "typescript": "typescript_object", "markdown": "page"}


def render(registry: Registry, target: str, environment: str | None = None) -> str:
    """The text for a target of TARGETS; of `markdown` the table with its markers. It ends with a line end.

    environment: in the registry's spelling; None: the defaults. Raises KeyError for another target.
    """
    if target not in TARGETS:
        raise KeyError(target)
    from portlint.generate.values import values

    module = import_module(f"portlint.generate.{_MODULES.get(target, target)}")
    renderer: Callable[[Values], str] = module.render
    return renderer(values(registry, target, environment))
