"""Which port a service has by the registry and the variables, before anybody looks at sockets."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from portlint.errors import UserError
from portlint.ports import (
    NoFreePortError,
    PortError,
    PortRegistry,
    PortValueError,
    Refusal,
    RegistryUnusableError,
    UnknownEnvironmentError,
    UnknownServiceError,
)
from portlint.ports.loading import load
from support.listening import registry

REGISTRY = """\
ports:
  api: {default: 8000, env_var: API_PORT, range: 8000-8009, aliases: [backend, shared]}
  redis:
    default: 6379
    env_var: REDIS_PORT
    environments: {production: 6380, staging: 6381, testing: 6383-6390}
    aliases: [cache, shared]
  fixed: {default: 9009, env_var: null, immutable: true}
  odd: {default: 7000, env_var: ODD_PORT, range: 7100-7109}
"""


def ports(folder: Path, environ: Mapping[str, str] | None = None, text: str = REGISTRY) -> PortRegistry:
    return PortRegistry(load(registry(folder, text), {}), environ or {})


@pytest.mark.parametrize(
    ("service", "environment", "environ", "port"),
    [
        ("api", None, {}, 8000),
        ("api", None, {"API_PORT": "8004"}, 8004),
        ("api", None, {"API_PORT": " 8004\r\n"}, 8004),
        ("api", None, {"API_PORT": ""}, 8000),
        ("backend", None, {"API_PORT": "8009"}, 8009),
        ("api", "production", {"API_PORT": "8009"}, 8009),
        ("redis", None, {}, 6379),
        ("redis", None, {"REDIS_PORT": "50000"}, 50000),
        ("redis", "production", {}, 6380),
        ("redis", "prod", {}, 6380),
        ("redis", "Staging", {}, 6381),
        ("redis", "development", {}, 6379),
        ("redis", "test", {}, 6383),
        ("redis", "testing", {"REDIS_PORT": "6390"}, 6390),
        ("cache", "production", {"REDIS_PORT": "6380"}, 6380),
        ("fixed", None, {"FIXED_PORT": "1"}, 9009),
        ("odd", None, {"ODD_PORT": "7105"}, 7105),
    ],
)
def test_the_variable_first_then_the_environment_then_the_default(
    tmp_path: Path, service: str, environment: str | None, environ: dict[str, str], port: int
) -> None:
    assert ports(tmp_path, environ).get_port(service, environment) == port


@pytest.mark.parametrize("value", ["abc", "8_000", "08000", "0x1F40", "8000.0", "-8000", "+8000", "８０００", "80 00"])
def test_what_is_no_port_number_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(PortValueError) as caught:
        ports(tmp_path, {"API_PORT": value}).get_port("api")
    line = str(caught.value)
    assert f"API_PORT is {value!r}, not a port number; api may have 8000-8009 (" in line
    assert line.endswith("ports.yaml:2)")
    assert "\n" not in line
    assert (caught.value.variable, caught.value.value, caught.value.number) == ("API_PORT", value, None)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("service", "environment", "variable", "value", "said"),
    [
        ("api", None, "API_PORT", "7999", "API_PORT is '7999'; api may have 8000-8009 ("),
        ("api", None, "API_PORT", "0", "api may have 8000-8009 ("),
        ("api", None, "API_PORT", "9" * 500, "api may have 8000-8009 ("),
        ("redis", None, "REDIS_PORT", "0", "REDIS_PORT is '0'; redis may have 1-65535 ("),
        ("redis", None, "REDIS_PORT", "65536", "redis may have 1-65535 ("),
        ("redis", "production", "REDIS_PORT", "6381", "redis may have 6380 ("),
        ("redis", "ci", "REDIS_PORT", "6391", "redis may have 6383-6390 ("),
        ("redis", None, "REDIS_PORT", "tcp://10.0.0.1:6379", "enableServiceLinks"),
        ("api", None, "API_PORT", "8000\x1b[2J\n", "'8000\\x1b[2J\\n', not a port number"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_variable_and_range(
    tmp_path: Path, service: str, environment: str | None, variable: str, value: str, said: str
) -> None:
    with pytest.raises(PortValueError) as caught:
        ports(tmp_path, {variable: value}).get_port(service, environment)
    line = str(caught.value)
    assert said in line
    assert line.startswith(f"{variable} is ")
    assert line.isprintable()
    assert len(line) < 400


def test_a_default_outside_its_own_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PortValueError, match=r"ports\.yaml:9: the default 7000 of odd is not in 7100-7109"):
        ports(tmp_path).get_port("odd")


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("apii", "there is no service 'apii'; did you mean \"api\"?"),
        ("cach", 'did you mean "cache"?'),
        ("zzz", "there is no service 'zzz'"),
        ("shared", "'shared' is an alias of several services: api, redis"),
        ("a\nb", "there is no service 'a\\nb'"),
    ],
)
def test_an_unknown_service_names_the_nearest(tmp_path: Path, service: str, said: str) -> None:
    with pytest.raises(UnknownServiceError) as caught:
        ports(tmp_path).get_port(service)
    assert said in str(caught.value)
    assert isinstance(caught.value, LookupError)


def test_an_unknown_environment_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(
        UnknownEnvironmentError, match=r"there is no environment 'prodution'; did you mean \"production\""
    ):
        ports(tmp_path).get_port("redis", "prodution")


def test_the_registry_s_spelling_of_an_environment_is_kept(tmp_path: Path) -> None:
    text = "ports:\n  db: {default: 5432, environments: {prod: 5433, blue: 5434}}\n"
    live = ports(tmp_path, text=text)
    assert [live.get_port("db", word) for word in ("prod", "production", "live", "blue", "BLUE", "dev")] == [
        5433, 5433, 5433, 5434, 5434, 5432,
    ]  # fmt: skip


def test_list_ports_gives_every_service(tmp_path: Path) -> None:
    live = ports(tmp_path, {"API_PORT": "8001", "ODD_PORT": "7100"})
    assert live.list_ports() == {"api": 8001, "redis": 6379, "fixed": 9009, "odd": 7100}
    assert live.list_ports("production")["redis"] == 6380


def test_variables_are_those_of_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = PortRegistry.load(registry(tmp_path, REGISTRY))
    monkeypatch.setenv("API_PORT", "8005")
    assert live.get_port("api") == 8005
    monkeypatch.delenv("API_PORT")
    assert live.get_port("api") == 8000


@pytest.mark.parametrize(
    ("place", "settings"), [("ports.yaml", ""), ("config/ports.yaml", ""), ("etc/p.yaml", 'registry = "etc/p.yaml"\n')]
)
def test_the_registry_is_found_from_a_folder_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, settings: str
) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(REGISTRY)
    (tmp_path / "portlint.toml").write_text(settings)
    (tmp_path / "src" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "src" / "deep")
    live = PortRegistry.load()
    assert live.get_port("api") == 8000
    assert live.root == tmp_path
    assert PortRegistry.load(tmp_path).get_port("api") == 8000


def test_the_variable_of_the_settings_names_a_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.yaml").write_text(REGISTRY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTLINT_REGISTRY", "other.yaml")
    assert PortRegistry.load().get_port("api") == 8000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, ["there is no registry in "]),
        ("ports:\n  api: {default: 80x}\n  db: {defualt: 1}\n", ["ports.yaml:2:18: ", "ports.yaml:3:8: "]),
    ],
)
def test_a_registry_that_cannot_be_used_is_one_line_for_each_mistake(
    tmp_path: Path, text: str | None, said: list[str]
) -> None:
    if text is not None:
        registry(tmp_path, text)
    with pytest.raises(RegistryUnusableError) as caught:
        PortRegistry.load(tmp_path)
    assert len(caught.value.lines) == len(said)
    assert all(part in line for part, line in zip(said, caught.value.lines, strict=True))


def test_a_missing_file_and_a_link_out_of_the_repository_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryUnusableError, match=r"nowhere\.yaml: the registry is not there"):
        PortRegistry.load(tmp_path / "nowhere.yaml")
    (tmp_path / "ports.yaml").symlink_to("/etc/hostname")
    with pytest.raises(RegistryUnusableError, match="symbolic link"):
        PortRegistry.load(tmp_path)


def test_errors_survive_the_way_to_another_process(tmp_path: Path) -> None:
    with pytest.raises(PortValueError) as caught:
        ports(tmp_path, {"API_PORT": "1"}).get_port("api")
    full = NoFreePortError.of("api", tuple(Refusal(port, "reserved") for port in range(8000, 8020)))
    for error in (caught.value, full):
        again = pickle.loads(pickle.dumps(error))
        assert str(again) == str(error)
        assert again.__dict__ == error.__dict__
        assert isinstance(again, PortError)
        assert isinstance(again, UserError)
    assert str(full).endswith("; 8009 is reserved; 10 more are taken as well")


def test_the_import_needs_no_large_library() -> None:
    code = """
import sys
from portlint.ports import PortRegistry, PortValueError
print(*sorted({"libcst", "yaml", "ruamel", "psutil", "portlint.model"} & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "\n"


def test_only_public_names_are_there() -> None:
    import portlint.ports

    assert all(hasattr(portlint.ports, name) for name in portlint.ports.__all__)
    with pytest.raises(AttributeError, match="no attribute 'PortManager'"):
        portlint.ports.PortManager  # noqa: B018
