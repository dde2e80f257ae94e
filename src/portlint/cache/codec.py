"""Facts, and the registry, as JSON, and back, exactly: `decode(path, encode(facts)) == facts`.

The shape of a row follows the types of `portlint.model` themselves: an object of the fields that differ from their
defaults, or a list of all of them where it is small and full (`Span`). Reading is strict: a field that the model does
not have, or a value of another type than the model's, is an error, so that a damaged row is never taken for facts.
"""

from __future__ import annotations

from functools import cache

from msgspec import ValidationError
from msgspec.json import Decoder, Encoder

from portlint.model import Facts, Registry


def encode(kept: Facts | Registry) -> bytes:
    """The facts, or the registry, as JSON. Raises UnicodeEncodeError where a path is no UTF-8, and so holds
    surrogates."""
    return _encoder().encode(kept)


def decode(path: str, row: bytes) -> Facts:
    """The facts of a file that `encode` made. Raises ValueError (or its ValidationError) for anything else."""
    facts = _decoder().decode(row)
    if facts.path != path:
        raise ValidationError("the facts of another file")
    return facts


def decode_registry(row: bytes) -> Registry:
    """The registry that `encode` made. Raises ValueError (or its ValidationError) for anything else."""
    return Decoder(Registry).decode(row)


@cache
def _encoder() -> Encoder:
    return Encoder()


@cache
def _decoder() -> Decoder[Facts]:
    return Decoder(Facts)
