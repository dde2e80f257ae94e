"""What the services of a stack take on the host."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from portlint.check.env_files import Values
from portlint.knowledge import well_known
from portlint.knowledge.hosts import ANY, interfaces
from portlint.model import Listening, Mapping, Member, PortRange, Service, Span, Stack

_SHARED = ("service:", "container:")
_OTHERWISE = ("environment", "config")
_ON_THE_HOST = ("command", "image")
"""what tells the ports of a service in the host's own network; Compose ignores its mappings"""


class Binding(Struct, frozen=True, kw_only=True):
    """A port of the host that a service takes for itself."""

    service: str
    profiles: frozenset[str]
    path: str
    span: Span
    subject: str
    ports: PortRange
    protocol: str
    addresses: tuple[tuple[str, str], ...]
    """pairs of family and address; ANY stands for all addresses of the family"""
    container: PortRange | None
    source: str
    """where the number comes from when it is not written at the place: `the fallback of API_PORT`"""
    replicas: int = 1
    in_host_network: bool = False

    def clashes(self, other: Binding) -> bool:
        """Whether the two cannot be bound at once. The protocols are the same, and the ports overlap."""
        if self.service == other.service and (self.container is None or self.container == other.container):
            return False
        if self.profiles and other.profiles and self.profiles.isdisjoint(other.profiles):
            return False
        if self.path != other.path and bool(self.profiles) != bool(other.profiles):
            # A further file is a choice as a profile is, and often the one in place of the other.
            return False
        return any(
            mine == theirs and (a == b or ANY in (a, b)) for mine, a in self.addresses for theirs, b in other.addresses
        )

    @property
    def everywhere(self) -> bool:
        """Whether it is bound to all addresses of the host."""
        return any(address == ANY for _, address in self.addresses)


def profiles_of(member: Member) -> frozenset[str]:
    """The profiles with which a service starts; none: it always does."""
    return frozenset(profile for service in member.definitions for profile in service.profiles)


def bindings(stack: Stack, member: Member, values: Values) -> Iterator[Binding]:
    """What a service of a stack takes on the host."""
    definitions = member.definitions
    mode = next((s.network_mode for s in reversed(definitions) if s.network_mode is not None), None)
    profiles = profiles_of(member)
    replicas = max(service.replicas for service in definitions)
    if any(service.swarm for service in definitions):
        replicas = 1
    if mode is not None and mode.startswith(_SHARED):
        # Compose refuses `ports` there.
        return
    if mode == "host":
        yield from _in_host_network(member, profiles)
        return
    from_here = max((n for n, s in enumerate(definitions) if s.overrides_ports), default=0)
    for service in definitions[from_here:]:
        for mapping in service.mappings:
            binding = _binding(stack, service, mapping, values)
            if binding is not None:
                yield replace(binding, service=member.name, profiles=profiles, replicas=replicas)


def _in_host_network(member: Member, profiles: frozenset[str]) -> Iterator[Binding]:
    for each in listeners(member, profiles, _ON_THE_HOST):
        source = f"its {_by(member, _ON_THE_HOST)} listens there, in the host's network"
        yield replace(each, source=source, in_host_network=True)


def listeners(member: Member, profiles: frozenset[str], sources: tuple[str, ...]) -> Iterator[Binding]:
    """What a service listens on in a network that it shares, as the first of the sources that says anything tells."""
    service = member.definitions[-1]
    by = _by(member, sources)
    told = [each for each in member.listens if each.by == by and (each.where is not None or is_usual(each))]
    if by == "image" and any(
        each.by in _OTHERWISE and not any(each.ports.overlaps(usual.ports) for usual in told) for each in member.listens
    ):
        # It may well be told to listen elsewhere.
        return
    for each in told:
        yield Binding(
            service=member.name,
            profiles=profiles,
            path=each.where.path if each.where else service.path,
            span=each.where.span if each.where else service.span,
            subject=f"services.{member.name}.network_mode",
            ports=each.ports,
            protocol=each.where.protocol if each.where else "tcp",
            addresses=interfaces(each.where.host if each.where else None),
            container=each.ports,
            source="",
        )


def _by(member: Member, sources: tuple[str, ...]) -> str | None:
    found = {each.by for each in member.listens}
    return next((by for by in sources if by in found), None)


def is_usual(listening: Listening) -> bool:
    """Whether an image listens there without anybody asking for it: no console, no port for a cluster."""
    known = well_known.of_image(listening.word)
    return known is not None and listening.ports.start in known.ports


def _binding(stack: Stack, service: Service, mapping: Mapping, values: Values) -> Binding | None:
    """None where the engine chooses the port, or where it is not known."""
    place, variable = mapping.published, mapping.published_variable
    if variable is None and place is not None:
        variable = place.variable
    value = values.of(stack, service.path, variable, place)
    literal = value.literal
    if literal is None or not literal.valid:
        return None
    container = mapping.container.ports if mapping.container is not None and mapping.container.valid else None
    if literal.end_port is not None and _length(literal.ports) != _length(container):
        # "8000-8010:80": any free one of them, so another service may well have one.
        return None
    return Binding(
        service=service.name,
        profiles=frozenset(),
        path=service.path,
        span=place.span if place is not None else mapping.span,
        subject=place.subject if place is not None else f"services.{service.name}.ports",
        ports=literal.ports,
        protocol=mapping.protocol.lower(),
        addresses=interfaces(mapping.address),
        container=container,
        source=value.source,
    )


def _length(ports: PortRange | None) -> int:
    return 1 if ports is None else ports.end - ports.start + 1
