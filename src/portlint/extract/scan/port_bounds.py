"""Numbers that say how large a port may be, and mean none: behind `<`, or under a name such as `MAX_PORT`.

Source: RFC 6335, section 6: system ports from 0 to 1023, user ports from 1024 to 49151, dynamic ports from 49152.
"""

from __future__ import annotations

from portlint.knowledge.identifiers import vocabulary, words

FIRST_USER = 1024
"""the first port that a server binds without privileges"""
BOUNDS = frozenset({1, 1023, FIRST_USER, 1025, 49151, 49152, 65534, 65535, 65536})
"""the ends of the three ranges, and the numbers beside them, which `<` and ranges without their end need"""
LAST = frozenset({65534, 65535, 65536})
"""those of them that no server takes, so that a name alone makes no port of them"""


def names_limit(name: str | None) -> bool:
    """Whether a name says that its value is the end of a range: `MAX_PORT`, `firstPort`."""
    return name is not None and not vocabulary("limits").isdisjoint(words(name))
