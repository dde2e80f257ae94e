"""Every regular expression of portlint gets through hostile text; `fuzz/patterns.py` measures how long that takes."""

from __future__ import annotations

import re
import time
from itertools import islice
from typing import Any

import pytest

from adversary import Made, patterns, texts
from portlint.workers import Limits, Lost, Supervisor

SHORT, LONG = 4_000, 500_000
SUSPICIOUS = 0.001
"""processor seconds for a short text beyond which one of four times its length is tried"""
GROWN = 7
"""how many times as long that may take before the long one is tried: 4 where it is linear, 16 where it is quadratic"""
BOUNDED = {
    "portlint.extract.python.flow._ADDRESS_BEFORE": "is given 100 bytes",
    "portlint.extract.python.flow._IDENTIFIER_BEFORE": "is given 60 bytes",
    "portlint.extract.text._WORD_BEFORE": "is given 24 characters",
    "portlint.report.masking._USER": "is given 2,000 characters",
    "portlint.report.masking._OPTION": "is given 2,000 characters",
}
"""expressions that never see a long text"""


def seconds(made: Made, text: Any) -> float:
    """The processor time that an expression takes for a text, used as portlint uses it."""
    started = time.process_time()
    if made.placed:
        made.pattern.match(text)
    else:
        for _ in made.pattern.finditer(text):
            pass
    return time.process_time() - started


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
