"""Columns in the unit that a consumer wants, counted in the file: neither a span nor what is before it is all ASCII."""

from __future__ import annotations

from portlint.model import Span


def code_points(data: bytes | None, span: Span) -> tuple[int, int]:
    """The columns of a span's start and end, 1-based, the end exclusive, in Unicode code points.

    data: the file as UTF-8; None, or a file that has changed: the columns as they were.
    """
    if data is None or span.end > len(data):
        return span.column, span.end_column
    return span.column, span.column + len(data[span.start : span.end].decode("utf-8", "replace"))


def utf8(data: bytes | None, span: Span) -> tuple[int, int]:
    """The same in bytes of UTF-8, a byte order mark counted."""
    if data is None or span.end > len(data):
        return span.column, span.end_column
    first = max(data.rfind(b"\n", 0, span.start), data.rfind(b"\r", 0, span.start)) + 1
    return span.start - first + 1, span.end - first + 1
