"""Java properties: `application.properties`, Kafka's `server.properties`, `gradle.properties`.

The grammar is that of `java.util.Properties.load` (Java SE API specification): `key=value`, `key: value` and
`key value`, comments behind `#` and `!` at the start of a line, escapes, lines that a backslash continues. Spring's
`${PORT:8080}` is a variable with a fallback.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from portlint.algorithms.lazy_regex import regex
from portlint.extract.format import Format
from portlint.extract.limits import LARGEST_BY_HAND
from portlint.extract.scan.literals import in_comment, judged, placed, references, template_note
from portlint.extract.scan.text import Hit
from portlint.knowledge.identifiers import words
from portlint.knowledge.template_names import without_endings
from portlint.model import Facts, PortLiteral, PortReference, Source

_FORMAT = "properties"
_LINE = regex(r"[^\r\n]*")
_BLANK = regex(r"[ \t\f\r\n]*")
_KEY = regex(r"(?:\\.|[^\\=: \t\f\r\n])+")
_SEPARATOR = regex(r"[ \t\f]*[=:]?[ \t\f]*")
_QUORUM = regex(r"server\.[0-9]{1,5}")
_QUORUM_PORT = regex(r"[:;]([0-9]{1,5})(?=[:;]|$)")


def _named(path: str) -> bool:
    return without_endings(path).lower().endswith(".properties")


def _extract(source: Source) -> Facts:
    text = source.text
    literals: list[PortLiteral] = []
    found_references: list[PortReference] = []
    for key, start, end in _settings(text):
        if key is None:
            literals += in_comment(source, _FORMAT, start, end)
            continue
        value = text[start:end]
        name = key.rsplit(".", 2)[-2] + "." + key.rsplit(".", 1)[-1] if "." in key and len(words(key)) > 2 else key
        found = list(placed(source, _FORMAT, start, _hits(key, value), name=name, subject=key))
        literals += found
        found_references += references(source, start, key, value, found, key)
    return Facts(
        path=source.path,
        format=_FORMAT,
        literals=tuple(literals),
        references=tuple(found_references),
        problems=template_note(source, text, "a properties file"),
    )


def _settings(text: str) -> Iterator[tuple[str | None, int, int]]:
    """Key, start and end of each value; None for a comment."""
    position, end = 0, len(text)
    while (position := _end(_BLANK, text, position)) < end:
        stop = _end(_LINE, text, position)
        if text[position] in "#!":
            yield None, position, stop
            position = stop
            continue
        key = _KEY.match(text, position, stop)
        begin = _end(_SEPARATOR, text, key.end() if key else position)
        while stop < end and _continues(text, begin, stop):
            stop = _end(_LINE, text, stop + 2 if text.startswith("\r\n", stop) else stop + 1)
        yield key[0] if key else "", min(begin, stop), stop
        position = stop


def _continues(text: str, begin: int, stop: int) -> bool:
    """Whether an odd number of backslashes ends the line."""
    count = 0
    while stop - count > begin and text[stop - count - 1] == "\\":
        count += 1
    return count % 2 == 1


def _hits(key: str, value: str) -> list[Hit]:
    """The ports of a value; a backslash that escapes a character (`http\\://h\\:80`) is taken out for the search."""
    if _QUORUM.fullmatch(key):
        # ZooKeeper: server.1=host:2888:3888;2181
        return [
            Hit(start=m.start(1), end=m.end(1), port=int(m[1]), form="address", host=value.split(":", 1)[0])
            for m in _QUORUM_PORT.finditer(value)
            if int(m[1])
        ]
    if "\\" not in value:
        return judged(key, value.rstrip())
    kept = [index for index, char in enumerate(value) if char != "\\"]
    hits = judged(key, "".join(value[index] for index in kept))
    spread = [hit._replace(start=kept[hit.start], end=kept[hit.end - 1] + 1) for hit in hits]
    # Digits with a backslash between them are no port that is written there.
    return [new for new, hit in zip(spread, hits, strict=True) if new.end - new.start == hit.end - hit.start]


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


FORMAT = Format(name=_FORMAT, named=_named, extract=_extract, by_line=True, most_bytes=LARGEST_BY_HAND)
