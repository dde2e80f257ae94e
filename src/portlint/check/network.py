"""Who is meant by a host name, what listens there and what is published: questions of the rules about containers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from posixpath import commonpath, dirname

from portlint.check.bindings import Binding, bindings, is_usual
from portlint.check.env_files import Values
from portlint.model import Listening, Member, PortLiteral, PortRange, Related, Stack

_MOST_STACKS = 32
"""stacks that one host name is looked up in"""
_MOST_SAID = 3
"""ports that a sentence names"""
_SAID = {
    "command": "its command",
    "mapping": "its mapping",
    "expose": "its expose",
    "EXPOSE": "EXPOSE in {word}",
    "CMD": "the command in {word}",
    "image": "the image {word}",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A service of a stack that a host name means."""

    stack: Stack
    member: Member
    published: tuple[Binding, ...]

    @property
    def sure(self) -> tuple[Listening, ...]:
        return tuple(each for each in self.member.listens if each.sure)

    def listens(self, ports: PortRange, *, but: str = "") -> bool:
        """Whether anything tells that it listens on one of the ports. but: a kind of source that does not count."""
        return any(each.ports.overlaps(ports) for each in self.member.listens if each.by != but)

    def publishes(self, ports: PortRange) -> Binding | None:
        """Where it publishes one of the ports of the host."""
        return next((each for each in self.published if each.ports.overlaps(ports)), None)


class Network:
    """The stacks of the repository by the names that their services are reached by."""

    def __init__(self, stacks: Iterable[Stack], values: Values) -> None:
        self._values = values
        self.stacks = tuple(stacks)
        self._of_path: dict[str, list[Stack]] = {}
        self._by_name: dict[str, list[tuple[Stack, Member]]] = {}
        self._peers: dict[tuple[int, str], Peer] = {}
        self._chosen: dict[tuple[str, str], tuple[Peer, ...]] = {}
        self._outside: dict[tuple[str, str], dict[str, str]] = {}
        self._in_folder: dict[str, list[Stack]] = {}
        self._around: dict[str, tuple[Peer, ...]] = {}
        for stack in self.stacks:
            self._in_folder.setdefault(dirname(stack.paths[0]), []).append(stack)
            for path in stack.paths:
                self._of_path.setdefault(path, []).append(stack)
            for member in stack.members:
                for host in member.hosts:
                    known = self._by_name.setdefault(host.lower(), [])
                    if len(known) < _MOST_STACKS:
                        known.append((stack, member))
                for service in member.definitions:
                    if service.extra_hosts:
                        names = self._outside.setdefault((service.path, service.name), {})
                        names |= {name.lower(): address for name, address in service.extra_hosts}

    def peer(self, stack: Stack, member: Member) -> Peer:
        key = (id(stack), member.name)
        if key not in self._peers:
            self._peers[key] = Peer(stack, member, tuple(bindings(stack, member, self._values)))
        return self._peers[key]

    def peers(self, stack: Stack) -> Iterator[Peer]:
        return (self.peer(stack, member) for member in stack.members)

    def stacks_of(self, path: str) -> tuple[Stack, ...]:
        """The stacks that a compose file belongs to."""
        return tuple(self._of_path.get(path, ()))

    def around(self, path: str) -> tuple[Peer, ...]:
        """The services of the stacks in whose folder, or below it, a file lies; those of the nearest folder alone."""
        if path not in self._around:
            if path in self._of_path:
                near = self._of_path[path]
            else:
                folder = dirname(path)
                while folder and folder not in self._in_folder:
                    folder = dirname(folder)
                near = self._in_folder.get(folder, [])
            self._around[path] = tuple(peer for stack in near[:_MOST_STACKS] for peer in self.peers(stack))
        return self._around[path]

    def called(self, literal: PortLiteral) -> tuple[Peer, ...]:
        """The services that the host of a literal means: one of each stack in which it is a name.

        A compose file speaks of its own stacks. Any other file speaks of the stacks nearest to it in the tree.
        """
        if literal.host is None:
            return ()
        host = literal.host.lower()
        if literal.service is not None and host in self._outside.get((literal.path, literal.service), ()):
            # `extra_hosts` gives the name another meaning.
            return ()
        key = (literal.path, host)
        if key not in self._chosen:
            self._chosen[key] = tuple(self._choose(literal.path, host))
        return self._chosen[key]

    def _choose(self, path: str, host: str) -> Iterator[Peer]:
        found = self._by_name.get(host, ())
        if path in self._of_path:
            near = [(stack, member) for stack, member in found if path in stack.paths]
        else:
            depths = [_shared(path, stack.paths[0]) for stack, _ in found]
            deepest = max(depths, default=0)
            near = [pair for pair, depth in zip(found, depths, strict=True) if depth == deepest]
        for stack, member in near:
            yield self.peer(stack, member)


def _shared(path: str, other: str) -> int:
    """How many folders two files have in common."""
    one, two = dirname(path), dirname(other)
    if not one or not two:
        return 0
    common = commonpath((one, two))
    return common.count("/") + 1 if common else 0


def said(listens: Iterable[Listening]) -> str:
    """Ports and what tells them: `8000 (its command) and 9100 (EXPOSE in api/Dockerfile)`."""
    found = tuple(listens)
    usual = [each for each in found if each.by != "image" or is_usual(each)]
    sources: dict[str, str] = {}
    for each in usual or found:
        sources.setdefault(str(each.ports), source(each))
    named = [f"{ports} ({word})" for ports, word in list(sources.items())[:_MOST_SAID]]
    if len(sources) > _MOST_SAID:
        named.append("others")
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def source(listening: Listening) -> str:
    """What tells a port, as a person reads it."""
    return _SAID.get(listening.by, listening.by).format(word=listening.word)


def places(name: str, listens: Iterable[Listening]) -> tuple[Related, ...]:
    """The places that tell what a service listens on, each once."""
    found: dict[tuple[str, int], Related] = {}
    for each in listens:
        if each.where is not None:
            key = (each.where.path, each.where.span.start)
            message = f"{name} listens on {each.ports}: {source(each)}"
            found.setdefault(key, Related(each.where.path, each.where.span, message))
    return tuple(found.values())[:_MOST_SAID]
