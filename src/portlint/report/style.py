"""Colours of a terminal (ECMA-48, SGR), by what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portlint.model import Finding, Severity

_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "strong": "1",
    "frame": "34",
    "faint": "2",
}
Style = Callable[[str, str], str]


def style(color: bool) -> Style:
    """A function that gives text a meaning's colour, or leaves it as it is. The text must be escaped before."""
    if not color:
        return lambda meaning, text: text
    return lambda meaning, text: f"\x1b[{_CODES[meaning]}m{text}\x1b[0m" if text else ""


def sentence(finding: Finding) -> str:
    """What is wrong and what to do, where there is one text for both. Not escaped."""
    return f"{finding.message}. Help: {finding.help}" if finding.help else finding.message


def counted(number: int, word: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def severities(numbers: Mapping[Severity, int], painted: Style) -> str:
    """`2 errors, 1 warning`; `no findings` where there are none."""
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    said = [painted(each.value, counted(n, words[each])) for each in Severity if (n := numbers.get(each, 0))]
    return ", ".join(said) or "no findings"
