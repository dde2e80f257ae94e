"""What the strings of a Python program hold: ports alone, addresses and URLs, command lines, text of another format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.context import Context
from portlint.extract.python.located import Text
from portlint.extract.scan.text import Hit, find, is_port, port_list
from portlint.extract.scan.values import find_in_value
from portlint.knowledge.formats import IN_STRINGS
from portlint.model import Source
from portlint.syntax.interpolation import HOLE

_SETTING_LINE = regex(r"[ \t]*(?:export[ \t]+|-[ \t]+)?[\"']?([A-Za-z_][\w.-]{0,60})[\"']?[ \t]*[:=][ \t]*([^\r\n]*)")
_LINES = 3
_COMMAND = regex(
    r"[ \t]*[A-Za-z_./~$\x00{][^\n]{0,400}[ \t]-{1,2}[A-Za-z]|[^\n]*\b(?:nc|telnet|http\.server|lsof|ufw)[ \t]"
)


def in_text(text: Text, context: Context) -> list[tuple[int, int, Hit]]:
    """The port literals of a string: byte offset in the piece, length, and what is known."""
    masked = text.text
    if not any(c.isdigit() for c in masked):
        return []
    out = []
    for hit in _hits(text, masked, context):
        origin = text.origin(hit.start, hit.end)
        if origin is not None:
            out.append((origin, hit.end - hit.start, hit))
    return out


def in_words(words: Sequence[tuple[int, str]]) -> list[Hit]:
    """The port literals of a command line given as a list; positions count in the words joined by single spaces."""
    from portlint.extract.commands import find_in_words
    from portlint.syntax.shell import Word

    position, line = 0, []
    for _index, word in words:
        line.append(Word(position, position + len(word), word))
        position += len(word) + 1
    return find_in_words(line)


def _hits(text: Text, masked: str, context: Context) -> list[Hit]:
    if context.prose:
        return find(masked, whole=False)
    if context.port or context.container:
        listed = _listed(masked, context)
        if listed:
            return listed
    if context.image:
        # The number behind the last colon is a tag; a registry's port stands before a slash.
        return [hit for hit in find(masked, whole=False) if masked[hit.end : hit.end + 1] == "/" or hit.form == "url"]
    if masked.count("\n") >= _LINES:
        return list(_lines(text, masked))
    hits = find(masked, address=context.address or context.port, raw=text.words)
    if _COMMAND.match(masked):
        hits = _united(hits, _command(masked))
    return hits


def _listed(masked: str, context: Context) -> list[Hit]:
    if HOLE in masked or len(masked) > 2000:
        return []
    hits = port_list(masked)
    return [
        hit._replace(form=context.form, name=context.name, role=context.role, variable=context.variable)
        for hit in hits
        if hit.port >= 10 or context.sure
    ]


def _lines(text: Text, masked: str) -> Iterator[Hit]:
    """A string of several lines: of a format that its content shows, or line by line."""
    from portlint.extract import by_name

    data = masked.replace(HOLE, "x").encode("latin-1")
    for name in IN_STRINGS:
        format = by_name(name)
        if format.content is not None and format.content("", data):
            for found in format.extract(Source.of("", data)).literals:
                if not found.prose:
                    yield Hit(
                        start=found.span.start, end=found.span.end, port=found.port, end_port=found.end_port,
                        form=found.form, role=found.role, host=found.host, protocol=found.protocol, name=found.name,
                        variable=found.variable,
                    )  # fmt: skip
            return
    raw = text.words
    position = 0
    for line in masked.splitlines(keepends=True):
        shown = raw[position : position + len(line)]
        hits = find(line, whole=False, raw=shown)
        setting = _SETTING_LINE.match(line)
        if setting is not None:
            start = setting.start(2)
            value = [
                h._replace(start=h.start + start, end=h.end + start) for h in find_in_value(setting[1], setting[2])
            ]
            hits = _united(value, hits)
        elif _COMMAND.match(line):
            hits = _united(hits, _command(line))
        for hit in hits:
            yield hit._replace(start=hit.start + position, end=hit.end + position)
        position += len(line)


def _command(line: str) -> Sequence[Hit]:
    from portlint.extract.commands import find_in_text

    return [hit for hit in find_in_text(line) if is_port(hit.port)]


def _united(first: Sequence[Hit], second: Sequence[Hit]) -> list[Hit]:
    """Both, without those of the second that overlap one of the first."""
    taken = [(h.start, h.end) for h in first]
    extra = [h for h in second if not any(h.start < end and start < h.end for start, end in taken)]
    return sorted([*first, *extra], key=lambda h: h.start)
