"""The topology stage: what runs, and where it listens. It knows nothing of the registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from posixpath import dirname, join

from portlint.knowledge.env_file_names import is_template
from portlint.knowledge.formats import ENV_FILES
from portlint.model import Facts, Given, Listeners, Service, Topology
from portlint.model.programs import Command, Start
from portlint.topology.container_files import ContainerFiles, RepositoryTree
from portlint.topology.environment import Container, EnvFiles, Interpolation
from portlint.topology.given import given_by
from portlint.topology.images import Image, commands_of, image_of
from portlint.topology.listening import Workload, listeners_of


def topology_of(facts: Sequence[Facts], paths: Iterable[str] | None = None) -> Topology:
    """What the facts of all files say together. paths: of all files, those without facts too; None: there are none."""
    builder = _Builder(facts, paths)
    return Topology(builder.service, builder.given, builder.image)


class _Builder:
    """Works out each workload when it is asked about, and once."""

    def __init__(self, facts: Sequence[Facts], paths: Iterable[str] | None) -> None:
        env_files = {each.path: is_template(each.path) for each in facts if each.format in ENV_FILES}
        self._env_files = EnvFiles(facts, env_files)
        self._facts = {each.path: each for each in facts}
        self._tree = RepositoryTree(self._facts if paths is None else paths)
        self._images: dict[tuple[str, str | None], Image | None] = {}
        self._known: dict[tuple[object, ...], Listeners] = {}

    def service(self, definitions: tuple[Service, ...], env_files: tuple[str, ...]) -> Listeners:
        """What a compose service listens on; see `Topology.service`."""
        key = (*(id(each) for each in definitions), env_files)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._service(definitions, env_files)
        return known

    def given(self, definitions: tuple[Service, ...], env_files: tuple[str, ...]) -> tuple[Given, ...]:
        """The ports among the variables of a service; see `Topology.given`. Only what `.env`, or where there is none a
        template of it, says as well as the fallback."""
        first, *others = (
            tuple(given_by(definitions, Container(definitions, None, self._env_files, interpolation)))
            for interpolation in self._interpolations(dirname(definitions[0].path), env_files)
        )
        said = {(each.name, each.host, each.port) for other in others for each in other}
        return tuple(each for each in first if not others or (each.name, each.host, each.port) in said)

    def _interpolations(self, folder: str, named: tuple[str, ...]) -> Iterator[Interpolation]:
        """The values of `.env`, or of the env files that a command names; where there is no `.env` those without one,
        and then those of a template of it."""
        yield Interpolation(folder, self._env_files, with_templates=False, named=named)
        if not named and join(folder, ".env") not in self._env_files.paths and self._env_files.templates(folder):
            yield Interpolation(folder, self._env_files, with_templates=True)

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
        container = Container((), image, self._env_files, Interpolation("", self._env_files, with_templates=False))
        context = self._context(image)
        files = ContainerFiles(self._tree, (), image, context, image.workdir)
        roots = (dirname(dockerfile),) if context is None else (context,)
        return listeners_of(commands, dockerfile, Workload(container, files, self._facts, roots))

    def _context(self, image: Image) -> str | None:
        """The folder that an image is built from which no file says: the nearest one with most of what it copies."""
        sources = {source for copy in image.copies if copy.stage is None for source in copy.sources}
        plain = [source for source in sources if not any(sign in source for sign in "*?[$")]
        folders = [dirname(image.path)]
        while folders[-1]:
            folders.append(dirname(folders[-1]))
        if not plain:
            return folders[0]
        count = [sum(self._tree.has(join(folder, source.lstrip("/"))) for source in plain) for folder in folders]
        return folders[count.index(max(count))] if max(count) else None

    def _service(self, definitions: tuple[Service, ...], env_files: tuple[str, ...]) -> Listeners:
        """With the values of `.env`; where there is none, with those of a template too: only what both say is sure."""
        first, *others = (
            self._started(definitions, each) for each in self._interpolations(dirname(definitions[0].path), env_files)
        )
        if all({each.port for each in first.known} == {each.port for each in other.known} for other in others):
            return first
        known = {each.port: each for each in (*others[0].known, *first.known)}
        return Listeners(tuple(known.values()), False, "a template of an env file says another port")

    def _started(self, definitions: tuple[Service, ...], interpolation: Interpolation) -> Listeners:
        built = next((each for each in reversed(definitions) if each.build is not None), None)
        image = None
        if built is not None and built.build is not None:
            image = self._image(built.build, built.target)
        container = Container(definitions, image, self._env_files, interpolation)
        commands, path = _commands(definitions, image)
        mounts = tuple(mount for each in definitions for mount in each.mounts)
        given = next((each.working_dir for each in reversed(definitions) if each.working_dir is not None), None)
        workdir = given or (image.workdir if image is not None else None)
        context = None if built is None else built.context
        files = ContainerFiles(self._tree, mounts, image, context, workdir)
        roots = tuple(each.context for each in definitions if each.context is not None)
        roots += tuple(mount.source for mount in mounts if mount.source is not None)
        listeners = listeners_of(commands, path, Workload(container, files, self._facts, roots))
        if image is None and listeners.complete and not any(each.image for each in definitions):
            # Its Dockerfile is not here: the image may bring variables along.
            return Listeners(listeners.known, False, "its image is not known")
        return listeners

    def _image(self, dockerfile: str, target: str | None) -> Image | None:
        key = (dockerfile, target)
        if key not in self._images:
            facts = self._facts.get(dockerfile)
            self._images[key] = None if facts is None else image_of(facts, target)
        return self._images[key]


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
