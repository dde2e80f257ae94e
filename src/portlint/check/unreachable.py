"""Servers that bind the loopback of their own container: PORT206.

Source: Docker Docs, "Networking": what is published is forwarded to the address that the container has in its network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portlint.check.context import Context
from portlint.check.network import Peer
from portlint.knowledge.formats import ENV_FILES, IMAGES
from portlint.knowledge.hosts import is_loopback
from portlint.model import Facts, Finding, Listener, Related, Span
from portlint.syntax.dockerfile_stages import instruction_of, literals_of


def unreachable_listener(context: Context) -> Iterator[Finding]:
    """PORT206: a server in a container binds loopback while its port is published or exposed."""
    if not any(map(_tells_addresses, context.asked_facts)):
        return
    for stack in context.network.stacks:
        for member in stack.members:
            definitions = member.definitions
            if any(each.mappings for each in definitions) and not any(each.network_mode for each in definitions):
                roots = [each.context for each in definitions] + [m.source for each in definitions for m in each.mounts]
                files = [path for each in definitions for path in (each.path, each.build, *each.env_files)]
                if _may_lie_in(context, files, roots):
                    yield from _published(context.network.peer(stack, member))
    # What an image binds by itself is told in its Dockerfile, in a script or in code.
    if any(facts.binds or facts.scripts or facts.stages for facts in context.asked_facts):
        for facts in context.facts:
            if facts.format in IMAGES and facts.path not in context.built:
                yield from _exposed(context, facts)


def _tells_addresses(facts: Facts) -> bool:
    """Whether a file may tell what a program binds."""
    told = facts.binds or facts.scripts or facts.stages or facts.services
    return bool(told) or facts.format in ENV_FILES


def _may_lie_in(context: Context, files: Sequence[str | None], roots: Sequence[str | None]) -> bool:
    """Whether what a workload binds may be told in a file whose findings are asked for."""
    asked = context.reported
    if asked is None or not asked.isdisjoint(files):
        return True
    inside = tuple(f"{root}/" if root else "" for root in roots if root is not None)
    return any(path.startswith(inside) for path in asked)


def _published(peer: Peer) -> Iterator[Finding]:
    runs, name = peer.member.runs, peer.member.name
    if not runs.complete or peer.neighbours:
        return
    for listener in runs.known:
        binding = next((each for each in peer.published if each.container and listener.port in each.container), None)
        if binding is not None and _is_hidden(listener):
            said = f"the published port {binding.ports} leads nowhere"
            yield from _finding(
                name, listener, said, (binding.path, binding.span, f"{binding.ports} is published here")
            )


def _exposed(context: Context, facts: Facts) -> Iterator[Finding]:
    runs = context.topology.image(facts.path, None)
    hidden = [each for each in runs.known if _is_hidden(each)] if runs.complete else []
    if not hidden:
        return
    for literal in literals_of(facts, None) or ():
        if instruction_of(facts, literal) == "EXPOSE" and literal.valid and not literal.prose:
            for listener in hidden:
                if listener.port in literal.ports:
                    said = f"the exposed port {literal.ports} leads nowhere"
                    place = (literal.path, literal.span, f"{literal.ports} is exposed here")
                    yield from _finding("what the image starts", listener, said, place)


def _is_hidden(listener: Listener) -> bool:
    return listener.address is not None and is_loopback(listener.address)


def _finding(name: str, listener: Listener, said: str, place: tuple[str, Span, str]) -> Iterator[Finding]:
    bound = listener.bound
    if bound is None:
        return
    yield Finding(
        rule="PORT206",
        path=bound.path,
        span=bound.span,
        message=f"{name} listens on {listener.address}:{listener.port} ({bound.by}), the loopback of its own "
        f"container: {said}",
        help="have it bind 0.0.0.0",
        port=listener.port,
        subject=f"{name} {listener.server}",
        related=(Related(*place),),
    )
