"""What a compose service runs, with which variables, and which files of the repository lie in its container.

Sources: Compose specification, `command`, `entrypoint`, `healthcheck`, `environment`, `volumes`, "Interpolation".
"""

from __future__ import annotations

from collections.abc import Iterator

from portlint.extract.compose.definitions import located, settings
from portlint.extract.scan.programs import exec_commands, shell_commands, split_commands, value
from portlint.extract.yaml.values import scalars
from portlint.model import Source, Span
from portlint.model.programs import Assignment, Form, Mount, Scope, Start
from portlint.syntax.shell import Word
from portlint.syntax.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, lookup, resolved, text_of

_MOST = 300
"""facts of one kind of a service"""


def started(source: Source, key: str, node: Node | None) -> Iterator[Start]:
    """A `command` or an `entrypoint`: a string is split into words, a list is taken as it is."""
    found = resolved(node)
    if isinstance(found, ScalarNode):
        commands = split_commands(source, found.start, found.start + len(found.text), Scope.COMPOSE)
        yield Start(key, Form.SPLIT, commands, _span(source, found))
    elif isinstance(found, SequenceNode):
        yield Start(key, Form.EXEC, exec_commands(source, _words(found), Scope.COMPOSE), _span(source, found))


def probed(source: Source, node: Node | None) -> Iterator[Start]:
    """A `healthcheck`; without commands where it is switched off."""
    test = resolved(lookup(node, "test"))
    if (text_of(lookup(node, "disable")) or "").lower() == "true":
        found = resolved(node)
        if found is not None:
            yield Start("healthcheck", Form.EXEC, (), _span(source, found))
    elif isinstance(test, ScalarNode):
        commands = shell_commands(source, test.start, test.start + len(test.text), Scope.COMPOSE)
        yield Start("healthcheck", Form.SHELL, commands, _span(source, test))
    elif isinstance(test, SequenceNode):
        words = _words(test)
        kind = words[0].text if words else "NONE"
        if kind == "CMD-SHELL" and len(words) > 1:
            commands = shell_commands(source, words[1].start, words[1].end, Scope.COMPOSE)
            yield Start("healthcheck", Form.SHELL, commands, _span(source, test))
        else:
            commands = exec_commands(source, words[1:], Scope.COMPOSE) if kind == "CMD" else ()
            yield Start("healthcheck", Form.EXEC, commands, _span(source, test))


def assigned(source: Source, node: Node | None) -> Iterator[Assignment]:
    """The variables of `environment`. One without a value is passed on from where Compose runs."""
    found = resolved(node)
    if found is None:
        return
    for name, text in settings(found):
        given = value(source, name.text, text.start, text.start + len(text.text), Scope.COMPOSE)
        yield Assignment(name.text, given, Scope.CONTAINER, source.span(name.start, name.start + len(name.text)))
    if isinstance(found, SequenceNode):
        for item in scalars(found):
            if "=" not in item.text:
                yield Assignment(item.text, None, Scope.CONTAINER, _span(source, item))


def settings_of(node: Node | None) -> Iterator[tuple[str, str]]:
    """Names and values of a list of `key=value` or a mapping; a name without a value has an empty one."""
    found = resolved(node)
    if found is None:
        return
    yield from ((name.text, text.text) for name, text in settings(found))
    if isinstance(found, SequenceNode):
        yield from ((item.text, "") for item in scalars(found) if "=" not in item.text)


def mounted(path: str, node: Node | None) -> Iterator[Mount]:
    """What `volumes` or `configs` lay into the container. A name without a slash is a volume of the engine."""
    found = resolved(node)
    for item in found.items[:_MOST] if isinstance(found, SequenceNode) else ():
        inner = resolved(item)
        if isinstance(inner, ScalarNode):
            given, _, rest = inner.text.partition(":")
            target = rest.partition(":")[0]
        else:
            given, target = text_of(lookup(inner, "source")) or "", text_of(lookup(inner, "target")) or ""
        if target.startswith("/"):
            yield Mount(located(path, given) if given.startswith(".") else None, target)


def _words(node: SequenceNode) -> list[Word]:
    return [Word(item.start, item.start + len(item.text), item.text, '"') for item in scalars(node)]


def _span(source: Source, node: ScalarNode | SequenceNode | MappingNode) -> Span:
    """Where a node begins, on its first line: a span never leaves its line."""
    line = source.data.find(b"\n", node.start, node.end)
    return source.span(node.start, node.end if line < 0 else line)
