"""What counts work tells proportion from more than that."""

from __future__ import annotations

import pytest

from support.steps import MOST_GROWTH, growth


def once(text: str) -> list[str]:
    return [letter for letter in text if letter != "b"]


def in_c(text: str) -> list[str]:
    return list(map(str.upper, text))


def with_each_other(text: str) -> int:
    return sum(one == other for one in text for other in text)


@pytest.mark.parametrize("function", [once, in_c])
def test_work_in_proportion(function) -> None:
    assert growth(function, "a" * 400, 200) < MOST_GROWTH


def test_more_than_in_proportion() -> None:
    assert growth(with_each_other, "a" * 400, 200) > MOST_GROWTH
