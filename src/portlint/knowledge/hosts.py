"""What a host name or an address says about whose port it is: the one definition of "this machine".

The names are in `rules/names/hosts.yaml`, in groups; within a group all names mean the same. A host may be written with
or without the brackets of an IPv6 address, in any case.

- loopback: the machine on which the process runs, and inside a container the container itself.
- container host: the host of the containers, inside a container too.
- every interface: what a server binds to be reached at any address; as a client's target, the machine of the process.
"""

from __future__ import annotations

from functools import cache, lru_cache

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import vocabulary

V4, V6 = "v4", "v6"
ANY = "*"
"""all addresses of a family"""
_IP = regex(r"[0-9A-Fa-f:.]*(?:[:.][0-9A-Fa-f:.]*)")
_LOOPBACK = regex(r"127(?:\.[0-9]{1,3}){3}(?:\.[a-z][a-z0-9.-]*)?|127\.(?:0\.)?1")
"""127.0.0.0/8, names of wildcard name servers below it, and the short forms that inet_aton(3) knows"""
_NAME = regex(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_IPV6_SIGNS = frozenset("0123456789abcdef:.%")
_LONGEST_IPV6 = 45
"""characters, with an IPv4 address in it (POSIX, INET6_ADDRSTRLEN)"""


@cache
def _known(key: str) -> frozenset[str]:
    return frozenset(rule_data.load("names/hosts.yaml")[key])


def _bare(host: str) -> str:
    """A host in the spelling of the lists."""
    return host.lower().strip("[]")


@lru_cache(maxsize=8192)
def is_loopback(host: str) -> bool:
    """Whether a host is the machine of the process itself, or the container: `localhost`, `127.0.0.1`, `[::1]`.

    Names of wildcard name servers, such as `127.0.0.1.nip.io`, begin with the address that they stand for.
    """
    name = _bare(host).removeprefix("::ffff:")
    return _LOOPBACK.fullmatch(name) is not None or name in _known("loopback")


@lru_cache(maxsize=8192)
def is_container_host(host: str) -> bool:
    """Whether a host is that of the containers, as one inside calls it: `host.docker.internal`."""
    return _bare(host) in _known("container_host")


@lru_cache(maxsize=8192)
def is_every_interface(address: str) -> bool:
    """Whether an address stands for all interfaces of a machine: `0.0.0.0`, `[::]`, `*`, the empty one."""
    return _bare(address) in _known("every_interface")


@lru_cache(maxsize=8192)
def names_itself(host: str | None) -> bool:
    """Whether a place names no host, or the machine on which its process runs: inside a container the container."""
    return not host or is_loopback(host) or is_every_interface(host)


@lru_cache(maxsize=8192)
def names_this_machine(host: str | None) -> bool:
    """Whether a place names no host, the machine on which its process runs, or the host of the containers."""
    return names_itself(host) or is_container_host(host or "")


def interfaces(address: str | None) -> tuple[tuple[str, str], ...]:
    """The families and addresses that a server binds at an address, IPv4 first. No address: all of both families.

    A variable's address is not known to be that of any other, but two that are written alike are the same.
    """
    bare = _bare(address or "")
    if is_every_interface(bare):
        alone = {"0.0.0.0": V4, "::": V6}.get(bare)
        return ((V4, ANY), (V6, ANY)) if alone is None else ((alone, ANY),)
    if is_loopback(bare) and not is_ip(bare):
        bare = "127.0.0.1"
    return ((V6 if ":" in bare and "$" not in bare else V4, bare),)


@lru_cache(maxsize=8192)
def canonical(host: str) -> str:
    """One spelling for all names that mean the same, so that hosts can be compared: `localhost` for `127.0.0.1`."""
    if is_loopback(host):
        return "localhost"
    return "host.docker.internal" if is_container_host(host) else _bare(host)


@lru_cache(maxsize=8192)
def is_public(host: str | None) -> bool:
    """Whether the host is one of the public internet: a name with a public ending, or a global address.

    A name that is not wholly written there (`$host`, `{server}`) is not known to be public.
    """
    if host is None or names_this_machine(host):
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


def is_domain(text: str) -> bool:
    """Whether a text is a host name with a domain that the world or a private network knows."""
    head, dot, last = text.rpartition(".")
    return bool(dot and head) and " " not in text and "/" not in text and last in vocabulary("top_level_domains")


def is_host(text: str) -> bool:
    """Whether a text is a host wherever it stands: an address, a name of loopback or of the containers' host."""
    return is_ip(text) or is_loopback(text) or is_container_host(text)


def is_ip(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address."""
    if ":" in text:
        return len(text) <= _LONGEST_IPV6 and text.count(":") >= 2 and _IPV6_SIGNS.issuperset(text.lower())
    parts = text.split(".")
    return len(parts) == 4 and all(p.isdigit() and len(p) <= 3 for p in parts)
