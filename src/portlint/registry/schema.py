"""The keys of a registry and what each holds: the one table that the reader works by.

`rules/ports.schema.json` says the same to editors; a test keeps the two in step.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Kind(Enum):
    """What a value is."""

    PORT = "a port"
    PORTS = "a port or a range"
    TEXT = "text"
    VARIABLE = "the name of an environment variable"
    FLAG = "true or false"
    EXPOSURE = "an exposure"
    PROTOCOL = "a protocol"
    PREFIX = "a path that starts with '/'"
    STATUS = "an HTTP status"
    TEXTS = "a list of words"
    PORTS_BY_NAME = "a mapping of environments to ports"
    TEXTS_BY_NAME = "a mapping of environments to lists of globs"
    HEALTH = "'tcp' or {http: /path, expect: 200}"
    ENTRIES = "a mapping of names to entries"
    BLOCKS = "a mapping of names to blocks"
    RESERVATIONS = "a list of {port, service, note}"
    CONFLICT_DETECTION = "a mapping of switches"


ROOT: Mapping[str, Kind] = {
    "ports": Kind.ENTRIES,
    "ranges": Kind.BLOCKS,
    "reserved": Kind.RESERVATIONS,
    "environments": Kind.TEXTS_BY_NAME,
    "conflict_detection": Kind.CONFLICT_DETECTION,
}

ENTRY: Mapping[str, Kind] = {
    "default": Kind.PORT,
    "env_var": Kind.VARIABLE,
    "description": Kind.TEXT,
    "range": Kind.PORTS,
    "container_port": Kind.PORT,
    "environments": Kind.PORTS_BY_NAME,
    "aliases": Kind.TEXTS,
    "exposure": Kind.EXPOSURE,
    "optional": Kind.FLAG,
    "immutable": Kind.FLAG,
    "conflict_check": Kind.FLAG,
    "protocol": Kind.PROTOCOL,
    "repository": Kind.TEXT,
    "url_prefix": Kind.PREFIX,
    "health": Kind.HEALTH,
}

BLOCK: Mapping[str, Kind] = {"ports": Kind.PORTS, "description": Kind.TEXT}

RESERVATION: Mapping[str, Kind] = {"port": Kind.PORTS, "service": Kind.TEXT, "note": Kind.TEXT}

HEALTH: Mapping[str, Kind] = {"http": Kind.PREFIX, "expect": Kind.STATUS}

CONFLICT_DETECTION: Mapping[str, Kind] = {
    "enabled": Kind.FLAG,
    "check_on_startup": Kind.FLAG,
    "auto_resolve": Kind.FLAG,
    "warn_on_conflict": Kind.FLAG,
}

CHOICES: Mapping[Kind, tuple[str, ...]] = {
    Kind.EXPOSURE: ("internal", "public"),
    Kind.PROTOCOL: ("tcp", "udp", "both"),
}

OWN_KEYS = "x-"
"""Keys that start with this are the user's own, as in the Compose specification: a place for anchors and notes."""

SYNONYMS: Mapping[str, str] = {
    "port": "default",
    "value": "default",
    "env": "env_var",
    "variable": "env_var",
    "environment_variable": "env_var",
    "alias": "aliases",
    "names": "aliases",
    "internal_port": "container_port",
    "target_port": "container_port",
    "fallback_range": "range",
    "services": "ports",
    "allocation": "ranges",
    "blocks": "ranges",
    "reserved_ports": "reserved",
    "name": "service",
    "prefix": "url_prefix",
    "proto": "protocol",
    "owner": "repository",
}
"""Words of other registries, and what they are called here; each only where the right word is a known key."""
