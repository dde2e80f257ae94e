"""Every file of `rules/` has a schema, fits it, and would not fit it with a typo at any place."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from jsonschema import Draft202012Validator

from portlint.knowledge import rule_data
from portlint.knowledge.well_known import by_name

RULES = rule_data.rules_folder()
FILES = sorted(str(path.relative_to(RULES)) for path in RULES.rglob("*.yaml"))
SCHEMAS = sorted(str(path.relative_to(RULES)) for path in RULES.rglob("*schema.json"))
OF_A_FOLDER = {"catalogue": "schemas/card.schema.json", "python": "python/schema.json"}
OF_USERS = {"ports.schema.json"}
"""the schema of a file that users write, of which `rules/` has none"""


def schema_name(file: str) -> str:
    """The schema of a rule file, both relative to `rules/`."""
    path = Path(file)
    return OF_A_FOLDER.get(str(path.parent), f"schemas/{path.stem}.schema.json")


@cache
def schema(name: str) -> Mapping[str, Any]:
    return json.loads((RULES / name).read_bytes())  # type: ignore[no-any-return]


def parsed(file: str) -> Any:
    return yaml.load((RULES / file).read_bytes(), Loader=yaml.CSafeLoader)


def problems(name: str, data: object) -> list[str]:
    found = Draft202012Validator(schema(name)).iter_errors(data)
    return [f"{'/'.join(map(str, each.absolute_path))}: {each.message}" for each in found]


class Place(NamedTuple):
    """A place in the data at which the schema says which words there may be."""

    key: tuple[str | int, ...]
    """the way to it"""
    is_key: bool
    """the last key of the way is one of the schema's; otherwise the value is one of a few words"""


def places(name: str, data: Any) -> Iterator[Place]:
    """One place for each word of the schema that the data uses: the first."""
    seen: set[tuple[int, str]] = set()

    def walk(part: Mapping[str, Any], value: Any, way: tuple[str | int, ...]) -> Iterator[Place]:
        while "$ref" in part:
            part = schema(name)["$defs"][part["$ref"].rpartition("/")[2]]
        if "enum" in part and isinstance(value, str) and (id(part), value) not in seen:
            seen.add((id(part), value))
            yield Place(way, is_key=False)
        if isinstance(value, dict):
            for key, inner in value.items():
                known = part.get("properties", {}).get(key)
                if known is not None and (id(part), key) not in seen:
                    seen.add((id(part), key))
                    yield Place((*way, key), is_key=True)
                below = known if known is not None else part.get("additionalProperties")
                if isinstance(below, dict):
                    yield from walk(below, inner, (*way, key))
        if isinstance(value, list) and isinstance(part.get("items"), dict):
            for number, inner in enumerate(value):
                yield from walk(part["items"], inner, (*way, number))

    yield from walk(schema(name), data, ())


def with_typo(data: Any, place: Place) -> Any:
    """The data with a letter doubled at the place."""
    data = copy.deepcopy(data)
    *way, last = place.key
    at = data
    for key in way:
        at = at[key]
    if place.is_key:
        at[f"{last}{str(last)[-1]}"] = at.pop(last)
    else:
        at[last] += at[last][-1]
    return data


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one(name):
    Draft202012Validator.check_schema(schema(name))


def test_each_file_has_a_schema_and_each_schema_a_file():
    assert {schema_name(file) for file in FILES} | OF_USERS == set(SCHEMAS)


@pytest.mark.parametrize("file", FILES)
def test_a_file_fits_its_schema(file):
    assert problems(schema_name(file), parsed(file)) == []


@pytest.mark.parametrize("file", FILES)
def test_a_typo_is_refused(file):
    data = parsed(file)
    found = [*places(schema_name(file), data)]
    assert any(place.is_key for place in found)
    assert [place for place in found if not problems(schema_name(file), with_typo(data, place))] == []


@pytest.mark.parametrize("file", [file for file in FILES if schema_name(file) != "python/schema.json"])
def test_a_list_of_words_takes_nothing_else_and_no_word_twice(file):
    data = parsed(file)
    lists = [key for key, value in data.items() if isinstance(value, list) and isinstance(value[0], str)]
    for key in lists:
        for more in (data[key][0], False, 1.5, None):
            assert problems(schema_name(file), {**data, key: [*data[key], more]}), (key, more)


def described(part: Any, way: str = "") -> Iterator[str]:
    """The keys of a schema that nothing describes, neither beside them nor where they are defined."""
    if isinstance(part, list):
        for inner in part:
            yield from described(inner, way)
    elif isinstance(part, dict):
        for key, inner in part.get("properties", {}).items():
            if "description" not in inner:
                yield f"{way}/{key}"
        for key, inner in part.items():
            if isinstance(inner, dict | list):
                yield from described(inner, f"{way}/{key}")


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name.startswith("schemas/")])
def test_each_key_is_described(name):
    assert schema(name)["title"] and schema(name)["description"]
    assert [*described(schema(name))] == []


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name not in OF_USERS])
def test_nothing_else_is_allowed(name):
    """A mapping has keys of the schema's alone, or any key with a value of one shape."""

    def open_ones(part: Any, way: str) -> Iterator[str]:
        if isinstance(part, dict):
            if part.get("type") == "object" and part.get("additionalProperties", True) is True:
                yield way
            for key, inner in part.items():
                yield from open_ones(inner, f"{way}/{key}")

    assert [*open_ones(schema(name), "")] == []


def test_commands_name_services_that_are_known():
    def named(rows: Mapping[str, Any]) -> Iterator[str]:
        for row in rows.values():
            yield from [row["name"]] if "name" in row else []
            yield from named(row.get("sub", {}))

    assert set(named(rule_data.load("formats/commands.yaml")["commands"])) <= by_name().keys()
