"""What was found in an earlier state of a file, by statement: most of what a change leaves alone is not read again.

To import libcst takes longer than all the rest of a run over two files.
"""

from __future__ import annotations

from bisect import bisect_left

from msgspec.json import Encoder

from portlint.algorithms.digest import digest_of
from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.flow import Flow
from portlint.extract.python.libraries import Imports, library
from portlint.extract.python.pieces import Piece
from portlint.model import Facts, PortLiteral, Statement

_WORD = regex(r"\w+")
_NO_NAME = "_"
"""what stands for a base that has no name, as in `(a or b).bind(...)`; see `nodes.dotted`"""


class Memory:
    """What an earlier state of a file says of the statements of this one."""

    def __init__(self, before: Facts | None, imports: Imports, flow: Flow) -> None:
        """imports, flow: of the file as it is now; all that goes into `flow.sinks` has been noticed."""
        self._imports, self._flow = imports, flow
        self._encode = Encoder().encode
        of_file = self._encode((sorted(imports.roots & library().roots), sorted(flow.sinks.items())))
        self._of_file = digest_of(of_file).encode()
        self._known = {} if before is None else _by_digest(before)

    def known(self, digest: str) -> tuple[Statement, tuple[PortLiteral, ...]] | None:
        """A statement as it was read then, and the literals in it; None where it was not."""
        return self._known.get(digest)

    def digest_of(self, piece: Piece) -> str:
        """All that the literals of a piece rest on but its place: its code, what is around it, and what the file says
        of the names in it."""
        imports, signatures = self._imports, self._flow.signatures
        words = self._words(piece.code)
        names = [(word, imports.names[word]) for word in words if word in imports.names]
        heads = {path.partition(".")[0] for _, path in names}
        rests = (
            piece.code,
            piece.skip,
            piece.scope,
            names,
            sorted(imports.modules.intersection(words) | (imports.modules & heads)),
            [(word, signatures[word]) for word in words if word in signatures],
        )
        return digest_of(self._of_file, self._encode(rests))

    def _words(self, code: bytes) -> list[str]:
        """The names that a piece may ask the file about, sorted."""
        if not code.isascii():
            # What may stand in a name beyond ASCII is not what a word is to a regular expression.
            return sorted({_NO_NAME, *self._imports.names, *self._imports.modules, *self._flow.signatures})
        return sorted({_NO_NAME, *_WORD.findall(code.decode("ascii"))})


def _by_digest(before: Facts) -> dict[str, tuple[Statement, tuple[PortLiteral, ...]]]:
    literals = before.literals
    starts = [each.span.start for each in literals]
    return {
        each.digest: (each, literals[bisect_left(starts, each.start) : bisect_left(starts, each.end)])
        for each in before.statements
    }
