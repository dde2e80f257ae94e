"""Which Python files are worth parsing for where they begin to listen: told from their bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.flow import Flow
from portlint.extract.python.libraries import library

# Each pattern begins with fixed letters, which the regular expression engine finds at the speed of memory.
_BIND_SET = regex(rb"bind(?<![^\r\n]bind)[ \t]{0,80}[=:]")
_OTHERS_SET = tuple(
    regex(word + rb"(?<![^\r\n]" + word + rb")[ \t]{0,80}=") for word in (b"workers", b"worker_class", b"wsgi_app")
)
_LOCAL_RUN = regex(rb"\.run\([^()]{0,200}?\b(?:port|host|debug|use_reloader|threaded)[ \t]{0,9}=(?!=)")
"""a call that listens if the object is a program's own server"""


def may_bind(flow: Flow, data: bytes, path: str) -> bool:
    """Whether something in a file may be a bind; flow: of the same data."""
    if b"import" in data:
        known = _patterns()
        for package in flow.imported & known.keys():
            if any(pattern.search(data) for pattern in known[package]):
                return True
        if _LOCAL_RUN.search(data) is not None:
            return True
    return is_gunicorn_file(data, path)


def is_gunicorn_file(data: bytes, path: str) -> bool:
    """Whether a file is the configuration of gunicorn, and says what it binds."""
    if _BIND_SET.search(data) is None:
        return False
    return "gunicorn" in path.rpartition("/")[2] or any(pattern.search(data) for pattern in _OTHERS_SET)


@cache
def _patterns() -> Mapping[bytes, tuple[re.Pattern[bytes], ...]]:
    """Top-level package to what stands in a file that has a call of it which binds: one of these."""
    words: dict[str, set[str]] = {}
    known = library()
    for path in known.binds:
        owner, _, word = path.rpartition(".")
        words.setdefault(path.partition(".")[0], set()).add(word)
        for other, of in known.objects.items():
            if of in (owner, path):
                words.setdefault(other.partition(".")[0], set()).add(word if of == owner else other.rpartition(".")[2])
    return {package.encode(): tuple(map(_pattern, sorted(found))) for package, found in words.items()}


def _pattern(word: str) -> re.Pattern[bytes]:
    # All may get another name. Another class may be made of a class. The `bind` of hypercorn is set. Two kinds of `run`
    # are no server's.
    begins = rf"{word}(?<!\w{word})"
    if word == "run":
        begins += r"(?<!asyncio\.run)(?<!subprocess\.run)"
    other = r"[^()\n]{0,80}\)\s*:" if word[0].isupper() else r"\s*=\s*[\[\"'f]"
    return regex(rf"{begins}(?:\s*\(|\s+as\b|{other})".encode())
