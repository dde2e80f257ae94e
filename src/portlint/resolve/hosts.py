"""What a host name says about where a port belongs."""

from __future__ import annotations

from functools import cache, lru_cache

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge import rule_data

_IP = regex(r"[0-9A-Fa-f:.]*(?:[:.][0-9A-Fa-f:.]*)")
_NAME = regex(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")


@cache
def _known(key: str) -> frozenset[str]:
    return frozenset(rule_data.load("hosts.yaml")[key])


@lru_cache(maxsize=8192)
def is_local(host: str | None) -> bool:
    """Whether the place names no host, or this machine: the port is then one of the host itself."""
    if host is None or not host:
        return True
    name = host.lower().strip("[]")
    return (
        name.startswith("127.")
        or host.lower() in _known("local")
        or name in _known("local")
        or name in _known("host_from_container")
    )


@lru_cache(maxsize=8192)
def is_from_container(host: str) -> bool:
    """Whether this is a name for the machine outside, as a container calls it."""
    return host.lower() in _known("host_from_container")


@lru_cache(maxsize=8192)
def is_public(host: str | None) -> bool:
    """Whether the host is one of the public internet: a name with a public ending, or a global address.

    A name that is not wholly written there (`$host`, `{server}`) is not known to be public.
    """
    if host is None or is_local(host):
        return False
    bare = host.strip("[]")
    if _IP.fullmatch(bare):
        from ipaddress import ip_address

        try:
            return ip_address(bare).is_global
        except ValueError:
            pass
    if "." not in bare or not _NAME.fullmatch(bare):
        return False
    return bare.lower().rpartition(".")[2] not in _known("private_suffixes")
