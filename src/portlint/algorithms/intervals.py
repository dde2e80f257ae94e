"""Finds which of many port ranges hold a port, in logarithmic time."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from heapq import heappop, heappush, heappushpop
from typing import Generic, TypeVar

from portlint.model import PortRange

T = TypeVar("T")

MOST = 8
"""items that an answer holds at most: enough to name the first few, and a bound on hostile registries"""


class Intervals(Generic[T]):
    """Port ranges with an item each, indexed by number.

    The number line is cut at each start and end. A piece knows the first MOST items that cover it, in the order in
    which they were given, so that building takes n log n and an answer log n whatever overlaps.
    """

    __slots__ = ("_cuts", "_items", "_pieces")

    def __init__(self, pairs: Iterable[tuple[PortRange, T]]) -> None:
        self._items: list[T] = []
        opened: dict[int, list[int]] = {}
        closed: dict[int, list[int]] = {}
        for number, (ports, item) in enumerate(pairs):
            self._items.append(item)
            if ports.start <= ports.end:
                opened.setdefault(ports.start, []).append(number)
                closed.setdefault(ports.end + 1, []).append(number)
        self._cuts = sorted({*opened, *closed})
        self._pieces: list[tuple[int, ...]] = []
        first: list[int] = []
        waiting: list[int] = []
        ended: set[int] = set()
        for cut in self._cuts:
            ended.update(closed.get(cut, ()))
            first = [number for number in first if number not in ended]
            for number in opened.get(cut, ()):
                heappush(waiting, number)
            _promote(first, waiting, ended)
            self._pieces.append(tuple(first))

    def overlapping(self, ports: PortRange) -> tuple[T, ...]:
        """The items whose range shares a port with `ports`: the first few, in the order in which they were given."""
        found: set[int] = set()
        piece = max(bisect_right(self._cuts, ports.start) - 1, 0)
        while piece < len(self._cuts) and self._cuts[piece] <= ports.end and len(found) < MOST:
            if piece + 1 < len(self._cuts) and self._cuts[piece + 1] > ports.start:
                found.update(self._pieces[piece])
            piece += 1
        return tuple(self._items[n] for n in sorted(found)[:MOST])


def _promote(first: list[int], waiting: list[int], ended: set[int]) -> None:
    """Move the lowest numbers of the heap `waiting` into the sorted list `first`, which holds at most MOST."""
    while waiting:
        if waiting[0] in ended:
            heappop(waiting)
        elif len(first) < MOST:
            insort(first, heappop(waiting))
        elif waiting[0] < first[-1]:
            insort(first, heappushpop(waiting, first.pop()))
        else:
            break
