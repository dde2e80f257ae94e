"""`full`: for people. Each finding with the line it is about, the lines it refers to, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from portlint.model import Finding, Span
from portlint.report import Report
from portlint.report.escape import shown
from portlint.report.frame import drawn, frame
from portlint.report.style import style


def render(report: Report) -> Iterator[str]:
    painted = style(report.color)
    for finding in report.findings:
        card = report.card(finding.rule)
        meaning = card.severity.value
        title = painted(meaning, f"{meaning}[{finding.rule}]")
        yield f"{title} {painted('strong', card.name)}: {shown(finding.message)}\n"
        lines = [finding.span.line, *(related.span.line for related in finding.related)]
        margin = len(str(max(lines)))
        places: list[tuple[str, Span, str]] = [(finding.path, finding.span, "")]
        places += ((related.path, related.span, shown(related.message)) for related in finding.related)
        for path, span, label in places:
            found = frame(report.source(path), span, report.format_of(path))
            where = f"{shown(report.place(path))}:{span.line}:{span.column}"
            is_first = label == ""
            yield drawn(
                where,
                found,
                painted,
                sign="^" if is_first else "-",
                meaning=meaning if is_first else "frame",
                label=label,
                margin=margin,
            )
        yield from _advice(finding, margin, painted("frame", "="))
        yield "\n"


def _advice(finding: Finding, margin: int, sign: str) -> Iterator[str]:
    if finding.help:
        yield f"{' ' * margin} {sign} help: {shown(finding.help)}\n"
    if finding.fix is not None:
        yield f"{' ' * margin} {sign} fix: there is {_article(finding.fix.safety)} fix\n"


def _article(safety: str) -> str:
    return f"an {safety}" if safety.startswith("u") else f"a {safety}"
