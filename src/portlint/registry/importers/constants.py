"""Imports a module of Python constants. It is parsed with `ast` and never run.

BACKEND_PORT: int = int(os.getenv("BACKEND_PORT", "8000"))   # FastAPI server
API_PORT_RANGE = (8000, 8009)
class Ports(IntEnum): REDIS = 6379
PORTS = {"grafana": 3000}
redis_port: int = Field(default=6379, env="REDIS_PORT")
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge.identifiers import is_port_name
from portlint.knowledge.identifiers import words as words_of
from portlint.model import FIRST_PORT, LAST_PORT, PortRange
from portlint.registry.draft import MAX_DRAFTS, Draft, Imported, Place, entry_name

_DIGITS = regex(r"\d{1,5}")
_VARIABLE = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_DEFAULT_KEYWORDS = ("default", "fallback")
_VARIABLE_KEYWORDS = ("env", "alias", "validation_alias", "envvar", "key", "name")
_NOT_NAMING = frozenset({"port", "ports", "default", "range"})
_MOST_DEPTH = 20
"""classes and calls inside one another that are followed"""


def read_constants(path: str, data: bytes) -> Imported:
    """The ports that a module's constants give. path: as the user knows it. data: UTF-8."""
    text = data.decode("utf-8", "replace")
    try:
        tree = ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is nested too deeply"
        return Imported(notes=(f"{path}: not Python that can be read: {reason}",))
    found = list(_Module(path, text.splitlines()).drafts(tree.body, in_ports=False, depth=0))
    ranges = {draft.name: draft for draft in found if draft.default is None}
    drafts = [_with_range(draft, ranges) for draft in found if draft.default is not None]
    notes = (f"{path}: only the first {MAX_DRAFTS} ports are taken",) if len(drafts) > MAX_DRAFTS else ()
    return Imported(drafts=tuple(drafts[:MAX_DRAFTS]), notes=notes)


def _with_range(draft: Draft, ranges: dict[str, Draft]) -> Draft:
    """`API_PORT_RANGE` is the range of `API_PORT`."""
    given = ranges.get(draft.name)
    return draft if given is None else replace(draft, range=given.range)


class _Module:
    def __init__(self, path: str, lines: list[str]) -> None:
        self._path = path
        self._lines = lines

    def drafts(self, body: list[ast.stmt], in_ports: bool, depth: int) -> Iterator[Draft]:
        """in_ports: the class around says that its members are ports."""
        for index, statement in enumerate(body):
            if isinstance(statement, ast.ClassDef) and depth < _MOST_DEPTH:
                yield from self.drafts(statement.body, _says_port(statement.name), depth + 1)
                continue
            name, value = _assigned(statement)
            if name is None or value is None:
                continue
            described = self._description(statement, body[index + 1] if index + 1 < len(body) else None)
            for draft in self._of(name, value, in_ports):
                yield replace(draft, description=draft.description or described)

    def _of(self, name: str, value: ast.expr, in_ports: bool) -> Iterator[Draft]:
        named = in_ports or is_port_name(name) or (is_port_name(name.upper().removesuffix("_RANGE")))
        if not named:
            return
        place = Place(self._path, value.lineno)
        if isinstance(value, ast.Dict) and len(value.keys) == len(value.values):
            for key, item in zip(value.keys, value.values, strict=True):
                port, variable = _port(item)
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and port is not None:
                    yield Draft(
                        name=_name(key.value), place=Place(self._path, item.lineno), default=port, env_var=variable
                    )
            return
        allowed = _range(value)
        if allowed is not None:
            yield Draft(name=_name(name), place=place, range=allowed)
            return
        port, variable = _port(value)
        if port is not None:
            yield Draft(name=_name(name), place=place, default=port, env_var=variable)

    def _description(self, statement: ast.stmt, following: ast.stmt | None) -> str:
        """What is said behind the statement, in a string below it, or in a comment above it."""
        last = self._lines[statement.end_lineno - 1] if statement.end_lineno else ""
        behind = last.encode()[statement.end_col_offset or 0 :].decode("utf-8", "replace")
        if "#" in behind:
            return _comment(behind.partition("#")[2])
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            said = following.value.value
            if isinstance(said, str):
                return _comment(said)
        above = self._lines[statement.lineno - 2].strip() if statement.lineno > 1 else ""
        return _comment(above[1:]) if above.startswith("#") else ""


def _comment(text: str) -> str:
    line = text.strip().partition("\n")[0].strip(" #-=*")
    return "" if line.startswith(("noqa", "type:", "pragma", "pylint")) else line


def _says_port(name: str) -> bool:
    return not {"port", "ports"}.isdisjoint(words_of(name))


def _assigned(statement: ast.stmt) -> tuple[str | None, ast.expr | None]:
    """The name that a statement sets, and the value."""
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id, statement.value
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Name):
            return target.id, statement.value
    return None, None


def _name(identifier: str) -> str:
    kept = [word for word in words_of(identifier) if word not in _NOT_NAMING]
    return entry_name("_".join(kept) or identifier)


def _port(value: ast.expr, depth: int = 0) -> tuple[int | None, str | None]:
    """The port that an expression gives where nothing is set, and the variable that it asks."""
    if isinstance(value, ast.Constant):
        return _number(value.value), None
    if depth > _MOST_DEPTH:
        return None, None
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or):
        found = [_port(item, depth + 1) for item in value.values]
        port = next((port for port, _ in reversed(found) if port is not None), None)
        return port, next((variable for _, variable in found if variable is not None), None)
    if isinstance(value, ast.Call):
        return _called(value, depth)
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant):
        return None, _variable(value.slice.value)
    return None, None


def _called(call: ast.Call, depth: int) -> tuple[int | None, str | None]:
    """`int(x)`, `os.getenv("API_PORT", "8000")`, `config("API_PORT", default=8000)`, `Field(8000, env="API_PORT")`."""
    port = variable = None
    for argument in call.args[:3]:
        if isinstance(argument, ast.Constant) and variable is None and _number(argument.value) is None:
            variable = _variable(argument.value)
            continue
        inner, asked = _port(argument, depth + 1)
        port, variable = (inner if port is None else port), variable or asked
    for keyword in call.keywords:
        if keyword.arg in _DEFAULT_KEYWORDS and port is None:
            port, _ = _port(keyword.value, depth + 1)
        elif keyword.arg in _VARIABLE_KEYWORDS and isinstance(keyword.value, ast.Constant):
            variable = variable or _variable(keyword.value.value)
    return port, variable


def _range(value: ast.expr) -> PortRange | None:
    """`(8000, 8009)`, `[8000, 8009]`, or `range(8000, 8010)`, whose end is the first port behind it."""
    beyond = 0
    items: list[ast.expr] = []
    if isinstance(value, ast.Tuple | ast.List):
        items = value.elts
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "range":
        items, beyond = value.args, 1
    if len(items) != 2:
        return None
    numbers = [_number(item.value) if isinstance(item, ast.Constant) else None for item in items]
    first, last = numbers
    if first is None or last is None or first > last - beyond:
        return None
    return PortRange(first, last - beyond)


def _number(value: object) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and FIRST_PORT <= value <= LAST_PORT:
        return value
    return None


def _variable(value: object) -> str | None:
    return value if isinstance(value, str) and value.isupper() and _VARIABLE.fullmatch(value) else None
