"""What a call says of its arguments: library signatures, look-ups by name, options, functions of the same file."""

from __future__ import annotations

from collections.abc import Sequence

from portlint.extract.python.base import Visitor
from portlint.extract.python.context import NOTHING, Context, class_holds_ports
from portlint.extract.python.fast_libcst import cst
from portlint.extract.python.libraries import Slot, words_of
from portlint.extract.python.nodes import dotted, integer_of, is_sequence, name_of, string_of
from portlint.knowledge.hosts import is_host, without_brackets
from portlint.knowledge.identifiers import is_port_name, words
from portlint.knowledge.well_known import by_port
from portlint.model import Role

_SIZES = frozenset({1024, 2048, 4096, 8192, 16384, 32768})
"""numbers that are sizes of buffers rather than ports, where only a name speaks for a port"""


class CallVisitor(Visitor):
    """Hands contexts to the arguments of calls."""

    def visit_Call(self, node: cst.Call) -> None:
        outer = self.context
        called = dotted(node.func)
        last = called.rsplit(".", 1)[-1]
        self._give(
            node.func, NOTHING._replace(columns=outer.columns) if called.endswith(("items", "values")) else NOTHING
        )
        text = self._strings.call(node)
        if text is not None:
            self._emit(text, outer)
            for argument in node.args:
                self._give(argument, outer.fresh())
            self._give(node.func, NOTHING._replace(prose=outer.prose))
            self._done.add(id(node.func.value) if isinstance(node.func, cst.Attribute) else 0)
            return
        if last in words_of("growing") and isinstance(node.func, cst.Attribute):
            outer = self._target(name_of(node.func.value) or "", "item")
            outer = outer._replace(port=outer.container, role=Role.SETTING)
            for argument in node.args:
                self._give(argument, outer)
            return
        inside = (
            outer
            if (last in words_of("pass_through") or (outer.container and last in ("range", "OrderedDict")))
            else outer.fresh()
        )
        names = self._parameter_names(called)
        named_string: str | None = None
        before: str | None = None
        compared = self._compared(node) if last in words_of("assertions") else None
        position = 0
        for argument in node.args:
            value = argument.value
            if argument.keyword is not None:
                self._give(argument, self._keyword(argument.keyword.value, outer, named_string, last))
                continue
            # int(text, 16): behind the value stands how to read it.
            context = inside if position == 0 or last not in ("int", "str", "bytes") else outer.fresh()
            number = integer_of(value)
            if compared:
                context = self._target(compared)._replace(form="argument", bound=last == "assertGreaterEqual")
            elif last == "range" and outer.port:
                context = outer._replace(form="item")
            elif names and position < len(names) and is_port_name(names[position]):
                context = outer.fresh().named(names[position], "argument")._replace(columns=())
            elif named_string is not None and is_port_name(named_string) and " " not in named_string:
                context = outer.named(named_string.lstrip("-"), "argument")._replace(container=False)
                if named_string.isupper() and not words_of("environment").isdisjoint(words(last)):
                    # A function of the user's own around os.environ: read_env("API_PORT", 8000, int)
                    context = context._replace(variable=named_string, role=Role.FALLBACK, form="fallback")
            elif number is not None and before is not None and is_host(before):
                # NodeConfig("https", "localhost", 9200)
                context = outer.fresh()._replace(
                    port=True, host=without_brackets(before), form="argument", role=Role.CONNECT
                )
            elif names and position < len(names):
                context = outer.fresh().named(names[position], "argument")._replace(columns=())
            elif number is not None and inside is not outer:
                context = self._positional(number, last, outer, position)
            self._give(argument, context)
            before = string_of(value)
            if before is not None:
                named_string = before
            elif not isinstance(value, cst.Name):
                # add_option("web_port", int, 8081): a type may stand between the name and the value.
                named_string = None
            position += 1
        self._known_call(node, called, outer)
        if last == "parametrize":
            self._parametrize(node)

    def _keyword(self, keyword: str, outer: Context, option: str | None, called: str) -> Context:
        if outer.port and keyword in words_of("value_keywords"):
            return outer._replace(form="keyword")
        if option is not None and keyword in words_of("value_keywords") and is_port_name(option):
            return outer.fresh().named(option.lstrip("-"), "keyword")
        if class_holds_ports(called):
            # PortAllocation(backend=8000, frontend=3000)
            return outer.fresh()._replace(container=True).named(keyword, "keyword")
        return outer.fresh().named(keyword, "keyword")

    def _positional(self, number: int, last: str, outer: Context, position: int) -> Context:
        """A bare number handed to a function that only its name, or the target, tells about."""
        if is_port_name(last) and (number >= 1000 or position == 0) and number not in _SIZES:
            return outer.fresh().named(last, "argument")
        if outer.port and not outer.sure and number >= 1000 and number not in _SIZES:
            return outer._replace(form="argument")
        return outer.fresh()

    def _parameter_names(self, called: str) -> Sequence[str]:
        """The parameters of a function or class of this file, for a call by its own name, `self.` or `cls.`"""
        head, _, last = called.rpartition(".")
        return self._signatures.get(last, ()) if head in ("", "self", "cls") or head[:1].islower() else ()

    def _compared(self, node: cst.Call) -> str | None:
        """The port-like name among the arguments of an assertion."""
        return next(
            (n for n in (self._meaning(a.value) for a in node.args if a.keyword is None) if n and is_port_name(n)), None
        )

    def _known_call(self, node: cst.Call, called: str, outer: Context) -> None:
        positional = [a for a in node.args if a.keyword is None and not a.star]
        keywords = {a.keyword.value: a for a in node.args if a.keyword is not None}

        def argument(slot: Slot | None) -> cst.Arg | None:
            if slot is None:
                return None
            position = slot.position
            if slot.keyword in keywords:
                return keywords[slot.keyword]
            if position is None or not -len(positional) <= position < len(positional):
                return None
            return positional[position]

        lookup = self._imports.lookup_rule(called)
        if lookup is not None:
            named, value = argument(lookup.name), argument(lookup.value)
            name = string_of(named.value) if named is not None else None
            if name is not None and value is not None and value is not named:
                context = outer.named(name, "value" if lookup.sets else "fallback")
                context = context._replace(port=context.port or outer.port, container=context.container)
                if lookup.environment:
                    role = Role.SETTING if lookup.sets else Role.FALLBACK
                    context = context._replace(variable=name, role=role)
                self._give(value, context)
        fitting = [
            (rule, given)
            for rule in self._imports.call_rules(called)
            if (given := [(k, a) for k, slot in rule.slots.items() if (a := argument(slot)) and _fits(k, a)])
        ]
        services = {rule.service for rule, _ in fitting}
        for rule, given in fitting:
            host = argument(rule.slots.get("host"))
            base = outer.fresh()._replace(role=Role(rule.role), protocol=rule.protocol, sure=not rule.guessed,
                library=rule.service if len(services) == 1 else None,
                host=string_of(host.value) if host is not None else None, form="argument",
            )  # fmt: skip
            for kind, found in given:
                number = integer_of(found.value)
                if rule.guessed and number is not None and _is_backlog(number):
                    # `sock.listen(128)` takes a backlog where `app.listen(8000)` takes a port.
                    continue
                name = found.keyword.value if found.keyword is not None else None
                shaped = base._replace(name=name, form="keyword" if name else "argument")
                if kind in ("port", "ports"):
                    shaped = shaped._replace(port=True, container=kind == "ports")
                else:
                    shaped = shaped._replace(address=True)
                self._give(found, shaped)
        option = self._imports.option_rule(called)
        if option is not None:
            flags = [s for s in (string_of(a.value) for a in positional) if s is not None]
            named_by = next((f.lstrip("-") for f in flags if is_port_name(f)), None)
            default = argument(option.default)
            if named_by and default is not None:
                self._give(default, outer.named(named_by, "keyword")._replace(container=False))
            for keyword in option.prose:
                if keyword in keywords:
                    self._give(keywords[keyword], NOTHING._replace(prose=True))

    def _parametrize(self, node: cst.Call) -> None:
        """`@pytest.mark.parametrize("host,port", [("a", 81), ...])`."""
        if len(node.args) < 2:
            return
        header = node.args[0].value
        if isinstance(header, cst.List | cst.Tuple):
            columns = tuple(string_of(e.value) or "" for e in header.elements)
        else:
            columns = tuple(part.strip() for part in (string_of(header) or "").split(","))
        if len(columns) == 1:
            context = self.context.fresh().named(columns[0], "item")
            self._give(node.args[1], context._replace(container=context.port))
        elif columns:
            self._give(node.args[1], self.context.fresh()._replace(columns=columns))


def _is_backlog(number: int) -> bool:
    """Whether a number that a method of an unknown object is given is rather a size or a count."""
    return number in _SIZES or (number < 1024 and number not in by_port())


def _fits(kind: str, argument: cst.Arg) -> bool:
    """Whether an argument has the shape of its slot: a socket's `connect((host, 80))` takes no bare number."""
    if kind == "port":
        return not is_sequence(argument.value)
    return kind == "ports" or (kind in ("address", "url") and not isinstance(argument.value, cst.Integer))
