"""`portlint generate`: each target, what runs it, and drift."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from portlint.generate import TARGETS, render
from portlint.registry import load_registry

REGISTRY = """\
ports:
  api: {default: 8000, env_var: API_PORT, range: [8000, 8009], aliases: [web],
        description: "The | API */ \\"of\\" $(x) the `shop`"}
  socket: {default: 9009, env_var: null, immutable: true, aliases: [web]}
  my-cache: {default: 6379, env_var: REDIS_PORT, environments: {production: 6380, testing: 6383-6390}, aliases: [cache]}
"""
SHELLS = [shell for shell in ("dash", "bash", "zsh", "sh") if shutil.which(shell)]


def registry(text: str = REGISTRY):
    found, errors = load_registry("ports.yaml", text.encode())
    assert errors == ()
    return found


@pytest.fixture
def shop(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    (tmp_path / "ports.yaml").write_text(REGISTRY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_says_what_made_it_and_is_the_same_each_time(target):
    text = render(registry(), target, "production")
    assert text == render(registry(), target, "production")
    assert text.endswith("\n")
    assert f"from ports.yaml; do not edit. To make it anew: portlint generate {target} --environment production" in text


def test_env():
    lines = render(registry(), "env").splitlines()
    assert [line for line in lines if line and line[0] != "#"] == ["REDIS_PORT=6379", "API_PORT=8000"]
    assert "REDIS_PORT=6380" in render(registry(), "env", "production")
    assert "REDIS_PORT=6383" in render(registry(), "env", "testing")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("api", (0, "8001")),
        ("socket", (0, "9009")),
        ("my-cache", (0, "6379")),
        ("cache", (0, "6379")),
        ("web", (1, "")),
        ("nothing", (1, "")),
        ("", (1, "")),
    ],
)
def test_a_script_is_sourced(shop, shell, words, expected):
    (shop / "ports.sh").write_text(render(registry(), "sh"))
    command = f". ./ports.sh; get_port {words}"
    environment = {"PATH": "/usr/bin:/bin", "API_PORT": "8001"}
    run = subprocess.run([shell, "-uc", command], env=environment, capture_output=True, text=True)
    assert (run.returncode, run.stdout.strip()) == expected


def test_a_script_sets_and_exports_what_is_not_set(shop):
    (shop / "ports.sh").write_text(render(registry(), "sh", "production"))
    command = ". ./ports.sh; env"
    run = subprocess.run(
        ["sh", "-c", command], env={"PATH": "/usr/bin:/bin", "API_PORT": ""}, capture_output=True, text=True
    )
    assert {"API_PORT=8000", "REDIS_PORT=6380"} <= set(run.stdout.splitlines())


def python(text: str):
    names: dict[str, object] = {"__name__": "ports"}
    exec(compile(text, "ports.py", "exec"), names)
    return names["get_port"]


@pytest.mark.parametrize(
    ("service", "environ", "expected"),
    [
        ("api", {}, 8000),
        ("api", {"API_PORT": "8009"}, 8009),
        ("api", {"API_PORT": ""}, 8000),
        ("api", {"API_PORT": "8010"}, "API_PORT is '8010'; api may have 8000 to 8009"),
        ("api", {"API_PORT": "x"}, "API_PORT is 'x'; api may have 8000 to 8009"),
        ("api", {"API_PORT": "٨٠٠٠"}, "API_PORT is '٨٠٠٠'; api may have 8000 to 8009"),
        ("socket", {"API_PORT": "8009"}, 9009),
        ("my-cache", {"REDIS_PORT": "0"}, "REDIS_PORT is '0'; my-cache may have 1 to 65535"),
        ("nothing", {}, KeyError),
    ],
)
def test_a_python_module(service, environ, expected):
    get_port = python(render(registry(), "python"))
    if isinstance(expected, int):
        assert get_port(service, environ) == expected
    elif isinstance(expected, str):
        with pytest.raises(ValueError, match="may have") as error:
            get_port(service, environ)
        assert str(error.value) == expected
    else:
        with pytest.raises(expected):
            get_port(service, environ)


def test_a_python_module_is_imported_without_a_warning(shop):
    (shop / "ports.py").write_text(render(registry(), "python"))
    run = subprocess.run([sys.executable, "-W", "error", "-c", "import ports; ports.get_port('api')"], cwd=shop)
    assert run.returncode == 0


def test_json():
    whole = json.loads(render(registry(), "json", "production"))
    assert whole["environment"] == "production"
    assert list(whole["ports"]) == ["my-cache", "api", "socket"]
    assert (whole["ports"]["my-cache"]["port"], whole["ports"]["my-cache"]["range"]) == (6380, [6380, 6380])
    assert whole["ports"]["api"]["description"] == 'The | API */ "of" $(x) the `shop`'


def test_typescript_is_an_object_of_javascript():
    text = render(registry(), "typescript")
    assert "export type ServiceName = keyof typeof ports;" in text
    assert '  "my-cache": { default: 6379, variable: "REDIS_PORT", first: 1, last: 65535 },' in text
    assert "/** The | API * / " in text


def test_a_page_keeps_all_but_the_table(shop, portlint):
    table = portlint("generate", "markdown")[1]
    first, last = table.splitlines()[0], table.splitlines()[-1]
    page = f"# Ports\r\n\r\n{first}\r\nold\r\n{last}\r\nbelow\r\n"
    (shop / "ports.md").write_bytes(page.encode())
    assert portlint("generate", "markdown", "-o", "ports.md", "--check")[0] == 1
    assert (shop / "ports.md").read_bytes() == page.encode(), "--check writes nothing"
    assert portlint("generate", "markdown", "-o", "ports.md")[0] == 0
    new = (shop / "ports.md").read_bytes().decode()
    assert new == "# Ports\r\n\r\n" + table.replace("\n", "\r\n") + "below\r\n"
    assert portlint("generate", "markdown", "-o", "ports.md", "--check")[0] == 0


def test_a_page_without_markers_is_left_alone(shop, portlint):
    (shop / "ports.md").write_text("# Ports\n")
    code, _, err = portlint("generate", "markdown", "-o", "ports.md")
    assert (code, (shop / "ports.md").read_text()) == (2, "# Ports\n")
    assert "put these two lines into it" in err


def test_a_table_can_be_imported_again(shop, portlint):
    (shop / "ports.md").write_text(portlint("generate", "markdown")[1])
    _, out, _ = portlint("init", "--from", "ports.md", "--dry-run")
    again, _ = load_registry("ports.yaml", out.encode())
    told = {
        (entry.default, entry.env_var, entry.range, tuple(entry.environments.items())) for entry in registry().entries
    }
    assert {(e.default, e.env_var, e.range, tuple(e.environments.items())) for e in again.entries} == told


@pytest.mark.parametrize(
    ("target", "file"),
    [(t, f"ports.{e}") for t, e in zip(TARGETS, ["env", "sh", "py", "ts", "md", "json"], strict=True)],
)
def test_drift_is_found_by_check(shop, portlint, target, file):
    def stale() -> list[str]:
        _, out, _ = portlint("check", "--select", "PORT601", "--output-format", "concise")
        return [line.partition(":")[0] for line in out.splitlines()]

    assert portlint("generate", target, "-o", file) == (0, "", "")
    assert portlint("generate", target, "-o", file, "--check")[0] == 0
    assert stale() == []
    text = (shop / file).read_bytes()
    (shop / file).write_bytes(text.replace(b"\n", b"\r\n"))
    assert stale() == [], "git may change the ends of lines"
    (shop / file).write_bytes(text.replace(b"8000", b"8001", 1))
    assert stale() == [file]
    (shop / file).write_bytes(text)
    (shop / "ports.yaml").write_text(REGISTRY.replace("8000, env", "8002, env"))
    assert stale() == [file]
    code, out, err = portlint("generate", target, "-o", file, "--check")
    assert (code, out) == (1, "")
    assert "PORT601" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("pyhton",), 'there is no "pyhton"; did you mean "python"?'),
        (("env", "--check"), "--check needs -o FILE"),
        (("env", "--environment", "prodution"), 'did you mean "production"?'),
        (("env", "-o", "nowhere/ports.env"), "nowhere/ports.env: cannot be written"),
        (("env", "--registry", "none.yaml"), "none.yaml: the registry is not there"),
    ],
)
def test_mistakes(shop, portlint, arguments, message):
    code, out, err = portlint("generate", *arguments)
    assert (code, out) == (2, "")
    assert message in err
