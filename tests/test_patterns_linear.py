"""Every regular expression of portlint takes hostile text in linear time."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from adversary import patterns, texts
from portlint.workers import Limits, Lost, Supervisor

SHORT, LONG = 4_000, 40_000
SUSPICIOUS = 0.004
"""processor seconds for a short text beyond which the long one is tried"""
MOST = 2.0
"""processor seconds for a long text: the slowest takes 0.1, and one that is quadratic 5 and more"""
BOUNDED = {
    "portlint.extract.python.flow._IDENTIFIER_BEFORE": "is given 60 bytes",
    "portlint.extract.text._WORD_BEFORE": "is given 24 characters",
}
"""expressions that never see a long text"""


def seconds(pattern: re.Pattern[Any], use: str, text: Any) -> float:
    started = time.process_time()
    if use == "match":
        pattern.match(text)
    else:
        for _ in pattern.finditer(text):
            pass
    return time.process_time() - started


def slowest(name: str) -> tuple[float, str]:
    """The processor seconds for the worst of the long texts, and its start."""
    pattern, use = patterns_by_name[name]
    worst = (0.0, "")
    for short, long in zip(texts(pattern, SHORT), texts(pattern, LONG), strict=True):
        if seconds(pattern, use, short) > SUSPICIOUS:
            worst = max(worst, (seconds(pattern, use, long), repr(long[:40])))
    return worst


patterns_by_name = patterns()


def test_each_is_linear():
    names = sorted(patterns_by_name.keys() - BOUNDED.keys())
    assert len(names) > 200
    with Supervisor(slowest, names, Limits(timeout=30.0), jobs=2) as supervisor:
        results = supervisor.results()
    slow = {
        name: result
        for name, result in zip(names, results, strict=True)
        if isinstance(result, Lost) or result[0] > MOST
    }
    assert not slow


@pytest.mark.parametrize("name", sorted(BOUNDED))
def test_the_exceptions_are_still_there(name):
    assert name in patterns_by_name
