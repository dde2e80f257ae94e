"""What one file says: the results of the extract stage.

Annotations are evaluated here as the classes are made: the cache's decoder takes 2 ms longer over strings.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import count

from msgspec import Struct, field

from portlint.model.places import FIRST_PORT, LAST_PORT, LineIndex, PortRange, Span
from portlint.model.programs import Assignment, Bind, Copy, Mount, Script, Start


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


class _Kept(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the cache keeps as JSON: how it is written there, and that it is read strictly."""


class PortLiteral(_Kept, frozen=True, kw_only=True):
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


class PortReference(_Kept, frozen=True, kw_only=True):
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


class Mapping(_Kept, frozen=True, kw_only=True):
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


class Service(_Kept, frozen=True, kw_only=True):
    """A compose service."""

    path: str
    name: str
    span: Span
    """the service's key"""
    image: str | None = None
    build: str | None = None
    """path of the Dockerfile it is built from, relative to the root; None when it is not built here"""
    context: str | None = None
    """the folder that it is built from, relative to the root, which is the empty name; None: not known"""
    target: str | None = None
    """the stage of that Dockerfile that it is built from; None: the last one"""
    hosts: tuple[str, ...] = ()
    """names it is reached by besides its own: container_name, hostname, network aliases"""
    network_mode: str | None = None
    networks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """the networks that it joins, and the names that it has in each alone; none: the default one"""
    links: tuple[tuple[str, str], ...] = ()
    """names that it alone knows, and the services that they mean"""
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
    starts: tuple[Start, ...] = ()
    """its `command`, `entrypoint` and `healthcheck`, in place of the image's"""
    assignments: tuple[Assignment, ...] = ()
    """its `environment`"""
    mounts: tuple[Mount, ...] = ()
    """files and folders of the repository in its container"""
    working_dir: str | None = None
    user: str | None = None
    build_args: tuple[str, ...] = ()
    """names of the build arguments that it gives"""


class Variable(_Kept, frozen=True):
    """A variable that an env file sets. Its value is not kept: it may be a secret."""

    name: str
    span: Span
    """the name"""
    host: str | None = None
    """the host that it is set to, where its name says host: `REDIS_HOST=redis`"""


class Suppression(_Kept, frozen=True):
    """A comment that silences findings: `# portlint: ignore[PORT101] -- reason`."""

    span: Span
    """from `portlint:` to the end of the comment's words"""
    first_line: int
    last_line: int
    """1-based lines it covers, both included"""
    codes: tuple[str, ...]
    """empty: every rule"""
    reason: str | None


class Problem(_Kept, frozen=True):
    """What could not be read or parsed, with the reason."""

    span: Span
    reason: str
    partly: bool = False
    """True: a template around the format, read as far as it goes (PORT904); False: not checked (PORT901)"""


class Stage(_Kept, frozen=True):
    """A stage of a Dockerfile."""

    name: str | None
    base: str
    """the image or the earlier stage that it begins with, as it is written"""
    start: int
    """byte offset of the arguments of its FROM"""
    commands: tuple[str, ...] = ()
    """which of CMD, ENTRYPOINT and HEALTHCHECK it has"""
    starts: tuple[Start, ...] = ()
    """its CMD, ENTRYPOINT and HEALTHCHECK; the last of each kind counts"""
    assignments: tuple[Assignment, ...] = ()
    """ENV and ARG, in order"""
    copies: tuple[Copy, ...] = ()
    """COPY and ADD, in order"""
    workdir: str | None = None
    """the last WORKDIR, absolute where that is known"""
    user: str | None = None
    """the last USER, as it is written"""


class ComposeRun(_Kept, frozen=True):
    """What a command hands to Compose, as it names them: `-f a.yml -f b.yml --env-file .env.dev`."""

    files: tuple[str, ...]
    """compose files that run together, the base first; none: the usual one"""
    env_files: tuple[str, ...] = ()
    """in the place of `.env`; the last one counts"""


class Stamp(_Kept, frozen=True, kw_only=True):
    """The header of a file that `portlint generate` wrote."""

    span: Span
    source: str
    """the registry that it was made from, as the header names it"""
    target: str
    environment: str | None
    digest: str
    """SHA-256 of the whole file, with `\\n` at the ends of its lines"""


class Facts(_Kept, frozen=True, kw_only=True):
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
    compose_runs: tuple[ComposeRun, ...] = ()
    """what commands here run"""
    stages: tuple[Stage, ...] = ()
    """of a Dockerfile, in order"""
    scripts: tuple[Script, ...] = ()
    """of a shell script or a package.json"""
    binds: tuple[Bind, ...] = ()
    """where a program, or the configuration of one, begins to listen; those without a number too"""
    imports: tuple[str, ...] = ()
    """modules of a program that may be files of the repository, as they are named: `.settings`, `app.main`, `./app`"""
    generated: bool = False
    """a header, a name or the shape says that a program wrote it"""
    generated_from: tuple[str, ...] = ()
    """YAML files that such a header names"""
    stamp: Stamp | None = None
    """where `portlint generate` wrote it"""


class Source(Struct, frozen=True, eq=False):
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
    made: Iterator[int] = field(default_factory=count)
    """counts the literals that were made of the file"""

    @classmethod
    def of(cls, path: str, data: bytes) -> "Source":
        return cls(path, data, LineIndex(data))

    @property
    def text(self) -> str:
        return self.data.decode("latin-1")

    def part(self, start: int, end: int) -> "Source":
        """The piece between two byte offsets of this one, for text of another format embedded in it."""
        return Source(self.path, self.data[start:end], self.lines, self.base + start, self.made)

    def decoded(self, start: int, end: int) -> str:
        """The text between two byte offsets of this piece, as a person reads it."""
        return self.data[start:end].decode("utf-8", "replace")

    def span(self, start: int, end: int) -> Span:
        """The span in the file of two byte offsets of this piece."""
        return self.lines.span(self.base + start, self.base + end)
