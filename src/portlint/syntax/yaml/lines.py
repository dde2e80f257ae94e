"""YAML that does not parse, read line by line: keys, list items and values by their indentation.

It makes the same nodes as the parser, so that everything else reads them alike. It is a guess by design: no anchors,
no tags, and text that fits nowhere becomes an item under the last open key.
"""

from __future__ import annotations

from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex
from portlint.syntax.yaml.builder import Builder
from portlint.syntax.yaml.events import DEEPEST, YamlError
from portlint.syntax.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_KEY = regex(r"(?:\"([^\"\n]{1,200})\"|'([^'\n]{1,200})'|([^\s\"'#,\[\]{}&*!|>%@`-][^:\n]{0,200}))[ \t]*:(?=\s|$)")
_BLOCK = regex(r"[|>][-+0-9]{0,3}[ \t]*(?:#.*)?$")
_COMMENT = regex(r"(?:^|[ \t])#.*$")
_PROPERTIES = regex(r"(?:[&!][^\s]{0,100}(?:[ \t]+|$)){0,2}")
_MOST_FLOWS = 2000
"""flow collections that are parsed, each on its own"""


class _Level(Struct):
    """A collection that lines are added to."""

    indent: int
    start: int
    pairs: list[tuple[ScalarNode, _Level | Node]] = field(default_factory=list)
    items: list[_Level | Node] = field(default_factory=list)


class LineTree(Struct):
    document: Node
    spans: list[tuple[int, int]]
    """start and end of each scalar, in order"""


def read_lines(raw: str, text: str, start: int = 0) -> LineTree:
    """The nodes of a text that is no YAML, from an offset on. raw: what the nodes' texts are cut from, as long."""
    reader = _Reader(raw, text)
    reader.run(start)
    return LineTree(_closed(reader.root, len(text)), reader.spans)


def _closed(level: _Level | Node, end: int) -> Node:
    if not isinstance(level, _Level):
        return level
    if level.pairs:
        pairs: list[tuple[Node, Node]] = [(key, _closed(value, end)) for key, value in level.pairs]
        # Text beside the keys has no key of its own; an empty one keeps it readable.
        pairs += [(ScalarNode(level.start, level.start, ""), _closed(item, end)) for item in level.items]
        return MappingNode(level.start, end, tuple(pairs))
    if len(level.items) == 1 and not isinstance(level.items[0], _Level):
        return level.items[0]
    if level.items:
        return SequenceNode(level.start, end, tuple(_closed(item, end) for item in level.items))
    return ScalarNode(level.start, level.start, "")


class _Reader:
    def __init__(self, raw: str, text: str) -> None:
        self.raw, self.text = raw, text
        self.root = _Level(-1, 0)
        self.stack = [self.root]
        self.spans: list[tuple[int, int]] = []
        self.flows = 0

    def run(self, position: int) -> None:
        text = self.text
        while position < len(text):
            stop = text.find("\n", position)
            stop = len(text) if stop < 0 else stop
            position = self._line(position, stop)

    def _line(self, start: int, stop: int) -> int:
        """Takes one line, or a block scalar with its lines; the offset of the next line."""
        line = self.text[start:stop].rstrip()
        content = line.lstrip(" \t")
        if not content or content.startswith("#") or content in ("---", "..."):
            return stop + 1
        width = len(line) - len(content)
        column = len(line[:width].expandtabs(8))
        at = start + width
        end = start + len(line)
        level = self._level(column, dash=content[0] == "-" and content[1:2] in ("", " ", "\t"))
        while content.startswith("-") and content[1:2] in ("", " ", "\t"):
            content = content[1:].lstrip(" \t")
            item = _Level(column + end - len(content) - at if content else column + 1, at)
            column = item.indent
            if len(self.stack) > DEEPEST:
                break
            level.items.append(item)
            self.stack.append(item)
            level = item
            at = end - len(content)
        if not content or content.startswith("#"):
            return stop + 1
        key = _KEY.match(self.text, at, end)
        if key is None:
            self._scalar(level, at, end)
            return stop + 1
        group = key.lastindex or 0
        name = ScalarNode(key.start(group), key.end(group), self.raw[key.start(group) : key.end(group)])
        self.spans.append((key.start(), key.end() - 1))
        value = self._skip_properties(key.end(), end)
        if _BLOCK.match(self.text, value, end):
            return self._block(level, name, stop + 1, column)
        child = _Level(column + 1, value)
        level.pairs.append((name, child))
        if len(self.stack) <= DEEPEST:
            self.stack.append(child)
        if value < end and self.text[value] != "#":
            self._scalar(child, value, end)
        return stop + 1

    def _skip_properties(self, position: int, end: int) -> int:
        while position < end and self.text[position] in " \t":
            position += 1
        match = _PROPERTIES.match(self.text, position, end)
        return match.end() if match else position

    def _level(self, column: int, *, dash: bool) -> _Level:
        """The collection that a line at this column belongs to."""
        while len(self.stack) > 1 and self.stack[-1].indent > column + dash:
            self.stack.pop()
        return self.stack[-1]

    def _block(self, level: _Level, name: ScalarNode, position: int, column: int) -> int:
        """A block scalar: the lines that are indented more than its key."""
        text, start = self.text, position
        while position < len(text):
            stop = text.find("\n", position)
            stop = len(text) if stop < 0 else stop
            line = text[position:stop]
            content = line.lstrip(" \t")
            if content.strip() and len(line[: len(line) - len(content)].expandtabs(8)) <= column:
                break
            position = stop + 1
        end = min(position, len(text))
        level.pairs.append((name, ScalarNode(start, end, self.raw[start:end], "literal")))
        self.spans.append((start, end))
        return position

    def _scalar(self, level: _Level, start: int, end: int) -> None:
        """A value, or a flow collection that fits on its line."""
        comment = _COMMENT.search(self.text, start, end) if "#" in self.text[start:end] else None
        if comment and comment.start() > start and self.text[start] not in "\"'":
            end = start + len(self.text[start : comment.start()].rstrip())
        if self.text[start] + self.text[end - 1] in ("[]", "{}") and self.flows < _MOST_FLOWS:
            self.flows += 1
            flow = self._flow(start, end)
            if flow is not None:
                _put(level, flow)
                return
        quote = self.text[start]
        if quote in "\"'":
            close = self.text.find(quote, start + 1, end)
            if close > 0:
                self.spans.append((start, close + 1))
                style = "double" if quote == '"' else "single"
                _put(level, ScalarNode(start + 1, close, self.raw[start + 1 : close], style))
                return
        value = self.raw[start:end].rstrip(" \t\r,")
        if value:
            self.spans.append((start, start + len(value)))
            _put(level, ScalarNode(start, start + len(value), value))

    def _flow(self, start: int, end: int) -> Node | None:
        builder = Builder(self.raw, start)
        try:
            builder.read(self.text[start:end])
        except YamlError:
            return None
        self.spans += builder.spans if builder.documents else []
        return builder.documents[0] if builder.documents else None


def _put(level: _Level, node: Node) -> None:
    level.items.append(node)
