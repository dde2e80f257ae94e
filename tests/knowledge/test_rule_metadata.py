"""The rule cards: each is complete, and each example on it is run through the whole pipeline."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from portlint.check import RULES, UNUSED_SUPPRESSION
from portlint.check.baseline import STALE
from portlint.knowledge.rule_metadata import card, chosen, names
from portlint.model import BASELINE_FILE, Example, Finding, Settings
from portlint.pipeline.memory_run import run_on_memory
from support.commandline import fill
from support.paths import TOP

CODES = tuple(names())
EXAMPLES = [
    pytest.param(code, example, id=f"{code} {example.title}") for code in CODES for example in card(code).examples
]
FIXED = [each for each in EXAMPLES if each.values[1].after]
NEEDS_THE_OTHERS = frozenset({UNUSED_SUPPRESSION, STALE})
"""rules that look at the findings of the others"""


def findings(code: str, example: Example) -> list[Finding]:
    settings = Settings(
        select=() if code in NEEDS_THE_OTHERS else (code,),
        baseline=BASELINE_FILE if BASELINE_FILE in example.files else None,
    )
    result = run_on_memory({path: text.encode() for path, text in example.files.items()}, settings)
    return [finding for finding in result.findings if finding.rule == code]


@pytest.mark.parametrize(("code", "example"), EXAMPLES)
def test_example(code: str, example: Example) -> None:
    found = [f"{f.path}:{f.span.line}:{f.span.column} {f.rule}" for f in findings(code, example)]
    assert found == list(example.expect)


@pytest.mark.parametrize(("code", "example"), FIXED)
def test_after_the_fix(code, example, tmp_path, monkeypatch, portlint):
    monkeypatch.chdir(fill(tmp_path, example.files))
    chosen = () if code in NEEDS_THE_OTHERS else ("--select", code)
    for when in ("the first time", "the second time"):
        portlint("check", "-q", *chosen, "--fix", "--unsafe-fixes")
        held = {path: (tmp_path / path).read_text() for path in example.files}
        assert held == {**example.files, **example.after}, when
    assert findings(code, replace(example, files=held)) == []


@pytest.mark.parametrize("code", CODES)
def test_the_card_of_a_rule_with_a_fix_shows_the_text_after_it(code: str) -> None:
    failing = [example for example in card(code).examples if example.expect]
    found = [finding for example in failing for finding in findings(code, example)]
    is_fixed = code == UNUSED_SUPPRESSION or any(finding.fix or finding.reference for finding in found)
    assert is_fixed == any(example.after for example in failing)
    assert not any(example.after for example in card(code).examples if not example.expect)


def test_the_readme_lists_each_rule() -> None:
    table = (TOP / "README.md").read_text().partition("## The rules\n")[2].partition("\n\n`check`")[0]
    rows = [f"| {code} | {card(code).name} | {card(code).severity.value} | {card(code).summary} |" for code in CODES]
    assert [row for row in table.splitlines() if row.startswith("| PORT")] == rows


def test_the_readme_tells_of_each_fix() -> None:
    readme = (TOP / "README.md").read_text()
    table = readme.partition("## Fixes")[2].partition("\n\n| rule | fix")[2].partition("\n\n")[0]
    told = {code for row in table.splitlines() for code in re.findall("PORT[0-9]{3}", row.partition(" | ")[0])}
    assert told == {code for code in CODES if any(example.after for example in card(code).examples)}


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
