"""Which names of a Python file lead to ports, as far as its text tells: one or two steps of data flow.

A literal bound to a name that does not say port (`WEB = 8000`) is a port if the name is used as one: `port=WEB`,
`f"http://localhost:{WEB}"`, `for name, port in SERVICES.items()`. Such uses are found by their text, which costs far
less than visiting every expression of every file.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.libraries import library
from portlint.extract.python.prefilter.code import Code
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
_ALIAS = regex(
    rb"=(?!=)[ \t]{0,80}+(?:int\(|str\()?([A-Za-z_]\w{0,80})(?:\)|\.copy\(\))?[ \t]{0,80}"
    rb"(?:#[^\r\n]{0,500})?(?=\r|\n|\Z)"
)
_ALIASED = regex(rb"[ \t]{0,200}+(?:self\.)?([A-Za-z_]\w{0,80})[ \t]{0,80}\Z")
"""all that stands on a line before the sign of equality"""
_NUMBERS_LISTED = regex(rb"[\[({][\s0-9'\",]{8,2000}[\])}]")
_RUN_OF_NUMBERS = regex(rb",(?:[\s\"']{0,40}+[0-9]{1,6}[\"']?\s{0,40}+,){2}[\s\"']{0,40}+[0-9]")
"""what stands behind the first number of such a list: begins with a fixed sign, which is found quickly"""
_NAMED_LIST = regex(
    rb"[ \t]{0,200}+(?:self\.)?([A-Za-z_]\w{0,80}+)(?:[ \t]{0,9}:[^=\n]{1,80})?"
    rb"[ \t]{0,80}=[ \t]{0,80}(?:set|frozenset|tuple)?\(?\Z"
)
"""all that stands on a line before such a list that gets a name"""
_STEPS = 2
_FROM = regex(rb"from[ \t]+(\w+)")
_IMPORT = regex(rb"import[ \t]+([^\r\n\\]*(?:\\\r?\n[^\r\n\\]*)*)")
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

    def __init__(self, code: Code) -> None:
        self.code, self._data = code, code.data

    @cached_property
    def imported(self) -> frozenset[bytes]:
        """The words of the imports, among them all top-level packages: over-approximated from the text."""
        data = self._data
        return frozenset((*_FROM.findall(data), *b" ".join(_IMPORT.findall(data)).translate(_WORDS_APART).split()))

    @cached_property
    def imported_names(self) -> frozenset[bytes]:
        """The words of the imports, those between brackets on several lines included."""
        listed = (match[2] for match in _FROM_IMPORT.finditer(self._data) if match[2].startswith(b"("))
        return self.imported.union(b" ".join(listed).translate(_WORDS_APART).split())

    @cached_property
    def packages(self) -> frozenset[str]:
        """The libraries of `rules/python/` that the file imports: over-approximated from the text: it misses none."""
        return frozenset(name.decode() for name in self.imported & library().packages)

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
        """The functions and classes of this file that may take a port by position: over-approximated from the text."""
        data, found = self._data, set[bytes]()
        if not self.code.port_words:
            return frozenset()
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

    @cached_property
    def sinks(self) -> Mapping[str, tuple[str, ...]]:
        """The names whose value is used as a port, to a loop's targets over them (empty: used directly)."""
        return self._closed({**dict.fromkeys(self._listed, ()), **self._uses})

    @cached_property
    def _listed(self) -> Sequence[str]:
        """The names of lists of nothing but well-known ports."""
        data = self._data
        if _RUN_OF_NUMBERS.search(data) is None:
            return ()
        lists = (match for match in _NUMBERS_LISTED.finditer(data) if _are_well_known(match[0]))
        named = (_NAMED_LIST.match(data, _line_start(data, each.start()), each.start()) for each in lists)
        return [match[1].decode() for match in named if match is not None]

    @cached_property
    def _uses(self) -> Mapping[str, tuple[str, ...]]:
        """What the uses in this file say: `port=NAME`, `//host:{NAME}`, `for name, port in NAME.items()`."""
        out: dict[str, tuple[str, ...]] = {}
        if self.code.port_words:
            out.update(dict.fromkeys(self._bound_to_ports(), ()))
        for match in _IN_ADDRESS.finditer(self._data):
            if _ADDRESS_BEFORE.search(self._data, max(0, match.start() - 100), match.start()):
                out.setdefault(_last(match[1]), ())
        if self.code.port_words:
            for name, columns in self._looped_over():
                out.setdefault(name, columns)
        return {name: columns for name, columns in out.items() if name not in _NEVER}

    def _bound_to_ports(self) -> Iterator[str]:
        data = self._data
        for match in chain.from_iterable(pattern.finditer(data) for pattern in _BOUND_TO_PORT):
            start = match.start()
            before = _IDENTIFIER_BEFORE.search(data, max(0, start - 60), start)
            name = (before[0] if before else b"") + data[start : match.end(1)]
            if is_port_name(name.decode()):
                yield _last(match[2])

    def _looped_over(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for match in _LOOP.finditer(self._data):
            names = tuple(n.strip(" \t()") for n in match[1].decode().split(","))
            if not any(is_port_name(n) for n in names):
                continue
            looped = match[2].decode()
            view = next((v for v in _VIEWS if looped.endswith(v)), "")
            owner = looped.removesuffix(view).rsplit(".", 1)[-1]
            if view != ".keys":
                yield owner, names if len(names) > 1 else ()

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


def _are_well_known(items: bytes) -> bool:
    """Whether a list holds nothing but usual ports, and enough of them to be no accident."""
    numbers = [int(n) for n in re.findall(rb"[0-9]{1,6}", items)]
    return len(numbers) >= _ENOUGH and all(n in by_port() for n in numbers)


def may_be_used(code: bytes) -> bool:
    """Whether a number in a statement may be a port where nothing but a use far away says so."""
    return any(1024 <= number <= LAST_PORT or number in by_port() for number in map(int, _NUMBER.findall(code)))


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
