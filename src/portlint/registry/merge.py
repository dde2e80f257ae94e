"""Merges what several sources say into one plan of a registry, and says where they disagree. The first source wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import fields, replace

from portlint.knowledge.identifiers import words
from portlint.registry.draft import BlockDraft, Draft, Imported, Place

_PORTS = frozenset({"port", "ports"})
_ALWAYS = frozenset({"name", "place", "doubts", "environments", "aliases", "description", "protocol"})
"""fields that are not compared one with one"""


class Disagreement(Struct, frozen=True):
    """Two sources say different things about one service. The first is what is kept."""

    name: str
    key: str
    kept: str
    place: Place
    other: str
    other_place: Place

    def __str__(self) -> str:
        return f"{self.name}: {self.key} is {self.kept} in {self.place}, but {self.other} in {self.other_place}"


class Plan(Struct, frozen=True, kw_only=True):
    """A registry to be written. Names and variables are unique; each draft has a port."""

    drafts: tuple[Draft, ...] = ()
    blocks: tuple[BlockDraft, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()


def merge(sources: Sequence[Imported]) -> Plan:
    """The plan of several sources, the first before the others; entries in the order in which they come."""
    drafts: list[Draft] = []
    found: list[Disagreement] = []
    for source in sources:
        before = len(drafts)
        for draft in source.drafts:
            if draft.port is None:
                continue
            index = _same(draft, drafts, before)
            if index is None:
                drafts.append(_unique(draft, drafts))
            else:
                drafts[index] = _joined(drafts[index], draft, found)
    blocks = {block.name: block for source in reversed(sources) for block in reversed(source.blocks)}
    ordered = sorted(blocks.values(), key=lambda block: (block.ports.start, block.ports.end, block.name))
    return Plan(
        drafts=tuple(drafts),
        blocks=tuple(ordered),
        disagreements=tuple(found),
        notes=tuple(note for source in sources for note in source.notes),
    )


def _same(draft: Draft, drafts: list[Draft], before: int) -> int | None:
    """The draft that means the same service: by the variable, by the name, or by the port in another source."""
    for index, other in enumerate(drafts):
        if draft.env_var is not None and draft.env_var == other.env_var:
            return index
    for index, other in enumerate(drafts):
        if draft.env_var is not None and other.env_var is not None:
            continue
        if draft.name == other.name and (index < before or draft.port == other.port):
            return index
    for index, other in enumerate(drafts[:before]):
        one_variable = draft.env_var is None or other.env_var is None
        if one_variable and draft.port == other.port and draft.protocol == other.protocol:
            return index
    for index, other in enumerate(drafts[:before]):
        # `Redis cache` of a table and `redis` of a compose file, where one variable at most is known.
        one_variable = draft.env_var is None or other.env_var is None
        if one_variable and _key(draft) == _key(other):
            return index
    return None


def _key(draft: Draft) -> frozenset[str]:
    return frozenset(words(draft.name)) - _PORTS


def _unique(draft: Draft, drafts: Iterable[Draft]) -> Draft:
    names = {other.name for other in drafts}
    if draft.name not in names:
        return draft
    name, number = f"{draft.name}_{draft.port}", 2
    while name in names:
        name, number = f"{draft.name}_{draft.port}_{number}", number + 1
    return replace(draft, name=name)


def _joined(kept: Draft, other: Draft, found: list[Disagreement]) -> Draft:
    """What both say; where they differ, what `kept` says."""
    values: dict[str, Any] = {}
    for each in fields(Draft):
        key = each.name
        mine, theirs = getattr(kept, key), getattr(other, key)
        if key in _ALWAYS or theirs in (None, False, "") or mine == theirs:
            continue
        if mine in (None, False, ""):
            values[key] = theirs
        elif not (key == "default" and kept.range is not None and theirs in kept.range):
            found.append(Disagreement(kept.name, key, str(mine), kept.place, str(theirs), other.place))
    environments = dict(kept.environments)
    for environment, ports in other.environments.items():
        mine = environments.setdefault(environment, ports)
        if mine != ports:
            found.append(
                Disagreement(kept.name, f"environments.{environment}", str(mine), kept.place, str(ports), other.place)
            )
    aliases = dict.fromkeys(kept.aliases + other.aliases)
    if other.name != kept.name and _key(other) != _key(kept):
        aliases[other.name] = None
    return replace(
        kept,
        **values,
        description=kept.description or other.description,
        environments=environments,
        aliases=tuple(alias for alias in aliases if alias != kept.name),
        protocol="both" if {kept.protocol, other.protocol} == {"tcp", "udp"} else kept.protocol,
        doubts=tuple(dict.fromkeys(kept.doubts + other.doubts)),
    )
