"""`markdown`: the audit for a pull request or a wiki, with the port map as a Mermaid flowchart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from portlint.algorithms.lazy_regex import regex
from portlint.report.audit import Audit
from portlint.report.audit.facts import (
    VERDICTS,
    Cell,
    allocation,
    by_rule,
    most_telling,
    sentences,
    service_of,
    service_table,
)
from portlint.report.audit.portmap import CONFLICT, MISMATCH, PortMap, port_map
from portlint.report.escape import markdown, shown
from portlint.report.style import counted, sentence

_MOST_LINKS: Final = 200
"""Mermaid draws no more than 500, and nobody can read them"""
_MOST_PLACES: Final = 2000
_MOST_FINDINGS: Final = 50
"""of one rule"""
_NOT_IN_LABELS: Final = regex(r"[^\w ./:,-]", re.ASCII)


def render(audit: Audit) -> Iterator[str]:
    yield f"# The ports of {markdown(audit.name)}\n\n{markdown(' '.join(sentences(audit)))}\n"
    yield from _map(port_map(audit))
    yield from _allocation(audit)
    yield from _services(audit)
    yield from _findings(audit)
    yield from _inventory(audit)
    if audit.unchecked:
        yield "\n## Not checked\n\n| File | Why |\n| --- | --- |\n"
        for each in audit.unchecked:
            yield f"| {markdown(each.path)} | {'in part: ' if each.partly else ''}{markdown(each.reason)} |\n"


def _map(found: PortMap) -> Iterator[str]:
    links = [(f"s{found.services.index(a)}", f"p{found.ports.index(b)}", s) for (a, b), s in found.by_service.items()]
    links += [(f"p{found.ports.index(a)}", f"f{found.files.index(b)}", s) for (a, b), s in found.by_file.items()]
    links.sort(key=lambda link: link[2] != MISMATCH)
    if not links:
        return
    kept = links[:_MOST_LINKS]
    used = {name for a, b, _ in kept for name in (a, b)}
    yield "\n## Port map\n\n```mermaid\nflowchart LR\n"
    for kind, names in (("s", found.services), ("p", tuple(map(str, found.ports))), ("f", found.files)):
        yield from (f'  {kind}{at}["{_label(name)}"]\n' for at, name in enumerate(names) if f"{kind}{at}" in used)
    for a, b, state in kept:
        yield f"  {a} -.->|other port| {b}\n" if state == MISMATCH else f"  {a} --- {b}\n"
    fought = [f"p{at}" for at, ports in enumerate(found.ports) if found.states[ports] == CONFLICT and f"p{at}" in used]
    if fought:
        yield f"  classDef conflict stroke:#c00,stroke-width:3px\n  class {','.join(fought)} conflict\n"
    yield "```\n"
    if len(links) > len(kept) or any(found.left_out):
        yield "\nThe map shows a part only; the tables below have more.\n"


def _label(text: str) -> str:
    """Mermaid's own character references (`#59;`), which neither it nor a browser takes for structure."""
    return _NOT_IN_LABELS.sub(lambda char: f"#{ord(char[0])};", shown(text))


def _allocation(audit: Audit) -> Iterator[str]:
    stretches = allocation(audit)
    if stretches:
        yield "\n## Allocation\n\n| Ports | Block | Used | Reserved | Free |\n| --- | --- | --- | --- | --- |\n"
    for each in stretches:
        used = ", ".join(f"{port} {owner}" for port, owner in each.used[:20]) + (", ..." if each.used[20:] else "")
        reserved = ", ".join(map(str, each.reserved))
        yield f"| {each.ports} | {markdown(each.name)} | {markdown(used)} | {reserved} | {each.free} |\n"


def _services(audit: Audit) -> Iterator[str]:
    table = service_table(audit)
    if not table.rows:
        return
    yield "\n## Services\n\n"
    yield f"| Service | {' | '.join(map(markdown, table.environments))} |\n"
    yield f"| --- |{' --- |' * len(table.environments)}\n"
    for name, cells in table.rows:
        yield f"| {markdown(name)} | {' | '.join(map(_cell, cells))} |\n"


def _cell(cell: Cell) -> str:
    others = f"but also {', '.join(cell.others)}" if cell.registered else ", ".join(cell.others)
    return " ".join(filter(None, (cell.registered, others if cell.others else "")))


def _findings(audit: Audit) -> Iterator[str]:
    for number, (code, findings) in enumerate(by_rule(audit)):
        card = audit.report.card(code)
        yield "\n## Findings\n" if number == 0 else ""
        yield f"\n### {code} {card.name} ({card.severity.value}): {len(findings)}\n\n{card.summary}\n\n"
        yield "<details><summary>Why it matters, and how to fix it</summary>\n\n"
        yield f"{card.why}\n\n{card.mend}\n\n</details>\n\n"
        for finding in findings[:_MOST_FINDINGS]:
            place = f"{markdown(finding.path)}:{finding.span.line}:{finding.span.column}"
            yield f"- {place}: {markdown(sentence(finding))}\n"
        if (more := len(findings) - _MOST_FINDINGS) > 0:
            yield f"- and {more} more\n"


def _inventory(audit: Audit) -> Iterator[str]:
    matches, left_out = most_telling(audit.matches, _MOST_PLACES)
    if not matches:
        return
    yield "\n## Inventory\n\n| Port | Role | Service | Verdict | Format | Place |\n"
    yield "| --- | --- | --- | --- | --- | --- |\n"
    for match in matches:
        literal = match.literal
        place = f"{markdown(literal.path)}:{literal.span.line}:{literal.span.column}"
        yield f"| {literal.ports} | {literal.role} | {markdown(service_of(match) or '')} | {match.verdict} | "
        yield f"{literal.format} | {place} |\n"
    if left_out:
        yield f"\n{counted(left_out, 'place')} more; `portlint report --format csv` lists all.\n"
    yield "\n"
    yield from (f"- *{verdict}*: {words}\n" for verdict, words in VERDICTS.items())
