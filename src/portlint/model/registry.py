"""The canonical registry, `ports.yaml`.

Annotations are evaluated here as the classes are made, as in `portlint.model.facts`.
"""

from collections.abc import Mapping as MappingABC

from msgspec import Struct, field

from portlint.model.places import PortRange, Span


class Entry(Struct, frozen=True, kw_only=True):
    """One service of the registry."""

    name: str
    span: Span
    """the key"""
    default: int
    env_var: str | None = None
    description: str = ""
    range: PortRange | None = None
    """allowed values, and fallbacks in order"""
    container_port: int | None = None
    environments: MappingABC[str, PortRange] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    exposure: str | None = None
    """`internal`: only on loopback or inside a network; `public`; None: not said"""
    optional: bool = False
    immutable: bool = False
    conflict_check: bool = False
    protocol: str = "tcp"
    """tcp, udp or both"""
    repository: str | None = None
    url_prefix: str | None = None
    positions: MappingABC[str, Span] = field(default_factory=dict)
    """the span of each value, by its key (`default`, `range`, `environments.production`, ...)"""

    def where(self, key: str) -> Span:
        """The span of the value of `key`, or of the entry's name where the key is not written."""
        return self.positions.get(key, self.span)


class Block(Struct, frozen=True):
    """A block of the allocation plan (`ranges:`)."""

    name: str
    ports: PortRange
    description: str
    span: Span


class Reservation(Struct, frozen=True):
    """A port that something outside the registry takes (`reserved:`)."""

    ports: PortRange
    service: str
    note: str
    span: Span
    """the value of `port`"""


class Registry(Struct, frozen=True, kw_only=True):
    """The canonical registry, `ports.yaml`."""

    path: str
    """relative to the root, forward slashes; as it was named where it lies outside"""
    entries: tuple[Entry, ...] = ()
    blocks: tuple[Block, ...] = ()
    reserved: tuple[Reservation, ...] = ()
    environments: MappingABC[str, tuple[str, ...]] = field(default_factory=dict)
    """environment name to path globs"""
    conflict_detection: bool = True

    def entry(self, name: str) -> Entry | None:
        return next((e for e in self.entries if e.name == name), None)
