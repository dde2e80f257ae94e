"""The nodes of YAML: scalars, sequences, mappings and aliases, with the byte offsets of their raw text."""

from __future__ import annotations

from msgspec import Struct


class ScalarNode(Struct, frozen=True):
    """A scalar. start, end: byte offsets, in its source, of its text without quotes or block header; end exclusive."""

    start: int
    end: int
    text: str
    """the raw text between the offsets (Latin-1, escapes and line folds as written)"""
    style: str = "plain"
    """plain, single, double, literal (`|`) or folded (`>`)"""
    tag: str | None = None
    anchor: str | None = None
    opening: int | None = None
    """byte offset of its anchor, tag, quote or header, whichever comes first; None where it was not read exactly"""
    value: str | None = None
    """what the text stands for, escapes and line folds resolved; None where it was not read exactly"""

    @property
    def block(self) -> bool:
        return self.style in ("literal", "folded")


class SequenceNode(Struct, frozen=True):
    """start, end: byte offsets, from its anchor or tag on; end exclusive."""

    start: int
    end: int
    items: tuple[Node, ...] = ()
    tag: str | None = None
    anchor: str | None = None


class MappingNode(Struct, frozen=True):
    """start, end: byte offsets, from its anchor or tag on; end exclusive."""

    start: int
    end: int
    pairs: tuple[tuple[Node, Node], ...] = ()
    tag: str | None = None
    anchor: str | None = None


class AliasNode(Struct, frozen=True):
    """`*name`: the very node that carries the anchor; None where none does before it, or where it holds the alias."""

    start: int
    end: int
    name: str
    target: ScalarNode | SequenceNode | MappingNode | None


Node = ScalarNode | SequenceNode | MappingNode | AliasNode


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


def value_of(node: ScalarNode) -> str:
    """What a scalar stands for, as far as it was read exactly; else its text."""
    return node.text if node.value is None else node.value
