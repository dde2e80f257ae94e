"""The types that the stages share. This module imports nothing of portlint.

Every type is frozen and slotted: the result of a stage is data, and data can be cached, sent to another
process and compared. They are msgspec's structs, not dataclasses: to make the class takes a thirtieth of the time, an
instance a tenth, and the JSON of the cache is read and checked in C. Two units are used throughout, and every
docstring says which:

* *byte offset*: 0-based, into the bytes of the file as it stands on disk (what a fix needs);
* *line and column*: 1-based, the column in Unicode code points (what a person and most editors need).
"""

from __future__ import annotations

from portlint.model.changes import Change, FileChange, PolicyChange, PolicyKind
from portlint.model.facts import (
    FORMS,
    ComposeRun,
    Facts,
    Mapping,
    PortLiteral,
    PortReference,
    Problem,
    Role,
    Service,
    Source,
    Stage,
    Stamp,
    Suppression,
    Variable,
)
from portlint.model.findings import (
    Card,
    CheckResult,
    Edit,
    Example,
    Finding,
    Fix,
    Reference,
    Related,
    Severity,
    Suppressed,
)
from portlint.model.places import FIRST_PORT, LAST_PORT, NOWHERE, LineIndex, PortRange, Span
from portlint.model.registry import Block, Entry, Registry, Reservation
from portlint.model.resolution import (
    LISTENING_SOURCES,
    SURE_SOURCES,
    Listening,
    Match,
    Member,
    Resolution,
    Stack,
    Verdict,
)
from portlint.model.settings import BASELINE_FILE, REGISTRY_PLACES, Settings
from portlint.model.topology import Evidence, Given, Listener, Listeners, Rank, Topology

__all__ = [
    "BASELINE_FILE",
    "FIRST_PORT",
    "FORMS",
    "LAST_PORT",
    "LISTENING_SOURCES",
    "NOWHERE",
    "REGISTRY_PLACES",
    "SURE_SOURCES",
    "Block",
    "Card",
    "Change",
    "CheckResult",
    "ComposeRun",
    "Edit",
    "Entry",
    "Evidence",
    "Example",
    "Facts",
    "FileChange",
    "Finding",
    "Fix",
    "Given",
    "LineIndex",
    "Listener",
    "Listeners",
    "Listening",
    "Mapping",
    "Match",
    "Member",
    "PolicyChange",
    "PolicyKind",
    "PortLiteral",
    "PortRange",
    "PortReference",
    "Problem",
    "Rank",
    "Reference",
    "Registry",
    "Related",
    "Reservation",
    "Resolution",
    "Role",
    "Service",
    "Settings",
    "Severity",
    "Source",
    "Span",
    "Stack",
    "Stage",
    "Stamp",
    "Suppressed",
    "Suppression",
    "Topology",
    "Variable",
    "Verdict",
]
