"""The data of `rules/python/`: its shape, its names, and, for the standard library, the real signatures."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from portlint.knowledge import rule_data

FILES = rule_data.names("python")
FOLDER = rule_data.rules_folder() / "python"
SCHEMA = json.loads((FOLDER / "schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
SECTIONS = ("calls", "lookups", "options", "objects")
SLOTS = ("port", "host", "url", "address", "ports")
MOST_BYTES = 120_000


def rows(section: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """File, path and rule of each entry of a section."""
    for name in FILES:
        for path, row in (rule_data.load(name).get(section) or {}).items():
            yield name, path, row


def third_party(path: str) -> str | None:
    """The top-level name of a library that is not part of Python."""
    root = path.split(".")[0]
    return root if root not in sys.stdlib_module_names and root != "*" else None


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", FILES)
def test_file_has_the_shape_of_the_schema(name: str) -> None:
    problems = [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in VALIDATOR.iter_errors(rule_data.load(name))
    ]
    assert problems == []


@pytest.mark.parametrize("name", FILES)
def test_file_is_simple_yaml(name: str) -> None:
    """No anchors, no aliases, no key twice in one mapping; a comment says where the knowledge comes from."""
    text = (FOLDER.parent / name).read_bytes()
    events = list(yaml.parse(text, Loader=yaml.CSafeLoader))
    assert not any(isinstance(e, yaml.AliasEvent) or getattr(e, "anchor", None) for e in events)
    document = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert isinstance(document, yaml.MappingNode)
    for _, section in document.value:
        if isinstance(section, yaml.MappingNode):
            assert [k for k, n in Counter(key.value for key, _ in section.value).items() if n > 1] == []
    assert text.startswith(b"# ")


@pytest.mark.parametrize("section", SECTIONS)
def test_no_path_stands_in_two_files(section: str) -> None:
    count = Counter(path for _, path, _ in rows(section))
    assert [path for path, n in count.items() if n > 1] == []


def test_services_are_those_of_the_ports_file() -> None:
    known = {service["name"] for service in rule_data.load("services/well-known.yaml")["services"]}
    used = {rule_data.load(name).get("service") for name in FILES} | {row.get("service") for _, _, row in rows("calls")}
    assert used - {None} - known == set()


def test_a_server_of_ones_own_is_no_well_known_service() -> None:
    """`redis.Redis` goes to Redis; what a call binds may be anything."""
    assert [path for _, path, row in rows("calls") if row.get("role") == "bind" and "service" in row] == []


def test_objects_are_of_classes_whose_methods_are_known() -> None:
    paths = {path for _, path, _ in rows("calls")}
    owners = {path.rpartition(".")[0] for path in paths} | paths | {path for _, path, _ in rows("objects")}
    owners |= {path.rpartition(".")[0] for path in owners}
    assert {owner for _, _, owner in rows("objects")} - owners == set()


def test_at_least_eighty_libraries() -> None:
    assert len({root for _, path, _ in rows("calls") if (root := third_party(path))}) >= 80


def test_all_files_together_are_small() -> None:
    """Every run reads them."""
    assert sum((FOLDER.parent / name).stat().st_size for name in FILES) <= MOST_BYTES


REFUSED = {
    "empty": {},
    "unknown section": {"call": {"a.b": {"port": [0, "port"]}}},
    "no dot": {"calls": {"connect": {"port": [0, "port"]}}},
    "method of any object in calls": {"calls": {"*.connect": {"port": [0, "port"]}}},
    "nothing but a host": {"calls": {"a.b": {"host": [0, "host"]}}},
    "one item": {"calls": {"a.b": {"port": [0]}}},
    "three items": {"calls": {"a.b": {"port": [0, "port", 1]}}},
    "neither position nor keyword": {"calls": {"a.b": {"port": [None, None]}}},
    "position as text": {"calls": {"a.b": {"port": ["0", "port"]}}},
    "position before the last": {"calls": {"a.b": {"port": [-2, None]}}},
    "unknown role": {"calls": {"a.b": {"port": [0, "port"], "role": "listen"}}},
    "unknown protocol": {"calls": {"a.b": {"port": [0, "port"], "protocol": "http"}}},
    "unknown key": {"calls": {"a.b": {"prot": [0, "port"]}}},
    "lookup without a value": {"lookups": {"a.b": {"name": [0, None]}}},
    "every method": {"options": {"*.*": {"default": [0, None]}}},
    "default that is no port": {"calls": {"a.b": {"port": [0, "port"], "role": "bind", "default": {"port": 0}}}},
    "default of a client": {"calls": {"a.b": {"port": [0, "port"], "default": {"port": 80}}}},
    "default address by name": {"calls": {"a.b": {"port": [0, None], "role": "bind", "default": {"address": "lo"}}}},
    "listens of a client": {"calls": {"a.b": {"port": [0, "port"], "listens": False}}},
    "condition without values": {"calls": {"a.b": {"port": [0, None], "role": "bind", "when": {"argument": [0, "x"]}}}},
    "object of no class": {"objects": {"a.b": "c"}},
    "option without content": {"options": {"a.b": {"names": True}}},
}
ACCEPTED = {
    "call": {"calls": {"depot.Client": {"port": [1, "port"], "host": [0, "host"], "role": "connect"}}},
    "service of the file": {"service": "redis", "calls": {"depot.Client": {"url": [None, "url"]}}},
    "last position": {"calls": {"depot.Client.send": {"address": [-1, None], "protocol": "udp"}}},
    "lookup": {"lookups": {"depot.setting": {"name": [0, None], "value": [1, "default"], "environment": True}}},
    "method of any object": {"lookups": {"*.setting": {"name": [0, None], "value": [1, None]}}},
    "any method of an object": {"lookups": {"depot.*": {"name": [0, None], "value": [1, None]}}},
    "bare function": {"lookups": {"getenv": {"name": [0, None], "value": [1, None]}}},
    "default": {
        "calls": {"a.b": {"port": [0, "port"], "role": "bind", "default": {"port": 8000, "address": "localhost"}}}
    },
    "listens": {"calls": {"a.b": {"port": [0, "port"], "role": "bind", "listens": False}}},
    "condition": {
        "calls": {"a.b": {"port": [0, "p"], "role": "bind", "when": {"argument": [0, "way"], "values": ["http"]}}}
    },
    "object": {"objects": {"depot.connect": "depot.Client"}},
    "option": {"options": {"*.add_knob": {"names": True, "default": [None, "default"], "prose": ["help"]}}},
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_schema_refuses(data: object) -> None:
    assert not VALIDATOR.is_valid(data)


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
def test_schema_accepts(data: object) -> None:
    assert VALIDATOR.is_valid(data)


def _found(path: str) -> tuple[Any, bool] | None:
    """What a dotted path names, and whether it is a method; None where this Python has no such module."""
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                thing: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            thing = getattr(thing, part)
        return thing, len(parts) - length == 2
    return None


def _signed() -> Iterator[tuple[str, dict[str, Any], list[inspect.Parameter]]]:
    """The rules for the standard library of this Python, with the parameters of the thing they speak of."""
    for _, path, row in rows("calls"):
        found = None if third_party(path) else _found(path)
        if found is None:
            continue
        thing, method = found
        target: Callable[..., Any] = thing.__init__ if inspect.isclass(thing) else thing
        try:
            parameters = list(inspect.signature(target).parameters.values())
        except ValueError:
            # Some built-in functions do not tell their signature.
            continue
        yield path, row, parameters[1:] if inspect.isclass(thing) or method else parameters


SIGNED = list(_signed())


@pytest.mark.parametrize(("path", "row", "parameters"), SIGNED, ids=[path for path, _, _ in SIGNED])
def test_positions_are_those_of_the_real_signature(
    path: str, row: dict[str, Any], parameters: list[inspect.Parameter]
) -> None:
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    keywords = {p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
    for key in SLOTS:
        position, keyword = row.get(key, (None, None))
        if keyword is not None:
            assert keyword in keywords, f"{path} has no keyword {keyword}"
        if position is not None:
            assert position < len(positional), f"{path} has no position {position}"
            if keyword is not None:
                assert positional[position] == keyword
