"""Health checks that a service inherits from its image: PORT208.

Source: Dockerfile reference, HEALTHCHECK; Compose specification, `healthcheck`.
"""

from __future__ import annotations

from collections.abc import Iterator

from portlint.check.context import Context
from portlint.check.network import Peer
from portlint.model import Finding, Listener, PortLiteral, Related, Service
from portlint.model.programs import Start


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
