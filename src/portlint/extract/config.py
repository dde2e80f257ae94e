"""Configuration files at large: `.conf`, `.cfg`, `.ini` and the files of well-known programs (Caddyfile, Procfile).

A file of no known program is read by its keys alone: a key that says port holds one, a key that says address holds
`host:port`, a URL is one anywhere. What the configuration of redis, HAProxy, Apache and others adds is in
`rules/formats/config.yaml`, where each program's own words for a port are listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands import find_in_text
from portlint.extract.format import Format, literal
from portlint.extract.limits import LARGEST_BY_HAND
from portlint.extract.scan.literals import endpoint, in_comment, judged, placed, references, template_note
from portlint.extract.scan.text import Hit, find, is_port, port_list, with_holes
from portlint.knowledge import rule_data
from portlint.knowledge.hosts import is_every_interface
from portlint.knowledge.identifiers import is_port_name, words
from portlint.knowledge.template_names import is_template, without_endings
from portlint.model import Facts, PortLiteral, PortReference, Role, Source
from portlint.syntax.config import Comment, Statement, statements
from portlint.syntax.interpolation import HOLE, masked

_FORMAT = "config"
_WORD = regex(r"[^\s,]+")
_NUMBER = regex(r"[\"']?([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp))?[\"']?", re.ASCII | re.IGNORECASE)
_CADDY = regex(r"\{\$([A-Za-z_]\w{0,100})(?::([^{}\n]{0,200}))?\}", re.ASCII)
_FORMATTED = regex(r"%\[[^\[\]\n]{0,200}\]|%\{[^{}\n]{0,200}\}")
_LARGEST_HARDWARE_PORT = 255
_SNIFFED = 65536
"""bytes of a file in which the words of its program are looked for"""
_HEAD_LABEL = 60
_BOUND = ("listen", "listens")
_SIGNS = "#;/"


class _Dialect(Struct, frozen=True):
    """What the configuration of one program adds."""

    name: str
    files: tuple[str, ...]
    content: re.Pattern[str] | None
    directives: dict[str, str]
    wildcards: tuple[tuple[str, str], ...]
    patterns: tuple[re.Pattern[str], ...]
    tops: str | None
    heads: str | None
    indented: bool
    signs: str
    """the characters that open a comment"""

    def kind(self, key: str) -> str | None:
        """How the value of a directive is read; None where the program adds nothing to its name."""
        low = key.lower()
        exact = self.directives.get(low) or self.directives.get(low.split(" ", 1)[0])
        return exact or next((kind for pattern, kind in self.wildcards if fnmatchcase(low, pattern)), None)


@cache
def _rules() -> dict[str, Any]:
    rules: dict[str, Any] = rule_data.load("formats/config.yaml")
    return rules


@cache
def _dialects() -> tuple[_Dialect, ...]:
    return tuple(
        _Dialect(
            name=name,
            files=tuple(row.get("files", ())),
            content=re.compile(row["content"], re.MULTILINE) if "content" in row else None,
            directives={k: v for k, v in row.get("directives", {}).items() if "*" not in k},
            wildcards=tuple((k, v) for k, v in row.get("directives", {}).items() if "*" in k),
            patterns=tuple(re.compile(pattern, re.ASCII) for pattern in row.get("patterns", ())),
            tops=row.get("tops"),
            heads=row.get("heads"),
            indented=row.get("indented", False),
            signs=row.get("signs", _SIGNS),
        )
        for name, row in _rules()["dialects"].items()
    )


@cache
def _endings() -> tuple[str, ...]:
    return tuple(f".{ending}" for ending in _rules()["endings"])


def _matches(path: str, patterns: Iterable[str]) -> bool:
    low = without_endings(path, aside=True).lower()
    base, whole = low.rsplit("/", 1)[-1], f"/{low}"
    return any(fnmatchcase(whole if "/" in pattern else base, pattern) for pattern in patterns)


def _named(path: str) -> bool:
    return without_endings(path, aside=True).lower().endswith(_endings()) or _matches(path, _rules()["files"])


_UNNAMED = regex(r"(?:^|/)(?:conf\.d|sites-(?:available|enabled)|haproxy|apache2?|httpd)/[^/.]+$")


def _content(path: str, data: bytes) -> bool:
    """A site of Apache, a template of HAProxy: their place tells that they configure, their words tell what."""
    if not (_UNNAMED.search(path) or is_template(path)):
        return False
    head = data[:_SNIFFED].decode("latin-1")
    return any(d.content is not None and d.content.search(head) for d in _dialects())


def _extract(source: Source) -> Facts:
    text = source.text
    reader = _Reader(source, text, _chosen(source.path, text))
    literals = tuple(reader.read())
    return Facts(
        path=source.path,
        format=_FORMAT,
        literals=literals,
        references=tuple(reader.references),
        problems=template_note(source, text, "a configuration file"),
    )


def _role(host: str | None) -> Role:
    """What a port does whose statement names a host, or none."""
    if host is None:
        return Role.SETTING
    return Role.BIND if is_every_interface(host) else Role.CONNECT


def _chosen(path: str, text: str) -> tuple[_Dialect, ...]:
    """The dialects of a file: those that its name tells, else those that its words tell."""
    named = tuple(d for d in _dialects() if _matches(path, d.files))
    if named:
        return named
    head = text[:_SNIFFED]
    return tuple(d for d in _dialects() if d.content is not None and d.content.search(head))[:1]


class _Reader:
    def __init__(self, source: Source, text: str, dialects: tuple[_Dialect, ...]) -> None:
        self.source = source
        self.text = text
        self.dialects = dialects
        self.references: list[PortReference] = []

    def read(self) -> Iterator[PortLiteral]:
        signs = min((d.signs for d in self.dialects), key=len, default=_SIGNS)
        for item in statements(self.text, signs, indented=any(d.indented for d in self.dialects)):
            if isinstance(item, Comment):
                yield from in_comment(self.source, _FORMAT, item.start, item.end)
            else:
                yield from self._statement(item)

    def _statement(self, item: Statement) -> Iterator[PortLiteral]:
        raw = self.text[item.start : item.end]
        taken: set[int] = set()
        for found in self._in_patterns(item, raw):
            if found.span.start not in taken:
                taken.add(found.span.start)
                yield found
        if "{$" in raw:
            yield from self._placeholders(item, raw)
        for offset, hits, role in self._hits(item, raw):
            yield from self._given(
                item, offset, [hit for hit in hits if self.source.base + offset + hit.start not in taken], role
            )

    def _hits(self, item: Statement, raw: str) -> Iterator[tuple[int, list[Hit], Role | None]]:
        """Offset of a text, the hits in it and their role, of one statement."""
        value = self.text[item.value_start : item.end]
        for dialect in self.dialects:
            above = dialect.tops if not item.opens else dialect.heads
            if above and not item.path and not item.operator and dialect.kind(item.key) is None:
                yield item.start, _bound(_addresses(raw, bare=False)), Role.BIND
                return
            kind = dialect.kind(item.key) if item.key else None
            if kind is not None:
                hits = _by_kind(kind, item.key, value)
                yield item.value_start, _bound(hits) if kind in _BOUND else hits, None
                return
        if item.key.lower() in _rules()["commands"]:
            yield item.value_start, find_in_text(value), None
        elif item.operator:
            yield item.value_start, self._by_key(item, value), None
        elif is_port_name(item.key) and (hits := _whole(value)):
            yield item.value_start, hits, None
        else:
            plain = _FORMATTED.sub(lambda m: HOLE * len(m[0]), raw)
            yield item.start, [hit for hit in find(plain, whole=False, raw=raw) if _says_so(raw, hit)], None

    def _by_key(self, item: Statement, value: str) -> list[Hit]:
        """The ports of a value whose key, with the section that it stands in, tells what it is."""
        section = item.path[-1] if item.path else ""
        hits = judged(item.key, value)
        if is_port_name(item.key):
            hardware = words(item.key) in (("port",), ("ports",)) and not is_port_name(f"{section} port")
            if hardware and section and hits and all(hit.port <= _LARGEST_HARDWARE_PORT for hit in hits):
                return [] if words(section)[-1:] != ("input",) else hits
        elif not hits and words(section)[-1:] == ("ports",) and is_port_name(f"{item.key} port"):
            return [hit for hit in port_list(masked(value)) if is_port(hit.port)]
        return hits

    def _in_patterns(self, item: Statement, raw: str) -> Iterator[PortLiteral]:
        plain = masked(raw)
        for dialect in self.dialects:
            for pattern in dialect.patterns:
                for found in pattern.finditer(plain):
                    groups = found.groupdict()
                    if not is_port(int(groups["port"])):
                        continue
                    host = (groups.get("host") or "").strip("[]")
                    yield literal(
                        self.source,
                        _FORMAT,
                        item.start + found.start("port"),
                        item.start + (found.end("end") if groups.get("end") else found.end("port")),
                        port=int(groups["port"]),
                        end_port=int(groups["end"]) if groups.get("end") else None,
                        role=_role(groups.get("host")),
                        host=host if host and HOLE not in host and "{" not in host else None,
                        name=self._name(item),
                        subject=_subject(item),
                        form="address" if host else "directive",
                        referable=False,
                    )

    def _placeholders(self, item: Statement, raw: str) -> Iterator[PortLiteral]:
        """Caddy's `{$PORT:8080}` (https://caddyserver.com/docs/caddyfile/concepts#environment-variables)."""
        for found in _CADDY.finditer(raw):
            start = item.start + found.start(1)
            alone = raw[: found.start()].endswith(":") or is_port_name(found[1])
            fallback = list(
                placed(
                    self.source,
                    _FORMAT,
                    item.start + found.start(2),
                    _addresses(found[2], bare=alone),
                    role=Role.FALLBACK,
                    form="fallback",
                    variable=found[1],
                    subject=_subject(item),
                )
                if found[2]
                else ()
            )
            yield from fallback
            if alone:
                self.references.append(
                    PortReference(
                        path=self.source.path,
                        span=self.source.span(start, start + len(found[1])),
                        variable=found[1],
                        role=Role.SETTING,
                        fallback=fallback[0] if fallback else None,
                        subject=_subject(item),
                    )
                )

    def _given(self, item: Statement, offset: int, hits: list[Hit], role: Role | None) -> Iterator[PortLiteral]:
        name, subject = self._name(item), _subject(item)
        form = None if item.operator else "directive"
        found = list(placed(self.source, _FORMAT, offset, hits, role=role, form=form, name=name, subject=subject))
        yield from found
        value = self.text[item.value_start : item.end]
        if "$" in value and "{$" not in value:
            self.references += references(self.source, item.value_start, item.key, value, found, subject)

    def _name(self, item: Statement) -> str | None:
        """The key; where it says nothing but port, with the section or block before it.

        A directive (`server`, `bind`, `log`) is a word of the program's, not a name of what it serves.
        """
        key = item.key.strip("<")
        if not words(key) or key[0].isdigit() or not (item.operator or is_port_name(key)):
            return None
        if len(words(key)) > 1 or not item.path or not item.path[-1]:
            return key
        return f"{item.path[-1][:_HEAD_LABEL]}.{key}"


def _subject(item: Statement) -> str:
    parts = (*(label[:_HEAD_LABEL] for label in item.path[-6:]), item.key.strip("<"))
    return ".".join(part for part in parts if part)


def _by_kind(kind: str, key: str, value: str) -> list[Hit]:
    """The ports of the value of a directive that the program's own table knows."""
    match kind:
        case "none":
            return []
        case "command":
            return find_in_text(value)
        case "text":
            return find(value)
        case "address" | "connect":
            return [*_addresses(value.split(" ", 1)[0], bare=kind == "connect")] or find(value, whole=False)
        case "addresses":
            return _addresses(value, bare=False)
        case "port" | "listen":
            first = _WORD.match(value)
            return (_addresses(first[0], bare=True) if first else []) or judged(
                key if is_port_name(key) else None, value
            )
        case _:
            return _addresses(value, bare=True)


def _addresses(text: str, *, bare: bool) -> list[Hit]:
    """The ports of the words of a text that are addresses, and, with `bare`, of those that are nothing but a port."""
    plain = with_holes(masked(text))
    hits = []
    for word in _WORD.finditer(plain):
        number = _NUMBER.fullmatch(word[0].rstrip(">;")) if bare else None
        if number and int(number[1]):
            hits.append(
                Hit(
                    start=word.start() + number.start(1),
                    end=word.start() + (number.end(2) if number[2] else number.end(1)),
                    port=int(number[1]),
                    end_port=int(number[2]) if number[2] else None,
                    protocol=(number[3] or "tcp").lower(),
                    form="value",
                )
            )
        elif (hit := endpoint(plain[: word.start() + len(word[0].rstrip(">;"))], word.start())) is not None:
            hits.append(hit)
    return hits


def _whole(value: str) -> list[Hit]:
    """The ports of `port 8000`, where nothing but ports or one address stands behind the key."""
    listed = [hit for hit in port_list(value) if is_port(hit.port)]
    if listed or not value:
        return listed
    hits = judged("port", value)
    return hits if hits and len(value.split()) == 1 else []


def _bound(hits: Iterable[Hit]) -> list[Hit]:
    """The hits of a directive that says where a process listens."""
    return [hit if hit.role is Role.FALLBACK else hit._replace(role=Role.BIND) for hit in hits]


def _says_so(text: str, hit: Hit) -> bool:
    """Whether a hit in a line of an unknown program is more than a number behind the word `port`."""
    return hit.form != "word" or text[: hit.start].rstrip(" \"'")[-1:] in ("=", ":", ">") or "/" in text[hit.end :][:1]


FORMAT = Format(
    name=_FORMAT,
    named=_named,
    content=_content,
    extract=_extract,
    by_line=True,
    most_bytes=LARGEST_BY_HAND,
)
