"""Every regular expression of portlint takes hostile text in linear time; `fuzz/patterns.py` measures how long."""

from __future__ import annotations

import re

import pytest

from portlint.workers import Limits, Lost, Supervisor
from support.adversary import BOUNDED, Made, patterns, seconds, texts

SHORT, LONG = 4_000, 100_000
SUSPICIOUS = 0.002
"""processor seconds for a short text beyond which the long one is tried"""
MOST = 1.0
"""processor seconds for a long text, twenty times the bar: what is quadratic takes more"""


def slowest(name: str) -> tuple[float, str]:
    """The processor seconds for the worst of the long texts, and its start."""
    made = patterns()[name]
    worst = (0.0, "")
    for short, long in zip(texts(made.pattern, SHORT), texts(made.pattern, LONG), strict=True):
        if seconds(made, short) > SUSPICIOUS:
            worst = max(worst, (seconds(made, long), repr(long[:40])))
    return worst


def test_each_is_linear():
    names = [name for name, made in patterns().items() if made.place not in BOUNDED]
    assert len(names) > 400
    with Supervisor(slowest, names, Limits(timeout=30.0), jobs=2) as supervisor:
        results = supervisor.results()
    slow = {
        name: result
        for name, result in zip(names, results, strict=True)
        if isinstance(result, Lost) or result[0] > MOST
    }
    assert not slow


@pytest.mark.parametrize("place", sorted(BOUNDED))
def test_the_exceptions_are_still_there(place):
    assert place in {made.place for made in patterns().values()}


@pytest.mark.parametrize(("expression", "text"), [(r"(?:a+)+b", "aaa"), (r"\s+$", "  "), (r"[\w.]+@", "a.a")])
def test_what_is_not_linear_is_found(expression, text):
    made = Made("here", re.compile(expression), placed=False)
    assert any(text in hostile[:20] for hostile in texts(made.pattern, 100))
