"""`html`: one page with everything in it, which loads nothing and runs no script but its own.

Everything that comes from the repository is escaped twice: `shown` for what could deceive a reader, and the template
engine for HTML. The content security policy (CSP level 3) names the page's style and script by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from portlint import __version__
from portlint.model import Finding, PortRange, Severity
from portlint.report.audit import Audit
from portlint.report.audit.facts import (
    ROLES,
    VERDICTS,
    Stretch,
    allocation,
    by_rule,
    most_telling,
    sentences,
    service_of,
    service_table,
    writers,
)
from portlint.report.audit.portmap import (
    CONFLICT,
    FILES_START,
    KNOWN,
    MIDDLE_END,
    MIDDLE_START,
    MISMATCH,
    SERVICES_END,
    UNKNOWN,
    WIDTH,
    PortMap,
    picture,
    port_map,
)
from portlint.report.escape import shown
from portlint.report.frame import Frame, frame
from portlint.report.style import counted

if TYPE_CHECKING:
    from jinja2 import Template

_MOST_PLACES: Final = 10_000
"""rows of the inventory: a browser sorts them at once"""
_MOST_FILES: Final = 2000
"""rows of the table of files"""
_MOST_FRAMES: Final = 15
"""findings of one rule that are shown with their lines"""
_MOST_FINDINGS: Final = 200
"""findings of one rule that are shown"""
STRIP_WIDTH: Final = 1000


def render(audit: Audit) -> Iterator[str]:
    style, script = _part("audit.css"), _part("audit.js")
    matches, left_out = most_telling(audit.matches, _MOST_PLACES)
    found, table, files = port_map(audit), service_table(audit), writers(audit)
    strips = [Strip.of(each) for each in allocation(audit)]
    sections = {
        target: words
        for target, words, is_there in (
            ("map", "Port map", found.ports),
            ("services", "Services", table.rows),
            ("allocation", "Allocation", strips),
            ("findings", "Findings", True),
            ("places", "Inventory", matches),
            ("files", "Files", matches),
            ("unchecked", "Not checked", audit.unchecked),
        )
        if is_there
    }
    page = {
        "audit": audit,
        "version": __version__,
        "style": style,
        "script": script,
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "sentences": sentences(audit) if audit.is_whole else sentences(audit)[2:],
        "figures": _figures(audit, sections),
        "sections": sections,
        "map": found,
        "legend": _legend(audit, found),
        "missing": _missing(found),
        "picture": picture(audit, found),
        "width": WIDTH,
        "at": {"services": SERVICES_END, "ports": MIDDLE_START, "port_width": MIDDLE_END - MIDDLE_START,
               "middle": (MIDDLE_START + MIDDLE_END) // 2, "files": FILES_START},
        "strips": strips,
        "strip_width": STRIP_WIDTH,
        "table": table,
        "matches": [(match, match.literal, service_of(match) or "") for match in matches],
        "left_out": left_out,
        "roles": ROLES,
        "verdicts": VERDICTS,
        "files": files[:_MOST_FILES],
        "files_left_out": max(0, len(files) - _MOST_FILES),
        "rules": [
            (
                card := audit.report.card(code),
                [_Shown.of(audit, each, at) for at, each in enumerate(findings[:_MOST_FINDINGS])],
                len(findings),
                next((example for example in card.examples if example.expect), None),
            )
            for code, findings in by_rule(audit)
        ],
    }  # fmt: skip
    yield from _template().generate(page)


def _figures(audit: Audit, sections: Collection[str]) -> list[tuple[int, str, str, str]]:
    """The numbers at the top: each with its words, what kind of number it is, and the section that tells more."""
    done, literals = audit.report.summary, [match.literal for match in audit.matches]
    services = {service for match in audit.matches if (service := service_of(match))}
    services |= {entry.name for entry in audit.registry.entries} if audit.registry else set()
    numbers = [
        (len({each.ports for each in literals}), "port", "", "map"),
        (len(literals), "place", "", "places"),
        (len({each.path for each in literals}), "file", "", "files"),
        (len(services), "service", "", "services"),
        *((done.severities.get(each, 0), _NUMBERS[each], each.value, "findings") for each in Severity),
        (done.not_checked, "unread file", "", "unchecked"),
    ]
    return [
        (number, counted(number, words).partition(" ")[2], kind, to if to in sections else "findings")
        for number, words, kind, to in numbers
        if number
    ]


_NUMBERS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def _legend(audit: Audit, found: PortMap) -> list[tuple[str, str, str]]:
    """What is in the picture: the state, how it is drawn, and what it means."""
    links, ports = {*found.by_service.values(), *found.by_file.values()}, set(found.states.values())
    unknown = "a port that the registry does not know" if audit.registry else "what the files say; there is no registry"
    return [
        (state, shape, words)
        for state, shape, words, is_there in (
            (KNOWN, "line", "as the registry has it", KNOWN in links),
            (MISMATCH, "line", "another port than is meant", MISMATCH in links),
            (UNKNOWN, "line", unknown, UNKNOWN in links),
            (MISMATCH, "port", "a port that contradicts the registry", MISMATCH in ports and audit.registry),
            (CONFLICT, "port", "a port that two services want", CONFLICT in ports),
        )
        if is_there
    ]


def _missing(found: PortMap) -> str:
    """What the picture has no room for, in words."""
    words = [counted(n, word) for n, word in zip(found.left_out, ("service", "port", "file"), strict=True) if n]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_safe,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(paragraphs=_paragraphs, spans=_spans, lines=_lines)
    return environment.get_template("audit.html.j2")


def _safe(value: Any) -> Any:
    """What the template prints; markup is the page's own, and has no character to be shown."""
    return shown(value) if type(value) is str else value


def _paragraphs(text: str) -> list[str]:
    return [" ".join(each.split()) for each in text.split("\n\n")]


def _spans(text: str) -> list[tuple[str, bool]]:
    """The words of a card, and whether they stand in backquotes."""
    return [(words, at % 2 == 1) for at, words in enumerate(text.split("`")) if words]


def _lines(text: str) -> list[str]:
    return text.rstrip("\n").split("\n")


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class _Shown(Struct, frozen=True):
    """A finding, with the lines that it is about where there is room for them."""

    finding: Finding
    places: tuple[tuple[str, Frame | None, str], ...]
    """where, the line, and what is said of it"""
    has_frames: bool

    @classmethod
    def of(cls, audit: Audit, finding: Finding, number: int) -> _Shown:
        report, has_frames = audit.report, number < _MOST_FRAMES
        spans = [(finding.path, finding.span, ""), *((r.path, r.span, r.message) for r in finding.related)]
        places = [
            (
                f"{path}:{span.line}:{span.column}",
                frame(report.source(path), span, report.format_of(path)) if has_frames else None,
                message,
            )
            for path, span, message in (spans if has_frames else spans[:1])
        ]
        return cls(finding, tuple(places), has_frames)


class Strip(Struct, frozen=True):
    """A stretch of ports as a picture. A mark: its place and width, in units of STRIP_WIDTH, its kind and its words.
    Ticks: the places where a round number begins."""

    stretch: Stretch
    marks: tuple[tuple[float, float, str, str], ...]
    ticks: tuple[float, ...]

    @property
    def words(self) -> str:
        reserved = sum(ports.end - ports.start + 1 for ports in self.stretch.reserved)
        said = [
            f"{len(self.stretch.used)} used",
            f"{reserved} reserved" if reserved else "",
            f"{self.stretch.free} free",
        ]
        return ", ".join(filter(None, said))

    @classmethod
    def of(cls, stretch: Stretch) -> Strip:
        unit = STRIP_WIDTH / (stretch.ports.end - stretch.ports.start + 1)

        def mark(ports: PortRange, kind: str, words: str) -> tuple[float, float, str, str]:
            at = (ports.start - stretch.ports.start) * unit
            return round(at, 1), max(3.0, round((ports.end - ports.start + 1) * unit, 1)), kind, words

        marks = [mark(each, "reserved", f"{each}: reserved") for each in stretch.reserved]
        marks += (mark(PortRange(port, port), "used", f"{port}: {owner}") for port, owner in stretch.used)
        first, last = stretch.ports.start, stretch.ports.end
        step = 10 ** (len(str(last - first)) - 1)
        ticks = tuple(round((at - first) * unit, 1) for at in range(-(-(first + 1) // step) * step, last, step))
        return cls(stretch, tuple(marks), ticks)
