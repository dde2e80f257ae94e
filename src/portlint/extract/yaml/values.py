"""Ports in any YAML node, by its key: what all YAML formats share.

What keys mean is in `rules/formats/yaml.yaml`; what a value under a key means is `values.find_in_value`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands import find_in_text, find_in_words
from portlint.extract.format import literal
from portlint.extract.scan.published import Entry, Side, image_port, short
from portlint.extract.scan.text import Hit, find, is_port
from portlint.extract.scan.values import find_in_value
from portlint.extract.yaml.embedded import dedented, format_of
from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import is_port_name, vocabulary, words
from portlint.model import LAST_PORT, Facts, PortLiteral, PortReference, Problem, Role, Source
from portlint.syntax.interpolation import Interpolation, interpolations
from portlint.syntax.shell import Word
from portlint.syntax.yaml import templates
from portlint.syntax.yaml.nodes import (
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
from portlint.syntax.yaml.tree import Tree

_WORKFLOW_PORT = regex(r"\.ports(?:\.|\[[\"']?)([0-9]{1,5})\b")
_WORTH = regex(r"[1-9$]")
"""a value without any of these holds neither a port nor a variable"""
_EXPRESSION = regex(r"\$\{\{([^{}]{1,1000})\}\}")
_QUOTED = regex(r"'([^'\n]{1,300})'")
_LISTENERS = regex(r"[\"']?(?:HTTPS?|TCP|UDP|TLS|GRPC)[\"']?\s{0,4}:\s{0,4}([0-9]{1,5})\b")
_BACKEND = regex(r"[\w.-]+/[\w.-]+:[\w-]+")


@cache
def keys(name: str) -> frozenset[str]:
    """One list of `rules/formats/yaml.yaml`."""
    return frozenset(str(key) for key in rule_data.load("formats/yaml.yaml")[name])


@cache
def _roles() -> dict[str, Role]:
    return {str(key): Role(role) for key, role in rule_data.load("formats/yaml.yaml")["roles"].items()}


class Context(Struct, frozen=True):
    """Where a value stands."""

    subject: str = ""
    service: str | None = None
    name: str | None = None
    """what a port is called that its key does not name: the compose service"""
    trail: tuple[str, ...] = ()
    """the keys above the value and its own"""

    def under(self, key: str) -> Context:
        if not key:
            return self
        return replace(self, subject=f"{self.subject}.{key}" if self.subject else key, trail=(*self.trail[-5:], key))

    def at(self, index: int) -> Context:
        return replace(self, subject=f"{self.subject}[{index}]")


class Reader:
    """Collects what the nodes of one source say; each place once, however many aliases lead to it."""

    def __init__(self, source: Source, format: str, *, referable: bool) -> None:
        self.source, self.format, self.referable = source, format, referable
        self.literals: dict[int, PortLiteral] = {}
        """by the offset of the digits"""
        self.references: dict[int, PortReference] = {}
        self.parts: list[Facts] = []

    def facts(self, tree: Tree, extra: Iterable[Problem] = ()) -> Facts:
        """Everything found, with the comments and the loops of templates."""
        self._templates(tree)
        self._comments(tree)
        from portlint.extract import merged

        own = Facts(
            path=self.source.path,
            format=self.format,
            literals=tuple(self.literals.values()),
            references=tuple(self.references.values()),
            problems=(*tree.problems, *extra),
        )
        return merged(own, self.parts)

    def add(
        self,
        hit: Hit,
        offset: int,
        where: Context,
        *,
        role: Role | None = None,
        variable: str | None = None,
        prose: bool = False,
    ) -> PortLiteral | None:
        """The literal of a hit in the text that begins at byte `offset`; role is for hits that tell none."""
        start, end = hit.start + offset, hit.end + offset
        known = self.literals.get(start)
        if known is not None:
            return known
        made = literal(
            self.source,
            self.format,
            start,
            end,
            port=hit.port,
            end_port=hit.end_port,
            role=role if role is not None and hit.role is Role.SETTING else hit.role,
            protocol=hit.protocol,
            host=hit.host,
            variable=_shown(hit.variable or variable),
            name=_shown(hit.name or (where.trail[-1] if where.trail else None) or where.name),
            subject=shown(where.subject),
            form=hit.form,
            service=_shown(where.service),
            url_path=hit.url_path,
            referable=self.referable,
            prose=prose,
        )
        self.literals[start] = made
        return made

    def refer(self, found: Interpolation, offset: int, where: Context, role: Role) -> None:
        """A place that takes its port from a variable; `offset` is where the text with the variable begins."""
        start = offset + found.name_start
        if start in self.references:
            return
        inside = range(offset + found.value_start, offset + found.value_end)
        fallback = next(
            (x for x in (self.literals.get(i) for i in inside) if x is not None and x.variable == found.variable), None
        ) if found.has_fallback and len(inside) < 200 else None  # fmt: skip
        self.references[start] = PortReference(
            path=self.source.path,
            span=self.source.span(start, start + len(found.variable)),
            variable=found.variable,
            role=role,
            fallback=fallback,
            subject=shown(where.subject),
            service=_shown(where.service),
        )

    # Values

    def value(
        self, key: str, text: str, offset: int, where: Context, *, variable: str | None = None, role: Role | None = None
    ) -> None:
        """A value under a key, and the variables in it that give a port."""
        for hit in find_in_value(key, text):
            self.add(hit, offset, where, variable=variable, role=role)
        if "{{" in text or "<%" in text:
            self._template_defaults(key, text, offset, where)
        if "$" in text:
            for found in interpolations(text):
                if gives_port(key, text, found):
                    self.refer(
                        found, offset, where, Role.CONNECT if found.end - found.start < len(text) else Role.SETTING
                    )

    def _template_defaults(self, key: str, text: str, offset: int, where: Context) -> None:
        tagged = text.strip()
        if not is_port_name(key) and not tagged.startswith(":"):
            return
        for start, end in templates.defaults(text):
            if is_port(int(text[start:end])):
                hit = Hit(
                    start=start, end=end, port=int(text[start:end]), form="fallback", role=Role.FALLBACK, name=key
                )
                self.add(hit, offset, where)

    def entry(self, entry: Entry, offset: int, where: Context, *, base60: bool = False) -> None:
        """The literals and references of an entry in the grammar of published ports."""
        for hit in entry.hits(where.name):
            if hit.form == "fallback":
                self.add(hit._replace(role=Role.FALLBACK), offset, where)
            else:
                form = "base60" if base60 and hit.role is Role.CONTAINER else hit.form
                self.add(hit._replace(form=form), offset, where)
        for side, role in ((entry.published, Role.PUBLISH), (entry.container, Role.CONTAINER)):
            for found in side.variables if side is not None else ():
                self.refer(found, offset, where, role)

    def side(self, side: Side, offset: int, where: Context, role: Role, protocol: str, host: str | None) -> None:
        """The literals of one side in the long syntax, which stands under a key of its own."""
        for hit in side.hits:
            fallback = hit.variable is not None
            form = "fallback" if fallback else "value"
            named = hit._replace(form=form, protocol=protocol, host=hit.host or host, name=where.name)
            self.add(named, offset, where, role=Role.FALLBACK if fallback else role)
        for found in side.variables:
            self.refer(found, offset, where, role)

    def image(self, node: ScalarNode, where: Context) -> None:
        hit = image_port(node.text)
        if hit is not None:
            self.add(hit, node.start, where)

    def command(self, node: Node | None, where: Context, before: Node | None = None, program: str = "") -> None:
        """A command: a line, or its words.

        before: the words in front of them (`entrypoint`, `command` of a pod). program: what runs where the command
        begins with an option.
        """
        found, first = resolved(node), resolved(before)
        if isinstance(found, ScalarNode):
            if found.block and "\n" in found.text.strip():
                self.script(found, where)
                return
            front = program + " " if program and first is None and found.text.lstrip()[:1] == "-" else ""
            for hit in find_in_text(front + found.text):
                self.add(hit, found.start - len(front), where)
            self._refer_all([found], where)
        elif isinstance(found, SequenceNode):
            own = [x for x in (resolved(item) for item in found.items) if isinstance(x, ScalarNode)]
            self.words([*scalars(first), *own] if isinstance(first, SequenceNode) else own, where, program)
            for item in found.items:
                if isinstance(item, MappingNode):
                    self.walk(item, where)

    def words(self, nodes: list[ScalarNode], where: Context, program: str = "") -> None:
        line = [_word(node) for node in nodes]
        if not line:
            return
        if program and line[0].text.startswith("-"):
            line.insert(0, Word(line[0].start, line[0].start, program))
        for hit in find_in_words(line):
            self.add(hit, 0, where)
        self._refer_all(nodes, where)

    def _refer_all(self, nodes: list[ScalarNode], where: Context) -> None:
        for node in nodes:
            for found in interpolations(node.text) if "$" in node.text else ():
                if gives_port("", node.text, found):
                    self.refer(found, node.start, where, Role.SETTING)

    def script(self, node: ScalarNode, where: Context) -> None:
        """A text of commands."""
        text = node.text
        if node.style == "folded":
            # The line breaks of a folded scalar are spaces: one command goes on over its lines.
            text = text.replace("\n", " ").replace("\r", " ")
        elif self.source.base == 0 and "\n" in text.strip():
            self._part("shell", node, where)
            return
        for hit in find_in_text(text):
            self.add(hit, node.start, where)

    def _part(self, format: str, node: ScalarNode, where: Context) -> None:
        from portlint.extract import by_name

        facts = by_name(format).extract(dedented(self.source, node))
        service, subject = _shown(where.service), shown(where.subject)

        def outer(found: PortLiteral) -> PortLiteral:
            return replace(found, service=service, subject=_joined(subject, found.subject))

        references = (replace(x, service=service, subject=_joined(subject, x.subject)) for x in facts.references)
        self.parts.append(
            replace(
                facts,
                literals=tuple(map(outer, facts.literals)),
                candidates=tuple(map(outer, facts.candidates)),
                references=tuple(references),
            )
        )

    def embedded(self, key: str, node: ScalarNode, where: Context) -> bool:
        """Reads a block of text in a format that its key's name or its content tells; False where none does."""
        format = None if self.source.base else format_of(key, node.text)
        if format is not None:
            self._part(format, node, where)
        return format is not None

    # Nodes

    def walk(self, node: Node, where: Context) -> None:
        """Any node by its keys. Aliases are not followed: the node that carries the anchor is read where it stands."""
        if isinstance(node, ScalarNode):
            self.scalar(node, where)
        elif isinstance(node, SequenceNode):
            self._sequence(node, where)
        elif isinstance(node, MappingNode):
            self._mapping(node, where)

    def _sequence(self, node: SequenceNode, where: Context) -> None:
        key = where.trail[-1].lower() if where.trail else ""
        if key in keys("commands") and not any(isinstance(item, MappingNode) for item in node.items):
            self.command(node, where)
            return
        for index, item in enumerate(node.items):
            self.walk(item, where.at(index))

    def _mapping(self, node: MappingNode, where: Context) -> None:
        label = text_of(lookup(node, "name"))
        both = lookup(node, "command") is not None and lookup(node, "args") is not None
        for name, value in node.pairs:
            key = key_of(name)
            here = where.under(key)
            if both and key in ("command", "args"):
                if key == "args":
                    self.command(value, here, before=lookup(node, "command"))
            elif (
                key == "run"
                and isinstance(value, ScalarNode)
                and (text_of(lookup(node, "shell")) or "").startswith("py")
            ):
                self._part("python", value, here)
            elif label is not None and key in keys("paired") and isinstance(value, ScalarNode):
                self.scalar(value, replace(here, trail=(*here.trail[:-1], label)))
            else:
                self._port_key(name, value, where)
                self.walk(value, here)

    def _port_key(self, name: Node, value: Node, where: Context) -> None:
        """A key that is itself a port: `ports: {8080: web}`, `81/tcp: {}`, `9000: "default/example:8080"`."""
        if not isinstance(name, ScalarNode) or not name.text[:1].isdigit():
            return
        parent = where.trail[-1] if where.trail else ""
        if is_port_name(parent) or (isinstance(value, ScalarNode) and _BACKEND.fullmatch(value.text)):
            entry = short(name.text)
            if entry is not None and entry.published is None:
                self.entry(entry, name.start, where.under(name.text))

    def scalar(self, node: ScalarNode, where: Context) -> None:
        """A scalar under its key."""
        text = node.text
        if _WORTH.search(text) is None:
            return
        key = where.trail[-1].rsplit("/", 1)[-1] if where.trail else ""
        low = key.lower()
        if low in keys("without_ports") and not self._port_attribute(where):
            return
        if low in keys("prose") or (low in keys("names") and " " in text):
            for hit in find(text, whole=False):
                self.add(hit, node.start, where, prose=True)
        elif low in keys("images"):
            self.image(node, where)
        elif low in keys("scripts") and not (len(where.trail) > 1 and where.trail[-2] == "with"):
            self.script(node, where)
        elif low in keys("commands"):
            self.command(node, where)
        elif node.block and "\n" in text.strip():
            if not self.embedded(key, node, where):
                for hit in find(text, whole=False):
                    self.add(hit, node.start, where)
        else:
            self._plain(key, node, where)
        if "${{" in text:
            self._expressions(key, node, where)

    def _expressions(self, key: str, node: ScalarNode, where: Context) -> None:
        """GitHub's expressions: `${{ job.services.db.ports[5432] }}`, `${{ vars.URL || 'http://localhost:8000' }}`."""
        text = node.text
        for expression in _EXPRESSION.finditer(text):
            for word in _QUOTED.finditer(text, expression.start(1), expression.end(1)):
                for hit in find_in_value(key, word[1]):
                    self.add(hit, node.start + word.start(1), where, role=Role.FALLBACK)
            for match in _WORKFLOW_PORT.finditer(text, expression.start(1), expression.end(1)):
                hit = Hit(start=match.start(1), end=match.end(1), port=int(match[1]), form="item", role=Role.CONTAINER)
                self.add(hit, node.start, where)

    def _plain(self, key: str, node: ScalarNode, where: Context) -> None:
        text = node.text
        named = is_port_name(key)
        if named and (":" in text or "/" in text):
            entry = short(text)
            if entry is not None and entry.sound:
                self.entry(entry, node.start, where)
                return
        if named and "{" in text:
            for match in _LISTENERS.finditer(text):
                hit = Hit(start=match.start(1), end=match.end(1), port=int(match[1]), form="item", role=Role.BIND)
                self.add(hit, node.start, where)
        role = _roles().get(key.lower())
        trail = where.trail
        variable = key if len(trail) > 1 and trail[-2].lower() in keys("environments") else None
        if named or not self._port_attribute(where):
            asked = "address" if key.lower() in keys("addresses") else key
            self.value(asked, text, node.start, where, variable=variable, role=role)
            return
        # `api: {default: 8000}` under `ports`: `default` is no name of the port, `api` is.
        inner = key.lower() in keys("port_attributes") and words(trail[-2])[-1:] != ("ports",)
        for hit in find_in_value("port", text):
            called = trail[-2] if inner else key
            self.add(hit._replace(name=called), node.start, where, variable=variable, role=role)

    def _port_attribute(self, where: Context) -> bool:
        """Whether a key above says that this is a port: `port: {default: 8000}`, `ports: {api: 8000}`."""
        trail = where.trail
        if len(trail) < 2:
            return False
        key, parent = trail[-1], trail[-2]
        if not vocabulary("not_after").isdisjoint(words(key)):
            return False
        if is_port_name(parent) and (key.lower() in keys("port_attributes") or words(parent)[-1:] == ("ports",)):
            return True
        above = trail[-3] if len(trail) > 2 else ""
        return key.lower() in keys("port_attributes") and is_port_name(above) and words(above)[-1:] == ("ports",)

    # What stands around the nodes

    def _templates(self, tree: Tree) -> None:
        if not tree.tags:
            return
        for start, end, name in templates.loops(tree.source.text, tree.tags, is_port_name):
            port = int(tree.source.text[start:end])
            if is_port(port):
                self.add(Hit(start=start, end=end, port=port, form="item", name=name), 0, Context())

    def _comments(self, tree: Tree) -> None:
        text = tree.source.text
        for start, end in tree.comments:
            for hit in find(text[start:end], whole=False):
                if hit.port <= LAST_PORT:
                    self.add(hit, start, Context(), prose=True)


def _joined(outer: str, inner: str) -> str:
    """The subject of a place in an embedded text."""
    return f"{outer}:{inner}" if inner else outer


def _shown(text: str | None) -> str | None:
    return None if text is None else shown(text)


def gives_port(key: str, text: str, found: Interpolation) -> bool:
    """Whether a variable in a value gives a port: its own name or the key says so, or it stands behind a host."""
    whole = found.start == 0 and found.end == len(text)
    if is_port_name(found.variable):
        return True
    if whole:
        return is_port_name(key)
    return (
        text[found.start - 1 : found.start] == ":"
        and "://" in text[: found.start]
        and text[found.end : found.end + 1] in "/"
    )


def _word(node: ScalarNode) -> Word:
    return Word(node.start, node.end, node.text, '"' if " " in node.text or "\n" in node.text else "")


def scalars(node: Node | None) -> Iterator[ScalarNode]:
    """The scalars of a sequence, aliases followed; of a scalar, itself."""
    found = resolved(node)
    if isinstance(found, ScalarNode):
        yield found
    elif isinstance(found, SequenceNode):
        for item in found.items:
            inner = resolved(item)
            if isinstance(inner, ScalarNode):
                yield inner
