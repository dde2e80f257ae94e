"""Changes the text of a registry and nothing else in it: comments, order and quotes stay.

An entry is put in as lines of text behind the last one. Where the mapping is not written in lines (`ports: {...}`),
ruamel.yaml writes it anew. What comes out is read again and has to say what was meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Any

from msgspec.structs import fields

from portlint.model import Entry, Registry
from portlint.registry import load_registry
from portlint.registry.document import Places, entries, read_document
from portlint.registry.draft import Draft
from portlint.registry.errors import Errors
from portlint.registry.writing import entry_lines
from portlint.syntax.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, value_of


class EditError(ValueError):
    """The registry cannot be changed so that it still says what it said."""


def with_entries(path: str, data: bytes, drafts: Sequence[Draft]) -> bytes:
    """The registry with more entries at the end of `ports`.

    data: a registry that `load_registry` reads. Raises EditError where it cannot be changed safely.
    """
    before, errors = load_registry(path, data)
    if before is None:
        raise EditError(f"{path} cannot be used: {errors[0]}")
    for change in (_spliced, _rewritten):
        changed = change(path, data, drafts)
        if changed is not None and _says(path, changed, before, drafts):
            return changed
    raise EditError(f"{path}: the entries cannot be put in without changing others")


def _says(path: str, data: bytes, before: Registry, drafts: Sequence[Draft]) -> bool:
    """Whether the text holds the entries from before, unchanged, and then the new ones."""
    after, _ = load_registry(path, data)
    if after is None or _plain_blocks(after) != _plain_blocks(before):
        return False
    old = [_plain(entry) for entry in before.entries]
    new = [(draft.name, draft.port, draft.env_var) for draft in drafts]
    held = [_plain(entry) for entry in after.entries]
    return (
        held[: len(old)] == old
        and [(entry.name, entry.default, entry.env_var) for entry in after.entries[len(old) :]] == new
    )


def _plain_blocks(registry: Registry) -> list[tuple[str, object]]:
    return [(block.name, block.ports) for block in registry.blocks]


def _plain(entry: Entry) -> dict[str, Any]:
    """An entry without its places."""
    return {each.name: getattr(entry, each.name) for each in fields(Entry) if each.name not in ("span", "positions")}


def _spliced(path: str, data: bytes, drafts: Sequence[Draft]) -> bytes | None:
    """With the entries as lines behind the last line of `ports`; None where it is not written in lines."""
    document = read_document(data, Errors(path))
    root, places = document.root, document.places
    if not isinstance(root, MappingNode):
        return None
    ports = next((value for key, value in entries(root) if value_of(key) == "ports"), None)
    if not isinstance(ports, MappingNode) or not ports.pairs:
        return None
    indent = places.of(ports.pairs[0][0]).column - 1
    end = data.find(b"\n", _last(ports, places))
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    head, tail = (data, b"") if end < 0 else (data[: end + 1], data[end + 1 :])
    if end < 0:
        head += newline
    # Entries that are set apart by an empty line stay so.
    gap = newline if len(ports.pairs) > 1 and _is_apart(data, ports, places) else b""
    lines = [gap + newline.join(_indented(line, indent) for line in entry_lines(draft)) for draft in drafts]
    return head + newline.join(lines) + newline + tail


def _is_apart(data: bytes, ports: MappingNode, places: Places) -> bool:
    last = places.of(ports.pairs[-1][0]).start
    above = data[:last].rstrip(b" ").splitlines()
    for line in reversed(above):
        if not line.strip():
            return True
        if not line.strip().startswith(b"#"):
            return False
    return False


def _indented(line: str, indent: int) -> bytes:
    """A line of an entry, whose name `entry_lines` sets in by two."""
    return (" " * indent + line[2:]).encode() if line.strip() else b""


def _last(node: Node, places: Places) -> int:
    """Byte offset of the end of the last scalar below a node."""
    found = 0
    below: list[Node] = [node]
    while below:
        each = below.pop()
        if isinstance(each, ScalarNode):
            found = max(found, places.of(each).end)
        elif isinstance(each, MappingNode):
            below += [part for pair in each.pairs for part in pair]
        elif isinstance(each, SequenceNode):
            below += each.items
    return found


def _rewritten(path: str, data: bytes, drafts: Sequence[Draft]) -> bytes | None:
    """With the entries, written anew by ruamel.yaml."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    try:
        root = yaml.load(data.decode("utf-8-sig"))
        if root is None:
            return None
        if root.get("ports") is None:
            root["ports"] = {}
        for draft in drafts:
            root["ports"][draft.name] = yaml.load("\n".join(entry_lines(draft)))[draft.name]
        out = StringIO()
        yaml.dump(root, out)
    except (YAMLError, AttributeError, TypeError, KeyError):
        return None
    return out.getvalue().encode()
