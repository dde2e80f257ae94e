"""Which Python files are worth parsing for where they begin to listen: told from their bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.flow import Flow
from portlint.extract.python.libraries import library

_GUNICORN_BIND = regex(rb"^bind[ \t]{0,80}[=:]", re.MULTILINE)
_GUNICORN_OTHER = regex(rb"^(?:workers|worker_class|wsgi_app)[ \t]{0,80}=", re.MULTILINE)
_LOCAL = tuple(
    regex(call + rb"\([^()]{0,200}?\b(?:port|host|debug)[ \t]{0,9}=(?!=)")
    for call in (rb"\.run", rb"\.listen", rb"\.serve")
)
"""a call that listens if the object is a program's own server"""


def may_bind(flow: Flow, data: bytes, path: str) -> bool:
    """Whether something in a file may be a bind; flow: of the same data."""
    patterns = _patterns()
    if any(patterns[word].search(data) for word in flow.imported if word in patterns):
        return True
    return is_gunicorn_file(data, path) or (b"import" in data and any(each.search(data) for each in _LOCAL))


def is_gunicorn_file(data: bytes, path: str) -> bool:
    """Whether a file is the configuration of gunicorn, and says what it binds."""
    name = path.rpartition("/")[2]
    return _GUNICORN_BIND.search(data) is not None and ("gunicorn" in name or _GUNICORN_OTHER.search(data) is not None)


@cache
def _patterns() -> Mapping[bytes, re.Pattern[bytes]]:
    """Top-level package to what stands in a file that has a call of it which binds."""
    words: dict[str, set[str]] = {}
    known = library()
    for path in known.binds:
        owner, _, word = path.rpartition(".")
        words.setdefault(path.partition(".")[0], set()).add(word)
        for other, of in known.objects.items():
            if of in (owner, path):
                words.setdefault(other.partition(".")[0], set()).add(word if of == owner else other.rpartition(".")[2])
    return {package.encode(): _pattern(found) for package, found in words.items()}


def _pattern(words: set[str]) -> re.Pattern[bytes]:
    # A class may be made another of before it is called; all may get another name; hypercorn's `bind` is set.
    classes = "|".join(sorted(word for word in words if word[0].isupper()))
    others = "|".join(sorted(word for word in words if not word[0].isupper()))
    ways = [rf"\b(?:{classes})(?:\s*[(),]|\s+as\b)"] if classes else []
    ways += [rf"\b(?:{others})(?:\s*\(|\s+as\b|\s*=\s*[\[\"'f])"] if others else []
    return regex("|".join(ways).encode())
