"""The topology stage: what runs, and where it listens. It knows nothing of the registry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from posixpath import basename, dirname

from portlint.knowledge.env_file_names import is_template
from portlint.knowledge.formats import ENV_FILES
from portlint.model import Facts, Listeners, Service, Topology
from portlint.model.programs import Command, Start
from portlint.topology.environment import Container, EnvFiles, Interpolation
from portlint.topology.images import Image, commands_of, image_of
from portlint.topology.listening import listeners_of

_MOST_NAMES = 100_000
"""names of files that are remembered by their folders"""


def topology_of(facts: Sequence[Facts], paths: Iterable[str] | None = None) -> Topology:
    """What the facts of all files say together. paths: of all files, those without facts too; None: there are none."""
    builder = _Builder(facts, frozenset(paths if paths is not None else (each.path for each in facts)))
    return Topology(builder.service, builder.image)


class _Builder:
    """Works out each workload when it is asked about, and once."""

    def __init__(self, facts: Sequence[Facts], paths: AbstractSet[str]) -> None:
        env_files = {each.path: is_template(each.path) for each in facts if each.format in ENV_FILES}
        self._files = EnvFiles(facts, env_files)
        self._dockerfiles = {each.path: each for each in facts if each.stages}
        self._folders: dict[str, list[str]] = {}
        for path in paths:
            self._folders.setdefault(basename(path), []).append(dirname(path))
        self._images: dict[tuple[str, str | None], Image | None] = {}
        self._known: dict[tuple[object, ...], Listeners] = {}

    def service(self, definitions: tuple[Service, ...], env_files: tuple[str, ...]) -> Listeners:
        """What a compose service listens on; see `Topology.service`."""
        key = (*(id(each) for each in definitions), env_files)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._service(definitions, env_files)
        return known

    def image(self, dockerfile: str, target: str | None) -> Listeners:
        """What an image starts by itself; see `Topology.image`."""
        key = (dockerfile, target)
        if key not in self._known:
            self._known[key] = self._alone(dockerfile, target)
        return self._known[key]

    def _alone(self, dockerfile: str, target: str | None) -> Listeners:
        image = self._image(dockerfile, target)
        if image is None:
            return Listeners(why_not="there is no such stage")
        starts = {start.key: start for start in image.starts}
        commands = commands_of(starts.get("ENTRYPOINT"), starts.get("CMD"))
        container = Container((), image, self._files, Interpolation("", self._files, with_templates=False))
        return listeners_of(commands, dockerfile, container, lambda name: self._lies_below(name, dirname(dockerfile)))

    def _service(self, definitions: tuple[Service, ...], env_files: tuple[str, ...]) -> Listeners:
        """With the values of `.env`; where there is none, with those of a template too: only what both say is sure."""
        folder = dirname(definitions[0].path)
        found = [
            self._started(definitions, Interpolation(folder, self._files, with_templates=copied, named=env_files))
            for copied in (False, True)
        ]
        first, second = found
        if {each.port for each in first.known} == {each.port for each in second.known}:
            return first
        known = {each.port: each for each in (*second.known, *first.known)}
        return Listeners(tuple(known.values()), False, "a template of an env file says another port")

    def _started(self, definitions: tuple[Service, ...], interpolation: Interpolation) -> Listeners:
        built = next((each for each in reversed(definitions) if each.build is not None), None)
        image = None
        if built is not None and built.build is not None:
            image = self._image(built.build, built.target)
        container = Container(definitions, image, self._files, interpolation)
        commands, path = _commands(definitions, image)
        roots = [dirname(each.build) for each in definitions if each.build is not None]
        roots += [mount.source for each in definitions for mount in each.mounts]
        listeners = listeners_of(
            commands, path, container, lambda name: any(self._lies_below(name, root) for root in roots)
        )
        if image is None and listeners.complete and not any(each.image for each in definitions):
            # Its Dockerfile is not here: the image may bring variables along.
            return Listeners(listeners.known, False, "its image is not known")
        return listeners

    def _image(self, dockerfile: str, target: str | None) -> Image | None:
        key = (dockerfile, target)
        if key not in self._images:
            facts = self._dockerfiles.get(dockerfile)
            self._images[key] = None if facts is None else image_of(facts, target)
        return self._images[key]

    def _lies_below(self, name: str, folder: str) -> bool:
        """Whether a file of that name lies in a folder, or below it: where in it a program starts is not known."""
        inside = f"{folder}/" if folder else ""
        return any(f"{each}/".startswith(inside) for each in self._folders.get(basename(name), ()))


def _commands(definitions: Sequence[Service], image: Image | None) -> tuple[Sequence[Command], str]:
    """What a service starts, and the file that says so: its own words before the image's."""
    own: dict[str, tuple[Start, str]] = {}
    for service in definitions:
        own |= {start.key: (start, service.path) for start in service.starts}
    given = {start.key: (start, image.path) for start in image.starts} if image is not None else {}
    entrypoint = own.get("entrypoint") or given.get("ENTRYPOINT")
    # An entry point of the service's own clears the command of the image.
    command = own.get("command") or (None if "entrypoint" in own else given.get("CMD"))
    chosen = command or entrypoint
    if chosen is None:
        return (), definitions[-1].path
    commands = commands_of(entrypoint[0] if entrypoint else None, command[0] if command else None)
    return commands, chosen[1]
