"""Rules that hold variables against one another: PORT403, PORT404, PORT405. They need no registry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from posixpath import dirname

from msgspec import Struct

from portlint.check.addressed import is_elsewhere, knowledge
from portlint.check.context import Context, finding_at, host_beside, is_default, is_fallback, replace_port_fix
from portlint.check.env_files import of_containers
from portlint.knowledge import well_known
from portlint.knowledge.env_file_names import is_personal, is_template
from portlint.knowledge.formats import ENV_FILES, PROCESS_ENVIRONMENTS, PROGRAMS, SETS_VARIABLES, STACKS
from portlint.knowledge.hosts import canonical, is_ip, is_loopback, names_this_machine, without_brackets
from portlint.knowledge.identifiers import entry_vocabulary, is_port_name, words
from portlint.model import Facts, Finding, PortLiteral, Related

_SETTINGS = SETS_VARIABLES - STACKS
"""formats that set variables for a process on the host"""
_MOST_COMPARED = 16
"""variables of one port that a further one is compared with"""


def _core(variable: str) -> frozenset[str]:
    """The words of a variable that say which service is meant."""
    return frozenset(words(variable)) - entry_vocabulary("generic") - entry_vocabulary("qualifiers")


def _is_variable(name: str | None) -> bool:
    """Whether a name is one of an environment variable; in lower case it belongs to a script."""
    return name is not None and name.isupper()


# PORT403


class _Place(Struct, frozen=True):
    """A place that gives a port to a variable."""

    literal: PortLiteral
    rank: int
    """0 for what counts most: an env file, a template of one, another setting, a fallback"""
    group: str | None
    """the environment, or the file where that runs apart from the others"""

    @property
    def port(self) -> int:
        return self.literal.port


def inconsistent_variable(context: Context) -> Iterator[Finding]:
    """PORT403: one variable, different ports in one environment's files and fallbacks."""
    found = tuple(_places(context))
    if not found:
        return
    inside = _container_ports(context)
    own = of_containers(context.facts)
    # A place that misses the service it names is wrong by itself, and no measure for others.
    spots = {(place.literal.path, place.literal.span.start) for place in found}
    at_spots = (each for each in context.literals if (each.path, each.span.start) in spots)
    wrong = {(each.path, each.span.start) for each in at_spots if context.misses.of(each)}
    groups: dict[tuple[str, str, str | None], list[_Place]] = {}
    for place in found:
        literal = place.literal
        if (literal.path, literal.span.start) in wrong:
            continue
        variable = literal.variable or ""
        for_container = literal.path in own or literal.format not in SETS_VARIABLES
        if for_container and literal.port in inside.get(variable, ()):
            # A process in a container sees the port inside it.
            continue
        groups.setdefault((variable, canonical(literal.host or ""), place.group), []).append(place)
    for (variable, host, _), places in groups.items():
        ports = {place.port for place in places}
        if len(ports) < 2 or _is_list(places, host) or _of_several_stores(variable, ports):
            continue
        for scope in _scopes(variable, places):
            if not all(_is_apart(place.literal) for place in scope):
                yield from _differing(variable, scope)


def _places(context: Context) -> Iterator[_Place]:
    """The places that give ports to the variables of those whose findings are asked for."""
    registered, environments = context.registered, context.resolution.environments
    variables = {match.literal.variable for match in context.matches} - registered - {None}
    if not variables:
        return
    formats = {facts.path: facts.format for facts in context.facts if not facts.generated}
    for literal in context.literals:
        variable, path = literal.variable, literal.path
        if variable not in variables or not _is_variable(variable) or literal.end_port is not None or not literal.valid:
            continue
        setting = literal.format in _SETTINGS and not is_default(literal)
        if not (setting or is_default(literal)) or is_personal(path):
            continue
        if path not in formats or (setting and literal.format != formats[path]):
            # An env file inside another file (a ConfigMap, a here-document) is for another machine.
            continue
        if literal.format not in STACKS and context.is_test(path):
            continue
        rank = (1 if is_template(path) else 0) if literal.format in ENV_FILES else 2 if setting else 3
        yield _Place(literal, rank if setting else 3, environments.get(path) or _apart(context, literal))


def _apart(context: Context, literal: PortLiteral) -> str | None:
    """The file, where it is a variant that runs by itself: `docker-compose.e2e.yml`, `.env.cluster`."""
    path = literal.path
    if literal.format in STACKS:
        stacks = context.network.stacks_of(path)
        usual = any(_is_usual(stack.paths[0]) for stack in stacks)
        return None if usual or not stacks else path
    if literal.format in ENV_FILES:
        name = path.rpartition("/")[2].strip(".").lower()
        parts = [part for part in name.replace("-", ".").replace("_", ".").split(".") if part not in ("env", "envrc")]
        return None if not parts or is_template(path) else path
    return None


def _is_usual(path: str) -> bool:
    return path.rpartition("/")[2].partition(".")[0] in ("compose", "docker-compose") and path.count(".") == 1


def _container_ports(context: Context) -> dict[str, set[int]]:
    """Variable of a published port to the ports inside the containers behind it."""
    out: dict[str, set[int]] = {}
    for facts in context.facts:
        for service in facts.services:
            for mapping in service.mappings:
                if mapping.published_variable is not None and mapping.container is not None:
                    out.setdefault(mapping.published_variable, set()).add(mapping.container.port)
    return out


def _is_apart(literal: PortLiteral) -> bool:
    """Whether code stands among tests or examples, each of which is a program of its own."""
    if literal.format in SETS_VARIABLES:
        return False
    return not entry_vocabulary("folders_of_programs").isdisjoint(words(dirname(literal.path)))


def _of_several_stores(variable: str, ports: Iterable[int]) -> bool:
    """Whether each port is the usual one of a data store: `DB_PORT` falls back to 5432 or 3306 as the engine is."""
    stores = [{s.name for s in well_known.by_port().get(port, ()) if s.data_store} for port in ports]
    return all(stores) and not set.intersection(*stores) and well_known.of_identifier(variable) is None


def _is_list(places: Iterable[_Place], host: str) -> bool:
    """Whether a place holds several addresses or ports: `ALLOWED_ORIGINS=http://localhost:3000,http://localhost:5173`,
    `AVOID_PORTS=22,25`."""
    if host:
        seen = Counter((place.literal.path, place.literal.subject, 0) for place in places)
    else:
        own = (place.literal for place in places if not is_fallback(place.literal))
        seen = Counter((each.path, each.subject, each.span.line) for each in own)
    return max(seen.values(), default=0) > 1


def _scopes(variable: str, places: Sequence[_Place]) -> Iterator[list[_Place]]:
    """The places that speak of one variable: those below the nearest folder in which it is set."""
    defining = {dirname(p.literal.path) for p in places if p.literal.format in SETS_VARIABLES}
    general = not _core(variable)
    of_any = _core(variable) <= entry_vocabulary("of_any_program")
    out: dict[str, list[_Place]] = {}
    for place in places:
        if general:
            # `PORT` is another one in each file, and a program may well start two servers.
            if place.literal.format not in PROGRAMS:
                out.setdefault(f"{place.literal.path} {place.literal.service}", []).append(place)
            continue
        if not defining and of_any:
            # Each program of a repository has a `DB_PORT` of its own.
            out.setdefault(place.literal.path.partition("/")[0], []).append(place)
            continue
        folder = dirname(place.literal.path)
        while folder and folder not in defining:
            folder = dirname(folder)
        if folder not in defining:
            folder = next(iter(defining)) if len(defining) == 1 else ""
        out.setdefault(folder, []).append(place)
    yield from out.values()


def _differing(variable: str, places: Sequence[_Place]) -> Iterator[Finding]:
    best = min(place.rank for place in places)
    counts = Counter(place.port for place in places if place.rank == best)
    right = next(place for place in places if place.rank == best and counts[place.port] == max(counts.values()))
    for place in places:
        literal, other = place.literal, right.literal
        if place.port == right.port:
            continue
        here = "falls back to" if is_default(literal) else "is"
        there = "falls back to" if is_default(other) else "is"
        where = f"in {other.path}" if other.path != literal.path else f"in line {other.span.line}"
        yield finding_at(
            literal,
            "PORT403",
            f"{variable} {here} {place.port} here, but {there} {right.port} {where}: "
            "which of the two is used depends on what is set",
            help=f"write {right.port}",
            related=(Related(other.path, other.span, f"{variable} {there} {right.port} here"),),
            fix=replace_port_fix(literal, right.port),
        )


# PORT404


def env_port_collision(context: Context) -> Iterator[Finding]:
    """PORT404: two variables of one env file take the same port on the same host."""
    held = _by_file(context)
    asked = [facts for facts in context.asked_facts if facts.path in held]
    if not asked:
        return
    published, contained = _sides(context)
    own = of_containers(context.facts)
    for facts in asked:
        if is_elsewhere(facts.path):
            # In a cluster each service has an address of its own.
            continue
        hosts = {variable.name: variable.host for variable in facts.variables if variable.host is not None}
        taken: dict[int, list[PortLiteral]] = {}
        for literal in held[facts.path]:
            variable = literal.variable or ""
            if not is_port_name(variable) or literal.form != "value" or literal.end_port is not None:
                continue
            if not knowledge("range_words").isdisjoint(words(variable)):
                continue
            inside = facts.path in own or variable in contained
            if (inside and variable not in published) or context.is_allowed(literal.port):
                continue
            same = taken.setdefault(literal.port, [])
            for other in same[:_MOST_COMPARED]:
                one, two = (context.entry_at.get((each.path, each.span.start)) for each in (other, literal))
                known = one is not None and two is not None
                apart = one is not two if known else not _same_service(other, literal)
                if apart and _same_host(hosts, other.variable or "", variable):
                    yield _collision(other, literal)
                    break
            same.append(literal)


def _collision(earlier: PortLiteral, later: PortLiteral) -> Finding:
    return finding_at(
        later,
        "PORT404",
        f"{earlier.variable} and {later.variable} are both {later.port}: only one of the two can listen there",
        help=f"give {later.variable} another port",
        related=(Related(earlier.path, earlier.span, f"{earlier.variable} is {earlier.port} here"),),
    )


def _by_file(context: Context) -> dict[str, list[PortLiteral]]:
    """The values that each env file sets, in order."""
    out: dict[str, list[PortLiteral]] = {}
    for literal in context.literals:
        if literal.format in PROCESS_ENVIRONMENTS and _is_variable(literal.variable) and not is_fallback(literal):
            out.setdefault(literal.path, []).append(literal)
    return out


def _sides(context: Context) -> tuple[set[str], set[str]]:
    """The variables that compose files publish, and those that give a port inside a container."""
    published: set[str] = set()
    contained: set[str] = set()
    for facts in context.facts:
        for service in facts.services:
            for mapping in service.mappings:
                if mapping.published_variable is not None:
                    published.add(mapping.published_variable)
                if mapping.container_variable is not None:
                    contained.add(mapping.container_variable)
        contained.update(r.variable for r in facts.references if r.service is not None and ".environment" in r.subject)
    return published, contained


def _same_service(one: PortLiteral, other: PortLiteral) -> bool:
    """Whether two variables of one port may be two names of it: `REDIS_PORT` and `CELERY_REDIS_PORT`."""
    mine, theirs = _core(one.variable or ""), _core(other.variable or "")
    if mine <= theirs or theirs <= mine:
        return True
    known = [well_known.of_identifier(literal.variable or "") for literal in (one, other)]
    usual = [service is not None and one.port in service.ports for service in known]
    if all(usual):
        return True
    roles = [not entry_vocabulary("roles").isdisjoint(core) for core in (mine, theirs)]
    return (usual[0] and roles[1]) or (usual[1] and roles[0]) or all(roles)


def _same_host(hosts: dict[str, str], one: str, other: str) -> bool:
    """Whether two variables speak of one machine, as far as `X_HOST` beside `X_PORT` tells."""
    found = [host_beside(hosts, one), host_beside(hosts, other)]
    if not all(map(names_this_machine, found)):
        return found[0] == found[1]
    # On two addresses of loopback the same port is free twice: 127.0.0.1 and 127.0.0.2.
    written = {without_brackets(host) for host in found if host is not None and is_loopback(host)}
    return len(set(filter(is_ip, written))) < 2


# PORT405


def url_port_mismatch(context: Context) -> Iterator[Finding]:
    """PORT405: `BACKEND_URL=http://localhost:8001` beside `BACKEND_PORT=8000`."""
    held = _by_file(context)
    asked = [facts for facts in context.asked_facts if facts.path in held]
    if not asked:
        return
    published, contained = _sides(context)
    # `PORT=4011` is where the program of that file answers.
    own = {each.port for literals in held.values() for each in literals if not _core(each.variable or "")}
    answered = context.bound | own
    mapped = {
        (binding.ports.start, binding.container.start)
        for stack in context.network.stacks
        for peer in context.network.peers(stack)
        for binding in peer.published
        if binding.container is not None
    }
    for facts in asked:
        literals = held[facts.path]
        ports = [
            literal
            for literal in literals
            if literal.form == "value" and is_port_name(literal.variable or "") and literal.end_port is None
            and (literal.variable in published or literal.variable not in contained)
        ]  # fmt: skip
        if ports:
            others = [literal for literal in literals if literal.port not in answered]
            yield from _urls(facts, others, ports, mapped)


def _urls(
    facts: Facts, literals: Iterable[PortLiteral], ports: Sequence[PortLiteral], mapped: set[tuple[int, int]]
) -> Iterator[Finding]:
    by_core: dict[frozenset[str], list[PortLiteral]] = {}
    for literal in ports:
        for core in _cores(literal.variable or ""):
            by_core.setdefault(core, []).append(literal)
    proxied = {p.port for p in ports if not entry_vocabulary("proxies").isdisjoint(words(p.variable or ""))}
    several = Counter(literal.variable for literal in literals if literal.form in ("url", "address"))
    for literal in literals:
        variable = literal.variable or ""
        if literal.form not in ("url", "address") or literal.host is None or not names_this_machine(literal.host):
            continue
        if several[variable] > 1 or is_port_name(variable) or literal.port in proxied:
            continue
        meant = next((by_core[core] for core in _cores(variable) if core in by_core), ())
        if not meant or any(each.port == literal.port or (literal.port, each.port) in mapped for each in meant):
            continue
        port = meant[0]
        yield finding_at(
            literal,
            "PORT405",
            f"{variable} goes to port {literal.port}, but {port.variable} is {port.port}: nobody answers there",
            help=f"write {port.port} in {variable}, or change {port.variable}",
            related=(Related(facts.path, port.span, f"{port.variable} is {port.port} here"),),
            fix=replace_port_fix(literal, port.port),
        )


def _cores(variable: str) -> tuple[frozenset[str], ...]:
    """What a variable is about, word for word and without the words that any address may have, where others remain."""
    core = _core(variable)
    plain = core - entry_vocabulary("address_words")
    return tuple(each for each in dict.fromkeys((core, plain)) if each)
