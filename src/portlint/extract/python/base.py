"""What all parts of the visitor share: the stack of contexts, the meaning of an expression, what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from portlint.extract.python.context import NOTHING, Context, class_holds_ports
from portlint.extract.python.fast_libcst import Walker, cst
from portlint.extract.python.libraries import words_of
from portlint.extract.python.located import Text
from portlint.extract.python.nodes import dotted, integer_of, name_of, string_of, strings_in
from portlint.extract.python.pieces import Scope
from portlint.extract.python.strings import StringReader
from portlint.extract.python.surroundings import Surroundings
from portlint.extract.scan.text import Hit
from portlint.knowledge.identifiers import is_address_name, is_port_name


class Found(Struct, frozen=True):
    """A port literal in a piece: byte offsets into the piece, and what its context says."""

    start: int
    end: int
    hit: Hit
    context: Context


ReadWords = Callable[[Sequence[tuple[int, str]]], Sequence[Hit]]
ReadText = Callable[[Text, Context], Sequence[tuple[int, int, Hit]]]


class Visitor(Walker):
    """Finds the port literals of one piece; see `found` afterwards."""

    def __init__(
        self,
        offset: Callable[[cst.CSTNode], int],
        source: Callable[[cst.BaseExpression], str],
        scope: Scope,
        around: Surroundings,
        read_text: ReadText,
        read_words: ReadWords,
    ) -> None:
        self.found: list[Found] = []
        self._offset = offset
        self._source = source
        self._scope = scope
        self._imports = around.imports
        self._signatures = around.signatures
        self._sinks = around.sinks
        self._read_text = read_text
        self._read_words = read_words
        self._strings = StringReader(offset, source)
        self._given: dict[int, Context] = {}
        start = NOTHING._replace(route=scope.names)
        if scope.enclosing_class and class_holds_ports(scope.enclosing_class):
            start = start._replace(container=True)
        self._stack = [start]
        self._done: set[int] = set()
        """strings that were read as part of a longer one, tuples whose items were given their contexts"""

    @property
    def context(self) -> Context:
        return self._stack[-1]

    def enter(self, node: cst.CSTNode) -> None:
        self._stack.append(self._given.pop(id(node), self._stack[-1]))

    def leave(self) -> None:
        self._stack.pop()

    def _give(self, node: cst.CSTNode | None, context: Context) -> None:
        if node is not None:
            self._given[id(node)] = context

    def _target(self, name: str, form: str = "value") -> Context:
        context = self.context.named(name, form)
        columns = self._sinks.get(name)
        if columns:
            context = context._replace(columns=columns)
        elif columns is not None:
            context = context._replace(port=True, container=True)
        return context

    def _text(self, node: cst.BaseExpression) -> None:
        if id(node) in self._done:
            return
        text = self._strings.read(node)
        if text is None:
            return
        for part in strings_in(node):
            self._done.add(id(part))
        self._emit(text, self.context)

    def _emit(self, text: Text, context: Context) -> None:
        for origin, length, hit in self._read_text(text, context):
            self._add(origin, length, hit, context)

    def _add(self, start: int, length: int, hit: Hit | None, context: Context, number: int = 0) -> None:
        if hit is None:
            hit = Hit(
                start=start, end=start + length, port=number, form=context.form, role=context.role, host=context.host,
                protocol=context.protocol, name=context.name, variable=context.variable,
            )  # fmt: skip
        self.found.append(Found(start, start + length, hit, context))

    def _meaning(self, node: cst.BaseExpression) -> str | None:
        """The name that tells what a value is: `args.port`, `cfg["port"]`, `cfg.get("port")`, `get_port()`."""
        if isinstance(node, cst.Call):
            called = dotted(node.func)
            last = called.rsplit(".", 1)[-1]
            if last in words_of("pass_through") and node.args:
                return self._meaning(node.args[0].value)
            lookup = self._imports.lookup_rule(called)
            if lookup is not None:
                position = lookup.name.position
                if position is not None and position < len(node.args):
                    return string_of(node.args[position].value) or last
            if len(node.args) == 1 and not is_port_name(last):
                # config.lookup("api.port") is what its argument says.
                asked = string_of(node.args[0].value)
                if asked is not None and " " not in asked and is_port_name(asked):
                    return asked
            return last or None
        if isinstance(node, cst.Integer | cst.SimpleString | cst.FormattedString):
            return None
        if isinstance(node, cst.Subscript):
            # server.address[1], sock.getsockname()[1]: the second item of an address.
            index = node.slice[0].slice if len(node.slice) == 1 else None
            if isinstance(index, cst.Index) and integer_of(index.value) == 1:
                owner = dotted(node.value).rsplit(".", 1)[-1]
                return "port" if is_address_name(owner) else None
        return name_of(node)

    def _variable(self, node: cst.BaseExpression) -> str | None:
        """The environment variable that an expression reads, if it plainly does."""
        if isinstance(node, cst.Call):
            if dotted(node.func) in words_of("pass_through") and node.args:
                return self._variable(node.args[0].value)
            lookup = self._imports.lookup_rule(dotted(node.func))
            position = lookup.name.position if lookup is not None and lookup.environment else None
            if position is not None and position < len(node.args):
                return string_of(node.args[position].value)
        if isinstance(node, cst.Subscript) and dotted(node.value).endswith("environ"):
            return name_of(node)
        return None
