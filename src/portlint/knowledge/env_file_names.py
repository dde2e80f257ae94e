"""What the name of an env file says: a template that people copy, or one person's own. The words are in `rules/`."""

from __future__ import annotations

from functools import cache, lru_cache

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge import rule_data

_WORD = regex(r"[A-Za-z0-9]+")


@cache
def _words(key: str) -> frozenset[str]:
    return frozenset(rule_data.load("names/environments.yaml")[key])


@lru_cache(maxsize=4096)
def is_template(path: str) -> bool:
    """Whether an env file is one that people copy: `.env.example`, `sample.env`."""
    return not _words("templates").isdisjoint(_WORD.findall(path.rpartition("/")[2].lower()))


@lru_cache(maxsize=4096)
def is_personal(path: str) -> bool:
    """Whether an env file is one person's own, which overrides the others: `.env.local`."""
    return not _words("personal").isdisjoint(_WORD.findall(path.rpartition("/")[2].lower()))
