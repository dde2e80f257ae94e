"""Connections whose port comes through a variable of the compose file: parts of PORT205, PORT207 and PORT301.

A stack has one variable for the port on the host; whoever takes it for the port inside the network goes wrong, at once
or as soon as it is set. Source: Compose specification, `ports`, `environment`, "Interpolation".
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from portlint.check.addressed import knowledge
from portlint.check.context import Context, host_beside
from portlint.check.network import Peer, described, places
from portlint.knowledge.identifiers import words
from portlint.model import Evidence, Finding, Given, Member, PortRange, Related, Stack
from portlint.model.programs import Part


class _Way(Struct, frozen=True):
    """A service that goes to another one on a port that came through a variable."""

    given: Given
    member: Member
    peer: Peer
    host: str

    @property
    def ports(self) -> PortRange:
        return PortRange(self.given.port, self.given.port)


def published_through_variable(context: Context) -> Iterator[Finding]:
    """PORT205: another container is addressed by the value of the variable that moves its published port."""
    for way in _missing(context):
        binding = way.peer.publishes(way.ports)
        if binding is not None:
            name = way.peer.member.name
            yield _finding(
                way,
                "PORT205",
                f"{_told(way)}, the port of {name} on the host; from another container it answers on "
                f"{described(way.peer.sure)}, and this connection is refused",
                (Related(binding.path, binding.span, f"{name} publishes {binding.ports} here"),),
            )


def dangling_through_variable(context: Context) -> Iterator[Finding]:
    """PORT301: the value of a variable is no port of the service that is addressed."""
    for way in _missing(context):
        if way.peer.publishes(way.ports) is None:
            name = way.peer.member.name
            yield _finding(
                way,
                "PORT301",
                f"{_told(way)}, and {name} has no such port: it listens on {described(way.peer.sure)}, and this "
                "connection is refused",
                (),
            )


def published_side_alone(context: Context) -> Iterator[Finding]:
    """PORT207: a connection inside the network follows a variable that moves the published side of a mapping alone."""
    for way in _ways(context):
        variable = next((name for name in way.given.variables if _moves_published_side_alone(way, name)), None)
        if variable is not None and any(each.ports.overlaps(way.ports) for each in way.peer.sure):
            name = way.peer.member.name
            yield _finding(
                way,
                "PORT207",
                f"{way.member.name} goes to {name} on {variable}, which moves only its port on the host: "
                f"{name} listens on {described(way.peer.sure)} whatever {variable} is",
                (),
            )


def _ways(context: Context) -> Iterator[_Way]:
    seen: set[tuple[str, int]] = set()
    for stack in context.stacks:
        for member in stack.members:
            if any(each.network_mode is not None for each in member.definitions):
                continue
            hosts = {name: host for each in member.definitions for name, host in each.host_variables}
            for given in context.topology.given(member.definitions, stack.env_files):
                place = (given.evidence.path, given.evidence.span.start)
                host = given.host or host_beside(hosts, given.name)
                if given.variables and host is not None and place not in seen and not _is_origin(given.name):
                    peer = _peer(context, stack, member, given, host)
                    if peer is not None:
                        seen.add(place)
                        yield _Way(given, member, peer, host)


def _peer(context: Context, stack: Stack, member: Member, given: Given, host: str) -> Peer | None:
    called = context.network.called(given.evidence.path, member.name, host)
    found = [peer for peer in called if peer.stack is stack and peer.member is not member]
    return found[0] if len(found) == 1 and found[0].sure else None


def _is_origin(name: str) -> bool:
    return not knowledge("origin_words").isdisjoint(words(name))


def _missing(context: Context) -> Iterator[_Way]:
    """Those that lead to a port on which nobody listens, but for what the literals alone tell."""
    told = [(literal.path, literal.span.start) for literal, _ in context.missed]
    for way in _ways(context):
        peer, place = way.peer, way.given.evidence
        if peer.listens(way.ports) or not (peer.whole or peer.publishes(way.ports) is not None):
            continue
        if not any(path == place.path and place.span.start <= start < place.span.end for path, start in told):
            yield way


def _moves_published_side_alone(way: _Way, variable: str) -> bool:
    """Whether a variable stands on the published side of the other service's mapping, and nowhere else in it."""
    definitions = way.peer.member.definitions
    mapped = [each for service in definitions for each in service.mappings]
    is_published = any(
        each.published_variable == variable and each.container is not None and each.container.ports.overlaps(way.ports)
        for each in mapped
    )
    if not is_published or any(each.container_variable == variable for each in mapped):
        return False
    texts = [each.value for service in definitions for each in service.assignments if each.value is not None]
    texts += [
        word for service in definitions for start in service.starts for each in start.commands for word in each.words
    ]
    named = {name for text in texts for name in _names(text.parts)}
    assigned = {each.name for service in definitions for each in service.assignments}
    return variable not in named | assigned and not any(each.env_files for each in definitions)


def _names(parts: tuple[Part, ...]) -> Iterator[str]:
    for part in parts:
        if part.variable is not None:
            yield part.variable
            yield from _names(part.fallback or ())


def _told(way: _Way) -> str:
    return f"{way.given.name} is {way.given.port} ({_source(way.given)})"


def _source(given: Given) -> str:
    return given.written.by if given.written is not given.evidence else f"the fallback of {given.variables[-1]}"


def _finding(way: _Way, code: str, message: str, related: tuple[Related, ...]) -> Finding:
    given = way.given
    written: Evidence = given.written
    others = [Related(written.path, written.span, f"{given.port} is written here")] if written != given.evidence else []
    return Finding(
        rule=code,
        path=given.evidence.path,
        span=given.evidence.span,
        message=message,
        help=f"write the port of {way.peer.member.name} inside the network: {way.peer.sure[0].ports}",
        port=given.port,
        subject=f"services.{way.member.name}.environment.{given.name}",
        related=(*others, *related, *places(way.peer, way.peer.sure)),
    )
