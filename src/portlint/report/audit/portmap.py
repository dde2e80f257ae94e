"""The port map: services on one side, ports in the middle by block, files on the other; and where each is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from portlint.model import PortRange, Verdict
from portlint.report.audit import Audit
from portlint.report.audit.facts import blocks_of, service_of

CONFLICT, MISMATCH, KNOWN, UNKNOWN = "conflict", "mismatch", "known", "unknown"
_CONFLICTS: Final = frozenset({"PORT201", "PORT303", "PORT404", "PORT501", "PORT507"})
"""rules that say that two want one port"""
_MOST_SERVICES, _MOST_ROWS, _MOST_FILES = 250, 300, 60
_RANKS: Final = (CONFLICT, MISMATCH, KNOWN, UNKNOWN)

PITCH: Final = 20
"""units between two rows of the picture, and below: places in it"""
WIDTH: Final = 1000
SERVICES_END, MIDDLE_START, MIDDLE_END, FILES_START = 240, 400, 540, 680
_LONGEST: Final = 40
"""characters of a file's name; the end of it tells more"""


@dataclass(frozen=True, slots=True)
class PortMap:
    """What is linked to what. A link has a state: mismatch, known or unknown."""

    services: tuple[str, ...]
    ports: tuple[PortRange, ...]
    files: tuple[str, ...]
    states: Mapping[PortRange, str]
    by_service: Mapping[tuple[str, PortRange], str]
    by_file: Mapping[tuple[PortRange, str], str]
    left_out: tuple[int, int, int]
    """services, ports and files that there is no room for"""


def port_map(audit: Audit) -> PortMap:
    by_service: dict[tuple[str, PortRange], str] = {}
    by_file: dict[tuple[PortRange, str], str] = {}
    uses: Counter[PortRange] = Counter()
    paths: Counter[str] = Counter()
    for entry in audit.registry.entries if audit.registry else ():
        for value in (PortRange(entry.default, entry.default), *entry.environments.values()):
            by_service[entry.name, value] = KNOWN
    for match in audit.matches:
        literal = match.literal
        if match.verdict is Verdict.FOREIGN or not literal.valid:
            continue
        state = MISMATCH if match.verdict is Verdict.MISMATCH else UNKNOWN
        state = KNOWN if match.verdict is Verdict.MATCH else state
        uses[literal.ports] += 1
        paths[literal.path] += 1
        _worst(by_file, (literal.ports, literal.path), state)
        service = service_of(match)
        if service is not None:
            _worst(by_service, (service, literal.ports), state)
    states = dict.fromkeys((*uses, *(ports for _, ports in by_service)), UNKNOWN)
    for (_, ports), state in by_service.items():
        _worst(states, ports, state)
    fought = {finding.port for finding in audit.report.findings if finding.rule in _CONFLICTS}
    states.update((ports, CONFLICT) for ports in states if ports.start in fought)
    return _fitted(by_service, by_file, states, uses, paths)


def _worst(states: dict[tuple[str, PortRange], str] | dict[tuple[PortRange, str], str] | dict[PortRange, str],
           key: object, state: str) -> None:  # fmt: skip
    known = states.get(key, UNKNOWN)  # type: ignore[call-overload]
    states[key] = min(known, state, key=_RANKS.index)  # type: ignore[index]


def _fitted(
    by_service: Mapping[tuple[str, PortRange], str],
    by_file: Mapping[tuple[PortRange, str], str],
    states: Mapping[PortRange, str],
    uses: Counter[PortRange],
    paths: Counter[str],
) -> PortMap:
    wanted = sorted(states, key=lambda ports: (_RANKS.index(states[ports]), -uses[ports], ports.start))
    ports = tuple(sorted(wanted[:_MOST_ROWS], key=lambda each: (each.start, each.end)))
    rows = {each: row for row, each in enumerate(ports)}
    services = _ordered((service, rows[port]) for service, port in by_service if port in rows)
    bad = {path for (_, path), state in by_file.items() if state == MISMATCH}
    all_files = sorted(paths, key=lambda path: (path not in bad, -paths[path], path))
    shown_files = set(all_files[:_MOST_FILES])
    files = _ordered((path, rows[port]) for port, path in by_file if path in shown_files and port in rows)
    kept = services[:_MOST_SERVICES]
    return PortMap(
        services=kept,
        ports=ports,
        files=files,
        states=states,
        by_service={key: state for key, state in by_service.items() if key[0] in set(kept) and key[1] in rows},
        by_file={key: state for key, state in by_file.items() if key[0] in rows and key[1] in shown_files},
        left_out=(len(services) - len(kept), len(states) - len(ports), len(paths) - len(shown_files)),
    )


def _ordered(pairs: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Names by the middle of the rows that they are linked to, so that few lines cross."""
    rows: dict[str, list[int]] = {}
    for name, row in pairs:
        rows.setdefault(name, []).append(row)
    return tuple(sorted(rows, key=lambda name: (sum(rows[name]) / len(rows[name]), name)))


@dataclass(frozen=True, slots=True)
class Label:
    """A text in the picture. full: for the tooltip."""

    y: float
    text: str
    full: str
    state: str


@dataclass(frozen=True, slots=True)
class Curve:
    path: str
    """of an SVG path"""
    state: str


@dataclass(frozen=True, slots=True)
class Picture:
    height: int
    services: tuple[Label, ...]
    blocks: tuple[Label, ...]
    ports: tuple[Label, ...]
    files: tuple[Label, ...]
    curves: tuple[Curve, ...]


def picture(audit: Audit, found: PortMap) -> Picture:
    """Where each thing is drawn."""
    blocks, ports, row = [], [], 1.0
    middle: dict[PortRange, float] = {}
    for name, group in groupby(found.ports, lambda each: blocks_of(audit.registry, each.start)):
        blocks.append(Label(row * PITCH, _cut(name, 22), name, ""))
        row += 1
        for each in group:
            middle[each] = row * PITCH
            ports.append(Label(row * PITCH, str(each), f"{each}: {found.states[each]}", found.states[each]))
            row += 1
        row += 0.5
    height = int(max(row, len(found.services) + 1, len(found.files) + 1) * PITCH)
    services, files = _spread(found.services, height), _spread(found.files, height)
    curves = [
        Curve(_curve(SERVICES_END + 8, services[name], MIDDLE_START, middle[port]), state)
        for (name, port), state in found.by_service.items()
    ]
    curves += (
        Curve(_curve(MIDDLE_END, middle[port], FILES_START - 8, files[path]), state)
        for (port, path), state in found.by_file.items()
    )
    curves.sort(key=lambda curve: -_RANKS.index(curve.state))
    return Picture(
        height=height,
        services=tuple(Label(y, _cut(name, 30), name, "") for name, y in services.items()),
        blocks=tuple(blocks),
        ports=tuple(ports),
        files=tuple(Label(y, _end(path), path, "") for path, y in files.items()),
        curves=tuple(curves),
    )


def _spread(names: tuple[str, ...], height: int) -> dict[str, float]:
    pitch = min(3 * PITCH, height / (len(names) + 1))
    top = (height - pitch * (len(names) - 1)) / 2
    return {name: round(top + pitch * row, 1) for row, name in enumerate(names)}


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f"M{x:g} {y:g}C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _end(text: str) -> str:
    return text if len(text) <= _LONGEST else f"…{text[1 - _LONGEST :]}"
