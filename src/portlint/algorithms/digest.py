"""Digests by which portlint knows again what it has read before."""

from __future__ import annotations

from typing import Final

try:
    # The very function of hashlib, which loads OpenSSL's library first: 3 ms, for which a hook would have to wait.
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

_SIZE: Final = 16
"""bytes"""


def digest_of(*pieces: bytes) -> str:
    """The digest of the pieces one behind the other, hexadecimal: BLAKE2b (RFC 7693) of 16 bytes."""
    state = blake2b(digest_size=_SIZE)
    for piece in pieces:
        state.update(piece)
    return state.hexdigest()
