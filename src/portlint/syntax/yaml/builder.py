"""Nodes from the events of YAML, whatever the text is read for."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import Any

import yaml
from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex
from portlint.syntax.yaml.events import YamlError, events
from portlint.syntax.yaml.nodes import AliasNode, MappingNode, Node, ScalarNode, SequenceNode

MOST_ALIASES = 10_000
"""in a text of anybody's"""
BLOCK_HEADER = regex(r"[|>][-+0-9]{0,3}[^\n]*(?:\n|$)")
_PROPERTY = regex(r"[!&][^\s]*[ \t\r\n]*")


class TooManyAliases(YamlError):  # noqa: N818
    """start, end: of the first alias beyond those that are allowed."""


class _Open(Struct):
    """A collection whose end has not come yet."""

    start: int
    tag: str | None
    anchor: str | None
    mapping: bool
    nodes: list[Node] = field(default_factory=list)


class Builder:
    """Nodes from the events of one text. All its positions are byte offsets."""

    def __init__(
        self, raw: str, offset: int = 0, *, most_aliases: int | None = MOST_ALIASES, exact: bool = False
    ) -> None:
        """raw: what the nodes' texts are cut from, one character for each byte. offset: where the text begins in it.

        exact: whether the text is `raw` decoded, and no other one of the same length; the nodes then have their values.
        """
        self.raw, self.offset = raw, offset
        self.documents: list[Node] = []
        self.openings: list[tuple[int, int]] = []
        """start and end of what begins each document: its `---`, or nothing"""
        self.spans: list[tuple[int, int]] = []
        """start and end of each scalar with its quotes or header, in order"""
        self.complete = 0
        """where the last complete document ends"""
        self._most_aliases, self._exact = most_aliases, exact
        self._offsets: array[int] | None = None
        self._anchors: dict[str, ScalarNode | SequenceNode | MappingNode] = {}
        self._open: list[_Open] = []
        self._aliases = 0

    @property
    def unfinished(self) -> tuple[Node, ...]:
        """The complete nodes within what is still open, in the order of the text."""
        return tuple(node for opened in self._open for node in opened.nodes)

    def read(self, text: str) -> None:
        """Reads all documents of a text. Raises YamlError where it has to stop; what came before is kept."""
        if self._exact and not text.isascii():
            sizes = (1 if c < "\x80" else 2 if c < "\u0800" else 3 if c < "\U00010000" else 4 for c in text)
            self._offsets = array("L", accumulate(sizes, initial=0))
        try:
            for event in events(text):
                self._take(event)
        except TooManyAliases:
            raise
        except YamlError as error:
            error.start, error.end = self._place(error.start), self._place(error.end)
            raise

    def _place(self, index: int) -> int:
        return self.offset + (index if self._offsets is None else self._offsets[index])

    def _take(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if self._offsets is not None:
            start, end = self._offsets[start], self._offsets[end]
        start, end = start + self.offset, end + self.offset
        if isinstance(event, yaml.ScalarEvent):
            self._add(self._scalar(event, start, end), event.anchor)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            self._open.append(_Open(start, event.tag, event.anchor, is_mapping))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close(end)
        elif isinstance(event, yaml.AliasEvent):
            self._aliases += 1
            if self._most_aliases is not None and self._aliases > self._most_aliases:
                raise TooManyAliases(f"more than {self._most_aliases} aliases", start, end)
            name = event.anchor or ""
            self._add(AliasNode(start, end, name, self._anchors.get(name)), None)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors = {}
            self.openings.append((start, end))
        elif isinstance(event, yaml.DocumentEndEvent):
            self.complete = end

    def _scalar(self, event: Any, start: int, end: int) -> ScalarNode:
        raw, style = self.raw, event.style
        opening, value = (start, event.value) if self._exact else (None, None)
        if style in ("'", '"'):
            # A tag or an anchor before the quote belongs to the event, not to the text.
            first = raw.index(style, start)
            self.spans.append((first, end))
            name = "double" if style == '"' else "single"
            text = raw[first + 1 : end - 1]
            return ScalarNode(first + 1, end - 1, text, name, event.tag, event.anchor, opening, value)
        if style in ("|", ">"):
            first = raw.index(style, start)
            self.spans.append((first, end))
            header = BLOCK_HEADER.match(raw, first, end)
            body = header.end() if header else end
            name = "literal" if style == "|" else "folded"
            return ScalarNode(body, end, raw[body:end], name, event.tag, event.anchor, opening, value)
        self.spans.append((start, end))
        start = self._behind_properties(start, end)
        return ScalarNode(start, end, raw[start:end], "plain", event.tag, event.anchor, opening, value)

    def _behind_properties(self, start: int, end: int) -> int:
        while start < end and self.raw[start] in "!&":
            match = _PROPERTY.match(self.raw, start, end)
            if match is None:
                break
            start = match.end()
        return start

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None and not isinstance(node, AliasNode):
            self._anchors[anchor] = node
        if self._open:
            self._open[-1].nodes.append(node)
        else:
            self.documents.append(node)

    def _close(self, end: int) -> None:
        opened = self._open.pop()
        nodes = opened.nodes
        closed: SequenceNode | MappingNode
        if opened.mapping:
            pairs = tuple(zip(nodes[::2], nodes[1::2], strict=False))
            closed = MappingNode(opened.start, end, pairs, opened.tag, opened.anchor)
        else:
            closed = SequenceNode(opened.start, end, tuple(nodes), opened.tag, opened.anchor)
        self._add(closed, opened.anchor)
