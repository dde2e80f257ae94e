"""YAML of any file, as far as it can be read: with templates around it, not UTF-8, or broken.

The raw text of a scalar is what compose and portlint mean: `22:22` stays two ports. A file that does not parse is read
line by line instead, so that what can be found is found.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.model import Problem, Source
from portlint.syntax.yaml import templates as yaml_templates
from portlint.syntax.yaml.builder import BLOCK_HEADER, Builder
from portlint.syntax.yaml.events import TooDeep, YamlError
from portlint.syntax.yaml.lines import read_lines
from portlint.syntax.yaml.nodes import Node

_BOM = b"\xef\xbb\xbf"

# One byte, one character: the parser counts characters, and every offset here is one of bytes. What is not ASCII and
# what YAML does not allow (control characters) becomes a letter, which never changes the structure.
_ASCII = bytes(
    byte if 0x20 <= byte < 0x7F or byte in b"\t\r\n" else ord("_") for byte in range(256)
)  # fmt: skip

_COMMENT = regex(r"(?:^|(?<=[ \t\n\r]))#[^\r\n]*")


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
    builder, problems = Builder(raw), list[Problem]()
    try:
        builder.read(plain)
    except YamlError as error:
        documents, scalars = _mended(raw, plain, builder)
        templates = [tag for tag in found if not yaml_templates.is_expression(text, tag)]
        if templates and not isinstance(error, TooDeep):
            problems.append(_template(source, templates[0]))
        else:
            at = min(error.start, len(text))
            problems.append(Problem(source.span(at, at), str(error)))
    else:
        documents, scalars = builder.documents, builder.spans
        templates = [tag for tag in found if not _inside_text(tag, builder, text)]
        if templates:
            problems.append(_template(source, templates[0]))
    return Tree(source, tuple(documents), tuple(problems), tuple(_comments(plain, scalars)), tuple(found))


def _mended(raw: str, text: str, found: Builder) -> tuple[list[Node], list[tuple[int, int]]]:
    """The documents of a text that is no YAML, and the start and end of each scalar. found: what came before."""
    if "\t" in text:
        # Tabs for indentation: not YAML, but clear enough to be read.
        builder = Builder(raw)
        with suppress(YamlError):
            builder.read(text.replace("\t", " "))
            if builder.documents:
                return builder.documents, builder.spans
    lines = read_lines(raw, text, found.complete)
    scalars = [*(span for span in found.spans if span[0] < found.complete), *lines.spans]
    return [*found.documents, lines.document], scalars


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
            header = BLOCK_HEADER.match(text, start, end)
            sign = text.find(" #", start, header.end()) if header else -1
            if header and sign >= 0:
                yield sign + 1, len(text[: header.end()].rstrip("\r\n"))
        gap = max(gap, end)
