"""EXPOSE and HEALTHCHECK of a Dockerfile against what its image starts: a part of PORT203."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from posixpath import dirname

from msgspec import Struct, field

from portlint.check.context import Context, finding_at
from portlint.knowledge.formats import ENV_FILES, IMAGES
from portlint.knowledge.hosts import names_itself
from portlint.model import Facts, Finding, Listener, PortLiteral, Related, Role
from portlint.syntax.dockerfile_stages import instruction_of, literals_of


class _Said(Struct):
    """The port literals of an image, by what they tell."""

    exposed: list[PortLiteral] = field(default_factory=list)
    commands: list[PortLiteral] = field(default_factory=list)
    probes: list[PortLiteral] = field(default_factory=list)
    others: list[PortLiteral] = field(default_factory=list)


def image_mismatch(context: Context) -> Iterator[Finding]:
    """EXPOSE and HEALTHCHECK that lead to a port on which nothing in the image listens."""
    dockerfiles = [facts for facts in context.asked_facts if facts.format in IMAGES]
    if not dockerfiles:
        return
    bound = _bound(context, {dirname(facts.path) for facts in dockerfiles})
    targets: dict[str, dict[str | None, None]] = {}
    for facts in context.facts:
        for service in facts.services:
            if service.build is not None:
                targets.setdefault(service.build, {})[service.target] = None
    for facts in dockerfiles:
        for target in targets.get(facts.path, (None,)):
            said = _said(facts, literals_of(facts, target) or ())
            if said.exposed or said.probes:
                yield from _image(context, facts, target, said, bound[dirname(facts.path)])


def _bound(context: Context, folders: Iterable[str]) -> dict[str, frozenset[int]]:
    """The ports that code and configuration bind under each folder."""
    out: dict[str, set[int]] = {folder: set() for folder in folders}
    for facts in context.facts:
        if facts.format in IMAGES:
            continue
        ports = {each.port for each in facts.literals if each.role is Role.BIND and not each.prose}
        folder = facts.path
        while ports and folder:
            folder = dirname(folder)
            if folder in out:
                out[folder] |= ports
    return {folder: frozenset(ports) for folder, ports in out.items()}


def _said(facts: Facts, image: Iterable[PortLiteral]) -> _Said:
    said = _Said()
    for literal in image:
        if literal.prose or not literal.valid or not names_itself(literal.host):
            continue
        instruction = instruction_of(facts, literal)
        if instruction == "EXPOSE":
            said.exposed.append(literal)
        elif instruction in ("CMD", "ENTRYPOINT"):
            (said.others if literal.role is Role.CONNECT else said.commands).append(literal)
        elif instruction == "HEALTHCHECK":
            said.probes.append(literal)
        elif instruction not in ("FROM", "COPY", "ADD"):
            said.others.append(literal)
    return said


def _image(context: Context, facts: Facts, target: str | None, said: _Said, bound: frozenset[int]) -> Iterator[Finding]:
    runs = context.topology.image(facts.path, target)
    if runs.complete and runs.known and not _is_given_elsewhere(context, facts.path, said, runs.known):
        yield from _against_programs(said, runs.known)
    else:
        yield from _against_words(said, bound)


def _is_given_elsewhere(context: Context, dockerfile: str, said: _Said, known: Iterable[Listener]) -> bool:
    """Whether a service that is built from it, or an env file, has the programs listen on what EXPOSE or a health check
    says."""
    ports = {each.port for each in (*said.exposed, *said.probes)} - {each.port for each in known}
    variables = {name for each in known for name in each.variables}
    for stack in context.network.stacks:
        for member in stack.members:
            if any(each.build == dockerfile for each in member.definitions):
                runs = member.runs
                if not ports.isdisjoint(each.port for each in runs.known) or not runs.complete:
                    return True
    return bool(variables) and any(
        literal.variable in variables and literal.port in ports
        for facts in context.facts
        if facts.format in ENV_FILES
        for literal in (*facts.literals, *facts.candidates)
    )


def _against_programs(said: _Said, known: tuple[Listener, ...]) -> Iterator[Finding]:
    """Against all that its programs listen on."""
    first = known[0]
    ports = {each.port for each in known}
    told = f"listens on {first.port} ({first.evidence.by})"
    related = (Related(first.evidence.path, first.evidence.span, f"the image listens on {first.port}"),)
    # A variable of the image that says the same may be read by what the command starts.
    if not any(_covers(each, ports) or _meets(each, said.others) for each in said.exposed) and said.exposed:
        yield finding_at(
            said.exposed[0],
            "PORT203",
            f"EXPOSE says {said.exposed[0].ports}, but what the image starts {told}",
            help=f"write EXPOSE {first.port}",
            related=related,
        )
    for probe in said.probes:
        if not _covers(probe, ports):
            yield finding_at(
                probe,
                "PORT203",
                f"HEALTHCHECK asks port {probe.ports}, but what the image starts {told}: it is never seen as healthy",
                help=f"ask port {first.port}",
                related=related,
            )


def _against_words(said: _Said, bound: frozenset[int]) -> Iterator[Finding]:
    """Against the ports that its command names, where not all is known of what it starts."""
    exposed, commands = said.exposed, said.commands
    named = [*commands, *said.others]
    if exposed and commands and not any(_meets(each, named) or each.port in bound for each in exposed):
        yield finding_at(
            exposed[0],
            "PORT203",
            f"EXPOSE says {exposed[0].ports}, but the command listens on {commands[0].ports}",
            help=f"write EXPOSE {commands[0].ports}",
            related=(Related(commands[0].path, commands[0].span, f"the command listens on {commands[0].ports} here"),),
        )
    listening = commands or exposed
    for probe in said.probes:
        if listening and probe.port not in bound and not _meets(probe, [*exposed, *named]):
            yield finding_at(
                probe,
                "PORT203",
                f"HEALTHCHECK asks port {probe.ports}, but the image listens on {listening[0].ports}: "
                "it is never seen as healthy",
                help=f"ask port {listening[0].ports}",
                related=(Related(listening[0].path, listening[0].span, f"{listening[0].ports} is said here"),),
            )


def _covers(literal: PortLiteral, ports: Iterable[int]) -> bool:
    return any(port in literal.ports for port in ports)


def _meets(one: PortLiteral, others: Iterable[PortLiteral]) -> bool:
    return any(one.ports.overlaps(other.ports) for other in others)
