"""The well-known services of `rules/services/well-known.yaml`: by the word, the image and the port that they go by."""

from __future__ import annotations

from functools import cache, lru_cache

from msgspec import Struct

from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import words
from portlint.model import PortRange

_FILE = "services/well-known.yaml"


class WellKnown(Struct, frozen=True, kw_only=True):
    """A service that the world knows. The fields are explained at the top of `rules/services/well-known.yaml`."""

    name: str
    ports: tuple[int, ...]
    more_ports: tuple[int, ...]
    words: tuple[str, ...]
    images: tuple[str, ...]
    data_store: bool
    http: bool
    framework: bool


@cache
def services() -> tuple[WellKnown, ...]:
    return tuple(
        WellKnown(
            name=row["name"],
            ports=tuple(row["ports"]),
            more_ports=tuple(row.get("more_ports", ())),
            words=tuple(row["words"]),
            images=tuple(row["images"]),
            data_store=row.get("data_store", False),
            http=row.get("http", False),
            framework=row.get("framework", False),
        )
        for row in rule_data.load(_FILE)["services"]
    )


@cache
def by_name() -> dict[str, WellKnown]:
    """Well-known services by their name and by each word that means them; the first one named keeps a word."""
    out = {service.name: service for service in services()}
    for service in services():
        for word in service.words:
            out.setdefault(word, service)
    return out


@cache
def by_port() -> dict[int, tuple[WellKnown, ...]]:
    """The well-known services that clients find at a port."""
    out: dict[int, tuple[WellKnown, ...]] = {}
    for service in services():
        for port in service.ports:
            out[port] = (*out.get(port, ()), service)
    return out


@cache
def _by_image() -> dict[str, WellKnown]:
    out: dict[str, WellKnown] = {}
    for service in services():
        for image in service.images:
            out.setdefault(image, service)
    return out


@lru_cache(maxsize=4096)
def of_image(image: str) -> WellKnown | None:
    """The well-known service of a container image: `redis:7-alpine`, `docker.io/bitnami/redis@sha256:...`."""
    name = image.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    name = head + slash + tail.partition(":")[0]
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        name = rest
    return _by_image().get(name.removeprefix("library/"))


@lru_cache(maxsize=8192)
def of_identifier(identifier: str) -> WellKnown | None:
    """The well-known service that an identifier names: `grafana_port`, `PGHOST`; None where it names two or none."""
    found = {service.name: service for word in words(identifier) if (service := by_name().get(word)) is not None}
    return next(iter(found.values())) if len(found) == 1 else None


@cache
def browser_blocked() -> frozenset[int]:
    """The ports that browsers refuse to open."""
    return frozenset(rule_data.load(_FILE)["browser_blocked"])


@cache
def taken() -> tuple[tuple[PortRange, str, str | None], ...]:
    """Ports that operating systems and platforms take for themselves, who takes them, and of which protocol alone."""
    return tuple(
        (port_range(row["ports"]), row["by"], row.get("protocol")) for row in rule_data.load(_FILE)["system_taken"]
    )


@cache
def ephemeral() -> tuple[tuple[PortRange, str], ...]:
    """Ports that kernels hand out to outgoing connections, and whose kernel."""
    return tuple((port_range(row["ports"]), row["by"]) for row in rule_data.load(_FILE)["ephemeral"])


def port_range(text: str | int) -> PortRange:
    """`8000` or `8000-8010`, as the rule data write ports."""
    first, _, last = str(text).partition("-")
    return PortRange(int(first), int(last or first))
