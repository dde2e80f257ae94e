"""Imports what files say in use: env files, compose files and code, a single one or a whole repository.

The files are not read here: their facts and what was resolved without a registry are handed in. Entries are made of
the variables first, then of the published ports of compose services, and last of the ports that are left, which are
known by a name or a number alone. Every draft is then held against the repository (`judge`), until no port is left
that no entry knows, and no name means a service whose other port it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge import rule_data, well_known
from portlint.knowledge.formats import CODE, ENV_FILES, SETS_VARIABLES, STACKS
from portlint.knowledge.hosts import is_loopback, names_this_machine
from portlint.knowledge.identifiers import entry_vocabulary, is_port_name, words
from portlint.model import Facts, Match, PortLiteral, PortRange, Resolution, Service, Verdict
from portlint.registry.draft import Draft, Imported, Place, entry_name

Judge = Callable[[Sequence[Draft]], Sequence[Match]]
"""what the literals mean when the drafts are the registry"""
CommentOf = Callable[[str, int], str]
"""what is said in a comment about a line of a file (1-based)"""

_ROUNDS = 4
"""times that the drafts are held against the repository at most"""
_MOST_PLACES = 3
_ONLY_SERVICE = "app"
_PART = regex(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_WEIGHTS = (3, 2, 2, 1)
"""by rank"""
_PORT_WORDS = frozenset({"port", "ports"})


class _Sketch(Struct):
    """A draft that is still being made."""

    name: str
    default: int
    env_var: str | None = None
    container_port: int | None = None
    range: PortRange | None = None
    environments: dict[str, PortRange] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)
    description: str = ""
    protocol: str = "tcp"
    exposure: str | None = None
    optional: bool = False
    places: list[Place] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def draft(self) -> Draft:
        places = sorted(set(self.places))
        return Draft(
            name=self.name,
            place=places[0] if places else Place("", 1),
            default=self.default,
            env_var=self.env_var,
            description=self.description,
            range=self.range,
            container_port=self.container_port if self.container_port != self.default else None,
            environments=dict(sorted(self.environments.items())),
            aliases=tuple(alias for alias in dict.fromkeys(self.aliases) if _key(alias) != _key(self.name)),
            exposure=self.exposure,
            optional=self.optional,
            protocol=self.protocol,
            doubts=tuple(dict.fromkeys(self.doubts)),
        )

    def holds(self, port: int) -> bool:
        return port == self.default or (self.range is not None and port in self.range)


def read_facts(
    facts: Sequence[Facts],
    resolution: Resolution,
    judge: Judge,
    *,
    wanted: Callable[[str], bool] = lambda path: True,
    comment_of: CommentOf = lambda path, line: "",
) -> Imported:
    """The services that the facts tell of. wanted: the paths whose ports have to be registered."""
    making = _Making(facts, resolution, wanted, comment_of)
    making.take_variables()
    making.take_services()
    making.take_the_rest(judge)
    return Imported(drafts=tuple(sketch.draft() for sketch in making.sketches))


class _Making:
    def __init__(
        self,
        facts: Sequence[Facts],
        resolution: Resolution,
        wanted: Callable[[str], bool],
        comment_of: CommentOf,
    ) -> None:
        self.sketches: list[_Sketch] = []
        self._services = [service for each in facts if wanted(each.path) for service in each.services]
        self._environments = resolution.environments
        self._wanted = wanted
        self._comment_of = comment_of
        self._matches = [match for match in resolution.matches if self._counts(match)]

    def _counts(self, match: Match) -> bool:
        literal = match.literal
        return not literal.prose and literal.valid and self._wanted(literal.path)

    def take_variables(self) -> None:
        """One entry for each variable that holds a port of some service."""
        found: dict[str, list[Match]] = {}
        for match in self._matches:
            variable = match.literal.variable
            if variable is not None and match.verdict is not Verdict.FOREIGN:
                found.setdefault(variable, []).append(match)
        for variable, matches in sorted(found.items()):
            # `PORT` is the variable of the one service of a repository, or of each of several.
            if _is_service_variable(variable) or (variable == "PORT" and len({m.literal.port for m in matches}) == 1):
                self._take_variable(variable, matches)

    def _take_variable(self, variable: str, matches: list[Match]) -> None:
        outside = [m for m in matches if not m.inside] or matches
        common = [m for m in outside if self._environment(m.literal) is None] or outside
        votes = self._votes(common)
        chosen = min(common, key=lambda m: (-votes[m.literal.port], _rank(m.literal), _place(m.literal))).literal
        name = entry_name(_stem(variable)) if variable != "PORT" else _ONLY_SERVICE
        sketch = _Sketch(name=name, default=chosen.port, env_var=variable)
        sketch.range = chosen.ports if chosen.end_port is not None else None
        sketch.places = [_place(match.literal) for match in matches if match.literal.port == chosen.port]
        sketch.description = next(filter(None, (self._said(m.literal) for m in outside)), "")
        others: dict[PortRange, list[Place]] = {}
        for match in outside:
            literal, environment = match.literal, self._environment(match.literal)
            if literal.ports == chosen.ports:
                continue
            if self._tells_environment(literal) and environment not in sketch.environments:
                assert environment is not None
                sketch.environments[environment] = literal.ports
            elif environment is None or sketch.environments.get(environment) != literal.ports:
                others.setdefault(literal.ports, []).append(_place(literal))
        sketch.doubts += [f"{ports}: {_told(places)}" for ports, places in others.items()]
        inside = sorted({m.literal.port for m in matches if m.inside} - {sketch.default})
        sides = [
            (mapping.container, mapping.protocol)
            for service in self._services
            for mapping in service.mappings
            if mapping.container is not None
            and variable in (mapping.published_variable, mapping.published.variable if mapping.published else None)
        ]
        # `${API_PORT:-8000}:${API_PORT:-8000}` moves the port inside along with the published one.
        fixed = [side.port for side, _ in sides if side.variable != variable]
        inner = sorted(set(fixed)) if sides else inside
        if inner:
            sketch.container_port = inner[0]
            sketch.doubts += [f"inside a container also {port}" for port in inner[1:]]
        if any(protocol == "udp" for _, protocol in sides):
            sketch.protocol = "udp" if all(protocol == "udp" for _, protocol in sides) else "both"
        self._add(sketch)

    def _votes(self, matches: list[Match]) -> Counter[int]:
        """How much speaks for each port: each file once, env files more than compose files, those more than code."""
        said = {(match.literal.path, match.literal.port): _WEIGHTS[_rank(match.literal)] for match in matches}
        votes: Counter[int] = Counter()
        for (_, port), weight in said.items():
            votes[port] += weight
        return votes

    def _said(self, literal: PortLiteral) -> str:
        return self._comment_of(literal.path, literal.span.line) if literal.format in ENV_FILES else ""

    def _environment(self, literal: PortLiteral) -> str | None:
        return self._environments.get(literal.path)

    def take_services(self) -> None:
        """One entry for each port that a compose service publishes under no variable of its own."""
        for service in sorted(self._services, key=lambda s: (self._environments.get(s.path) or "", s.path, s.name)):
            published = [m for m in service.mappings if m.published is not None and m.published.valid]
            for mapping in published:
                literal = mapping.published
                if literal is None or (literal.variable is not None and _is_service_variable(literal.variable)):
                    continue
                inside = mapping.container.port if mapping.container is not None else None
                self._take_published(service, literal, inside, mapping.address, mapping.protocol, len(published) > 1)

    def _take_published(
        self,
        service: Service,
        literal: PortLiteral,
        inside: int | None,
        address: str | None,
        protocol: str,
        several: bool,
    ) -> None:
        name = entry_name(service.name)
        holders = [sketch for sketch in self.sketches if sketch.holds(literal.port)]
        # Of several with that port the one that is called so, else the one that can have that port inside.
        holders.sort(key=lambda s: (service.name not in (s.name, *s.aliases), s.container_port not in (None, inside)))
        known = holders[0] if holders else None
        if known is not None and (known.env_var is not None or service.name in (known.name, *known.aliases)):
            known.places.append(_place(literal))
            known.aliases.append(service.name)
            if known.protocol != protocol and protocol in ("tcp", "udp"):
                known.protocol = "both"
            if known.container_port is None:
                known.container_port = inside
            return
        environment = self._environment(literal)
        same = [
            s
            for s in self.sketches
            if service.name in (s.name, *s.aliases) and s.container_port in (None, inside, s.default)
        ]
        fits = [s for s in same if (s.container_port or s.default) == inside]
        # The one that is called like the service, before those that only have it as another name.
        fits = [s for s in fits if s.name == name] or fits
        if environment is not None and len(fits) == 1 and environment not in fits[0].environments:
            fits[0].environments[environment] = literal.ports
            fits[0].places.append(_place(literal))
            return
        sketch = _Sketch(name=name, default=literal.port, container_port=inside, protocol=protocol)
        if protocol not in ("tcp", "udp"):
            sketch.protocol = "tcp"
        sketch.places = [_place(literal)]
        sketch.range = literal.ports if literal.end_port is not None else None
        sketch.optional = bool(service.profiles)
        if address is not None and is_loopback(address):
            sketch.exposure = "internal"
        if several and any(s.name == name for s in self.sketches):
            sketch.name = entry_name(f"{name}_{_purpose(service, inside or literal.port)}")
        sketch.aliases.append(service.name)
        self._add(sketch)

    def take_the_rest(self, judge: Judge) -> None:
        """Entries for what no draft knows yet, and second ones where a name means two services."""
        for _ in range(_ROUNDS):
            judged = [m for m in judge([sketch.draft() for sketch in self.sketches]) if not m.literal.prose]
            unknown = [
                m.literal
                for m in judged
                if m.verdict is Verdict.UNKNOWN and not m.inside and self._counts(m) and _is_use(m.literal)
            ]
            wrong = [m for m in judged if m.verdict is Verdict.MISMATCH and m.by != "variable" and m.entry is not None]
            changed = self._take_unknown(unknown)
            if not self._take_wrong(wrong) and not changed:
                return

    def _take_unknown(self, literals: list[PortLiteral]) -> bool:
        by_port: dict[int, list[PortLiteral]] = {}
        for literal in literals:
            by_port.setdefault(literal.port, []).append(literal)
        for port, group in sorted(by_port.items()):
            known = sorted({name for literal in group if (name := _well_known(literal))})
            for name in known[1:]:
                self._take_group(name, port, [literal for literal in group if _well_known(literal) == name])
            rest = [literal for literal in group if _well_known(literal) in ("", *known[:1])]
            self._take_group(known[0] if known else _common_name(rest), port, rest)
        return bool(by_port)

    def _take_group(self, name: str, port: int, group: list[PortLiteral]) -> None:
        owners = [sketch for sketch in self.sketches if sketch.default == port]
        if owners and name in well_known.by_name() and well_known.of_identifier(owners[0].name) is None:
            # `vite` at the port of `frontend` is the software that the service runs.
            owners[0].aliases.append(name)
            return
        sketch = _Sketch(name=entry_name(name or f"port_{port}"), default=port)
        ends = [literal.end_port for literal in group if literal.end_port is not None]
        sketch.range = PortRange(port, max(ends)) if ends else None
        sketch.places = [_place(literal) for literal in group]
        usual = "" if name else _usual(port)
        sketch.doubts.append(f"in no env or compose file, but here: {_told(sketch.places)}{usual}")
        if any(s.name == sketch.name for s in self.sketches):
            sketch.aliases.append(sketch.name)
        self._add(sketch)

    def _take_wrong(self, matches: list[Match]) -> bool:
        """A name that means another service here than elsewhere becomes an alias of that service too.

        Where the name is that of the variable itself, or that of a well-known service, the repository disagrees with
        itself: that is for a person to mend, and is left to the rules.
        """
        groups: dict[tuple[str, int], list[Match]] = {}
        for match in matches:
            assert match.entry is not None
            groups.setdefault((match.entry.name, match.literal.port), []).append(match)
        changed = False
        for (name, port), group in sorted(groups.items()):
            entry = next(sketch for sketch in self.sketches if sketch.name == name)
            left = self._without_environments(entry, port, group)
            changed |= len(left) < len(group)
            if not left:
                continue
            owner = next((sketch for sketch in self.sketches if sketch.default == port), None)
            spoken = {_alias(match) or name for match in left}
            shown = [match for match in left if self._wanted(match.literal.path)] or left
            places = [_place(match.literal) for match in shown]
            is_its_name = entry.env_var is not None and any(_key(word) == _key(_stem(entry.env_var)) for word in spoken)
            if is_its_name and (owner is None or not any(_key(word) < _key(owner.name) for word in spoken)):
                entry.doubts.append(f"another port, {port}: {_told(places)}")
                continue
            if owner is None:
                owner = _Sketch(name=f"{name}_{port}", default=port, places=places)
                owner.doubts.append(f"a second {name}, or a mistake: {_told(places)}")
                self._add(owner)
                changed = True
            for alias in sorted(spoken):
                known = well_known.of_identifier(alias)
                usual = known is None or port in (*known.ports, *known.more_ports)
                if alias in (owner.name, *owner.aliases) or not (usual or _is_same_service(entry, owner)):
                    continue
                owner.aliases.append(alias)
                owner.doubts.append(f"called {alias}: {_told(places)}")
                changed = True
        return changed

    def _without_environments(self, entry: _Sketch, port: int, group: list[Match]) -> list[Match]:
        """The matches but for those in files of an environment of which nothing else is known: it is its port there."""
        left: list[Match] = []
        new: dict[str, PortRange] = {}
        for match in group:
            environment = self._environment(match.literal)
            if (
                environment is None
                or environment in entry.environments
                or match.inside
                or match.by == "library"
                or not self._tells_environment(match.literal)
            ):
                left.append(match)
            else:
                new[environment] = PortRange(port, port)
                entry.places.append(_place(match.literal))
        entry.environments |= new
        return left

    def _tells_environment(self, literal: PortLiteral) -> bool:
        """Whether a file that belongs to an environment says what holds there: settings do, and code but for tests."""
        if self._environment(literal) is None:
            return False
        return literal.format not in CODE or (self._wanted(literal.path) and literal.variable is not None)

    def _add(self, sketch: _Sketch) -> None:
        """Adds it under a name that no other has."""
        names = {other.name for other in self.sketches}
        if sketch.name in names:
            base = sketch.name
            sketch.name = f"{base}_{sketch.default}"
            number = 2
            while sketch.name in names:
                sketch.name, number = f"{base}_{sketch.default}_{number}", number + 1
        self.sketches.append(sketch)


def _rank(literal: PortLiteral) -> int:
    """The lowest says most about what a port should be."""
    if literal.format in ENV_FILES:
        is_personal = not _personal().isdisjoint(words(literal.path.rpartition("/")[2]))
        return len(_WEIGHTS) - 1 if is_personal else 0
    if literal.format not in SETS_VARIABLES:
        return len(_WEIGHTS) - 1
    return 1 if literal.format in STACKS else 2


def _place(literal: PortLiteral) -> Place:
    return Place(literal.path, literal.span.line)


def _told(places: Iterable[Place]) -> str:
    found = sorted(set(places))
    more = f" and {len(found) - _MOST_PLACES} more" if len(found) > _MOST_PLACES else ""
    return ", ".join(map(str, found[:_MOST_PLACES])) + more


def _is_use(literal: PortLiteral) -> bool:
    """All ports up to the last are a bound, not a use."""
    return literal.end_port != 65535


@cache
def _personal() -> frozenset[str]:
    return frozenset(rule_data.load("names/environments.yaml")["personal"])


def _is_service_variable(variable: str) -> bool:
    """Whether a variable of the environment holds the port of some service: `API_PORT`, not `PORT`."""
    if not (variable.isupper() and is_port_name(variable)) or variable in entry_vocabulary("platform_variables"):
        return False
    return bool(set(words(variable)) - _PORT_WORDS)


def _stem(identifier: str) -> str:
    """The parts of a name that say which service: `DEFAULT_REDIS_PORT` is redis, `A2A_PORT` a2a, `APP_PORT` app."""
    parts = identifier.split("_") if identifier.isupper() else _PART.findall(identifier)
    spoken = [part.lower() for part in parts if part and not _PORT_WORDS & set(words(part))]
    spoken = spoken or [word for word in words(identifier) if word not in _PORT_WORDS]
    return "_".join([part for part in spoken if not _is_generic(part)] or spoken)


def _key(identifier: str) -> frozenset[str]:
    return frozenset(words(identifier)) - _PORT_WORDS


def _is_same_service(one: _Sketch, other: _Sketch) -> bool:
    """Whether two entries are ports of one compose service."""
    return not {one.name, *one.aliases}.isdisjoint((other.name, *other.aliases))


def _is_generic(word: str) -> bool:
    return word in entry_vocabulary("generic") or word.removesuffix("s") in entry_vocabulary("generic")


def _well_known(literal: PortLiteral) -> str:
    """The well-known service that the place names, at its usual port."""
    for word in (literal.library, literal.name, literal.host, literal.service):
        service = well_known.of_identifier(word) if word else None
        if service is not None and literal.port in service.ports:
            return service.name
    return ""


def _common_name(group: list[PortLiteral]) -> str:
    """What most places call the service; empty where none calls it anything."""
    spoken = Counter(name for literal in group if (name := _name_of(literal)))
    return min(spoken, key=lambda name: (-spoken[name], len(name), name)) if spoken else ""


def _usual(port: int) -> str:
    known = well_known.by_port().get(port, ())
    return f" (the usual port of {known[0].name})" if len(known) == 1 else ""


def _name_of(literal: PortLiteral) -> str:
    for word in (literal.variable, literal.service, literal.name):
        if not word or "ports" in words(word) or not entry_vocabulary("no_names").isdisjoint(words(word)):
            # A list of ports, or the first one of a range, says nothing about the service.
            continue
        if not all(map(_is_generic, words(word))) and any(map(str.isalpha, _stem(word))):
            return _stem(word)
    host = literal.host or ""
    if host.replace("-", "").replace("_", "").isalpha() and not names_this_machine(host):
        return host
    return ""


def _purpose(service: Service, port: int) -> str:
    known = well_known.by_port().get(port, ())
    return known[0].name if len(known) == 1 and known[0].name not in words(service.name) else str(port)


def _alias(match: Match) -> str | None:
    """The word by which the place names the service. In capitals it would be a variable's name."""
    word = _spoken(match)
    return entry_name(_stem(word)) if word is not None and match.by == "name" else word


def _spoken(match: Match) -> str | None:
    literal = match.literal
    if match.by == "library":
        return literal.library
    word = {"host": literal.host, "service": literal.service, "name": literal.name}.get(match.by)
    if match.by == "name" and (word is None or set(words(word)) <= _PORT_WORDS):
        return None
    return word
