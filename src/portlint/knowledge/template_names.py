"""Names of templates and of copies: what may stand behind the ending of a format, `app.json.j2`, `nginx.conf.example`.

The endings are in `rules/names/template-names.yaml`. A format asks about the name that `without_endings` gives.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from portlint.knowledge import rule_data


def endings(group: str) -> tuple[str, ...]:
    """The endings of one group, without the dot."""
    return tuple(rule_data.load("names/template-names.yaml")[group])


@cache
def _behind(aside: bool) -> re.Pattern[str]:
    known = (*endings("templates"), *endings("copies"), *(endings("aside") if aside else ()))
    return re.compile(rf"(?<=[^/])(?:[.-](?:{'|'.join(known)})){{1,5}}$", re.IGNORECASE)


@lru_cache(maxsize=8192)
def without_endings(path: str, *, aside: bool = False) -> str:
    """A path without what says that the file is a template or a copy: `conf/app.toml` of `conf/app.toml.j2`.

    aside: also without what says that it was put aside. At most five endings are taken off.
    """
    return _behind(aside).sub("", path)


@cache
def _template() -> re.Pattern[str]:
    return re.compile(rf"\.(?:{'|'.join(endings('templates'))})$", re.IGNORECASE)


def is_template(path: str) -> bool:
    """Whether the last ending of a path says that a program fills the file in, whatever stands before it."""
    return _template().search(path) is not None
