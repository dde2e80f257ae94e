"""From nodes to the registry, by the tables of `schema.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from portlint.algorithms.lazy_regex import regex
from portlint.model import FIRST_PORT, LAST_PORT, NOWHERE, Block, Entry, PortRange, Registry, Reservation, Span
from portlint.registry import schema
from portlint.registry.document import Document, Places, entries
from portlint.registry.errors import Errors, Wrong, quoted
from portlint.registry.schema import Kind
from portlint.syntax.yaml.kinds import kind_of
from portlint.syntax.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, value_of

_RANGE = regex(r"([0-9]+)[ \t]*-[ \t]*([0-9]+)")
_RANGE_LIKE = regex(r"([0-9]{1,5})[ \t]*(?:-{2,3}|\.{2,3}|[–—~,/]|to)[ \t]*([0-9]{1,5})")
_PAIR = regex(r"([0-9_]+):([0-9_]+)")
_NUMBER = regex(r"[0-9]+")
_VARIABLE = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = regex(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_TRUE = ("true", "yes", "on")
_FALSE = ("false", "no", "off")
_FOUND = {"int": "a number", "float": "a number", "bool": "true or false", "null": "nothing", "timestamp": "a date"}

_Spans = dict[str, Span]
"""The places of values, by route: `default`, `environments.production`, `aliases[0]`."""


def read(path: str, document: Document, errors: Errors) -> Registry:
    """The registry that a document describes; what is wrong with it goes to `errors`."""
    root, places = document.root, document.places
    if root is None or _is_null(root):
        errors.add(NOWHERE, "the registry is empty; it begins with 'ports:'")
        return Registry(path=path)
    if not isinstance(root, MappingNode):
        errors.add(places.of(root), f"a registry is a mapping that begins with 'ports:', not {_found(root)}")
        return Registry(path=path)
    values, _ = _Reader(places, errors).fields(root, schema.ROOT, "a registry", "ports", root)
    return Registry(
        path=path,
        entries=values.get("ports", ()),
        blocks=values.get("ranges", ()),
        reserved=values.get("reserved", ()),
        environments=values.get("environments", {}),
        conflict_detection=values.get("conflict_detection", True),
    )


class _Reader:
    """Turns nodes into the values of the model. A method for a single value raises Wrong; one for several collects."""

    def __init__(self, places: Places, errors: Errors) -> None:
        self._places = places
        self._errors = errors

    def fields(
        self, node: MappingNode, keys: Mapping[str, Kind], what: str, required: str | None, place: Node
    ) -> tuple[dict[str, Any], _Spans]:
        """The values of a mapping with fixed keys, and their places; null is the same as not written.

        what: names the mapping in messages. place: where a missing `required` key is reported.
        """
        values: dict[str, Any] = {}
        spans: _Spans = {}
        meant: set[str | None] = set()
        for name, value in entries(node):
            key = value_of(name)
            if key in keys:
                spans[key] = self._places.of(value)
                if _is_null(value) and key != required:
                    continue
                found = self._checked(partial(self._value, kind=keys[key], route=key, spans=spans), value)
                if found is not None:
                    values[key] = found
            elif not key.startswith(schema.OWN_KEYS):
                synonym = schema.SYNONYMS.get(key.lower())
                hint = synonym if synonym in keys else self._errors.nearest(key, keys)
                self._errors.add(self._places.of(name), f"{what} has no key {quoted(key)}", hint)
                meant.add(hint)
        if required is not None and required not in spans and required not in meant:
            self._errors.add(self._places.of(place), f"{what} needs the key {required!r}")
        return values, spans

    def _checked(self, read: Callable[[Node], Any], node: Node) -> Any:
        """What `read` makes of the node; None where it is wrong, which is then collected."""
        try:
            return read(node)
        except Wrong as wrong:
            self._errors.take(wrong, self._places.of(wrong.node))
            return None

    def _value(self, node: Node, kind: Kind, route: str, spans: _Spans) -> Any:
        match kind:
            case Kind.EXPOSURE | Kind.PROTOCOL:
                return self._choice(node, schema.CHOICES[kind])
            case Kind.TEXTS:
                return self._texts(node, route, spans)
            case Kind.PORTS_BY_NAME:
                return self._by_name(node, kind, lambda value, route: _ports(value), route, spans)
            case Kind.TEXTS_BY_NAME:
                return self._by_name(node, kind, lambda value, route: self._texts(value, route, spans), route, spans)
            case Kind.HEALTH:
                return self._health(node)
            case Kind.CONFLICT_DETECTION:
                values, _ = self.fields(_mapping(node, kind), schema.CONFLICT_DETECTION, repr(route), None, node)
                return values.get("enabled", True)
            case Kind.ENTRIES:
                return () if _is_null(node) else self._named(node, kind, self._entry)
            case Kind.BLOCKS:
                return self._named(node, kind, self._block)
            case Kind.RESERVATIONS:
                return self._reservations(node)
            case _:
                return _SINGLE[kind](node)

    def _choice(self, node: Node, choices: tuple[str, ...]) -> str:
        text = _text(node)
        if text not in choices:
            expected = f"{', '.join(choices[:-1])} or {choices[-1]}"
            raise Wrong(node, f"expected {expected}, found {quoted(text)}", self._errors.nearest(text, choices))
        return text

    def _texts(self, node: Node, route: str, spans: _Spans) -> tuple[str, ...]:
        """A list of words; a single word stands for a list of one."""
        if isinstance(node, ScalarNode):
            return (_text(node),)
        if not isinstance(node, SequenceNode):
            raise Wrong(node, f"expected {Kind.TEXTS.value}, found {_found(node)}")
        words: dict[str, None] = {}
        for index, item in enumerate(node.items):
            spans[f"{route}[{index}]"] = self._places.of(item)
            word = self._checked(_text, item)
            if word is not None:
                words[word] = None
        return tuple(words)

    def _by_name(self, node: Node, kind: Kind, read: Callable[..., Any], route: str, spans: _Spans) -> dict[str, Any]:
        values = {}
        for key, value in entries(_mapping(node, kind)):
            name = f"{route}.{value_of(key)}"
            spans[name] = self._places.of(value)
            found = self._checked(partial(read, route=name), value)
            if found is not None:
                values[value_of(key)] = found
        return values

    def _health(self, node: Node) -> str:
        """Only validated here; those who ask a running service read it."""
        if isinstance(node, MappingNode):
            self.fields(node, schema.HEALTH, "'health'", "http", node)
            return "http"
        if isinstance(node, ScalarNode) and value_of(node) == "tcp":
            return "tcp"
        raise Wrong(node, f"expected {Kind.HEALTH.value}, found {_found(node)}")

    def _named(self, node: Node, kind: Kind, read: Callable[[ScalarNode, Node], Any]) -> tuple[Any, ...]:
        found = (self._checked(partial(read, key), value) for key, value in entries(_mapping(node, kind)))
        return tuple(item for item in found if item is not None)

    def _entry(self, key: ScalarNode, node: Node) -> Entry | None:
        name = value_of(key)
        if not name or _NUMBER.fullmatch(name) or kind_of(key) == "null":
            raise Wrong(key, f"an entry is named by a word, not by {quoted(name)}; its port goes into 'default'")
        if not isinstance(node, MappingNode):
            raise _not_a_mapping(node, f"the entry {quoted(name)}", f"{name[:60]}: ", "default")
        values, spans = self.fields(node, schema.ENTRY, f"the entry {quoted(name)}", "default", key)
        values.pop("health", None)
        if "default" not in values:
            return None
        return Entry(name=name, span=self._places.of(key), positions=spans, **values)

    def _block(self, key: ScalarNode, node: Node) -> Block | None:
        name = value_of(key)
        if not isinstance(node, MappingNode):
            raise _not_a_mapping(node, f"the block {quoted(name)}", f"{name[:60]}: ", "ports")
        values, _ = self.fields(node, schema.BLOCK, f"the block {quoted(name)}", "ports", key)
        if "ports" not in values:
            return None
        return Block(name, values["ports"], values.get("description", ""), self._places.of(key))

    def _reservations(self, node: Node) -> tuple[Reservation, ...]:
        if not isinstance(node, SequenceNode):
            raise Wrong(node, f"expected {Kind.RESERVATIONS.value}, found {_found(node)}")
        found = (self._checked(self._reservation, item) for item in node.items)
        return tuple(item for item in found if item is not None)

    def _reservation(self, node: Node) -> Reservation | None:
        if not isinstance(node, MappingNode):
            raise _not_a_mapping(node, "a reservation", "", "port")
        values, spans = self.fields(node, schema.RESERVATION, "a reservation", "port", node)
        if "port" not in values:
            return None
        return Reservation(values["port"], values.get("service", ""), values.get("note", ""), spans["port"])


def _port(node: Node) -> int:
    """A port, RFC 6335 section 6. A quoted number is a port too: compose files taught everybody to quote them."""
    if not isinstance(node, ScalarNode):
        raise Wrong(node, f"expected a port, found {_found(node)}")
    text = value_of(node).strip()
    if not _NUMBER.fullmatch(text):
        raise _not_a_port(node, "a port")
    return _number(node, text)


def _ports(node: Node) -> PortRange:
    """A port, `8000-8009`, or `[8000, 8009]` (first and last)."""
    if isinstance(node, SequenceNode):
        if len(node.items) != 2:
            message = f"a range is [first, last], two ports; found {len(node.items)}"
            raise Wrong(node, message)
        return _ordered(node, _port(node.items[0]), _port(node.items[1]))
    if not isinstance(node, ScalarNode):
        raise Wrong(node, "expected a port or a range such as 8000-8009, found a mapping")
    text = value_of(node).strip()
    if _NUMBER.fullmatch(text):
        port = _number(node, text)
        return PortRange(port, port)
    if (match := _RANGE.fullmatch(text)) is None:
        raise _not_a_port(node, "a port or a range such as 8000-8009")
    return _ordered(node, _number(node, match[1]), _number(node, match[2]))


def _ordered(node: Node, first: int, last: int) -> PortRange:
    if first > last:
        raise Wrong(node, f"the range {first}-{last} is reversed", f"{last}-{first}")
    return PortRange(first, last)


def _number(node: ScalarNode, digits: str) -> int:
    if digits.startswith("0") and len(digits) > 1:
        raise Wrong(node, f"{quoted(digits)} has a leading zero, which YAML 1.1 reads as octal", digits.lstrip("0"))
    port = int(digits) if len(digits) <= 9 else LAST_PORT + 1
    if port == 0:
        raise Wrong(node, "port 0 asks the system for any free port; it cannot be registered")
    if not FIRST_PORT <= port <= LAST_PORT:
        raise Wrong(node, f"port {digits[:20]} is out of range ({FIRST_PORT} to {LAST_PORT})")
    return port


def _not_a_port(node: ScalarNode, expected: str) -> Wrong:
    text = value_of(node).strip()
    if (pair := _PAIR.fullmatch(text)) is not None:
        base_60 = "; YAML 1.1 reads it as one base-60 number" if kind_of(node) == "int" else ""
        message = f"{quoted(text)} is two ports{base_60}; the container's side goes into 'container_port'"
        return Wrong(node, message, pair[1].replace("_", ""))
    if kind_of(node) in ("int", "float") and _NUMBER.fullmatch(plain := text.replace("_", "").removesuffix(".0")):
        return Wrong(node, f"expected {expected}, found {quoted(text)}", plain)
    if (like := _RANGE_LIKE.fullmatch(text)) is not None:
        return Wrong(node, f"expected {expected}, found {quoted(text)}", f"{like[1]}-{like[2]}")
    found = "nothing" if _is_null(node) else quoted(text)
    return Wrong(node, f"expected {expected}, found {found}")


def _text(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise Wrong(node, f"expected text, found {_found(node)}")
    if kind_of(node) in ("int", "float", "bool"):
        raise Wrong(node, f"expected text, found {_found(node)} ({quoted(value_of(node))} without quotes)")
    if kind_of(node) == "null" or not value_of(node).strip():
        raise Wrong(node, "expected text, found nothing")
    return value_of(node)


def _variable(node: Node) -> str:
    """POSIX.1-2017, section 8.1, with lower case allowed."""
    text = _text(node)
    if not _VARIABLE.fullmatch(text):
        reference = _REFERENCE.match(text)
        message = f"{quoted(text)} is not the name of an environment variable"
        raise Wrong(node, message, reference[1] if reference else None)
    return text


def _flag(node: Node) -> bool:
    if not isinstance(node, ScalarNode) or kind_of(node) != "bool":
        found = quoted(value_of(node)) if isinstance(node, ScalarNode) else _found(node)
        word = value_of(node).lower() if isinstance(node, ScalarNode) else ""
        hint = "true" if word in _TRUE else "false" if word in _FALSE else None
        raise Wrong(node, f"expected true or false, found {found}", hint)
    return value_of(node).lower() in _TRUE


def _prefix(node: Node) -> str:
    text = _text(node)
    if not text.startswith("/"):
        raise Wrong(node, f"expected a path that starts with '/', found {quoted(text)}", f"/{text[:60]}")
    return text


def _status(node: Node) -> int:
    """RFC 9110, section 15."""
    if not isinstance(node, ScalarNode) or not re.fullmatch(r"[1-5][0-9][0-9]", value_of(node)):
        found = quoted(value_of(node)) if isinstance(node, ScalarNode) else _found(node)
        raise Wrong(node, f"expected an HTTP status from 100 to 599, found {found}")
    return int(value_of(node))


def _mapping(node: Node, kind: Kind) -> MappingNode:
    if not isinstance(node, MappingNode):
        raise Wrong(node, f"expected {kind.value}, found {_found(node)}")
    return node


def _found(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return _FOUND.get(kind_of(node), "text")
    return "a mapping" if isinstance(node, MappingNode) else "a list"


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and kind_of(node) == "null"


def _not_a_mapping(node: Node, what: str, name: str, key: str) -> Wrong:
    """The error for a bare value where a mapping with one required key is wanted: shows how it is written."""
    shown = "..."
    if isinstance(node, ScalarNode) and (_NUMBER.fullmatch(value_of(node)) or _RANGE.fullmatch(value_of(node))):
        shown = value_of(node)
    return Wrong(node, f"{what} is a mapping, not {_found(node)}; write {name}{{{key}: {shown}}}")


_SINGLE: Mapping[Kind, Callable[[Node], Any]] = {
    Kind.PORT: _port,
    Kind.PORTS: _ports,
    Kind.TEXT: _text,
    Kind.VARIABLE: _variable,
    Kind.FLAG: _flag,
    Kind.PREFIX: _prefix,
    Kind.STATUS: _status,
}
