"""YAML at large: Kubernetes, Helm, GitHub Actions, GitLab CI, Ansible, Prometheus, OpenAPI, mkdocs, any settings.

A value counts by its key (`containerPort`, `targets`, `endpoint`), by the keys above it (`ports: {api: 8000}`), or by
its own form (a URL, `host:port`). Scripts go to the shell's reader, texts of another format to theirs.
"""

from __future__ import annotations

import re

from portlint.algorithms.lazy_regex import regex
from portlint.extract.format import Format
from portlint.extract.yaml.values import Context, Reader
from portlint.knowledge.template_names import without_endings
from portlint.model import Facts, Source
from portlint.syntax.yaml.tree import Tree, parse

_NAME = regex(
    r"(?:^|/)[^/]+\.ya?ml(?:\.(?!(?:md|rst|txt|html?|lock|py|go|[jt]sx?|json|snap|patch|diff)$)[\w-]{1,20})?$",
    re.IGNORECASE,
)
_NEVER = regex(r"(?:^|/)(?:pnpm-lock|conda-lock|environment\.lock|pubspec\.lock)\.ya?ml$")
_API_VERSION = regex(rb"^apiVersion:[ \t]", re.MULTILINE)
_KIND = regex(rb"^kind:[ \t]", re.MULTILINE)
_DIGIT = regex(rb"[1-9]")


def _named(path: str) -> bool:
    return _NAME.search(without_endings(path)) is not None


def _content(path: str, data: bytes) -> bool:
    """A Kubernetes object under any name (`.tpl`), or in a here-document."""
    return _KIND.search(data) is not None and _API_VERSION.search(data) is not None


def _extract(source: Source) -> Facts:
    if _DIGIT.search(source.data) is None or _NEVER.search(source.path):
        return Facts(path=source.path, format="yaml")
    return read(parse(source))


def read(tree: Tree) -> Facts:
    """The facts of a YAML file of no special format."""
    reader = Reader(tree.source, "yaml", referable=False)
    for document in tree.documents:
        reader.walk(document, Context())
    return reader.facts(tree)


FORMAT = Format(name="yaml", named=_named, content=_content, extract=_extract, reads_mark=True)
