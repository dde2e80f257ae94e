"""What a compose service is: names, Dockerfile, env files, and the services that it extends.

Sources: Compose specification, `extends`, `networks` (aliases), `links`, `extra_hosts`, `env_file`, `include`; Compose
Build specification, `context`, `dockerfile`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.yaml.values import scalars
from portlint.knowledge.identifiers import is_host_variable
from portlint.syntax.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, key_of, lookup, resolved, text_of

_VARIABLE = regex(r"\$\{\w{1,100}:?-([\w.-]{1,100})\}")
_HOST = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")


def lineage(label: str, bodies: dict[str, dict[str, Node]]) -> Iterator[str]:
    """A service and those of the same file that it extends, nearest first."""
    seen: set[str] = set()
    current: str | None = label
    while current is not None and current in bodies and current not in seen:
        yield current
        seen.add(current)
        extends = resolved(bodies[current].get("extends"))
        if isinstance(extends, ScalarNode):
            current = extends.text
        elif isinstance(extends, MappingNode) and text_of(lookup(extends, "file")) is None:
            current = text_of(lookup(extends, "service"))
        else:
            current = None


def hosts(body: dict[str, Node]) -> Iterator[str]:
    """The names that a service is reached by besides its own. What it extends keeps its names to itself."""
    for key in ("container_name", "hostname"):
        name = text_of(body.get(key))
        if name and "$" not in name and "{" not in name:
            yield name
    for _, aliases in networks(body.get("networks")):
        yield from aliases


def networks(node: Node | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The networks that a service joins, and the names that it has in each alone."""
    found = resolved(node)
    if isinstance(found, MappingNode):
        for name, network in found.pairs:
            yield key_of(name), tuple(alias.text for alias in scalars(lookup(network, "aliases")))
    else:
        for each in scalars(found):
            yield each.text, ()


def links(body: dict[str, Node]) -> Iterator[tuple[str, str]]:
    """The names that `links: ["db:database"]` gives to other services for this one, and those services."""
    for link in scalars(body.get("links")):
        name, colon, alias = link.text.partition(":")
        if colon and alias and alias != name:
            yield alias, name


def link_aliases(bodies: dict[str, dict[str, Node]]) -> dict[str, tuple[str, ...]]:
    """The names that `links: ["db:database"]` gives to other services of the file."""
    out: dict[str, tuple[str, ...]] = {}
    for body in bodies.values():
        for alias, name in links(body):
            out[name] = (*out.get(name, ()), alias)
    return out


def included(path: str, document: Node) -> Iterator[str]:
    """The compose files that a document includes, relative to the root."""
    for item in _items(lookup(document, "include")):
        paths = lookup(item, "path") if isinstance(resolved(item), MappingNode) else item
        for each in scalars(paths):
            if (found := located(path, each.text)) is not None:
                yield found


def extended(path: str, body: dict[str, Node]) -> tuple[str, str] | None:
    """The service of another file that a service extends: the file, relative to the root, and its name."""
    extends = body.get("extends")
    name, file = text_of(lookup(extends, "service")), text_of(lookup(extends, "file"))
    found = located(path, file) if file else None
    return (found, name) if found is not None and name else None


def extra_hosts(node: Node | None) -> Iterator[tuple[str, str]]:
    """The names and addresses of `extra_hosts`: `name:address`, `name=address` or a mapping."""
    found = resolved(node)
    if isinstance(found, MappingNode):
        for key, value in found.pairs:
            for address in scalars(value):
                yield key_of(key), address.text
    else:
        for entry in scalars(found):
            name, sign, text = entry.text.partition("=" if "=" in entry.text else ":")
            if sign and name:
                yield name, text.strip("[]")


def env_files(path: str, node: Node | None) -> Iterator[str]:
    """The env files whose variables a container gets, relative to the root."""
    for item in _items(node):
        inner = resolved(item)
        text = inner.text if isinstance(inner, ScalarNode) else text_of(lookup(inner, "path"))
        if text and (file := located(path, text)) is not None:
            yield file


def host_variables(node: Node | None) -> Iterator[tuple[str, str]]:
    """The variables of `environment` whose names say host and whose values are one."""
    for name, value in settings(resolved(node)) if node is not None else ():
        if is_host_variable(name.text) and _HOST.fullmatch(value.text):
            yield name.text, value.text


def _items(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; a single value stands for a list of one."""
    found = resolved(node)
    if isinstance(found, SequenceNode):
        return tuple(found.items)
    return () if found is None else (found,)


def located(path: str, file: str) -> str | None:
    """A file that a compose file names, relative to the root; None where it lies outside, or a variable names it."""
    if any(sign in file for sign in ("$", "{", "://", "git@", "oci:")) or file.startswith(("/", "~")):
        return None
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), file))
    return None if joined.startswith("..") else joined


def replicas(node: Node | None, scale: Node | None) -> int:
    """How many containers of a service run; node: its `deploy`. 1 where a variable tells it."""
    text = text_of(lookup(node, "replicas")) or text_of(scale) or "1"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def program(image: str | None) -> str:
    """The name of an image, which usually is what runs in it: `postgres` of `registry:5000/library/postgres:16`."""
    name = (image or "").rsplit("/", 1)[-1]
    return re.split(r"[:@]", name, maxsplit=1)[0] if "$" not in name and "{" not in name else ""


def build_target(build: Node | None) -> str | None:
    """The stage of its Dockerfile that a service is built from; None: the last one. A variable's fallback counts."""
    text = text_of(lookup(build, "target")) or ""
    match = _VARIABLE.fullmatch(text)
    return (match[1] if match else text) or None


def dockerfile(path: str, build: ScalarNode | SequenceNode | MappingNode | None) -> str | None:
    """The Dockerfile of a `build`, relative to the root; None where it lies elsewhere or a variable names it."""
    context = _context(build)
    if context is None or lookup(build, "dockerfile_inline") is not None:
        return None
    file = text_of(lookup(build, "dockerfile")) or "Dockerfile"
    if file.startswith("/"):
        return None
    return located(path, posixpath.join(context, file))


def build_context(path: str, build: ScalarNode | SequenceNode | MappingNode | None) -> str | None:
    """The folder that a service is built from, relative to the root, which itself is the empty name; None where it lies
    elsewhere or a variable names it."""
    context = _context(build)
    found = None if context is None else located(path, context)
    return "" if found == "." else found


def _context(build: ScalarNode | SequenceNode | MappingNode | None) -> str | None:
    if isinstance(build, MappingNode):
        return text_of(lookup(build, "context")) or "."
    return build.text if isinstance(build, ScalarNode) and build.text else None


def settings(node: Node | None) -> Iterator[tuple[ScalarNode, ScalarNode]]:
    """The keys and values of a list of `key=value` or of a mapping."""
    if isinstance(node, SequenceNode):
        for item in scalars(node):
            name, equals, value = item.text.partition("=")
            if equals:
                yield replace(item, text=name), replace_start(item, len(name) + 1, value)
    elif isinstance(node, MappingNode):
        for key, inner in node.pairs:
            value_ = resolved(inner)
            if isinstance(key, ScalarNode) and isinstance(value_, ScalarNode):
                yield key, value_


def replace_start(node: ScalarNode, by: int, text: str) -> ScalarNode:
    """The part of a scalar from an index of its text on."""
    return replace(node, start=node.start + by, text=text)
