"""Fingerprints: what tells another program that a finding is the same one as in the run before.

`keys` needs no line numbers: the place is named by the route to the literal. `line_hashes` is what GitHub code scanning
compares; it is CodeQL's, so that alerts of both are tracked in the same way.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from portlint.algorithms.lazy_regex import regex
from portlint.model import Finding
from portlint.report.escape import encodable

_WINDOW: Final = 100
_FACTOR: Final = 37
_MASK: Final = (1 << 64) - 1
_DROPPED: Final = regex(r"(?<=\r)\n|[ \t]+")
_END: Final = 0xFFFF


def keys(findings: Iterable[Finding]) -> Iterator[str]:
    """For each finding 64 hexadecimal digits, unique in the run: path, code, subject, port and entry, and which one of
    those that are equal in them it is."""
    seen: Counter[tuple[object, ...]] = Counter()
    for each in findings:
        key = (each.path, each.rule, each.subject, each.port, each.entry)
        seen[key] += 1
        words = "\0".join(encodable(str(word)) for word in (*key, seen[key]))
        yield hashlib.sha256(words.encode()).hexdigest()


def line_hashes(data: bytes, lines: int) -> list[str]:
    """The `primaryLocationLineHash` of the first lines of a file.

    data: UTF-8. lines: how many are wanted. A line's hash covers the 100 characters from its start on, blanks left
    out, and ends in how many lines had the same before. Source: github/codeql-action, `src/fingerprints.ts`.
    """
    text = _DROPPED.sub("", data.decode("utf-8", "replace")).replace("\r", "\n")
    units = array("H", text.encode("utf-16-le" if _is_little() else "utf-16-be"))
    units.append(_END)
    starts = [0]
    for at, unit in enumerate(units):
        if len(starts) > lines:
            break
        if unit == 0x0A:
            starts.append(at + 1)
    starts = [at for at in starts[:lines] if at < len(units)]
    sums, total = array("Q", [0]), 0
    for unit in units[: starts[-1] + _WINDOW] if starts else ():
        total = (total * _FACTOR + unit) & _MASK
        sums.append(total)
    seen: Counter[int] = Counter()
    hashes = []
    for start in starts:
        stop = min(start + _WINDOW, len(sums) - 1)
        raw = sums[stop] - sums[start] * pow(_FACTOR, stop - start, 1 << 64)
        padded = raw * pow(_FACTOR, _WINDOW - (stop - start), 1 << 64) & _MASK
        seen[padded] += 1
        hashes.append(f"{padded:x}:{seen[padded]}")
    return hashes


def _is_little() -> bool:
    return array("H", [1]).tobytes()[0] == 1
