"""The YAML document that a registry is: each key once, aliases and merge keys applied, every node with its place.

Hostile input meets three walls: a cap on the size, on the depth of nesting (`syntax.yaml.events`), and on the number of
nodes that aliases and merge keys stand for.

Source: the merge key of YAML 1.1, https://yaml.org/type/merge.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.model import NOWHERE, LineIndex, Span
from portlint.registry.errors import Errors, Wrong, nearest, quoted
from portlint.syntax.yaml.events import DEEPEST, NotYaml, YamlError
from portlint.syntax.yaml.exact import Exact, read_exactly
from portlint.syntax.yaml.kinds import is_core, kind_of, tag_of
from portlint.syntax.yaml.nodes import AliasNode, MappingNode, Node, ScalarNode, SequenceNode, value_of

MAX_BYTES = 1_000_000
"""A registry of a thousand entries takes a quarter of this."""
MAX_ALIASED = 100_000
"""nodes that aliases and merge keys may stand for, all together"""

_PROPERTY = regex(rb"[&!]\S*\s+")
_QUOTES = {"single": b"'", "double": b'"'}


class Places:
    """Where the nodes of a text stand."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._lines = LineIndex(data)

    def of(self, node: Node) -> Span:
        """The span of a node without its anchor, tag and quotes, cut at the end of the line that it starts on."""
        start, end, quote = node.start, node.end, b""
        if isinstance(node, ScalarNode):
            start = start if node.opening is None else node.opening
            quote = _QUOTES.get(node.style, b"")
            end += len(quote)
        if not isinstance(node, AliasNode):
            for _ in range((node.anchor is not None) + (node.tag is not None)):
                known = _PROPERTY.match(self._data, start, end)
                start = known.end() if known else start
        span = self.span(start, end)
        if quote and self._data[span.end - 1 : span.end] == quote:
            return Span(span.start + 1, max(span.start + 1, span.end - 1), span.line, span.column + 1)
        return span

    def span(self, start: int, end: int) -> Span:
        """The span of two byte offsets, cut at the end of the line that it starts on."""
        span = self._lines.span(start, end)
        starts = self._lines.starts
        if span.line < len(starts) and end >= starts[span.line]:
            end = start + len(self._data[start : starts[span.line]].rstrip())
            span = self._lines.span(start, end)
        return span

    def starts_with_tab(self, offset: int) -> bool:
        return self._data.startswith(b"\t", offset)


class Document(Struct, frozen=True):
    """root: None where nothing can be made of the text. It holds no alias, and no key but scalars."""

    root: Node | None
    places: Places


def read_document(data: bytes, errors: Errors) -> Document:
    """The one document in `data`; what is wrong goes to `errors`."""
    places = Places(data)
    exact = _exact(data, places, errors)
    if exact is None:
        return Document(None, places)
    resolver = _Resolver(places, errors)
    try:
        nodes = [resolver.resolved(node) for node in exact.documents[:1] or exact.unfinished]
        if len(exact.openings) > 1:
            second = places.span(*exact.openings[1])
            errors.add(second, "a second YAML document begins here; a registry is one document")
        elif exact.fault is not None:
            errors.add(*_syntax_error(exact.fault, places))
        elif nodes:
            return Document(nodes[0], places)
    except Wrong as wrong:
        errors.take(wrong, places.of(wrong.node))
    return Document(None, places)


def entries(node: MappingNode) -> Iterator[tuple[ScalarNode, Node]]:
    """The keys and values of a mapping of a document: in the order of the file, what `<<` brings in last."""
    for key, value in node.pairs:
        if isinstance(key, ScalarNode):
            yield key, value


def _exact(data: bytes, places: Places, errors: Errors) -> Exact | None:
    if len(data) > MAX_BYTES:
        errors.add(NOWHERE, f"the registry is larger than {MAX_BYTES} bytes")
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        errors.add(NOWHERE, "the registry is UTF-16 text; save it as UTF-8")
        return None
    try:
        return read_exactly(data)
    except UnicodeDecodeError as error:
        span = places.span(error.start, error.start)
        errors.add(span, f"the registry is not UTF-8 text (byte 0x{data[error.start]:02x})")
        return None


def _syntax_error(error: YamlError, places: Places) -> tuple[Span, str]:
    if not isinstance(error, NotYaml):
        return places.span(error.start, error.end), f"nested more than {DEEPEST} levels deep"
    if places.starts_with_tab(error.start):
        return places.span(error.start, error.start + 1), "not YAML: a tab; indent with spaces"
    context = f" ({error.context})" if error.context else ""
    return places.span(error.start, error.end), f"not YAML: {error.problem}{context}"


class _Resolver:
    """Makes nodes without aliases and merge keys, each node after those that it holds, as they are written."""

    def __init__(self, places: Places, errors: Errors) -> None:
        self._places = places
        self._errors = errors
        self._anchors: dict[str, Node] = {}
        self._aliased = 0
        self._sizes: dict[int, tuple[int, Node]] = {}
        """by the identity of a collection: the nodes in the tree below, itself included, and the collection"""

    def resolved(self, node: Node) -> Node:
        """Raises Wrong where nothing can be made of it."""
        if isinstance(node, AliasNode):
            return self._target(node)
        found: Node
        if isinstance(node, ScalarNode):
            found = self._scalar(node)
        elif isinstance(node, SequenceNode):
            found = replace(node, items=tuple(self.resolved(item) for item in node.items))
            self._sizes[id(found)] = 1 + sum(self._size(item) for item in found.items), found
        else:
            found = self._mapping(node)
        if node.anchor:
            self._anchors[node.anchor] = found
        return found

    def _scalar(self, node: ScalarNode) -> ScalarNode:
        if node.tag is not None and not is_core(node.tag) and node.tag != "!":  # the non-specific tag: text
            self._errors.add(self._places.of(node), f"the tag {quoted(node.tag)} means nothing in a registry")
        return node

    def _target(self, alias: AliasNode) -> Node:
        """What an alias stands for. A scalar gets the alias's own place: that is where an entry says it."""
        node = self._anchors.get(alias.name)
        if node is None:
            message = f"no anchor {quoted(alias.name)} ends before this alias"
            raise Wrong(alias, message, nearest(alias.name, self._anchors))
        if isinstance(node, ScalarNode):
            return ScalarNode(alias.start, alias.end, node.text, tag=tag_of(kind_of(node)), value=value_of(node))
        self._count(alias, node)
        return node

    def _count(self, where: Node, node: Node) -> None:
        self._aliased += self._size(node)
        if self._aliased > MAX_ALIASED:
            raise Wrong(where, f"aliases and merge keys stand for more than {MAX_ALIASED} nodes")

    def _size(self, node: Node) -> int:
        return 1 if isinstance(node, ScalarNode) else self._sizes[id(node)][0]

    def _mapping(self, node: MappingNode) -> MappingNode:
        pairs: dict[str, tuple[ScalarNode, Node]] = {}
        merged: list[MappingNode] = []
        # All of it before anything is said of the keys.
        held = [(self.resolved(key), self.resolved(value)) for key, value in node.pairs]
        for key, value in held:
            if not isinstance(key, ScalarNode):
                self._errors.add(self._places.of(key), "a key must be a word")
            elif kind_of(key) == "merge":
                merged += self._merge_sources(value)
            elif (first := pairs.get(value_of(key))) is not None:
                line = self._places.of(first[0]).line
                message = f"duplicate key {quoted(value_of(key))} (the first is on line {line})"
                self._errors.add(self._places.of(key), message)
            else:
                pairs[value_of(key)] = key, value
        for source in merged:
            self._count(node, source)
            for key, value in entries(source):
                pairs.setdefault(value_of(key), (key, value))
        found = replace(node, pairs=tuple(pairs.values()))
        self._sizes[id(found)] = 1 + sum(1 + self._size(value) for _, value in pairs.values()), found
        return found

    def _merge_sources(self, value: Node) -> list[MappingNode]:
        """The mappings behind a `<<`, the strongest first."""
        nodes = value.items if isinstance(value, SequenceNode) else (value,)
        for node in nodes:
            if not isinstance(node, MappingNode):
                self._errors.add(self._places.of(node), "'<<' takes a mapping or a list of mappings")
        return [node for node in nodes if isinstance(node, MappingNode)]
