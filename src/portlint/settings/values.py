"""What the value of a setting may be: one kind for each, with its reader, its JSON Schema and its form as text."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.model import FIRST_PORT, LAST_PORT, PortRange, Severity

_ON = ("1", "true", "yes", "on")
_OFF = ("0", "false", "no", "off")
_RANGE = regex(r"([0-9]{1,9})[ \t]*(?:-[ \t]*([0-9]{1,9}))?")
_WHOLE = regex(r"[0-9]{1,18}")
_MODULE = regex(r"[A-Za-z_][A-Za-z0-9_]{0,80}(?:\.[A-Za-z_][A-Za-z0-9_]{0,80}){0,20}")
_DECIMAL = regex(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


class Wrong(Exception):  # noqa: N818
    """A value that cannot be used. `load_settings` adds its place."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Base(Struct, frozen=True):
    """The folder that the paths and patterns of one origin are relative to, and the root."""

    folder: Path
    root: Path

    def path(self, path: str) -> str:
        """Relative to the root, forward slashes; absolute where it lies outside."""
        place = Path(os.path.normpath(self.folder / path))
        return place.relative_to(self.root).as_posix() if place.is_relative_to(self.root) else place.as_posix()

    def pattern(self, pattern: str) -> str:
        """What the pattern would be in a `.gitignore` of the root instead of the folder (gitignore(5))."""
        if self.folder == self.root or not self.folder.is_relative_to(self.root):
            return pattern
        folder = re.sub(r"([][*?\\!#])", r"\\\1", self.folder.relative_to(self.root).as_posix())
        negation, rest = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
        inner = rest.removeprefix("/") if "/" in rest.rstrip("/") else f"**/{rest}"
        return f"{negation}/{folder}/{inner}"


class Kind(Struct, frozen=True):
    """What the value of a setting is."""

    read: Callable[[object, Base], object]
    """from the value that TOML has to the one of `Settings`; raises Wrong"""
    schema: Mapping[str, Any]
    parse: Callable[[str], object] | None = None
    """from the text of an environment variable or a flag to the value that TOML would have; None: cannot be text"""


def _switch(value: object, _: Base) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    raise Wrong(f"expected true or false, found {shown(value)}", _switch_hint(word))


def _switch_hint(word: str) -> str | None:
    return "true" if word in _ON else "false" if word in _OFF else None


def _parse_switch(text: str) -> object:
    word = text.strip().lower()
    return True if word in _ON else False if word in _OFF else text


def _whole(value: object, _: Base) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise Wrong(f"expected a whole number from 1 on, found {shown(value)}")


def _parse_whole(text: str) -> object:
    return int(text) if _WHOLE.fullmatch(text.strip()) else text


def _seconds(value: object, _: Base) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 86_400:
        return float(value)
    raise Wrong(f"expected seconds, more than 0 and at most 86400, found {shown(value)}")


def _parse_seconds(text: str) -> object:
    return float(text) if _DECIMAL.fullmatch(text.strip()) else text


def _severity(value: object, _: Base) -> Severity:
    try:
        return Severity(_word(value))
    except ValueError:
        words = [severity.value for severity in Severity]
        raise Wrong(f"expected {', '.join(words)}; found {shown(value)}", nearest(str(value), words)) from None


def _path(value: object, base: Base) -> str:
    word = _word(value)
    if "\0" in word:
        raise Wrong("a path holds no NUL")
    return base.path(word)


def _word(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise Wrong(f"expected text, found {shown(value)}")


def _items(value: object) -> list[object] | tuple[object, ...]:
    if isinstance(value, (list, tuple)):
        return value
    raise Wrong(f"expected a list, found {shown(value)}")


def _parse_list(text: str) -> object:
    return [item.strip() for item in text.split(",") if item.strip()]


def _module(value: object, _: Base) -> str:
    word = _word(value)
    if _MODULE.fullmatch(word):
        return word
    hint = word.removesuffix(".py").strip("./").replace("/", ".")
    raise Wrong(
        f"expected a module's name such as 'shop.ports', found {shown(value)}",
        hint if _MODULE.fullmatch(hint) else None,
    )


def _paths(value: object, base: Base) -> tuple[str, ...]:
    return tuple(_path(item, base) for item in _items(value))


def _patterns(value: object, base: Base) -> tuple[str, ...]:
    return tuple(base.pattern(_word(item)) for item in _items(value))


def _codes(value: object, _: Base) -> tuple[str, ...]:
    return tuple(_code(_word(item)) for item in _items(value))


def _code(word: str) -> str:
    from portlint.knowledge import rule_metadata

    if not rule_metadata.chosen((word,)):
        raise Wrong(f"no rule has the code, prefix or name {shown(word)}", nearest(word, _rule_words()))
    return word


def _rule_words() -> list[str]:
    from portlint.knowledge import rule_metadata

    return [*rule_metadata.names(), *rule_metadata.names().values()]


def _port_ranges(value: object, _: Base) -> tuple[PortRange, ...]:
    return tuple(map(_port_range, _items(value)))


def _port_range(value: object) -> PortRange:
    match = None if isinstance(value, bool) else _RANGE.fullmatch(str(value).strip())
    if match is None:
        raise Wrong(f"expected a port or a range such as '8000-8010', found {shown(value)}")
    first, last = int(match[1]), int(match[2] or match[1])
    if not (FIRST_PORT <= first <= LAST_PORT and FIRST_PORT <= last <= LAST_PORT):
        raise Wrong(f"{match[0]} is out of range ({FIRST_PORT} to {LAST_PORT})")
    if first > last:
        raise Wrong(f"the range {match[0]} is reversed", f"{last}-{first}")
    return PortRange(first, last)


def _codes_by_pattern(value: object, base: Base) -> dict[str, tuple[str, ...]]:
    return {base.pattern(_word(key)): _codes(item, base) for key, item in _table(value).items()}


def _patterns_by_name(value: object, base: Base) -> dict[str, tuple[str, ...]]:
    return {_word(key): _patterns(item, base) for key, item in _table(value).items()}


def _table(value: object) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value
    raise Wrong(f"expected a table, found {shown(value)}")


def _list_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "array", "items": schema}


_TEXT_SCHEMA = {"type": "string", "pattern": r"\S"}
_CODE_SCHEMA = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9-]*$"}
_PORT_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": FIRST_PORT, "maximum": LAST_PORT},
        {"type": "string", "pattern": r"^[0-9]{1,5}( *- *[0-9]{1,5})?$"},
    ]
}

SWITCH = Kind(_switch, {"type": "boolean"}, _parse_switch)
WHOLE = Kind(_whole, {"type": "integer", "minimum": 1}, _parse_whole)
SECONDS = Kind(_seconds, {"type": "number", "exclusiveMinimum": 0, "maximum": 86_400}, _parse_seconds)
SEVERITY = Kind(_severity, {"enum": [severity.value for severity in Severity]}, str.strip)
PATH = Kind(_path, _TEXT_SCHEMA, str.strip)
MODULE = Kind(_module, {"type": "string", "pattern": f"^{_MODULE.pattern}$"}, str.strip)
PATHS = Kind(_paths, _list_of(_TEXT_SCHEMA), _parse_list)
PATTERNS = Kind(_patterns, _list_of(_TEXT_SCHEMA), _parse_list)
CODES = Kind(_codes, _list_of(_CODE_SCHEMA), _parse_list)
PORTS = Kind(_port_ranges, _list_of(_PORT_SCHEMA), _parse_list)
CODES_BY_PATTERN = Kind(_codes_by_pattern, {"type": "object", "additionalProperties": _list_of(_CODE_SCHEMA)})
PATTERNS_BY_NAME = Kind(_patterns_by_name, {"type": "object", "additionalProperties": _list_of(_TEXT_SCHEMA)})


def nearest(word: str, words: Iterable[str]) -> str | None:
    from difflib import get_close_matches

    known = {known.lower(): known for known in words}
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.6) if len(word) <= 60 else []
    return known[close[0]] if close else None


def shown(value: object) -> str:
    """A value of the user's, short, for a message."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
