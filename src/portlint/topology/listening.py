"""What the programs of a container listen on: what they are told, and else the default of servers that the world knows.

"Nobody answers there" is only said where the set is complete: each program in it is known, and each value is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct, field

from portlint.model import FIRST_PORT, LAST_PORT, Evidence, Listener, Listeners, Rank, Span
from portlint.model.programs import Command, Scope
from portlint.topology.environment import Container
from portlint.topology.programs import Kind, Started, endpoint, started
from portlint.topology.values import HOLE, State, Word

_NOT_TOLD = "what {} is told is not known"
_UNKNOWN = "{} is no program that is known"


class _Found(Struct):
    """Listeners, and what keeps them from being all."""

    known: list[Listener] = field(default_factory=list)
    why_not: list[str] = field(default_factory=list)


def listeners_of(
    commands: Sequence[Command],
    path: str,
    container: Container,
    has_file: Callable[[str], bool],
) -> Listeners:
    """What a container listens on that starts these commands.

    path: of the file that holds them. has_file: whether the program may find a file of that name in its working
    directory.
    """
    found = _Found()
    runs = [each for each in started(commands, container) if each.kind is not Kind.ENDS]
    if not runs:
        found.why_not.append("nothing says what it starts")
    for each in runs:
        if each.command.branch:
            found.why_not.append("which of its commands run is not known")
        if each.kind is Kind.SERVER:
            _server(each, path, container, has_file, found)
        elif each.kind is not Kind.WORKER:
            found.why_not.append(_UNKNOWN.format(each.named or "its command"))
    return Listeners(tuple(_once(found.known)), not found.why_not, found.why_not[0] if found.why_not else "")


def _once(listeners: Iterable[Listener]) -> Iterator[Listener]:
    seen: set[int] = set()
    for each in sorted(listeners, key=lambda listener: listener.rank):
        if each.port not in seen:
            seen.add(each.port)
            yield each


def _server(each: Started, path: str, container: Container, has_file: Callable[[str], bool], found: _Found) -> None:
    server = each.server
    assert server is not None
    address = _address(each, container)
    ports = list(_told(each, container))
    if any(port is None for port, _, _ in ports):
        found.why_not.append(_NOT_TOLD.format(server.name))
    for port, bound, word in ports:
        if port is not None and FIRST_PORT <= port <= LAST_PORT:
            evidence = _evidence(word, path, container)
            found.known.append(Listener(port, Rank.TOLD, evidence, bound or address, server.name))
    if ports:
        return
    configured = each.config is not None or any(has_file(file) for file in server.files)
    if server.port is None or configured:
        found.why_not.append(f"the configuration of {server.name} is not read")
        return
    evidence = Evidence(path, each.command.span, f"{server.name}, which is told no other port")
    found.known.append(Listener(server.port, Rank.DEFAULT, evidence, address, server.name))


def _told(each: Started, container: Container) -> Iterator[tuple[int | None, str | None, Word]]:
    """The ports that a server is told, with the address where one stands beside; a port is None where it is not known.

    What options say wins over variables.
    """
    server = each.server
    assert server is not None
    binds = [(word, endpoint(word)) for word in each.binds]
    if each.ports:
        # Of an option that is given twice the last one counts.
        yield _port(each.ports[-1]), None, each.ports[-1]
        return
    is_told = False
    for word, read in binds:
        if read is None and word.known is not None:
            continue  # a socket in the file system
        address, port = read if read is not None else (None, None)
        if read is not None and port is None:
            continue
        is_told = True
        yield port, address, word
    if is_told:
        return
    names = [*server.port_variables, *((server.when[0],) if server.when is not None else ())]
    for name in names:
        value = _variable(name, each, container)
        if value is not None:
            yield _port(value), server.when[1] if server.when is not None else None, value
            return


def _variable(name: str, each: Started, container: Container) -> Word | None:
    """The value that a server finds in a variable; None where it is not set."""
    from portlint.topology.values import evaluated

    text = dict(each.environment).get(name)
    if text is not None:
        return evaluated(text, container)
    value = container.value(name, Scope.CONTAINER)
    if value.state is State.UNSET or (value.state is State.SET and not value.text):
        return None
    shown = value.text if value.state is State.SET else HOLE
    return Word(shown, each.command.words[0], (name, *value.variables))


def _address(each: Started, container: Container) -> str | None:
    """What it binds; None where that is not known."""
    server = each.server
    assert server is not None
    if each.addresses:
        return each.addresses[-1].known
    for name in server.address_variables:
        value = _variable(name, each, container)
        if value is not None:
            return value.known
    return server.address


def _port(word: Word) -> int | None:
    text = (word.known or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _evidence(word: Word, path: str, container: Container) -> Evidence:
    """The place where the value is written: that of the last variable it came through, else the word's own."""
    for name in reversed(word.variables):
        for file, span in container.places(name):
            return Evidence(file, span, f"{name}, which its command reads")
    return Evidence(path, _on_one_line(word.source.span), "its command")


def _on_one_line(span: Span) -> Span:
    return span
