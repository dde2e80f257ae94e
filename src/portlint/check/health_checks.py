"""Health checks that do not follow, and those that a service inherits from its image: PORT207, PORT208.

Source: Dockerfile reference, HEALTHCHECK; Compose specification, `healthcheck`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portlint.check.context import Context, finding_at
from portlint.check.network import Peer
from portlint.check.through_variables import published_side_alone
from portlint.knowledge.formats import IMAGES
from portlint.knowledge.hosts import names_itself
from portlint.model import Finding, Listener, PortLiteral, Related, Service
from portlint.model.programs import Start
from portlint.syntax.dockerfile_stages import instruction_of, literals_of


def inherited_health_check(context: Context) -> Iterator[Finding]:
    """PORT208: a service runs another command than its image, and inherits a health check for a port that this command
    does not open."""
    for stack in context.stacks:
        for peer in context.network.peers(stack):
            own = _own_command(peer)
            if own is None or peer.neighbours:
                continue
            for each in peer.member.listens:
                probe = each.where
                if each.by == "healthcheck" and probe is not None and probe.service is None:
                    yield from _inherited(peer, *own, probe)


def port_does_not_follow(context: Context) -> Iterator[Finding]:
    """PORT207: a health check keeps its number when the variable that moves the listener is set; a connection follows
    one that moves the published side alone."""
    yield from published_side_alone(context)
    for stack in context.stacks:
        for peer in context.network.peers(stack):
            if peer.member.runs.complete and not peer.neighbours:
                probes = [each.where for each in peer.member.listens if each.by == "healthcheck" and each.where]
                yield from _fixed(peer.member.name, peer.member.runs.known, probes)
    for facts in context.asked_facts:
        if facts.format in IMAGES and facts.path not in context.built:
            runs = context.topology.image(facts.path, None)
            if runs.complete and any(each.movable for each in runs.known):
                probes = [
                    literal
                    for literal in literals_of(facts, None) or ()
                    if instruction_of(facts, literal) == "HEALTHCHECK"
                    and names_itself(literal.host)
                    and not literal.prose
                ]
                yield from _fixed("the image", runs.known, probes)


def _fixed(name: str, known: Iterable[Listener], probes: Iterable[PortLiteral]) -> Iterator[Finding]:
    for probe in probes:
        if probe.variable is not None or not probe.valid:
            continue
        asked = [each for each in known if each.port in probe.ports]
        # Where another one listens there whatever is set, the health check may mean that.
        if not asked or not all(each.movable for each in asked):
            continue
        listener = asked[0]
        variable = listener.movable[-1]
        yield finding_at(
            probe,
            "PORT207",
            f"the health check asks {probe.ports} whatever {variable} is, and {name} listens on {variable}: "
            "when that is set to another port, it is never seen as healthy",
            help=f"ask the port that {variable} gives",
            related=(Related(listener.evidence.path, listener.evidence.span, f"{name} listens on {variable} here"),),
        )


def _own_command(peer: Peer) -> tuple[Service, Start] | None:
    """The definition of a service that gives it a command, and the command; None where it has a health check too."""
    found: tuple[Service, Start] | None = None
    for service in peer.member.definitions:
        for start in service.starts:
            if start.key == "healthcheck":
                return None
            if start.commands:
                found = service, start
    return found


def _inherited(peer: Peer, service: Service, start: Start, probe: PortLiteral) -> Iterator[Finding]:
    runs, name = peer.member.runs, peer.member.name
    if not runs.complete or any(each.port in probe.ports for each in runs.known):
        return
    asks = f"asks port {probe.ports}"
    yield Finding(
        rule="PORT208",
        path=service.path,
        span=start.span,
        message=f"{name} {_listens(runs.known)}, and inherits the health check of its image, which {asks}: "
        "it is never seen as healthy",
        help=f"give {name} a `healthcheck` of its own, or `healthcheck: {{disable: true}}`",
        port=probe.port,
        subject=f"services.{name}.{start.key}",
        related=(Related(probe.path, probe.span, f"the health check of the image {asks}"),),
    )


def _listens(known: tuple[Listener, ...]) -> str:
    if not known:
        return "runs a command that listens on nothing"
    first = known[0]
    return f"listens on {first.port} ({first.evidence.by})"
