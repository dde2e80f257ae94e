"""What the module of a format exports: one `Format` object. What others know of it is a row of `knowledge.formats`."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from portlint.extract.limits import MOST_PORTS, TooManyPortsError
from portlint.model import Facts, PortLiteral, Role, Source


class Extracted(Struct, frozen=True):
    """What came of a file."""

    facts: Facts
    memory: bytes = b""
    """what spares work when a later state of the file is read: for the extractor that wrote it, and nobody else"""


class Format(Struct, frozen=True, kw_only=True):
    """How files of one format are recognised and read."""

    name: str
    named: Callable[[str], bool]
    """whether a path (relative, forward slashes) says this format for sure"""
    content: Callable[[str, bytes], bool] | None = None
    """whether the bytes say this format, asked where no format knows the name; None: the name always tells"""
    extract: Callable[[Source], Facts]
    """never raises for what a file holds: gives facts and problems"""
    extract_again: Callable[[Source, Extracted | None], Extracted] | None = None
    """`extract` of a whole file, given what came of an earlier state of it, which changes nothing but the time taken;
    None: nothing of a file is remembered"""
    comments: Callable[[bytes], Callable[[int], bool]] | None = None
    """given a file's data, tells whether a byte offset lies in a comment: where strings may hold the signs of one"""
    use_rules: Callable[[tuple[tuple[str, bytes], ...]], None] | None = None
    """takes the user's own rule files, name and bytes, for all files read from then on"""
    by_line: bool = False
    """people write it line by line: a line that is longer than `bounds.LONGEST_LINE` is left out, which is told"""
    reads_mark: bool = False
    """it knows what a byte order mark is; for the others spaces stand in its place"""
    most_bytes: int | None = None
    """what lies behind so many is left out, which is told; None: the limit that all files have"""


def count(source: Source) -> None:
    """Counts one literal more of a file. Raises TooManyPortsError where that is one too many."""
    if next(source.made) >= MOST_PORTS:
        raise TooManyPortsError


def moved(source: Source, known: PortLiteral, start: int) -> PortLiteral:
    """A literal that was found in an earlier state of `source`, at the byte offset where it stands now."""
    return replace(known, span=source.span(start, start + known.span.end - known.span.start))


def literal(
    source: Source,
    format: str,
    start: int,
    end: int,
    *,
    port: int,
    end_port: int | None = None,
    role: Role = Role.SETTING,
    protocol: str = "tcp",
    host: str | None = None,
    variable: str | None = None,
    name: str | None = None,
    subject: str = "",
    form: str = "value",
    library: str | None = None,
    service: str | None = None,
    url_path: str | None = None,
    referable: bool = True,
    prose: bool = False,
) -> PortLiteral:
    """The port literal whose digits stand between two byte offsets of `source` (end exclusive).

    Raises TooManyPortsError where it is one too many for its file.
    """
    count(source)
    return PortLiteral(
        path=source.path, span=source.span(start, end), port=port, end_port=end_port, text=source.decoded(start, end),
        role=role, format=format, protocol=protocol, host=host, variable=variable, name=name, subject=subject,
        form=form, library=library, service=service, url_path=url_path, referable=referable, prose=prose,
    )  # fmt: skip
