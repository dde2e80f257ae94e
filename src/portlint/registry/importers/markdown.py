"""Imports the port tables of a document: any order of columns, any number of tables, Markdown or drawn with lines.

Where no column names the variable, one that a code block of the page sets is taken, if its values or its name say
that it is the row's. A page without a table may give its ports in a list (`- Redis: 6379`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge.identifiers import is_port_name
from portlint.knowledge.identifiers import words as words_of
from portlint.model import PortRange
from portlint.registry.draft import MAX_DRAFTS, BlockDraft, Draft, Imported, Place, entry_name
from portlint.registry.importers import words
from portlint.registry.importers.encoding import repaired
from portlint.registry.importers.tables import Line, Row, Table, lines, plain, tables

_SETTING = regex(r"\s*(?:export\s+|set\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*[\"']?(\d{1,5})\b")
_ITEM = regex(r"\s*[-*+•]\s+([^\s:][^:\r\n]{0,79}):\s*([^\r\n]*)")
_ONE_PORT = regex(r"(\d{1,5})(?:/(?:tcp|udp))?(?:\s*\([^()]*\))?")


def read_markdown(path: str, data: bytes) -> Imported:
    """The services, and the allocation plan, of a document. path: as the user knows it. data: UTF-8."""
    text = repaired(data.decode("utf-8", "replace"))
    document = list(lines(text))
    drafts: list[Draft] = []
    blocks: list[BlockDraft] = []
    for table in tables(document):
        columns = _columns(table)
        if columns is None:
            continue
        if "variable" not in columns and _is_plan(table, columns):
            blocks += _blocks(path, table, columns)
        else:
            drafts += _drafts(path, table, columns)
    if not drafts:
        drafts = list(_lists(path, document))
    notes = (f"{path}: only the first {MAX_DRAFTS} ports are taken",) if len(drafts) > MAX_DRAFTS else ()
    known = tuple(_with_variables(drafts[:MAX_DRAFTS], document))
    return Imported(drafts=known, blocks=tuple(blocks[:MAX_DRAFTS]), notes=notes)


def _columns(table: Table) -> dict[str, int] | None:
    """Kind of column to its index; None for a table that is not about ports.

    Environments are kinds too: `environment production`.
    """
    found: dict[str, int] = {}
    width = max((len(row.cells) for row in table.rows), default=0)
    holding = [index for index in range(width) if _holds_ports(table, index)]
    for index, title in enumerate(table.header):
        kind = _kind(title, index in holding)
        if kind is not None:
            found.setdefault(kind, index)
    if not table.header and holding:
        found["default"] = holding[0]
    about_ports = "port" in {word.removesuffix("s") for word in words_of(" ".join((table.title, *table.header)))}
    if not about_ports and table.header:
        return None
    if not any(kind in ("default", "range") or kind.startswith("environment ") for kind in found):
        if not holding:
            return None
        found["default"] = holding[0]
    taken = set(found.values())
    if "service" not in found:
        free = [index for index in range(width) if index not in taken and index not in holding]
        if not free and "description" not in found:
            return None
        found["service"] = free[0] if free else found["description"]
    return found


def _kind(title: str, holds_ports: bool) -> str | None:
    spoken = set(words_of(title))
    environment = words.environment(title)
    if environment is not None and holds_ports:
        return f"environment {environment}"
    for kind, groups in words.column_kinds():
        if any(group <= spoken for group in groups):
            if kind in ("default", "range", "container_port") and not holds_ports:
                continue
            if kind in ("service", "variable", "description") and holds_ports:
                continue
            return kind
    return None


def _holds_ports(table: Table, index: int) -> bool:
    """Whether a column's cells are ports and little else."""
    cells = [row.cells[index] for row in table.rows if index < len(row.cells) and not words.is_empty(row.cells[index])]
    held = [
        cell for cell in cells if words.ports(cell) and sum(map(str.isalpha, cell)) <= 2 * sum(map(str.isdigit, cell))
    ]
    return bool(cells) and len(held) * 2 > len(cells)


def _is_plan(table: Table, columns: dict[str, int]) -> bool:
    """Whether each row gives a stretch of ports to a group of services, instead of a port to one."""
    index = columns.get("range", columns.get("default"))
    if index is None or any(kind.startswith("environment ") for kind in columns):
        return False
    if "range" in columns and "default" in columns:
        return False
    found = [words.ports(_cell(row, index)) for row in table.rows]
    return bool(found) and all(len(ports) == 1 and ports[0].end > ports[0].start for ports in found)


def _blocks(path: str, table: Table, columns: dict[str, int]) -> Iterator[BlockDraft]:
    index = columns.get("range", columns.get("default", 0))
    for row in table.rows:
        name = _cell(row, columns["service"])
        more = _cell(row, columns.get("description", -1))
        description = f"{name}: {more}" if more and more != name else name
        yield BlockDraft(entry_name(name), words.ports(_cell(row, index))[0], description, Place(path, row.line))


def _cell(row: Row, index: int) -> str:
    cell = row.cells[index] if 0 <= index < len(row.cells) else ""
    return "" if words.is_empty(cell) else cell


def _drafts(path: str, table: Table, columns: dict[str, int]) -> Iterator[Draft]:
    for row in table.rows:
        cells = {kind: _cell(row, index) for kind, index in columns.items()}
        service = cells["service"]
        if not service:
            continue
        draft = Draft(name=entry_name(service), place=Place(path, row.line), description=_described(service, cells))
        yield from _with_ports(_said(draft, cells), cells)


def _described(service: str, cells: dict[str, str]) -> str:
    """The description, with the service's own words where the entry's name cannot show them."""
    described = cells.get("description", "")
    shows = entry_name(service) == service.lower().replace(" ", "_").replace("-", "_")
    if not described or described == service:
        return "" if shows else service
    return described if shows else f"{service}: {described}"


def _said(draft: Draft, cells: dict[str, str]) -> Draft:
    """With what the columns say besides ports."""
    told = cells.get("variable", "")
    doubts = () if not told or words.variable(told) else (f'about the variable it says "{told}"',)
    return replace(
        draft,
        env_var=words.variable(told),
        immutable=words.is_fixed(told),
        optional=words.is_optional(f"{draft.description} {told}"),
        protocol=words.protocol(cells.get("protocol", "") or cells.get("default", "")) or "tcp",
        repository=cells.get("repository") or None,
        doubts=doubts,
    )


def _with_ports(draft: Draft, cells: dict[str, str]) -> Iterator[Draft]:
    """With its ports; a row with several ports is several entries, the further ones without the variable."""
    environments = {
        kind.partition(" ")[2]: found[0]
        for kind, cell in cells.items()
        if kind.startswith("environment ") and (found := words.ports(cell))
    }
    allowed = words.ports(cells.get("range", ""))
    inside = words.ports(cells.get("container_port", ""))
    pair = words.mapping(cells.get("default", ""))
    values = words.ports(cells.get("default", ""))
    if pair is not None:
        values, inside = (PortRange(pair[0], pair[0]),), (PortRange(pair[1], pair[1]),)
    first = values[0] if values else None
    whole = allowed[0] if allowed else first if first is not None and first.end > first.start else None
    draft = replace(
        draft,
        default=first.start if first else None,
        range=whole,
        container_port=inside[0].start if inside else None,
        environments=environments,
    )
    if draft.port is None:
        return
    yield draft
    for more in values[1:]:
        yield replace(
            draft,
            name=f"{draft.name}_{more.start}",
            default=more.start,
            range=more if more.end > more.start else None,
            env_var=None,
            environments={},
            container_port=None,
        )


def _lists(path: str, document: list[Line]) -> Iterator[Draft]:
    """The items of lists that give each service one port, and no port twice.

    A list that names several ports for one service tells what the world uses, not what this system does.
    """
    group: list[tuple[Line, str, str]] = []
    for line in [*document, Line("", len(document) + 2, False, "")]:
        item = None if line.fenced else _ITEM.fullmatch(line.text)
        if item is not None and (not group or group[-1][0].number == line.number - 1):
            group.append((line, plain(item[1]), plain(item[2])))
            continue
        yield from _of_list(path, group)
        group = [] if item is None else [(line, plain(item[1]), plain(item[2]))]


def _of_list(path: str, group: list[tuple[Line, str, str]]) -> Iterator[Draft]:
    found = [(line, name, match) for line, name, value in group if (match := _ONE_PORT.fullmatch(value))]
    numbers = [int(match[1]) for _, _, match in found]
    if len(found) < 2 or len(found) != len(group) or len(set(numbers)) != len(numbers):
        return
    for (line, name, _), port in zip(found, numbers, strict=True):
        if words.ports(str(port)):
            yield Draft(name=entry_name(name), place=Place(path, line.number), description=name, default=port)


def _with_variables(drafts: list[Draft], document: Iterable[Line]) -> Iterator[Draft]:
    """With the variables that code blocks set to a row's values, for rows whose table names none."""
    settings: dict[str, dict[int, int]] = {}
    for line in document:
        if line.fenced and (found := _SETTING.match(line.text)) and is_port_name(found[1]) and found[1].isupper():
            settings.setdefault(found[1], {}).setdefault(int(found[2]), line.number)
    taken = {draft.env_var for draft in drafts}
    free = {name: values for name, values in settings.items() if name not in taken and name != "PORT"}
    for draft in drafts:
        name = None if draft.env_var or draft.immutable else _variable_of(draft, drafts, free)
        if name is None:
            yield draft
            continue
        line_number = min(number for port, number in free[name].items() if port in _values(draft))
        place = Place(draft.place.path, line_number)
        if len(_shared(draft, free[name])) > 1 or _speaks_of(name, draft):
            yield replace(draft, env_var=name)
        else:
            yield replace(draft, doubts=(*draft.doubts, f"perhaps env_var: {name}, which {place} sets to this port"))


def _variable_of(draft: Draft, drafts: list[Draft], settings: dict[str, dict[int, int]]) -> str | None:
    """The variable that takes more of the draft's values than any other does, and more than of any other draft's."""
    scores = {name: len(_shared(draft, values)) for name, values in settings.items()}
    best = max(scores.values(), default=0)
    names = [name for name, score in scores.items() if score == best]
    if best == 0 or len(names) != 1:
        return None
    rivals = (len(_shared(other, settings[names[0]])) for other in drafts if other is not draft)
    return names[0] if best > max(rivals, default=0) else None


def _values(draft: Draft) -> set[int]:
    own = {ports.start for ports in draft.environments.values()}
    return own | ({draft.default} if draft.default is not None else set())


def _shared(draft: Draft, values: Iterable[int]) -> set[int]:
    return _values(draft).intersection(values)


def _speaks_of(variable: str, draft: Draft) -> bool:
    return not (set(words_of(variable)) - {"port"}).isdisjoint(words_of(draft.name))
