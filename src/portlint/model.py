"""The types that the stages share. This module imports nothing of portlint.

Every type is frozen and slotted: the result of a stage is data, and data can be cached, sent to another
process and compared. Two units are used throughout, and every docstring says which:

* *byte offset*: 0-based, into the bytes of the file as it stands on disk (what a fix needs);
* *line and column*: 1-based, the column in Unicode code points (what a person and most editors need).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate

FIRST_PORT = 1
LAST_PORT = 65535
"""The valid TCP and UDP ports, RFC 6335 section 6. Port 0 asks the operating system for any free one."""


class Role(StrEnum):
    """What a port literal does at its place."""

    BIND = "bind"
    """a process listens there"""
    CONNECT = "connect"
    """a client goes there"""
    PUBLISH = "publish"
    """the host side of a container's mapping"""
    CONTAINER = "container"
    """the container side of a mapping, an `expose`, a label that means the container's port"""
    FALLBACK = "fallback"
    """the value taken when an environment variable is not set"""
    SETTING = "setting"
    """a value under a name; what it is used for is not told at this place"""


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst; sorts findings and compares with the fail level."""
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one file on one line.

    start, end: byte offsets, end exclusive. line, column: 1-based, of `start`.
    """

    start: int
    end: int
    line: int
    column: int

    @property
    def end_column(self) -> int:
        """1-based column just behind the span. Port tokens, names and directives are ASCII: one byte, one column."""
        return self.column + (self.end - self.start)


NOWHERE = Span(0, 0, 1, 1)
"""The place of a finding about a whole file."""


class LineIndex:
    """Turns byte offsets of one file into lines and columns.

    Lines end at `\\n`, `\\r\\n` or a lone `\\r`, as the Python reference (2.1.2) and YAML 1.2 (5.4) have it.
    """

    __slots__ = ("_ascii", "_data", "_known", "starts")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._ascii = data.isascii()
        self._known = (-1, 0, 0)
        """the line start, the offset and the column (0-based) that were counted last"""
        # Of bytes, unlike text, splitlines knows these three line ends and no others.
        self.starts: list[int] = [0, *accumulate(map(len, data.splitlines(keepends=True)))]
        """byte offset of the first byte of each line"""
        if len(self.starts) > 1 and not data.endswith((b"\n", b"\r")):
            self.starts.pop()

    def span(self, start: int, end: int) -> Span:
        """The span of the byte offsets `start` to `end` (exclusive)."""
        line = bisect_right(self.starts, start)
        line_start = self.starts[line - 1]
        return Span(start, end, line, 1 + (start - line_start if self._ascii else self._characters(line_start, start)))

    def _characters(self, line_start: int, offset: int) -> int:
        """The code points between two byte offsets of a line, a byte order mark not counted.

        Counts on from the place that was asked for before: a file of one long line is not read anew for each literal.
        """
        known_line, known, column = self._known
        if known_line != line_start or known > offset or known < line_start:
            known, column = line_start, 0
            if line_start == 0 and self._data.startswith(b"\xef\xbb\xbf"):
                known = min(3, offset)
        column += len(self._data[known:offset].decode("utf-8", "replace"))
        self._known = (line_start, offset, column)
        return column


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports from `start` to `end`, both included; a single port has both equal."""

    start: int
    end: int

    def __contains__(self, port: int) -> bool:
        return self.start <= port <= self.end

    def __str__(self) -> str:
        return str(self.start) if self.start == self.end else f"{self.start}-{self.end}"

    def overlaps(self, other: PortRange) -> bool:
        return self.start <= other.end and other.start <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class PortLiteral:
    """A place where a concrete port is written and means a port at run time."""

    path: str
    """relative to the root, forward slashes"""
    span: Span
    """the digits (of a range: from the first digit of the start to the last of the end)"""
    port: int
    end_port: int | None = None
    """the last port of a range; None for a single port"""
    text: str
    """the bytes of `span`, decoded; the port token and nothing else, so that no secret is ever carried along"""
    role: Role
    format: str
    """the name of the format that found it: python, compose, nginx, ..."""
    protocol: str = "tcp"
    """tcp, udp or sctp"""
    host: str | None = None
    """of a URL or `host:port`, of a listen or publish address; None when the place names none"""
    variable: str | None = None
    """the environment variable whose value or fallback this is"""
    name: str | None = None
    """the nearest identifier, key or service"""
    subject: str = ""
    """a route that survives edits: `services.web.ports[0]`, `pkg.mod:Class.attr`"""
    form: str = "value"
    """how it is written, which is what a fix needs; one of FORMS"""
    library: str | None = None
    """the well-known service that the library called at this place speaks to (`redis` for `redis.Redis`)"""
    service: str | None = None
    """the compose service whose definition holds the literal"""
    url_path: str | None = None
    """the path of the URL behind the port, without query and fragment; None where it is no URL"""
    referable: bool = True
    """a reference to a variable could stand here instead of the literal"""
    prose: bool = False
    """it stands in a comment, a docstring or help text"""

    @property
    def valid(self) -> bool:
        """Whether the number (or range) names ports at all: what PORT106 checks."""
        if not FIRST_PORT <= self.port <= LAST_PORT:
            return False
        return self.end_port is None or self.port <= self.end_port <= LAST_PORT

    @property
    def ports(self) -> PortRange:
        return PortRange(self.port, self.port if self.end_port is None else self.end_port)


FORMS = (
    "value",  # name = 8000, key: 8000
    "keyword",  # f(port=8000)
    "argument",  # f(8000)
    "default",  # def f(port=8000)
    "item",  # [8000, 8001], a set, a dict
    "comparison",  # port == 8000
    "fallback",  # os.getenv("PORT", "8000"), ${PORT:-8000}
    "url",  # http://host:8000/
    "address",  # host:8000, :8000
    "option",  # --port 8000
    "mapping",  # 8000:80
    "base60",  # 22:22 without quotes, which YAML 1.1 reads as one number
    "directive",  # listen 8000
    "word",  # "answer from port 81"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortReference:
    """A place that takes its port from a variable, and the fallback literal, if there is one."""

    path: str
    span: Span
    """the variable's name"""
    variable: str
    role: Role
    fallback: PortLiteral | None = None
    subject: str = ""
    service: str | None = None
    """the compose service whose definition holds the reference"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One published-to-container pair of a compose service (Compose specification, `ports`).

    Each side is a literal, or a variable (whose fallback is then the literal), or absent: `"80"` publishes the
    container's port 80 on a port that the engine picks.
    """

    span: Span
    """the whole entry"""
    published: PortLiteral | None = None
    published_variable: str | None = None
    container: PortLiteral | None = None
    container_variable: str | None = None
    address: str | None = None
    """the host address it is published on; None: all addresses"""
    protocol: str = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A compose service."""

    path: str
    name: str
    span: Span
    """the service's key"""
    image: str | None = None
    build: str | None = None
    """path of the Dockerfile it is built from, relative to the root; None when it is not built here"""
    hosts: tuple[str, ...] = ()
    """names it is reached by besides its own: container_name, hostname, network aliases"""
    network_mode: str | None = None
    profiles: tuple[str, ...] = ()
    replicas: int = 1
    mappings: tuple[Mapping, ...] = ()
    expose: tuple[PortLiteral, ...] = ()
    overrides_ports: bool = False
    """its `ports` carry `!override` or `!reset`: they replace those of the files before"""
    built: bool = False
    """it has a `build`, wherever its Dockerfile lies"""
    extends: tuple[str, str] | None = None
    """the service of another file that it extends: path relative to the root, and name"""
    extra_hosts: tuple[tuple[str, str], ...] = ()
    """names that its container alone knows, and their addresses"""
    env_files: tuple[str, ...] = ()
    """paths, relative to the root, of the env files whose variables its container gets"""
    host_variables: tuple[tuple[str, str], ...] = ()
    """variables of its own whose names say host, and their values: `REDIS_HOST: redis`"""
    commanded: bool = False
    """it has a command or an entrypoint of its own in place of the image's"""
    swarm: bool = False
    """its `deploy` has keys that only a swarm reads"""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that an env file sets. Its value is not kept: it may be a secret."""

    name: str
    span: Span
    """the name"""
    host: str | None = None
    """the host that it is set to, where its name says host: `REDIS_HOST=redis`"""


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment that silences findings: `# portlint: ignore[PORT101] -- reason`."""

    span: Span
    """from `portlint:` to the end of the comment's words"""
    first_line: int
    last_line: int
    """1-based lines it covers, both included"""
    codes: tuple[str, ...]
    """empty: every rule"""
    reason: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read or parsed, with the reason."""

    span: Span
    reason: str
    partly: bool = False
    """True: a template around the format, read as far as it goes (PORT904); False: not checked (PORT901)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The header of a file that `portlint generate` wrote."""

    span: Span
    source: str
    """the registry that it was made from, as the header names it"""
    target: str
    environment: str | None
    digest: str
    """SHA-256 of the whole file, with `\\n` at the ends of its lines"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one file says: the result of the extract stage, a pure function of the file's bytes and path."""

    path: str
    format: str | None
    """None: no format of portlint's, or the file could not be read"""
    literals: tuple[PortLiteral, ...] = ()
    candidates: tuple[PortLiteral, ...] = ()
    """values that are port literals only if another file uses their variable as a port"""
    references: tuple[PortReference, ...] = ()
    services: tuple[Service, ...] = ()
    variables: tuple[Variable, ...] = ()
    mentioned: tuple[str, ...] = ()
    """variables that only a comment of an env file sets: `# API_PORT=8000`"""
    suppressions: tuple[Suppression, ...] = ()
    problems: tuple[Problem, ...] = ()
    includes: tuple[str, ...] = ()
    """compose files that a compose file includes, relative to the root"""
    compose_lists: tuple[tuple[str, ...], ...] = ()
    """compose files that a command here runs together (`-f a.yml -f b.yml`), as it names them"""
    generated: bool = False
    """a header, a name or the shape says that a program wrote it"""
    stamp: Stamp | None = None
    """where `portlint generate` wrote it"""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a piece of one, as an extractor sees it.

    `text` is the data decoded as Latin-1: one character for each byte, so that an index into it is a byte offset.
    Ports, host names and keywords are ASCII, which is all that the scanners look for; show a name to a person
    with `decoded`.
    """

    path: str
    """relative to the root, forward slashes"""
    data: bytes
    """UTF-8"""
    lines: LineIndex
    base: int = 0
    """byte offset of this piece in the file: 0 for a whole file"""

    @classmethod
    def of(cls, path: str, data: bytes) -> Source:
        return cls(path, data, LineIndex(data))

    @property
    def text(self) -> str:
        return self.data.decode("latin-1")

    def part(self, start: int, end: int) -> Source:
        """The piece between two byte offsets of this one, for text of another format embedded in it."""
        return Source(self.path, self.data[start:end], self.lines, self.base + start)

    def decoded(self, start: int, end: int) -> str:
        """The text between two byte offsets of this piece, as a person reads it."""
        return self.data[start:end].decode("utf-8", "replace")

    def span(self, start: int, end: int) -> Span:
        """The span in the file of two byte offsets of this piece."""
        return self.lines.span(self.base + start, self.base + end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One service of the registry."""

    name: str
    span: Span
    """the key"""
    default: int
    env_var: str | None = None
    description: str = ""
    range: PortRange | None = None
    """allowed values, and fallbacks in order"""
    container_port: int | None = None
    environments: MappingABC[str, PortRange] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    exposure: str | None = None
    """`internal`: only on loopback or inside a network; `public`; None: not said"""
    optional: bool = False
    immutable: bool = False
    conflict_check: bool = False
    protocol: str = "tcp"
    """tcp, udp or both"""
    repository: str | None = None
    url_prefix: str | None = None
    positions: MappingABC[str, Span] = field(default_factory=dict)
    """the span of each value, by its key (`default`, `range`, `environments.production`, ...)"""

    def where(self, key: str) -> Span:
        """The span of the value of `key`, or of the entry's name where the key is not written."""
        return self.positions.get(key, self.span)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the allocation plan (`ranges:`)."""

    name: str
    ports: PortRange
    description: str
    span: Span


@dataclass(frozen=True, slots=True)
class Reservation:
    """A port that something outside the registry takes (`reserved:`)."""

    ports: PortRange
    service: str
    note: str
    span: Span
    """the value of `port`"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The canonical registry, `ports.yaml`."""

    path: str
    """relative to the root, forward slashes; as it was named where it lies outside"""
    entries: tuple[Entry, ...] = ()
    blocks: tuple[Block, ...] = ()
    reserved: tuple[Reservation, ...] = ()
    environments: MappingABC[str, tuple[str, ...]] = field(default_factory=dict)
    """environment name to path globs"""
    conflict_detection: bool = True

    def entry(self, name: str) -> Entry | None:
        return next((e for e in self.entries if e.name == name), None)


class Verdict(StrEnum):
    """How a port literal stands to the registry."""

    MATCH = "match"
    """an entry is meant, and the port is one of its values here"""
    MISMATCH = "mismatch"
    """an entry is meant by variable, host, name or library, and the port is not one of its values here"""
    AMBIGUOUS = "ambiguous"
    """two entries are meant equally well: nothing is claimed"""
    RESERVED = "reserved"
    """no entry is meant; a reservation knows the port"""
    ALLOWED = "allowed"
    """no entry is meant; the port is on the allowed list"""
    FOREIGN = "foreign"
    """the host is public, not ours: listed, not judged"""
    UNKNOWN = "unknown"
    """nothing knows the port"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which entry a port literal means, how that is known, and the verdict."""

    literal: PortLiteral
    verdict: Verdict
    entry: Entry | None = None
    by: str = ""
    """what named the entry: variable, host, service (whose definition holds it), name, library or number"""
    environment: str | None = None
    """the environment that the literal's file belongs to"""
    expected: PortRange | None = None
    """the value that is right at this place, where the verdict is a mismatch"""
    inside: bool = False
    """the port is one inside a container's network, not one of the host"""
    entries: tuple[Entry, ...] = ()
    """the entries that are meant equally well, where the match is ambiguous; the first few of very many"""
    declared: PortLiteral | None = None
    """without a registry: the place where the repository gives this port to the variable that is meant"""


@dataclass(frozen=True, slots=True)
class Listening:
    """A port that a service listens on inside its container, as one place of the repository tells."""

    ports: PortRange
    by: str
    """what tells it, one of LISTENING_SOURCES"""
    where: PortLiteral | None = None
    """the place; None for an image that the world knows"""
    word: str = ""
    """what names the source: the image's name"""

    @property
    def sure(self) -> bool:
        """Whether it alone says what the service listens on; else it only keeps another claim from being made."""
        return self.by in SURE_SOURCES


SURE_SOURCES = (
    "command",  # the compose file's `command` or `entrypoint`: --port 8000
    "mapping",  # the container side of a published port
    "expose",  # `expose` in the compose file
    "EXPOSE",  # of the Dockerfile that it builds
    "CMD",  # of that Dockerfile, ENTRYPOINT included
    "image",  # one that the world knows
)
LISTENING_SOURCES = (
    *SURE_SOURCES,
    "environment",  # a port among its variables
    "healthcheck",
    "label",  # loadbalancer.server.port
    "config",  # a setting of that port in a configuration file of the repository
)


@dataclass(frozen=True, slots=True)
class Member:
    """A service of a stack, as all its definitions together say."""

    name: str
    definitions: tuple[Service, ...]
    """what it extends first, then those of the files in the order in which they are merged"""
    listens: tuple[Listening, ...] = ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """All names that it is reached by, its own first."""
        return tuple(dict.fromkeys((self.name, *(host for each in self.definitions for host in each.hosts))))


@dataclass(frozen=True, slots=True)
class Stack:
    """Compose services that run together."""

    paths: tuple[str, ...]
    """the compose files, the base first; the later ones are merged into it"""
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What the resolve stage found out: one match for each port literal, promoted candidates included."""

    matches: tuple[Match, ...] = ()
    environments: MappingABC[str, str] = field(default_factory=dict)
    """path to environment, for the files that belong to one"""
    listens: MappingABC[tuple[str, str], tuple[PortRange, ...]] = field(default_factory=dict)
    """path and name of a compose service to the ports it is known to listen on inside its container"""
    services: MappingABC[tuple[str, str], tuple[Entry, ...]] = field(default_factory=dict)
    """path and name of a compose service to the registry entries that it is"""
    stacks: tuple[Stack, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes of `span` by `new`; applies only where they still equal `old`."""

    span: Span
    old: bytes
    new: bytes


@dataclass(frozen=True, slots=True)
class Fix:
    safety: str
    """safe: behaviour with unset variables is unchanged and nothing is ambiguous; else unsafe"""
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """The variable that could be referred to where a port literal stands, and its default."""

    variable: str
    default: int


@dataclass(frozen=True, slots=True)
class Related:
    """The other side of a finding: `registry says 8000 here`."""

    path: str
    span: Span
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule says about a place."""

    rule: str
    """the code: PORT101"""
    path: str
    span: Span
    message: str
    help: str = ""
    """what to do"""
    port: int | None = None
    entry: str | None = None
    """the registry entry it is about"""
    subject: str = ""
    """of the literal: with path, rule and port the key that survives edits"""
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    """what mends it, where the literal alone tells"""
    reference: Reference | None = None
    """what could stand in place of the literal; the fix stage writes it as the text around the literal asks"""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that a comment silences."""

    finding: Finding
    suppression: Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What the check stage found, sorted by path, line, column and code, each once."""

    findings: tuple[Finding, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    known: tuple[Finding, ...] = ()
    """those that the baseline accepts"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An example on a rule card, run as a test."""

    title: str
    files: MappingABC[str, str]
    """path to text; a `ports.yaml` among them is the registry"""
    expect: tuple[str, ...] = ()
    """the findings of the card's rule, `path:line:column CODE` each; none: the example passes"""
    after: MappingABC[str, str] = field(default_factory=dict)
    """path to the text after the fix, where there is one"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A rule card of `rules/catalogue/`: the only source of `explain`, of rule metadata and of the docs page."""

    code: str
    name: str
    severity: Severity
    summary: str
    """one sentence"""
    why: str
    mend: str
    """how to mend it"""
    examples: tuple[Example, ...] = ()
    security_severity: str | None = None
    """of a rule about exposure: "0.1" to "10.0", as CVSS has it; GitHub shows its findings as security alerts"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the user asked for. Loaded by `settings.py`: defaults < file < environment < flags."""

    select: tuple[str, ...] = ()
    """codes or prefixes; empty: all"""
    ignore: tuple[str, ...] = ()
    per_file_ignores: MappingABC[str, tuple[str, ...]] = field(default_factory=dict)
    """path glob to codes or prefixes"""
    fail_level: Severity = Severity.WARNING
    registry: str | None = None
    """path relative to the root; None: the first of REGISTRY_PLACES that is there"""
    baseline: str | None = None
    """path relative to the root of the file with the findings that are accepted"""
    exclude: tuple[str, ...] = ()
    """gitignore patterns"""
    force_exclude: bool = False
    """excludes hold for named paths too"""
    tests: tuple[str, ...] = (
        "tests/", "test/", "testing/", "test_*.py", "*_test.py", "conftest.py", "*.test.*", "*.spec.*", "__tests__/",
    )  # fmt: skip
    """gitignore patterns of test files, where `test_ignores` are off"""
    test_ignores: tuple[str, ...] = ("PORT101", "PORT102")
    """codes that are off in test files, and in generated and vendored ones"""
    generated_ignores: tuple[str, ...] = ("PORT10",)
    """codes that are off in generated files besides: what is wrong there is wrong in what they are made from"""
    vendored: tuple[str, ...] = ("vendor/", "third_party/", "_vendor/", "extern/")
    environments: MappingABC[str, tuple[str, ...]] = field(default_factory=dict)
    """environment name to path globs, beside those of the registry"""
    allow: tuple[PortRange, ...] = (PortRange(80, 80), PortRange(443, 443))
    """ports that are allowed everywhere"""
    max_file_size: int = 5_000_000
    """bytes; a larger file is not checked (PORT901)"""
    timeout: float = 5.0
    """seconds for one file in a parser"""
    jobs: int | None = None
    """worker processes; None: one for each core"""
    rules: tuple[str, ...] = ()
    """the user's own files of the shape of `rules/python/*.yaml`, relative to the root"""


REGISTRY_PLACES = ("ports.yaml", "config/ports.yaml", ".portlint/ports.yaml")
"""where a registry is looked for, in this order, relative to the root"""
BASELINE_FILE = "portlint-baseline.json"
"""where a baseline is written if nothing else is said, relative to the root"""
