"""Env templates: a variable that is missing (PORT402) is added at the end, its description as a comment above it.

All variables of one file are one insertion: there is one last line. Source: python-dotenv's documentation, File format.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from textwrap import wrap

from portlint.algorithms.lazy_regex import regex
from portlint.fix import SAFE, Task
from portlint.model import Edit, Fix, LineIndex, Reference

_SETS = regex(rb"^[ \t]*(export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*[ \t]*=", re.MULTILINE)
_WIDTH = 98


def rewrite(data: bytes, tasks: Sequence[Task]) -> dict[int, Fix]:
    """Fixes by the task's index; none where a line behind the last would be a part of it."""
    ending = b"\r\n" if b"\r\n" in data else b"\n"
    references = [task.finding.reference for task in tasks]
    text = data.removeprefix(BOM_UTF8)
    if b"\r" in text.replace(b"\r\n", b"") or text.rstrip().endswith(b"\\"):
        return {}
    exports = _SETS.findall(text)
    export = "export " if exports and all(exports) else ""
    lines: list[str] = []
    for reference in references:
        if reference is not None:
            lines += _block(reference, export)
    if lines[:1] == [""] and (not text.strip() or text.endswith(ending * 2)):
        del lines[0]
    added = ending.join(line.encode() for line in lines)
    at_end = not text or text.endswith(b"\n")
    new = added + ending if at_end else ending + added
    place = LineIndex(data).span(len(data), len(data))
    edit = Edit(place, b"", new)
    return {number: Fix(SAFE, (edit,)) for number, reference in enumerate(references) if reference is not None}


def _block(reference: Reference, export: str) -> list[str]:
    """The lines of one variable. A described one stands apart from what is above it."""
    described = "".join(char if char.isprintable() else " " for char in " ".join(reference.description.split()))
    comment = [f"# {line}" for line in wrap(described, _WIDTH, break_long_words=False, break_on_hyphens=False)]
    return [*([""] if comment else []), *comment, f"{export}{reference.variable}={reference.default}"]
