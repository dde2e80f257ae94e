"""What identifiers mean: splits them into words and tells port names from the rest.

The knowledge is in `rules/names/`: `names.yaml`, and `entry-names.yaml` for names held against the registry's.
"""

from __future__ import annotations

from functools import cache, lru_cache

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge import rule_data

_WORD = regex(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_PLACE = regex(r"\[[0-9]+\]")
_LONGEST_NAME = 200
"""characters; a longer run of word characters is data, not an identifier"""


@cache
def vocabulary(key: str) -> frozenset[str]:
    """The words of one list of `rules/names/names.yaml`."""
    return frozenset(rule_data.load("names/names.yaml")[key]["words"])


@cache
def entry_vocabulary(key: str) -> frozenset[str]:
    """The words of one list of `rules/names/entry-names.yaml`."""
    return frozenset(rule_data.load("names/entry-names.yaml")[key]["words"])


@lru_cache(maxsize=8192)
def words(identifier: str) -> tuple[str, ...]:
    """The words of an identifier, in lower case: `redisPort` and `REDIS_PORT` are ("redis", "port").

    `httpport` is ("http", "port"), where the part before is a known one; `support` stays one word.
    """
    if len(identifier) > _LONGEST_NAME:
        return ()
    out: list[str] = []
    for word in _WORD.findall(identifier):
        low = word.lower()
        stem = low[:-1] if low.endswith("ports") else low
        if stem.endswith("port") and stem[:-4] in vocabulary("fused"):
            out += [stem[:-4], low[len(stem) - 4 :]]
        else:
            out.append(low)
    return tuple(out)


@lru_cache(maxsize=8192)
def is_port_name(identifier: str) -> bool:
    """Whether a name means a port: `redis_port`, `httpPort`, `ports`; not `support`, `port_count`, `serial_port`."""
    parts = words(identifier)
    ports = vocabulary("port")
    at = next((i for i in range(len(parts) - 1, -1, -1) if parts[i] in ports), None)
    if at is None:
        return False
    if not vocabulary("not_after").isdisjoint(parts[at + 1 :]):
        return False
    if at and makes_no_port(parts[at - 1]):
        return False
    counts = vocabulary("count") | vocabulary("count_before_plural")
    return not (parts[at] == "ports" and not counts.isdisjoint(parts[:at]))


def makes_no_port(word: str) -> bool:
    """Whether `port` behind this word, in lower case, is no network port: `serial port`, `num ports`."""
    return word in vocabulary("not_before") or word in vocabulary("count")


def is_host_variable(identifier: str) -> bool:
    """Whether a variable's value is a host, by the last word of its name: `REDIS_HOST`, `DB_SERVER`."""
    return bool(parts := words(identifier)) and parts[-1] in vocabulary("host_variables")


@lru_cache(maxsize=8192)
def is_address_name(identifier: str) -> bool:
    """Whether a name means an address, so that `redis:6379` under it is a host and a port."""
    return not vocabulary("address").isdisjoint(words(identifier))


@lru_cache(maxsize=8192)
def is_secret_name(identifier: str) -> bool:
    """Whether what stands under a name may be a secret: `DB_PASSWORD`, `--requirepass`, `apiKey`."""
    return any(word in vocabulary("secret") or word.endswith(("pass", "passwd")) for word in words(identifier))


def module_name(path: str) -> str:
    """The dotted module of a path, as imports write it: `src/pkg/mod.py` is `pkg.mod`."""
    parts = path.removeprefix("src/").removesuffix(".pyi").removesuffix(".py").split("/")
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def unnumbered(subject: str) -> str:
    """The route to a literal without the places in lists: `services.web.ports[]`, however the list is ordered."""
    return _PLACE.sub("[]", subject)


def moved_subject(subject: str, old_path: str, path: str) -> str:
    """The route to a literal of a file that was moved: in Python it begins with the module."""
    before = f"{module_name(old_path)}:"
    return f"{module_name(path)}:{subject.removeprefix(before)}" if subject.startswith(before) else subject
