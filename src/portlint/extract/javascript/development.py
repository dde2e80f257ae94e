"""Configuration of development servers: `server: {port, host}` of `vite.config.ts`, `devServer` of webpack, and others.

A configuration that is put together of what does not stand in the file has a hidden port, so that nobody takes the
default for sure. `host: true` stays the text `true`: it means all addresses.

Sources: the pages in `rules/formats/javascript-binds.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from portlint.extract.javascript.values import Object, Values
from portlint.knowledge.javascript_binds import Configuration, configurations, words_of
from portlint.model.programs import Bind, Part, Text

_DEEPEST = 8
_MOST_RETURNS = 8


@cache
def _files() -> re.Pattern[str]:
    names = "|".join(sorted({re.escape(row.file) for row in configurations() if not row.file.endswith(".json")}))
    return re.compile(rf"(?:^|/)({names})(?:\.[\w.-]{{1,60}})?\.[cm]?[jt]s$")


def is_configuration(path: str) -> bool:
    """Whether a file of this name sets up a development server."""
    return _files().search(path) is not None


def development_binds(path: str, values: Values) -> Iterator[Bind]:
    """What the configuration in a file says of its servers."""
    named = _files().search(path)
    rows = [row for row in configurations() if named is not None and row.file == named[1]]
    found = [*_Reader(values).objects()]
    for row in rows:
        yield from dict.fromkeys(bind for each in found if (bind := _bind(row, each, values)) is not None)


def _bind(row: Configuration, found: Object | int, values: Values) -> Bind | None:
    """found: the configuration; the index of the token that stands for one that is not known."""
    if isinstance(found, int):
        return Bind(span=values.span(found, found + 1), by=row.by, port=values.hidden(found), host=values.hidden(found))
    if row.key not in found.members:
        if not found.open:
            return None
        at = found.unknown
        return Bind(span=values.span(at, at + 1), by=row.by, port=values.hidden(at), host=values.hidden(at))
    at, (start, end) = found.keys[row.key], found.members[row.key]
    inner = values.object(start, end)
    if inner is None or row.key in found.unsure:
        return Bind(span=values.span(at, at + 1), by=row.by, port=values.hidden(at), host=values.hidden(at))
    port, host = values.member(inner, "port", at), _host(values, inner, at)
    if port is None and host is None:
        return None
    return Bind(span=values.span(at, at + 1), by=row.by, port=port, host=host)


def _host(values: Values, inner: Object, index: int) -> Text | None:
    if "host" in inner.members and "host" not in inner.unsure:
        start, end = inner.members["host"]
        token = values.names.at(start)
        if end == start + 1 and token.text in ("true", "false"):
            place = values.span(start, end)
            return Text((Part(text=token.text, start=place.start),), place)
    return values.member(inner, "host", index)


class _Reader:
    """Finds the objects that a file gives as its configuration."""

    def __init__(self, values: Values) -> None:
        self._values, self._names = values, values.names

    def objects(self) -> Iterator[Object | int]:
        """Each object that may be the configuration; the index of a token for one that is not known."""
        names = self._names
        for at in names.places("default"):
            if names.at(at - 1).text == "export":
                yield from self._of(at + 1, names.expression_end(at + 1), 0)
        for at in names.places("exports"):
            if names.at(at - 2).text == "module" and names.is_sign(at + 1, "="):
                yield from self._of(at + 2, names.expression_end(at + 2), 0)

    def _of(self, start: int, end: int, depth: int) -> Iterator[Object | int]:
        names = self._names
        start, end = self._values.bare(start, end)
        if depth > _DEEPEST or start >= end:
            yield max(start, 0)
            return
        found = self._values.object(start, end)
        if found is not None:
            yield found
        elif names.is_sign(start, "[") and names.partner(start) == end - 1:
            for begun, stop in names.split(start + 1, end - 1, (",",)):
                if begun < stop:
                    yield from self._of(begun, stop, depth + 1)
        elif (body := self._body(start, end)) is not None:
            yield from self._returned(*body, depth)
        elif names.is_sign(end - 1, ")") and names.at(opened := names.partner(end - 1)) and opened > start:
            yield from self._called(opened, end - 1, depth)
        elif (
            end == start + 1
            and (given := names.value(names.at(start).text, start)) is not None
            and given.member is None
        ):
            yield from self._of(given.start, names.end_of(given), depth + 1)
        else:
            yield start

    def _body(self, start: int, end: int) -> tuple[int, int] | None:
        """What a function gives: behind `=>`, or its block."""
        names = self._names
        for at in range(start, min(end, start + 60)):
            if names.is_sign(at, "=>") and names.around(at) == names.around(start):
                return at + 1, end
        if names.at(start).text in ("function", "async") and names.is_sign(end - 1, "}"):
            return names.partner(end - 1), end
        return None

    def _returned(self, start: int, end: int, depth: int) -> Iterator[Object | int]:
        names = self._names
        if not names.is_sign(start, "{"):
            yield from self._of(start, end, depth + 1)
            return
        found = [at for at in names.places("return") if start < at < end and self._is_own(at, start)]
        for at in found[:_MOST_RETURNS]:
            yield from self._of(at + 1, names.expression_end(at + 1), depth + 1)
        if not found:
            yield start

    def _is_own(self, index: int, body: int) -> bool:
        """Whether a `return` belongs to the function with this body, and to none in it."""
        names, at = self._names, self._names.around(index)
        while at > body:
            if names.is_sign(at, "(") or names.is_sign(at - 1, "=>") or not self._is_branch(at):
                return False
            at = names.around(at)
        return at == body

    def _is_branch(self, index: int) -> bool:
        """Whether a block is one of `if`, `else`, `switch` and the like."""
        names, before = self._names, index - 1
        if names.at(before).text in ("else", "try", "finally"):
            return True
        opened = names.partner(before) if names.is_sign(before, ")") else -1
        return names.at(opened - 1).text in ("if", "for", "while", "switch", "catch")

    def _called(self, opened: int, closed: int, depth: int) -> Iterator[Object | int]:
        """`defineConfig({...})`, `mergeConfig(base, {...})`."""
        names = self._names
        callee, arguments = names.at(opened - 1).text, names.split(opened + 1, closed, (",",))
        if callee in words_of("wrappers") and arguments:
            yield from self._of(*arguments[0], depth + 1)
        elif callee in words_of("mergers") and arguments:
            merged = self._values.merged(arguments)
            yield opened - 1 if merged is None else merged
        else:
            yield opened - 1
