"""The rule cards: each is complete, and each example on it is run through the whole pipeline."""

from __future__ import annotations

import re

import pytest

from portlint.cards import card, chosen, names
from portlint.check import RULES, UNUSED_SUPPRESSION
from portlint.check.baseline import STALE
from portlint.model import BASELINE_FILE, Example, Settings
from portlint.run import run_on_memory

CODES = tuple(names())
EXAMPLES = [
    pytest.param(code, example, id=f"{code} {example.title}") for code in CODES for example in card(code).examples
]
NEEDS_THE_OTHERS = frozenset({UNUSED_SUPPRESSION, STALE})
"""rules that look at the findings of the others"""


def found(code: str, example: Example) -> list[str]:
    settings = Settings(
        select=() if code in NEEDS_THE_OTHERS else (code,),
        baseline=BASELINE_FILE if BASELINE_FILE in example.files else None,
    )
    result = run_on_memory({path: text.encode() for path, text in example.files.items()}, settings)
    return [f"{f.path}:{f.span.line}:{f.span.column} {f.rule}" for f in result.findings if f.rule == code]


@pytest.mark.parametrize(("code", "example"), EXAMPLES)
def test_example(code: str, example: Example) -> None:
    assert found(code, example) == list(example.expect)


@pytest.mark.parametrize("code", CODES)
def test_card_is_complete(code: str) -> None:
    its = card(code)
    assert (its.code, its.name) == (code, names()[code])
    assert re.fullmatch(r"PORT[1-9][0-9]{2}", its.code)
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)+", its.name)
    assert its.summary.endswith(".")
    assert its.why
    assert its.mend
    failing = sum(bool(example.expect) for example in its.examples)
    assert failing >= 2, "two examples that fail"
    assert len(its.examples) - failing >= 3, "three examples that pass"


def test_each_rule_has_a_card_and_each_card_a_rule() -> None:
    assert set(CODES) == {*RULES, *NEEDS_THE_OTHERS}
    assert list(CODES) == sorted(CODES)


def test_rules_are_chosen_by_code_prefix_and_name() -> None:
    assert chosen(["PORT101"]) == {"PORT101"}
    assert chosen(["hardcoded-port"]) == {"PORT101"}
    assert chosen(["port20"]) >= {"PORT201", "PORT202"}
    assert chosen(["PORT"]) == chosen(["ALL"]) == set(CODES)
    assert chosen(["P", "hardcoded", "", "PORT9999"]) == set()
