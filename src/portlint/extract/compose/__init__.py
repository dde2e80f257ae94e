"""Compose files: `ports`, `expose`, environment, commands, health checks, labels, images and `x-` blocks.

Recognised by name (`compose*.yaml`, `docker-compose*.yml`, `*.compose.yml`, `podman-compose.yml`, JSON and templates of
them) and by content: a top-level `services:` mapping of mappings. A file of that name that plainly is another thing (a
workflow, a Kubernetes object) is read as YAML at large.

Source: the Compose specification, https://github.com/compose-spec/compose-spec/blob/main/spec.md
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.compose.definitions import included
from portlint.extract.compose.services import ComposeReader, knowledge
from portlint.extract.format import Format
from portlint.knowledge.template_names import without_endings
from portlint.model import Facts, Service, Source
from portlint.syntax.yaml.nodes import MappingNode, Node, key_of, lookup, resolved
from portlint.syntax.yaml.tree import Tree, parse

_NAME = regex(
    r"(?:^|/)(?:[^/]{0,99}(?:docker|podman|container)[-_.]?compose[^/]{0,99}|compose(?:[-_.][^/]{0,99})?"
    r"|[^/]{1,99}[-_.]compose(?:[-_.][^/]{0,99})?)"
    r"\.(?:ya?ml|json)(?:\.(?!(?:md|rst|txt|html?|lock|py|go|[jt]sx?|snap|patch|diff)$)[\w-]{1,20})?$",
    re.IGNORECASE,
)
_ELSEWHERE = regex(r"(?:^|/)\.(?:github|gitlab|circleci)/")
_YAML_NAME = regex(r"\.ya?ml(?:\.[A-Za-z0-9]{1,9})?$|(?:^|/)[^./]*$", re.IGNORECASE)
_SERVICES = regex(rb"^(?:\xef\xbb\xbf)?[\"']?services[\"']?[ \t]*:[^\S\n]*(?:[&#!][^\n]*)?\r?$", re.MULTILINE)
_INDENTED_KEY = regex(rb"([ \t]+)[\"']?([A-Za-z0-9_.-]{1,80})[\"']?[ \t]*:")
_TAG_LINE = regex(rb"\s*(?:#|\{\{|\{%|\{#|$)")
_LINES_SEEN = 400
"""lines behind `services:` in which a key of a service must come"""


def _named(path: str) -> bool:
    return _NAME.search(without_endings(path)) is not None and not _ELSEWHERE.search(path)


def _content(path: str, data: bytes) -> bool:
    """A top-level `services:` whose children have keys of services. A few lines are looked at, none is parsed."""
    if not _YAML_NAME.search(without_endings(path)) or _ELSEWHERE.search(path) or b"services" not in data:
        return False
    match = _SERVICES.search(data)
    if match is None:
        return False
    position, depth = match.end() + 1, None
    for _ in range(_LINES_SEEN):
        stop = data.find(b"\n", position)
        line = data[position : stop if stop >= 0 else len(data)][:400]
        key = _INDENTED_KEY.match(line)
        if key is not None:
            depth = depth if depth is not None else len(key[1])
            if len(key[1]) > depth and key[2].decode("ascii") in knowledge("service_keys"):
                return True
        elif line[:1] not in (b" ", b"\t") and not _TAG_LINE.match(line):
            return False
        if stop < 0:
            return False
        position = stop + 1
    return False


def _extract(source: Source) -> Facts:
    tree = parse(source)
    if not any(_services(document) is not None for document in tree.documents) and any(
        _is_other(document) for document in tree.documents
    ):
        from portlint.extract.yaml import read

        return read(tree)
    return read_compose(tree)


def read_compose(tree: Tree) -> Facts:
    """The facts of a compose file."""
    reader = ComposeReader(tree.source)
    services: list[Service] = []
    others: list[str] = []
    for document in tree.documents:
        services += reader.read(document, _services(document))
        others += included(tree.source.path, document)
    return replace(reader.facts(tree), services=tuple(services), includes=tuple(dict.fromkeys(others)))


def _services(document: Node) -> Node | None:
    """The mapping of services: under `services`, or the file itself in the first version of the format."""
    found = lookup(document, "services")
    if isinstance(resolved(found), MappingNode):
        return found
    root = resolved(document)
    if not isinstance(root, MappingNode) or found is not None:
        return None
    for _, value in root.pairs:
        inner = resolved(value)
        if isinstance(inner, MappingNode) and {"image", "build"} & {key_of(key) for key, _ in inner.pairs}:
            return document
    return None


def _is_other(document: Node) -> bool:
    root = resolved(document)
    return isinstance(root, MappingNode) and not knowledge("other_kinds").isdisjoint(
        key_of(key) for key, _ in root.pairs
    )


FORMAT = Format(name="compose", named=_named, content=_content, extract=_extract, reads_mark=True)
