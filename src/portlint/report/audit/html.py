"""`html`: one page with everything in it, which loads nothing and runs no script but its own.

Everything that comes from the repository is escaped twice: `shown` for what could deceive a reader, and the template
engine for HTML. The content security policy (CSP level 3) names the page's style and script by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from portlint import __version__
from portlint.model import Finding, PortRange
from portlint.report.audit import Audit
from portlint.report.audit.facts import (
    VERDICTS,
    Stretch,
    allocation,
    by_rule,
    most_telling,
    sentences,
    service_of,
    service_table,
)
from portlint.report.audit.portmap import FILES_START, MIDDLE_END, MIDDLE_START, SERVICES_END, WIDTH, picture, port_map
from portlint.report.escape import shown
from portlint.report.frame import Frame, frame

if TYPE_CHECKING:
    from jinja2 import Template

_MOST_PLACES: Final = 10_000
"""rows of the inventory: a browser sorts them at once"""
_MOST_FRAMES: Final = 15
"""findings of one rule that are shown with their lines"""
_MOST_FINDINGS: Final = 200
"""findings of one rule that are shown"""
STRIP_WIDTH: Final = 1000


def render(audit: Audit) -> Iterator[str]:
    style, script = _part("audit.css"), _part("audit.js")
    matches, left_out = most_telling(audit.matches, _MOST_PLACES)
    found = port_map(audit)
    page = {
        "audit": audit,
        "version": __version__,
        "style": style,
        "script": script,
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "sentences": sentences(audit) if audit.is_whole else sentences(audit)[2:],
        "map": found,
        "picture": picture(audit, found),
        "width": WIDTH,
        "at": {"services": SERVICES_END, "ports": MIDDLE_START, "port_width": MIDDLE_END - MIDDLE_START,
               "middle": (MIDDLE_START + MIDDLE_END) // 2, "files": FILES_START},
        "strips": [Strip.of(each) for each in allocation(audit)],
        "strip_width": STRIP_WIDTH,
        "table": service_table(audit),
        "matches": [(match, match.literal, service_of(match) or "") for match in matches],
        "left_out": left_out,
        "verdicts": VERDICTS,
        "rules": [
            (audit.report.card(code), [_Shown.of(audit, each, at) for at, each in enumerate(findings[:_MOST_FINDINGS])],
             len(findings))
            for code, findings in by_rule(audit)
        ],
    }  # fmt: skip
    yield from _template().generate(page)


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
    environment.filters["paragraphs"] = _paragraphs
    return environment.get_template("audit.html.j2")


def _safe(value: Any) -> Any:
    """What the template prints; markup is the page's own, and has no character to be shown."""
    return shown(value) if type(value) is str else value


def _paragraphs(text: str) -> list[str]:
    return [" ".join(each.split()) for each in text.split("\n\n")]


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class _Shown:
    """A finding, with the lines that it is about where there is room for them."""

    finding: Finding
    places: tuple[tuple[str, Frame | None, str], ...]
    """where, the line, and what is said of it"""

    @classmethod
    def of(cls, audit: Audit, finding: Finding, number: int) -> _Shown:
        report = audit.report
        spans = [(finding.path, finding.span, ""), *((r.path, r.span, r.message) for r in finding.related)]
        places = [
            (
                f"{path}:{span.line}:{span.column}",
                frame(report.source(path), span, report.format_of(path)) if number < _MOST_FRAMES else None,
                message,
            )
            for path, span, message in spans
        ]
        return cls(finding, tuple(places if number < _MOST_FRAMES else places[:1]))


@dataclass(frozen=True, slots=True)
class Strip:
    """A stretch of ports as a picture. A mark: its place and width, in units of STRIP_WIDTH, its kind and its words."""

    stretch: Stretch
    marks: tuple[tuple[float, float, str, str], ...]

    @classmethod
    def of(cls, stretch: Stretch) -> Strip:
        unit = STRIP_WIDTH / (stretch.ports.end - stretch.ports.start + 1)

        def mark(ports: PortRange, kind: str, words: str) -> tuple[float, float, str, str]:
            at = (ports.start - stretch.ports.start) * unit
            return round(at, 1), max(3.0, round((ports.end - ports.start + 1) * unit, 1)), kind, words

        marks = [mark(each, "reserved", f"{each}: reserved") for each in stretch.reserved]
        marks += (mark(PortRange(port, port), "used", f"{port}: {owner}") for port, owner in stretch.used)
        return cls(stretch, tuple(marks))
