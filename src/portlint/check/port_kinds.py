"""Rules about what kind of port an entry takes, and whether it is used: PORT508 to PORT513."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from portlint.check.context import Context
from portlint.check.registry import Value, about, entries, values
from portlint.knowledge import well_known
from portlint.knowledge.identifiers import entry_vocabulary, words
from portlint.model import LAST_PORT, Entry, Finding, PortRange, Registry

_FIRST_UNPRIVILEGED = 1024
"""net.ipv4.ip_unprivileged_port_start, as Linux has it unless somebody changes it: ip(7)"""
_MOST_NAMED = 3


def unused_entry(context: Context) -> Iterator[Finding]:
    """PORT508: no file mentions the entry."""
    if context.registry is None:
        return
    meant = {
        entry.name
        for match in context.resolution.matches
        if match.literal.path != context.registry.path
        for entry in ((match.entry,) if match.entry is not None else match.entries)
    }
    meant |= {entry.name for found in context.resolution.services.values() for entry in found}
    variables = {reference.variable for facts in context.facts for reference in facts.references}
    variables |= {variable.name for facts in context.facts for variable in facts.variables}
    for registry, entry in entries(context):
        if entry.name in meant or not variables.isdisjoint({entry.env_var or "", *entry.aliases}):
            continue
        yield about(
            registry,
            "PORT508",
            Value(PortRange(entry.default, entry.default), entry, "name"),
            f"no file mentions {entry.name}: neither its port nor its variable; nobody else gets the port",
            help="remove the entry, or reserve the port where something outside of the repository takes it",
        )


def privileged_port(context: Context) -> Iterator[Finding]:
    """PORT509: below 1024."""
    return _each(context, "PORT509", _privileged, "choose a port from 1024 on, or grant CAP_NET_BIND_SERVICE")


def _privileged(_: Entry, ports: PortRange) -> str:
    return "a privileged port: only root may listen there" if ports.start < _FIRST_UNPRIVILEGED else ""


def ephemeral_port(context: Context) -> Iterator[Finding]:
    """PORT510: the kernel may hand it out."""
    return _each(context, "PORT510", _ephemeral, "choose a port below 32768")


def _ephemeral(_: Entry, ports: PortRange) -> str:
    # The first in the list is Linux's, where services run.
    for handed_out, by in well_known.ephemeral()[:1]:
        if handed_out.overlaps(ports):
            return f"which {by} may hand out to any outgoing connection: now and then the service does not start"
    return ""


def browser_blocked_port(context: Context) -> Iterator[Finding]:
    """PORT511: browsers refuse it, and the entry is HTTP or unknown."""
    return _each(context, "PORT511", _blocked, "choose a port that is not on the list of the Fetch standard")


def _blocked(entry: Entry, ports: PortRange) -> str:
    known = _service(entry)
    if entry.protocol == "udp" or (known is not None and not known.http and entry.url_prefix is None):
        return ""
    first = bisect_left(_ordered_blocked(), ports.start)
    blocked = next(iter(_ordered_blocked()[first : first + 1]), LAST_PORT + 1)
    if blocked > ports.end:
        return ""
    which = "which" if ports.start == ports.end else f"of which {blocked}"
    return f"{which} browsers refuse to open (ERR_UNSAFE_PORT)"


@cache
def _ordered_blocked() -> tuple[int, ...]:
    return tuple(sorted(well_known.browser_blocked()))


def system_taken_port(context: Context) -> Iterator[Finding]:
    """PORT512: an operating system or a platform takes it."""
    return _each(context, "PORT512", _taken, "choose another port, so that it works on every machine")


def _taken(entry: Entry, ports: PortRange) -> str:
    for taken, by, protocol in well_known.taken():
        if taken.overlaps(ports) and (protocol is None or entry.protocol in (protocol, "both")):
            return f"which is taken by {by}: the service does not start there"
    return ""


def well_known_clash(context: Context) -> Iterator[Finding]:
    """PORT513: another service's usual port."""

    def clash(entry: Entry, ports: PortRange) -> str:
        if ports.start != ports.end or context.is_allowed(ports.start):
            return ""
        return _usual(entry, ports.start)

    return _each(context, "PORT513", clash, "choose another port")


def _usual(entry: Entry, port: int) -> str:
    others = well_known.by_port().get(port, ())
    if not others or any(other.framework for other in others):
        return ""
    own = _words(entry)
    if any(not own.isdisjoint({*other.words, *words(other.name)}) for other in others):
        return ""
    if not own.isdisjoint(entry_vocabulary("roles")) and any(other.data_store for other in others):
        # `cache` and `db` are names for one of them.
        return ""
    names = [other.name for other in others[:_MOST_NAMED]]
    more = "" if len(others) <= _MOST_NAMED else " and others"
    return f"the usual port of {', '.join(names)}{more}: the two do not start on one machine"


def _words(entry: Entry) -> set[str]:
    return {
        word for text in (entry.name, entry.env_var or "", entry.description, *entry.aliases) for word in words(text)
    }


def _service(entry: Entry) -> well_known.WellKnown | None:
    """The well-known service that an entry is by its names."""
    found = (well_known.of_identifier(name) for name in (entry.name, *entry.aliases))
    return next((service for service in found if service is not None), None)


def _each(context: Context, code: str, judge: Callable[[Entry, PortRange], str], help: str) -> Iterator[Finding]:
    """A finding for each value of an entry that `judge` has something to say about."""
    for registry, entry in entries(context):
        for value in _once(values(entry)):
            said = judge(entry, value.ports)
            if said:
                yield _found(registry, code, value, said, help)


def _once(found: Iterable[Value]) -> Iterator[Value]:
    """Each port once: an environment may have the default, too."""
    seen: set[PortRange] = set()
    for value in found:
        if value.ports not in seen:
            seen.add(value.ports)
            yield value


def _found(registry: Registry, code: str, value: Value, said: str, help: str) -> Finding:
    where = value.key.removeprefix("environments.")
    at = "" if where == value.key else f" in {where}"
    return about(registry, code, value, f"{value.entry.name} takes {value.ports}{at}, {said}", help=help)
