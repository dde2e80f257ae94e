"""Which Python files are worth parsing for where they begin to listen: told from their bytes."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.flow import Flow
from portlint.extract.python.libraries import library

# Each pattern begins with fixed letters, which the regular expression engine finds at the speed of memory.
_OF_PYTEST = regex(r"(?:^|/)(?:test_[^/]{0,200}|[^/]{0,200}_test|conftest)\.py$")
"""modules that pytest imports, so that no workload starts them: https://docs.pytest.org/en/stable/explanation/goodpractices.html"""
_BIND_SET = regex(rb"bind(?<![^\r\n]bind)[ \t]{0,80}[=:]")
_OTHERS_SET = tuple(
    regex(word + rb"(?<![^\r\n]" + word + rb")[ \t]{0,80}=") for word in (b"workers", b"worker_class", b"wsgi_app")
)
_LOCAL_RUN = regex(rb"\.run\([^()]{0,200}?\b(?:port|host|debug|use_reloader|threaded)[ \t]{0,9}=(?!=)")
"""a call that listens if the object is a program's own server"""


def may_bind(flow: Flow, data: bytes, path: str) -> bool:
    """Whether something in a file may be a bind; flow: of the same data."""
    if _OF_PYTEST.search(path) is not None:
        return False
    if b"import" in data:
        known = _calls()
        for package in flow.imported & known.keys():
            if any(_stands_in(call, flow, data) for call in known[package]):
                return True
        if _LOCAL_RUN.search(data) is not None:
            return True
    return is_gunicorn_file(data, path)


def is_gunicorn_file(data: bytes, path: str) -> bool:
    """Whether a file is the configuration of gunicorn, and says what it binds."""
    if _BIND_SET.search(data) is None:
        return False
    return "gunicorn" in path.rpartition("/")[2] or any(pattern.search(data) for pattern in _OTHERS_SET)


class _Call(Struct, frozen=True):
    """The last word of calls of one package that bind."""

    word: bytes
    pattern: re.Pattern[bytes]
    is_method: bool
    """of an object, which may have any name"""


def _stands_in(call: _Call, flow: Flow, data: bytes) -> bool:
    for match in call.pattern.finditer(data):
        start = match.start()
        owner = _OWNER.search(data, max(0, start - _LONGEST_OWNER), start)
        if call.is_method:
            # `asyncio.run(...)` is no server's.
            if owner is not None and not (owner[1] in _OF_PYTHON and owner[1] in flow.imported):
                return True
        elif (call.word if owner is None else owner[1]) in flow.imported_names:
            return True
    return False


_OWNER = regex(rb"(\w{0,80})[)\]]{0,9}\s{0,20}\.\s{0,20}\Z")
"""what stands before the last word of a path"""
_LONGEST_OWNER = 120
_OF_PYTHON = frozenset(name.encode() for name in sys.stdlib_module_names if name != "socket")


@cache
def _calls() -> Mapping[bytes, tuple[_Call, ...]]:
    """Top-level package to the calls of it that bind."""
    found: dict[str, set[tuple[str, bool]]] = {}
    known = library()
    for path in known.binds:
        owner, _, word = path.rpartition(".")
        is_method = any(rule.path == path for rule in known.bind_methods.get(word, ()))
        found.setdefault(path.partition(".")[0], set()).add((word, is_method))
        for other, of in known.objects.items():
            if of == owner:
                found.setdefault(other.partition(".")[0], set()).add((word, True))
            elif of == path:
                found.setdefault(other.partition(".")[0], set()).add((other.rpartition(".")[2], False))
    return {
        package.encode(): tuple(_Call(word.encode(), _pattern(word), is_method) for word, is_method in sorted(calls))
        for package, calls in found.items()
    }


def _pattern(word: str) -> re.Pattern[bytes]:
    # All may get another name. Another class may be made of a class. What hypercorn binds is set, and what a logger
    # binds are keywords.
    begins = rf"{word}(?<!\w{word})"
    if word == "bind":
        return regex(rf"{begins}(?:\s*\((?!\s*\w+\s*=[^=])|\s*=\s*[\[\"'f])".encode())
    other = r"|[^()\n]{0,80}\)\s*:" if word[0].isupper() else ""
    return regex(rf"{begins}(?:\s*\(|\s+as\b{other})".encode())
