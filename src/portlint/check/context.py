"""What every rule may ask: the facts, the matches, the registry, and sentences about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import TYPE_CHECKING

from portlint.algorithms.gitignore import matcher
from portlint.check.env_files import Values
from portlint.check.network import Network, Peer
from portlint.knowledge.formats import CODE, FORMATS, PROGRAMS, PROXIES
from portlint.knowledge.hosts import names_itself
from portlint.knowledge.identifiers import is_port_name
from portlint.model import (
    Edit,
    Entry,
    Facts,
    Finding,
    Fix,
    Match,
    PortLiteral,
    PortRange,
    Reference,
    Registry,
    Related,
    Resolution,
    Role,
    Settings,
    Span,
    Stack,
    Topology,
)

if TYPE_CHECKING:
    from portlint.check.addressed import Misses

_IN_TEXT = frozenset({"url", "address", "option", "word", "mapping", "base60"})
"""forms whose digits stand in a longer text"""


_HOST_ENDS = ("_HOST", "_HOSTNAME", "_SERVER", "_ADDR", "HOST")


class Context:
    """The input of the check stage, with what several rules need worked out once."""

    def __init__(
        self,
        facts: Sequence[Facts],
        resolution: Resolution,
        registry: Registry | None,
        settings: Settings,
        reported: AbstractSet[str] | None = None,
        topology: Topology | None = None,
    ) -> None:
        """reported: the paths whose findings are asked for; None: all. topology: None: nothing is known of it."""
        self.reported = reported
        self.topology = topology or Topology()
        self.facts = facts
        self.resolution = resolution
        self.registry = registry
        self.settings = settings

    def is_asked(self, path: str) -> bool:
        """Whether the findings in a file are asked for."""
        return self.reported is None or path in self.reported

    @cached_property
    def asked_facts(self) -> Sequence[Facts]:
        """The files whose findings are asked for."""
        return self.facts if self.reported is None else [each for each in self.facts if each.path in self.reported]

    @cached_property
    def literals(self) -> tuple[PortLiteral, ...]:
        """The port literals that rules go by: prose means a port but runs nothing, and the registry is the measure
        itself."""
        return tuple(filter(self._counts, self.resolution.literals))

    @cached_property
    def matches(self) -> tuple[Match, ...]:
        """The matches that rules judge: those of such literals, at places whose findings are asked for."""
        asked = (match for match in self.resolution.matches if self.is_asked(match.literal.path))
        return tuple(match for match in asked if self._counts(match.literal))

    def _counts(self, literal: PortLiteral) -> bool:
        return not (literal.prose or (self.registry is not None and literal.path == self.registry.path))

    @cached_property
    def built(self) -> frozenset[str]:
        """The Dockerfiles that a service of a stack is built from."""
        return frozenset(
            service.build for facts in self.facts for service in facts.services if service.build is not None
        )

    @cached_property
    def values(self) -> Values:
        """What the variables of compose files hold."""
        return Values(self.facts, self.resolution.literals, self.resolution.environments)

    @cached_property
    def network(self) -> Network:
        """The stacks by the names of their services."""
        return Network(self.resolution.stacks, self.values)

    @cached_property
    def stacks(self) -> tuple[Stack, ...]:
        """The stacks whose services are defined, or built, in a file whose findings are asked for."""
        reported = self.reported
        if reported is None:
            return self.network.stacks
        return tuple(
            stack
            for stack in self.network.stacks
            if any(
                each.path in reported or each.build in reported
                for member in stack.members
                for each in member.definitions
            )
        )

    @cached_property
    def missed(self) -> tuple[tuple[PortLiteral, tuple[Peer, ...]], ...]:
        """Places asked for that go to a service by its name, at a port that none of those so named listens on."""
        places = (match.literal for match in self.matches)
        return tuple((literal, peers) for literal in places if (peers := self.misses.of(literal)))

    @cached_property
    def misses(self) -> Misses:
        """Answers which services a place, wherever it is, goes to by name and misses."""
        from portlint.check.addressed import Misses

        return Misses(self)

    @cached_property
    def entry_at(self) -> dict[tuple[str, int], Entry]:
        """Path and byte offset of a literal whose findings are asked for to the entry that it means."""
        return {(m.literal.path, m.literal.span.start): m.entry for m in self.matches if m.entry is not None}

    @cached_property
    def is_test(self) -> Callable[[str], bool]:
        """Whether a path is that of a test file."""
        return matcher(self.settings.tests)

    @cached_property
    def registered(self) -> frozenset[str]:
        """The variables that the registry knows, aliases included."""
        entries = self.registry.entries if self.registry else ()
        return frozenset(name for entry in entries for name in (entry.env_var, *entry.aliases) if name is not None)

    @cached_property
    def own_ports(self) -> dict[str, set[int]]:
        """Path of a code file to the ports that it uses on this machine."""
        out: dict[str, set[int]] = {}
        for literal in self.literals:
            if literal.format in CODE and names_itself(literal.host) and literal.variable is None:
                out.setdefault(literal.path, set()).add(literal.port)
        return out

    @cached_property
    def bound(self) -> frozenset[int]:
        """The ports that a process of the repository listens on outside of containers, in which proxies run."""
        return frozenset(
            literal.port
            for literal in self.literals
            if literal.role is Role.BIND and literal.service is None and literal.format not in PROXIES
        )

    def is_allowed(self, port: int) -> bool:
        """Whether the settings allow a port everywhere."""
        return any(port in ports for ports in self.settings.allow)

    @cached_property
    def owners(self) -> dict[int, Entry]:
        """Default port to the first entry that has it."""
        out: dict[int, Entry] = {}
        for entry in self.registry.entries if self.registry else ():
            out.setdefault(entry.default, entry)
        return out

    def registry_says(self, entry: Entry, environment: str | None = None, *, key: str | None = None) -> Related:
        """The registry's line about an entry: its value for the environment, where it gives one, else its default.

        Raises AttributeError without a registry.
        """
        assert self.registry is not None
        if key is None:
            key = "default"
            if environment is not None and environment in entry.environments:
                key = f"environments.{environment}"
        message = f"the registry gives {entry.name} {describe_value(entry, key)} here"
        return Related(self.registry.path, entry.where(key), message)


def describe_value(entry: Entry, key: str) -> str:
    """The value of a key of an entry that holds ports, as a person reads it."""
    if key.startswith("environments."):
        environment = key.partition(".")[2]
        return f"{entry.environments[environment]} for {environment}"
    if key == "range":
        return f"the range {entry.range}"
    if key == "container_port":
        return f"{entry.container_port} inside its container"
    if key == "exposure":
        return f"the exposure {entry.exposure}"
    return str(entry.default)


def right_default(entry: Entry, environment: str | None) -> int:
    """The port to write as the fallback of an entry's variable in a file of that environment."""
    own = entry.environments.get(environment) if environment is not None else None
    return entry.default if own is None else own.start


def reference(literal: PortLiteral, variable: str, port: int) -> str:
    """How a reference to `variable` is written in place of the literal."""
    ways = FORMATS[literal.format].reference
    way = ways.text if literal.form in _IN_TEXT else ways.number
    return way.replace("<VARIABLE>", variable).replace("<PORT>", str(port))


def host_beside(hosts: Mapping[str, str], variable: str) -> str | None:
    """The host that goes with a port: the value of `REDIS_HOST` for `REDIS_PORT`. hosts: variable to value."""
    stem = variable.removesuffix("PORT").removesuffix("_")
    return next((hosts[name] for end in _HOST_ENDS if stem and (name := stem + end) in hosts), None)


def is_fallback(literal: PortLiteral) -> bool:
    """Whether the literal is the value taken when a variable is not set."""
    return literal.role is Role.FALLBACK or literal.form == "fallback"


def is_default(literal: PortLiteral) -> bool:
    """Whether code takes the literal, or the URL that it stands in, when a variable is not set."""
    in_url = literal.form in ("url", "address") and literal.format in PROGRAMS and literal.variable is not None
    return in_url or is_fallback(literal)


def is_port_variable(variable: str) -> bool:
    """Whether a name is that of an environment variable for the port of some service: `API_PORT`, not `PORT`.

    In lower case it is a variable of a script, not one of its environment (POSIX.1-2017, Base Definitions, 8.1).
    """
    return variable.isupper() and variable.endswith("_PORT") and is_port_name(variable)


def elsewhere(entry: Entry, ports: PortRange, environment: str | None) -> str:
    """In which other environment a wrong port would be right; empty where it is in none."""
    for name, value in entry.environments.items():
        if name != environment and value.overlaps(ports):
            return name
    return ""


def finding_at(
    literal: PortLiteral,
    code: str,
    message: str,
    *,
    help: str = "",
    entry: str | None = None,
    related: tuple[Related, ...] = (),
    fix: Fix | None = None,
    span: Span | None = None,
    reference: Reference | None = None,
) -> Finding:
    """A finding about a port literal, at its digits or at `span`."""
    return Finding(
        rule=code,
        path=literal.path,
        span=literal.span if span is None else span,
        message=message,
        help=help,
        port=literal.port,
        entry=entry,
        subject=literal.subject,
        related=related,
        fix=fix,
        reference=reference,
    )


def replace_port_fix(literal: PortLiteral, right: int) -> Fix | None:
    """Writes the right port in place of the literal; None where it is not one plain number for another.

    Another port is another behaviour, so it is never safe.
    """
    if literal.text != str(literal.port):
        return None
    return Fix("unsafe", (Edit(literal.span, literal.text.encode(), str(right).encode()),))
