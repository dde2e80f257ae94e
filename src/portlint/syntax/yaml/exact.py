"""YAML for those who must not guess: UTF-8 as it is written, no template in it, and the values that YAML gives.

The values of scalars, not those of a loader: that one turns `22:22` into 1342 and drops the first of two equal keys.
"""

from __future__ import annotations

from codecs import BOM_UTF8

from msgspec import Struct

from portlint.syntax.yaml.builder import Builder
from portlint.syntax.yaml.events import YamlError
from portlint.syntax.yaml.nodes import Node


class Exact(Struct, frozen=True):
    """What a text holds, up to where it is no YAML. All positions are byte offsets."""

    documents: tuple[Node, ...]
    openings: tuple[tuple[int, int], ...]
    """start and end of what begins each document: its `---`, or nothing"""
    unfinished: tuple[Node, ...] = ()
    """the complete nodes of the document that is not, in the order of the text"""
    fault: YamlError | None = None
    """what is wrong, and where; TooDeep or NotYaml"""


def read_exactly(data: bytes) -> Exact:
    """The nodes of a text in UTF-8, with or without a byte order mark. Raises UnicodeDecodeError.

    Aliases are not counted: whoever follows them does.
    """
    text = data.decode("utf-8")
    raw = data.decode("latin-1")
    builder = Builder(raw, len(BOM_UTF8) if data.startswith(BOM_UTF8) else 0, most_aliases=None, exact=True)
    fault = None
    try:
        builder.read(text.removeprefix("\ufeff"))
    except YamlError as error:
        fault = error
    return Exact(tuple(builder.documents), tuple(builder.openings), builder.unfinished, fault)
