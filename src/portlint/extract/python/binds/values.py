"""What an expression is, as far as one file tells: literal text, a variable with its fallback, or something hidden."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.binds.names import Names, Parameter, dotted
from portlint.extract.python.binds.options import Option, Options, argument
from portlint.model import Source
from portlint.model.programs import Part, Scope, Text

Parts = tuple[Part, ...]

HIDDEN = Part(hidden=True)
_DEEPEST = 15
"""expressions and names that are followed one out of the other"""
_MOST_STEPS = 3_000
"""expressions that are looked at in one file"""
_MOST_PARTS = 16
_PORT = regex(r"[0-9]{1,5}")
_HOST = regex(r"[A-Za-z0-9._:\[\]*%-]{0,253}")
_VARIABLE = regex(r"[A-Za-z_][A-Za-z0-9_]{0,100}|--?[A-Za-z0-9][A-Za-z0-9_.-]{0,100}|[0-9]{1,2}")
_NO_PORTS = ("unix:", "/", "@", "ipc:", "inproc:", "fd:", "unix!")
"""how addresses begin that are no host and port"""
_FIELD = regex(r"\{\}|%[sd]")
_SCHEME = regex(r"[a-z][a-z0-9+.-]{0,20}://|(?:tcp[46]?|ssl):(?:port=)?(?=[0-9]|$)")
"""of a URL, or of a description of an endpoint of Twisted"""
_ENDPOINT = regex(r"(?:tcp[46]?|ssl):")
_INTERFACE = regex(r":interface=([^:]*)")


class Values:
    """Reads the expressions of one file. shift: length of the byte order mark."""

    def __init__(self, names: Names, source: Source, shift: int) -> None:
        self._names = names
        self._options = Options(names)
        self._source = source
        self._shift = shift
        self._steps = 0

    def text(self, parts: Parts, place: ast.expr) -> Text:
        """Parts as they stand at an expression: the first line of it, where it takes several."""
        start = self.offset(place.lineno, place.col_offset)
        if place.end_lineno == place.lineno and place.end_col_offset is not None:
            end = self.offset(place.lineno, place.end_col_offset)
        else:
            line = self._source.data.find(b"\n", start)
            end = line if line >= 0 else len(self._source.data)
        return Text(parts, self._source.span(start, end))

    def offset(self, line: int, column: int) -> int:
        """The byte offset of a line (1-based) and a column (0-based, in bytes) as `ast` gives them."""
        return self._source.lines.starts[line - 1] + column + (self._shift if line == 1 else 0)

    def port(self, node: ast.expr, scope: str) -> Parts:
        return _kept(self._parts(node, scope, 0), _PORT)

    def host(self, node: ast.expr, scope: str) -> Parts:
        return _kept(self._parts(node, scope, 0), _HOST)

    def is_none(self, node: ast.expr, scope: str) -> bool:
        """Whether a value is written that means that none is given."""
        node, _ = self.followed(node, scope)
        return isinstance(node, ast.Constant) and node.value is None

    def followed(self, node: ast.expr, scope: str) -> tuple[ast.expr, str]:
        """The expression that a name stands for, and the scope there; the expression itself where it is none."""
        for _ in range(_DEEPEST):
            if not isinstance(node, ast.Name):
                break
            found = self._names.only(node.id, scope)
            if found is None or isinstance(found[0], Parameter):
                break
            node, scope = found[0], found[1]
        return node, scope

    def addresses(self, node: ast.expr, scope: str, *, is_port: bool = False) -> Iterator[tuple[Parts | None, Parts]]:
        """Host and port of each address of an argument: `(host, port)`, `"host:port"`, a URL, or a list of them.

        is_port: a number alone is a port.
        """
        node, scope = self.followed(node, scope)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            if any(isinstance(each, ast.Starred) for each in node.elts):
                yield (HIDDEN,), (HIDDEN,)
            elif isinstance(node, ast.Tuple) and len(node.elts) >= 2 and not self._are_addresses(node.elts, scope):
                yield self.host(node.elts[0], scope), self.port(node.elts[1], scope)
            else:
                for each in node.elts[:_MOST_PARTS]:
                    yield from self.addresses(each, scope, is_port=is_port)
            return
        parts = self._parts(node, scope, 0)
        literal = "".join(part.text for part in parts) if all(part.variable is None for part in parts) else ""
        if is_port and (len(parts) != 1 or not parts[0].hidden) and ":" not in literal:
            yield None, _kept(parts, _PORT)
            return
        for address in _apart(parts):
            if not address[0].text.startswith(_NO_PORTS):
                yield _split(address)

    def is_address(self, node: ast.expr, scope: str) -> bool:
        """Whether an argument is an address by its shape alone: a host and a port are told apart in it."""
        node, scope = self.followed(node, scope)
        if isinstance(node, ast.Tuple):
            return len(node.elts) in (2, 4)
        ports = [part for _, port in self.addresses(node, scope) for part in port]
        return any(part.text or (part.variable and isinstance(node, ast.JoinedStr)) for part in ports)

    def _are_addresses(self, items: Sequence[ast.expr], scope: str) -> bool:
        def is_one(node: ast.expr) -> bool:
            return isinstance(node, ast.Tuple) or (
                isinstance(node, ast.Constant) and isinstance(node.value, str) and self.is_address(node, scope)
            )

        return all(map(is_one, items))

    def _parts(self, node: ast.expr, scope: str, depth: int) -> Parts:
        self._steps += 1
        if depth > _DEEPEST or self._steps > _MOST_STEPS:
            return (HIDDEN,)
        parts = self._read(node, scope, depth + 1)
        return parts if len(parts) <= _MOST_PARTS else (HIDDEN,)

    def _read(self, node: ast.expr, scope: str, depth: int) -> Parts:
        match node:
            case ast.Constant(value=str() | int()) if not isinstance(node.value, bool):
                return (self._literal(node),)
            case ast.JoinedStr():
                return tuple(part for each in node.values for part in self._parts(each, scope, depth))
            case ast.FormattedValue(format_spec=None):
                return self._parts(node.value, scope, depth)
            case ast.Name():
                return self._name(node, scope, depth)
            case ast.Attribute():
                return self._attribute(node, scope, depth)
            case ast.Subscript():
                return self._item(node, scope)
            case ast.Call():
                return self._call(node, scope, depth)
            case ast.BoolOp(op=ast.Or()):
                parts = self._parts(node.values[0], scope, depth)
                for each in node.values[1:]:
                    parts = _or(parts, self._parts(each, scope, depth))
                return parts
            case ast.IfExp():
                return self._either(node, scope, depth)
            case ast.BinOp(op=ast.Add()) if _is_text(node.left) or _is_text(node.right):
                return (*self._parts(node.left, scope, depth), *self._parts(node.right, scope, depth))
            case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str())):
                values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
                return self._filled(node.left, values, scope, depth)
        return (HIDDEN,)

    def _literal(self, node: ast.Constant) -> Part:
        text = str(node.value)
        start = self.offset(node.lineno, node.col_offset)
        first, data = text.encode(), self._source.data
        for at in (start, start + 1):
            if data.startswith(first, at) and (at > start) == isinstance(node.value, str):
                return Part(text, at)
        # In pieces, with a prefix or escapes; in an f-string, where ast tells the place of the whole in Python 3.11.
        return Part(text, start if data.startswith(first, start) and first else -1)

    def _name(self, node: ast.Name, scope: str, depth: int) -> Parts:
        found = self._names.only(node.id, scope)
        if found is None:
            return (HIDDEN,)
        value, where = found
        if isinstance(value, Parameter):
            option = self._options.of_parameter(value)
            return (HIDDEN,) if option is None else self._option(option, depth)
        return self._parts(value, where, depth)

    def _attribute(self, node: ast.Attribute, scope: str, depth: int) -> Parts:
        option = self._options.of_attribute(node, scope)
        if option is not None:
            return self._option(option, depth)
        if isinstance(node.value, ast.Name) and node.value.id in self._names.classes:
            found = self._names.bound.get((node.value.id, node.attr), [])
            if len(found) == 1 and isinstance(found[0], ast.expr):
                return self._parts(found[0], node.value.id, depth)
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            given = self._names.attributes.get(node.attr, [])
            if len(given) == 1:
                return self._parts(*given[0], depth)
        return (HIDDEN,)

    def _item(self, node: ast.Subscript, scope: str) -> Parts:
        path = self._names.imports.resolve(dotted(node.value) or "")
        key, _ = self.followed(node.slice, scope)
        if isinstance(key, ast.Constant):
            if path == "os.environ" and isinstance(key.value, str):
                return (Part(variable=key.value),)
            if path == "sys.argv" and isinstance(key.value, int) and key.value > 0:
                return (Part(variable=str(key.value), scope=Scope.OPTION),)
        return (HIDDEN,)

    def _call(self, node: ast.Call, scope: str, depth: int) -> Parts:
        path = dotted(node.func)
        if path in ("int", "str") and len(node.args) == 1:
            return self._parts(node.args[0], scope, depth)
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "strip" and not node.args:
                return self._parts(node.func.value, scope, depth)
            if node.func.attr == "format" and not node.keywords:
                return self._filled(node.func.value, node.args, scope, depth)
        rule = self._names.imports.lookup_rule(path) if path is not None else None
        if rule is None or not rule.environment or rule.sets:
            return (HIDDEN,)
        name = argument(node, rule.name)
        key = self.followed(name, scope)[0] if name is not None else None
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            return (HIDDEN,)
        value = argument(node, rule.value)
        return (Part(variable=key.value, fallback=self._default(value, scope, depth)),)

    def _default(self, node: ast.expr | None, scope: str, depth: int) -> Parts | None:
        if node is None or self.is_none(node, scope):
            return None
        return self._parts(node, scope, depth)

    def _option(self, option: Option, depth: int) -> Parts:
        if not option.names:
            return (HIDDEN,)
        fallback = (HIDDEN,) if option.ambiguous else self._default(option.default, option.scope, depth)
        for variable in reversed(option.variables):
            fallback = (Part(variable=variable, fallback=fallback),)
        for name in reversed(option.names):
            fallback = (Part(variable=name, scope=Scope.OPTION, fallback=fallback),)
        return fallback or (HIDDEN,)

    def _either(self, node: ast.IfExp, scope: str, depth: int) -> Parts:
        """`int(sys.argv[1]) if len(sys.argv) > 1 else 8000`: the condition asks whether the variable is there."""
        asked = ast.dump(node.test)
        for one, other in ((node.body, node.orelse), (node.orelse, node.body)):
            parts = self._parts(one, scope, depth)
            variable = parts[0].variable if len(parts) == 1 else None
            if variable is not None and (variable in asked or (variable.isdigit() and "argv" in asked)):
                return _or(parts, self._parts(other, scope, depth))
        return (HIDDEN,)

    def _filled(self, pattern: ast.expr, values: Sequence[ast.expr], scope: str, depth: int) -> Parts:
        """`"0.0.0.0:%d" % port`, `"{}:{}".format(host, port)`."""
        if not (isinstance(pattern, ast.Constant) and isinstance(pattern.value, str)):
            return (HIDDEN,)
        pieces = _FIELD.split(pattern.value)
        if len(pieces) != len(values) + 1 or any(sign in piece for piece in pieces for sign in "{}%"):
            return (HIDDEN,)
        out: list[Part] = []
        for number, piece in enumerate(pieces):
            out += [Part(piece)] if piece else []
            if number < len(values):
                out += self._parts(values[number], scope, depth)
        return tuple(out)


def _is_text(node: ast.expr) -> bool:
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        node = node.left
    return (
        isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str))
        or (isinstance(node, ast.Call) and dotted(node.func) == "str")
    )


def _or(parts: Parts, fallback: Parts) -> Parts:
    """What is taken where the variable is not set, put behind all that is taken before."""
    if len(parts) != 1 or parts[0].variable is None:
        return parts
    before = parts[0].fallback
    return (replace(parts[0], fallback=fallback if before is None else _or(before, fallback)),)


def _kept(parts: Parts, allowed: object) -> Parts:
    """The parts, those hidden that may be anything but a port or a host. allowed: `_PORT` or `_HOST`."""
    pattern = _PORT if allowed is _PORT else _HOST
    out: list[Part] = []
    for part in parts:
        kept = HIDDEN
        if part.variable is not None and _VARIABLE.fullmatch(part.variable):
            kept = replace(part, fallback=part.fallback and _kept(part.fallback, allowed))
        elif part.variable is None and not part.hidden and pattern.fullmatch(part.text):
            kept = part
        if kept is not HIDDEN or not out or out[-1] is not HIDDEN:
            out.append(kept)
    return tuple(out)


def _apart(parts: Parts) -> Iterator[Parts]:
    """The addresses in one text: `*:8080 [::]:8080`, `a:1,b:2`."""
    if len(parts) != 1 or parts[0].variable is not None or not any(sign in parts[0].text for sign in " ,"):
        yield parts
        return
    at = 0
    for word in parts[0].text.replace(",", " ").split(" "):
        if word:
            yield (_cut(parts[0], at, at + len(word)),)
        at += len(word) + 1


def _cut(part: Part, start: int, end: int | None = None) -> Part:
    return Part(part.text[start:end], part.start + start if part.start >= 0 and part.text.isascii() else -1)


def _split(parts: Parts) -> tuple[Parts | None, Parts]:
    """Host and port of an address or URL: they are on the two sides of its last colon."""
    first = parts[0]
    if len(parts) == 1 and first.variable is not None and first.fallback is not None:
        # The variable holds both: so it stands in both, each with its part of the fallback.
        host, port = _split(first.fallback)
        return (_kept((replace(first, fallback=host),), _HOST) if host else None), _kept(
            (replace(first, fallback=port),), _PORT
        )
    interface: Parts | None = None
    if scheme := _SCHEME.match(first.text):
        is_endpoint = _ENDPOINT.fullmatch(first.text[: scheme.end()].removesuffix("port="))
        rest = [_cut(first, scheme.end()), *parts[1:]]
        for number, part in enumerate(rest):
            end = part.text.find(":" if is_endpoint else "/")
            if end >= 0:
                if is_endpoint and (told := _INTERFACE.match(part.text, end)):
                    interface = (_cut(part, told.start(1), told.end(1)),)
                rest = [*rest[:number], _cut(part, 0, end)]
                break
        parts = tuple(part for part in rest if part.text or part.variable or part.hidden)
        if is_endpoint:
            return interface and _kept(interface, _HOST), _kept(parts, _PORT) or (HIDDEN,)
    for number in reversed(range(len(parts))):
        part = parts[number]
        colon = part.text.rfind(":")
        if part.variable is None and colon >= 0:
            before, behind = _cut(part, 0, colon), _cut(part, colon + 1)
            host = (*parts[:number], *([before] if before.text or not number else []))
            port = (*([behind] if behind.text else []), *parts[number + 1 :])
            if not port or not (_PORT.fullmatch(behind.text) or not behind.text):
                break
            return _kept(host, _HOST), _kept(port, _PORT)
    return (HIDDEN,), (HIDDEN,)
