"""Which of some ports a service can bind now, and what is in the way of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from portlint.model import Entry, Registry
from portlint.ports import holders, sockets, values
from portlint.ports.errors import PortValueError
from portlint.ports.sockets import Answer
from portlint.ports.states import Holder, PortState, Refusal, State
from portlint.ports.values import Choice


class Look(Struct, frozen=True):
    """What a look at one port found. holders: who is in the way; empty for a free port."""

    answer: Answer
    holders: tuple[Holder, ...] = ()

    def __str__(self) -> str:
        """`held by pid 4711 (python3, user ann)`; of a free port: `free`."""
        if self.holders:
            return f"held by {' and '.join(map(str, self.holders))}"
        return "not permitted to this user" if self.answer is Answer.DENIED else self.answer.value


def look(ports: Iterable[int], protocol: str, exposure: str | None, *, gently: bool = False) -> Mapping[int, Look]:
    """Asks for each port, and then once for those who hold the ones that cannot be had. gently: see `probe`."""
    answers = {port: sockets.probe(port, protocol, exposure, gently=gently) for port in ports}
    closed = [port for port, answer in answers.items() if answer is not Answer.FREE]
    held = holders.holders(closed, protocol, exposure) if closed else {}
    out = {}
    for port, answer in answers.items():
        found = held.get(port, ()) if answer is not Answer.FREE else ()
        if answer is Answer.TAKEN and not found:
            found = (holders.unseen(),)
        out[port] = Look(answer, found)
    return out


def is_free(entry: Entry, port: int) -> bool:
    """Whether a service can bind a port now, reserved or not."""
    return sockets.probe(port, entry.protocol, entry.exposure) is Answer.FREE


def refusals(registry: Registry, entry: Entry, ports: Sequence[int], given: Iterable[int] = ()) -> tuple[Refusal, ...]:
    """Why a service cannot have each of the ports. given: ports that were just chosen for others."""
    others = set(given)
    looks = look(ports, entry.protocol, entry.exposure)
    out = []
    for port in ports:
        reservation = values.barred_by(registry, entry, port)
        if reservation is not None:
            reason = values.told(reservation)
        elif looks[port].answer is not Answer.FREE:
            reason = str(looks[port])
        else:
            # Free only now, where it is nobody's: when it was to be chosen, somebody had it.
            reason = "chosen for another service" if port in others else "taken a moment ago"
        out.append(Refusal(port, reason))
    return tuple(out)


def planned(wanted: Sequence[tuple[Entry, Choice | PortValueError]]) -> list[PortState]:
    """As `states`, by the registry and the variables alone: of another machine, nobody here is asked."""
    return [
        PortState(service=entry.name, port=choice.port, state=State.FREE)
        if isinstance(choice, Choice)
        else _wrong(entry, choice)
        for entry, choice in wanted
    ]


def states(registry: Registry, wanted: Sequence[tuple[Entry, Choice | PortValueError]]) -> list[PortState]:
    """How it stands with each service, for the port that it shall have."""
    groups: dict[tuple[str, str | None], dict[int, None]] = {}
    for entry, choice in wanted:
        if isinstance(choice, Choice):
            groups.setdefault((entry.protocol, entry.exposure), {})[choice.port] = None
    looks = {group: look(ports, *group, gently=True) for group, ports in groups.items()}
    return [
        _state(registry, entry, choice.port, looks[entry.protocol, entry.exposure][choice.port])
        if isinstance(choice, Choice)
        else _wrong(entry, choice)
        for entry, choice in wanted
    ]


def _wrong(entry: Entry, error: PortValueError) -> PortState:
    state = State.INVALID if error.number is None else State.OUT_OF_RANGE
    return PortState(service=entry.name, port=error.number, state=state, message=str(error))


def _state(registry: Registry, entry: Entry, port: int, look: Look) -> PortState:
    reservation = values.reservation_of(registry, port)
    state, notes = State.FREE, []
    if look.answer is not Answer.FREE:
        state = State.BUSY if look.holders else State.NOT_PERMITTED
        notes.append(str(look))
    if reservation is not None:
        notes.append(values.told(reservation))
        if values.barred_by(registry, entry, port) is not None:
            state = State.RESERVED
    return PortState(
        service=entry.name,
        port=port,
        state=state,
        holders=look.holders,
        reserved_for=None if reservation is None else reservation.service or "something outside the registry",
        message=f"{port} is {', and '.join(notes)}" if notes else "",
    )
