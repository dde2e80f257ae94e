"""Where a Python program begins to listen, and which modules it imports.

A bind is a call that `rules/python/` has with `role: bind` (`uvicorn.run`, `flask.Flask.run`, `HTTPServer((host,
port), ...)`), found by its import or by the class of the object that it is a method of, as far as the file itself
tells; or a `.run(host=..., port=...)` of an object of another module of the program; or `bind` in a configuration file
of gunicorn. Port and host are given as they are written: literal, a variable, an option of the command line with its
default, or hidden. What a library takes for what is left out is `knowledge/python_binds.py`.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

from portlint.extract.python.binds.names import Names, Place, dotted, modules
from portlint.extract.python.binds.objects import Objects
from portlint.extract.python.binds.options import argument
from portlint.extract.python.binds.prefilter import is_gunicorn_file, may_bind
from portlint.extract.python.binds.values import HIDDEN, Parts, Values
from portlint.extract.python.libraries import BindRule, Slot, library
from portlint.model import Source, Span
from portlint.model.programs import Bind, Text

__all__ = ["MOST_IMPORTS", "binds_and_imports", "imports_of_entry_point", "may_bind"]

MOST_IMPORTS = 64
_MOST_BINDS = 100
_GUNICORN = "gunicorn.conf.py bind"
_TELLING = frozenset({"debug", "use_reloader", "threaded"})
"""arguments that only a web server's `run` has"""
_ELSEWHERE = frozenset({"uds", "fd", "sock", "unix_socket"})
"""arguments that say that it is no port that is listened on, or one of a socket that exists"""


def binds_and_imports(module: ast.Module, source: Source, shift: int) -> tuple[tuple[Bind, ...], tuple[str, ...]]:
    """Both, of a whole file that is parsed, in the order of the file. shift: length of the byte order mark."""
    names = Names(module)
    reader = _Reader(names, source, shift)
    found = {(bind.span, bind.by, bind.port, bind.host): bind for bind in islice(reader.binds(), _MOST_BINDS)}
    return (
        tuple(sorted(found.values(), key=lambda bind: bind.span)),
        _few(modules(names.statements)),
    )


def imports_of_entry_point(module: ast.Module) -> tuple[str, ...]:
    """The modules that a file without binds imports at its top, if it starts something: it calls what it imports."""
    statements: list[ast.Import | ast.ImportFrom] = []
    is_calling = False
    todo = [*module.body]
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.Import | ast.ImportFrom):
            statements.append(node)
        elif isinstance(node, ast.Expr):
            is_calling |= isinstance(node.value, ast.Call | ast.Await)
        elif isinstance(node, ast.If):
            todo += (*node.body, *node.orelse)
        elif isinstance(node, ast.Try):
            todo += (*node.body, *node.orelse, *node.finalbody, *(each for h in node.handlers for each in h.body))
    return _few(modules(statements)) if is_calling else ()


def _few(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(names), MOST_IMPORTS))


class _Reader:
    """Finds the binds of one file."""

    def __init__(self, names: Names, source: Source, shift: int) -> None:
        self._names, self._source = names, source
        self._values = Values(names, source, shift)
        self._objects = Objects(names)

    def binds(self) -> Iterator[Bind]:
        for place in self._names.calls:
            yield from self._call(place)
        for place in self._names.set_attributes:
            yield from self._set(place)
        if is_gunicorn_file(self._source.data, self._source.path):
            yield from self._gunicorn()

    def _call(self, place: Place) -> Iterator[Bind]:
        call = place.node
        assert isinstance(call, ast.Call)
        rule = self._rule(call, place.scope)
        if rule is not None:
            yield from self._by_rule(call, place, rule)
        elif self._is_local(call, place.scope):
            slots = {"port": Slot(None, "port"), "host": Slot(None, "host")}
            yield from self._by_rule(call, place, BindRule("run", slots, has_default=True))

    def _rule(self, call: ast.Call, scope: str) -> BindRule | None:
        known, path = library().binds, dotted(call.func)
        if path is not None and path not in self._names.functions:
            if path in self._names.classes:
                # The file's own `class Server(HTTPServer)`.
                return next((known[base] for base in self._objects.bases(path) if base in known), None)
            resolved = self._objects.known_class(self._names.imports.resolve(path))
            if resolved in known and "." in resolved and resolved.partition(".")[0] in self._roots:
                return known[resolved]
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in library().bind_words:
            return None
        owner = self._objects.class_of(call.func.value, scope)
        if owner is not None and not self._is_local_class(owner):
            return known.get(f"{owner}.{call.func.attr}")
        if owner is not None:
            for base in self._objects.bases(owner):
                if self._objects.defines(base, call.func.attr):
                    return None
                if rule := known.get(f"{base}.{call.func.attr}"):
                    return rule
        return self._guessed(call, scope)

    @cached_property
    def _roots(self) -> set[str]:
        # The file may import another name of the class: `apiflask.APIFlask`.
        roots = self._names.imports.roots
        return {
            *roots,
            *(of.partition(".")[0] for name, of in library().objects.items() if name.partition(".")[0] in roots),
        }

    def _is_local_class(self, path: str) -> bool:
        """Whether it is made by the program itself, so that the file need not tell of which class it is."""
        root = path.partition(".")[0]
        if path in self._names.classes:
            return True
        if "." not in path and path not in self._names.origins:
            # A name of which nothing is known: a parameter that is called, a builtin.
            return not hasattr(builtins, path)
        return root not in sys.stdlib_module_names and root not in library().roots

    def _guessed(self, call: ast.Call, scope: str) -> BindRule | None:
        """The rule of a method of an object of unknown class, where the file imports one library that has it."""
        assert isinstance(call.func, ast.Attribute)
        path = dotted(call.func.value)
        if path is not None and path.partition(".")[0] in self._names.imports.modules:
            return None
        rules = [
            rule
            for rule in library().bind_methods.get(call.func.attr, ())
            if rule.path.partition(".")[0] in self._roots
        ]
        if len({rule.path.partition(".")[0] for rule in rules}) != 1:
            return None
        rule = rules[0]
        is_unmistakable = "_" in call.func.attr or not call.func.attr.islower()
        keywords = {keyword.arg for keyword in call.keywords}
        if "address" in rule.slots:
            value = argument(call, rule.slots["address"])
            if value is not None and (is_unmistakable or self._values.is_address(value, scope)):
                return rule
        told = {slot.keyword for key, slot in rule.slots.items() if key in ("port", "host")} - {None}
        if told & keywords or (keywords & _TELLING and call.func.attr == "run"):
            return rule
        return rule if is_unmistakable and "port" in rule.slots and len(call.args) > 1 else None

    def _is_local(self, call: ast.Call, scope: str) -> bool:
        """Whether it is a server of another module of the program that is told to run."""
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "run":
            return False
        keywords = {keyword.arg for keyword in call.keywords}
        if not keywords & {"host", "port", *_TELLING}:
            return False
        owner = call.func.value
        path = dotted(owner)
        if path is not None and path.partition(".")[0] in self._names.imports.modules:
            # A function of a module, which binds in its turn.
            return False
        found = self._objects.class_of(owner, scope)
        if found is None and path is not None:
            found = self._names.imports.resolve(path)
        if found is None:
            return False
        root = found.partition(".")[0]
        if root in self._names.imports.roots:
            return root not in sys.stdlib_module_names and root not in library().roots
        return root in self._names.origins and self._names.origins[root].startswith(".")

    def _by_rule(self, call: ast.Call, place: Place, rule: BindRule) -> Iterator[Bind]:
        keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
        if not _ELSEWHERE.isdisjoint(keywords):
            return
        slots, scope = rule.slots, place.scope
        is_open = any(keyword.arg is None for keyword in call.keywords) or any(
            isinstance(each, ast.Starred) for each in call.args
        )
        given = {key: argument(call, slot) for key, slot in slots.items()}
        if rule.when is not None and not self._holds(rule, call, any(value is not None for value in given.values())):
            return
        value = given.get("address") or given.get("url")
        if value is not None and not self._values.is_none(value, scope):
            is_port = value is given.get("port")
            for host, port in self._values.addresses(value, scope, is_port=is_port):
                yield from self._made(call, place, rule, self._text(port, value), self._text(host, value))
            return
        texts: dict[str, Text | None] = {}
        for key, read in (("port", self._values.port), ("host", self._values.host)):
            value = given.get(key)
            if value is not None and not self._values.is_none(value, scope):
                texts[key] = self._text(read(value, scope), value)
            elif value is None and is_open and key in slots:
                texts[key] = self._text((HIDDEN,), call.func)
        # Of a class without either, what is made may be told later, or never begins to listen.
        is_run = "port" in slots and rule.path.rpartition(".")[2].islower()
        if texts or rule.has_default or (is_run and rule.path.partition(".")[0] not in sys.stdlib_module_names):
            yield from self._made(call, place, rule, texts.get("port"), texts.get("host"))

    def _holds(self, rule: BindRule, call: ast.Call, is_told: bool) -> bool:
        """Whether the condition of a rule may be met. is_told: the call names a port or a host."""
        when = rule.when
        assert when is not None
        if when.method is None:
            calls = [call]
        else:
            calls = [
                each
                for place in self._names.calls
                if isinstance(each := place.node, ast.Call)
                and isinstance(each.func, ast.Attribute)
                and each.func.attr == when.method
                and self._objects.class_of(each.func.value, place.scope) in (rule.path, None)
            ]
            if not calls or f"{rule.path}.{when.method}" in library().binds:
                return is_told
        for each in calls:
            value = argument(each, when.argument)
            if any(keyword.arg is None for keyword in each.keywords):
                return True
            if value is not None and (not isinstance(value, ast.Constant) or value.value in when.values):
                return True
        return False

    def _made(
        self, call: ast.Call, place: Place, rule: BindRule, port: Text | None, host: Text | None
    ) -> Iterator[Bind]:
        protocol = rule.protocol
        if rule.path == "socket.socket.bind":
            if port is not None and port.literal == "0":
                # Any free port: nobody can be told which.
                return
            protocol = self._protocol(call, place.scope)
            if protocol == "tcp" and self._is_probe(call, place.scope, port):
                return
        yield Bind(
            span=self._span(call.func),
            by=rule.path,
            port=port,
            host=host,
            protocol=protocol,
            function=place.scope,
            under_main=place.under_main,
        )

    def _is_probe(self, call: ast.Call, scope: str, port: Text | None) -> bool:
        """Whether a socket is bound only to see whether a port is free: nobody listens, and it is closed again."""
        if not isinstance(call.func, ast.Attribute):
            return False
        owner = dotted(call.func.value)
        made, _ = self._values.followed(call.func.value, scope)
        if id(made) not in self._names.opened and port is not None and not any(part.hidden for part in port.parts):
            return False
        return owner is not None and not any(
            isinstance(place.node, ast.Call)
            and isinstance(place.node.func, ast.Attribute)
            and place.node.func.attr in ("listen", "accept")
            and dotted(place.node.func.value) == owner
            for place in self._names.calls
        )

    def _protocol(self, call: ast.Call, scope: str) -> str:
        """That of a socket, as it was made."""
        node = call.func.value if isinstance(call.func, ast.Attribute) else call
        made, _ = self._values.followed(node, scope)
        if isinstance(node, ast.Attribute) and (values := self._names.attributes.get(node.attr)):
            made = values[0][0]
        return "udp" if isinstance(made, ast.Call) and "SOCK_DGRAM" in ast.dump(made) else "tcp"

    def _set(self, place: Place) -> Iterator[Bind]:
        """`config.bind = ["0.0.0.0:8000"]`, of hypercorn."""
        node, value = place.node, place.value
        assert isinstance(node, ast.Attribute) and value is not None
        if node.attr != "bind" or "hypercorn" not in self._names.imports.roots:
            return
        rule = library().binds.get(f"{self._objects.class_of(node.value, place.scope)}.bind")
        if rule is None:
            return
        for host, port in self._values.addresses(value, place.scope):
            yield Bind(
                span=self._span(node),
                by=rule.path,
                port=self._text(port, value),
                host=self._text(host, value),
                function=place.scope,
                under_main=place.under_main,
            )

    def _gunicorn(self) -> Iterator[Bind]:
        found = self._names.only("bind", "")
        if found is None or not isinstance(found[0], ast.expr):
            return
        value = found[0]
        at = value.lineno
        line = self._values.offset(at, 0)
        start = self._source.data.rfind(b"bind", 0, self._values.offset(at, value.col_offset))
        start = max(start, 0) if start >= line else self._values.offset(at, value.col_offset)
        for host, port in self._values.addresses(value, ""):
            yield Bind(
                span=self._source.span(start, start + 4),
                by=_GUNICORN,
                port=self._text(port, value),
                host=self._text(host, value),
            )

    def _text(self, parts: Parts | None, place: ast.expr) -> Text | None:
        return None if parts is None else self._values.text(parts, place)

    def _span(self, node: ast.expr) -> Span:
        """The path of a call; its last word, where the path takes several lines."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        end = self._values.offset(node.end_lineno, node.end_col_offset)
        if node.lineno != node.end_lineno and isinstance(node, ast.Attribute):
            return self._source.span(end - len(node.attr.encode()), end)
        start = self._values.offset(node.lineno, node.col_offset)
        return self._source.span(start, end)
