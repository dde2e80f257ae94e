"""YAML as a tree of nodes that keep their place: raw scalars, aliases resolved, merge keys applied.

The tree is made from the parser's events and not from its values: a loader would turn `22:22` into 1342 and drop
the first of two equal keys. Hostile input meets three walls: a cap on the size, on the depth of nesting, and on the
number of nodes that aliases and merge keys stand for. Nothing here recurses.

Sources: YAML 1.1 (https://yaml.org/spec/1.1/), whose scalar types PyYAML follows, and its merge key
(https://yaml.org/type/merge.html).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import yaml
from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex
from portlint.model import NOWHERE, LineIndex, Span
from portlint.registry.errors import Errors, Wrong, nearest, quoted
from portlint.syntax.yaml.events import DEEPEST, TooDeep, events

MAX_BYTES = 1_000_000
"""A registry of a thousand entries takes a quarter of this."""
MAX_ALIASED = 100_000
"""nodes that aliases and merge keys may stand for, all together"""

_CORE = "tag:yaml.org,2002:"
_PROPERTIES = regex(r"(?:[&!]\S*\s+)+")
_resolve: Callable[..., str] = yaml.resolver.Resolver().resolve


class Scalar(Struct, frozen=True):
    span: Span
    """the text, without quotes"""
    text: str
    kind: str
    """what YAML 1.1 takes it for: str, int, float, bool, null, timestamp, merge, value, binary"""


class Sequence(Struct, frozen=True):
    span: Span
    items: tuple[Node, ...]
    size: int
    """nodes in the tree below, this one included; an alias counts as what it stands for"""


class Pair(Struct, frozen=True):
    key: Scalar
    value: Node


class Mapping(Struct, frozen=True):
    span: Span
    pairs: tuple[Pair, ...]
    """in the order of the file, each key once; what `<<` brings in comes last"""
    size: int


Node = Scalar | Sequence | Mapping


class _Open(Struct):
    """A collection whose end has not come yet."""

    event: yaml.CollectionStartEvent
    start: int
    """index of its first character, behind anchor and tag"""
    nodes: list[Node] = field(default_factory=list)


def parse(data: bytes, errors: Errors) -> Node | None:
    """The root node of the one document in `data`, or None where there is none; what is wrong goes to `errors`."""
    if len(data) > MAX_BYTES:
        errors.add(NOWHERE, f"the registry is larger than {MAX_BYTES} bytes")
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        errors.add(NOWHERE, "the registry is UTF-16 text; save it as UTF-8")
        return None
    places = LineIndex(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        span = places.span(error.start, error.start)
        errors.add(span, f"the registry is not UTF-8 text (byte 0x{data[error.start]:02x})")
        return None
    builder = _Builder(data, text, places, errors)
    try:
        return builder.document()
    except Wrong as wrong:
        errors.take(wrong)
    except TooDeep as error:
        errors.add(builder.span(error.start, error.end), f"nested more than {DEEPEST} levels deep")
    except yaml.MarkedYAMLError as error:
        errors.add(*builder.syntax_error(error))
    except yaml.reader.ReaderError as error:
        start = builder.bom + error.position  # libyaml counts this one in bytes
        errors.add(places.span(start, start), f"not YAML: {error.reason} (character {error.character:#04x})")
    return None


class _Builder:
    """Makes nodes of events. An index is a position in characters, as the events' marks have it."""

    def __init__(self, data: bytes, text: str, places: LineIndex, errors: Errors) -> None:
        self.bom = 3 if text.startswith("\ufeff") else 0
        self._data = data
        self._text = text.removeprefix("\ufeff")
        self._places = places
        self._errors = errors
        self._anchors: dict[str, Node] = {}
        self._aliased = 0
        self._offsets: list[int] | None = None
        if not self._text.isascii():
            sizes = (1 if c < "\x80" else 2 if c < "\u0800" else 3 if c < "\U00010000" else 4 for c in self._text)
            self._offsets = list(accumulate(sizes, initial=0))

    def span(self, start: int, end: int) -> Span:
        """The span of two indexes, cut at the end of the line that it starts on."""
        if self._offsets is not None:
            start, end = self._offsets[start], self._offsets[end]
        start, end = start + self.bom, end + self.bom
        span = self._places.span(start, end)
        starts = self._places.starts
        if span.line < len(starts) and end >= starts[span.line]:
            end = start + len(self._data[start : starts[span.line]].rstrip())
            span = self._places.span(start, end)
        return span

    def syntax_error(self, error: yaml.MarkedYAMLError) -> tuple[Span, str]:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            return NOWHERE, f"not YAML: {error.problem}"
        if self._text.startswith("\t", mark.index):
            return self.span(mark.index, mark.index + 1), "not YAML: a tab; indent with spaces"
        context = f" ({error.context})" if error.context else ""
        return self.span(mark.index, mark.index), f"not YAML: {error.problem}{context}"

    def document(self) -> Node | None:
        """The root. Raises Wrong where no tree can be made of it, TooDeep, and what the parser raises (YAMLError)."""
        stack: list[_Open] = []
        root: Node | None = None
        for event in events(self._text):
            node: Node
            if isinstance(event, yaml.CollectionStartEvent):
                stack.append(_Open(event, self._content_start(event)))
                continue
            if isinstance(event, yaml.CollectionEndEvent):
                opened = stack.pop()
                node = self._collection(opened, event)
                if opened.event.anchor:
                    self._anchors[opened.event.anchor] = node
            elif isinstance(event, yaml.AliasEvent):
                node = self._alias(event)
            elif isinstance(event, yaml.ScalarEvent):
                node = self._scalar(event)
                if event.anchor:
                    self._anchors[event.anchor] = node
            elif isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise Wrong(self._event_span(event), "a second YAML document begins here; a registry is one document")
            else:
                continue
            if stack:
                stack[-1].nodes.append(node)
            else:
                root = node
        return root

    def _event_span(self, event: yaml.Event) -> Span:
        return self.span(_index(event.start_mark), _index(event.end_mark))

    def _content_start(self, event: yaml.NodeEvent) -> int:
        """Where a node begins behind its anchor and tag, which libyaml counts as part of the event."""
        start = _index(event.start_mark)
        tag = getattr(event, "tag", None)
        if (event.anchor or tag) and (properties := _PROPERTIES.match(self._text, start, _index(event.end_mark))):
            start = properties.end()
        return start

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        span = self.span(self._content_start(event), _index(event.end_mark))
        if event.style in ("'", '"') and self._data[span.end - 1 : span.end] == event.style.encode():
            span = Span(span.start + 1, max(span.start + 1, span.end - 1), span.line, span.column + 1)
        tag: str = event.tag or _resolve(yaml.ScalarNode, event.value, event.implicit)
        if not tag.startswith(_CORE):
            if tag != "!":  # the non-specific tag: text
                self._errors.add(span, f"the tag {quoted(tag)} means nothing in a registry")
            tag = f"{_CORE}str"
        return Scalar(span, event.value, tag.removeprefix(_CORE))

    def _alias(self, event: yaml.AliasEvent) -> Node:
        """What the alias stands for. A scalar gets the alias's own place: that is where an entry says it."""
        span = self._event_span(event)
        name = event.anchor or ""
        node = self._anchors.get(name)
        if node is None:
            raise Wrong(span, f"no anchor {quoted(name)} ends before this alias", nearest(name, self._anchors))
        if isinstance(node, Scalar):
            return Scalar(span, node.text, node.kind)
        self._count(span, node.size)
        return node

    def _count(self, span: Span, nodes: int) -> None:
        self._aliased += nodes
        if self._aliased > MAX_ALIASED:
            raise Wrong(span, f"aliases and merge keys stand for more than {MAX_ALIASED} nodes")

    def _collection(self, opened: _Open, event: yaml.CollectionEndEvent) -> Node:
        span = self.span(opened.start, _index(event.end_mark))
        if isinstance(opened.event, yaml.MappingStartEvent):
            return self._mapping(span, opened.nodes)
        return Sequence(span, tuple(opened.nodes), 1 + sum(_size(node) for node in opened.nodes))

    def _mapping(self, span: Span, nodes: list[Node]) -> Mapping:
        pairs: dict[str, Pair] = {}
        merged: list[Mapping] = []
        for key, value in zip(nodes[::2], nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._errors.add(key.span, "a key must be a word")
            elif key.kind == "merge":
                merged += self._merge_sources(value)
            elif (first := pairs.get(key.text)) is not None:
                message = f"duplicate key {quoted(key.text)} (the first is on line {first.key.span.line})"
                self._errors.add(key.span, message)
            else:
                pairs[key.text] = Pair(key, value)
        for source in merged:
            self._count(span, source.size)
            for pair in source.pairs:
                pairs.setdefault(pair.key.text, pair)
        return Mapping(span, tuple(pairs.values()), 1 + sum(1 + _size(pair.value) for pair in pairs.values()))

    def _merge_sources(self, value: Node) -> list[Mapping]:
        """The mappings behind a `<<`, the strongest first."""
        nodes = value.items if isinstance(value, Sequence) else (value,)
        for node in nodes:
            if not isinstance(node, Mapping):
                self._errors.add(node.span, "'<<' takes a mapping or a list of mappings")
        return [node for node in nodes if isinstance(node, Mapping)]


def _size(node: Node) -> int:
    return 1 if isinstance(node, Scalar) else node.size


def _index(mark: Any) -> int:
    """The mark's index; the stubs say that there may be no mark, the parser always gives one."""
    return int(mark.index)
