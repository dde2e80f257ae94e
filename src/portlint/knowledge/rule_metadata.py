"""The rule cards of `rules/catalogue/`, one file per rule: the only source of `explain` and of rule metadata.

A card is read when it is asked for. Which rules there are, and what they are called, is known from the files' names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from portlint.knowledge import rule_data
from portlint.model import Card, Example, Severity

_FOLDER = "catalogue"


@cache
def names() -> Mapping[str, str]:
    """Code to name of every rule, in the order of the codes."""
    stems = (file.removeprefix(f"{_FOLDER}/").removesuffix(".yaml") for file in rule_data.names(_FOLDER))
    return {code: name for code, _, name in (stem.partition("-") for stem in stems)}


@cache
def card(code: str) -> Card:
    """The card of a rule. Raises KeyError for a code that no rule has."""
    data: dict[str, Any] = rule_data.load(f"{_FOLDER}/{code}-{names()[code]}.yaml")
    return Card(
        code=data["code"],
        name=data["name"],
        severity=Severity(data["severity"]),
        summary=data["summary"].strip(),
        why=data["why"].strip(),
        mend=data["mend"].strip(),
        security_severity=data.get("security_severity"),
        examples=tuple(
            Example(
                title=example["title"],
                files=example["files"],
                expect=tuple(example.get("expect", ())),
                after=example.get("after", {}),
            )
            for example in data["examples"]
        ),
    )


def chosen(words: Iterable[str]) -> frozenset[str]:
    """The codes that codes (`PORT101`), prefixes (`PORT2`) and rule names (`hardcoded-port`) choose."""
    return frozenset().union(*map(_choose, words))


@cache
def _choose(word: str) -> frozenset[str]:
    if word.upper() == "ALL":
        return frozenset(names())
    return frozenset(code for code, name in names().items() if word == name or _is_prefix(word.upper(), code))


def _is_prefix(word: str, code: str) -> bool:
    return word.startswith("PORT") and code.startswith(word)
