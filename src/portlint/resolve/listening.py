"""What a compose service listens on inside its container, as the repository tells it, each with its source.

Sure sources say it: mappings, `expose`, commands, the Dockerfile that is built, an image that the world knows. The
others (its variables, its health check, a configuration file that bears its name) are no ground for a claim, but a port
that one of them names is not called missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from posixpath import dirname

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge import rule_data, well_known
from portlint.knowledge.formats import CODE, CONFIGURATION, ENV_FILES
from portlint.knowledge.hosts import names_itself
from portlint.knowledge.identifiers import words
from portlint.model import FIRST_PORT, LAST_PORT, Facts, Listening, PortLiteral, PortRange, Role, Service
from portlint.syntax.dockerfile_stages import instruction_of, literals_of

_ANY = PortRange(FIRST_PORT, LAST_PORT)
_WORD = regex(r"[a-z0-9]+")
_MOST = 64
"""ports of one kind that are remembered of one service"""
_SECTIONS = {
    "command": "command",
    "entrypoint": "command",
    "environment": "environment",
    "healthcheck": "healthcheck",
    "labels": "label",
    "deploy": "label",
    "configs": "config",
}


@cache
def _side_options() -> frozenset[str]:
    return frozenset(rule_data.load("services/listening.yaml")["side_options"])


@cache
def _side_ports() -> frozenset[int]:
    return frozenset(rule_data.load("services/listening.yaml")["side_ports"])


def section(literal: PortLiteral) -> str:
    """The key of the compose service under which the literal stands: `environment`, `healthcheck`, `ports`, ..."""
    rest = literal.subject.removeprefix(f"services.{literal.service}.")
    return rest.partition(".")[0].partition("[")[0]


class Listeners:
    """Answers what each compose service listens on."""

    def __init__(self, facts: Iterable[Facts]) -> None:
        everything = tuple(facts)
        services = [service for each in everything for service in each.services]
        self._own: dict[tuple[str, str], list[PortLiteral]] = {}
        self._dockerfiles: dict[str, Facts] = {}
        self._images: dict[tuple[str, str | None], tuple[PortLiteral, ...] | None] = {}
        self._env: dict[str, list[PortLiteral]] = {}
        self._values: dict[str, list[PortLiteral]] = {}
        self._bound: dict[str, list[PortLiteral]] = {dirname(s.build): [] for s in services if s.build is not None}
        self._named: dict[str, list[PortLiteral]] = {word: [] for s in services for word in _names(s)}
        builds = {service.build for service in services}
        env_files = {file for service in services for file in service.env_files}
        for each in everything:
            if each.services:
                for literal in each.literals:
                    if literal.service is not None and not literal.prose:
                        self._own.setdefault((each.path, literal.service), []).append(literal)
            live = [literal for literal in each.literals if literal.valid and not literal.prose]
            if each.path in builds:
                self._dockerfiles[each.path] = each
            elif each.format in ENV_FILES:
                if each.path in env_files:
                    self._env[each.path] = [*live, *each.candidates]
                for literal in live:
                    if literal.variable is not None:
                        _note(self._values.setdefault(literal.variable, []), literal)
            elif each.format in CODE:
                self._note_bound(each.path, live)
            elif each.format in CONFIGURATION:
                self._note_bound(each.path, live)
                for word in set(_WORD.findall(each.path.lower())) & self._named.keys():
                    for literal in live:
                        # What an API description says of servers is where its clients go (OpenAPI, "Server Object").
                        is_told = literal.subject.startswith("servers")
                        if literal.role in (Role.BIND, Role.SETTING) and names_itself(literal.host) and not is_told:
                            _note(self._named[word], literal)

    def _note_bound(self, path: str, live: list[PortLiteral]) -> None:
        """Ports that code and configuration bind, under each folder that an image is built from."""
        bound = [literal for literal in live if literal.role is Role.BIND]
        folder = path
        while bound and folder:
            folder = dirname(folder)
            if (known := self._bound.get(folder)) is not None:
                for literal in bound:
                    _note(known, literal)

    def of(self, service: Service) -> tuple[Listening, ...]:
        """What one definition of a service says, each port and source once."""
        found: dict[tuple[PortRange, str], Listening] = {}
        for each in self._all(service):
            found.setdefault((each.ports, each.by), each)
        return tuple(found.values())

    def _all(self, service: Service) -> Iterator[Listening]:
        names = {service.name.lower(), *(host.lower() for host in service.hosts)}
        for literal in self._own.get((service.path, service.name), ()):
            by = _SECTIONS.get(section(literal))
            host = literal.host
            if by is None or not literal.valid or not (names_itself(host) or (host or "").lower() in names):
                continue
            if by == "command":
                if literal.role is Role.CONNECT or not names_itself(host):
                    continue
                by = by if _is_main(literal) else "environment"
            yield from self._told(literal, by)
        for mapping in service.mappings:
            if mapping.container is not None and mapping.container.valid:
                yield from self._told(mapping.container, "mapping")
            elif mapping.container is None:
                # Only the variable knows.
                yield Listening(_ANY, "environment")
        for literal in service.expose:
            if literal.valid:
                yield from self._told(literal, "expose")
        if service.build is not None:
            yield from self._built(service, service.build)
        known = well_known.of_image(service.image) if service.image is not None and service.build is None else None
        if known is not None:
            for port in (*known.ports, *known.more_ports):
                yield Listening(PortRange(port, port), "image", None, service.image or "")
        elif (like := _like(service)) is not None:
            # Somebody's own build of it, `signoz/zookeeper`: it may well listen there, too.
            for port in (*like.ports, *like.more_ports):
                yield Listening(PortRange(port, port), "config")
        for file in service.env_files:
            for literal in self._env.get(file, ())[:_MOST]:
                if names_itself(literal.host):
                    yield Listening(literal.ports, "environment", literal)
        for word in _names(service):
            for literal in self._named.get(word, ()):
                yield Listening(literal.ports, "config", literal)

    def _told(self, literal: PortLiteral, by: str) -> Iterator[Listening]:
        """A place's port, and for a fallback what env files set its variable to."""
        yield Listening(literal.ports, by, literal)
        if literal.form == "fallback" and literal.variable is not None:
            for value in self._values.get(literal.variable, ()):
                yield Listening(value.ports, "environment", value)

    def _built(self, service: Service, dockerfile: str) -> Iterator[Listening]:
        image = self._image(dockerfile, service.target)
        known = image if image is not None else self._image(dockerfile, None) or ()
        for literal in known[:_MOST]:
            instruction = instruction_of(self._dockerfiles[dockerfile], literal)
            if not names_itself(literal.host):
                continue
            if image is None:
                # Which stage it is built from is not known.
                yield Listening(literal.ports, "environment", literal, dockerfile)
            elif instruction == "EXPOSE":
                # A command in the compose file takes the place of the image's, and may well start another process.
                yield Listening(literal.ports, "environment" if service.commanded else "EXPOSE", literal, dockerfile)
            elif instruction in ("CMD", "ENTRYPOINT") and literal.role is not Role.CONNECT:
                by = "CMD" if _is_main(literal) and not service.commanded else "environment"
                yield Listening(literal.ports, by, literal, dockerfile)
            elif instruction == "HEALTHCHECK":
                yield Listening(literal.ports, "healthcheck", literal, dockerfile)
            elif instruction not in ("RUN", "FROM", "COPY", "ADD"):
                yield Listening(literal.ports, "environment", literal, dockerfile)
        for literal in self._bound.get(dirname(dockerfile), ()):
            yield Listening(literal.ports, "config", literal)

    def _image(self, dockerfile: str, target: str | None) -> tuple[PortLiteral, ...] | None:
        """What a Dockerfile says of the image that is built from a stage of it; None where it has no such stage."""
        key = (dockerfile, target)
        if key not in self._images:
            facts = self._dockerfiles.get(dockerfile)
            found = () if facts is None else literals_of(facts, target)
            live = None if found is None else tuple(each for each in found if each.valid and not each.prose)
            self._images[key] = live
        return self._images[key]


def _like(service: Service) -> well_known.WellKnown | None:
    """The well-known service that the name of a strange image, or of the service, speaks of."""
    image = (service.image or "").partition("@")[0].rpartition("/")[2].partition(":")[0]
    found = (well_known.of_image(image), well_known.of_identifier(image), well_known.of_identifier(service.name))
    return next((known for known in found if known is not None), None)


def _is_main(literal: PortLiteral) -> bool:
    """Whether a port of a command is where the process answers: `--port`, `--bind`; not `--metrics-port`."""
    if literal.port in _side_ports():
        return False
    name = literal.name
    return name is None or name == literal.service or _side_options().isdisjoint(words(name))


def _names(service: Service) -> set[str]:
    """The words by which a configuration file may be called after a service: its names, and its image's."""
    image = (service.image or "").partition("@")[0].rpartition("/")[2].partition(":")[0]
    return {word.lower() for word in (service.name, *service.hosts, image) if _WORD.fullmatch(word.lower())}


def _note(known: list[PortLiteral], literal: PortLiteral) -> None:
    if len(known) < _MOST and all(other.ports != literal.ports for other in known):
        known.append(literal)
