"""What YAML 1.1, which PyYAML follows, takes a scalar for. Source: https://yaml.org/type/"""

from __future__ import annotations

from collections.abc import Callable

import yaml

from portlint.syntax.yaml.nodes import ScalarNode, value_of

_CORE = "tag:yaml.org,2002:"
_resolve: Callable[..., str] = yaml.resolver.Resolver().resolve


def kind_of(node: ScalarNode) -> str:
    """str, int, float, bool, null, timestamp, merge, value or binary. A scalar with a tag of a program's own is str."""
    if node.tag is not None:
        return node.tag.removeprefix(_CORE) if is_core(node.tag) else "str"
    return plain_kind(value_of(node)) if node.style == "plain" else "str"


def plain_kind(text: str) -> str:
    """The kind of a text that is written without quotes; see `kind_of`."""
    return _resolve(yaml.ScalarNode, text, (True, False)).removeprefix(_CORE)


def tag_of(kind: str) -> str:
    """The tag of a kind that `kind_of` gives."""
    return _CORE + kind


def is_core(tag: str) -> bool:
    """Whether a tag is one of YAML's own."""
    return tag.startswith(_CORE)
