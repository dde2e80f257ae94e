"""What the programs of a container listen on: what they are told, what their code or configuration binds, and else the
default of servers that the world knows.

"Nobody answers there" is only said where the set is complete: each program in it is known, and each value is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from posixpath import basename, dirname, join, normpath

from msgspec import Struct, field
from msgspec.structs import replace

from portlint.knowledge.formats import CODE
from portlint.knowledge.servers import Server, is_image_of, programs, server_of
from portlint.model import FIRST_PORT, LAST_PORT, Evidence, Facts, Listener, Listeners, Rank, Role
from portlint.model.programs import Command, Scope, Text
from portlint.topology.code import Program, binds_of, default_of
from portlint.topology.container_files import ContainerFiles
from portlint.topology.environment import Container
from portlint.topology.programs import Handed, Kind, Started, endpoint, started
from portlint.topology.values import HOLE, Environment, State, Word, evaluated

_NOT_TOLD = "what {} is told is not known"
_UNKNOWN = "{} is no program that is known"
_DEEPEST = 6
"""scripts that start one another"""


class Workload(Struct, frozen=True):
    """A container and what is known of the files in it."""

    container: Container
    files: ContainerFiles
    facts: Mapping[str, Facts]
    """of the files of the repository, by path"""
    roots: tuple[str, ...]
    """folders of the repository from which files come into it"""

    def may_have(self, name: str) -> bool:
        """Whether a file of that name lies anywhere where its files come from."""
        return any(self.files.tree.has_below(name, root) for root in self.roots)


class _Found(Struct):
    """Listeners, and what keeps them from being all."""

    known: list[Listener] = field(default_factory=list)
    why_not: list[str] = field(default_factory=list)


class _Place(Struct, frozen=True):
    """Where a command stands and runs."""

    path: str
    """of the file that holds it"""
    own: bool
    """it is the service's own command"""
    environment: Environment
    folder: str
    """where it runs, relative to the working directory or absolute; HOLE: not known"""
    given: tuple[Command, ...] = ()
    """what `"$@"` stands for"""
    depth: int = 0
    written: bool = False
    """a command before may have written a configuration file"""


def listeners_of(commands: Sequence[Command], path: str, workload: Workload) -> Listeners:
    """What a container listens on that starts these commands. path: of the file that holds them."""
    found = _Found()
    own = any(path == service.path for service in workload.container.definitions)
    place = _Place(path, own, workload.container, "")
    runs = _commands(commands, place, workload, found)
    server = server_of(workload.container.base or "") if not commands else None
    if server is not None:
        nothing = Command((), workload.container.origin)
        _server(Started(kind=Kind.SERVER, command=nothing, words=(), server=server), place, workload, found)
    elif not runs and not found.why_not:
        found.why_not.append("nothing says what it starts")
    return Listeners(tuple(_once(found.known)), not found.why_not, found.why_not[0] if found.why_not else "")


def _once(listeners: Iterable[Listener]) -> Iterator[Listener]:
    seen: set[int] = set()
    for each in sorted(listeners, key=lambda listener: listener.rank):
        if each.port not in seen:
            seen.add(each.port)
            yield each


def _commands(commands: Sequence[Command], place: _Place, workload: Workload, found: _Found) -> int:
    """Adds what the commands listen on; gives how many of them run on."""
    count = 0
    for each in started(commands, place.environment):
        if each.kind is Kind.ENDS:
            if each.words and basename(each.words[0].text) in programs().writers:
                place = replace(place, written=True)
            continue
        count += 1
        if each.command.branch:
            found.why_not.append("which of its commands run is not known")
        _one(each, place, workload, found)
    return count


def _one(each: Started, place: _Place, workload: Workload, found: _Found) -> None:
    if each.kind is Kind.WORKER:
        return
    if each.server is not None and _is_meant(each.server, place, workload):
        _server(each, place, workload, found)
        return
    inner = None if place.depth >= _DEEPEST else _script(each, place, workload)
    if inner is not None:
        commands, where = inner
        before = len(found.why_not)
        if not _commands(commands, where, workload, found) and len(found.why_not) == before:
            found.why_not.append(f"what {where.path} starts is not known")
        return
    program = _code(each, place, workload)
    if program is None or not _bound(program, each, place, workload, found):
        found.why_not.append(_UNKNOWN.format(each.named or "its command"))


def _is_meant(server: Server, place: _Place, workload: Workload) -> bool:
    """Whether a name means the server, or may as well be that of another program."""
    if not server.only_on or place.path.endswith("package.json"):
        return True
    base = workload.container.base
    return base is not None and is_image_of(base, server.only_on)


def _script(each: Started, place: _Place, workload: Workload) -> tuple[Sequence[Command], _Place] | None:
    """The commands of a script that is started, and where they run; None where it is none, or not in the repository."""
    if each.kind is Kind.ARGUMENTS:
        return (place.given, replace(place, given=(), depth=place.depth + 1)) if place.given else None
    folder = _folder(place, each)
    environment = Handed(place.environment, each.environment, each.words[1:])
    if each.kind is Kind.RUN:
        path = _located("package.json", folder, workload)
        scripts = workload.facts[path].scripts if path is not None and path in workload.facts else ()
        script = next((script for script in scripts if script.name == each.named), None)
        if script is None or path is None:
            return None
        commands = _with_words(script.commands, each.words[1:])
        return commands, _Place(path, False, environment, folder, (), place.depth + 1)
    path = None if each.named is None else _located(each.named, folder, workload)
    facts = None if path is None else workload.facts.get(path)
    if facts is None or path is None or not facts.scripts or facts.scripts[0].name:
        return None
    arguments = tuple(word.source for word in each.words[1:])
    given = (replace(each.command, words=arguments),) if arguments else ()
    return facts.scripts[0].commands, _Place(path, False, environment, folder, given, place.depth + 1)


def _with_words(commands: Sequence[Command], words: Sequence[Word]) -> Sequence[Command]:
    """`npm run dev -- --port 3000`: what is handed to a script stands behind its last command."""
    if not words or not commands:
        return commands
    last = commands[-1]
    return (*commands[:-1], replace(last, words=(*last.words, *(word.source for word in words))))


def _folder(place: _Place, each: Started) -> str:
    return HOLE if HOLE in (place.folder, each.folder) else join(place.folder, each.folder)


def _located(name: str, folder: str, workload: Workload) -> str | None:
    """The file of the repository that a command names."""
    if folder == HOLE or HOLE in name:
        return None
    path = workload.files.absolute(name, folder)
    return None if path is None else workload.files.file(path)


def _code(each: Started, place: _Place, workload: Workload) -> Program | None:
    """The program in the repository that is started."""
    if each.kind not in (Kind.FILE, Kind.MODULE) or each.named is None:
        return None
    folder = _folder(place, each)
    names: tuple[str, ...] = (each.named,)
    if each.kind is Kind.MODULE:
        base = each.named.replace(".", "/")
        names = (f"{base}/__main__.py", f"{base}.py")
    for name in names:
        path = _located(name, folder, workload)
        if path is not None and path in workload.facts and workload.facts[path].format in CODE:
            return Program(path, _Finder("" if each.kind is Kind.MODULE else dirname(name), folder, workload))
    return None


class _Finder(Struct, frozen=True):
    """Finds files beside a program. root: the folder that it lies in, as its command names it."""

    root: str
    folder: str
    workload: Workload

    def __call__(self, name: str) -> str | None:
        return _located(normpath(join(self.root, name)), self.folder, self.workload)


def _bound(program: Program, each: Started, place: _Place, workload: Workload, found: _Found) -> bool:
    """Adds what the code of a program binds. False where that tells nothing."""
    environment = Handed(place.environment, each.environment, each.words[1:])
    binds = binds_of(program, workload.facts)
    for path, bind in binds:
        default_port, address = default_of(bind.by)
        here = Evidence(path, bind.span, path)
        word = None if bind.port is None else evaluated(bind.port, environment)
        port = default_port if word is None else _port(word)
        bound = here
        if bind.host is not None:
            host = evaluated(bind.host, environment)
            address, bound = host.known, _through(host, here, each, place, workload)
        if port is None:
            found.why_not.append(f"where {path} listens is not known")
        elif FIRST_PORT <= port <= LAST_PORT:
            through = word is not None and bool(word.variables)
            listener = Listener(
                port,
                Rank.TOLD if through else Rank.CODE,
                here if word is None else _through(word, here, each, place, workload),
                address,
                bound,
                bind.by,
                bind.protocol,
                *((word.variables, word.movable) if word is not None else ()),
            )
            found.known.append(listener)
    if len({bind.function for _, bind in binds}) > 1 and len({each.port for each in found.known}) > 1:
        found.why_not.append("its code listens in several places")
    return bool(binds)


def _through(word: Word, otherwise: Evidence, each: Started, place: _Place, workload: Workload) -> Evidence:
    """The place where a value is written. otherwise: where it stands if no variable or option brought it."""
    for name in reversed(word.variables):
        if name.startswith("-") or name.isdigit():
            if place.environment is workload.container and any(given.text == name for given in each.words):
                return Evidence(place.path, each.command.span, _command_of(place))
            continue
        for file, span in workload.container.places(name):
            return Evidence(file, span, f"{name}, which {otherwise.path} reads")
    return otherwise


def _server(each: Started, place: _Place, workload: Workload, found: _Found) -> None:
    server = each.server
    assert server is not None
    environment = place.environment
    address, bound_at = _address(each, place, workload)
    ports = list(_told(each, environment))
    if any(port is None for port, _, _ in ports):
        found.why_not.append(_NOT_TOLD.format(server.name))
    for port, bound, word in ports:
        if port is not None and FIRST_PORT <= port <= LAST_PORT:
            evidence = _evidence(word, place, workload.container)
            at = evidence if bound is not None else bound_at
            found.known.append(
                Listener(
                    port, Rank.TOLD, evidence, bound or address, at, server.name, "tcp", word.variables, word.movable
                )
            )
    if ports:
        return
    configured = _configuration(each, place, workload)
    if configured is None:
        found.why_not.append(f"the configuration of {server.name} is not read")
        return
    listens = list(_configured(configured, server, environment, workload))
    if any(listener is None for listener in listens):
        found.why_not.append(f"what the configuration of {server.name} says is not known")
    known = [listener for listener in listens if listener is not None]
    if known and server.port is not None and _has_stock(server, workload):
        by = f"the configuration that the image of {server.name} brings along"
        known.append(Listener(server.port, Rank.DEFAULT, Evidence(place.path, each.command.span, by), "*"))
    if known:
        for listener in known:
            address = address if listener.address is None else listener.address
            at = bound_at if listener.bound is None else listener.bound
            found.known.append(replace(listener, server=server.name, address=address, bound=at))
    elif not listens and server.port is not None and (not server.reads or _has_stock(server, workload)):
        evidence = Evidence(place.path, each.command.span, f"{server.name}, which is told no other port")
        found.known.append(Listener(server.port, Rank.DEFAULT, evidence, address, bound_at, server.name))
    elif not listens:
        found.why_not.append(_NOT_TOLD.format(server.name))


def _configuration(each: Started, place: _Place, workload: Workload) -> list[str] | None:
    """The configuration files that a server reads; None where one is not known, or may be one that is not found."""
    server = each.server
    assert server is not None
    folder = _folder(place, each)
    if each.config is not None:
        path = _located(each.config, folder, workload)
        return None if path is None or not server.configured else [path]
    written = place.written and bool(server.reads)
    if written or any(workload.files.may_hold_more(dirname(each.rstrip("/"))) for each in server.reads):
        return None
    out = list(_read_in_image(server, workload))
    for name in server.files:
        path = _located(name, folder, workload)
        if path is not None and server.configured:
            out.append(path)
        elif workload.may_have(name):
            return None
    return out


def _read_in_image(server: Server, workload: Workload) -> Iterator[str]:
    """The configuration files of the repository that a server finds at their usual places in its image."""
    for place in server.reads:
        names = sorted(workload.files.names_in(place.rstrip("/"))) if place.endswith("/") else [""]
        for name in names:
            path = workload.files.file(place + name)
            if path is not None:
                yield path


def _has_stock(server: Server, workload: Workload) -> bool:
    """Whether the configuration that its image brings along is still there, beside that of the repository."""
    if server.stock is None or workload.files.file(server.stock) is not None:
        return False
    if any(not place.endswith("/") and workload.files.file(place) is not None for place in server.reads):
        return False
    return not workload.files.is_replaced(dirname(server.stock))


def _configured(
    paths: Iterable[str], server: Server, environment: Environment, workload: Workload
) -> Iterator[Listener | None]:
    """What configuration files bind; None for what they say that is not known."""
    by = server.configured
    for path in paths:
        facts = workload.facts.get(path)
        if facts is None or facts.format is None or any(not problem.partly for problem in facts.problems):
            yield None
            continue
        if by == "literals":
            for literal in facts.literals:
                if literal.role is Role.BIND and literal.valid and not literal.prose:
                    yield Listener(literal.port, Rank.CODE, Evidence(path, literal.span, path), literal.host or "*")
            continue
        for bind in facts.binds:
            if bind.by != by:
                continue
            here = Evidence(path, bind.span, path)
            word = None if bind.port is None else evaluated(bind.port, environment)
            port = server.port if word is None else _port(word)
            address = None if bind.host is None else evaluated(bind.host, environment).known
            if port is None or (bind.host is not None and address is None):
                yield None
                continue
            through = () if word is None else (word.variables, word.movable)
            yield Listener(port, Rank.CODE, here, address, None if address is None else here, by, "tcp", *through)


def _told(each: Started, environment: Environment) -> Iterator[tuple[int | None, str | None, Word]]:
    """The ports that a server is told, with the address where one stands beside; a port is None where it is not known.

    What options say wins over variables.
    """
    server = each.server
    assert server is not None
    binds = [(word, endpoint(word)) for word in each.binds]
    if each.ports:
        # Of an option that is given twice the last one counts.
        yield _port(each.ports[-1]), None, each.ports[-1]
        return
    is_told = False
    for word, read in binds:
        if read is None and word.known is not None:
            continue  # a socket in the file system
        address, port = read if read is not None else (None, None)
        if read is not None and port is None:
            continue
        is_told = True
        yield port, address, word
    if is_told:
        return
    names = [*server.port_variables, *((server.when[0],) if server.when is not None else ())]
    for name in names:
        value = _variable(name, each, environment)
        if value is not None:
            yield _port(value), server.when[1] if server.when is not None else None, value
            return


def _variable(name: str, each: Started, environment: Environment) -> Word | None:
    """The value that a server finds in a variable; None where it is not set."""
    text: Text | None = dict(each.environment).get(name)
    if text is not None:
        return evaluated(text, environment)
    value = environment.value(name, Scope.CONTAINER)
    if value.state is State.UNSET or (value.state is State.SET and not value.text):
        return None
    shown = value.text if value.state is State.SET else HOLE
    return Word(shown, Text((), each.command.span), (name, *value.variables), value.movable)


def _address(each: Started, place: _Place, workload: Workload) -> tuple[str | None, Evidence]:
    """What it binds, None where that is not known; and the place that tells it."""
    server = each.server
    assert server is not None
    if each.addresses:
        word = each.addresses[-1]
        return word.known, _evidence(word, place, workload.container)
    for name in server.address_variables:
        value = _variable(name, each, place.environment)
        if value is not None:
            return value.known, _evidence(value, place, workload.container)
    by = f"{server.name}, which is told no other address"
    return server.address, Evidence(place.path, each.command.span, by)


def _port(word: Word) -> int | None:
    text = (word.known or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _evidence(word: Word, place: _Place, container: Container) -> Evidence:
    """The place where the value is written: that of the last variable it came through, else the word's own."""
    for name in reversed(word.variables):
        for file, span in container.places(name):
            return Evidence(file, span, f"{name}, which its command reads")
    return Evidence(place.path, word.source.span, _command_of(place))


def _command_of(place: _Place) -> str:
    return "its command" if place.own else f"the command in {place.path}"
