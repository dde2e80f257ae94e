"""A value under a key, as every configuration format has them: `REDIS_PORT=6379`, `listen: api:8000`, `port = 81`.

One judgement for all formats: the key tells whether a bare number is a port and whether `redis:6379` is an address.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from portlint.extract.scan.text import Hit, find, is_port, port_list
from portlint.knowledge.identifiers import is_address_name, is_port_name
from portlint.model import LAST_PORT, Role
from portlint.syntax.interpolation import interpolations, masked

_REMEMBERED = 100
"""characters of a value below which what was found in it is kept for the next time"""


def find_in_value(key: str | None, text: str) -> list[Hit]:
    """The port literals of the value `text` under `key`, in order.

    Positions are 0-based indexes into `text`. Fallbacks of `${VAR:-8000}` in it are found too, each with its variable.
    A bare number out of range is given as well where the key says port (0 is not: it asks for any free port).
    Raises TooManyPortsError.
    """
    return list(_known(key, text)) if len(text) < _REMEMBERED else _find(key, text)


@lru_cache(maxsize=4096)
def _known(key: str | None, text: str) -> tuple[Hit, ...]:
    """Data repeats itself: the same few values fill a file of megabytes."""
    return tuple(_find(key, text))


def _find(key: str | None, text: str) -> list[Hit]:
    hits = list(_in_fallbacks(key, text)) if "$" in text else []
    plain = masked(text)
    if key is not None and is_port_name(key):
        listed = [hit._replace(name=key) for hit in port_list(plain)]
        if listed and (len(listed) > 1 or listed[0].port <= LAST_PORT or listed[0].end - listed[0].start <= 6):
            return sorted([*hits, *listed], key=_position)
    address = key is not None and (is_address_name(key) or is_port_name(key))
    found = find(plain, address=address, raw=text)
    return sorted([*hits, *(hit if hit.name else hit._replace(name=key) for hit in found)], key=_position)


def _in_fallbacks(key: str | None, text: str) -> Iterator[Hit]:
    """The literals in `${VAR:-8000}`; a variable that says port makes its bare fallback one, as the key does."""
    for found in interpolations(text):
        if not (found.has_fallback or found.has_replacement):
            continue
        inner = text[found.value_start : found.value_end]
        whole = found.start == 0 and found.end == len(text)
        named = is_port_name(found.variable) or (whole and key is not None and is_port_name(key))
        nested = find_in_value(found.variable if not named else "port", inner)
        for hit in nested:
            # The innermost variable is the one whose fallback it is.
            bare = hit.form == "value" and hit.variable is None
            if bare and not (named and is_port(hit.port)):
                continue
            yield hit._replace(
                start=hit.start + found.value_start,
                end=hit.end + found.value_start,
                variable=hit.variable or found.variable,
                name=key if hit.name in (None, "port") else hit.name,
                role=Role.FALLBACK if found.has_fallback and bare else hit.role,
                form="fallback" if bare else hit.form,
            )


def _position(hit: Hit) -> int:
    return hit.start
