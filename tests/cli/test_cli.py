"""The command line: the commands, their flags, and what goes to which stream."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from importlib import import_module

import pytest

from portlint import __version__, cli
from portlint.cli.arguments import parser_of
from portlint.model import Settings
from portlint.pipeline.memory_run import run_on_memory
from support.commandline import FILES, codes, fill


def test_named_files_narrow_what_is_reported_not_what_is_known(root, portlint):
    _, everything, _ = portlint("check", "--output-format", "jsonl")
    _, main, _ = portlint("check", "--output-format", "jsonl", "app/main.py")
    _, env, _ = portlint("check", "--output-format", "jsonl", ".env", "logo.png")
    assert codes(main) == [("app/main.py", "PORT103")]
    assert codes(env) == [(".env", "PORT401"), (".env", "PORT102")]
    assert sorted(main.splitlines() + env.splitlines()) == sorted(everything.splitlines())


def test_select_and_ignore(root, portlint):
    def found(*arguments):
        return {code for _, code in codes(portlint("check", "--output-format", "jsonl", *arguments)[1])}

    assert found() == {"PORT102", "PORT103", "PORT401"}
    assert found("--select", "PORT1") == {"PORT102", "PORT103"}
    assert found("--select", "PORT102,PORT401", "--select=PORT103") == {"PORT102", "PORT103", "PORT401"}
    assert found("--ignore", "fallback-mismatch") == {"PORT102", "PORT401"}


def test_the_inventory_needs_no_registry_and_no_sound_one(root, portlint):
    fill(root, {"ports.yaml": "- of another kind\n"})
    code, out, err = portlint("ports", "app")
    assert code == 0
    assert "8001  1 place\n" in out
    assert "portlint: note: the registry is not used: ports.yaml:1:1: " in err
    assert err.splitlines()[-1].startswith("portlint: 2 files checked, 0 skipped, 0 not checked; 2 port literals; ")


def test_without_a_registry_there_is_a_hint_and_no_claim(root, portlint):
    (root / "ports.yaml").unlink()
    code, _, err = portlint("check")
    assert code in (0, 1)
    assert "portlint: note: there is no registry (ports.yaml)" in err
    assert "there is no registry" not in portlint("check", "-q")[2]


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("help",)])
def test_help(portlint, arguments):
    code, out, err = portlint(*arguments)
    assert (code, err) == (0, "")
    assert all(f"  {command} " in out for command in cli.COMMANDS)


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_help_of_each_command(portlint, command):
    code, out, err = portlint(command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: portlint {command} ")
    assert portlint("help", command) == (0, out, "")


def test_version(portlint):
    assert portlint("--version") == (0, f"portlint {__version__}\n", "")


def test_the_version_imports_next_to_nothing():
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys; from portlint import cli; cli.main(['--version']); print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    heavy = {
        "argparse",
        "dataclasses",
        "msgspec",
        "portlint.model",
        "portlint.pipeline.run",
        "yaml",
        "libcst",
        "pathspec",
        "ruamel",
    }
    assert heavy.isdisjoint(loaded)


def test_several_outputs_in_one_run(root, portlint):
    code, out, _ = portlint("check", "--output-format", "concise", "--output-format", "json:out.json")
    assert code == 1
    whole = json.loads((root / "out.json").read_text())
    assert len(out.splitlines()) == len(whole["findings"]) == 3
    assert whole["summary"]["error"] == 2


def test_ports_in_each_format(root, portlint):
    code, out, err = portlint("ports", "--format", "jsonl")
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["path"], row["port"]) for row in rows] == [
        (".env", 8002), (".env", 5432), ("app/main.py", 8001), ("app/ok.py", 8000), ("ports.yaml", 8000),
        ("ports.yaml", 6379),
    ]  # fmt: skip
    assert "6 port literals" in err
    assert portlint("ports", "--format", "csv")[1].count("\n") == 7
    assert len(json.loads(portlint("ports", "--format", "json")[1])["ports"]) == 6
    assert "8002  1 place\n" in portlint("ports")[1]


def test_prose_only_when_asked_for(root, portlint):
    fill(root, {"app/ok.py": "# answers on port 8000\nx = 1\n"})
    plain, prose = (portlint("ports", "app/ok.py", "--format", "jsonl", *more)[1] for more in ((), ("--prose",)))
    assert plain == ""
    assert json.loads(prose)["port"] == 8000


def test_no_secret_in_any_output(root, portlint):
    outputs = [portlint("check", "--output-format", format) for format in ("full", "concise", "json", "jsonl")]
    outputs += [portlint("ports", "--format", format) for format in ("text", "json", "jsonl", "csv")]
    assert "hunter2" not in str(outputs)


def test_paths_are_shown_as_the_user_would_write_them(root, portlint, monkeypatch):
    monkeypatch.chdir(root / "app")
    _, out, _ = portlint("check", "--output-format", "concise")
    assert out.startswith("main.py:2:35: PORT103 ")
    assert portlint("check", "..", "--output-format", "concise")[1].startswith("../.env:1:10: PORT401 ")
    assert '"path": "app/main.py"' in portlint("check", "--output-format", "jsonl")[1]


def test_excludes_and_force_exclude(root, portlint):
    assert codes(portlint("check", "--exclude", "app/", "--output-format", "jsonl")[1]) == [
        (".env", "PORT401"), (".env", "PORT102"), ("ports.yaml", "PORT508"),
    ]  # fmt: skip
    assert portlint("check", "--exclude", "app/", "app/main.py")[0] == 1
    code, _, err = portlint("check", "--exclude", "app/", "--force-exclude", "app/main.py", "app")
    assert code == 0
    assert err.startswith("portlint: 0 files checked, ")


def test_show_files(root, portlint):
    assert portlint("check", "--show-files") == (0, ".env\napp/main.py\napp/ok.py\nports.yaml\n", "")
    assert portlint("check", "--show-files", "app") == (0, "app/main.py\napp/ok.py\n", "")


def test_show_settings(root, portlint):
    code, out, _ = portlint("check", "--show-settings", "--fail-level", "error")
    assert code == 0
    assert any(line.split() == ["fail-level", "=", '"error"', "#", "flag", "--fail-level"] for line in out.splitlines())


def test_statistics(root, portlint):
    _, _, err = portlint("check", "--statistics")
    assert [line.split() for line in err.splitlines()[:3]] == [
        ["1", "PORT102", "unregistered-port"],
        ["1", "PORT103", "fallback-mismatch"],
        ["1", "PORT401", "env-value-mismatch"],
    ]


def test_quiet_and_verbose(root, portlint):
    (root / "link.py").symlink_to("app/main.py")
    assert portlint("check", "-q")[2] == ""
    _, _, err = portlint("check", "-v", "app/ok.py")
    assert err.splitlines()[:-1] == [
        f"portlint: root {root}",
        "portlint: settings by default",
        "portlint: registry ports.yaml",
        "portlint: 1 symbolic link not followed, 0 inner repositories or submodules not entered",
        "portlint: 5 files known, 1 of them reported on",
    ]


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(root, portlint, monkeypatch, arguments, environment, colored):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in portlint("check", *arguments)[1]) is colored


def test_explain(portlint):
    code, out, _ = portlint("explain", "PORT103")
    assert code == 0
    assert out.startswith("PORT103 fallback-mismatch (error)\n")
    assert portlint("explain", "fallback-mismatch") == (0, out, "")
    assert portlint("explain", "port103") == (0, out, "")
    listed = portlint("explain")[1].splitlines()
    assert [line.split()[0] for line in listed] == sorted(line.split()[0] for line in listed)
    assert any(line.startswith("PORT101  warning  hardcoded-port ") for line in listed)


def test_registry(root, portlint):
    assert portlint("registry", "validate") == (0, "ports.yaml: 2 entries, no mistakes\n", "")
    assert [line.split()[:2] for line in portlint("registry", "list")[1].splitlines()] == [
        ["NAME", "PORT"],
        ["redis", "6379"],
        ["api", "8000"],
    ]
    assert portlint("registry", "show", "8000")[1].startswith("api (default), ports.yaml:2\n")
    assert portlint("registry", "show", "REDIS_PORT")[1].startswith("redis (variable), ports.yaml:3\n")


def test_there_may_be_no_registry(root, portlint):
    (root / "ports.yaml").unlink()
    code, _, err = portlint("registry", "list")
    assert code == 2
    assert "there is no registry in " in err


def test_config(root, portlint):
    fill(root, {"portlint.toml": 'fail-level = "error"\n'})
    lines = portlint("config", "show")[1].splitlines()
    assert any(line.split() == ["fail-level", "=", '"error"', "#", "portlint.toml:1"] for line in lines)
    assert portlint("config", "validate") == (0, "portlint.toml: no mistakes\n", "")
    assert json.loads(portlint("config", "schema")[1])["type"] == "object"


def test_outside_of_a_repository_the_registry_tells_the_tree(tmp_path, portlint, monkeypatch):
    fill(tmp_path / "plain", FILES)
    monkeypatch.chdir(tmp_path)
    code, out, _ = portlint("check", "plain", "--output-format", "jsonl")
    assert code == 1
    assert codes(out) == [(".env", "PORT401"), (".env", "PORT102"), ("app/main.py", "PORT103")]
    monkeypatch.chdir(tmp_path / "plain" / "app")
    assert portlint("check", "..", "--output-format", "jsonl")[1] == out
    assert codes(portlint("check", "--output-format", "jsonl")[1]) == [("app/main.py", "PORT103")]


def test_without_anything_that_tells_it_is_where_the_user_stands(tmp_path, portlint, monkeypatch):
    fill(tmp_path, {"a/x.env": "X_PORT=1\n", "b/y.env": "Y_PORT=2\n"})
    monkeypatch.chdir(tmp_path)
    assert '"path": "a/x.env"' in portlint("ports", "a", "--format", "jsonl")[1]
    monkeypatch.chdir(tmp_path / "b")
    assert '"path": "x.env"' in portlint("ports", "../a", "--format", "jsonl")[1]


def test_paths_of_two_repositories(root, portlint):
    other = fill(root.parent / "other", {"a.env": "X_PORT=1\n"})
    subprocess.run(["git", "init", "-q"], cwd=other, check=True)
    code, _, err = portlint("check", "app/main.py", "../other/a.env")
    assert (code, err) == (2, "portlint: error: ../other/a.env: lies outside of the tree that is checked\n")
    assert portlint("check", "../other")[0] in (0, 1)


def test_a_home_is_no_repository(tmp_path, portlint, monkeypatch):
    fill(tmp_path, {"a.env": "X_PORT=1\n", "private/b.env": "Y_PORT=2\n"})
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert "portlint: 1 file known, 1 of them reported on" in portlint("check", "-v", "a.env")[2]
    assert "portlint: 2 files known, 2 of them reported on" in portlint("check", "-v")[2]


def test_names_that_hold_anything(root, portlint):
    odd = "new\nline \x1b[31m ::error::.env"
    fill(root, {odd: "API_PORT=8002\n", "-dash.env": "API_PORT=8002\n"})
    (root / "caf\udce9.env").write_text("API_PORT=8002\n")
    _, out, _ = portlint("check", "--output-format", "concise")
    for shown in ("new\\nline \\x1b[31m ::error::.env", "-dash.env", "caf\\xe9.env"):
        assert f"{shown}:1:10: PORT401 " in out
    assert portlint("check", "--", "-dash.env")[0] == 1
    paths = {path for path, _ in codes(portlint("check", "--output-format", "jsonl")[1])}
    assert {odd, "-dash.env", "caf\\xe9.env"} <= paths


@pytest.mark.parametrize("jobs", ["1", "2", "8"])
def test_the_number_of_workers_changes_nothing(root, portlint, jobs):
    fill(root, {f"many/{number}.env": f"API_PORT={8002 + number}\n" for number in range(60)})
    _, out, _ = portlint("check", "--output-format", "jsonl", "--jobs", jobs)
    found = codes(out)
    assert found == sorted(found, key=lambda each: each[0])
    assert len(found) == 63


HELD = """
import signal, sys
from portlint import cli

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name in ("datetime", "uuid"):  # which msgspec imports
            print(name, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()), file=sys.stderr)

sys.meta_path.insert(0, Finder())
cli.main(["ports", "--quiet"])
print("later", signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()), file=sys.stderr)
"""


def test_ctrl_c_waits_for_the_imports_of_a_command(root):
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, check=True, timeout=60)
    assert done.stderr.decode().split() == ["datetime", "True", "uuid", "True", "later", "False"]


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
@pytest.mark.parametrize("named", [[], ["app/main.py"]])
def test_a_standard_stream_that_is_closed_changes_nothing(root, closed, named):
    command = [sys.executable, "-m", "portlint", "check", "--no-cache", "--output-format", "jsonl", *named]
    usual = subprocess.run(command, capture_output=True, timeout=60)
    done = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *command], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (usual.returncode, usual.stdout)
    assert usual.stdout


def test_a_run_in_memory_finds_the_same():
    result = run_on_memory({name: content.encode() for name, content in FILES.items()})
    assert [(finding.path, finding.rule) for finding in result.findings] == [
        (".env", "PORT401"), (".env", "PORT102"), ("app/main.py", "PORT103"),
    ]  # fmt: skip
    only = run_on_memory({"a.py": b"\0"}, Settings(select=("PORT901",)))
    assert [(finding.path, finding.rule) for finding in only.findings] == [("a.py", "PORT901")]


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_help_has_one_shape_and_its_examples_can_be_given(portlint, command):
    code, out, _ = portlint(command, "--help")
    assert code == 0
    assert out.startswith(f"usage: portlint {command} ")
    assert "positional arguments" not in out
    assert max(map(len, out.splitlines())) <= 120
    examples = re.findall(rf"portlint {command}\b([^|>)\n]*)", out.partition("\nexamples:\n")[2])
    assert examples
    parser = parser_of(import_module(f"portlint.cli.{command}").run)
    for example in examples:
        parser.parse_intermixed_args(shlex.split(example.partition(" -- ")[0], comments=True))
