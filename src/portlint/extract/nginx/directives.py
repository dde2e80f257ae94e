"""What the directives of an nginx configuration say about ports; the knowledge is in `rules/formats/nginx.yaml`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from portlint.algorithms.lazy_regex import regex
from portlint.extract.format import literal
from portlint.extract.scan.literals import endpoint, in_comment, judged, placed
from portlint.extract.scan.text import Hit, find, with_holes
from portlint.extract.scan.values import find_in_value
from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import is_port_name, words
from portlint.model import Facts, PortLiteral, PortReference, Problem, Role, Source
from portlint.syntax.interpolation import HOLE, interpolations, masked
from portlint.syntax.nginx import Configuration, Directive, Token, lex

_FORMAT = "nginx"
_LISTEN = regex(
    r"(?:(\[[0-9A-Fa-f:.%\x00]{0,60}\]|[^\s:\[\]]{1,253}):)?([0-9]{1,6})(?:-([0-9]{1,6}))?(?=$|\x00)", re.ASCII
)
_LISTEN_VARIABLE = regex(r"(?:^|:)\$\{?([A-Za-z_]\w*)\}?$", re.ASCII)
_PORT_VARIABLE = regex(r":\$\{?([A-Za-z_]\w*)\}?(?=$|[/?$])", re.ASCII)
_VARIABLE = regex(r"\$\{?([A-Za-z_]\w*)", re.ASCII)
_BARE = regex(r"[0-9]{1,5}", re.ASCII)
_COMPARED = regex(
    r"\$\{?(\w{1,64})\}?[ \t]{1,8}(?:=|!=|!?~\*?)[ \t]{1,8}[\"'^(]{0,3}([0-9]{1,5}(?:\|[0-9]{1,5}){0,20})(?![\w.])",
    re.ASCII,
)
_CONNECT = regex(r":connect\([^,()\n]{1,200},\s{0,8}([0-9]{1,5})\b", re.ASCII)
_LUA_COMMENT = regex(r"(?<!\S)--[^\n]*")
_TEMPLATE_DEFAULT = regex(
    r"(?<![\w.])([$.A-Za-z_][\w.]{0,80})\)?[ \t]{0,4}\|[ \t]{0,4}default(?:[ \t]{1,4}|\([ \t]{0,4})[\"']?"
    r"([1-9][0-9]{1,4})\b",
    re.ASCII,
)
_ENVIRONMENT_NAME = regex(r"[A-Z][A-Z0-9_]*")
_LONGEST_LABEL = 80


@cache
def _rules() -> dict[str, Any]:
    rules: dict[str, Any] = rule_data.load("formats/nginx.yaml")
    return rules


def facts_of(source: Source) -> Facts:
    """The facts of an nginx configuration or of a piece of one; never raises for what it holds."""
    text = source.text
    configuration = lex(text)
    reader = _Reader(source, text, configuration)
    literals, references = reader.read()
    problems = [
        Problem(source.span(position, position), f"nginx: {reason}")
        for position, reason in configuration.faults[:1]
        # A template may open one block in two branches; only what it makes of it can be judged.
        if configuration.template is None
    ]
    if configuration.template is not None:
        position, kind = configuration.template
        problems.append(Problem(source.span(position, position + 2), f"{kind} around nginx configuration", partly=True))
    elif references:
        reason = "envsubst template around nginx configuration"
        problems.append(Problem(references[0].span, reason, partly=True))
    return Facts(
        path=source.path,
        format=_FORMAT,
        literals=tuple(literals),
        references=tuple(references),
        problems=tuple(problems),
    )


class _Reader:
    """Reads the directives of one configuration in one pass, after a look at which variables are passed on."""

    def __init__(self, source: Source, text: str, configuration: Configuration) -> None:
        self.source = source
        self.text = text
        self.configuration = configuration
        self.addresses: set[str] = set()
        """variables that a `*_pass` takes as an address"""
        self.ports: set[str] = set()
        """variables that stand where an address has its port"""
        self.references: list[PortReference] = []
        self.prose = False

    def read(self) -> tuple[list[PortLiteral], list[PortReference]]:
        directives = self.configuration.directives
        names = [self._text(d.name) for d in directives]
        for directive, name in zip(directives, names, strict=True):
            if name.endswith(_rules()["pass"]) or name in ("return", "rewrite", "proxy_redirect"):
                for token in directive.args:
                    value = self._text(token)
                    self.ports.update(_PORT_VARIABLE.findall(value))
                    if name.endswith(_rules()["pass"]):
                        self.addresses.update(_VARIABLE.findall(value)[:1])
        out: list[PortLiteral] = []
        routes: list[str] = []
        seen: Counter[tuple[int | None, str]] = Counter()
        for directive, name in zip(directives, names, strict=True):
            routes.append(self._route(directive, name, routes, seen))
            out += self._directive(directive, name, names, routes[-1])
        for comment in self.configuration.comments:
            out += self._comment(comment)
        if self.configuration.template is not None:
            taken = {found.span.start for found in out}
            out += [found for found in self._template_defaults() if found.span.start not in taken]
        return out, self.references

    def _template_defaults(self) -> Iterator[PortLiteral]:
        """The port that a template takes where a variable is not set: `{{ .Env.HTTP_PORT | default "80" }}`."""
        for match in _TEMPLATE_DEFAULT.finditer(self.text):
            variable = match[1].rsplit(".", 1)[-1]
            if is_port_name(variable):
                number = Hit(
                    start=match.start(2),
                    end=match.end(2),
                    port=int(match[2]),
                    form="fallback",
                    role=Role.FALLBACK,
                    variable=variable,
                )
                yield from placed(self.source, _FORMAT, 0, [number], name=variable, subject=variable)

    def _route(self, directive: Directive, name: str, routes: list[str], seen: Counter[tuple[int | None, str]]) -> str:
        """Where a directive stands, in words that survive edits: `http.server[0].listen[1]`."""
        label = name[:_LONGEST_LABEL]
        if directive.block and directive.args and name != "server":
            label += "[" + " ".join(self._text(t) for t in directive.args)[:_LONGEST_LABEL] + "]"
        number = seen[directive.parent, label]
        seen[directive.parent, label] += 1
        if not directive.block or name == "server" or number:
            label += f"[{number}]"
        above = routes[directive.parent] if directive.parent is not None else ""
        # Deep nesting makes no long routes: what is cut off is the outermost part.
        return f"{above[-400:]}.{label}" if above else label

    def _directive(self, directive: Directive, name: str, names: list[str], route: str) -> Iterator[PortLiteral]:
        parent = self.configuration.directives[directive.parent] if directive.parent is not None else None
        above = names[directive.parent] if directive.parent is not None else ""
        if directive.lua is not None:
            yield from self._lua(directive.lua, route)
        elif parent is not None and above in _rules()["tables"]:
            yield from self._table_entry(directive, name, parent, route)
        else:
            kind = "address" if name.endswith(_rules()["pass"]) else _rules()["directives"].get(name, "other")
            if name == "server" and directive.block:
                return
            if kind in ("address", "addresses") and any(
                self._text(t).startswith("syslog:") for t in directive.args[:1]
            ):
                kind = "other"
            match kind:
                case "listen":
                    yield from self._listen(directive, route)
                case "address" | "addresses":
                    chosen = directive.args if kind == "addresses" or directive.alternatives else directive.args[:1]
                    upstream = self._text(parent.args[0]) if parent and above == "upstream" and parent.args else None
                    upstream = None if upstream and "{" in upstream else upstream
                    protocol = "udp" if name == "resolver" else None
                    for token in chosen:
                        yield from self._address(token, route, name=upstream, protocol=protocol)
                case "pair":
                    yield from self._pair(directive, route)
                case "variable":
                    for token in directive.args[1:]:
                        yield from self._value(self._text(directive.args[0]).strip("${}"), token, route)
                case "text":
                    for token in directive.args:
                        yield from self._found(token, find(self._text(token)), route)
                case "condition":
                    yield from self._condition(directive, route)
                case "other":
                    yield from self._other(directive, route)

    def _listen(self, directive: Directive, route: str) -> Iterator[PortLiteral]:
        arguments = [self._text(t) for t in directive.args]
        udp = not set(_rules()["udp"]).isdisjoint(arguments)
        for token, value in list(zip(directive.args, arguments, strict=True))[: None if directive.alternatives else 1]:
            if value.startswith("unix:"):
                continue
            variable = _LISTEN_VARIABLE.search(value)
            if variable:
                self._reference(token.start + variable.start(1), variable[1], Role.BIND, route)
            elif "$" in value:
                # envsubst knows no fallbacks; bash, which fills in templates as well, does.
                fallbacks = [hit for hit in find_in_value("port", value) if hit.variable]
                yield from self._found(token, fallbacks, route, role=Role.FALLBACK)
                for found in interpolations(value) if fallbacks else ():
                    self._reference(token.start + found.name_start, found.variable, Role.BIND, route)
            elif "{{" in value:
                yield from self._found(token, [h for h in judged("port", value) if h.form == "fallback"], route)
            match = _LISTEN.match(masked(with_holes(value)))
            if match is None or int(match[2]) == 0:
                continue
            host = match[1].strip("[]") if match[1] and HOLE not in match[1] else None
            yield literal(
                self.source,
                _FORMAT,
                token.start + match.start(2),
                token.start + (match.end(3) if match[3] else match.end(2)),
                port=int(match[2]),
                end_port=int(match[3]) if match[3] else None,
                role=Role.BIND,
                protocol="udp" if udp else "tcp",
                host=host,
                subject=route,
                form="directive",
                referable=False,
                prose=self.prose,
            )

    def _address(
        self, token: Token, route: str, *, name: str | None = None, protocol: str | None = None
    ) -> Iterator[PortLiteral]:
        """An argument that is the address of a server: nginx itself reads it as `host:port`."""
        value = self._text(token)
        if value.startswith(("unix:", "http://unix:", "https://unix:")):
            return
        variable = _PORT_VARIABLE.search(value)
        if variable and _ENVIRONMENT_NAME.fullmatch(variable[1]):
            self._reference(token.start + variable.start(1), variable[1], Role.CONNECT, route)
        fallbacks = [hit for hit in find_in_value("address", value) if hit.variable] if "${" in value else []
        plain = masked(value)
        hit = endpoint(plain)
        hits = [hit] if hit is not None else [h for h in find(plain, address=True, raw=value) if h.form != "word"]
        yield from self._found(token, [*fallbacks, *hits], route, name=name, role=Role.CONNECT, protocol=protocol)

    def _pair(self, directive: Directive, route: str) -> Iterator[PortLiteral]:
        if len(directive.args) == 1:
            # `env PORT=8080;`
            name, equals, _ = self._text(directive.args[0]).partition("=")
            if equals:
                token = Token(directive.args[0].start + len(name) + 1, directive.args[0].end)
                yield from self._found(token, find_in_value(name, self._text(token)), route, name=name)
            return
        key = self._text(directive.args[0]).rstrip(":") if directive.args else ""
        for token in directive.args[1:]:
            yield from self._found(token, find_in_value(key, self._text(token)), route, name=key)

    def _value(self, variable: str, token: Token, route: str) -> Iterator[PortLiteral]:
        """The value of a variable: an address or a port when that is what the variable is used for."""
        value = self._text(token)
        if (variable in self.ports or is_port_name(variable)) and _BARE.fullmatch(value) and int(value):
            number = Hit(start=0, end=len(value), port=int(value), form="value", role=Role.CONNECT)
            yield from self._found(token, [number], route, name=variable)
        elif variable in self.addresses:
            yield from self._address(token, route, name=variable)
        else:
            yield from self._found(token, find_in_value(variable, value), route, name=variable, role=Role.CONNECT)

    def _table_entry(self, directive: Directive, pattern: str, table: Directive, route: str) -> Iterator[PortLiteral]:
        """`pattern value;` of a `map`, `geo` or `split_clients` block."""
        head = [self._text(t).strip("${}") for t in table.args]
        if not head:
            return
        source_variable = head[0] if len(head) > 1 else ""
        if pattern not in _rules()["table_words"]:
            if _BARE.fullmatch(pattern) and is_port_name(source_variable) and int(pattern):
                number = Hit(start=0, end=len(pattern), port=int(pattern), form="comparison")
                yield from self._found(directive.name, [number], route, name=source_variable)
            elif not {"host", "origin", "url"}.isdisjoint(words(source_variable)):
                yield from self._found(directive.name, find(pattern, whole=False), route, name=source_variable)
        for token in directive.args[-1:]:
            yield from self._value(head[-1], token, route)

    def _condition(self, directive: Directive, route: str) -> Iterator[PortLiteral]:
        if not directive.args:
            return
        whole = Token(directive.args[0].start, directive.args[-1].end)
        hits = []
        for match in _COMPARED.finditer(self._text(whole)):
            if is_port_name(match[1]):
                position = match.start(2)
                for number in match[2].split("|"):
                    end = position + len(number)
                    hits.append(Hit(start=position, end=end, port=int(number), form="comparison", name=match[1]))
                    position = end + 1
        yield from self._found(whole, hits, route)
        for token in directive.args:
            yield from self._found(token, find(self._text(token), whole=False), route)

    def _other(self, directive: Directive, route: str) -> Iterator[PortLiteral]:
        if directive.block:
            return
        for token in directive.args:
            value = self._text(token)
            if value.startswith(_rules()["syslog"]):
                hit = endpoint(value, len(_rules()["syslog"]))
                yield from self._found(token, [hit] if hit else [], route, protocol="udp")
            else:
                yield from self._found(token, find(value, whole=False), route)

    def _lua(self, token: Token, route: str) -> Iterator[PortLiteral]:
        code = self._text(token)
        comments = [match.span() for match in _LUA_COMMENT.finditer(code)]
        hits = [
            Hit(start=m.start(1), end=m.end(1), port=int(m[1]), form="argument", role=Role.CONNECT)
            for m in _CONNECT.finditer(code)
            if int(m[1])
        ]
        taken = {hit.start for hit in hits}
        hits += [hit for hit in find(code, whole=False) if hit.start not in taken]
        for hit in hits:
            prose = any(start <= hit.start < end for start, end in comments)
            yield from placed(self.source, _FORMAT, token.start, [hit], subject=route, prose=prose or self.prose)

    def _comment(self, token: Token) -> Iterator[PortLiteral]:
        """A commented-out directive is read as the directive that it was, everything else as text."""
        text = self._text(token)
        body = text.lstrip("#")
        if body.rstrip().endswith(";"):
            start = token.end - len(body)
            piece = self.source.part(start, token.end)
            reader = _Reader(piece, piece.text, lex(piece.text))
            reader.prose, reader.configuration.comments = True, []
            yield from reader.read()[0]
        else:
            yield from in_comment(self.source, _FORMAT, token.start, token.end)

    def _found(
        self,
        token: Token,
        hits: Iterable[Hit],
        route: str,
        *,
        name: str | None = None,
        role: Role | None = None,
        protocol: str | None = None,
    ) -> Iterator[PortLiteral]:
        yield from placed(
            self.source, _FORMAT, token.start, hits, role=role, protocol=protocol, name=name, subject=route,
            prose=self.prose,
        )  # fmt: skip

    def _reference(self, start: int, variable: str, role: Role, route: str) -> None:
        if not self.prose:
            self.references.append(
                PortReference(
                    path=self.source.path,
                    span=self.source.span(start, start + len(variable)),
                    variable=variable,
                    role=role,
                    subject=route,
                )
            )

    def _text(self, token: Token) -> str:
        return self.text[token.start : token.end]
