"""Compose files: `8000` becomes `${API_PORT:-8000}`, and a scalar without quotes gets them.

Sources: the Compose specification, Interpolation (values only, never keys); YAML 1.2, 7.3 flow scalar styles.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from portlint.fix import SAFE, UNSAFE, Task
from portlint.model import Edit, Fix, LineIndex
from portlint.syntax.yaml.exact import read_exactly
from portlint.syntax.yaml.nodes import AliasNode, MappingNode, Node, ScalarNode


def rewrite(data: bytes, tasks: Sequence[Task]) -> dict[int, Fix]:
    """Fixes by the task's index; none for a literal where Compose does not look for a variable."""
    lines = LineIndex(data)
    scalars = _scalars(data)
    starts = [scalar.start for scalar, _ in scalars]
    made: dict[int, Fix] = {}
    for number, task in enumerate(tasks):
        reference, span = task.finding.reference, task.finding.span
        at = bisect_right(starts, span.start) - 1
        if reference is None or task.literal is None or at < 0:
            continue
        scalar, is_value = scalars[at]
        if not is_value or scalar.end < span.end:
            continue
        written = data[scalar.start : scalar.end]
        if written.count(b"${", 0, span.start - scalar.start) > written.count(b"}", 0, span.start - scalar.start):
            continue  # the fallback of another variable
        new = f"${{{reference.variable}:-{reference.default}}}".encode()
        edits = [Edit(span, task.literal.text.encode(), new)]
        if scalar.style == "plain":
            if any(char in written for char in b'"\\\r\n'):
                continue
            quotes = (lines.span(place, place) for place in (scalar.start, scalar.end))
            edits += (Edit(quote, b"", b'"') for quote in quotes)
        made[number] = Fix(SAFE if reference.default == task.finding.port else UNSAFE, tuple(edits))
    return made


def _scalars(data: bytes) -> list[tuple[ScalarNode, bool]]:
    """The scalars of the file in order, and for each whether it is a value; none where the file is not read as YAML."""
    try:
        exact = read_exactly(data)
    except UnicodeDecodeError:
        return []
    return [] if exact.fault else [each for document in exact.documents for each in _below(document, is_key=False)]


def _below(node: Node, *, is_key: bool) -> Iterator[tuple[ScalarNode, bool]]:
    """The scalars of a tree. A tag fixes what its scalar is, which then is no value that a variable may be put into."""
    if isinstance(node, ScalarNode):
        yield node, not is_key and node.tag is None
    elif isinstance(node, MappingNode):
        for key, value in node.pairs:
            yield from _below(key, is_key=True)
            yield from _below(value, is_key=False)
    elif not isinstance(node, AliasNode):
        for item in node.items:
            yield from _below(item, is_key=False)
