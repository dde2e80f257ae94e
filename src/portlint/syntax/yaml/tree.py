"""YAML as a light tree of nodes with the byte offsets of their raw text.

The tree is built from the parser's events, never by the loader: the raw text of a scalar is what compose and portlint
mean (`22:22` stays two ports), and the nesting and the aliases are counted before they can do harm. A file that does
not parse is read line by line instead, so that what can be found is found.

Sources: YAML 1.1 and 1.2.2; PyYAML, `yaml.parse`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex
from portlint.model import Problem, Source
from portlint.syntax.yaml import templates as yaml_templates
from portlint.syntax.yaml.events import TooDeep, events

_MOST_ALIASES = 10_000
_BOM = b"\xef\xbb\xbf"

# One byte, one character: the parser counts characters, and every offset here is one of bytes. What is not ASCII and
# what YAML does not allow (control characters) becomes a letter, which never changes the structure.
_ASCII = bytes(
    byte if 0x20 <= byte < 0x7F or byte in b"\t\r\n" else ord("_") for byte in range(256)
)  # fmt: skip

_BLOCK_HEADER = regex(r"[|>][-+0-9]{0,3}[^\n]*(?:\n|$)")
_COMMENT = regex(r"(?:^|(?<=[ \t\n\r]))#[^\r\n]*")


class ScalarNode(Struct, frozen=True):
    """A scalar. start, end: byte offsets, in its source, of its text without quotes or block header; end exclusive."""

    start: int
    end: int
    text: str
    """the raw text between the offsets (Latin-1, escapes and line folds as written)"""
    style: str = "plain"
    """plain, single, double, literal (`|`) or folded (`>`)"""
    tag: str | None = None

    @property
    def block(self) -> bool:
        return self.style in ("literal", "folded")


class SequenceNode(Struct, frozen=True):
    start: int
    end: int
    items: tuple[Node, ...] = ()
    tag: str | None = None


class MappingNode(Struct, frozen=True):
    start: int
    end: int
    pairs: tuple[tuple[Node, Node], ...] = ()
    tag: str | None = None


class AliasNode(Struct, frozen=True):
    """`*name`: the very node that carries the anchor; None where none does before it, or where it holds the alias."""

    start: int
    end: int
    target: ScalarNode | SequenceNode | MappingNode | None


Node = ScalarNode | SequenceNode | MappingNode | AliasNode


class Tree(Struct, frozen=True):
    """What a YAML text holds."""

    source: Source
    documents: tuple[Node, ...] = ()
    problems: tuple[Problem, ...] = ()
    comments: tuple[tuple[int, int], ...] = ()
    """start and end (exclusive) of each comment, from its `#`"""
    tags: tuple[yaml_templates.Tag, ...] = ()
    """the template tags in it"""


def parse(source: Source) -> Tree:
    """The tree of a YAML text (JSON is YAML here). Never raises for what the text holds."""
    data = source.data
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Tree(source, problems=(Problem(source.span(0, 0), "not UTF-8 but UTF-16"),))
    raw = source.text
    text = data.translate(_ASCII).decode("ascii")
    if data.startswith(_BOM):
        text = "\n\n\n" + text[3:]
    found = yaml_templates.tags(text) if "{" in text or "<%" in text else []
    plain = yaml_templates.blanked(text, found)
    builder = first = Builder(raw)
    problem = builder.read(plain)
    problems: list[Problem] = []
    if problem is None:
        documents, scalars = builder.documents, builder.spans
        templates = [tag for tag in found if not _inside_text(tag, builder, text)]
        if templates:
            problems.append(_template(source, templates[0]))
    else:
        at, reason = problem
        documents, scalars, problems = [], [], []
        if "\t" in plain:
            # Tabs for indentation: not YAML, but clear enough to be read.
            builder = Builder(raw)
            if builder.read(plain.replace("\t", " ")) is None:
                documents, scalars = builder.documents, builder.spans
        if not documents:
            from portlint.syntax.yaml.lines import read_lines

            lines = read_lines(raw, plain, first.complete)
            documents = [*first.documents, lines.document]
            scalars = [*(span for span in first.spans if span[0] < first.complete), *lines.spans]
        templates = [tag for tag in found if not yaml_templates.is_expression(text, tag)]
        if templates and not reason.startswith("nested"):
            problems.append(_template(source, templates[0]))
        else:
            at = min(at, len(text))
            problems.append(Problem(source.span(at, at), reason))
    return Tree(source, tuple(documents), tuple(problems), tuple(_comments(plain, scalars)), tuple(found))


def _template(source: Source, tag: yaml_templates.Tag) -> Problem:
    first = source.text.find("\n", tag.start, tag.end)
    end = tag.end if first < 0 else first
    return Problem(source.span(tag.start, end), "a template around YAML, read as far as it goes", partly=True)


def _inside_text(tag: yaml_templates.Tag, builder: Builder, text: str) -> bool:
    """Whether a tag stands in a comment or within a scalar, where it is text and no template around it all."""
    if yaml_templates.is_expression(text, tag):
        return True
    index = bisect_right(builder.spans, (tag.start, len(text))) - 1
    if index >= 0:
        start, end = builder.spans[index]
        if start <= tag.start < end:
            return text[start] in "\"'|>" or (start < tag.start and not tag.silent)
    floor = max(0, tag.start - 1000)
    line = text[text.rfind("\n", floor, tag.start) + 1 or floor : tag.start]
    return line.lstrip().startswith("#") or " #" in line


def _comments(text: str, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The comments between the scalars. spans: of the scalars, quotes and headers included, in order."""
    if "#" not in text:
        return
    gap = 0
    for start, end in [*spans, (len(text), len(text))]:
        if start > gap and text.find("#", gap, start) >= 0:
            for match in _COMMENT.finditer(text, gap, start):
                yield match.start(), match.end()
        if end > start and text[start] in "|>":
            header = _BLOCK_HEADER.match(text, start, end)
            sign = text.find(" #", start, header.end()) if header else -1
            if header and sign >= 0:
                yield sign + 1, len(text[: header.end()].rstrip("\r\n"))
        gap = max(gap, end)


class _Open(Struct):
    """A collection whose end has not come yet."""

    start: int
    tag: str | None
    anchor: str | None
    mapping: bool
    nodes: list[Node] = field(default_factory=list)


class Builder:
    """Nodes from the events of one text. raw: what the nodes' texts are cut from, same length as what is parsed."""

    def __init__(self, raw: str, offset: int = 0) -> None:
        self.raw, self.offset = raw, offset
        self.documents: list[Node] = []
        self.spans: list[tuple[int, int]] = []
        """start and end of each scalar with its quotes or header, in order"""
        self.complete = 0
        """where the last complete document ends"""
        self._anchors: dict[str, ScalarNode | SequenceNode | MappingNode] = {}
        self._open: list[_Open] = []
        self._aliases = 0
        self._at = offset

    def read(self, text: str) -> tuple[int, str] | None:
        """Reads all documents of `text`; the offset and the reason where it has to stop."""
        try:
            for event in events(text):
                reason = self._take(event)
                if reason is not None:
                    return self._at, reason
        except TooDeep as error:
            return error.start + self.offset, str(error)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            return (mark.index if mark else 0) + self.offset, f"not valid YAML: {error.problem or error.context}"
        except yaml.YAMLError as error:
            return self.offset, f"not valid YAML: {str(error).splitlines()[0]}"
        return None

    def _take(self, event: Any) -> str | None:
        start = self._at = event.start_mark.index + self.offset
        end = event.end_mark.index + self.offset
        if isinstance(event, yaml.ScalarEvent):
            self._add(self._scalar(event, start, end), event.anchor)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            self._open.append(_Open(start, event.tag, event.anchor, is_mapping))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close(end)
        elif isinstance(event, yaml.AliasEvent):
            self._aliases += 1
            if self._aliases > _MOST_ALIASES:
                return f"more than {_MOST_ALIASES} aliases"
            self._add(AliasNode(start, end, self._anchors.get(event.anchor or "")), None)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors = {}
        elif isinstance(event, yaml.DocumentEndEvent):
            self.complete = end
        return None

    def _scalar(self, event: Any, start: int, end: int) -> ScalarNode:
        self.spans.append((start, end))
        raw, style = self.raw, event.style
        if style in ("'", '"'):
            # A tag or an anchor before the quote belongs to the event, not to the text.
            first = raw.index(style, start)
            self.spans[-1] = (first, end)
            name = "double" if style == '"' else "single"
            return ScalarNode(first + 1, end - 1, raw[first + 1 : end - 1], name, event.tag)
        if style in ("|", ">"):
            first = raw.index(style, start)
            self.spans[-1] = (first, end)
            header = _BLOCK_HEADER.match(raw, first, end)
            body = header.end() if header else end
            return ScalarNode(body, end, raw[body:end], "literal" if style == "|" else "folded", event.tag)
        start = self._behind_properties(start, end)
        return ScalarNode(start, end, raw[start:end], "plain", event.tag)

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
            closed = MappingNode(opened.start, end, pairs, opened.tag)
        else:
            closed = SequenceNode(opened.start, end, tuple(nodes), opened.tag)
        self._add(closed, opened.anchor)


_PROPERTY = regex(r"[!&][^\s]*[ \t\r\n]*")


def resolved(node: Node | None) -> ScalarNode | SequenceNode | MappingNode | None:
    """The node that is meant: the target of an alias, else the node itself."""
    return node.target if isinstance(node, AliasNode) else node


def key_of(node: Node) -> str:
    """The text of a mapping's key; empty where it is no scalar."""
    node_ = resolved(node)
    return node_.text if isinstance(node_, ScalarNode) else ""


def lookup(node: Node | None, *path: str) -> Node | None:
    """The value at a path of keys, aliases followed; the last of equal keys. None where there is none."""
    for key in path:
        found = resolved(node)
        if not isinstance(found, MappingNode):
            return None
        node = next((value for name, value in reversed(found.pairs) if key_of(name) == key), None)
    return node


def shown(text: str) -> str:
    """The text of a node as a person reads it."""
    return text if text.isascii() else text.encode("latin-1", "replace").decode("utf-8", "replace")


def text_of(node: Node | None) -> str | None:
    """The text of a scalar, aliases followed; None for anything else and for an empty one."""
    found = resolved(node)
    return found.text.strip() or None if isinstance(found, ScalarNode) else None
