"""Facts as JSON values, and back, exactly: `decode(path, encode(facts)) == facts`.

The shape of a row follows the types of `portlint.model` themselves: a dataclass is an object of the fields that differ
from their defaults, or a list of all of them where it is small and full (`Span`); a tuple is a list. The path, which
each literal of a file repeats, stands in no row. Reading is strict: a value of another type than the model's is an
error, so that a damaged row is never taken for facts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from portlint.model import Facts, Span

_PATH = "path"


class MalformedError(ValueError):
    """A value that `encode` does not make."""


def encode(facts: Facts) -> dict[str, Any]:
    """The facts as values that `json` writes, without their path."""
    return _encoded(facts)  # type: ignore[no-any-return]


def decode(path: str, row: object) -> Facts:
    """The facts of a file that `encode` made. Raises MalformedError."""
    facts: Facts = _reader(Facts)(row, path)
    return facts


def _encoded(value: Any) -> Any:
    kind = type(value)
    if kind is Span:
        return [value.start, value.end, value.line, value.column]
    if kind is tuple:
        return [_encoded(item) for item in value]
    if not is_dataclass(kind):
        return value
    out = {}
    for name, default in _written(kind):
        item = getattr(value, name)
        if item != default:
            out[name] = _encoded(item)
    return out


@cache
def _written(kind: type) -> tuple[tuple[str, object], ...]:
    """The fields that a row may hold, with the default that is left out."""
    return tuple((each.name, each.default) for each in fields(kind) if each.name != _PATH)


_Reader = Callable[[Any, str], Any]
"""makes the value of what a row holds and the path of its file"""


@cache
def _reader(kind: Any) -> _Reader:
    if kind is Span:
        return _span
    if is_dataclass(kind):
        return _object(kind)  # type: ignore[arg-type]
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return _tuple(arguments)
    if NoneType in arguments:
        (inner,) = (each for each in arguments if each is not NoneType)
        read = _reader(inner)
        return lambda value, path: None if value is None else read(value, path)
    if issubclass(kind, StrEnum):
        members = {str(member): member for member in kind}
        return lambda value, _: _looked_up(members, value)

    def scalar(value: Any, _: str) -> Any:
        if type(value) is not kind:
            raise MalformedError(f"{value!r} is no {kind.__name__}")
        return value

    return scalar


def _looked_up(members: dict[str, Any], value: object) -> Any:
    if not isinstance(value, str) or value not in members:
        raise MalformedError(f"{value!r} is no member")
    return members[value]


def _span(value: Any, _: str) -> Span:
    if type(value) is not list or len(value) != 4 or any(type(each) is not int for each in value):
        raise MalformedError("not a span")
    return Span(*value)


def _tuple(arguments: tuple[Any, ...]) -> _Reader:
    if arguments[-1] is Ellipsis:
        read = _reader(arguments[0])

        def many(value: Any, path: str) -> tuple[Any, ...]:
            if type(value) is not list:
                raise MalformedError("not a list")
            return tuple([read(item, path) for item in value])

        return many
    readers = tuple(map(_reader, arguments))

    def exactly(value: Any, path: str) -> tuple[Any, ...]:
        if type(value) is not list or len(value) != len(readers):
            raise MalformedError("not a list of the right length")
        return tuple([read(item, path) for read, item in zip(readers, value, strict=True)])

    return exactly


def _object(kind: type) -> _Reader:
    hints = get_type_hints(kind)
    known = {each.name: _reader(hints[each.name]) for each in fields(kind) if each.name != _PATH}
    needed = {each.name for each in fields(kind) if each.default is MISSING and each.name != _PATH}
    takes_path = _PATH in hints

    def read(value: Any, path: str) -> Any:
        if type(value) is not dict or not known.keys() >= value.keys() >= needed:
            raise MalformedError(f"not a {kind.__name__}")
        given = {name: known[name](item, path) for name, item in value.items()}
        return kind(path=path, **given) if takes_path else kind(**given)

    return read
