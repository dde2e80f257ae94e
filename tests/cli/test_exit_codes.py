"""Exit codes: what leads to each of them, what is said, and that nothing is lost on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portlint import __version__
from support.commandline import FILES, REGISTRY, fill


def test_findings_are_exit_1(root, portlint):
    code, out, err = portlint("check")
    assert code == 1
    assert "error[PORT103] fallback-mismatch: " in out
    assert " --> app/main.py:2:35\n" in out
    assert "error[PORT401] env-value-mismatch: " in out
    assert err.splitlines()[-1].startswith("portlint: 4 files checked, 1 skipped, 0 not checked; 2 errors, 1 warning; ")


def test_nothing_found_is_exit_0(root, portlint):
    code, out, err = portlint("check", "app/ok.py")
    assert (code, out) == (0, "")
    assert err.startswith("portlint: 1 file checked, 0 skipped, 0 not checked; no findings; ")


def test_below_the_fail_level_is_exit_0(root, portlint):
    assert portlint("check", "--select", "PORT102")[0] == 1
    assert portlint("check", "--select", "PORT102", "--fail-level", "error")[0] == 0
    assert portlint("check", "--fail-level", "error")[0] == 1
    assert portlint("check", "--exit-zero")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("chekc",), 'there is no command "chekc"; did you mean "check"? (see portlint --help)'),
        (("--verison",), 'there is no option "--verison"; did you mean "--version"? (see portlint --help)'),
        (("check", "--selct", "PORT1"), 'there is no option "--selct"; did you mean "--select"?'),
        (("check", "--output-format", "jsno"), 'there is no "jsno"; did you mean "json"?'),
        (("check", "--output-format", "telex"), 'there is no "telex" (one of full, concise, grouped, json'),
        (("check", "--output-format", "sarfi"), 'there is no "sarfi"; did you mean "sarif"?'),
        (("check", "--output-format", "json:"), 'no file is named behind "json:"'),
        (("check", "--color", "allways"), 'there is no "allways"; did you mean "always"?'),
        (("check", "--fail-level", "eror"), "--fail-level: "),
        (("check", "--select", "PROT101"), "--select: "),
        (("check", "--jobs", "0"), 'expected a whole number of at least 1, not "0"'),
        (("check", "--jobs"), "argument --jobs: expected one argument"),
        (("check", "gone.py", "gone"), "gone.py: no such file or folder"),
        (("check", "empty"), "empty: no files to check"),
        (("check", "app/main.py", "/etc/hostname"), "/etc/hostname: "),
        (("check", "--registry", "gone.yaml"), "gone.yaml: the registry is not there"),
        (("check", "--output-format", "json:no/such/folder"), "no/such/folder: cannot be written: "),
        (("ports", "--format", "jsonx"), 'there is no "jsonx"; did you mean "json"?'),
        (("ports", "gone.py"), "gone.py: no such file or folder"),
        (("explain", "PORT1O3"), 'there is no rule "PORT1O3"; did you mean "PORT103"'),
        (("explain", "hardcoded-prot"), 'there is no rule "hardcoded-prot"; did you mean "hardcoded-port"?'),
        (("registry", "vaildate"), 'there is no "vaildate"; did you mean "validate"?'),
        (("registry", "show"), "show takes a port or a name"),
        (("registry", "list", "api"), "list takes no argument"),
        (("registry", "show", "rediss"), 'knows nothing about "rediss"; did you mean "redis"?'),
        (("registry", "validate", "--registry", "gone.yaml"), "gone.yaml: the registry is not there"),
        (("config", "shwo"), 'there is no "shwo"; did you mean "show"?'),
        (("config",), "the following arguments are required: ACTION"),
    ],
)
def test_mistakes_are_exit_2_and_one_line_each(root, portlint, arguments, message):
    (root / "empty").mkdir()
    code, out, err = portlint(*arguments)
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert lines and all(line.startswith("portlint: error: ") for line in lines)
    assert message in lines[0]


def test_each_named_path_that_is_not_there_is_told(root, portlint):
    _, _, err = portlint("check", "gone.py", "app/ok.py", "gone")
    assert err == "portlint: error: gone.py: no such file or folder\nportlint: error: gone: no such file or folder\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"ports.yaml": "- 8000\n"}, "ports.yaml:1:1: "),
        ({"ports.yaml": "ports:\n  api: {defualt: 8000}\n"}, "ports.yaml:2:9: "),
        ({"ports.yaml": "ports: ["}, "ports.yaml:"),
        ({"ports.yaml": b"\xff\xfe\x00"}, "ports.yaml:"),
        ({"portlint.toml": "selct = []\n"}, "portlint.toml:1: "),
        ({"portlint.toml": "registry = 'gone.yaml'\n"}, "gone.yaml: the registry is not there"),
        ({"portlint.toml": "registry = '../outside.yaml'\n"}, "outside.yaml: the registry "),
        ({"portlint.toml": "rules = ['gone.yaml']\n"}, "gone.yaml: the rules file is not there"),
    ],
)
def test_a_registry_or_settings_that_cannot_be_used_are_exit_2(root, portlint, files, message):
    fill(root.parent, {"outside.yaml": REGISTRY})
    fill(root, files)
    code, out, err = portlint("check")
    assert (code, out) == (2, "")
    assert err.startswith("portlint: error: ") and message in err


def test_a_person_may_name_a_registry_outside_of_the_tree(root, portlint, monkeypatch):
    fill(root.parent, {"outside.yaml": REGISTRY.replace("8000", "8001")})
    assert portlint("check", "--registry", "../outside.yaml", "app/main.py")[0] == 0
    monkeypatch.setenv("PORTLINT_REGISTRY", "../outside.yaml")
    assert portlint("check", "app/main.py")[0] == 0


def test_the_registry_of_the_repository_may_not_be_a_link(root, portlint):
    (root / "ports.yaml").unlink()
    (root / "ports.yaml").symlink_to(fill(root.parent, {"outside.yaml": REGISTRY}) / "outside.yaml")
    code, _, err = portlint("check")
    assert (code, err) == (
        2,
        "portlint: error: ports.yaml: the registry cannot be used: a symbolic link, which is not followed\n",
    )


def test_an_empty_repository(root, portlint):
    for name in FILES:
        (root / name).unlink()
    code, out, err = portlint("check")
    assert (code, out) == (0, "")
    assert err.startswith("portlint: 0 files checked, 0 skipped, 0 not checked; ")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("binary.py", b"\x00\x01PORT = 8000\n", "binary: a NUL byte at offset 0"),
        ("latin.env", b"# caf\xe9\nAPI_PORT=8000\n", "not valid UTF-8: byte 0xe9 on line 1"),
        ("large.env", b"API_PORT=8000\n" * 400_000, "larger than 5,000,000 bytes (5,600,000)"),
        ("syntax.py", b"port = 8000\ndef (:\n", ""),
    ],
)
def test_what_cannot_be_checked_is_a_finding_and_loses_nothing_else(root, portlint, name, content, reason):
    fill(root, {name: content})
    code, out, err = portlint("check", "--output-format", "jsonl")
    assert code == 1
    findings = [json.loads(line) for line in out.splitlines()]
    (unchecked,) = [finding for finding in findings if finding["code"] == "PORT901"]
    assert unchecked["path"] == name
    assert reason in unchecked["message"]
    assert {finding["code"] for finding in findings} >= {"PORT103", "PORT401", "PORT901"}
    assert ", 1 not checked; " in err.splitlines()[-1]


def test_a_file_that_kills_or_holds_up_its_worker_is_a_finding(root, portlint, monkeypatch):
    from portlint import extract

    real = extract.extract_again

    def hostile(path, data, *more):
        if path == "kill.py":
            os.kill(os.getpid(), signal.SIGSEGV)
        while path == "hang.py":
            pass
        return real(path, data, *more)

    monkeypatch.setattr(extract, "extract_again", hostile)
    monkeypatch.setenv("PORTLINT_TIMEOUT", "1.5")
    fill(root, {"kill.py": "port = 8000\n", "hang.py": "port = 8000\n"})
    code, out, _ = portlint("check", "--output-format", "concise")
    assert code == 1
    assert "kill.py:1:1: PORT901 the parser crashed: SIGSEGV\n" in out
    assert "hang.py:1:1: PORT901 took longer than 1.5 s\n" in out
    assert "PORT103" in out and "PORT401" in out


def test_a_bug_in_one_file_is_exit_3_and_loses_nothing_else(root, portlint, monkeypatch):
    from portlint import extract

    real = extract.extract_again

    def broken(path, data, *more):
        if path == "app/ok.py":
            raise IndexError("a bug")
        return real(path, data, *more)

    monkeypatch.setattr(extract, "extract_again", broken)
    code, out, err = portlint("check", "--output-format", "concise")
    assert code == 3
    assert "app/ok.py:1:1: PORT901 portlint failed on it: IndexError\n" in out
    assert "PORT103" in out
    assert "IndexError: a bug" in err
    assert f"versions: portlint {__version__}, Python 3." in err
    assert "was reading: app/ok.py\n" in err
    assert err.endswith("please report it, with the lines above\n")


def test_a_bug_elsewhere_is_exit_3(root, portlint, monkeypatch):
    def broken(*_):
        raise IndexError("a bug")

    monkeypatch.setattr("portlint.resolve.resolve", broken)
    code, _, err = portlint("check")
    assert code == 3
    assert err.startswith("portlint: this is a bug in portlint, not in your files.\nTraceback ")
    assert "IndexError: a bug" in err


def test_the_accounting_is_asserted(root, portlint, monkeypatch):
    monkeypatch.setattr(
        "portlint.pipeline.memory_run.without_ports", lambda facts, registry: type(facts)(path="x", format=None)
    )
    code, _, err = portlint("check")
    assert code == 3
    assert "files selected and files accounted for are not the same" in err


def test_an_interruption_is_exit_130(root, portlint, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("portlint.resolve.resolve", interrupted)
    assert portlint("check") == (130, "", "portlint: interrupted\n")


SLOW = """
import sys, time
from portlint import cli, extract
extract.extract_again = lambda *_: (open("begun", "w").close(), time.sleep(60))
sys.exit(cli.main(["check"]))
"""


def test_ctrl_c_ends_everything_without_half_an_output(root):
    started = subprocess.Popen(
        [sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    end = time.monotonic() + 120
    while not (root / "begun").exists() and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=120)
    assert (started.returncode, out, err) == (130, b"", b"portlint: interrupted\n")
    assert _is_gone(started.pid), "a process outlives it"


def _is_gone(group: int) -> bool:
    """Whether no process of a group is left, as soon as the system has taken leave of those that were killed."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_a_closed_pipe_is_silent(root):
    fill(root, {f"many/{number}.env": "API_PORT=8002\n" * 200 for number in range(20)})
    started = subprocess.Popen(
        [sys.executable, "-m", "portlint", "ports", "-q"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    started.stdout.close()
    assert started.stderr.read() == b""
    started.stderr.close()
    assert started.wait() == 0


def test_a_full_disk_is_a_line(root):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "portlint", "check"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == b"portlint: error: stdout cannot be written: No space left on device\n"


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_closed_streams_do_not_change_the_exit_code(root, closed):
    command = f'"{sys.executable}" -m portlint check -q {closed}'
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, b"")


def test_no_command_is_a_mistake(portlint):
    code, out, err = portlint()
    assert (code, out) == (2, "")
    assert err.startswith("usage: portlint COMMAND")


def test_a_working_folder_that_is_gone_is_exit_2(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})\n"
    script += "from portlint.cli import main; raise SystemExit(main(['check']))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "portlint: error: the folder that you stand in is no longer there\n"
