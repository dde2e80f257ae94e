"""Where the code of a program begins to listen: in the file that is started, else one hop into what it imports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from posixpath import join, normpath

from msgspec import Struct

from portlint.knowledge import javascript_binds, python_binds
from portlint.model import Facts
from portlint.model.programs import Bind

_MOST_IMPORTS = 64
_ENDINGS = (".py", "/__init__.py", "", ".js", ".ts", ".mjs", ".cjs", ".mts", ".tsx", "/index.js", "/index.ts")
"""of the file that an import names: https://docs.python.org/3/reference/import.html,
https://nodejs.org/api/modules.html#all-together"""


class Program(Struct, frozen=True):
    """A file of the repository that is started."""

    path: str
    find: Callable[[str], str | None]
    """the file of the repository that lies at a path relative to the program's folder"""


def default_of(by: str) -> tuple[int | None, str | None]:
    """Port and address that a call binds where it is told none; None: not known."""
    found = python_binds.default_of(by) or javascript_binds.default_of(by)
    return (None, None) if found is None else (found.port, found.address)


def binds_of(program: Program, facts: Mapping[str, Facts]) -> list[tuple[str, Bind]]:
    """Where a program begins to listen, each with the file that says so.

    What stands under `__main__` in a file that is only imported does not run.
    """
    found = [(program.path, bind) for bind in facts[program.path].binds]
    for path in _imported(program, facts):
        found += ((path, bind) for bind in facts[path].binds if not bind.under_main and not found)
    return found


def _imported(program: Program, facts: Mapping[str, Facts]) -> Iterator[str]:
    """The files of the repository that a program imports."""
    for name in facts[program.path].imports[:_MOST_IMPORTS]:
        for base in _bases(name):
            places = (program.find(base + ending) for ending in _ENDINGS)
            found = next((path for path in places if path is not None and path in facts), None)
            if found is not None and found != program.path:
                yield found
                break


def _bases(name: str) -> Iterator[str]:
    """The paths, relative to the program's folder, that an import may name, without their endings. Those of JavaScript
    that may be files begin with `./` or `../`; no name of Python's has a slash."""
    if "/" in name:
        yield normpath(name)
        return
    dots = len(name) - len(name.lstrip("."))
    rest = name[dots:].replace(".", "/")
    up = join(*[".."] * (dots - 1)) if dots > 1 else ""
    yield normpath(join(up, rest)) if rest else normpath(up or ".")
