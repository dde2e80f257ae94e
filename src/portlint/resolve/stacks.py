"""Which compose files run together.

A file runs with its override; with the files that a command of the repository names beside it; with those that it
includes. A file that adds to services of the base file beside it, without an image of their own, runs over that base.
Every other file is a stack by itself: files for environments do not run together.

Sources: Compose specification, "Merge", "Include", "Extend"; Docker Docs, "Merge Compose files".
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from posixpath import dirname, splitext

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge import rule_data
from portlint.knowledge.formats import ENV_FILES
from portlint.model import Facts, Listeners, Listening, Member, Service, Stack, Topology
from portlint.resolve.invocations import located_runs

_WORD = regex(r"[a-z]+")
_OVERRIDE = ".override"
_BASES = ("compose", "docker-compose")
_DEEPEST = 16
"""levels of `include` and `extends`"""
_MOST_FILES = 64
"""files of one stack"""


def stacks(
    facts: Iterable[Facts], listening: Callable[[Service], tuple[Listening, ...]], topology: Topology
) -> tuple[Stack, ...]:
    """The stacks of the repository. listening: what one definition of a service listens on."""
    everything = tuple(facts)
    files = {
        each.path: each for each in everything if (each.services or each.includes) and not _is_put_aside(each.path)
    }
    if not files:
        return ()
    assembly = _Assembly(files, listening, topology)
    return tuple(assembly.stack(paths, env_files) for paths, env_files in _together(files, everything))


def _is_put_aside(path: str) -> bool:
    """Whether a compose file is a copy that nobody runs: `compose.yaml.bak_20260309`, `docker-compose.old.yml`."""
    name = path.rpartition("/")[2].lower()
    stem, behind = splitext(name)
    if behind in (".yml", ".yaml", ".json"):
        # `docker-compose.backup.yml` may well run backups.
        return stem.rpartition(".")[2] in _put_aside() - {"backup"}
    return not _put_aside().isdisjoint(_WORD.findall(name.rpartition(".y")[2]))


@cache
def _put_aside() -> frozenset[str]:
    return frozenset(rule_data.load("formats/compose.yaml")["put_aside"])


def _together(files: dict[str, Facts], facts: Sequence[Facts]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The files of each stack, the base first, and the env files that its command names."""
    by_stem = {splitext(path)[0]: path for path in sorted(files, reverse=True)}
    runs = located_runs(facts, files, lambda folder: _usual(folder, by_stem))
    lists = [run.files for run in runs if run.files]
    first = {paths[0] for paths in lists}
    later = {path for paths in lists for path in paths[1:]} - first
    told = {run.files for run in runs if run.env_files}
    env = {each.path for each in facts if each.format in ENV_FILES}
    for path in files:
        stem = splitext(path)[0]
        if stem.endswith(_OVERRIDE) and stem.removesuffix(_OVERRIDE) in by_stem:
            continue
        if path in later:
            continue
        base = _base_of(files, path, by_stem) if path not in first else None
        paths = (base, path) if base is not None else _with_override(path, by_stem)
        if paths not in told or posixpath.join(dirname(path), ".env") in env:
            # Who always names an env file never runs with what is meant for want of one.
            yield paths, ()
    for run in runs:
        if len(run.files) > 1 or run.env_files:
            yield run.files, run.env_files


def _with_override(path: str, by_stem: Mapping[str, str]) -> tuple[str, ...]:
    override = by_stem.get(splitext(path)[0] + _OVERRIDE)
    return (path,) if override is None or override == path else (path, override)


def _usual(folder: str, by_stem: Mapping[str, str]) -> tuple[str, ...]:
    """The files that Compose takes in a folder when nobody names any."""
    found = (by_stem.get(posixpath.join(folder, name)) for name in _BASES)
    base = next((path for path in found if path is not None), None)
    return () if base is None else _with_override(base, by_stem)


def _base_of(files: dict[str, Facts], path: str, by_stem: dict[str, str]) -> str | None:
    """The base file beside a file that only adds to its services."""
    folder = dirname(path)
    base = next((by_stem[s] for name in _BASES if (s := f"{folder}/{name}" if folder else name) in by_stem), None)
    if base is None or base == path:
        return None
    whole = {service.name for service in files[base].services if _is_whole(service)}
    adds = any(service.name in whole and not _is_whole(service) for service in files[path].services)
    return base if adds else None


def _is_whole(service: Service) -> bool:
    return service.image is not None or service.built or service.extends is not None


class _Assembly:
    """Puts the services of several files together."""

    def __init__(
        self, files: dict[str, Facts], listening: Callable[[Service], tuple[Listening, ...]], topology: Topology
    ) -> None:
        self._files = files
        self._services = {(s.path, s.name): s for each in files.values() for s in each.services}
        self._listening = listening
        self._topology = topology

    def stack(self, paths: tuple[str, ...], env_files: tuple[str, ...]) -> Stack:
        every = tuple(islice(dict.fromkeys(self._with_included(paths)), _MOST_FILES))
        merged: dict[str, list[Service]] = {}
        for path in every:
            for service in self._files[path].services:
                definitions = merged.setdefault(service.name, [])
                known = {id(each) for each in definitions}
                definitions += [each for each in self._lineage(service) if id(each) not in known]
        called = {host: name for name, definitions in merged.items() for each in definitions for host in each.hosts}

        def run(definitions: tuple[Service, ...]) -> Listeners:
            return self._topology.service(definitions, env_files)

        members = tuple(
            Member(name, tuple(definitions), _network_owner(name, merged, called), self._listening, run)
            for name, definitions in merged.items()
        )
        return Stack(every, members, env_files)

    def _with_included(self, paths: Iterable[str]) -> Iterator[str]:
        seen: set[str] = set()
        level = [path for path in paths if path in self._files]
        for _ in range(_DEEPEST):
            yield from level
            seen.update(level)
            level = [file for path in level for file in self._files[path].includes if file in self._files]
            level = [file for file in dict.fromkeys(level) if file not in seen]
            if not level or len(seen) > _MOST_FILES:
                return

    def _lineage(self, service: Service) -> list[Service]:
        """What a service extends in other files, farthest first, and itself."""
        out = [service]
        while (key := out[0].extends) is not None and len(out) < _DEEPEST:
            base = self._services.get(key)
            if base is None or any(base is each for each in out):
                break
            out.insert(0, base)
        return out


def _network_owner(name: str, merged: Mapping[str, Sequence[Service]], called: Mapping[str, str]) -> str:
    """The service whose network a service uses: of `network_mode: service:web`, or `container:` and its name."""
    for _ in range(_DEEPEST):
        modes = [each.network_mode for each in merged[name] if each.network_mode is not None]
        kind, colon, other = modes[-1].partition(":") if modes else ("", "", "")
        if not colon or kind not in ("service", "container"):
            return name
        owner = called.get(other) if kind == "container" else other
        if owner is None or owner not in merged or owner == name:
            # A container of another stack: those that use its network share it all the same.
            return modes[-1]
        name = owner
    return name
