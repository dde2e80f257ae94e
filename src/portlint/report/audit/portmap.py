"""The port map: services on one side, ports in the middle by block, files on the other; and where each is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final

from msgspec import Struct

from portlint.knowledge import well_known
from portlint.model import Match, PortRange, Verdict
from portlint.report.audit import Audit
from portlint.report.audit.facts import blocks_of, service_of
from portlint.report.audit.folding import folded

CONFLICT, MISMATCH, KNOWN, UNKNOWN = "conflict", "mismatch", "known", "unknown"
_CONFLICTS: Final = frozenset({"PORT201", "PORT303", "PORT404", "PORT501", "PORT507"})
"""rules that say that two want one port"""
_MOST_SERVICES, _MOST_ROWS, _MOST_FILES = 250, 300, 45
_SHOWN_ALONE: Final = 30
"""files with another port than the registry has, which are not folded"""
_RANKS: Final = (CONFLICT, MISMATCH, KNOWN, UNKNOWN)

PITCH: Final = 20
"""units between two rows of the picture, and below: places in it"""
WIDTH: Final = 1160
SERVICES_END, MIDDLE_START, MIDDLE_END, FILES_START = 230, 390, 490, 720
_LONGEST: Final = 54
"""characters of a file's name; the end of it tells more"""


class PortMap(Struct, frozen=True):
    """What is linked to what. A link has a state: mismatch, known or unknown. A folder may stand for its files."""

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
    files: Counter[str] = Counter()
    drawn = [match for match in audit.matches if match.verdict is not Verdict.FOREIGN and match.literal.valid]
    names = _names_of_files(drawn)
    for entry in audit.registry.entries if audit.registry else ():
        by_service[entry.name, PortRange(entry.default, entry.default)] = KNOWN
    for match in drawn:
        literal, file = match.literal, names[match.literal.path]
        state = MISMATCH if match.verdict is Verdict.MISMATCH else UNKNOWN
        state = KNOWN if match.verdict is Verdict.MATCH else state
        uses[literal.ports] += 1
        files[file] += 1
        _worst(by_file, (literal.ports, file), state)
        service = service_of(match)
        if service is not None:
            _worst(by_service, (service, literal.ports), state)
    states = dict.fromkeys((*uses, *(ports for _, ports in by_service)), UNKNOWN)
    for (_, ports), state in by_service.items():
        _worst(states, ports, state)
    fought = {finding.port for finding in audit.report.findings if finding.rule in _CONFLICTS}
    states.update((ports, CONFLICT) for ports in states if ports.start in fought)
    return _fitted(by_service, by_file, states, uses, files)


def _names_of_files(matches: Iterable[Match]) -> Mapping[str, str]:
    """Files to what stands for them in the picture; those that contradict the registry keep their names."""
    paths: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for match in matches:
        paths[match.literal.path] += 1
        wrong[match.literal.path] += match.verdict is Verdict.MISMATCH
    alone = {path for path, number in wrong.most_common(_SHOWN_ALONE) if number}
    return folded(paths, alone, _MOST_FILES)


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


class Label(Struct, frozen=True):
    """A text in the picture. full: for the tooltip. key: what it is called by the curves."""

    y: float
    text: str
    full: str
    state: str = UNKNOWN
    key: str = ""


class Curve(Struct, frozen=True):
    path: str
    """of an SVG path"""
    state: str
    keys: tuple[str, str]
    """of what it links"""


class Picture(Struct, frozen=True):
    height: int
    services: tuple[Label, ...]
    blocks: tuple[Label, ...]
    ports: tuple[Label, ...]
    files: tuple[Label, ...]
    curves: tuple[Curve, ...]


def picture(audit: Audit, found: PortMap) -> Picture:
    """Where each thing is drawn."""
    blocks: list[Label] = []
    ports: list[Label] = []
    row = 1.0
    for name, group in groupby(found.ports, lambda each: blocks_of(audit.registry, each.start)):
        blocks.append(Label(row * PITCH, _cut(name, 24), name))
        row += 1
        for each in group:
            ports.append(Label(row * PITCH, str(each), _told(each), found.states[each], f"p{len(ports)}"))
            row += 1
        row += 0.5
    height = int(max(row, len(found.services) + 1, len(found.files) + 1) * PITCH)
    services = [
        Label(y, _cut(name, 32), name, key=f"s{at}") for at, (name, y) in enumerate(_spread(found.services, height))
    ]
    files = [Label(y, _end(name), name, key=f"f{at}") for at, (name, y) in enumerate(_spread(found.files, height))]
    port_at = dict(zip(found.ports, ports, strict=True))
    service_at = {label.full: label for label in services}
    file_at = {label.full: label for label in files}
    curves = [
        _curve(SERVICES_END + 8, service_at[name], MIDDLE_START, port_at[port], state)
        for (name, port), state in found.by_service.items()
    ]
    curves += (
        _curve(MIDDLE_END, port_at[port], FILES_START - 8, file_at[file], state)
        for (port, file), state in found.by_file.items()
    )
    curves.sort(key=lambda curve: -_RANKS.index(curve.state))
    return Picture(
        height=height,
        services=tuple(services),
        blocks=tuple(blocks),
        ports=tuple(ports),
        files=tuple(files),
        curves=tuple(curves),
    )


def _told(ports: PortRange) -> str:
    """The ports, and what the world uses them for."""
    usual = [service.name for service in well_known.by_port().get(ports.start, ())] if ports.start == ports.end else []
    return f"{ports}: usually {' or '.join(usual[:3])}" if usual else str(ports)


def _spread(names: tuple[str, ...], height: int) -> Iterator[tuple[str, float]]:
    pitch = height / (len(names) + 1)
    for row, name in enumerate(names, 1):
        yield name, round(pitch * row, 1)


def _curve(x: float, start: Label, to_x: float, end: Label, state: str) -> Curve:
    bend = (to_x - x) * 0.35
    path = f"M{x:g} {start.y:g}C{x + bend:g} {start.y:g} {to_x - bend:g} {end.y:g} {to_x:g} {end.y:g}"
    return Curve(path, state, (start.key, end.key))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _end(text: str) -> str:
    return text if len(text) <= _LONGEST else f"…{text[1 - _LONGEST :]}"
