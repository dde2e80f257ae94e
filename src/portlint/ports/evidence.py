"""Whether who holds a port is the service that the registry means.

Nothing says so for sure. What speaks for it, in this order: the container, or its compose service, is called like the
entry; the process was given the port in the entry's variable; its command line or its user names the entry, or a
well-known program of that name; the entry's health check passes where the process cannot be seen; the process runs
inside the repository, and nothing about it names another entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge import well_known
from portlint.model import Entry, Registry
from portlint.ports import holders
from portlint.ports.containers import Container
from portlint.ports.states import Holder

_WORD = regex(r"[a-z0-9]+")
_COMMON = frozenset(
    {"port", "ports", "server", "service", "svc", "dev", "prod", "test", "main", "tcp", "udp"}
    | {"http", "https", "docker", "dockerd", "proxy", "container", "localhost", "python", "node"}
)
"""words that, alone, name no service"""


def evidence(
    registry: Registry,
    root: Path,
    entry: Entry,
    port: int,
    holder: Holder,
    container: Container | None,
    healthy: bool,
) -> str:
    """What speaks for the entry, in words; empty where nothing does. container: that publishes the port, or in which
    the holder runs."""
    if container is not None and (container.service or not container.id.startswith(container.name)):
        called = f"{container.name} {container.service}"
        return f"the container is {container.name}" if _is_named(entry, called) else ""
    if holder.pid is not None and entry.env_var and _given(holder.pid, entry.env_var) == str(port):
        return f"it was given {entry.env_var}={port}"
    about = _about(holder)
    if _is_named(entry, about):
        return f"its {'command line' if holder.pid is not None else 'user'} names {entry.name}"
    if healthy and holder.pid is None:
        return "it passes the health check"
    others = (other for other in registry.entries if other.name != entry.name)
    if holder.pid is not None and _stands_in(root, holder.pid) and not any(_is_named(other, about) for other in others):
        return "it runs in this repository"
    return ""


def _given(pid: int, variable: str) -> str | None:
    value = holders.environment_value(pid, variable)
    return None if value is None else value.strip()


def _about(holder: Holder) -> str:
    """What a process says of itself. The folder of its program says nothing: `/srv/api/.venv/bin/python`."""
    program = "".join(holder.command[:1]).replace("\\", "/").rpartition("/")[2]
    return " ".join((holder.name, program, *holder.command[1:], holder.user))


def _stands_in(root: Path, pid: int) -> bool:
    folder = holders.working_folder(pid)
    return folder is not None and Path(folder).is_relative_to(root.resolve())


def _is_named(entry: Entry, text: str) -> bool:
    words = set(_words(text))
    return any(name <= words for name in _names((entry.name, *entry.aliases)))


def _names(names: Iterable[str]) -> Iterable[set[str]]:
    """What may name an entry: all words of its name or of an alias, or a word of the well-known service that it is."""
    for name in names:
        words = set(_words(name)) - _COMMON
        if words:
            yield words
        known = well_known.of_identifier(name)
        if known is not None:
            yield from ({word} for word in {known.name, *known.words} - _COMMON)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
