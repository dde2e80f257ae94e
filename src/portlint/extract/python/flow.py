"""What the rest of a Python file says about the names of a statement: one or two steps of data flow.

A literal bound to a name that does not say port (`WEB = 8000`) is a port if the name is used as one: `port=WEB`,
`f"http://localhost:{WEB}"`, `for name, port in SERVICES.items()`. Such uses are found by their text, which costs far
less than visiting every expression of every file.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from functools import cached_property
from itertools import chain

from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.libraries import library
from portlint.knowledge.identifiers import is_port_name
from portlint.knowledge.well_known import by_port
from portlint.model import LAST_PORT

_NAME = rb"([A-Za-z_][A-Za-z0-9_]{0,80}(?:\.[A-Za-z_][A-Za-z0-9_]{0,80})?)"
# Each pattern begins with fixed letters, which the regular expression engine finds at the speed of memory; what stands
# before them is looked at afterwards.
_BOUND_TO_PORT = tuple(
    regex(
        port + rb"([A-Za-z0-9_]{0,30})[\"']?\]?[ \t]{0,2}(?:=|:|,|==|\bor\b|\bin\b)[ \t]{0,2}(?:int\(|str\()?"
        + _NAME
        + rb"(?![A-Za-z0-9_(\[.=\"'])"
    )
    for port in (b"port", b"PORT", b"Port")
)  # fmt: skip
_IN_ADDRESS = regex(rb":\{" + _NAME + rb"\}")
_ADDRESS_BEFORE = regex(
    rb"(?://[^\s\"'{}]{0,80}|localhost|[0-9]{1,3}\.[0-9]{1,3}|//\{[^\s\"'{}]{1,60}\}|(?:host|addr|address|ip|server)\})$"
)
_IDENTIFIER_BEFORE = regex(rb"[A-Za-z0-9_]*$")
_LOOP = regex(
    rb"for(?<!\wfor)[ \t]{1,4}([A-Za-z_][\w, \t()]{0,60}?)[ \t]{1,4}in[ \t]{1,4}(?:sorted\(|enumerate\(|list\()?"
    rb"([A-Za-z_][A-Za-z0-9_.]{0,120})(?![A-Za-z0-9_.\[])"
)
_VIEWS = (".items", ".values", ".keys")
_ASSIGNED = regex(
    rb"^(?:self\.)?([A-Za-z_][A-Za-z0-9_]{0,80})"
    rb"(?:(?:[ \t]*:[^=\n]{1,80})?[ \t]*=(?!=)|\.(?:append|extend|add|insert)\()"
)
_ALIAS = regex(
    rb"=(?!=)[ \t]{0,80}+(?:int\(|str\()?([A-Za-z_]\w{0,80})(?:\)|\.copy\(\))?[ \t]{0,80}"
    rb"(?:#[^\r\n]{0,500})?(?=\r|\n|\Z)"
)
_ALIASED = regex(rb"[ \t]{0,200}+(?:self\.)?([A-Za-z_]\w{0,80})[ \t]{0,80}\Z")
"""all that stands on a line before the sign of equality"""
_LISTED = regex(rb"^[^=\n]{1,160}=[ \t]*(?:set|frozenset|tuple)?\(?[\[({]([\s0-9'\",]{8,2000})[\])}]")
_NUMBERS_LISTED = regex(rb"[\[({][\s0-9'\",]{8,2000}[\])}]")
_RUN_OF_NUMBERS = regex(rb",(?:[\s\"']{0,40}+[0-9]{1,6}[\"']?\s{0,40}+,){2}[\s\"']{0,40}+[0-9]")
"""what stands behind the first number of such a list: begins with a fixed sign, which is found quickly"""
_STEPS = 2
_FROM = regex(rb"from[ \t]+(\w+)")
_IMPORT = regex(rb"import[ \t]+((?:[^\r\n\\]|\\\r?\n)*)")
_WORDS_APART = bytes(byte if chr(byte).isalnum() or byte in b"_" else 32 for byte in range(256))
"""signs to spaces"""
_FROM_IMPORT = regex(
    rb"from[ \t]{1,9}+(\w{1,80}+)[\w.]{0,200}+[ \t]{1,9}+import[ \t]{0,9}+"
    rb"(\([^)]{0,5000}|(?:[^\r\n\\]|\\\r?\n){0,1000})"
)
_WORD = regex(rb"[A-Za-z_][A-Za-z0-9_]*")
_DEFINED = regex(rb"def[ \t]{1,9}+(\w{1,80}+)[ \t]{0,9}+\(([^)]{1,2000}+)")
_CLASS = regex(rb"class[ \t]+(\w+)")
_FIELD = tuple(regex(rb"(" + port + rb"\w{0,80}+)[ \t]{0,9}+:") for port in (b"port", b"PORT", b"Port"))
_BARE = regex(rb"[ \t]{1,200}+\w{1,200}\Z")
"""an indented name with nothing before it"""
_RENAMED = regex(rb"\bas[ \t]+([A-Za-z_][A-Za-z0-9_]*)")


class Flow:
    """The imports and the uses of names of one file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._listed: set[str] = set()
        """names of lists that hold nothing but well-known ports"""
        self._sinks: Mapping[str, tuple[str, ...]] | None = None

    @cached_property
    def packages(self) -> frozenset[str]:
        """The libraries of `rules/python/` that the file imports, as far as its text tells: not fewer."""
        data = self._data
        words = {*_FROM.findall(data), *b" ".join(_IMPORT.findall(data)).translate(_WORDS_APART).split()}
        return frozenset(name.decode() for name in words & library().packages)

    @cached_property
    def called(self) -> frozenset[bytes]:
        """The last words of the calls that may take a port or an address here."""
        if not self.packages:
            return frozenset()
        renamed = (
            name
            for match in _FROM_IMPORT.finditer(self._data)
            if match[1].decode() in self.packages
            for name in _RENAMED.findall(match[2])
        )
        return frozenset(renamed).union(*(library().called[package] for package in self.packages))

    @cached_property
    def own_calls(self) -> frozenset[bytes]:
        """The functions and classes of this file that may take a port by position, as far as its text tells."""
        data, found = self._data, set()
        classes = [*_CLASS.finditer(data)]
        starts = [each.start() for each in classes]

        def class_before(at: int) -> bytes:
            index = bisect_left(starts, at) - 1
            return classes[index][1] if index >= 0 else b""

        for match in _DEFINED.finditer(data):
            if _names_port(match[2]):
                found.add(match[1] if match[1] != b"__init__" else class_before(match.start()))
        for match in chain.from_iterable(pattern.finditer(data) for pattern in _FIELD):
            start, end = _line_start(data, match.start()), match.end(1)
            if _BARE.match(data, start, end) is not None and _names_port(data[start:end]):
                found.add(class_before(start))
        return frozenset(found - {b""})

    @property
    def used_names(self) -> frozenset[bytes]:
        """The names whose value is used as a port, as far as the text of the uses tells."""
        return frozenset(name.encode() for name in self.sinks)

    @property
    def sinks(self) -> Mapping[str, tuple[str, ...]]:
        """The names whose value is used as a port, to a loop's targets over them (empty: used directly)."""
        if self._sinks is None:
            self._sinks = self._closed({**dict.fromkeys(self._listed, ()), **self._uses})
        return self._sinks

    def notice(self, code: bytes) -> None:
        """Remember the name that a statement gives to a list of nothing but well-known ports."""
        listed = _LISTED.match(code)
        match = _ASSIGNED.match(code) if listed is not None and _are_well_known(listed[1]) else None
        if match is not None:
            self._listed.add(match[1].decode())
            self._sinks = None

    def concerns(self, code: bytes) -> bool:
        """Whether a statement binds a name that is used as a port, or that a noticed list has."""
        match = _ASSIGNED.match(code)
        if match is None or not any(_is_plausible(int(n)) for n in _NUMBER.findall(code)):
            return False
        return match[1].decode() in self.sinks

    @cached_property
    def _uses(self) -> Mapping[str, tuple[str, ...]]:
        """What the uses in this file say: `port=NAME`, `//host:{NAME}`, `for name, port in NAME.items()`."""
        out: dict[str, tuple[str, ...]] = {}
        data = self._data
        for match in chain.from_iterable(pattern.finditer(data) for pattern in _BOUND_TO_PORT):
            start = match.start()
            before = _IDENTIFIER_BEFORE.search(data, max(0, start - 60), start)
            name = (before[0] if before else b"") + data[start : match.end(1)]
            if is_port_name(name.decode()):
                out.setdefault(_last(match[2]), ())
        for match in _IN_ADDRESS.finditer(data):
            if _ADDRESS_BEFORE.search(data, max(0, match.start() - 100), match.start()):
                out.setdefault(_last(match[1]), ())
        for match in _LOOP.finditer(data):
            names = tuple(n.strip(" \t()") for n in match[1].decode().split(","))
            if not any(is_port_name(n) for n in names):
                continue
            looped = match[2].decode()
            view = next((v for v in _VIEWS if looped.endswith(v)), "")
            owner = looped.removesuffix(view).rsplit(".", 1)[-1]
            if view != ".keys":
                out.setdefault(owner, names if len(names) > 1 else ())
        return {name: columns for name, columns in out.items() if name not in _NEVER}

    def _closed(self, out: dict[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        """The names, and those that hold the same value one or two steps on."""
        for _ in range(_STEPS if out else 0):
            for left, right in self._aliases:
                # The same value under two names: a use of either says what both are.
                if left in out:
                    out.setdefault(right, out[left])
                elif right in out:
                    out.setdefault(left, out[right])
        return {name: columns for name, columns in out.items() if name not in _NEVER}

    @cached_property
    def _aliases(self) -> list[tuple[str, str]]:
        data, out = self._data, []
        for match in _ALIAS.finditer(data):
            left = _ALIASED.match(data, _line_start(data, match.start()), match.start())
            if left is not None:
                out.append((left[1].decode(), match[1].decode()))
        return out


_NEVER = frozenset(
    {"None", "True", "False", "self", "cls", "int", "str", "value", "v", "x", "i", "n", "data", "result"}
)
"""names so common that a use of one says nothing about another"""


def lists_ports(data: bytes) -> bool:
    """Whether a list of nothing but well-known ports may stand anywhere in a file."""
    if _RUN_OF_NUMBERS.search(data) is None:
        return False
    return any(_are_well_known(match[0]) for match in _NUMBERS_LISTED.finditer(data))


def _are_well_known(items: bytes) -> bool:
    """Whether a list holds nothing but usual ports, and enough of them to be no accident."""
    numbers = [int(n) for n in re.findall(rb"[0-9]{1,6}", items)]
    return len(numbers) >= _ENOUGH and all(n in by_port() for n in numbers)


def _is_plausible(number: int) -> bool:
    """Whether a bare number may be a port at all where nothing but a use far away says so."""
    return 1024 <= number <= LAST_PORT or number in by_port()


_NUMBER = regex(rb"[0-9]{2,5}")
_ENOUGH = 4


_LONGEST_NAMING = 300
"""bytes of a line before what it gives a name to"""


def _line_start(data: bytes, at: int) -> int:
    """Where the line of an offset begins, as far as it is looked for."""
    first = max(0, at - _LONGEST_NAMING)
    return max(data.rfind(b"\n", first, at), data.rfind(b"\r", first, at), first - 1) + 1


def _names_port(text: bytes) -> bool:
    """Whether one of the words of a text is the name of a port."""
    return b"port" in text.lower() and any(is_port_name(word.decode()) for word in _WORD.findall(text))


def _last(name: bytes) -> str:
    return name.decode().rsplit(".", 1)[-1]
