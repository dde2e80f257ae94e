"""Regions of a JSON text that cannot contain a port, and are skipped: to tokenize costs a hundred times as much.

Skipped are members whose keys say nothing of ports and whose values show none, and small objects and lists of such.
Each expression is only tried behind an opening bracket or a comma, and ends behind a comma or before a closing
bracket. It looks into two levels of brackets, so that no text is looked at more than three times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from portlint.knowledge import rule_data

HOLDERS = ("scripts", "tasks")
"""keys of objects in which every text is a command"""
_LEVELS = 2
"""of brackets that an expression sees"""


@cache
def words_of(key: str) -> frozenset[str]:
    """One word list of `rules/formats/json.yaml`."""
    return frozenset({True: "on"}.get(word, word) for word in rule_data.load("formats/json.yaml")[key])


@cache
def argument_keys() -> Mapping[str, Any]:
    """The keys of lists that hold the words of a command, to the keys beside them that name it."""
    rows: Mapping[str, Any] = rule_data.load("formats/json.yaml")["arguments"]
    return rows


class _Expressions(Struct, frozen=True):
    members: re.Pattern[str]
    """members of an object"""
    top_members: re.Pattern[str]
    """those at the top of a text, where keys tell a report, or under one of HOLDERS; nothing in brackets"""
    item: re.Pattern[str]
    """one item of a list"""
    numbers: re.Pattern[str]
    """numbers in a list"""
    key: re.Pattern[str]
    """a key of which a list may be dull"""


@cache
def _expressions() -> _Expressions:
    telling = {*words_of("values"), *words_of("commands"), *words_of("images"), *argument_keys(), *HOLDERS}
    around = {*words_of("names")}.union(*(row for row in argument_keys().values() if not isinstance(row, str)))
    # Words that end in `port` and mean something else: import, report, support, export, transport.
    no_word = r"P(?![oO][rR][tT]|ROXY)|p(?:(?![oO][rR][tT])|(?<=imp)|(?<=rep)|(?<=supp)|(?<=exp)|(?<=transp))"
    plain = rf"(?:[^\"\\\n1-9pPC]++|{no_word}|C(?!ommand))*+"
    no_port = rf"(?:[^\"\\\n:/_$pP]++|\\.|:(?![0-9])|[/_](?!(?i:tcp|udp|sctp))|{no_word})*+"
    no_digit = r"(?:[^\"\\\n1-9]++|\\(?![1-9]).)*+"
    constant = r"-?[0-9][0-9.eE+-]*+|true|false|null"

    def key(without: Iterable[str], end: str = r"\"") -> str:
        return rf"(?!(?:{'|'.join(sorted(without))}){end}){plain}{end}"

    def members(key: str, value: str) -> str:
        return rf"(?:\s*+\"{key}\s*+:\s*+(?:{value})\s*+(?:,|(?=\}})))*+"

    def items(value: str) -> str:
        return rf"(?:\s*+(?:{value})\s*+(?:,|(?=\])))*+"

    # In an object that is dull throughout, keys that tell about others (`around`) tell about nothing.
    value = scalar = rf"\"{no_port}\"|{constant}"
    for _ in range(_LEVELS):
        value = rf"{scalar}|\[{items(value)}\s*+\]|\{{{members(key(telling), value)}\s*+\}}"
    return _Expressions(
        members=re.compile(members(key(telling | around), value)),
        top_members=re.compile(members(key(telling | around | words_of("report")), rf"\"{no_digit}\"|{constant}")),
        item=re.compile(rf"\s*+(?:{value})\s*+(?:,|(?=\]))"),
        numbers=re.compile(r"(?:\s*+-?[0-9][0-9.eE+-]*+\s*+,)++"),
        key=re.compile(key(telling, r"\Z")),
    )


def is_dull_key(key: str | None) -> bool:
    """Whether nothing about the key of a list makes a port of what stands in it."""
    return key is None or _expressions().key.match(key) is not None


def behind_members(text: str, position: int, at_top: bool) -> int:
    """The index behind the dull members that begin at an index; that index itself where there are none."""
    known = _expressions()
    found = (known.top_members if at_top else known.members).match(text, position)
    return position if found is None else found.end()


def behind_items(text: str, position: int) -> tuple[int, int]:
    """The index behind the dull items of a list that begin at an index, and how many commas stand between."""
    known, passed = _expressions(), 0
    if (found := known.numbers.match(text, position)) is not None:
        passed = text.count(",", position, found.end())
        position = found.end()
    while (found := known.item.match(text, position)) is not None:
        position = found.end()
        if text[position - 1] != ",":
            break
        passed += 1
    return position, passed
