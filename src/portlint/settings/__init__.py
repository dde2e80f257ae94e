"""The settings: defaults < the nearest settings file < environment variables < flags.

A settings file is `portlint.toml`, `.portlint.toml`, or `pyproject.toml` with a table `[tool.portlint]`. The nearest
one counts, from the folder where the user stands up to the root; files are not merged. The names of settings are
written with hyphens (`fail-level`); `PORTLINT_FAIL_LEVEL` is the same in the environment. Paths and patterns are
relative to the folder of the file that holds them, and those of variables and flags to the folder where the user
stands; here they become relative to the root.

`KEYS` is the one table of settings: the loader, the JSON Schema and `config show` work by it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from portlint.algorithms.lazy_regex import regex
from portlint.errors import UserError
from portlint.model import PortRange, Settings, Severity
from portlint.settings.values import (
    CODES,
    CODES_BY_PATTERN,
    MODULE,
    PATH,
    PATHS,
    PATTERNS,
    PATTERNS_BY_NAME,
    PORTS,
    SECONDS,
    SEVERITY,
    SWITCH,
    WHOLE,
    Base,
    Kind,
    Wrong,
    nearest,
    shown,
)

if TYPE_CHECKING:
    from portlint.files.reader import Contents, Tree
    from portlint.syntax.toml import Route

FILES = ("portlint.toml", ".portlint.toml", "pyproject.toml")
"""where settings are looked for in each folder, in this order"""
MAX_BYTES = 256_000
"""of a settings file"""
_MAX_PYPROJECT = 8_000_000
"""A longer `pyproject.toml` is not even searched for the table."""

_TOML_PLACE = regex(r" ?\(at (?:line ([0-9]+), column [0-9]+|end of document)\)")


class SettingsProblem(Struct, frozen=True):
    """One mistake in the settings. Its text is `portlint.toml:3: message (did you mean 'fail-level'?)`."""

    place: str
    """`path:line`, an environment variable, or a flag"""
    message: str
    hint: str | None = None
    """the nearest right word"""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" (did you mean {self.hint!r}?)" if self.hint else "")


class SettingsError(UserError):
    """The settings cannot be used. Its text is one line for each mistake."""

    def __init__(self, problems: tuple[SettingsProblem, ...]) -> None:
        super().__init__(*map(str, problems))
        self.problems = problems


class LoadedSettings(Struct, frozen=True):
    settings: Settings
    origins: Mapping[str, str]
    """of each setting, by its name: `default`, `portlint.toml:3`, `environment PORTLINT_JOBS`, `flag --jobs`"""
    root: Path
    """absolute; what all paths and patterns of the settings are relative to"""
    file: str | None
    """the settings file, relative to the root; None where there is none"""


class Row(Struct, frozen=True):
    """One line of `config show`."""

    key: str
    value: str
    """as TOML; empty where the setting has no value"""
    origin: str


class Key(Struct, frozen=True):
    """A setting."""

    name: str
    """as a settings file writes it"""
    kind: Kind
    help: str

    @property
    def field(self) -> str:
        """of `Settings`"""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str | None:
        """the environment variable; None for a table, which fits into none"""
        return f"PORTLINT_{self.field.upper()}" if self.kind.parse else None


KEYS = (
    Key("select", CODES, "The rules that run: codes, prefixes (`PORT2`) or names; empty: all."),
    Key("ignore", CODES, "Rules that do not run."),
    Key("per-file-ignores", CODES_BY_PATTERN, "Rules that do not run in the files that a pattern matches."),
    Key("fail-level", SEVERITY, "The mildest severity that makes `check` fail."),
    Key("registry", PATH, "The registry; without it, the first that is there of the usual places."),
    Key("baseline", PATH, "The file with the findings that are accepted for now, which `portlint baseline` writes."),
    Key("exclude", PATTERNS, "Files and folders that are not looked at, as `.gitignore` writes them."),
    Key("force-exclude", SWITCH, "`exclude` holds for files that are named on the command line, too."),
    Key("tests", PATTERNS, "Test files, where the rules of `test-ignores` do not run."),
    Key("test-ignores", CODES, "Rules that do not run in test, generated and vendored files."),
    Key("generated-ignores", CODES, "Rules that do not run in generated files besides."),
    Key("vendored", PATTERNS, "Files of others, where the rules of `test-ignores` do not run."),
    Key("environments", PATTERNS_BY_NAME, "Which files belong to which environment, beside what the registry says."),
    Key("allow", PORTS, "Ports that are allowed everywhere."),
    Key("max-file-size", WHOLE, "Bytes; a larger file is not checked, and reported."),
    Key("timeout", SECONDS, "Seconds of processor time that one file may take."),
    Key("jobs", WHOLE, "Worker processes; without it, one for each core."),
    Key("rules", PATHS, "Your own files of the shape of `rules/python/*.yaml`."),
    Key("constants-module", MODULE, "The Python module, such as `shop.ports`, to whose constants fixes refer."),
)  # fmt: skip
_BY_NAME = {key.name: key for key in KEYS}


def find_root(start: Path) -> Path:
    """The root for a user who stands in the folder `start`.

    That is the nearest folder upwards with a `.git`; else the nearest with a settings file; else `start` itself.
    """
    start = _absolute(start)
    for folder in (start, *start.parents):
        if os.path.lexists(folder / ".git"):
            return folder
    try:
        found = _find(start, Path(start.anchor), {})
    except SettingsError:
        return start
    return found.path.parent if found else start


def _absolute(folder: Path) -> Path:
    """Links stay as the user named them, so that a path of theirs stays inside their root."""
    return Path(os.path.abspath(folder))  # noqa: PTH100


def places(root: Path, start: Path) -> tuple[str, ...]:
    """The paths, relative to the root, where the settings of a user may lie who stands in the folder `start`."""
    root, start = _absolute(root), _absolute(start)
    folders = [folder for folder in (start, *start.parents) if folder.is_relative_to(root)] or [root]
    return tuple((folder / name).relative_to(root).as_posix() for folder in folders for name in FILES)


def load_settings(
    root: Path,
    start: Path,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    contents: Contents | None = None,
) -> LoadedSettings:
    """The settings for a user who stands in the folder `start` of the tree `root` (see `find_root`).

    flags: by the setting's name (`fail-level`); None is "not given". A value is text, as it would be in an
    environment variable, or what TOML would have (a bool, a number, a list). environ: the environment's variables;
    an empty one is not set. contents: of settings files that are not read from disk. Raises SettingsError with all
    mistakes; KeyError for a flag that is no setting.
    """
    root, start = _absolute(root), _absolute(start)
    loading = _Loading(root)
    found = _find(start, root, contents or {})
    if found is not None:
        loading.file(found)
    here = Base(start, root)
    for key in KEYS:
        if key.variable is not None and environ.get(key.variable):
            loading.text(key, environ[key.variable], here, key.variable, f"environment {key.variable}")
    for name, value in flags.items():
        if value is None:
            continue
        key, place = _BY_NAME[name], f"--{name}"
        if isinstance(value, str) and key.kind.parse is not None:
            loading.text(key, value, here, place, f"flag {place}")
        else:
            loading.value(key, value, here, place, f"flag {place}")
    if loading.problems:
        raise SettingsError(tuple(loading.problems))
    file = Base(root, root).path(str(found.path)) if found else None
    return LoadedSettings(Settings(**loading.values), loading.origins, root, file)


class _File(Struct, frozen=True):
    """A settings file: its table, and where the table is in it."""

    path: Path
    name: str
    """as messages call it"""
    table: object
    route: Route
    lines: Mapping[Route, int]


class _Loading(Struct):
    """Settings in the making: a later origin replaces the value of an earlier one."""

    root: Path
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_BY_NAME, "default"))
    problems: list[SettingsProblem] = field(default_factory=list)

    def file(self, file: _File) -> None:
        base = Base(file.path.parent, self.root)
        if not isinstance(file.table, Mapping):
            place = f"{file.name}:{file.lines.get(file.route, 1)}"
            self.problems.append(SettingsProblem(place, f"expected a table, found {shown(file.table)}"))
            return
        for name, value in file.table.items():
            place = f"{file.name}:{file.lines.get((*file.route, name), 1)}"
            if name in _BY_NAME:
                self.value(_BY_NAME[name], value, base, place, place)
            else:
                hint = nearest(name.replace("_", "-"), _BY_NAME)
                self.problems.append(SettingsProblem(place, f"there is no setting {shown(name)}", hint))

    def text(self, key: Key, text: str, base: Base, place: str, origin: str) -> None:
        assert key.kind.parse is not None
        self.value(key, key.kind.parse(text), base, place, origin)

    def value(self, key: Key, value: object, base: Base, place: str, origin: str) -> None:
        try:
            self.values[key.field] = key.kind.read(value, base)
            self.origins[key.name] = origin
        except Wrong as wrong:
            message = wrong.message if place.startswith(("-", "PORTLINT_")) else f"{key.name}: {wrong.message}"
            self.problems.append(SettingsProblem(place, message, wrong.hint))


def _find(start: Path, root: Path, contents: Contents) -> _File | None:
    """The nearest settings file, from `start` up to `root`. Raises SettingsError where one cannot be read."""
    folders = [start, *start.parents] if start.is_relative_to(root) else [root]
    for folder in folders:
        inner = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
        held = {name: contents[inner + name] for name in FILES if inner + name in contents}
        names = [name for name in FILES if name in held or os.path.lexists(folder / name)]
        found = _first(folder, names, held, root) if names else None
        if found is not None or folder == root:
            return found
    return None


def _first(folder: Path, names: list[str], held: Contents, root: Path) -> _File | None:
    from portlint.files.reader import Tree

    try:
        with Tree(folder, held) as tree:
            files = (_read(tree, folder, name, root) for name in names if tree.has(name))
            return next((file for file in files if file is not None), None)
    except OSError as error:
        raise _failure(Base(root, root).path(str(folder)), f"cannot be read: {error.strerror}") from None


def _read(tree: Tree, folder: Path, name: str, root: Path) -> _File | None:
    """The settings of one file; None for a `pyproject.toml` without any. Raises SettingsError."""
    from portlint.files.reader import Unread, Why

    called = Base(root, root).path(str(folder / name))
    data = tree.read(name, _MAX_PYPROJECT if name == FILES[-1] else MAX_BYTES)
    if isinstance(data, Unread):
        if name == FILES[-1] and data.why in (Why.LINK, Why.SPECIAL):
            return None
        raise _failure(called, data.reason)
    return _file(folder / name, called, data)


def table_of(path: str, data: bytes) -> tuple[Mapping[str, object], Mapping[str, int]]:
    """The settings that a file holds, by name, and the line of each; both are empty for a file without any.

    path: relative to the root. Raises SettingsError.
    """
    file = _file(Path(path), path, data)
    if file is None or not isinstance(file.table, Mapping):
        return {}, {}
    return file.table, {name: file.lines.get((*file.route, name), 1) for name in file.table}


def _file(path: Path, called: str, data: bytes) -> _File | None:
    shared = path.name == FILES[-1]
    if shared and b"portlint" not in data:
        return None
    if len(data) > MAX_BYTES:
        raise _failure(called, f"larger than {MAX_BYTES:,} bytes")
    document, lines = _parsed(data, called)
    route: Route = ("tool", "portlint") if shared else ()
    table: object = document
    for part in route:
        if not isinstance(table, Mapping) or part not in table:
            return None
        table = table[part]
    return _File(path, called, table, route, lines)


def _parsed(data: bytes, called: str) -> tuple[dict[str, Any], dict[Route, int]]:
    from portlint.syntax.toml import TooDeep, TooManyParts, load

    try:
        return load(data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n"))
    except TooManyParts as error:
        raise _failure(f"{called}:{error.line}", str(error)) from None
    except TooDeep as error:
        raise _failure(called, str(error)) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _failure(f"{called}:{line}", f"not UTF-8 text (byte 0x{data[error.start]:02x})") from None
    except ValueError as error:
        place = _TOML_PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else data.rstrip().count(b"\n") + 1
        raise _failure(f"{called}:{line}", f"not TOML: {_TOML_PLACE.sub('', str(error))}") from None


def _failure(place: str, message: str) -> SettingsError:
    return SettingsError((SettingsProblem(place, message),))


def settings_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `portlint.toml` and of `[tool.portlint]`."""
    defaults = Settings()
    properties: dict[str, Any] = {}
    for key in KEYS:
        properties[key.name] = {**key.kind.schema, "description": key.help}
        default = _plain(getattr(defaults, key.field))
        if default is not None:
            properties[key.name]["default"] = default
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of portlint",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def describe(loaded: LoadedSettings) -> tuple[Row, ...]:
    """Each setting with its value as TOML and where the value comes from, in the order of `KEYS`."""
    return tuple(
        Row(key.name, _toml(_plain(getattr(loaded.settings, key.field))), loaded.origins[key.name]) for key in KEYS
    )


def _plain(value: object) -> Any:
    """A value of `Settings` as TOML and JSON have it."""
    if isinstance(value, PortRange):
        return value.start if value.start == value.end else str(value)
    if isinstance(value, Severity):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _toml(value: Any) -> str:
    import json

    match value:
        case None:
            return ""
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            pairs = ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items())
            return f"{{{pairs and f' {pairs} '}}}"
        case _:
            # A JSON string is a basic string of TOML; so are its numbers and its true and false.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
