"""Which files of the repository the commands mean that run Compose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from posixpath import dirname, join, normpath

from portlint.knowledge.formats import ENV_FILES
from portlint.model import ComposeRun, Facts

_MOST = 200
"""commands that are followed; more are no repository's"""


def located_runs(
    facts: Sequence[Facts], files: Mapping[str, Facts], usual: Callable[[str], tuple[str, ...]]
) -> tuple[ComposeRun, ...]:
    """What the commands of the repository run, each once, as paths relative to the root.

    files: the compose files by their paths. usual: the files that Compose takes in a folder when nobody names any.
    """
    env = {each.path for each in facts if each.format in ENV_FILES}
    names = _Names(files), _Names(env)
    found = (
        run
        for each in facts
        for named in each.compose_runs
        if (run := _located(named, each.path, names, usual)) is not None
    )
    return tuple(dict.fromkeys(islice(found, _MOST)))


class _Names:
    """Paths by the names of their files."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = frozenset(paths)
        self._by_name: dict[str, list[str]] = {}
        for path in sorted(self.paths):
            self._by_name.setdefault(path.rpartition("/")[2], []).append(path)

    def only(self, name: str) -> str | None:
        """The only path that ends with a name."""
        tail = normpath(name)
        while tail.startswith("../"):
            tail = tail.removeprefix("../")
        named = self._by_name.get(tail.rpartition("/")[2], ())
        ending = [path for path in named if f"/{path}".endswith(f"/{tail}")]
        return ending[0] if len(ending) == 1 else None


def _located(
    run: ComposeRun, path: str, names: tuple[_Names, _Names], usual: Callable[[str], tuple[str, ...]]
) -> ComposeRun | None:
    """The files that a command means: seen from its own folder, from one above it, or the only ones so named.

    A command without compose files is followed where the env file lies with the usual ones.
    """
    compose, env = names
    for folder in _above(path):
        env_files = _found((normpath(join(folder, name)) for name in run.env_files), env)
        files = _found((normpath(join(folder, name)) for name in run.files), compose)
        if run.files and len(files) == len(run.files):
            return ComposeRun(tuple(dict.fromkeys(files)), env_files)
        if not run.files and env_files and (chosen := usual(folder)):
            return ComposeRun(chosen, env_files)
    alone = tuple(found for name in run.files if (found := compose.only(name)) is not None)
    if not run.files or len(alone) < len(run.files):
        return None
    env_files = tuple(found for name in run.env_files if (found := env.only(name)) is not None)
    return ComposeRun(tuple(dict.fromkeys(alone)), env_files)


def _above(path: str) -> Iterator[str]:
    """The folders that a file lies in, the nearest first; the root is empty."""
    folder = dirname(path)
    while folder:
        yield folder
        folder = dirname(folder)
    yield ""


def _found(paths: Iterable[str], among: _Names) -> tuple[str, ...]:
    return tuple(path for path in paths if path in among.paths)
