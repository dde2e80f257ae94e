"""Rules about the ports that compose files publish: PORT201, PORT202, PORT204."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import islice

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.check.bindings import Binding, listeners, profiles_of
from portlint.check.context import Context, finding_at
from portlint.check.network import Peer, data_store
from portlint.knowledge import well_known
from portlint.knowledge.formats import STACKS
from portlint.model import Edit, Entry, Finding, Fix, Mapping, Match, PortLiteral, Related

_LISTENING = ("command", "CMD", "EXPOSE", "image")
"""what tells the ports of a service in a network that it shares, the most direct first"""
_MOST_COMPARED = 64
"""bindings of one port that a further one is compared with"""
_BASE_60 = regex(r"[1-9][0-9_]*(?::[0-5]?[0-9])+")
"""The integers in base 60 of https://yaml.org/type/int.html, without a sign"""


def duplicate_published_port(context: Context) -> Iterator[Finding]:
    """PORT201: two services of one stack publish the same host port."""
    # With another env file the same two may clash on another port.
    told: set[tuple[str, int, str, str]] = set()
    for stack in context.stacks:
        # An override comes after its base, whatever the names of the files.
        order = {path: number for number, path in enumerate(stack.paths)}
        published = [binding for peer in context.network.peers(stack) for binding in peer.published]
        published.sort(key=lambda binding: (order.get(binding.path, -1), binding.span))
        for earlier, later in _clashes(published):
            pair = (later.path, later.span.start, earlier.service, later.service)
            if pair not in told:
                told.add(pair)
                yield _clash(earlier, later)
        for binding in published:
            place = (binding.path, binding.span.start, binding.service, "")
            if binding.replicas > 1 and binding.container is not None and place not in told:
                told.add(place)
                yield _replicated(binding)
        for peers in context.network.sharing(stack):
            listening = [one for peer in peers for one in listeners(peer.member, profiles_of(peer.member), _LISTENING)]
            for earlier, later in _clashes(listening):
                yield _shared_network(earlier, later, peers[0].member.network)


def _clash(earlier: Binding, later: Binding) -> Finding:
    ports = later.ports if later.ports == earlier.ports else _common(later, earlier)
    if earlier.service == later.service:
        who = f"{later.service} publishes {ports}/{later.protocol} twice"
    else:
        verb = "take" if earlier.in_host_network or later.in_host_network else "publish"
        who = f"{earlier.service} and {later.service} both {verb} {ports}/{later.protocol}"
    profiles = sorted(earlier.profiles | later.profiles)
    return Finding(
        rule="PORT201",
        path=later.path,
        span=later.span,
        message=who
        + (f" ({later.source})" if later.source else "")
        + (f" with the profile {profiles[0]}" if profiles else "")
        + ": the second one does not start",
        help="give one of them another host port, or bind them to different addresses",
        port=later.ports.start,
        subject=later.subject,
        related=(
            Related(
                earlier.path,
                earlier.span,
                f"{earlier.service} publishes {earlier.ports} here"
                + (f" ({earlier.source})" if earlier.source else ""),
            ),
        ),
    )


def _shared_network(earlier: Binding, later: Binding, owner: str) -> Finding:
    names = sorted({earlier.service, later.service} - {owner})
    whose = (
        f"uses the network of {owner}" if len(names) == 1 else f"use the network of {owner.partition(':')[2] or owner}"
    )
    both = (
        f"{names[0]} {whose}, and both listen" if len(names) == 1 else f"{' and '.join(names)} {whose} and both listen"
    )
    said = f"{earlier.service} listens on {earlier.ports} here"
    return Finding(
        rule="PORT201",
        path=later.path,
        span=later.span,
        message=f"{both} on {_common(later, earlier)}/{later.protocol}: the second one does not start",
        help="have one of them listen on another port, or give it a network of its own",
        port=later.ports.start,
        subject=later.subject,
        related=(Related(earlier.path, earlier.span, said),),
    )


def _replicated(binding: Binding) -> Finding:
    return Finding(
        rule="PORT201",
        path=binding.path,
        span=binding.span,
        message=f"{binding.service} runs {binding.replicas} times, and each publishes {binding.ports}: "
        "only the first one starts",
        help="publish the container's port alone, or a range with a port for each",
        port=binding.ports.start,
        subject=binding.subject,
    )


def _common(one: Binding, other: Binding) -> str:
    start, end = max(one.ports.start, other.ports.start), min(one.ports.end, other.ports.end)
    return str(start) if start == end else f"{start}-{end}"


def _clashes(published: Iterable[Binding]) -> Iterator[tuple[Binding, Binding]]:
    """Each binding that cannot be bound beside another, with the first such one; the later in the file comes second.

    A sweep over the ports in order: n log n, as each binding is compared with a bounded number of others.
    """
    ordered = sorted(enumerate(published), key=lambda pair: (pair[1].ports.start, pair[0]))
    active: dict[str, dict[int, Binding]] = {}
    ending: list[tuple[int, int, str]] = []
    for number, binding in ordered:
        while ending and ending[0][0] < binding.ports.start:
            _, gone, protocol = heappop(ending)
            del active[protocol][gone]
        group = active.setdefault(binding.protocol, {})
        for other_number, other in islice(group.items(), _MOST_COMPARED):
            if binding.clashes(other):
                yield (other, binding) if other_number < number else (binding, other)
                break
        group[number] = binding
        heappush(ending, (binding.ports.end, number, binding.protocol))


def exposed_on_all_interfaces(context: Context) -> Iterator[Finding]:
    """PORT204: an `internal` entry, or a well-known data store, published without a loopback address."""
    matches = {(m.literal.path, m.literal.span.start): m for m in context.matches if m.literal.format in STACKS}
    # A place of several stacks is told once, whatever the env file of each says.
    told: set[tuple[str, int]] = set()
    for stack in context.stacks:
        for peer in context.network.peers(stack):
            for binding in peer.published:
                place = binding.path, binding.span.start
                if place in told or not binding.everywhere or binding.in_host_network:
                    continue
                finding = _open_to_all(context, peer, binding, matches.get(place))
                if finding is not None:
                    told.add(place)
                    yield finding


def _open_to_all(context: Context, peer: Peer, binding: Binding, match: Match | None) -> Finding | None:
    entry, place = (None, None) if match is None else (match.entry, match.literal)
    if entry is not None and entry.exposure is not None:
        if entry.exposure != "internal":
            return None
        said = context.registry_says(entry, key="exposure")
        return _exposed(binding, f"{entry.name}, which is internal,", said, place, entry)
    store = data_store(peer.member)
    if store is not None and (binding.container is None or _overlaps(binding, store.ports)):
        said = Related(*peer.image_place, f"{binding.service} runs {store.name}, a data store")
        return _exposed(binding, _called(binding.service, store.name), said, place)
    behind = _behind(peer, binding)
    if behind is None:
        return None
    name, store = behind
    said = Related(binding.path, binding.span, f"{name} uses the network of {binding.service}")
    return _exposed(binding, _called(name, store.name), said, place)


def _behind(peer: Peer, binding: Binding) -> tuple[str, well_known.WellKnown] | None:
    """The data store that uses the network of a service which publishes its port."""
    for member in peer.neighbours:
        store = data_store(member)
        if store is not None and _overlaps(binding, store.ports):
            return member.name, store
    return None


def _called(service: str, store: str) -> str:
    return service if store in service.lower() else f"{service} ({store})"


def _overlaps(binding: Binding, ports: Iterable[int]) -> bool:
    return binding.container is not None and any(port in binding.container for port in ports)


def _on_loopback(place: PortLiteral | None) -> Fix | None:
    """Adds the loopback address in front of a mapping that has none. Machines that came in before do no longer."""
    if place is None or place.form != "mapping" or place.host is not None or place.variable is not None:
        return None
    return Fix("unsafe", (Edit(replace(place.span, end=place.span.start), b"", b"127.0.0.1:"),))


def _exposed(
    binding: Binding, who: str, why: Related, place: PortLiteral | None, entry: Entry | None = None
) -> Finding:
    return Finding(
        rule="PORT204",
        path=binding.path,
        span=binding.span,
        message=f"{who} is published on all interfaces: every machine that reaches this one can open {binding.ports}",
        help=f'publish it on loopback ("127.0.0.1:{binding.ports}:{binding.container or binding.ports}"), '
        "or not at all: other containers reach it without",
        port=binding.ports.start,
        entry=entry.name if entry is not None else None,
        subject=binding.subject,
        related=(why,),
        fix=_on_loopback(place),
    )


def base_60_port(context: Context) -> Iterator[Finding]:
    """PORT202: an unquoted `22:22` that YAML 1.1 reads as one number."""
    for facts in context.asked_facts:
        for service in facts.services:
            for mapping in service.mappings:
                written = _written(mapping)
                if written is None or mapping.container is None or not _BASE_60.fullmatch(written):
                    continue
                number = 0
                for part in written.replace("_", "").split(":"):
                    number = number * 60 + int(part)
                yield finding_at(
                    mapping.container,
                    "PORT202",
                    f"YAML 1.1 reads {written} as the number {number}",
                    help=f'put it in quotes: "{written}"',
                    span=mapping.span,
                    fix=Fix("safe", (Edit(mapping.span, written.encode(), f'"{written}"'.encode()),)),
                )


def _written(mapping: Mapping) -> str | None:
    """The text of a mapping that stands without quotes."""
    sides = [side for side in (mapping.published, mapping.container) if side is not None]
    if not any(side.form == "base60" for side in sides):
        return None
    return ":".join(side.text for side in sides)
