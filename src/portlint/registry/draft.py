"""What an importer reads: drafts of entries, each with the place that it comes from."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex
from portlint.model import PortRange

_NO_WORD = regex(r"[^\w]+|_+")
_LONGEST_NAME = 60


MAX_DRAFTS = 1000
"""services that one source may give; a longer table is of another kind"""


class Place(Struct, frozen=True, order=True):
    """Where something is said. path: as the user knows it; line: 1-based."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Draft(Struct, frozen=True, kw_only=True):
    """What one place says about a service; None and empty: it does not say. The words are those of `model.Entry`."""

    name: str
    place: Place
    default: int | None = None
    env_var: str | None = None
    description: str = ""
    range: PortRange | None = None
    container_port: int | None = None
    environments: Mapping[str, PortRange] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    exposure: str | None = None
    optional: bool = False
    immutable: bool = False
    protocol: str = "tcp"
    repository: str | None = None
    doubts: tuple[str, ...] = ()
    """what is not sure, in words for a comment"""

    @property
    def port(self) -> int | None:
        """The port to write as the default: where only environments are known, the first one's."""
        if self.default is not None:
            return self.default
        if self.range is not None:
            return self.range.start
        return next((ports.start for ports in self.environments.values()), None)


class BlockDraft(Struct, frozen=True):
    """A row of an allocation plan."""

    name: str
    ports: PortRange
    description: str
    place: Place


class Imported(Struct, frozen=True, kw_only=True):
    """What one source gives."""

    drafts: tuple[Draft, ...] = ()
    blocks: tuple[BlockDraft, ...] = ()
    notes: tuple[str, ...] = ()
    """what could not be used, in words for the user"""


def entry_name(text: str) -> str:
    """The name of an entry for a service as people write it: `Frontend (Next.js)` is `frontend_next_js`."""
    name = _NO_WORD.sub("_", text).strip("_").lower()[:_LONGEST_NAME].rstrip("_")
    return name if name and not name.isdigit() else f"port_{name}".rstrip("_")
