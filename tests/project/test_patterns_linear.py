"""Every regular expression of portlint gets through hostile text; `fuzz/patterns.py` measures how long that takes."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import pytest

from portlint.workers import Limits, Lost, Supervisor
from support.adversary import BOUNDED, Made, patterns, seconds, texts

SHORT, LONG = 4_000, 500_000
SUSPICIOUS = 0.001
"""processor seconds for a short text beyond which one of four times its length is tried"""
GROWN = 7
"""how many times as long that may take before the long one is tried: 4 where it is linear, 16 where it is quadratic"""


def read_all(name: str) -> None:
    """Tries an expression on its hostile texts. Where it is not linear, its time is not enough for a long one."""
    made = patterns()[name]
    for number, short in enumerate(texts(made.pattern, SHORT)):
        took = seconds(made, short)
        if took > SUSPICIOUS and seconds(made, text_of(made, number, 4 * SHORT)) > GROWN * took:
            seconds(made, text_of(made, number, LONG))


def text_of(made: Made, number: int, size: int) -> Any:
    return next(islice(texts(made.pattern, size), number, None))


def test_each_is_linear():
    names = [name for name, made in patterns().items() if made.place not in BOUNDED]
    assert len(names) > 400
    with Supervisor(read_all, names, Limits(timeout=20.0), jobs=2) as supervisor:
        results = supervisor.results()
    assert [name for name, result in zip(names, results, strict=True) if isinstance(result, Lost)] == []


@pytest.mark.parametrize("place", sorted(BOUNDED))
def test_the_exceptions_are_still_there(place):
    assert place in {made.place for made in patterns().values()}


@pytest.mark.parametrize(("expression", "text"), [(r"(?:a+)+b", "aaa"), (r"\s+$", "  "), (r"[\w.]+@", "a.a")])
def test_what_is_not_linear_is_found(expression, text):
    made = Made("here", re.compile(expression), placed=False)
    assert any(text in hostile[:20] for hostile in texts(made.pattern, 100))
