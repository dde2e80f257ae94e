"""`portlint resolve`, `status` and `env`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portlint.cli import main
from support.listening import block, listening, registry
from support.servers import engine, web

PORTLINT = [sys.executable, "-m", "portlint"]


@pytest.fixture
def port() -> int:
    """The first of eight free ones."""
    return block(8)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> Path:
    """A registry: api may have 3 ports, the others one; the user stands in its folder."""
    registry(
        tmp_path,
        f"""\
ports:
  api: {{default: {port}, env_var: T_API_PORT, range: {port}-{port + 2}, environments: {{testing: {port + 3}}}}}
  db: {{default: {port + 4}, env_var: T_DB_PORT, range: "{port + 4}", health: {{http: /health}}}}
  extra: {{default: {port + 5}, env_var: T_EXTRA_PORT, optional: true}}
  dashboard: {{default: {port + 6}, env_var: T_DASHBOARD_PORT, conflict_check: true}}
  wired: {{default: {port + 7}, env_var: null}}
reserved:
  - {{port: {port + 6}, service: Grafana}}
""",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", "none")
    for name in ("API", "DB", "EXTRA", "DASHBOARD"):
        monkeypatch.delenv(f"T_{name}_PORT", raising=False)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    return code, *capsys.readouterr()


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("arguments", "offset"),
    [(["api"], 0), (["api", "--environment", "test"], 3), (["--free", "api"], 0), (["wired", "--format", "value"], 7)],
)
def test_resolve_prints_the_port(
    capsys: pytest.CaptureFixture[str], port: int, arguments: list[str], offset: int
) -> None:
    assert told(capsys, "resolve", *arguments) == (0, f"{port + offset}\n", "")


@pytest.mark.usefixtures("repository")
def test_resolve_takes_the_variable_and_what_is_free(
    capsys: pytest.CaptureFixture[str], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(port + 1):
        monkeypatch.setenv("T_API_PORT", str(port + 1))
        assert told(capsys, "resolve", "api", "--format", "env") == (0, f"T_API_PORT={port + 1}\n", "")
        code, out, err = told(capsys, "resolve", "api", "--free", "--format", "json")
        assert (code, err, out.count("\n")) == (0, "", 1)
        assert json.loads(out) == {
            "service": "api",
            "port": port,
            "source": "range",
            "variable": "T_API_PORT",
            "environment": None,
        }
        monkeypatch.delenv("T_API_PORT")
        out = told(capsys, "resolve", "api", "--environment", "testing", "--format", "json")[1]
        assert (json.loads(out)["port"], json.loads(out)["source"]) == (port + 3, "environment")


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (["appi"], {}, ["there is no service 'appi'", 'did you mean "api"?']),
        (["api"], {"T_API_PORT": "80a"}, ["T_API_PORT is '80a'", "api may have {0}-{2}"]),
        (["api"], {"T_API_PORT": "70000"}, ["T_API_PORT is '70000'", "api may have {0}-{2}"]),
        (["api", "--free"], {"T_API_PORT": "70000"}, ["T_API_PORT is '70000'", "{0}-{2}"]),
        (["db", "--free"], {}, ["there is no free port for db: {4} is held by pid "]),
        (["api", "--environment", "prodution"], {}, ['did you mean "production"?']),
        (["api", "--format", "jsn"], {}, ['did you mean "json"?']),
        (["api", "--fre"], {}, ['did you mean "--free"?']),
        (["wired", "--format", "env"], {}, ["wired has no variable"]),
        (["api", "--registry", "no.yaml"], {}, ["no.yaml: the registry is not there"]),
        ([], {}, ["NAME"]),
    ],
)
def test_without_an_answer_resolve_prints_nothing_and_says_why(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    port: int,
    arguments: list[str],
    environ: dict[str, str],
    said: list[str],
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with listening(port + 4):
        code, out, err = told(capsys, "resolve", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert all(part.format(*range(port, port + 8)) in err for part in said)


def test_a_shell_script_gets_its_port(repository: Path, port: int) -> None:
    script = f'set -e\nPORT=$({" ".join(PORTLINT)} resolve api --free)\necho "starts on $PORT"\n'
    with listening(port):
        assert subprocess.check_output(["sh", "-c", script], text=True) == f"starts on {port + 1}\n"


@pytest.mark.usefixtures("repository")
def test_status_of_a_quiet_machine(capsys: pytest.CaptureFixture[str], port: int) -> None:
    code, out, err = told(capsys, "status")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["NAME", "PORT", "VARIABLE", "STATE", "HEALTH", "WHO"]
    assert [line.split()[:2] for line in lines[1:]] == [
        [name, str(port + n)] for name, n in (("api", 0), ("db", 4), ("extra", 5), ("dashboard", 6), ("wired", 7))
    ]
    assert " ".join(lines[2].split()[2:]) == "T_DB_PORT not set free down (nothing listens)"
    assert lines[4].endswith("reserved for Grafana")


@pytest.mark.usefixtures("repository")
def test_status_tells_who_holds_what_and_fails_on_a_conflict(capsys: pytest.CaptureFixture[str], port: int) -> None:
    with listening(port) as other, listening(port + 5) as extra, web(port + 4):
        code, out, err = told(capsys, "status", "--format", "json")
    found: dict[str, Any] = {row["name"]: row for row in json.loads(out)["services"]}
    assert code == 1
    assert json.loads(out)["conflicts"] == 1
    assert found["db"]["because"] == "it runs in this repository"
    assert found["api"]["state"] == "held by another"
    (holder,) = found["api"]["holders"]
    assert (holder["pid"], holder["note"]) == (other.pid, None)
    assert "socket.socket(" in holder["command"]
    assert found["extra"]["conflict"] is found["extra"]["optional"] is True
    assert found["db"]["health"]["healthy"] is True
    assert found["db"]["health"]["check"] == "http /health"
    assert found["api"]["health"] is None
    lines = err.splitlines()
    assert f"portlint: error: api: {port} is held by pid {other.pid} (" in lines[0]
    assert lines[1].endswith(f"to end it: kill {other.pid}")
    assert any(line.startswith(f"portlint: warning: extra: {port + 5} is held by pid {extra.pid} (") for line in lines)


@pytest.mark.usefixtures("repository")
def test_an_optional_service_warns_and_a_named_one_is_looked_at_alone(
    capsys: pytest.CaptureFixture[str], port: int
) -> None:
    with listening(port + 5), listening(port):
        code, out, err = told(capsys, "status", "extra", "wired")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", "extra", "wired"]
    assert err.startswith("portlint: warning: extra: ")


@pytest.mark.usefixtures("repository")
def test_a_conflict_check_names_the_reserved_service(capsys: pytest.CaptureFixture[str], port: int) -> None:
    with listening(port + 6, words=("grafana",)) as holder:
        code, out, err = told(capsys, "status", "dashboard")
    assert code == 1
    assert f"portlint: error: dashboard: {port + 6} is held by pid {holder.pid} (" in err
    assert "(conflict_check: is it Grafana?)" in err
    assert out.splitlines()[1].endswith("reserved for Grafana")


def test_a_container_is_named_and_what_would_stop_it(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    row = {"Id": "f" * 64, "Names": ["/metrics-grafana-1"], "Ports": [{"PublicPort": port + 6}]}
    with engine(repository, [row]) as environ, listening(port + 6):
        monkeypatch.setenv("DOCKER_HOST", environ["DOCKER_HOST"])
        code, out, err = told(capsys, "status", "dashboard")
        assert json.loads(told(capsys, "status", "dashboard", "--format", "json")[1])["services"][0]["container"] == (
            "metrics-grafana-1"
        )
    assert code == 1
    assert "container metrics-grafana-1; pid " in out
    assert "to end it: docker stop metrics-grafana-1" in err


@pytest.mark.usefixtures("repository")
def test_the_expected_process_is_no_conflict(capsys: pytest.CaptureFixture[str], port: int) -> None:
    with listening(port, words=("--app", "shop.api:main")):
        code, out, err = told(capsys, "status", "api")
    assert (code, err) == (0, "")
    assert "held by the expected process" in out
    assert "its command line names api" in out


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(("value", "state"), [("1", "out of range"), ("http", "invalid")])
def test_a_wrong_variable_is_a_conflict(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, value: str, state: str
) -> None:
    monkeypatch.setenv("T_API_PORT", value)
    code, out, err = told(capsys, "status", "api")
    assert code == 1
    assert f"T_API_PORT={value}" in out
    assert state in out
    assert f"T_API_PORT is '{value}'" in err


@pytest.mark.usefixtures("repository")
def test_secrets_of_a_command_line_are_hidden_and_nothing_acts_on_the_terminal(
    capsys: pytest.CaptureFixture[str], port: int
) -> None:
    words = ("--db-password", "hunter2", "redis://:hunter3@db/0", "--token=hunter4", "\x1b[2J")
    with listening(port + 1, words=words), listening(port + 7, words=words):
        outputs = [told(capsys, "status", "wired"), told(capsys, "status", "wired", "--format", "json")]
    for _, out, _ in outputs:
        assert "hunter" not in out
        assert "\x1b" not in out
    assert "***" in outputs[1][1]


@pytest.mark.usefixtures("repository")
def test_health_is_asked_elsewhere_only_with_remote(capsys: pytest.CaptureFixture[str], port: int) -> None:
    with web(port + 4):
        code, out, _ = told(capsys, "status", "db", "api", "--remote", "127.0.0.1", "--format", "json")
    rows = json.loads(out)["services"]
    assert code == 0
    assert [row["state"] for row in rows] == ["remote", "remote"]
    assert [row["holders"] for row in rows] == [[], []]
    assert rows[0]["health"]["healthy"] is True
    code, out, err = told(capsys, "status", "--remote", "no such host")
    assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["appi"], 'did you mean "api"?'),
        (["--format", "tabel"], 'did you mean "table"?'),
        (["--timeout", "0"], "expected seconds"),
        (["--interval", "nan"], "expected seconds"),
        (["--environment", "stagin"], 'did you mean "staging"?'),
    ],
)
def test_mistakes_of_the_user(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    code, out, err = told(capsys, "status", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_watch_looks_again_until_it_is_interrupted(repository: Path) -> None:
    command = [*PORTLINT, "status", "wired", "--watch", "--interval", "0.05", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        rounds = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(10) == 130
    assert [len(each["services"]) for each in rounds] == [1, 1, 1]


def test_watch_ends_when_nobody_reads(repository: Path) -> None:
    command = f"{' '.join(PORTLINT)} status --watch --interval 0.01 | head -n 2"
    assert subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=120, check=True).stderr == ""


SHOW = [sys.executable, "-c", "import os; print(*(f'{k}={v}' for k, v in sorted(os.environ.items()) if k[:2] == 'T_'))"]


def in_env(*options: str, command: list[str] = SHOW) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PORTLINT, "env", *options, "--", *command], capture_output=True, text=True, timeout=120)


@pytest.mark.usefixtures("repository")
def test_env_sets_every_variable_and_says_what_it_chose(port: int) -> None:
    with listening(port) as holder, listening(port + 5) as extra:
        ran = in_env()
    chosen = [("T_API_PORT", 1), ("T_DASHBOARD_PORT", 6), ("T_DB_PORT", 4), ("T_EXTRA_PORT", 5)]
    assert ran.stdout.split() == [f"{name}={port + n}" for name, n in chosen]
    lines = ran.stderr.splitlines()
    assert lines[0].startswith(f"portlint: T_API_PORT={port + 1} (api; {port} is held by pid {holder.pid} (")
    assert lines[1] == f"portlint: T_DB_PORT={port + 4} (db)"
    assert lines[2].startswith(f"portlint: warning: T_EXTRA_PORT={port + 5} (extra; there is no free port for extra")
    assert f"pid {extra.pid}" in lines[2]
    assert ran.returncode == 0


@pytest.mark.usefixtures("repository")
def test_env_runs_nothing_where_a_required_service_gets_no_port(port: int) -> None:
    with listening(port + 4) as holder:
        ran = in_env()
        assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
        assert f"there is no free port for db: {port + 4} is held by pid {holder.pid} (" in ran.stderr
        kept = in_env("--keep", "db", "--quiet")
        assert (kept.returncode, kept.stderr) == (0, "")
        assert f"T_DB_PORT={port + 4}" in kept.stdout


@pytest.mark.usefixtures("repository")
def test_a_service_that_runs_already_and_has_no_other_port_keeps_its_own(port: int) -> None:
    with listening(port + 4, words=("db",)):
        ran = in_env()
    assert f"T_DB_PORT={port + 4}" in ran.stdout
    assert f"T_DB_PORT={port + 4} (db; it runs already: {port + 4} is held by pid " in ran.stderr


@pytest.mark.usefixtures("repository")
def test_env_takes_an_environment_and_the_variables_that_are_set(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"T_API_PORT={port + 3}" in in_env("--environment", "testing").stdout
    monkeypatch.setenv("T_API_PORT", str(port + 2))
    assert f"T_API_PORT={port + 2}" in in_env().stdout
    monkeypatch.setenv("T_API_PORT", "x")
    monkeypatch.setenv("T_DB_PORT", "y")
    ran = in_env()
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 2)


def test_two_services_never_get_one_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = block(4)
    text = f"""\
ports:
  one: {{default: {port}, env_var: T_ONE, range: {port}-{port + 3}}}
  two: {{default: {port}, env_var: T_TWO, range: {port}-{port + 3}}}
  three: {{default: {port + 1}, env_var: T_THREE}}
  four: {{default: {port + 2}}}
  again: {{default: {port + 3}, env_var: T_ONE}}
"""
    registry(tmp_path, text)
    monkeypatch.chdir(tmp_path)
    ran = in_env()
    assert ran.returncode == 2
    assert f"{port} is chosen for another service" in ran.stderr
    registry(tmp_path, text.replace(f"  again: {{default: {port + 3}", f"  again: {{default: {port}"))
    assert in_env().stdout.split() == [f"T_ONE={port}", f"T_THREE={port + 1}", f"T_TWO={port + 3}"]


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -TERM $$"], -signal.SIGTERM),
        ([sys.executable, "-c", "import sys; sys.exit(sys.argv[1:] != ['--', '-q'])", "--", "-q"], 0),
    ],
)
def test_the_command_takes_the_place_of_portlint(command: list[str], code: int) -> None:
    assert in_env("--quiet", command=command).returncode == code


@pytest.mark.usefixtures("repository")
def test_the_command_gets_the_signals_as_they_are() -> None:
    command = ["grep", "SigIgn", "/proc/self/status"]
    plain = subprocess.run(command, capture_output=True, text=True)
    assert in_env("--quiet", command=command).stdout == plain.stdout


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["env"], "no command is given; write it behind --"),
        (["env", "--"], "no command is given"),
        (["env", "--keep", "dbb", "--", "true"], 'did you mean "db"?'),
        (["env", "-q", "--", "no-such-command-at-all"], "no-such-command-at-all: cannot be run: No such file"),
        (["env", "make", "--", "true"], 'there is no argument "make"'),
    ],
)
def test_mistakes_in_env(arguments: list[str], said: str) -> None:
    ran = subprocess.run([*PORTLINT, *arguments], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert said in ran.stderr


@pytest.mark.parametrize("command", ["resolve", "status", "env"])
def test_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, err = told(capsys, command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: portlint {command}")


def test_none_of_it_imports_the_linter(repository: Path) -> None:
    code = """
import sys
from portlint.cli import main
main(["resolve", "api"])
heavy = {"libcst", "ruamel", "pathspec", "portlint.pipeline.run", "portlint.extract", "psutil"}
print(*sorted(heavy & set(sys.modules)))
"""
    assert subprocess.check_output([sys.executable, "-c", code], text=True, env=os.environ).splitlines()[1] == ""
