"""What surrounds an expression: the names, the slot and the role that decide whether a number in it is a port."""

from __future__ import annotations

from typing import NamedTuple

from portlint.knowledge.identifiers import is_address_name, is_port_name, vocabulary, words
from portlint.model import Role


class Context(NamedTuple):
    """Handed down from an expression to its parts."""

    name: str | None = None
    """the nearest identifier, key or parameter"""
    port: bool = False
    """a number here is a port"""
    sure: bool = False
    """a library's signature says so, not only a name"""
    container: bool = False
    """the name of the dict, list or class around says ports: its values are ports under whatever key"""
    address: bool = False
    """a string here is `host:port`, a tuple (host, port)"""
    role: Role = Role.SETTING
    form: str = "value"
    protocol: str = "tcp"
    host: str | None = None
    variable: str | None = None
    library: str | None = None
    columns: tuple[str, ...] = ()
    """names of the items of each tuple of a list: of a `for` target, of a parametrize header"""
    route: tuple[str, ...] = ()
    """names and keys from the outermost, for the literal's subject"""
    prose: bool = False
    bound: bool = False
    """the other side of `<` or `>`: 1, 1024 and 65535 are limits here"""
    image: bool = False
    """a container image: a number behind a colon is a tag"""

    def named(self, name: str, form: str | None = None) -> Context:
        """The context of a value under a name: a target, a keyword, a key."""
        port = is_port_name(name) or (self.container and not _is_no_port(name))
        return self._replace(
            name=name,
            port=port,
            sure=False,
            container=(self.container and port) or _names_ports(name),
            address=is_address_name(name),
            form=form or self.form,
            route=(*self.route, name),
            image=_is_image(name),
            bound=False,
        )

    def fresh(self) -> Context:
        """The context of an expression that the surroundings say nothing about."""
        return Context(route=self.route, prose=self.prose)


NOTHING = Context()


def _is_no_port(name: str) -> bool:
    """Whether a key plainly names something else than a port, even among ports: `timeout`, `retries`, `id`."""
    return not vocabulary("not_after").isdisjoint(words(name))


def _names_ports(name: str) -> bool:
    """Whether a name says that what it holds are ports: `PORTS`, `DEFAULT_PORTS`, `service_ports`, `port_map`."""
    parts = words(name)
    if not is_port_name(name):
        return False
    last = parts[-1]
    return last == "ports" or (len(parts) > 1 and last in _HOLDERS) or parts == ("port",)


_HOLDERS = frozenset(
    {"map", "mapping", "mappings", "bindings", "numbers", "list", "dict", "defaults", "assignments", "ranges", "range"}
)
"""`port_map` holds ports; `port_config` holds settings of one"""


def _is_image(name: str) -> bool:
    return not {"image", "images", "tag", "tags", "version"}.isdisjoint(words(name))


def class_holds_ports(name: str) -> bool:
    """Whether the attributes of a class of this name are ports: `Ports`, `ServicePort`, `PortEnum`."""
    parts = words(name)
    if not parts or not is_port_name(name):
        return False
    return parts[-1] in ("port", "ports") or parts[-1] in _CLASS_ENDINGS


_CLASS_ENDINGS = frozenset(
    {"enum", "constants", "numbers", "defaults", "allocation", "allocations", "map", "assignment", "assignments"}
)
