"""What was found in an earlier state of a file, by statement: most of what a change leaves alone is not read again.

To import libcst takes longer than all the rest of a run over two files.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from functools import cache
from hashlib import sha256

from msgspec.json import Encoder

from portlint.extract.python.flow import Flow
from portlint.extract.python.libraries import Imports, library
from portlint.extract.python.pieces import Piece
from portlint.model import Facts, PortLiteral


def remembered(before: Facts | None) -> Mapping[str, tuple[int, tuple[PortLiteral, ...]]]:
    """The digest of each statement that was read to its byte offset then, and to the literals in it."""
    if before is None or not before.statements:
        return {}
    literals = before.literals
    starts = [each.span.start for each in literals]
    return {
        each.digest: (each.start, literals[bisect_left(starts, each.start) : bisect_left(starts, each.end)])
        for each in before.statements
    }


def digest_of(piece: Piece, imports: Imports, flow: Flow) -> str:
    """All that the literals of a piece rest on but its place: its code, what is around it, and what the file says of
    the names in it."""
    code = piece.code
    names = {name: path for name, path in imports.names.items() if name.encode() in code}
    heads = {path.partition(".")[0] for path in names.values()}
    rests = (
        code,
        piece.skip,
        piece.scope,
        sorted(names.items()),
        sorted(imports.roots & library().roots),
        sorted(name for name in imports.modules if name in heads or name.encode() in code),
        sorted((name, slots) for name, slots in flow.signatures.items() if name.encode() in code),
        sorted(flow.sinks.items()),
    )
    return sha256(_encoder().encode(rests)).hexdigest()[:32]


@cache
def _encoder() -> Encoder:
    return Encoder()
