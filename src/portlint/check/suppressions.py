"""Applies the comments that silence findings."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from portlint.knowledge.rule_metadata import chosen, names
from portlint.model import Facts, Finding, Suppressed, Suppression

_NEVER_SILENCED = frozenset({"PORT902"})
"""a comment cannot excuse itself"""


class Suppressions:
    """The suppression comments of all files, and which of them were used."""

    def __init__(self, facts: Iterable[Facts]) -> None:
        self._of = {each.path: each.suppressions for each in facts if each.suppressions}
        self._indexes: dict[tuple[str, str], _Index] = {}
        self._used: set[tuple[str, int]] = set()

    def of(self, finding: Finding) -> Suppressed | None:
        """The finding with the comment that silences it; None where none does."""
        known = self._of.get(finding.path)
        if known is None or finding.rule in _NEVER_SILENCED:
            return None
        key = (finding.path, finding.rule)
        if key not in self._indexes:
            self._indexes[key] = _Index([s for s in known if not s.codes or finding.rule in chosen(s.codes)])
        suppression = self._indexes[key].covering(finding.span.line)
        if suppression is None:
            return None
        self._used.add((finding.path, suppression.span.start))
        return Suppressed(finding, suppression)

    def unused(self, selection: frozenset[str]) -> Iterator[Finding]:
        """PORT902: the comments that silenced nothing. To be asked when all findings have gone through `of`.

        selection: the codes of the rules that ran; a comment about others may well be needed when they do.
        """
        for path, known in self._of.items():
            for suppression in known:
                about = chosen(suppression.codes) if suppression.codes else frozenset(names())
                if (path, suppression.span.start) not in self._used and about <= selection:
                    yield Finding(
                        rule="PORT902",
                        path=path,
                        span=suppression.span,
                        message=_what_is_wrong(suppression),
                        help="remove the comment",
                    )


class _Index:
    """Finds a comment that covers a line in logarithmic time."""

    def __init__(self, suppressions: Sequence[Suppression]) -> None:
        ordered = sorted(suppressions, key=lambda s: s.first_line)
        self._first = [s.first_line for s in ordered]
        self._reaching: list[Suppression] = []
        """for each comment, the one among it and those before it that reaches furthest down"""
        for each in ordered:
            before = self._reaching[-1] if self._reaching else each
            self._reaching.append(each if each.last_line >= before.last_line else before)

    def covering(self, line: int) -> Suppression | None:
        number = bisect_right(self._first, line) - 1
        if number < 0 or self._reaching[number].last_line < line:
            return None
        return self._reaching[number]


def _what_is_wrong(suppression: Suppression) -> str:
    unknown = [code for code in suppression.codes if not chosen((code,))]
    if unknown:
        from difflib import get_close_matches

        near = get_close_matches(unknown[0].upper(), names(), 1)
        return f"there is no rule {unknown[0]}" + (f"; did you mean {near[0]}?" if near else "")
    about = f"[{', '.join(suppression.codes)}]" if suppression.codes else ""
    return f"the comment ignore{about} silences nothing: it would hide the next finding there"
