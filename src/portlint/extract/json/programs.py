"""What a package.json runs, and where the development server of an angular.json listens.

Sources: docs.npmjs.com, "package.json", `scripts` and `main`; angular.dev, "Workspace configuration", `serve`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.scan.programs import shell_commands
from portlint.model import Facts, Source
from portlint.model.programs import Bind, Command, Part, Script, Text
from portlint.syntax.interpolation import HOLE

_TOKEN = regex(r"\"((?:[^\"\\\n]++|\\.)*+)\"(\s*+:)?|([{}\[\]])|([\w.+-]++)")
_MOST_SCRIPTS: Final = 200
_MOST_BINDS: Final = 64
_DEEPEST: Final = 200
_LARGEST: Final = 400_000
"""bytes; nobody writes a larger one"""
_FILE = regex(r"[\w./@-]{1,200}")
_HOST = regex(r"[A-Za-z0-9.:-]{1,80}")
_ESCAPE = regex(r"\\([\s\S])")


class _Member(Struct, frozen=True):
    """A string, a number or a word in an object. start, end: indexes of its text, quotes left out."""

    keys: tuple[str, ...]
    """the way to it through objects"""
    start: int
    end: int
    is_text: bool


def with_programs(source: Source, facts: Facts) -> Facts:
    """The facts of a JSON text with what runs by it."""
    name = source.path.rpartition("/")[2]
    if name not in ("package.json", "angular.json") or len(source.data) > _LARGEST:
        return facts
    if name == "angular.json":
        found = tuple(_angular(source))[:_MOST_BINDS]
        return replace(facts, binds=found) if found else facts
    scripts: list[Script] = []
    main: str | None = None
    for member in _members(source.text, 2):
        if member.keys == ("main",) and _FILE.fullmatch(source.text, member.start, member.end):
            main = source.text[member.start : member.end]
        elif len(member.keys) == 2 and member.keys[0] == "scripts" and member.is_text and len(scripts) < _MOST_SCRIPTS:
            scripts.append(_script(source, member))
    if not scripts and main is None:
        return facts
    return replace(facts, scripts=tuple(scripts), imports=() if main is None else (main,))


def _members(text: str, depth: int) -> Iterator[_Member]:
    """The members of objects up to so many levels deep, in order; none of those in lists."""
    keys: list[str] = []
    opened: list[str] = []
    key: str | None = None
    for match in _TOKEN.finditer(text):
        if match[3]:
            if match[3] in "{[":
                opened.append(match[3])
                keys.append(key or "")
                if len(opened) > _DEEPEST:
                    return
            elif opened:
                opened.pop()
                keys.pop()
            key = None
        elif match[2]:
            key = match[1]
        elif key is not None:
            if len(opened) <= depth and "[" not in opened:
                group = 1 if match[1] is not None else 4
                yield _Member((*keys[1:], key), match.start(group), match.end(group), group == 1)
            key = None


def _script(source: Source, member: _Member) -> Script:
    """One of `scripts`; of one with an escape other than that of a quote nothing is kept."""
    raw = source.text[member.start : member.end]
    span = source.span(member.start, member.end)
    name = member.keys[1].encode("latin-1").decode("utf-8", "replace")
    if any(escape[1] != '"' for escape in _ESCAPE.finditer(raw)):
        return Script(name, (Command((Text((Part(hidden=True),), span),), span),), span)
    piece = source.part(member.start, member.end)
    piece = replace(piece, data=piece.data.replace(b'\\"', HOLE.encode() + b'"'))
    return Script(name, shell_commands(piece, 0, len(raw)), span)


def _angular(source: Source) -> Iterator[Bind]:
    """`projects.shop.architect.serve.options.port`: a bind of each project that says port or host."""
    found: dict[str, dict[str, Text]] = {}
    for member in _members(source.text, 6):
        keys = member.keys
        if len(keys) != 6 or keys[0] != "projects" or keys[2] not in ("architect", "targets"):
            continue
        if keys[3:5] == ("serve", "options") and keys[5] in ("port", "host"):
            text, span = source.text[member.start : member.end], source.span(member.start, member.end)
            part = Part(text=text, start=source.base + member.start) if _HOST.fullmatch(text) else Part(hidden=True)
            found.setdefault(keys[1], {})[keys[5]] = Text((part,), span)
    for each in found.values():
        port, host = each.get("port"), each.get("host")
        place = port or host
        if place is not None:
            yield Bind(span=place.span, by="angular serve", port=port, host=host)
