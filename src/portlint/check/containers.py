"""Rules about what containers listen on and how they are reached: PORT203, PORT205, PORT301, PORT302."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portlint.check.addressed import is_addressed, knowledge
from portlint.check.built_images import image_mismatch
from portlint.check.context import Context, finding_at, is_default, replace_port_fix
from portlint.check.network import Peer, data_store, described, places, runs
from portlint.check.through_variables import dangling_through_variable, published_through_variable
from portlint.knowledge import well_known
from portlint.knowledge.formats import CODE, SETS_VARIABLES
from portlint.knowledge.hosts import is_container_host, is_loopback
from portlint.knowledge.identifiers import entry_vocabulary, words
from portlint.model import Finding, Fix, Listening, PortLiteral, PortRange, Rank, Related

_TOLD = ("program", "command", "CMD", "EXPOSE", "image")
"""what tells where a process listens, the most direct first; the others only repeat it"""
_BACKED = ("environment", "config", "command", "CMD")
"""what shows that a port which one of them does not tell is meant all the same"""
_OWN_WORDS = ("command", "CMD")
_OF_THE_HOST = CODE | SETS_VARIABLES
"""formats whose address of this machine means the machine on which the containers run"""


def container_port_mismatch(context: Context) -> Iterator[Finding]:
    """PORT203: mapping, health check, EXPOSE and command of a service disagree about what it listens on."""
    for stack in context.stacks:
        for peer in context.network.peers(stack):
            yield from _mapped(peer)
            yield from _probed(peer)
    yield from image_mismatch(context)


def _mapped(peer: Peer) -> Iterator[Finding]:
    """Mappings and `expose` that lead to a port on which nothing listens."""
    name, listens = peer.member.name, peer.member.listens
    if peer.neighbours and not peer.whole:
        return
    by = next((by for by in _TOLD if any(each.by == by for each in listens)), None)
    if by is None:
        return
    told = [each for each in listens if each.by == by]
    # Of a program that is known with all that it is told, nothing but its own words says another port.
    backed = _OWN_WORDS if by == "program" else _BACKED
    right = [*told, *(each for each in listens if each.by in backed)]
    for neighbour in peer.neighbours:
        # Who owns a network publishes the ports of all that use it.
        right += neighbour.listens
    for kind, leads in (("mapping", "the mapping leads to"), ("expose", "expose names")):
        inner = [each for each in listens if each.by == kind]
        if not inner or any(_overlap(each.ports, right) for each in inner) or inner[0].where is None:
            continue
        yield finding_at(
            inner[0].where,
            "PORT203",
            f"{leads} port {inner[0].ports} of {name}, which listens on {described(told)}: nothing answers there",
            help=f"write {told[0].ports}, or have {name} listen on {inner[0].ports}",
            related=places(peer, told),
        )


def _probed(peer: Peer) -> Iterator[Finding]:
    """Health checks in the compose file that ask where nothing listens."""
    name, sure = peer.member.name, peer.sure
    for each in peer.member.listens:
        literal = each.where
        if each.by != "healthcheck" or literal is None or not sure:
            continue
        if literal.service is None:
            yield from _probed_by_image(peer, literal)
            continue
        if not peer.listens(each.ports) and (peer.probed or peer.publishes(each.ports) is not None):
            yield finding_at(
                literal,
                "PORT203",
                f"the health check asks port {each.ports}, but {name} listens on {described(sure)}: "
                "it is never seen as healthy",
                help=f"ask port {sure[0].ports}",
                related=places(peer, sure),
            )


def _probed_by_image(peer: Peer, probe: PortLiteral) -> Iterator[Finding]:
    """The health check of an image whose own command runs, where what the service sets has it listen elsewhere. With
    another command it is a matter of PORT208."""
    runs = peer.member.runs
    told = [each for each in runs.known if each.rank is Rank.TOLD]
    if not runs.complete or not told or len(told) < len(runs.known) or peer.neighbours:
        return
    if any(each.commanded for each in peer.member.definitions) or any(each.port in probe.ports for each in told):
        return
    name, first = peer.member.name, told[0]
    yield finding_at(
        probe,
        "PORT203",
        f"HEALTHCHECK asks port {probe.ports}, but {name} listens on {first.port} ({first.evidence.by}): "
        "it is never seen as healthy",
        help=f"ask port {first.port}",
        related=(Related(first.evidence.path, first.evidence.span, f"{name} listens on {first.port}"),),
    )


def _overlap(ports: PortRange, others: Iterable[Listening]) -> bool:
    return any(ports.overlaps(other.ports) for other in others)


def published_port_inside_network(context: Context) -> Iterator[Finding]:
    """PORT205: another container is addressed by its name and the port that it publishes on the host."""
    for literal, peers in context.missed:
        peer = peers[0]
        binding = peer.publishes(literal.ports)
        if binding is None:
            continue
        name, sure = peer.member.name, peer.sure
        meant = {_behind(each, literal.ports) for each in peers}
        yield finding_at(
            literal,
            "PORT205",
            f"{literal.ports} is the port of {name} on the host; from another container it answers on "
            f"{described(sure)}, and this connection is refused",
            help=f"write {_behind(peer, literal.ports) or sure[0].ports.start}",
            related=(
                Related(binding.path, binding.span, f"{name} publishes {binding.ports} here{_note(binding.source)}"),
                *places(peer, sure),
            ),
            fix=_only(literal, meant),
        )
    yield from published_through_variable(context)


def _behind(peer: Peer, ports: PortRange) -> int | None:
    """The port inside its container to which a port of the host leads; None where that is not known for sure.

    A port that is not published means the only one that the service listens on.
    """
    binding = peer.publishes(ports)
    if binding is not None and binding.container is not None:
        port = binding.container.start + ports.start - binding.ports.start
        return port if port in binding.container else None
    known = {each.ports for each in peer.sure}
    one = known.pop() if len(known) == 1 else None
    return one.start if one is not None and one.start == one.end else None


def _only(literal: PortLiteral, meant: set[int | None]) -> Fix | None:
    """The fix that writes the one port that all who are meant have inside; None where they do not agree."""
    right = next(iter(meant)) if len(meant) == 1 else None
    return None if right is None or literal.end_port is not None else replace_port_fix(literal, right)


def dangling_upstream(context: Context) -> Iterator[Finding]:
    """PORT301: a proxy target, URL or `host:port` names a service of the stack that has no such port."""
    for literal, peers in context.missed:
        peer = peers[0]
        if peer.publishes(literal.ports) is None:
            name, sure = peer.member.name, peer.sure
            yield finding_at(
                literal,
                "PORT301",
                f"{name} has no port {literal.ports}: it listens on {described(sure)}, and this connection is refused",
                help=f"write {sure[0].ports}, or have {name} listen on {literal.ports}",
                related=places(peer, sure),
            )
    yield from dangling_through_variable(context)
    yield from _unpublished(context)


def _unpublished(context: Context) -> Iterator[Finding]:
    """Addresses of this machine that name a service whose port is published elsewhere: `postgres://localhost:5432`."""
    for match in context.matches:
        literal = match.literal
        if literal.host is None or not literal.valid:
            continue
        loopback = is_loopback(literal.host)
        if not loopback and not is_container_host(literal.host):
            continue
        if literal.form not in ("url", "address") or is_default(literal) or not is_addressed(context, literal):
            continue
        if literal.service is not None and loopback:
            # Inside a container this is the container itself.
            continue
        if literal.format not in _OF_THE_HOST:
            # A configuration file may well lie in the container.
            continue
        peers = context.network.around(literal.path)
        meant = [peer for peer in peers if _overlap(literal.ports, peer.sure) and _is_named(literal, peer)]
        if literal.format in CODE and literal.variable is None and literal.library is None:
            # A program may well send a request inside the container; to a data store it goes from where it runs.
            meant = [peer for peer in meant if data_store(peer.member) is not None]
        if not meant or literal.port in context.bound or any(peer.publishes(literal.ports) for peer in peers):
            continue
        if all(peer.published and peer.sure for peer in meant):
            peer = meant[0]
            binding = peer.published[0]
            name = peer.member.name
            yield finding_at(
                literal,
                "PORT301",
                f"no service of the stack is published on {literal.ports}: {name} is on {binding.ports} of the host"
                f"{_note(binding.source)}, and this connection is refused",
                help=f"write {binding.ports}, or {name}:{literal.ports} inside its network",
                related=(Related(binding.path, binding.span, f"{name} publishes {binding.ports} here"),),
            )


def _is_named(literal: PortLiteral, peer: Peer) -> bool:
    """Whether the place says that this service is meant: by its name, or by the well-known service that it is."""
    named = frozenset(words(literal.variable or literal.name or ""))
    if not named.isdisjoint(knowledge("client_words")):
        return False
    if any(parts and parts <= named for parts in (frozenset(words(host)) for host in peer.member.hosts)):
        return True
    known = runs(peer.member)
    is_usual = known is not None and known.data_store and literal.port in known.ports
    if is_usual and not entry_vocabulary("roles").isdisjoint(named):
        # `DATABASE_URL` with the usual port of the one that runs here.
        return True
    spoken = literal.library or literal.variable or literal.name
    service = well_known.by_name().get(literal.library or "") or well_known.of_identifier(spoken or "")
    return known is not None and service is not None and known.name == service.name


def _note(text: str) -> str:
    return f" ({text})" if text else ""


def traefik_port_mismatch(context: Context) -> Iterator[Finding]:
    """PORT302: a Traefik label carries a port that is none of its container."""
    labels: dict[tuple[str, int], list[tuple[Peer, Listening, PortLiteral]]] = {}
    for stack in context.stacks:
        for peer in context.network.peers(stack):
            for each in peer.member.listens:
                if each.by == "label" and each.where is not None and _is_traefik(each.where):
                    place = (each.where.path, each.where.span.start)
                    labels.setdefault(place, []).append((peer, each, each.where))
    for shared in labels.values():
        # A file may belong to several stacks, in which its service listens on different ports.
        known = [
            (peer, each, literal)
            for peer, each, literal in shared
            if peer.sure and (peer.whole or peer.listens(each.ports) or peer.publishes(each.ports) is not None)
        ]
        meant = {each.ports.start if peer.listens(each.ports) else _behind(peer, each.ports) for peer, each, _ in known}
        for peer, each, literal in known:
            if not peer.listens(each.ports):
                yield _misled(peer, each, literal, _only(literal, meant))


def _misled(peer: Peer, label: Listening, literal: PortLiteral, fix: Fix | None) -> Finding:
    name, sure = peer.member.name, peer.sure
    published = peer.publishes(label.ports)
    why = ", its port on the host" if published is not None else ""
    related = (
        () if published is None
        else (Related(published.path, published.span, f"{name} publishes {published.ports} here"),)
    )  # fmt: skip
    return finding_at(
        literal,
        "PORT302",
        f"Traefik goes to port {label.ports} of {name}{why}, but {name} listens on {described(sure)}: "
        "if that is right, requests end in 502",
        help=f"write {_behind(peer, label.ports) or sure[0].ports}",
        related=(*related, *places(peer, sure)),
        fix=fix,
    )


def _is_traefik(literal: PortLiteral) -> bool:
    """Whether it is a label such as `traefik.http.services.web.loadbalancer.server.port`, or the first version's."""
    _, found, key = literal.subject.lower().partition("labels.traefik.")
    return bool(found) and (key == "port" or key.endswith(".port"))
