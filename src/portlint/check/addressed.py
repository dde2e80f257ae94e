"""Connections to a service by name on a port that it does not listen on: the evidence of PORT205 and PORT301."""

from __future__ import annotations

from collections import Counter
from functools import cache, cached_property, lru_cache

from portlint.algorithms.lazy_regex import regex
from portlint.check.context import Context, host_beside
from portlint.check.network import Peer
from portlint.knowledge import rule_data
from portlint.knowledge.formats import CODE, CONTAINER_HOSTS, SCRIPTS
from portlint.knowledge.hosts import names_itself
from portlint.knowledge.identifiers import words
from portlint.model import PortLiteral, Role

_ADDRESSED = frozenset({Role.CONNECT, Role.SETTING, Role.FALLBACK})
_KUBERNETES = "spec.ports["
"""where the ports of a Kubernetes Service stand"""
_FOLDER = regex(r"[a-z0-9]+")


class Misses:
    """Finds connections to a service by name on a port that it does not listen on."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def of(self, literal: PortLiteral) -> tuple[Peer, ...]:
        """The services that a place names, where none of those so named listens on its port."""
        context, host = self._context, literal.host
        if host is None and literal.variable is not None and literal.form == "value":
            # `REDIS_HOST: redis` beside `REDIS_PORT: 6382`
            host = host_beside(self._beside.get((literal.path, literal.service), {}), literal.variable)
        if host is None or not literal.valid or not is_addressed(context, literal):
            return ()
        if literal.port in context.own_ports.get(literal.path, ()):
            # Code that starts services of its own: their names may be the same.
            return ()
        if (literal.path, literal.subject) in self._listed:
            return ()
        if literal.port in self._elsewhere and literal.format not in CONTAINER_HOSTS:
            return ()
        peers = context.network.called(literal.path, literal.service, host)
        if not peers or not all(_misses(literal, peer) for peer in peers):
            return ()
        if any(peer.listens(literal.ports) for peer in context.network.everywhere(literal.path, host)):
            return ()
        return peers

    @cached_property
    def _listed(self) -> frozenset[tuple[str, str]]:
        """Path and subject of the lists of `name:port` in scripts, which take them apart as often as they go there."""
        pairs = (each for each in self._context.literals if each.format in SCRIPTS and each.form == "address")
        count = Counter((each.path, each.subject) for each in pairs if each.name is not None or each.subject == "for")
        return frozenset(place for place, number in count.items() if number > 1)

    @cached_property
    def _elsewhere(self) -> frozenset[int]:
        """Ports that services have in another network than that of the compose files, or beside the one they answer on.

        What a program or its settings call may be the Service of a Kubernetes manifest, or an endpoint for metrics.
        """
        out = set()
        side = knowledge("side_options")
        for literal in self._context.literals:
            if literal.subject.startswith(_KUBERNETES):
                out.add(literal.port)
            elif literal.format in CODE and literal.role is not Role.CONNECT and literal.port not in out:
                name = literal.variable or literal.name
                if name is not None and names_itself(literal.host) and not side.isdisjoint(words(name)):
                    out.add(literal.port)
        return frozenset(out)

    @cached_property
    def _beside(self) -> dict[tuple[str, str | None], dict[str, str]]:
        """The variables that name a host, of each service and of each env file that only containers get."""
        out: dict[tuple[str, str | None], dict[str, str]] = {}
        env_files: set[str] = set()
        for facts in self._context.facts:
            for service in facts.services:
                env_files.update(service.env_files)
                if service.host_variables:
                    out[service.path, service.name] = dict(service.host_variables)
        for facts in self._context.facts:
            if facts.path in env_files and facts.path.rpartition("/")[2] != ".env":
                # Compose reads `.env` for itself as well.
                out[facts.path, None] = {each.name: each.host for each in facts.variables if each.host is not None}
        return out


def _misses(literal: PortLiteral, peer: Peer) -> bool:
    if not peer.sure or peer.listens(literal.ports):
        return False
    # A port of the host is none of the container's, whatever else that listens on.
    return peer.whole or peer.publishes(literal.ports) is not None


def is_addressed(context: Context, literal: PortLiteral) -> bool:
    """Whether a place is one from which a client goes out in the network of the containers."""
    if literal.role not in _ADDRESSED or literal.form in ("comparison", "word"):
        return False
    if not knowledge("origin_words").isdisjoint(words(_name(literal))):
        # Where pages come from, which may be open in a browser: nobody connects to it.
        return False
    if literal.format in CONTAINER_HOSTS:
        return True
    if context.is_test(literal.path):
        # Tests make up hosts and ports.
        return False
    return not is_elsewhere(literal.path)


def _name(literal: PortLiteral) -> str:
    return literal.variable or literal.name or literal.subject.rpartition(".")[2]


@lru_cache(maxsize=8192)
def is_elsewhere(path: str) -> bool:
    """Whether a file speaks of another network than that of the compose files: `k8s/`, `.github/`."""
    return not knowledge("networks").isdisjoint(_FOLDER.findall(path.lower()))


@cache
def knowledge(key: str) -> frozenset[str]:
    """One list of `rules/services/listening.yaml`."""
    return frozenset(rule_data.load("services/listening.yaml")[key])
