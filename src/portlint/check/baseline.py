"""The baseline: the findings that a team accepts for now, so that only new ones count.

A JSON file with one entry a line, sorted, so that it merges and reads well. An entry is keyed by path, code, subject
(without places in lists) and port, never by line: inserted lines, another order and the folder where the user stands
make no difference. Where several findings share a key, their number is kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.errors import UserError
from portlint.knowledge.identifiers import moved_subject, unnumbered
from portlint.knowledge.rule_metadata import card
from portlint.model import CheckResult, Finding, LineIndex, Span

STALE: Final = "PORT903"
_VERSION: Final = 1
_ENTRIES: Final = regex(r'"entries"\s{0,100}:\s{0,100}\[')
_BETWEEN: Final = regex(r"[\s,]*")
_KEYS: Final = frozenset({"path", "code", "subject", "port", "count"})

Key = tuple[str, str, str, int | None]
"""path, code, subject, port"""


class Baseline(Struct, frozen=True):
    """A baseline file. counts: how often each finding is accepted; places: where its entry stands."""

    path: str
    counts: Mapping[Key, int]
    places: Mapping[Key, Span]


def counted(findings: Iterable[Finding]) -> Counter[Key]:
    """The findings as a baseline counts them. A stale entry is no finding to accept."""
    return Counter(_key(finding) for finding in findings if finding.rule != STALE)


def pruned(counts: Mapping[Key, int], now: Mapping[Key, int]) -> dict[Key, int]:
    """What is left of a baseline when only `now` is found; nothing is added."""
    return {key: min(count, now[key]) for key, count in counts.items() if now.get(key)}


def written(counts: Mapping[Key, int]) -> str:
    """The text of a baseline file, ASCII only."""
    rows = []
    for key in sorted(counts, key=lambda key: (*key[:3], key[3] or 0)):
        path, code, subject, port = key
        entry = {"path": path, "code": code, "subject": subject, "port": port, "count": counts[key]}
        rows.append(f"    {json.dumps(entry)}")
    entries = "[\n" + ",\n".join(rows) + "\n  ]" if rows else "[]"
    return f'{{\n  "version": {_VERSION},\n  "entries": {entries}\n}}\n'


def read(path: str, data: bytes) -> Baseline:
    """A baseline file. Raises UserError with the line where it is none."""
    lines = LineIndex(data)
    try:
        text = data.decode("utf-8")
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: the baseline is not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}:1: the baseline is not JSON: {type(error).__name__}") from None
    if not isinstance(whole, dict) or not isinstance(whole.get("entries"), list):
        raise UserError(f'{path}:1: the baseline has no list "entries"')
    if whole.get("version") != _VERSION:
        raise UserError(f"{path}:1: the baseline has the version {whole.get('version')!r}; known is {_VERSION}")
    counts: dict[Key, int] = {}
    places: dict[Key, Span] = {}
    for entry, start, end in _entries(text):
        span = lines.span(start, end)
        key, count = _read_entry(path, span.line, entry)
        counts[key] = counts.get(key, 0) + count
        places[key] = span
    return Baseline(path, counts, places)


def moved(known: Baseline, names: Mapping[str, str]) -> Baseline:
    """The baseline with the present names of files that were moved. names: old path to path."""
    counts: dict[Key, int] = {}
    places: dict[Key, Span] = {}
    for key, count in known.counts.items():
        path, code, subject, port = key
        if path in names:
            path, subject = names[path], moved_subject(subject, path, names[path])
        new = (path, code, subject, port)
        counts[new] = counts.get(new, 0) + count
        places[new] = known.places[key]
    return replace(known, counts=counts, places=places)


def applied(
    result: CheckResult, baseline: Baseline, selection: frozenset[str], is_judged: Callable[[str], bool]
) -> CheckResult:
    """The result without the findings that the baseline knows, with PORT903 for its entries that nothing needs.

    selection: the codes of the rules that ran. is_judged: whether the run says all about a path.
    """
    left = dict(baseline.counts)
    kept: list[Finding] = []
    known: list[Finding] = []
    for finding in result.findings:
        key = _key(finding)
        if left.get(key, 0) > 0:
            left[key] -= 1
            known.append(finding)
        else:
            kept.append(finding)
    if STALE in selection:
        for key, number in left.items():
            if number and key[1] in selection and is_judged(key[0]):
                kept.append(_stale(baseline, key, number))
    kept.sort(key=lambda each: (each.path, each.span.line, each.span.column, each.rule))
    return replace(result, findings=tuple(kept), known=tuple(known))


def _key(finding: Finding) -> Key:
    return finding.path, finding.rule, unnumbered(finding.subject), finding.port


def _stale(baseline: Baseline, key: Key, number: int) -> Finding:
    path, code, _, port = key
    what = f"{code} {card(code).name}" + (f" of port {port}" if port is not None else "")
    count = baseline.counts[key]
    gone = "it is gone" if number == count else f"{number} of the {count} are gone"
    return Finding(
        rule=STALE,
        path=baseline.path,
        span=baseline.places[key],
        message=f"the baseline accepts {what} in {path}, but {gone}",
        help="run portlint baseline prune",
        port=port,
        subject=f"{path} {key[2]}",
    )


def _entries(text: str) -> Iterable[tuple[Any, int, int]]:
    """The entries with their byte offsets. The text is JSON with a list of entries."""
    found = _ENTRIES.search(text)
    decoder = json.JSONDecoder()
    position = found.end() if found is not None else len(text)
    offset = len(text[:position].encode("utf-8"))
    while True:
        between = _BETWEEN.match(text, position)
        start = position if between is None else between.end()
        offset += start - position
        if start >= len(text) or text[start] == "]":
            return
        entry, end = decoder.raw_decode(text, start)
        length = len(text[start:end].encode("utf-8"))
        yield entry, offset, offset + length
        position, offset = end, offset + length


def _read_entry(path: str, line: int, entry: Any) -> tuple[Key, int]:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise UserError(f"{path}:{line}: an entry of the baseline has the keys {', '.join(sorted(_KEYS))}")
    port, count = entry["port"], entry["count"]
    words = (entry["path"], entry["code"], entry["subject"])
    if not all(isinstance(word, str) for word in words) or not (port is None or type(port) is int):
        raise UserError(f"{path}:{line}: path, code and subject are text, and port a number or null")
    if type(count) is not int or count < 1:
        raise UserError(f"{path}:{line}: count is a whole number of at least 1")
    where, code, subject = words
    return (where, code, unnumbered(subject), port), count
