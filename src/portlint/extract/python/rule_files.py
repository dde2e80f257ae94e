"""Checks a user's own rule file, which has the shape of `rules/python/*.yaml` (`rules/python/schema.json`).

Each mistake is one line with the place and the nearest known word.
"""

from __future__ import annotations

from collections.abc import Iterator

from portlint.algorithms.lazy_regex import regex
from portlint.errors import nearest
from portlint.model import Source
from portlint.syntax.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, resolved, text_of
from portlint.syntax.yaml.tree import parse

_SLOTS = {"port", "host", "url", "address", "ports"}
_CHOICES = {"role": ("bind", "connect"), "protocol": ("tcp", "udp", "sctp")}
_OF_BINDS = {"default", "listens", "when"}
_ADDRESSES = ("localhost", "0.0.0.0", "*")
_BOOLEANS = {"environment", "sets", "names"}
_KEYS = {
    "calls": {*_SLOTS, *_CHOICES, *_OF_BINDS, "service"},
    "lookups": {"name", "value", "environment", "sets"},
    "options": {"names", "default", "prose"},
}
_NEEDED = {"calls": _SLOTS - {"host"}, "lookups": {"name", "value"}, "options": {"default", "prose"}}
_ALL_NEEDED = {"lookups"}
_PATH = regex(r"(?:\*|[A-Za-z_][A-Za-z0-9_]*)(?:\.(?:\*|[A-Za-z_][A-Za-z0-9_]*))*")
_POSITION = regex(r"-1|[0-9]{1,2}")
_PORT = regex(r"[1-9][0-9]{0,4}")
_KEYWORD = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_NULL = ("null", "~", "Null", "NULL", "")


def faults(name: str, data: bytes) -> tuple[str, ...]:
    """The mistakes of a rule file, `name:line:column: message` each; none where it can be used."""
    source = Source.of(name, data)
    tree = parse(source)
    if tree.problems:
        return tuple(f"{name}:{p.span.line}:{p.span.column}: {p.reason}" for p in tree.problems)
    root = resolved(tree.documents[0]) if tree.documents else None
    return tuple(
        f"{name}:{source.span(node.start, node.start).line}:{source.span(node.start, node.start).column}: {message}"
        for node, message in (_file(root) if root is not None else [])
    ) or (() if root is not None else (f"{name}:1:1: holds no rules",))


_Fault = tuple[Node, str]


def _file(root: Node) -> Iterator[_Fault]:
    if not isinstance(root, MappingNode):
        yield root, "a rule file is a mapping with calls, lookups or options"
        return
    for key, value in root.pairs:
        word = text_of(key) or ""
        if word == "service":
            continue
        if word not in (*_KEYS, "objects"):
            yield key, f'unknown key "{word}"{nearest(word, (*_KEYS, "objects", "service"))}'
            continue
        table = resolved(value)
        if not isinstance(table, MappingNode):
            yield value, f"{word} is a mapping of calls"
            continue
        for call, rule in table.pairs:
            yield from _object(call, rule) if word == "objects" else _call(word, call, resolved(rule))


def _object(call: Node, owner: Node) -> Iterator[_Fault]:
    for node in (call, owner):
        path = text_of(node) or ""
        if not _PATH.fullmatch(path) or "." not in path or "*" in path:
            yield node, f'"{path}" is no dotted path of a call, such as redis.Redis'


def _call(kind: str, call: Node, rule: Node | None) -> Iterator[_Fault]:
    path = text_of(call) or ""
    if not _PATH.fullmatch(path) or (kind == "calls" and ("." not in path or "*" in path)):
        yield call, f'"{path}" is no dotted path of a call, such as redis.Redis'
    if not isinstance(rule, MappingNode):
        yield call, f"{path} has no mapping of arguments"
        return
    found = {text_of(key) or "": value for key, value in rule.pairs}
    needed = _NEEDED[kind]
    if (kind in _ALL_NEEDED and not needed <= found.keys()) or needed.isdisjoint(found):
        joined = (" and " if kind in _ALL_NEEDED else " or ").join(sorted(needed))
        yield call, f"{path} needs {joined}"
    for key, value in rule.pairs:
        word = text_of(key) or ""
        if word in _OF_BINDS and kind == "calls" and text_of(found.get("role", key)) != "bind":
            yield key, f"{word} is for a call with role bind"
        if word not in _KEYS[kind]:
            yield key, f'unknown key "{word}"{nearest(word, _KEYS[kind])}'
        else:
            yield from _value(kind, word, resolved(value) or key)


def _value(kind: str, word: str, value: Node) -> Iterator[_Fault]:
    said = text_of(value)
    if word in _CHOICES:
        if said not in _CHOICES[word]:
            yield value, f"{word} is {' or '.join(_CHOICES[word])}{nearest(said or '', _CHOICES[word])}"
    elif word in _BOOLEANS:
        if said not in ("true", "false"):
            yield value, f"{word} is true or false"
    elif word == "listens":
        if said != "false":
            yield value, "listens is false, or left out"
    elif word == "default" and kind == "calls":
        if not _is_default(value):
            yield (
                value,
                "default is a port, an address (localhost, 0.0.0.0 or *), or both: {port: PORT, address: localhost}",
            )
    elif word == "when":
        if not _is_condition(value):
            yield value, "when is an argument and its values: {argument: [0, transport], values: [http]}"
    elif word == "prose":
        if not isinstance(value, SequenceNode):
            yield value, "prose is a list of keywords"
    elif word == "service":
        if not said:
            yield value, "service is the name of a well-known service"
    elif not _is_slot(value):
        yield value, f"{word} is [position, keyword], either of them null: [1, port]"


def _is_slot(value: Node) -> bool:
    if not isinstance(value, SequenceNode) or len(value.items) != 2:
        return False
    position, keyword = (text_of(item) if isinstance(resolved(item), ScalarNode) else None for item in value.items)
    if position is None or keyword is None or (position in _NULL and keyword in _NULL):
        return False
    return (position in _NULL or _POSITION.fullmatch(position) is not None) and (
        keyword in _NULL or _KEYWORD.fullmatch(keyword) is not None
    )


def _is_default(value: Node) -> bool:
    if not isinstance(value, MappingNode) or not value.pairs:
        return False
    said = {text_of(key): text_of(item) or "" for key, item in value.pairs}
    return (
        said.keys() <= {"port", "address"}
        and said.get("address", "*") in _ADDRESSES
        and _PORT.fullmatch(said.get("port", "1")) is not None
    )


def _is_condition(value: Node) -> bool:
    if not isinstance(value, MappingNode):
        return False
    said = {text_of(key): resolved(item) for key, item in value.pairs}
    argument, values, method = said.get("argument"), said.get("values"), said.get("method")
    return (
        {"argument", "values"} <= said.keys() <= {"argument", "values", "method"}
        and argument is not None
        and _is_slot(argument)
        and isinstance(values, SequenceNode)
        and all(text_of(item) for item in values.items)
        and (method is None or _KEYWORD.fullmatch(text_of(method) or "") is not None)
    )
