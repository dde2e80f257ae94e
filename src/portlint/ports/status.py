"""What `portlint status` tells: each service's port, who holds it, whether that is the right one, and its health."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from portlint.model import Entry
from portlint.ports import containers, health
from portlint.ports.containers import Container
from portlint.ports.evidence import evidence
from portlint.ports.health import Health, HealthCheck
from portlint.ports.live import PortRegistry
from portlint.ports.sockets import LOOPBACK
from portlint.ports.states import PortState, State

_AT_ONCE = 32
"""health checks"""


class Standing(StrEnum):
    """How it stands with a service."""

    FREE = "free"
    EXPECTED = "held by the expected process"
    OTHER = "held by another"
    OTHER_USER = "held by another user"
    RESERVED = "reserved"
    NOT_PERMITTED = "not permitted"
    OUT_OF_RANGE = "out of range"
    INVALID = "invalid"
    REMOTE = "remote"
    """on another machine, where only its health can be asked"""


_UNHELD = {
    State.FREE: Standing.FREE,
    State.RESERVED: Standing.RESERVED,
    State.NOT_PERMITTED: Standing.NOT_PERMITTED,
    State.OUT_OF_RANGE: Standing.OUT_OF_RANGE,
    State.INVALID: Standing.INVALID,
}
_CONFLICTS = frozenset({Standing.OTHER, Standing.OTHER_USER, Standing.OUT_OF_RANGE, Standing.INVALID})


class Row(Struct, frozen=True, kw_only=True):
    """One service."""

    entry: Entry
    state: PortState
    standing: Standing
    value: str | None
    """of its variable, as it is set"""
    because: str = ""
    """what speaks for the expected process"""
    container: Container | None = None
    check: HealthCheck | None = None
    health: Health | None = None
    """None where the registry has no check for it, or its port is not known"""

    @property
    def is_conflict(self) -> bool:
        """Something else is where the service should be, or its variable is wrong."""
        return self.standing in _CONFLICTS


class Question(Struct, frozen=True, kw_only=True):
    """What is asked. hosts: addresses for the health checks. away: they are another machine's. timeout: seconds."""

    entries: Sequence[Entry]
    environment: str | None = None
    hosts: tuple[str, ...] = LOOPBACK
    away: bool = False
    timeout: float = 2.0


def status(ports: PortRegistry, question: Question, environ: Mapping[str, str]) -> list[Row]:
    """A row for each entry, in their order. environ: the variables. Raises UnknownEnvironmentError."""
    states = ports.states(question.entries, question.environment, question.away)
    checks = health.health_checks(ports.registry.path, ports.data)
    healths = _healths(checks, states, question)
    engine = containers.running(environ) if any(state.holders for state in states) else ()
    rows = []
    for entry, state in zip(question.entries, states, strict=True):
        answer = healths.get(entry.name)
        container = _container(state, engine)
        because = _because(ports, entry, state, container, answer)
        rows.append(
            Row(
                entry=entry,
                state=state,
                standing=_standing(state, because, question.away),
                value=(environ.get(entry.env_var) or None) if entry.env_var else None,
                because=because or "",
                container=container,
                check=checks.get(entry.name),
                health=answer,
            )
        )
    return rows


def _healths(checks: Mapping[str, HealthCheck], states: Sequence[PortState], question: Question) -> dict[str, Health]:
    """By service, all asked at the same time. Nobody needs to ask at a free port of this machine."""
    from concurrent.futures import ThreadPoolExecutor

    known = [
        state for state in states if state.service in checks and state.state not in (State.INVALID, State.OUT_OF_RANGE)
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = {
            state.service: pool.submit(health.ask, checks[state.service], question.hosts, state.port, question.timeout)
            for state in known
            if state.port is not None and (question.away or state.state is not State.FREE)
        }
        answers = {service: future.result() for service, future in asked.items()}
    return {state.service: answers.get(state.service, Health(False, "nothing listens")) for state in known}


def _container(state: PortState, engine: Sequence[Container]) -> Container | None:
    if not state.holders or state.port is None:
        return None
    published = containers.publishing(engine, state.port)
    pids = [holder.pid for holder in state.holders if holder.pid is not None]
    return published or next((found for pid in pids if (found := containers.around(engine, pid))), None)


def _because(
    ports: PortRegistry, entry: Entry, state: PortState, container: Container | None, answer: Health | None
) -> str | None:
    """What speaks for all of the holders; None where nothing does for one of them."""
    healthy = answer is not None and answer.healthy
    reasons = [
        evidence(ports.registry, ports.root, entry, state.port or 0, holder, container, healthy)
        for holder in state.holders
    ]
    return "; ".join(dict.fromkeys(reasons)) if reasons and all(reasons) else None


def _standing(state: PortState, because: str | None, away: bool) -> Standing:
    if state.state in (State.OUT_OF_RANGE, State.INVALID):
        return _UNHELD[state.state]
    if away:
        return Standing.REMOTE
    if not state.holders:
        return _UNHELD[state.state]
    if because is not None:
        return Standing.EXPECTED
    hidden = any(holder.pid is None and holder.user for holder in state.holders)
    return Standing.OTHER_USER if hidden else Standing.OTHER
