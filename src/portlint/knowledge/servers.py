"""The programs of `rules/services/servers.yaml`: which words start them, and what they listen on by default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from msgspec import Struct

from portlint.knowledge import rule_data

_FILE = "services/servers.yaml"


class Row(Struct, frozen=True, kw_only=True):
    """What all of them have."""

    starts: tuple[tuple[str, ...], ...]
    """the words that start it, the base name of the program first"""


class Server(Row, frozen=True, kw_only=True):
    """A program that listens. The fields are explained at the top of `rules/services/servers.yaml`."""

    name: str
    only_on: frozenset[str] = frozenset()
    port: int | None = None
    address: str | None = None
    ports: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    argument: str | None = None
    port_variables: tuple[str, ...] = ()
    address_variables: tuple[str, ...] = ()
    when: tuple[str, str] | None = None
    """a variable that is the port where it is set, and the address that is bound then"""
    config: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    images: frozenset[str] = frozenset()
    """images that start it unless they are told to start something else"""
    reads: tuple[str, ...] = ()
    """configuration files, and folders of them with a slash at the end, by their places in these images"""
    stock: str | None = None
    """the file among them that the image brings along, which listens on `port`"""
    configured: str = ""
    """what facts call the place in its configuration that binds (`Bind.by`); `literals`: each port there that binds;
    empty: it is not read"""
    values: frozenset[str] = frozenset()

    @property
    def valued(self) -> frozenset[str]:
        """All options that take a value."""
        return self.ports | self.addresses | self.binds | self.config | self.values


class Worker(Row, frozen=True, kw_only=True):
    """A program that listens on nothing."""

    values: frozenset[str] = frozenset()


class Wrapper(Row, frozen=True, kw_only=True):
    """What stands before a program and starts it."""

    values: frozenset[str] = frozenset()
    arguments: int = 0
    until: str | None = None
    assignments: bool = False


class Interpreter(Row, frozen=True, kw_only=True):
    """A program whose first argument is the program."""

    module: str | None = None
    code: str | None = None
    values: frozenset[str] = frozenset()


class Runner(Row, frozen=True, kw_only=True):
    """A program that runs a script of a package.json."""

    run: frozenset[str]
    bare: frozenset[str] = frozenset()
    folder: frozenset[str] = frozenset()


class Programs(Struct, frozen=True):
    """All of them. Each list is in the order of the file."""

    servers: tuple[Server, ...]
    workers: tuple[Worker, ...]
    ends: frozenset[tuple[str, ...]]
    writers: frozenset[str]
    """programs that may write a configuration file"""
    wrappers: tuple[Wrapper, ...]
    interpreters: tuple[Interpreter, ...]
    runners: tuple[Runner, ...]
    bases: tuple[str, ...]


@cache
def programs() -> Programs:
    """What `rules/services/servers.yaml` says."""
    data = rule_data.load(_FILE)
    return Programs(
        servers=tuple(
            Server(
                name=row["name"],
                starts=_starts(row),
                only_on=_set(row, "only_on"),
                port=row.get("port"),
                address=row.get("address"),
                ports=_set(row, "ports"),
                addresses=_set(row, "addresses"),
                binds=_set(row, "binds"),
                argument=row.get("argument"),
                port_variables=tuple(row.get("port_variables", ())),
                address_variables=tuple(row.get("address_variables", ())),
                when=(row["when"]["variable"], row["when"]["address"]) if "when" in row else None,
                config=_set(row, "config"),
                files=tuple(row.get("files", ())),
                images=_set(row, "images"),
                reads=tuple(row.get("reads", ())),
                stock=row.get("stock"),
                configured=row.get("configured", ""),
                values=_set(row, "values"),
            )
            for row in data["servers"]
        ),
        workers=tuple(Worker(starts=_starts(row), values=_set(row, "values")) for row in data["workers"]),
        ends=frozenset(tuple(words.split()) for words in data["ends"]),
        writers=frozenset(data["writers"]),
        wrappers=tuple(
            Wrapper(
                starts=_starts(row),
                values=_set(row, "values"),
                arguments=row.get("arguments", 0),
                until=row.get("until"),
                assignments=row.get("assignments", False),
            )
            for row in data["wrappers"]
        ),
        interpreters=tuple(
            Interpreter(starts=_starts(row), module=row.get("module"), code=row.get("code"), values=_set(row, "values"))
            for row in data["interpreters"]
        ),
        runners=tuple(
            Runner(starts=_starts(row), run=_set(row, "run"), bare=_set(row, "bare"), folder=_set(row, "folder"))
            for row in data["runners"]
        ),
        bases=tuple(data["bases"]),
    )


def _starts(row: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(words.split()) for words in row["starts"])


def _set(row: dict[str, Any], key: str) -> frozenset[str]:
    return frozenset(row.get(key, ()))


def is_plain_base(image: str) -> bool:
    """Whether an image is one of a language alone: `python:3.12-slim`, `ghcr.io/astral-sh/uv:latest`."""
    return is_image_of(image, programs().bases)


def is_image_of(image: str, bases: Iterable[str]) -> bool:
    """Whether an image is one of some, whatever its tag and wherever it is kept."""
    name = _image_name(image)
    return any(name == base or name.endswith(f"/{base}") or name.startswith(f"{base}/") for base in bases)


def _image_name(image: str) -> str:
    """Without its tag, its digest and the registry that is meant where none is named."""
    head, slash, tail = image.partition("@")[0].rpartition("/")
    return (head + slash + tail.partition(":")[0]).removeprefix("docker.io/").removeprefix("library/")


def ends(words: Sequence[str]) -> bool:
    """Whether a command does its work and ends. words: the base name of the program, and its arguments."""
    known = programs().ends
    return any(tuple(words[:length]) in known for length in (1, 2, 3))


def server_of(image: str) -> Server | None:
    """The server that an image starts; None where that is not known. Somebody's own `acme/nginx` is none of them."""
    name = _image_name(image)
    return next((row for row in programs().servers if name in row.images), None)


@cache
def vocabulary() -> frozenset[str]:
    """All words by which the programs of the file are started: names that are no secret, wherever they stand."""
    known = programs()
    rows: list[Row] = [*known.servers, *known.workers, *known.wrappers, *known.interpreters, *known.runners]
    starts = [*known.ends, *(start for row in rows for start in row.starts)]
    named = {word for start in starts for word in start}
    return frozenset(named.union(*(row.run | row.bare for row in known.runners)) - {"*"})


@cache
def naming() -> frozenset[str]:
    """Words behind which a name stands that is no secret: `-m`, `run`, `yarn`."""
    known = programs()
    modules = {row.module for row in known.interpreters if row.module is not None}
    runners = {word for row in known.runners for word in (row.starts[0][0], *row.run)}
    folders = {option for row in known.runners for option in row.folder}
    return frozenset({*modules, *runners, *folders, "cd", "-A", "--app"})
