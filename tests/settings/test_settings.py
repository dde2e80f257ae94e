"""The settings: where they are found, how they are checked, and what `config show` and `config schema` say of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec.structs import fields

from portlint.errors import UserError
from portlint.model import PortRange, Settings, Severity
from portlint.settings import (
    KEYS,
    MAX_BYTES,
    LoadedSettings,
    SettingsError,
    describe,
    find_root,
    load_settings,
    settings_schema,
)
from portlint.syntax.toml import MAX_PARTS
from support.paths import FIXTURES

FOLDER = FIXTURES / "settings"
WRONG = sorted(file.with_suffix(".toml") for file in FOLDER.glob("*.errors"))
NOT_FOR_A_SCHEMA = {"not-toml", "twice", "wrong-words", "wrong-ports"}
"""Mistakes of the text, and words that only portlint knows."""

Loader = Any


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    """Writes files into an empty tree, and loads the settings for somebody who stands in `start`."""

    def run(
        files: Mapping[str, str | bytes],
        start: str = ".",
        flags: Mapping[str, object] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> LoadedSettings:
        (tmp_path / start).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return load_settings(tmp_path, tmp_path / start, flags or {}, environ or {})

    return run


def mistakes(load: Loader, *args: Any, **kwargs: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(*args, **kwargs)
    return str(caught.value).splitlines()


def test_defaults(load: Loader) -> None:
    loaded = load({})
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.file is None


def test_each_setting_from_a_file(load: Loader) -> None:
    loaded = load({"portlint.toml": (FOLDER / "all.toml").read_bytes()})
    assert loaded.settings == Settings(
        select=("PORT1", "wrong-port-for-service"),
        ignore=("PORT102",),
        per_file_ignores={"scripts/*.py": ("PORT101", "unregistered-port")},
        fail_level=Severity.ERROR,
        registry="config/ports.yaml",
        baseline="config/baseline.json",
        exclude=("build/", "/deploy/old/**", "!deploy/old/keep.yml"),
        force_exclude=True,
        tests=("checks/",),
        test_ignores=(),
        generated_ignores=("PORT4",),
        vendored=("lib/",),
        environments={"production": (".env.live", "deploy/live/**")},
        allow=(PortRange(80, 80), PortRange(443, 443), PortRange(9000, 9010)),
        max_file_size=100_000,
        timeout=2.5,
        jobs=3,
        rules=("lint/http.yaml",),
        constants_module="shop.ports",
    )
    assert loaded.file == "portlint.toml"
    assert loaded.origins["select"] == "portlint.toml:2"
    assert loaded.origins["per-file-ignores"] == "portlint.toml:20"
    assert "default" not in loaded.origins.values()


def test_pyproject(load: Loader) -> None:
    loaded = load({"pyproject.toml": (FOLDER / "pyproject.toml").read_bytes()})
    assert loaded.settings == Settings(
        fail_level=Severity.INFO,
        exclude=("build/", "dist/"),
        jobs=2,
        per_file_ignores={"a.py": ("PORT101",)},
        environments={"production": (".env.live",)},
    )
    found = {key: origin for key, origin in loaded.origins.items() if origin != "default"}
    assert found == {
        "fail-level": "pyproject.toml:12",
        "exclude": "pyproject.toml:13",
        "jobs": "pyproject.toml:17",
        "per-file-ignores": "pyproject.toml:18",
        "environments": "pyproject.toml:20",
    }


@pytest.mark.parametrize("file", WRONG, ids=lambda file: file.stem)
def test_every_mistake_is_reported_with_its_line(load: Loader, file: Path) -> None:
    expected = file.with_suffix(".errors").read_text("utf-8").splitlines()
    assert mistakes(load, {"portlint.toml": file.read_bytes()}) == expected


@pytest.mark.parametrize("file", [f for f in WRONG if f.stem not in NOT_FOR_A_SCHEMA], ids=lambda file: file.stem)
def test_the_schema_refuses_what_the_loader_refuses(file: Path) -> None:
    document = json.loads(json.dumps(tomllib.loads(file.read_text("utf-8")), default=str))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, settings_schema())


def test_the_schema_accepts_what_the_loader_accepts() -> None:
    jsonschema.Draft202012Validator.check_schema(settings_schema())
    jsonschema.validate(tomllib.loads((FOLDER / "all.toml").read_text("utf-8")), settings_schema())
    document = tomllib.loads((FOLDER / "pyproject.toml").read_text("utf-8"))
    jsonschema.validate(document["tool"]["portlint"], settings_schema())


def test_the_schema_names_every_setting_and_its_default() -> None:
    properties = settings_schema()["properties"]
    assert list(properties) == [key.name for key in KEYS]
    defaults = {name: entry["default"] for name, entry in properties.items() if "default" in entry}
    jsonschema.validate(defaults, settings_schema())
    assert defaults["allow"] == [80, 443]
    assert set(properties) - set(defaults) == {"registry", "baseline", "jobs", "constants-module"}
    assert all(entry["description"].endswith(".") for entry in properties.values())


def test_the_table_of_settings_is_the_model() -> None:
    assert [key.field for key in KEYS] == [f.name for f in fields(Settings)]


def test_a_mistake_of_the_user_ends_with_exit_code_2() -> None:
    assert issubclass(SettingsError, UserError)


NEAREST = [
    ({"portlint.toml": "jobs = 1", ".portlint.toml": "jobs = 2", "pyproject.toml": "tool.portlint.jobs = 3"}, 1),
    ({".portlint.toml": "jobs = 2", "pyproject.toml": "tool.portlint.jobs = 3"}, 2),
    ({"pyproject.toml": "tool.portlint.jobs = 3"}, 3),
    ({"pyproject.toml": "[tool]\nportlint = { jobs = 3 }"}, 3),
    ({"portlint.toml": "jobs = 1", "a/.portlint.toml": "jobs = 2"}, 2),
    ({"portlint.toml": "jobs = 1", "a/b/pyproject.toml": "[tool.portlint]\njobs = 3"}, 3),
    ({"portlint.toml": "jobs = 1", "a/b/pyproject.toml": "[tool.ruff]\nline-length = 9"}, 1),
    ({"portlint.toml": "jobs = 1", "a/b/pyproject.toml": "# portlint\n[tool.ruff]"}, 1),
    ({"portlint.toml": "jobs = 1", "a/b/pyproject.toml": "this is [no TOML, and not ours"}, 1),
    ({"portlint.toml": "jobs = 1", "a/b/c/portlint.toml": "jobs = 4"}, 1),
    ({"a/b/portlint.toml": ""}, None),
]


@pytest.mark.parametrize(("files", "jobs"), NEAREST)
def test_the_nearest_file_counts(load: Loader, files: dict[str, str], jobs: int | None) -> None:
    assert load(files, start="a/b").settings.jobs == jobs


def test_files_are_not_merged(load: Loader) -> None:
    assert load({"portlint.toml": "jobs = 1", "a/portlint.toml": "timeout = 2"}, start="a").settings.jobs is None


def test_nothing_above_the_root_counts(tmp_path: Path) -> None:
    (tmp_path / "portlint.toml").write_text("jobs = 1")
    (tmp_path / "tree").mkdir()
    assert load_settings(tmp_path / "tree", tmp_path / "tree", {}, {}).settings.jobs is None


def test_somebody_outside_of_the_root_gets_its_settings(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "portlint.toml").write_text('exclude = ["a/b"]')
    (tmp_path / "portlint.toml").write_text("jobs = 1")
    loaded = load_settings(tmp_path / "tree", tmp_path, {"registry": "p.yaml"}, {})
    assert (loaded.settings.jobs, loaded.settings.exclude) == (None, ("a/b",))
    assert loaded.settings.registry == (tmp_path / "p.yaml").as_posix()


def test_paths_and_patterns_are_relative_to_their_file(load: Loader) -> None:
    text = """
        registry = "config/ports.yaml"
        rules = ["../shared.yaml"]
        exclude = ["build/", "/dist", "gen/*.py", "!keep.py", "*.min.js"]
        [per-file-ignores]
        "cli/*.py" = ["PORT101"]
        [environments]
        production = [".env.live"]
    """
    settings = load({"shop/a[1]/portlint.toml": text}, start="shop/a[1]").settings
    assert settings.registry == "shop/a[1]/config/ports.yaml"
    assert settings.rules == ("shop/shared.yaml",)
    assert settings.exclude == (
        r"/shop/a\[1\]/**/build/",
        r"/shop/a\[1\]/dist",
        r"/shop/a\[1\]/gen/*.py",
        r"!/shop/a\[1\]/**/keep.py",
        r"/shop/a\[1\]/**/*.min.js",
    )
    assert settings.per_file_ignores == {r"/shop/a\[1\]/cli/*.py": ("PORT101",)}
    assert settings.environments == {"production": (r"/shop/a\[1\]/**/.env.live",)}


def test_paths_of_flags_and_variables_are_relative_to_where_the_user_stands(load: Loader) -> None:
    loaded = load({}, start="shop", flags={"registry": "../ports.yaml"}, environ={"PORTLINT_EXCLUDE": "gen/, /a"})
    assert loaded.settings.registry == "ports.yaml"
    assert loaded.settings.exclude == ("/shop/**/gen/", "/shop/a")


def test_a_registry_outside_of_the_root_is_absolute(load: Loader, tmp_path: Path) -> None:
    settings = load({"portlint.toml": 'registry = "../other/ports.yaml"'}).settings
    assert settings.registry == (tmp_path.parent / "other" / "ports.yaml").as_posix()


def test_flags_beat_variables_beat_the_file(load: Loader) -> None:
    files = {"portlint.toml": "jobs = 1\ntimeout = 1\nmax-file-size = 1\n"}
    environ = {"PORTLINT_TIMEOUT": "2", "PORTLINT_MAX_FILE_SIZE": "2"}
    loaded = load(files, flags={"max-file-size": "3", "fail-level": None}, environ=environ)
    assert (loaded.settings.jobs, loaded.settings.timeout, loaded.settings.max_file_size) == (1, 2.0, 3)
    assert loaded.origins["jobs"] == "portlint.toml:1"
    assert loaded.origins["timeout"] == "environment PORTLINT_TIMEOUT"
    assert loaded.origins["max-file-size"] == "flag --max-file-size"
    assert loaded.origins["fail-level"] == "default"


@pytest.mark.parametrize(
    ("name", "text", "field", "expected"),
    [
        ("REGISTRY", "config/ports.yaml", "registry", "config/ports.yaml"),
        ("FAIL_LEVEL", "error", "fail_level", Severity.ERROR),
        ("SELECT", "PORT101, PORT2", "select", ("PORT101", "PORT2")),
        ("IGNORE", "hardcoded-port,", "ignore", ("hardcoded-port",)),
        ("EXCLUDE", "build/,dist/", "exclude", ("build/", "dist/")),
        ("FORCE_EXCLUDE", "1", "force_exclude", True),
        ("FORCE_EXCLUDE", "No", "force_exclude", False),
        ("TESTS", "checks/", "tests", ("checks/",)),
        ("TEST_IGNORES", "PORT102", "test_ignores", ("PORT102",)),
        ("VENDORED", "lib/", "vendored", ("lib/",)),
        ("ALLOW", "80,8000-8010", "allow", (PortRange(80, 80), PortRange(8000, 8010))),
        ("MAX_FILE_SIZE", "1000", "max_file_size", 1000),
        ("TIMEOUT", "0.5", "timeout", 0.5),
        ("JOBS", " 4 ", "jobs", 4),
        ("JOBS", "", "jobs", None),
        ("RULES", "a.yaml,b.yaml", "rules", ("a.yaml", "b.yaml")),
    ],
)
def test_variables(load: Loader, name: str, text: str, field: str, expected: object) -> None:
    assert getattr(load({}, environ={f"PORTLINT_{name}": text}).settings, field) == expected


def test_tables_fit_into_no_variable() -> None:
    assert [key.name for key in KEYS if key.variable is None] == ["per-file-ignores", "environments"]


@pytest.mark.parametrize(
    ("flags", "environ", "expected"),
    [
        ({}, {"PORTLINT_JOBS": "many"}, "PORTLINT_JOBS: expected a whole number from 1 on, found 'many'"),
        ({}, {"PORTLINT_FORCE_EXCLUDE": "maybe"}, "PORTLINT_FORCE_EXCLUDE: expected true or false, found 'maybe'"),
        (
            {"fail-level": "eror"},
            {},
            "--fail-level: expected error, warning, info; found 'eror' (did you mean 'error'?)",
        ),
        ({"allow": "80,99999"}, {}, "--allow: 99999 is out of range (1 to 65535)"),
        ({"jobs": True}, {}, "--jobs: expected a whole number from 1 on, found true"),
        ({"registry": "a\0b"}, {}, "--registry: a path holds no NUL"),
        ({"timeout": float("nan")}, {}, "--timeout: expected seconds, more than 0 and at most 86400, found nan"),
    ],
)
def test_mistakes_in_flags_and_variables(
    load: Loader, flags: dict[str, object], environ: dict[str, str], expected: str
) -> None:
    assert mistakes(load, {}, flags=flags, environ=environ) == [expected]


def test_all_mistakes_of_all_origins_are_given(load: Loader) -> None:
    found = mistakes(
        load, {"portlint.toml": "jobs = 0\njbos = 1"}, flags={"timeout": "0"}, environ={"PORTLINT_ALLOW": "0"}
    )
    assert [line.split(": ")[0] for line in found] == [
        "portlint.toml:1",
        "portlint.toml:2",
        "PORTLINT_ALLOW",
        "--timeout",
    ]


def test_flags_may_have_the_values_of_toml(load: Loader) -> None:
    flags = {"select": ["PORT101"], "force-exclude": True, "jobs": 2, "allow": (80, "90-99")}
    settings = load({}, flags=flags).settings
    assert (settings.select, settings.force_exclude, settings.jobs) == (("PORT101",), True, 2)
    assert settings.allow == (PortRange(80, 80), PortRange(90, 99))


def test_a_flag_that_is_no_setting_is_a_bug(load: Loader) -> None:
    with pytest.raises(KeyError):
        load({}, flags={"output-format": "json"})


@pytest.mark.parametrize("word", ["PORT101", "PORT1", "PORT", "hardcoded-port"])
def test_rules_are_chosen_by_code_prefix_and_name(load: Loader, word: str) -> None:
    assert load({"portlint.toml": f'select = ["{word}"]'}).settings.select == (word,)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbfjobs = 0", "portlint.toml:1: jobs: expected a whole number from 1 on, found 0"),
        (b"\r\n\r\njobs = 0\r\n", "portlint.toml:3: jobs: expected a whole number from 1 on, found 0"),
        (b"jobs = 2\n# \xff\n", "portlint.toml:2: not UTF-8 text (byte 0xff)"),
        (b"#" * (MAX_BYTES + 1), f"portlint.toml: larger than {MAX_BYTES:,} bytes ({MAX_BYTES + 1:,})"),
        (b"\n" + b"a." * 50_000 + b"a = 1", f"portlint.toml:2: a key of more than {MAX_PARTS} parts"),
        (b"[" + b"a . " * 50_000 + b"a]", f"portlint.toml:1: a key of more than {MAX_PARTS} parts"),
        (b"x = { " + b"'a'." * 50_000 + b"a = 1 }", f"portlint.toml:1: a key of more than {MAX_PARTS} parts"),
        (b"a = " + b"[" * 100_000, "portlint.toml: nested too deeply"),
        (b"jobs = " + b"9" * 5_000, "portlint.toml:1: not TOML: "),
        (b"\n\n[portlint]\njobs = 2", "portlint.toml:3: there is no setting 'portlint'"),
    ],
    ids=["bom", "crlf", "latin-1", "large", "parts", "header", "inline", "deep", "digits", "header"],
)
def test_hostile_files(load: Loader, data: bytes, expected: str) -> None:
    assert mistakes(load, {"portlint.toml": data})[0].startswith(expected)


def test_a_large_pyproject_is_of_interest_only_with_our_name(load: Loader) -> None:
    filler = b"# " + b"x" * MAX_BYTES
    assert load({"pyproject.toml": filler}).settings == Settings()
    assert mistakes(load, {"pyproject.toml": b"[tool.portlint]\n" + filler}) == [
        f"pyproject.toml: larger than {MAX_BYTES:,} bytes"
    ]


def test_a_broken_pyproject_with_our_name_is_a_mistake(load: Loader) -> None:
    assert mistakes(load, {"pyproject.toml": "[tool.portlint]\njobs = \n"}) == [
        "pyproject.toml:2: not TOML: Invalid value"
    ]
    assert mistakes(load, {"pyproject.toml": "[tool]\nportlint = 3\n"}) == [
        "pyproject.toml:2: expected a table, found 3"
    ]


def test_settings_are_not_read_through_links_or_from_pipes(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("jobs = 1")
    (tmp_path / "portlint.toml").symlink_to(tmp_path / "secret")
    assert mistakes(load, {}) == ["portlint.toml: a symbolic link, which is not followed"]
    (tmp_path / "portlint.toml").unlink()
    os.mkfifo(tmp_path / "portlint.toml")
    assert mistakes(load, {}) == ["portlint.toml: not a regular file"]
    (tmp_path / "portlint.toml").unlink()
    (tmp_path / "pyproject.toml").symlink_to(tmp_path / "secret")
    assert load({}).settings == Settings()


def test_find_root(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_root(inner) == inner
    (tmp_path / "a" / "portlint.toml").write_text("")
    assert find_root(inner) == tmp_path / "a"
    (tmp_path / ".git").write_text("gitdir: elsewhere")
    assert find_root(inner) == tmp_path, "a repository beats a settings file"
    assert find_root(tmp_path) == tmp_path


def test_find_root_passes_over_settings_that_cannot_be_read(tmp_path: Path) -> None:
    inner = tmp_path / "a"
    inner.mkdir()
    (tmp_path / "portlint.toml").write_text("not toml")
    assert find_root(inner) == inner


def test_describe_gives_toml_that_loads_again(load: Loader, tmp_path: Path) -> None:
    loaded = load({"portlint.toml": (FOLDER / "all.toml").read_bytes()})
    described = describe(loaded)
    assert [row.key for row in described] == [key.name for key in KEYS]
    again = load({"portlint.toml": "".join(f"{row.key} = {row.value}\n" for row in described)})
    assert again.settings == loaded.settings
    assert described[0].origin == "portlint.toml:2"


def test_describe_leaves_empty_what_has_no_value(load: Loader) -> None:
    values = {row.key: row.value for row in describe(load({}))}
    assert values["registry"] == values["jobs"] == ""
    assert values["environments"] == "{}"
    assert values["fail-level"] == '"warning"'
    assert values["allow"] == "[80, 443]"


def test_without_a_settings_file_nothing_heavy_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from portlint.settings import load_settings\n"
        "load_settings(Path.cwd(), Path.cwd(), {'jobs': '2'}, {})\n"
        "print(sorted({'yaml', 'tomllib', 'difflib', 'json'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
