"""The libcst visitor that finds the port literals of one statement.

Contexts go down: what a target, a parameter, a keyword, a key or a called library says about an expression is handed
to its parts, and a number or a string that is reached is judged by the context it stands in.
"""

from __future__ import annotations

from collections.abc import Sequence

from portlint.extract.python.calls import CallVisitor
from portlint.extract.python.context import NOTHING
from portlint.extract.python.fast_libcst import cst
from portlint.extract.python.libraries import words_of
from portlint.extract.python.located import Text
from portlint.extract.python.nodes import (
    dotted,
    integer_of,
    name_of,
    placed,
    string_of,
)
from portlint.extract.scan.port_bounds import BOUNDS, FIRST_USER, LAST, names_limit
from portlint.extract.scan.text import port_list
from portlint.knowledge.hosts import is_domain, is_host, without_brackets
from portlint.knowledge.identifiers import is_address_name, is_port_name, words
from portlint.model import Role

LOWEST = 10
"""below it a number under a port-like name is a switch port, a pin, an index; a library's signature overrides that"""
_EQUAL = (cst.Equal, cst.NotEqual, cst.In, cst.NotIn, cst.Is, cst.IsNot)


class PortVisitor(CallVisitor):
    """Finds the port literals of one piece; see `found` afterwards."""

    # -- statements -------------------------------------------------------------------------------------------------

    def visit_Assign(self, node: cst.Assign) -> None:
        for target in node.targets:
            self._assign(target.target, node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self._give(node.annotation, NOTHING)
        if node.value is not None:
            self._assign(node.target, node.value)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self._assign(node.target, node.value)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        # `port += 1000` adds an offset; `ports += [8000]` adds ports.
        name = name_of(node.target)
        if name and isinstance(node.value, cst.List | cst.Tuple | cst.Set | cst.Dict):
            self._give(node.value, self._target(name))

    def _assign(self, target: cst.BaseExpression, value: cst.BaseExpression) -> None:
        if isinstance(target, cst.Tuple | cst.List):
            if isinstance(value, cst.Tuple | cst.List) and len(value.elements) == len(target.elements):
                self._done.add(id(value))
                for left, right in zip(target.elements, value.elements, strict=True):
                    self._assign(left.value, right.value)
            return
        if isinstance(target, cst.Subscript):
            self._give(target, NOTHING)
        name = name_of(target)
        if name is None:
            return
        context = self._target(name)
        if isinstance(target, cst.Subscript) and isinstance(target.value, cst.Subscript):
            # settings["ports"]["depot"] = 8005
            context = self._target(name_of(target.value) or "").named(name)
        if isinstance(target, cst.Subscript) and dotted(target.value).endswith("environ"):
            context = context._replace(variable=name)
        self._give(value, context)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._defined = node.name.value

    _defined = ""

    def visit_Param(self, node: cst.Param) -> None:
        if node.default is not None:
            context = self._target(node.name.value, "default")
            if is_port_name(self._defined) and not words_of("limits").isdisjoint(words(node.name.value)):
                # def find_free_port(start=8000, end=9000)
                number = integer_of(node.default)
                context = context._replace(port=context.port or (number is not None and number >= FIRST_USER))
            self._give(node.default, context)
        if node.annotation is not None:
            self._give(node.annotation, NOTHING._replace(name=node.name.value, port=is_port_name(node.name.value)))

    def visit_Return(self, node: cst.Return) -> None:
        function = self._scope.function
        if node.value is not None and function and is_port_name(function):
            self._give(node.value, self.context.named(function))

    def visit_For(self, node: cst.For) -> None:
        self._loop(node.target, node.iter)

    def visit_CompFor(self, node: cst.CompFor) -> None:
        self._loop(node.target, node.iter)

    def _loop(self, target: cst.BaseExpression, iterable: cst.BaseExpression) -> None:
        if isinstance(iterable, cst.Call) and dotted(iterable.func) == "enumerate" and iterable.args:
            if isinstance(target, cst.Tuple) and len(target.elements) == 2:
                self._loop(target.elements[1].value, iterable.args[0].value)
            return
        if isinstance(target, cst.Tuple | cst.List):
            names = tuple(name_of(e.value) or "" for e in target.elements)
            if isinstance(iterable, cst.Call) and isinstance(iterable.func, cst.Attribute):
                self._give(iterable.func.value, NOTHING._replace(columns=names))
            else:
                self._give(iterable, NOTHING._replace(columns=names))
            return
        name = name_of(target)
        if name:
            context = self._target(name, "item")
            self._give(iterable, context._replace(container=context.port))

    def visit_Expr(self, node: cst.Expr) -> None:
        if isinstance(node.value, cst.SimpleString | cst.ConcatenatedString):
            self._give(node.value, NOTHING._replace(prose=True))

    def visit_MatchCase(self, node: cst.MatchCase) -> None:
        name = self._subject
        if name:
            self._give(node.pattern, self._target(name)._replace(form="comparison"))

    def visit_Match(self, node: cst.Match) -> None:
        self._subject = name_of(node.subject) or ""

    _subject = ""
    # -- expressions ------------------------------------------------------------------------------------------------

    def visit_Comparison(self, node: cst.Comparison) -> None:
        sides = [node.left, *(c.comparator for c in node.comparisons)]
        name = next((n for n in map(self._meaning, sides) if n and is_port_name(n)), None)
        operators = [c.operator for c in node.comparisons]
        equal = all(isinstance(o, _EQUAL) for o in operators)
        if name is None:
            inside = self.context.fresh()._replace(form="comparison")
            names = [n for n in map(self._meaning, sides) if n]
            if names:
                inside = inside._replace(address=is_address_name(names[0]))
        else:
            inside = self._target(name)._replace(form="comparison", container=True, bound=not equal)
        for side in sides:
            if self._meaning(side) != name or name is None:
                self._give(side, inside)

    def visit_BooleanOperation(self, node: cst.BooleanOperation) -> None:
        if isinstance(node.operator, cst.Or):
            self._beside(node.left, node.right)

    def visit_IfExp(self, node: cst.IfExp) -> None:
        self._give(node.test, self.context.fresh())
        self._beside(node.body, node.orelse)
        self._beside(node.orelse, node.body)

    def _beside(self, known: cst.BaseExpression, other: cst.BaseExpression) -> None:
        """`parsed.port or 5432`: what stands beside a number says what it is."""
        name = self._meaning(known)
        if name and not self.context.port and is_port_name(name):
            context = self.context.named(name)._replace(form="fallback")
            self._give(other, context._replace(variable=self._variable(known)))
        elif self.context.port:
            self._give(
                other, self.context._replace(form="fallback", variable=self._variable(known) or self.context.variable)
            )

    def visit_BinaryOperation(self, node: cst.BinaryOperation) -> bool:
        if self._strings.is_string(node):
            self._text(node)
            return True
        # `8000 + worker` starts from a port; in `port + 1000` the number is an offset.
        self._give(node.right, self.context.fresh())
        if not isinstance(node.operator, cst.Add) or (
            isinstance(node.left, cst.Integer) and isinstance(node.right, cst.Integer)
        ):
            self._give(node.left, self.context.fresh())
        return True

    def visit_Subscript(self, node: cst.Subscript) -> None:
        for element in node.slice:
            self._give(element, NOTHING._replace(prose=self.context.prose))

    def visit_Lambda(self, node: cst.Lambda) -> None:
        self._give(node.body, self.context)

    def visit_Dict(self, node: cst.Dict) -> None:
        outer = self.context
        columns = outer.columns if len(outer.columns) == 2 else ()
        for element in node.elements:
            if not isinstance(element, cst.DictElement):
                continue
            key = string_of(element.key)
            if columns:
                self._give(element.key, outer.named(columns[0], "item"))
                self._give(element.value, outer.named(columns[1], "item"))
                continue
            if key is None:
                name = name_of(element.key)
                keys = (outer if outer.container else outer.fresh())._replace(form="item")
                if outer.name and "port" in words(outer.name)[:1]:
                    # PORT_NAMES = {8000: "depot"}: the values are something about ports, the keys are the ports.
                    keys = outer._replace(port=True, form="item")
                self._give(element.key, keys)
                self._give(element.value, outer.named(name, "item") if name else outer._replace(form="item"))
            else:
                listed = outer.container and port_list(key)
                self._give(element.key, (outer if listed else outer.fresh())._replace(form="item", name=outer.name))
                inside = outer.named(key, "item")
                self._give(element.value, inside._replace(columns=()))

    def visit_List(self, node: cst.List) -> None:
        self._sequence([e.value for e in node.elements])

    def visit_Set(self, node: cst.Set) -> None:
        self._sequence([e.value for e in node.elements])

    def visit_Tuple(self, node: cst.Tuple) -> None:
        values = [e.value for e in node.elements]
        if id(node) not in self._done and not self._is_address(values):
            self._sequence(values)

    def _sequence(self, values: Sequence[cst.BaseExpression]) -> None:
        self._command(values)
        outer = self.context._replace(form="item")
        columns = outer.columns
        for value in values:
            if columns and isinstance(value, cst.Tuple | cst.List) and len(value.elements) == len(columns):
                single = outer._replace(columns=())
                for element, name in zip(value.elements, columns, strict=True):
                    self._give(element.value, single.named(name, "item") if name else single.fresh())
                self._done.add(id(value))
            elif columns and isinstance(value, cst.Call):
                self._parameters(value, columns)
            else:
                self._give(value, outer._replace(columns=()) if not columns else outer._replace(columns=columns))

    def _parameters(self, call: cst.Call, columns: tuple[str, ...]) -> None:
        """`pytest.param("a", 81, id="x")` in a parametrize list."""
        positional = [a for a in call.args if a.keyword is None]
        if len(positional) == len(columns):
            for argument, name in zip(positional, columns, strict=True):
                self._give(argument, self.context._replace(columns=()).named(name, "item"))

    def _is_address(self, values: Sequence[cst.BaseExpression]) -> bool:
        """`("localhost", 8001)`, `(host, 8000)`: the second item of an address is a port."""
        if not 2 <= len(values) <= 4 or self.context.columns:
            return False
        port = values[1]
        if isinstance(values[0], cst.Integer | cst.Float | cst.UnaryOperation):
            # target_size=(256, 256)
            return False
        if not isinstance(port, cst.Integer | cst.Call | cst.IfExp | cst.BooleanOperation):
            return False
        host = string_of(values[0])
        context = self.context
        name = None
        if host is None:
            name = self._meaning(values[0])
            number = integer_of(port)
            if not context.address and (
                len(values) != 2 or not name or not is_address_name(name) or (number or 0) < 20
            ):
                return False
        elif "/" in host:
            # A pair of a path and a number: a line, a count.
            return False
        elif not (context.address or is_host(host)):
            number = integer_of(port) or 0
            # peername=("client", 51234): the name of the whole says address.
            named = len(values) != 3 and context.name is not None and is_address_name(context.name)
            if number <= 20 or not (named or is_domain(host)):
                return False
        shown = context._replace(port=True, sure=context.address, address=False, form="address",
            host=without_brackets(host) if host else None,
            role=context.role if context.address else Role.CONNECT, name=context.name or name,
        )  # fmt: skip
        self._give(port, shown)
        return True

    def _command(self, values: Sequence[cst.BaseExpression]) -> None:
        """A command line as a list: `["redis-server", "--port", "6380"]`."""
        read = [self._strings.read(v) for v in values]
        if sum(text is not None for text in read) < 2:
            return
        given = [(index, text) for index, text in enumerate(read)]
        words_ = [(index, text.text if text is not None else "") for index, text in given]
        for hit in self._read_words(words_):
            index, start, end = placed(words_, hit)
            text = read[index]
            if text is None:
                continue
            origin = text.origin(start, end)
            if origin is not None:
                self._add(origin, end - start, hit, self.context._replace(form=hit.form, name=hit.name, port=True))

    # -- leaves -----------------------------------------------------------------------------------------------------

    def visit_Integer(self, node: cst.Integer) -> None:
        context = self.context
        number = node.evaluated_value
        if not (context.port or context.container) or context.prose or number == 0:
            return
        if not context.sure:
            if number < LOWEST or number > 99999 or len(node.value) < 2:
                return
            if number in LAST or (number in BOUNDS and (context.bound or names_limit(context.name))):
                return
            if context.bound and number < FIRST_USER:
                return
            if number > 65535 and not context.port:
                return
        if not node.value.replace("_", "").isdigit():
            return
        self._add(self._offset(node), len(node.value), None, context, number)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        self._string_node(node)

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        self._string_node(node)
        for part in node.parts:
            if isinstance(part, cst.FormattedStringExpression):
                self._give(part, NOTHING._replace(prose=self.context.prose))

    def visit_ConcatenatedString(self, node: cst.ConcatenatedString) -> None:
        self._string_node(node)

    def _string_node(self, node: cst.BaseExpression) -> None:
        if id(node) not in self._done:
            self._text(node)

    def visit_Comment(self, node: cst.Comment) -> None:
        text = Text()
        text.add(node.value.encode().decode("latin-1"), self._offset(node))
        self._emit(text, NOTHING._replace(prose=True))
