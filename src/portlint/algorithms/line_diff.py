"""Which lines of a text are new against an earlier one, in time that grows no faster than n log n on any text.

The lines that both ends share are the same; between them, lines that occur once in both texts are anchors, of which
the longest run in the same order is kept, and the same goes on between each two anchors (the "patience" diff of Bram
Cohen). What no anchor reaches counts as new, so that a line is at worst called new that is not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from portlint.model import LineIndex

_DEEPEST = 8
"""how often the stretch between two anchors is searched for more of them"""


def changed_lines(before: bytes, after: bytes) -> frozenset[int]:
    """The lines of `after` (1-based) that `before` does not have at that place. Line ends make no difference."""
    old, new = _lines(before), _lines(after)
    changed: set[int] = set()
    stretches = [(0, len(old), 0, len(new), 0)]
    while stretches:
        a, b, c, d, depth = stretches.pop()
        while a < b and c < d and old[a] == new[c]:
            a, c = a + 1, c + 1
        while a < b and c < d and old[b - 1] == new[d - 1]:
            b, d = b - 1, d - 1
        if c == d:
            continue
        anchors = list(_anchors(old, a, b, new, c, d)) if a < b and depth < _DEEPEST else []
        if not anchors:
            changed.update(range(c + 1, d + 1))
            continue
        for at_old, at_new in (*anchors, (b, d)):
            stretches.append((a, at_old, c, at_new, depth + 1))
            a, c = at_old + 1, at_new + 1
    return frozenset(changed)


def _lines(data: bytes) -> list[bytes]:
    starts = LineIndex(data).starts
    return [data[start:end].rstrip(b"\r\n") for start, end in zip(starts, (*starts[1:], len(data)), strict=True)]


def _anchors(old: Sequence[bytes], a: int, b: int, new: Sequence[bytes], c: int, d: int) -> Iterator[tuple[int, int]]:
    """Indexes of lines that occur once in each of the two stretches, rising in both."""
    once = Counter(old[a:b])
    here = {old[at]: at for at in range(a, b) if once[old[at]] == 1}
    times = Counter(new[c:d])
    pairs = [(here[new[at]], at) for at in range(c, d) if times[new[at]] == 1 and new[at] in here]
    # The longest rising run, by patience sorting: the last of each pile, and what each card was laid upon.
    tops: list[int] = []
    ends: list[int] = []
    below: list[int] = []
    for number, (at_old, _) in enumerate(pairs):
        pile = bisect_left(tops, at_old)
        below.append(ends[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [at_old]
        ends[pile : pile + 1] = [number]
    run = []
    number = ends[-1] if ends else -1
    while number >= 0:
        run.append(pairs[number])
        number = below[number]
    yield from reversed(run)
