"""Variables of a container that mean another service by `localhost`: PORT209.

Source: Compose specification, `networks`: each container has a loopback of its own, services are reached by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from portlint.check.addressed import knowledge
from portlint.check.context import Context, finding_at, host_beside
from portlint.check.network import Peer, data_store
from portlint.knowledge.hosts import is_loopback
from portlint.knowledge.identifiers import words
from portlint.model import Finding, PortLiteral, Related, Role, Stack

_GOES_OUT = frozenset({Role.CONNECT, Role.SETTING})


def localhost_in_container(context: Context) -> Iterator[Finding]:
    """PORT209: inside a container localhost means another service of the stack.

    Only data stores and brokers: an address of a page may be one for the browser of whoever opens it.
    """
    own, of_files = _by_place(context)
    hosts = {
        facts.path: {each.name: each.host for each in facts.variables if each.host is not None}
        for facts in context.facts
        if facts.variables
    }
    seen: set[tuple[str, int]] = set()
    for stack in context.network.stacks:
        if not _is_asked(context, stack):
            continue
        stores = [peer for peer in context.network.peers(stack) if data_store(peer.member) is not None]
        if not stores:
            continue
        for peer in context.network.peers(stack):
            if data_store(peer.member) is None and not peer.neighbours and not _is_on_host(peer):
                for literal, host in _addresses(stack, peer, own, of_files, hosts):
                    place = (literal.path, literal.span.start)
                    meant = [each for each in stores if _is_meant(context, literal, peer, each)]
                    if len(meant) == 1 and place not in seen and not _answers(peer, literal):
                        seen.add(place)
                        yield _finding(literal, host, peer, meant[0])


def _is_asked(context: Context, stack: Stack) -> bool:
    files = {path for member in stack.members for each in member.definitions for path in (each.path, *each.env_files)}
    return context.reported is None or not files.isdisjoint(context.reported)


_Literals = Mapping[object, list[PortLiteral]]


def _by_place(context: Context) -> tuple[_Literals, _Literals]:
    """The literals of compose files by path and service, and those of other files by path."""
    own: dict[object, list[PortLiteral]] = {}
    of_files: dict[object, list[PortLiteral]] = {}
    for literal in context.literals:
        if literal.role in _GOES_OUT and literal.valid and literal.variable is not None:
            if literal.service is None:
                of_files.setdefault(literal.path, []).append(literal)
            else:
                own.setdefault((literal.path, literal.service), []).append(literal)
    return own, of_files


def _is_on_host(peer: Peer) -> bool:
    return any(each.network_mode is not None for each in peer.member.definitions)


def _addresses(
    stack: Stack, peer: Peer, own: _Literals, of_files: _Literals, hosts: Mapping[str, dict[str, str]]
) -> Iterator[tuple[PortLiteral, str]]:
    """The ports of this machine among the variables that a service's container gets, with the host as it is written."""
    given = {assignment.name for service in peer.member.definitions for assignment in service.assignments}
    for service in peer.member.definitions:
        beside = dict(service.host_variables)
        for literal in own.get((service.path, service.name), ()):
            host = literal.host or host_beside(beside, literal.variable or "")
            if host is not None and is_loopback(host):
                yield literal, host
        for path in service.env_files:
            if _is_overridden(stack, path, given):
                continue
            for literal in of_files.get(path, ()):
                host = literal.host or host_beside(hosts.get(path, {}), literal.variable or "")
                if host is not None and is_loopback(host):
                    yield literal, host


def _is_overridden(stack: Stack, path: str, given: set[str]) -> bool:
    """Whether a service that shares the env file with others gives a host of its own: the file speaks of the host."""
    users = [member for member in stack.members if any(path in each.env_files for each in member.definitions)]
    names = {name for member in users for each in member.definitions for name, _ in each.host_variables}
    return bool(names) or any(parts[-1] in knowledge("address_words") for name in given if (parts := words(name)))


def _answers(peer: Peer, literal: PortLiteral) -> bool:
    """Whether the service may listen there itself. What its variables say is what is in question."""
    return any(each.ports.overlaps(literal.ports) for each in peer.answers if each.by != "environment")


def _is_meant(context: Context, literal: PortLiteral, peer: Peer, store: Peer) -> bool:
    return (
        store.member is not peer.member
        and any(each.ports.overlaps(literal.ports) for each in store.sure)
        and context.network.reaches(peer.member.name, store, store.member.name.lower())
    )


def _finding(literal: PortLiteral, host: str, peer: Peer, store: Peer) -> Finding:
    name, other = peer.member.name, store.member.name
    place = store.member.definitions[-1]
    return finding_at(
        literal,
        "PORT209",
        f"inside the container of {name}, {host}:{literal.port} is {name} itself, which does not listen there; "
        f"{other} is another container",
        help=f"write {other} in the place of {host}",
        related=(Related(place.path, place.span, f"{other} listens on {literal.port}"),),
    )
