"""The services of a compose file: what each section holds, and the `Service` objects for the cross-file rules.

Sources: Compose specification, "Services top-level elements", "Extend", "Merge", "Fragments"; Docker, `HEALTHCHECK`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands import find_in_text
from portlint.extract.compose.definitions import (
    build_context,
    build_target,
    dockerfile,
    env_files,
    extended,
    extra_hosts,
    host_variables,
    hosts,
    lineage,
    link_aliases,
    links,
    networks,
    program,
    replace_start,
    replicas,
    settings,
)
from portlint.extract.compose.programs import assigned, mounted, probed, settings_of, started
from portlint.extract.scan.published import Entry, Side, host_address, is_base60, known_address, short, side
from portlint.extract.scan.text import Hit, find, is_port
from portlint.extract.traefik import in_arguments, in_label, in_variable
from portlint.extract.yaml.values import Context, Reader, scalars
from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import words
from portlint.model import Mapping, PortLiteral, Role, Service, Source
from portlint.syntax.interpolation import interpolations
from portlint.syntax.yaml.nodes import (
    AliasNode,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    key_of,
    lookup,
    resolved,
    shown,
    text_of,
)

_UPSTREAMS = regex(r"\{\{\s{0,4}upstreams\s{1,4}(?:https?\s{1,4})?([0-9]{1,5})\s{0,4}\}\}")
_MOST_BINDINGS = 20_000
"""entries of `ports` over all services: anchors could make a small file hold millions"""
_MOST_KEYS = 200_000
"""keys copied by merges"""

Handler = Callable[["ComposeReader", Node, Context], None]


@cache
def knowledge(name: str) -> frozenset[str]:
    """One list of `rules/formats/compose.yaml`."""
    return frozenset(str(key) for key in rule_data.load("formats/compose.yaml")[name])


class _Shared(Struct):
    """A node that aliases lead to, and the places that use it."""

    handler: Handler
    node: ScalarNode | SequenceNode | MappingNode
    where: list[Context]


class ComposeReader(Reader):
    """Reads a compose file. First everything where it stands, then what only aliases bring to a service."""

    def __init__(self, source: Source) -> None:
        super().__init__(source, "compose", referable=True)
        self._entries: dict[int, Entry | None] = {}
        self._shared: dict[tuple[str, int], _Shared] = {}
        self._bindings = 0
        self._copied = 0

    def read(self, document: Node, services: Node | None) -> tuple[Service, ...]:
        """One document; gives its services."""
        found = resolved(services)
        named = [(k, v) for k, v in found.pairs if key_of(k) != "<<"] if isinstance(found, MappingNode) else []
        legacy = found is resolved(document)
        if legacy:
            named = [(k, v) for k, v in named if isinstance(resolved(v), MappingNode)]
        for name, body in named:
            label = key_of(name)
            # What a template writes is no name.
            known = None if "{{" in label or "$" in label else label
            where = Context(f"services.{label}", known, known)
            self._follow(ComposeReader._body, body, where)
        self._read_shared()
        root = resolved(document)
        if not legacy and isinstance(root, MappingNode):
            for name, value in root.pairs:
                key = key_of(name)
                if key == "configs":
                    self._configs(value)
                elif key.startswith("x-"):
                    self._extension(value, Context(key, trail=(key,)))
                elif key not in ("services", "include", "version", "name", "networks", "secrets"):
                    self.walk(value, Context(key, trail=(key,)))
        self._read_shared()
        bodies = {key_of(name): self._flat(body, frozenset()) for name, body in named}
        aliases = link_aliases(bodies)
        return tuple(
            self._service(name, bodies, aliases.get(key_of(name), ()))
            for name, _ in named
            if isinstance(name, ScalarNode) and "{{" not in name.text
        )

    # Sections

    def _follow(self, handler: Handler, node: Node, where: Context) -> None:
        """Reads a node where it stands; what an alias leads to waits until all that stands in services is read."""
        if not isinstance(node, AliasNode):
            handler(self, node, where)
        elif node.target is not None:
            key = (handler.__name__, id(node.target))
            self._shared.setdefault(key, _Shared(handler, node.target, [])).where.append(where)

    def _read_shared(self) -> None:
        done: set[tuple[str, int]] = set()
        while waiting := [key for key in self._shared if key not in done]:
            for key in waiting:
                done.add(key)
                shared = self._shared[key]
                users = {where.service for where in shared.where}
                where = shared.where[0]
                # What several services share belongs to none of them alone.
                if len(users) > 1:
                    where = replace(where, service=None, name=None)
                shared.handler(self, shared.node, where)
        self._shared.clear()

    def _body(self, node: Node, where: Context) -> None:
        """A service, or a fragment of one."""
        if isinstance(node, SequenceNode):
            for item in node.items:
                self._follow(ComposeReader._body, item, where)
        if not isinstance(node, MappingNode):
            return
        command = lookup(node, "command")
        runs = program(text_of(lookup(node, "image")))
        for name, value in node.pairs:
            key = key_of(name)
            if key == "<<":
                for merged in value.items if isinstance(value, SequenceNode) else (value,):
                    self._follow(ComposeReader._body, merged, where)
            elif key in ("command", "entrypoint"):
                here = replace(where.under(key), trail=())
                if key == "entrypoint" and isinstance(resolved(command), SequenceNode):
                    # Read with the command, which is its arguments.
                    continue
                for text in scalars(value):
                    for hit in in_arguments(text.text):
                        self.add(hit._replace(name=None), text.start, here)
                before = lookup(node, "entrypoint") if key == "command" else None
                self.command(value, here, before=before, program=runs if key == "command" else "")
            elif key in _SECTIONS:
                self._follow(_SECTIONS[key], value, where.under(key))
            elif key not in knowledge("without_ports"):
                self._follow(ComposeReader._other, value, where.under(key))

    def _other(self, node: Node, where: Context) -> None:
        self.walk(node, where)

    def _extension(self, node: Node, where: Context) -> None:
        """An `x-` block: usually a fragment of a service, or a section of one."""
        kind = where.trail[-1].removeprefix("x-").replace("_", "-").split("-")
        if isinstance(node, MappingNode):
            inner = {key_of(name) for name, _ in node.pairs}
            if inner & knowledge("service_keys"):
                self._body(node, replace(where, trail=()))
                return
            if "test" in inner:
                self._healthcheck(node, where)
                return
            if {"env", "environment", "variables", "vars"} & set(kind):
                self._environment(node, where)
                return
            for name, value in node.pairs:
                key = key_of(name)
                if isinstance(value, MappingNode):
                    self._extension(value, replace(where.under(key), trail=(key,)))
                else:
                    self.walk(value, where.under(key))
            return
        section = next((_SECTIONS[name] for name in ("ports", "expose", "labels") if name in kind), None)
        if section is None and isinstance(node, SequenceNode) and {"env", "environment"} & set(kind):
            section = ComposeReader._environment
        (section or ComposeReader._other)(self, node, where)

    def _configs(self, node: Node) -> None:
        """`configs: {name: {content: ...}}`: files written into the container."""
        found = resolved(node)
        if not isinstance(found, MappingNode):
            return
        for name, value in found.pairs:
            content = resolved(lookup(value, "content"))
            where = Context(f"configs.{key_of(name)}.content", trail=(key_of(name), "content"))
            if isinstance(content, ScalarNode) and not self.embedded(key_of(name), content, where):
                for hit in find(content.text, whole=False):
                    self.add(hit, content.start, where)

    def _ports(self, node: Node, where: Context) -> None:
        items = node.items if isinstance(node, SequenceNode) else (node,)
        for index, item in enumerate(items):
            self._follow(ComposeReader._port, item, where.at(index))

    def _port(self, node: Node, where: Context) -> None:
        where = replace(where, trail=())
        if isinstance(node, ScalarNode):
            entry = self._entry(node)
            if entry is not None:
                self.entry(entry, node.start, where, base60=node.style == "plain" and is_base60(node.text))
        elif isinstance(node, SequenceNode):
            self._ports(node, where)
        elif isinstance(node, MappingNode):
            protocol = (text_of(lookup(node, "protocol")) or "tcp").lower()
            address = known_address(host_address(text_of(lookup(node, "host_ip")) or ""))
            for key, role in (("target", Role.CONTAINER), ("published", Role.PUBLISH)):
                value = resolved(lookup(node, key))
                if isinstance(value, ScalarNode):
                    host = address if role is Role.PUBLISH else None
                    self.side(side(value.text), value.start, where, role, protocol, host)

    def _entry(self, node: ScalarNode) -> Entry | None:
        if node.start not in self._entries:
            self._entries[node.start] = short(node.text)
        return self._entries[node.start]

    def _expose(self, node: Node, where: Context) -> None:
        items = node.items if isinstance(node, SequenceNode) else (node,)
        for index, item in enumerate(items):
            found = resolved(item)
            if isinstance(found, ScalarNode) and (entry := self._entry(found)) is not None:
                self.entry(replace(entry, published=None), found.start, replace(where.at(index), trail=()))

    def _environment(self, node: Node, where: Context) -> None:
        if isinstance(node, SequenceNode):
            for item in node.items:
                found = resolved(item)
                if isinstance(found, ScalarNode):
                    name, equals, text = found.text.partition("=")
                    if equals:
                        self._variable(name.strip(), replace_start(found, len(name) + 1, text), where)
                elif isinstance(found, MappingNode):
                    self._environment(found, where)
        elif isinstance(node, MappingNode):
            for key_node, value in node.pairs:
                key = key_of(key_node)
                if key == "<<":
                    for source in value.items if isinstance(value, SequenceNode) else (value,):
                        self._follow(ComposeReader._environment, source, where)
                elif isinstance(value, ScalarNode):
                    self._variable(key, value, where)
                elif isinstance(value, AliasNode) and isinstance(value.target, ScalarNode):
                    self._variable(key, value.target, replace(where, service=None, name=None))

    def _variable(self, key: str, node: ScalarNode, where: Context) -> None:
        """One environment variable of a container."""
        here = where.under(key)
        if node.block and "\n" in node.text.strip() and self.embedded(key, node, here):
            return
        own = in_variable(key, node.text)
        if own is not None:
            for hit in own:
                self.add(hit._replace(name=key), node.start, here, variable=key)
            return
        role = Role.CONTAINER if key in knowledge("container_variables") else None
        if not knowledge("command_variables").isdisjoint(word.upper() for word in words(key)[-1:]):
            for hit in find_in_text(node.text):
                self.add(hit, node.start, here, variable=key)
        self.value(key, node.text, node.start, here, variable=key, role=role)

    def _healthcheck(self, node: Node, where: Context) -> None:
        test = lookup(node, "test")
        found = resolved(test)
        where = replace(where.under("test"), trail=())
        if isinstance(found, ScalarNode):
            for hit in find_in_text(found.text):
                self._probe(hit, found.start, where)
        elif isinstance(found, SequenceNode):
            nodes = list(scalars(found))
            kind = nodes[0].text if nodes else ""
            known = set(self.literals)
            if kind == "CMD-SHELL":
                for node_ in nodes[1:]:
                    for hit in find_in_text(node_.text):
                        self._probe(hit, node_.start, where)
            else:
                self.words(nodes[1:] if kind == "CMD" else nodes, where)
                for start in set(self.literals) - known:
                    self.literals[start] = _probed(self.literals[start])
        for name, value in node.pairs if isinstance(node, MappingNode) else ():
            if key_of(name) == "<<":
                self._follow(ComposeReader._healthcheck, value, replace(where, subject=where.subject.rsplit(".", 1)[0]))

    def _probe(self, hit: Hit, offset: int, where: Context) -> None:
        made = self.add(hit, offset, where)
        if made is not None and hit.variable is None:
            self.literals[hit.start + offset] = _probed(made)

    def _labels(self, node: Node, where: Context) -> None:
        for key, value in settings(node):
            here = where.under(key.text)
            hits = in_label(key.text, value.text)
            named = replace(here, trail=())
            if hits is None:
                for match in _UPSTREAMS.finditer(value.text):
                    port = int(match[1])
                    if is_port(port):
                        role = Role.CONTAINER
                        hit = Hit(start=match.start(1), end=match.end(1), port=port, form="value", role=role)
                        self.add(hit, value.start, named)
                self.scalar(value, replace(here, trail=(key.text.rsplit(".", 1)[-1],)))
                continue
            for hit in hits:
                self.add(hit._replace(name=None), value.start, named)
            for found in interpolations(value.text):
                if value.text == value.text[found.start : found.end] and key.text.lower().endswith("port"):
                    self.refer(found, value.start, here, Role.CONTAINER)

    def _deploy(self, node: Node, where: Context) -> None:
        labels = lookup(node, "labels")
        if labels is not None:
            self._follow(ComposeReader._labels, labels, where.under("labels"))

    def _build(self, node: Node, where: Context) -> None:
        if not isinstance(node, MappingNode):
            return
        for name, value in node.pairs:
            key = key_of(name)
            here = where.under(key)
            if key == "args":
                self._follow(ComposeReader._environment, value, here)
            elif key == "labels":
                self._follow(ComposeReader._labels, value, here)
            elif key == "dockerfile_inline" and isinstance(value, ScalarNode):
                self.embedded("Dockerfile.inline", value, here)
            elif key in ("tags", "cache_from", "cache_to"):
                for item in scalars(value):
                    self.image(item, here)

    def _image(self, node: Node, where: Context) -> None:
        if isinstance(node, ScalarNode):
            self.image(node, replace(where, trail=()))

    # Services

    def _flat(self, node: Node | None, seen: frozenset[int]) -> dict[str, Node]:
        """A mapping's keys with those that `<<` brings; own keys win, then the first of several sources."""
        found = resolved(node)
        if not isinstance(found, MappingNode) or id(found) in seen or self._copied > _MOST_KEYS:
            return {}
        out: dict[str, Node] = {}
        for name, value in found.pairs:
            if key_of(name) != "<<":
                out[key_of(name)] = value
        for name, value in found.pairs:
            if key_of(name) == "<<":
                for source in value.items if isinstance(value, SequenceNode) else (value,):
                    for key, inner in self._flat(source, seen | {id(found)}).items():
                        out.setdefault(key, inner)
        self._copied += len(out)
        return out

    def _service(self, name: ScalarNode, bodies: dict[str, dict[str, Node]], aliases: tuple[str, ...]) -> Service:
        label = key_of(name)
        body = bodies[label]
        family = list(lineage(label, bodies))

        def own(key: str) -> Node | None:
            return next((bodies[one][key] for one in family if key in bodies[one]), None)

        ports = resolved(body.get("ports"))
        overrides = ports is not None and ports.tag in ("!override", "!reset")
        mappings: list[Mapping] = []
        for one in (label,) if overrides else reversed(family):
            mappings += self._mappings(bodies[one].get("ports"))
        expose = [x for one in reversed(family) for x in self._exposed(bodies[one].get("expose"))]
        deploy = own("deploy")
        return Service(
            path=self.source.path,
            name=shown(label),
            span=self.source.span(name.start, name.end),
            image=shown(text_of(own("image")) or "") or None,
            build=dockerfile(self.source.path, resolved(own("build"))),
            context=build_context(self.source.path, resolved(own("build"))),
            target=build_target(own("build")),
            hosts=tuple(dict.fromkeys(shown(host) for host in [*hosts(body), *aliases])),
            network_mode=text_of(own("network_mode")),
            networks=tuple(
                (shown(x), tuple(shown(alias) for alias in names)) for x, names in networks(own("networks"))
            ),
            links=tuple((shown(alias), shown(other)) for alias, other in links(body)),
            profiles=tuple(shown(x.text) for x in scalars(own("profiles"))),
            replicas=replicas(deploy, own("scale")),
            mappings=tuple(mappings),
            expose=tuple(expose),
            overrides_ports=overrides,
            built=own("build") is not None,
            extends=extended(self.source.path, next((bodies[one] for one in reversed(family)), {})),
            extra_hosts=tuple(extra_hosts(own("extra_hosts"))),
            env_files=tuple(env_files(self.source.path, own("env_file"))),
            host_variables=tuple(host_variables(own("environment"))),
            commanded=own("command") is not None or own("entrypoint") is not None,
            swarm=any(lookup(deploy, key) is not None for key in knowledge("swarm_keys")),
            starts=(
                *started(self.source, "command", own("command")),
                *started(self.source, "entrypoint", own("entrypoint")),
                *probed(self.source, own("healthcheck")),
            ),
            assignments=tuple(assigned(self.source, own("environment"))),
            mounts=(*mounted(self.source.path, own("volumes")), *mounted(self.source.path, own("configs"))),
            working_dir=text_of(own("working_dir")),
            user=text_of(own("user")),
            build_args=tuple(name for name, _ in settings_of(lookup(own("build"), "args"))),
        )

    def _mappings(self, node: Node | None, depth: int = 0) -> Iterator[Mapping]:
        found = resolved(node)
        items = found.items if isinstance(found, SequenceNode) else () if found is None else (found,)
        for item in items:
            entry = resolved(item)
            self._bindings += 1
            if self._bindings > _MOST_BINDINGS:
                return
            if isinstance(entry, SequenceNode) and depth < 4:
                yield from self._mappings(entry, depth + 1)
            elif isinstance(entry, ScalarNode):
                read = self._entry(entry)
                if read is not None and entry.text.strip():
                    yield self._mapping_of(entry, read, entry.start, entry.start)
            elif isinstance(entry, MappingNode):
                target, published = resolved(lookup(entry, "target")), resolved(lookup(entry, "published"))
                if isinstance(target, ScalarNode):
                    outer = published if isinstance(published, ScalarNode) else None
                    yield self._mapping_of(
                        entry,
                        Entry(
                            side(target.text),
                            side(outer.text) if outer is not None and outer.text else None,
                            host_address(text_of(lookup(entry, "host_ip")) or ""),
                            (text_of(lookup(entry, "protocol")) or "tcp").lower(),
                        ),
                        target.start,
                        outer.start if outer is not None else target.start,
                    )

    def _mapping_of(self, node: ScalarNode | MappingNode, entry: Entry, container: int, published: int) -> Mapping:
        outer = self._literal(entry.published, published)
        return Mapping(
            span=self.source.span(node.start, _end_of_line(self.source, node)),
            published=outer,
            published_variable=entry.published.variable if entry.published else None,
            container=self._literal(entry.container, container),
            container_variable=entry.container.variable,
            address=entry.address or (outer.host if outer else None),
            protocol=entry.protocol,
        )

    def _literal(self, read: Side | None, offset: int) -> PortLiteral | None:
        if read is None or read.computed or not read.hits:
            return None
        return self.literals.get(read.hits[0].start + offset)

    def _exposed(self, node: Node | None) -> Iterator[PortLiteral]:
        for item in scalars(node):
            entry = self._entry(item)
            found = self._literal(entry.container, item.start) if entry else None
            if found is not None:
                yield found


_SECTIONS: dict[str, Handler] = {
    "ports": ComposeReader._ports,
    "expose": ComposeReader._expose,
    "environment": ComposeReader._environment,
    "healthcheck": ComposeReader._healthcheck,
    "labels": ComposeReader._labels,
    "annotations": ComposeReader._labels,
    "deploy": ComposeReader._deploy,
    "build": ComposeReader._build,
    "image": ComposeReader._image,
}


def _probed(found: PortLiteral) -> PortLiteral:
    """A literal of a health check: a URL is called, any other number is what the container listens on."""
    if found.role is Role.FALLBACK or found.variable is not None:
        return found
    return replace(found, role=Role.CONNECT if found.form == "url" else Role.CONTAINER)


def _end_of_line(source: Source, node: ScalarNode | MappingNode) -> int:
    """Where a node ends, on the line where it begins: a span never leaves its line."""
    line = source.data.find(b"\n", node.start, node.end)
    return node.end if line < 0 else line
