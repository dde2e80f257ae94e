"""Ports in one word of a command line: `KEY=VALUE`, `/dev/tcp/host/port`, a search pattern, what any text may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from portlint.algorithms.lazy_regex import regex
from portlint.extract.scan.port_bounds import BOUNDS
from portlint.extract.scan.text import Hit, is_port
from portlint.extract.scan.values import find_in_value
from portlint.knowledge.identifiers import is_address_name, is_port_name
from portlint.model import Role
from portlint.syntax.interpolation import HOLE, masked
from portlint.syntax.shell import Word

ASSIGNMENT = regex(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]\s]{0,80}\])?\+?=")
_SETTING = regex(r"(-{0,2}[A-Za-z_][A-Za-z0-9_.\[\]/-]{0,120})=")
_PATTERN = regex(r"(?::|\\\.)[\[\]\\s()?:^]{0,6}([0-9]{2,5})(?![0-9.])|(?<=[0-9]\|)([0-9]{2,5})(?![0-9.])")
_COMPARED = regex(r"(?<!\w)\$?\{?([A-Za-z_]\w{0,100}+)\}?\s{0,4}([=!<>]=|[<>])\s{0,4}([0-9]{1,5})(?![0-9])")
_LARGE = regex(r"(?<![\w.])([0-9]{4,5})(?![\w.])")
_ALONE = regex(r"\\?b?([0-9]{4,5})(?:\\b|\s)?")
_DEV_TCP = regex(r"/dev/(tcp|udp)/([^/\s]{1,253})/([0-9]{1,5})(?![0-9])")
ORDERINGS = frozenset({"-lt", "-le", "-gt", "-ge", "<", ">", "<=", ">="})
_POSITIONAL = regex(r"(?<=\$\{)[0-9]{1,2}(?=:?[-=])")
_NAMED_ITEM = regex(r"(?<![\w.:/-])([0-9]{2,5})[:|=](?=[A-Za-z])")


def in_array(words: Sequence[Word]) -> Iterator[Hit]:
    """`PORTS=(8000 8001)`, `services=("5432:PostgreSQL" "api:8000")`."""
    name = words[0].text.rstrip("+=").split("[", 1)[0]
    for word in words[1:]:
        text = word.text
        key, equals, value = text.partition("]=")
        offset = len(key) + 2 if equals and key.startswith("[") else 0
        value = value if offset else text
        # `[api]=8000`: the key of an associative array is the name.
        label = key[1:].strip("\"'" + HOLE) if offset else _label(value)
        found = find_in_value(name, value)
        if not found and is_port_name(name):
            found = _first_or_last(value)
        yield from (moved(hit._replace(name=label or name), word.start + offset) for hit in found)


def _label(text: str) -> str:
    """`API_PORT:8100:main`: a first part that is the name of a port variable names what stands behind."""
    first = re.split(r"[:|,;= ]", text, maxsplit=1)[0]
    return first if first.isidentifier() and is_port_name(first) else ""


def _first_or_last(text: str) -> list[Hit]:
    """`5432:PostgreSQL` and `redis:6379:tcp` in a list whose name says ports: each part that is a number."""
    hits, start = [], 0
    for part in re.split(r"[:|,;= ]", text):
        if part.isascii() and part.isdigit() and len(part) <= 5 and is_port(int(part)):
            hits.append(Hit(start=start, end=start + len(part), port=int(part), form="item"))
        start += len(part) + 1
    return hits


def comparisons(word: Word) -> Iterator[Hit]:
    """`(( port == 8000 ))`, `((PORT < 1024))`: the numbers beside a name that says port."""
    for match in _COMPARED.finditer(word.text):
        bound = match[2] in ORDERINGS and int(match[3]) in BOUNDS
        if is_port_name(match[1]) and is_port(int(match[3])) and not bound:
            yield Hit(
                start=word.start + match.start(3), end=word.start + match.end(3), port=int(match[3]), form="comparison",
                name=match[1],
            )  # fmt: skip


def in_word(word: Word) -> Iterator[Hit]:
    """What any text may hold, `/dev/tcp/host/port` and `KEY=VALUE`."""
    text = word.text.replace(HOLE + '"', '""')
    setting = _SETTING.match(text)
    if setting and (is_port_name(setting[1]) or is_address_name(setting[1])):
        found = find_in_value(setting[1].lstrip("-"), _value(text, setting.end()))
        shift = setting.end() + _quotes(text, setting.end())
        yield from (moved(hit, word.start + shift) for hit in found)
        return
    for hit in find_in_value(None, text):
        yield moved(hit, word.start)
    for match in _DEV_TCP.finditer(text):
        if is_port(int(match[3])):
            host = None if HOLE in masked(match[2]) else match[2]
            yield Hit(
                start=word.start + match.start(3), end=word.start + match.end(3), port=int(match[3]), form="address",
                role=Role.CONNECT, host=host, protocol=match[1],
            )  # fmt: skip


def assigned(word: Word, match: re.Match[str]) -> Iterator[Hit]:
    """`PORT=8000 command`, `PORT=${1:-8000}`, `PORT=$((8000 + N))`."""
    name, shift = match[1], match.end() + _quotes(word.text, match.end())
    # A positional parameter is no variable that anything outside can set: under a name that no variable has,
    # the fallback is found, and belongs to what is assigned.
    value = _POSITIONAL.sub(lambda m: "_" * len(m[0]), _value(word.text, match.end()))
    found = find_in_value(name, value)
    if not found and is_port_name(name):
        found = list(_inside(value))
    for hit in found:
        variable = hit.variable.strip("_") if hit.variable else ""
        yield moved(hit._replace(name=hit.name or name, variable=variable or name), word.start + shift)


def _inside(value: str) -> Iterator[Hit]:
    """Ports in the value of a port name that is no plain list: a sum, or `8000:api 8001:web`."""
    pattern = _LARGE if value.startswith("$((") else _NAMED_ITEM
    for match in pattern.finditer(value):
        if is_port(int(match[1])):
            yield Hit(start=match.start(1), end=match.end(1), port=int(match[1]), form="value")


def _quotes(text: str, start: int) -> int:
    """The number of hole characters (a quote that was syntax) at an index."""
    return len(text) - start - len(text[start:].lstrip(HOLE))


def _value(text: str, start: int) -> str:
    return text[start:].strip(HOLE)


def searched(word: Word) -> Iterator[Hit]:
    """`grep ':22 '` behind a command that lists sockets."""
    for match in _PATTERN.finditer(word.text):
        group = 1 if match[1] else 2
        if is_port(int(match[group])):
            yield Hit(
                start=word.start + match.start(group),
                end=word.start + match.end(group),
                port=int(match[group]),
                form="address",
            )
    alone = _ALONE.fullmatch(word.text)
    if alone and is_port(int(alone[1])):
        yield Hit(start=word.start + alone.start(1), end=word.start + alone.end(1), port=int(alone[1]), form="argument")


def in_sentence(text: str, hit: Hit, offset: int = 0) -> bool:
    """Whether a hit is a number that a sentence names in words: `on port 8000`, not `"port": 8000` or `X-Port: 80`.

    offset: index in `text` that the hit's positions count from.
    """
    at = offset + hit.start
    if hit.form != "word" or at == 0 or not text[at - 1].isspace():
        return False
    before = text[max(0, at - 12) : at].rstrip()
    if before.endswith("="):
        return False
    if not before.endswith(":"):
        return True
    return before[-2:-1] not in ("'", '"') and (hit.name or "").lower() in ("", "port", "ports")


def moved(hit: Hit, by: int) -> Hit:
    return hit._replace(start=hit.start + by, end=hit.end + by)
