"""JavaScript and TypeScript: the number `8000` becomes `Number(process.env.API_PORT ?? 8000)`.

Never safe: `process` is there in Node.js, and not in a browser. Source: the Node.js documentation, process.env.
"""

from __future__ import annotations

from collections.abc import Sequence

from portlint.fix import UNSAFE, Task
from portlint.model import Edit, Fix

_NUMBERS = frozenset({"value", "argument", "keyword", "default", "item", "comparison"})
_BEFORE, _AFTER = frozenset(b" \t\n(,=:["), frozenset(b" \t\r\n),;]}")


def rewrite(data: bytes, tasks: Sequence[Task]) -> dict[int, Fix]:
    """Fixes by the task's index; none for a port in a string or a key."""
    made: dict[int, Fix] = {}
    for number, task in enumerate(tasks):
        reference, span, literal = task.finding.reference, task.finding.span, task.literal
        if reference is None or literal is None or literal.form not in _NUMBERS:
            continue
        if (
            span.start == 0
            or data[span.start - 1] not in _BEFORE
            or (data[span.end : span.end + 1] or b"\n")[0] not in _AFTER
        ):
            continue
        new = f"Number(process.env.{reference.variable} ?? {reference.default})".encode()
        made[number] = Fix(UNSAFE, (Edit(span, literal.text.encode(), new),))
    return made
