"""The registry loader, its schema, and what `registry list` and `registry show` say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import fields

from portlint.knowledge import rule_data
from portlint.model import Entry, PortRange, Registry
from portlint.registry import load_registry, look_up, rows, schema
from portlint.registry.document import MAX_ALIASED, MAX_BYTES
from support.paths import FIXTURES

FOLDER = FIXTURES / "registry"
VALID = sorted((FOLDER / "valid").iterdir())
INVALID = sorted((FOLDER / "invalid").glob("*.yaml"))
EVERYTHING = (FOLDER / "valid" / "everything.yaml").read_bytes()

BEYOND_A_SCHEMA = {"duplicates", "reversed", "not-yaml", "tab", "two-documents", "aliases", "merge", "tags"}
"""Mistakes of the text, or of two values against each other, which a JSON Schema does not see."""


def load(text: str | bytes) -> Registry:
    registry, errors = load_registry("ports.yaml", text.encode() if isinstance(text, str) else text)
    assert errors == ()
    assert registry is not None
    return registry


def mistakes(text: str | bytes) -> list[str]:
    registry, errors = load_registry("ports.yaml", text.encode() if isinstance(text, str) else text)
    assert registry is None
    return [str(error) for error in errors]


def entry(text: str | bytes, name: str) -> Entry:
    found = load(text).entry(name)
    assert found is not None
    return found


def ports_schema() -> dict[str, Any]:
    return json.loads((rule_data.rules_folder() / "ports.schema.json").read_bytes())  # type: ignore[no-any-return]


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.name)
def test_valid_registries_load_and_fit_the_schema(file: Path) -> None:
    load(file.read_bytes())
    jsonschema.validate(yaml.safe_load(file.read_bytes()), ports_schema())


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_every_mistake_is_reported_with_its_place(file: Path) -> None:
    assert mistakes(file.read_bytes()) == file.with_suffix(".errors").read_text("utf-8").splitlines()


@pytest.mark.parametrize("file", [f for f in INVALID if f.stem not in BEYOND_A_SCHEMA], ids=lambda file: file.stem)
def test_the_schema_refuses_what_the_loader_refuses(file: Path) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(json.dumps(yaml.safe_load(file.read_bytes()))), ports_schema())


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(ports_schema())


@pytest.mark.parametrize(
    ("keys", "route"),
    [
        (schema.ROOT, []),
        (schema.CONFLICT_DETECTION, ["properties", "conflict_detection"]),
        (schema.ENTRY, ["$defs", "entry"]),
        (schema.HEALTH, ["$defs", "health"]),
        (schema.BLOCK, ["$defs", "block"]),
        (schema.RESERVATION, ["$defs", "reservation"]),
    ],
)
def test_the_schema_and_the_loader_know_the_same_keys(keys: dict[str, schema.Kind], route: list[str]) -> None:
    part = ports_schema()
    for step in route:
        part = part[step]
    assert list(part["properties"]) == list(keys)
    assert part["additionalProperties"] is False
    assert part["patternProperties"] == {f"^{schema.OWN_KEYS}": True}


def test_the_schema_and_the_loader_know_the_same_words() -> None:
    properties = ports_schema()["$defs"]["entry"]["properties"]
    assert properties["exposure"]["enum"] == [*schema.CHOICES[schema.Kind.EXPOSURE], None]
    assert properties["protocol"]["enum"] == [*schema.CHOICES[schema.Kind.PROTOCOL], None]


def test_each_key_of_an_entry_is_a_field_of_the_model() -> None:
    assert set(schema.ENTRY) - {"health"} == {f.name for f in fields(Entry)} - {"name", "span", "positions"}


def test_a_synonym_is_no_key_and_leads_to_one() -> None:
    levels = (schema.ROOT, schema.ENTRY, schema.BLOCK, schema.RESERVATION)
    known = {key for level in levels for key in level}
    assert set(schema.SYNONYMS.values()) <= known


def test_every_value_of_an_entry() -> None:
    api = entry(EVERYTHING, "api")
    values = {f.name: getattr(api, f.name) for f in fields(Entry) if f.name not in ("span", "positions")}
    assert values == {
        "name": "api",
        "default": 8000,
        "env_var": "SHOP_API_PORT",
        "description": "Orders and carts",
        "range": PortRange(8000, 8009),
        "container_port": 8080,
        "environments": {
            "production": PortRange(8000, 8000),
            "staging": PortRange(8100, 8100),
            "testing": PortRange(8200, 8210),
        },
        "aliases": ("backend", "shop-api"),
        "exposure": "internal",
        "optional": True,
        "immutable": False,
        "conflict_check": True,
        "protocol": "tcp",
        "repository": "shop/api",
        "url_prefix": "/api/v1",
    }


def test_the_other_sections() -> None:
    registry = load(EVERYTHING)
    assert [(b.name, str(b.ports), b.description) for b in registry.blocks] == [
        ("core", "8000-8099", "What customers reach"),
        ("tools", "9000-9099", ""),
    ]
    assert [(str(r.ports), r.service) for r in registry.reserved] == [("3000", "Grafana"), ("6000-6063", "")]
    assert registry.environments == {
        "production": (".env.production", "deploy/prod/**"),
        "testing": (".env.test",),
    }
    assert registry.conflict_detection is False


POSITIONS = {
    "default": "8000",
    "env_var": "SHOP_API_PORT",
    "description": "Orders and carts",
    "range": "[8000, 8009]",
    "container_port": "8080",
    "environments": "{production: 8000, staging: 8100, testing: 8200-8210}",
    "environments.production": "8000",
    "environments.staging": "8100",
    "environments.testing": "8200-8210",
    "aliases": "[backend, shop-api]",
    "aliases[0]": "backend",
    "aliases[1]": "shop-api",
    "exposure": "internal",
    "optional": "true",
    "immutable": "false",
    "conflict_check": "true",
    "protocol": "tcp",
    "repository": "shop/api",
    "url_prefix": "/api/v1",
    "health": "{http: /health, expect: 200}",
}


@pytest.mark.parametrize(
    "data",
    [
        EVERYTHING,
        EVERYTHING.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + EVERYTHING,
        "# Größe 🍰\n".encode() + EVERYTHING.replace(b"Grafana", "Grafäna".encode()),
        b"\xef\xbb\xbf# \xc3\xa9\r\n" + EVERYTHING.replace(b"\n", b"\r\n"),
    ],
    ids=["plain", "crlf", "bom", "not-ascii", "all-of-it"],
)
def test_positions_are_those_of_the_file(data: bytes) -> None:
    api = entry(data, "api")
    assert {key: data[span.start : span.end].decode() for key, span in api.positions.items()} == POSITIONS
    assert data[api.span.start : api.span.end] == b"api"
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    for key, text in POSITIONS.items():
        span = api.positions[key]
        assert lines[span.line - 1].decode()[span.column - 1 :].startswith(text)


def test_positions_of_blocks_and_reservations() -> None:
    registry = load(EVERYTHING)
    spans = [*(b.span for b in registry.blocks), *(r.span for r in registry.reserved)]
    assert [EVERYTHING[span.start : span.end] for span in spans] == [b"core", b"tools", b"3000", b"6000-6063"]


def test_a_value_that_was_not_written_has_the_place_of_the_name() -> None:
    ticker = entry(EVERYTHING, "ticker")
    assert ticker.where("container_port") == ticker.span
    assert ticker.where("default") != ticker.span


def test_null_is_not_written() -> None:
    found = entry("ports: {a: {default: 1, env_var: null, range: ~, aliases: , optional: }}", "a")
    assert (found.env_var, found.range, found.aliases, found.optional) == (None, None, (), False)
    assert "env_var" in found.positions


def test_a_quoted_number_is_a_port_and_its_place_is_inside_the_quotes() -> None:
    data = b'ports: {a: {default: "8000", range: "8000 - 8009"}}'
    found = entry(data, "a")
    assert (found.default, found.range) == (8000, PortRange(8000, 8009))
    assert data[found.where("default").start : found.where("default").end] == b"8000"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("[8000, 8009]", "8000-8009"), ("8000-8009", "8000-8009"), ("8000 - 8009", "8000-8009"), ("8000", "8000")],
)
def test_ways_to_write_a_range(value: str, expected: str) -> None:
    found = entry(f"ports: {{a: {{default: 8000, range: {value}, environments: {{test: {value}}}}}}}", "a")
    assert str(found.range) == str(found.environments["test"]) == expected
    assert str(load(f"ports: {{}}\nreserved: [{{port: {value}}}]").reserved[0].ports) == expected
    assert str(load(f"ports: {{}}\nranges: {{a: {{ports: {value}}}}}").blocks[0].ports) == expected


def test_a_default_outside_its_range_loads() -> None:
    assert entry("ports: {a: {default: 9000, range: 8000-8009}}", "a").default == 9000


def test_two_entries_with_one_port_load() -> None:
    assert len(load("ports: {a: {default: 1}, b: {default: 1}}").entries) == 2


def test_anchors_and_merge_keys() -> None:
    data = (FOLDER / "valid" / "anchors.yaml").read_bytes()
    orders, stock, relay = (entry(data, name) for name in ("orders", "stock", "relay"))
    assert (orders.default, orders.exposure) == (7100, "internal")
    assert (stock.exposure, stock.optional, stock.protocol) == ("internal", True, "tcp"), "the first merged one wins"
    assert relay.exposure == "public", "what is written beats what is merged"
    span = orders.where("default")
    assert data[span.start : span.end] == b"*first", "a scalar's place is where the entry says it"
    assert orders.where("exposure").line == 2, "a merged value stands where it is written"


def test_an_aliased_entry_is_judged_once() -> None:
    assert mistakes("x-e: &e {default: 0}\nports: {a: *e, b: *e}") == [
        "ports.yaml:1:19: port 0 asks the system for any free port; it cannot be registered"
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"ports: \xff", "1:8: the registry is not UTF-8 text (byte 0xff)"),
        ("ports: {}".encode("utf-16"), "1:1: the registry is UTF-16 text; save it as UTF-8"),
        (b"ports:\n  a: \x00", "2:6: not YAML: control characters are not allowed (character 0x00)"),
        ("é: é\nports: \x07".encode(), "2:8: not YAML: control characters are not allowed (character 0x07)"),
        (b"\xef\xbb\xbfports: {\n", "2:1: not YAML: did not find expected node content (while parsing a flow node)"),
        (b" " * MAX_BYTES + b" ", f"1:1: the registry is larger than {MAX_BYTES} bytes"),
        (b"[" * 100_000, "1:65: nested more than 64 levels deep"),
        (b"a: " + b"{a: " * 100_000, "1:256: nested more than 64 levels deep"),
        (b"ports: &a {b: *a}", "1:15: no anchor 'a' ends before this alias"),
    ],
    ids=["latin-1", "utf-16", "nul", "bell", "bom", "large", "deep-list", "deep-map", "circle"],
)
def test_hostile_bytes(data: bytes, expected: str) -> None:
    assert mistakes(data)[0] == f"ports.yaml:{expected}"


@pytest.mark.parametrize("joint", ["*{0}, *{0}", "<<: [*{0}, *{0}]"], ids=["aliases", "merges"])
def test_aliases_that_multiply_are_stopped(joint: str) -> None:
    is_merge = "<<" in joint
    first = "x-0: &a0 {k: v}" if is_merge else "x-0: &a0 [1, 2]"
    lines = [first]
    for number in range(1, 40):
        inner = joint.format(f"a{number - 1}")
        lines.append(f"x-{number}: &a{number} " + (f"{{{inner}, k{number}: v}}" if is_merge else f"[{inner}]"))
    assert [line.partition(": ")[2] for line in mistakes("\n".join([*lines * 40, "ports: {}"]))[:1]] == [
        f"aliases and merge keys stand for more than {MAX_ALIASED} nodes"
    ]


def test_thousands_of_mistakes_are_cut_short() -> None:
    found = mistakes("ports:\n" + "".join(f"  a{n}: {{defualt: {n}}}\n" for n in range(5000)))
    assert len(found) == 101
    assert found[-1] == "ports.yaml:1:1: only the first 100 errors are listed"


def test_a_word_of_the_file_is_shortened_and_made_printable() -> None:
    assert mistakes(f'ports: {{}}\n"{"k" * 5000}": 1')[0].count("k") < 70
    assert mistakes('ports: {}\n"a\\e[31m": 1') == [r"ports.yaml:2:2: a registry has no key 'a\x1b[31m'"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.integers(0, len(EVERYTHING)), st.integers(0, 40))
def test_no_bytes_make_it_raise(noise: bytes, at: int, cut: int) -> None:
    data = EVERYTHING[:at] + noise + EVERYTHING[at + cut :]
    registry, errors = load_registry("ports.yaml", data)
    assert (registry is None) == bool(errors)
    assert all(0 <= error.span.start <= error.span.end <= len(data) for error in errors)


def test_rows_for_a_person() -> None:
    by_name = {row.name: row for row in rows(load(EVERYTHING))}
    assert list(by_name) == ["dns", "api", "ticker"], "by port"
    api = by_name["api"]
    assert (api.port, api.variable, api.range) == ("8000", "SHOP_API_PORT", "8000-8009")
    assert api.environments == "production 8000, staging 8100, testing 8200-8210"
    assert api.notes == "optional, internal"
    assert (by_name["ticker"].variable, by_name["ticker"].notes) == ("", "immutable")
    assert by_name["dns"].notes == "public, both"


@pytest.mark.parametrize(
    ("word", "entries", "others"),
    [
        ("8000", [("api", "default")], ["core"]),
        ("8080", [("api", "container port")], ["core"]),
        ("8005", [("api", "range")], ["core"]),
        ("8205", [("api", "environment testing")], []),
        ("9009", [("ticker", "default")], ["tools"]),
        ("6001", [], ["6000-6063"]),
        ("api", [("api", "name")], []),
        ("backend", [("api", "alias")], []),
        ("SHOP_API_PORT", [("api", "variable")], []),
        ("core", [], ["core"]),
        ("1", [], []),
        ("99999999999999999999", [], []),
    ],
)
def test_look_up(word: str, entries: list[tuple[str, str]], others: list[str]) -> None:
    answer = look_up(load(EVERYTHING), word)
    assert [(entry.name, relation) for entry, relation in answer.entries] == entries
    assert [block.name for block in answer.blocks] + [str(r.ports) for r in answer.reserved] == others
    assert bool(answer) == bool(entries or others)


def test_look_up_puts_the_nearest_relation_first() -> None:
    registry = load("ports: {a: {default: 1, range: 1-9}, b: {default: 5}, c: {default: 7, container_port: 5}}")
    assert [entry.name for entry, _ in look_up(registry, "5").entries] == ["b", "c", "a"]


def test_look_up_names_the_nearest() -> None:
    assert look_up(load(EVERYTHING), "tickr").nearest == "ticker"
    assert look_up(load(EVERYTHING), "shop_api_prt").nearest == "SHOP_API_PORT"
    assert look_up(load(EVERYTHING), "quite different").nearest is None


WELL_KNOWN = rule_data.load("services/well-known.yaml")


@pytest.mark.parametrize("service", WELL_KNOWN["services"], ids=lambda service: service["name"])
def test_well_known_services_are_complete(service: dict[str, Any]) -> None:
    known = {"name", "ports", "more_ports", "protocol", "words", "images", "data_store", "http", "framework"}
    assert set(service) <= known
    assert service["ports"]
    assert all(1 <= port <= 65535 for port in (*service["ports"], *service.get("more_ports", [])))
    assert not set(service["ports"]) & set(service.get("more_ports", []))
    assert service.get("protocol", "tcp") in ("tcp", "udp", "both")
    assert all(word.isalnum() and word == word.lower() for word in service["words"])
    assert all(image == image.lower() and ":" not in image for image in service["images"])


def test_a_word_an_image_and_a_name_mean_one_service() -> None:
    services = WELL_KNOWN["services"]
    for words in (
        [service["name"] for service in services],
        [word for service in services for word in service["words"]],
        [image for service in services for image in service["images"]],
    ):
        assert len(words) == len(set(words))


def test_the_most_asked_ports_are_known() -> None:
    by_name = {service["name"]: service["ports"] for service in WELL_KNOWN["services"]}
    expected = {"postgres": 5432, "redis": 6379, "mongodb": 27017, "rabbitmq": 5672, "ollama": 11434, "vite": 5173}
    assert {name: by_name[name][0] for name in expected} == expected
    assert {6000, 6665, 6669, 10080, 2049, 5060} <= set(WELL_KNOWN["browser_blocked"])
    assert not {80, 443, 3000, 8000, 8080} & set(WELL_KNOWN["browser_blocked"])
    taken = {str(row["ports"]) for row in WELL_KNOWN["system_taken"]}
    assert {"5000", "7000", "30000-32767"} <= taken
    assert [row["ports"] for row in WELL_KNOWN["ephemeral"]] == ["32768-60999", "49152-65535"]
