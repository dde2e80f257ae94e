"""Who is meant by a host name, what listens there and what is published: questions of the rules about containers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from posixpath import dirname

from msgspec import Struct

from portlint.check.bindings import Binding, bindings, is_usual
from portlint.check.env_files import Values
from portlint.knowledge import well_known
from portlint.knowledge.identifiers import entry_vocabulary, words
from portlint.model import Listening, Member, PortRange, Related, Span, Stack

_MOST_STACKS = 32
"""stacks that one host name is looked up in"""
_MOST_NEIGHBOURS = 64
"""services of one network that are looked at"""
_MOST_SAID = 3
"""ports that a sentence names"""
_ASKING = ("healthcheck", "label")
_LED = ("mapping", "expose")
"""what leads to a port, and says nothing of the others on which the process listens"""
_SEVERAL = 3
"""ports of a container that a third party made from which on there may well be more"""
_SAID = {
    "program": "{word}",
    "command": "its command",
    "mapping": "its mapping",
    "expose": "its expose",
    "EXPOSE": "EXPOSE in {word}",
    "CMD": "the command in {word}",
    "image": "the image {word}",
}


class Peer(Struct, frozen=True, eq=False, dict=True):
    """A service of a stack that a host name means. Where it listens is worked out when it is asked for."""

    stack: Stack
    member: Member
    published: tuple[Binding, ...]
    neighbours: tuple[Member, ...] = ()
    """the other services that use the same network, and are reached by the same address"""

    @cached_property
    def sure(self) -> tuple[Listening, ...]:
        """What tells where it listens, and is ground for a claim."""
        return _sure(self.member)

    @cached_property
    def whole(self) -> bool:
        """Whether what is known tells all ports, so that one that nothing names is missing."""
        return all(_is_whole(each) for each in (self.member, *self.neighbours))

    @property
    def image_place(self) -> tuple[str, Span]:
        """Path and span of the definition that names the image, else of the last one."""
        definitions = self.member.definitions
        chosen = next((each for each in reversed(definitions) if each.image is not None), definitions[-1])
        return chosen.path, chosen.span

    def listens(self, ports: PortRange) -> bool:
        """Whether anything tells that it listens on one of the ports; what asks there may be as wrong as any other."""
        return any(each.ports.overlaps(ports) for each in self.answers)

    @property
    def answers(self) -> Iterator[Listening]:
        """All that anything tells of the ports behind its address, but for what only asks there."""
        for member in (self.member, *self.neighbours):
            yield from (each for each in member.listens if each.by not in _ASKING)

    @property
    def probed(self) -> bool:
        """Whether the evidence is strong enough to contradict a health check, which presumably passes."""
        if not self.whole:
            return False
        told = [each for each in self.sure if each.by not in _LED]
        built = any(each.built for each in self.member.definitions)
        return bool(told) or built or len({each.ports for each in self.sure}) == 1

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
        self._folder_of: dict[int, str] = {}
        self._above: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._around: dict[str, tuple[Peer, ...]] = {}
        self._sharing: dict[tuple[int, str], list[Member]] = {}
        self._links: dict[int, dict[str, set[tuple[str, str]]]] = {}
        """stack to the names that links give to a service, each with the service that has the link"""
        self._members: dict[tuple[int, str], Member] = {}
        for stack in self.stacks:
            folder = self._folder_of[id(stack)] = dirname(stack.paths[0])
            self._in_folder.setdefault(folder, []).append(stack)
            for path in stack.paths:
                self._of_path.setdefault(path, []).append(stack)
            for member in stack.members:
                self._members[id(stack), member.name] = member
                self._sharing.setdefault((id(stack), member.network), []).append(member)
                for service in member.definitions:
                    for alias, other in service.links:
                        named = self._links.setdefault(id(stack), {}).setdefault(alias.lower(), set())
                        named.add((other, member.name))
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
            sharing = self._sharing.get((id(stack), member.network), ())
            neighbours = tuple(other for other in sharing if other is not member)[:_MOST_NEIGHBOURS]
            self._peers[key] = Peer(stack, member, tuple(bindings(stack, member, self._values)), neighbours)
        return self._peers[key]

    def sharing(self, stack: Stack) -> Iterator[tuple[Peer, ...]]:
        """The services of a stack that use one network, together."""
        for network in dict.fromkeys(member.network for member in stack.members):
            members = self._sharing[id(stack), network]
            if len(members) > 1:
                yield tuple(self.peer(stack, member) for member in members)

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

    def called(self, path: str, service: str | None, host: str) -> tuple[Peer, ...]:
        """The services that a host means in a file, or in a service of it: one of each stack in which it is a name.

        A compose file speaks of its own stacks. Any other file speaks of the stacks nearest to it in the tree.
        """
        key = (path, host.lower())
        if service is not None and key[1] in self._outside.get((path, service), ()):
            # `extra_hosts` gives the name another meaning.
            return ()
        if key not in self._chosen:
            self._chosen[key] = tuple(self._choose(*key))
        found = self._chosen[key]
        if service is None or path not in self._of_path:
            return found
        return tuple(peer for peer in found if self.reaches(service, peer, key[1]))

    def reaches(self, service: str, peer: Peer, host: str) -> bool:
        """Whether a service of the peer's stack knows the peer by that name: in a network of both, or by a link."""
        caller = self._members.get((id(peer.stack), service))
        if caller is None:
            return True
        mine, theirs = self._attached(peer.stack, caller), self._attached(peer.stack, peer.member)
        common = mine.keys() & theirs.keys()
        links = self._links.get(id(peer.stack), {}).get(host, ())
        linked = {linker for other, linker in links if other == peer.member.name}
        named = {name for names in theirs.values() for name in names}
        if host not in named and not linked:
            return bool(common)
        return bool(common) and (caller.name in linked or any(host in theirs[network] for network in common))

    def _attached(self, stack: Stack, member: Member) -> dict[str, set[str]]:
        """The networks that a service is in, and the names, in lower case, that it has in each alone."""
        owner = self._members.get((id(stack), member.network), member)
        mode = next((s.network_mode for s in reversed(owner.definitions) if s.network_mode is not None), None)
        if mode is not None:
            # The host's network, or none; on the old bridge a service is known to those that have a link to it.
            return {mode: set()} if mode == "bridge" else {}
        out: dict[str, set[str]] = {}
        for service in owner.definitions:
            for network, names in service.networks:
                out.setdefault(network, set()).update(name.lower() for name in names)
        return out or {"default": set()}

    def everywhere(self, path: str, host: str) -> tuple[Peer, ...]:
        """The services of that name in all stacks which may be meant in a file, the nearest ones or not."""
        if path in self._of_path:
            return ()
        return tuple(self.peer(stack, member) for stack, member in self._by_name.get(host.lower(), ()))

    def _choose(self, path: str, host: str) -> Iterator[Peer]:
        found = self._by_name.get(host, ())
        if path in self._of_path:
            near = [(stack, member) for stack, member in found if path in stack.paths]
        else:
            near = self._nearest(path, found)
        for stack, member in near:
            yield self.peer(stack, member)

    def _seen_from(self, path: str) -> tuple[str, tuple[str, ...]]:
        """The folder of examples that a file lies in, and all folders that it lies in, the nearest first."""
        folder = dirname(path)
        if folder not in self._above:
            folders = [folder]
            while folders[-1]:
                folders.append(dirname(folders[-1]))
            self._above[folder] = (_program(path), tuple(folders))
        return self._above[folder]

    def _nearest(self, path: str, found: Sequence[tuple[Stack, Member]]) -> list[tuple[Stack, Member]]:
        """Those in the nearest folder above a file; where no compose file lies above it, those nearest beside it."""
        apart, folders = self._seen_from(path)
        if apart:
            found = [pair for pair in found if pair[0].paths[0].startswith(apart)]
        above = False
        for folder in folders:
            here = [pair for pair in found if self._folder_of[id(pair[0])] == folder]
            if here:
                return here
            above = above or folder in self._in_folder
        if above:
            return []
        if len(found) < 2:
            return list(found)
        depths = [_shared(path, stack.paths[0]) for stack, _ in found]
        deepest = max(depths, default=0)
        return [pair for pair, depth in zip(found, depths, strict=True) if depth == deepest]


def runs(member: Member) -> well_known.WellKnown | None:
    """The well-known service that the image of a service is."""
    image = next((each.image for each in reversed(member.definitions) if each.image is not None), None)
    return well_known.of_image(image) if image is not None else None


def data_store(member: Member) -> well_known.WellKnown | None:
    """The well-known data store that the image of a service is."""
    known = runs(member)
    return known if known is not None and known.data_store else None


def _sure(member: Member) -> tuple[Listening, ...]:
    """What is ground for a claim. A mapping that an override adds to a service may be one for a debugger alone."""
    sure = tuple(each for each in member.listens if each.sure)
    base = member.definitions[0].path
    if all(each.by == "mapping" and each.where is not None and each.where.path != base for each in sure):
        return ()
    return sure


def _program(path: str) -> str:
    """The folder of examples that a file lies in, with a slash: it has nothing to do with what runs elsewhere."""
    folders = path.lower().split("/")[:-1]
    apart = entry_vocabulary("folders_of_programs")
    number = next((n for n, folder in enumerate(folders) if not apart.isdisjoint(words(folder))), None)
    return "" if number is None else "".join(f"{folder}/" for folder in path.split("/")[: number + 1])


def _is_whole(member: Member) -> bool:
    """Whether what tells a service's ports tells all of them.

    What a third party's image publishes need not be all that it listens on: who publishes port 53 of a name server says
    nothing of its page in the browser.
    """
    sure = _sure(member)
    if not sure or any(each.by not in _LED for each in sure) or any(each.built for each in member.definitions):
        return bool(sure)
    ports = {each.ports for each in sure}
    return len(ports) < _SEVERAL and not any(_is_other(each.ports.start) for each in sure)


def _is_other(port: int) -> bool:
    """Whether the world knows a port for another thing than pages and data: 22, 53, 514."""
    known = well_known.by_port().get(port, ())
    return bool(known) and not any(each.http or each.data_store for each in known)


def _shared(path: str, other: str) -> int:
    """How many folders two files have in common."""
    count = 0
    for one, two in zip(path.split("/")[:-1], other.split("/")[:-1], strict=False):
        if one != two:
            break
        count += 1
    return count


def described(listens: Iterable[Listening]) -> str:
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


def places(peer: Peer, listens: Iterable[Listening]) -> tuple[Related, ...]:
    """The places that tell what a service listens on, each once."""
    name = peer.member.name
    found: dict[tuple[str, int], Related] = {}
    for each in listens:
        if each.where is not None:
            path, span = each.where.path, each.where.span
        elif each.evidence is not None:
            path, span = each.evidence.path, each.evidence.span
        else:
            path, span = peer.image_place
        message = f"{name} listens on {each.ports}: {source(each)}"
        found.setdefault((path, span.start), Related(path, span, message))
    return tuple(found.values())[:_MOST_SAID]
