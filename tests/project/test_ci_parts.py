"""The GitHub Action, the GitLab component and the README's CI snippets: their shell steps are run as they stand."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from portlint import __version__
from support.commandline import fill
from support.gitrepo import GitRepository
from support.paths import TOP

ACTION = yaml.safe_load((TOP / "action.yml").read_text())
COMPONENT = (TOP / "templates" / "portlint.yml").read_text()
STEPS = {step["id"]: step for step in ACTION["runs"]["steps"]}


@pytest.fixture
def job(root, monkeypatch):
    """Runs a step as a job would, with the repository as its folder: exit code and stdout."""
    temp, programs = root.parent / "temp", root.parent / "bin"
    temp.mkdir()
    programs.mkdir()
    for name in ("python", "python3"):
        program(programs / name, f'exec "{sys.executable}" "$@"')
    environment = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(temp),
        "GITHUB_ACTION_PATH": str(TOP),
        "GITHUB_PATH": str(temp / "path"),
        "GITHUB_OUTPUT": str(temp / "output"),
        "GITHUB_STEP_SUMMARY": str(temp / "summary.md"),
        "CI_PROJECT_DIR": str(root),
        "PIP_NO_INDEX": "1",  # portlint is installed, and nothing is to be fetched
    }

    def run(script: str, **given: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
            env={**os.environ, **environment, **given},
            cwd=root,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout

    run.temp = temp
    run.programs = programs
    return run


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def inputs(**given: str) -> dict[str, str]:
    """The step's environment, with the inputs that are given and the defaults of the others."""
    values = {f"inputs.{name}": each["default"] for name, each in ACTION["inputs"].items()}
    values |= {f"inputs.{name}": value for name, value in given.items()}
    values["steps.install.outputs.python"] = sys.executable
    step = STEPS["check"]["env"]
    return {name: values[re.fullmatch(r"\$\{\{ ([\w.-]+) \}\}", value)[1]] for name, value in step.items()}


def test_the_action_checks(job, root):
    code, out = job(STEPS["check"]["run"], **inputs(**{"sarif-file": "ports.sarif"}))
    assert code == 1
    assert (job.temp / "output").read_text() == "exit-code=1\n"
    start, token = re.match(r"(::stop-commands::([0-9a-f]{32}))\n", out).groups()
    log, _, commands = out.removeprefix(start).partition(f"\n::{token}::\n")
    assert "error[PORT103] fallback-mismatch" in log
    assert "::error file=app/main.py,line=2," in commands
    assert "::error" not in log
    assert (job.temp / "summary.md").read_text().startswith("## portlint: ")
    assert json.loads((root / "ports.sarif").read_text())["version"] == "2.1.0"


def test_the_action_takes_options_and_paths_as_they_are(job, root):
    given = inputs(paths="app/ok.py\n", args="--select=PORT103\n--statistics\n", annotations="false", summary="false")
    code, out = job(STEPS["check"]["run"], **given)
    assert code == 0
    assert "PORT" not in out
    assert not (job.temp / "summary.md").exists()
    assert job(STEPS["check"]["run"], **inputs(args="; touch taken", paths="$(touch taken)"))[0] == 2
    assert not (root / "taken").exists()


def test_the_action_holds_a_change_to_the_policy_of_its_base(job, root):
    git = GitRepository(root)
    git.commit()
    fill(root, {"new.py": "API_PORT = 8000  # portlint: ignore\n"})
    git.commit()
    quiet = {"annotations": "false", "summary": "false"}
    code, out = job(STEPS["check"]["run"], **inputs(since="HEAD~1...HEAD", **quiet))
    assert code == 0
    assert "error[" not in out, "what was there before is not reported"
    code, out = job(STEPS["check"]["run"], **inputs(since="HEAD~1...HEAD", **{"policy-from": "HEAD~1"}, **quiet))
    assert code == 1
    assert "--> new.py:1:12" in out
    assert job(STEPS["check"]["run"], **inputs(since="$(touch taken)"))[0] == 2
    assert not (root / "taken").exists()


def test_inputs_reach_a_script_as_variables_alone():
    assert not any("${{" in step["run"] for step in STEPS.values())


def test_the_action_installs_what_was_checked_out(job):
    record = job.temp / "asked"
    program(job.programs / "environment", f'echo "$@" >"{record}"')
    program(job.programs / "python3", f'mkdir -p "$4/bin" && cp "{job.programs}/environment" "$4/bin/python"')
    assert job(STEPS["install"]["run"])[0] == 0
    assert record.read_text() == f"-I -m pip install --quiet --disable-pip-version-check --no-cache-dir {TOP}\n"
    assert (job.temp / "path").read_text() == f"{job.temp}/portlint/bin\n"
    assert (job.temp / "output").read_text() == f"python={job.temp}/portlint/bin/python\n"


def test_the_gitlab_component(job, root):
    spec, document = COMPONENT.split("\n---\n")
    values = {name: each["default"] for name, each in yaml.safe_load(spec)["spec"]["inputs"].items()}
    filled = re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: values[found[1]], document)
    component = yaml.safe_load(filled)["portlint"]
    code, out = job("\n".join(component["script"]))
    assert code == 1
    assert "error[PORT103]" in out
    reports = component["artifacts"]["reports"]
    issues = json.loads((root / reports["codequality"]).read_text())
    assert len(issues) == (root / reports["junit"]).read_text().count("<failure") > 0


def readme_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (TOP / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def readme_documents(key: str) -> list[str]:
    """The YAML of the README that has a key at its top."""
    return [block for block in readme_blocks("yaml") if key in yaml.safe_load(block)]


def readme_steps() -> list[dict]:
    """The steps of the CI jobs in the README; a line of a GitLab script is one, too."""
    found: list[dict] = []
    for block in readme_blocks("yaml"):
        document = yaml.safe_load(block)
        for job in document.get("jobs", document).values():
            if isinstance(job, dict):
                found += [*job.get("steps", ()), *({"run": line} for line in job.get("script", ()))]
    return found


@pytest.mark.parametrize(
    ("schema", "documents"),
    [
        ("github-actions", lambda: [(TOP / "action.yml").read_text()]),
        ("github-workflows", lambda: readme_documents("jobs")),
        ("gitlab-ci", lambda: readme_documents("portlint")),
        ("gitlab-ci", lambda: [COMPONENT.split("\n---\n")[1].replace("$[[ inputs.stage ]]", "test")]),
    ],
    ids=["action", "workflows", "gitlab", "component"],
)
def test_files_for_a_service_are_of_its_schema(tmp_path, schema, documents):
    """The schemas that check-jsonschema carries."""
    from check_jsonschema.cli import main
    from click.testing import CliRunner

    found = documents()
    assert found
    for number, document in enumerate(found):
        (tmp_path / f"{number}.yml").write_text(document)
    names = map(str, sorted(tmp_path.glob("*.yml")))
    done = CliRunner().invoke(main, ["--builtin-schema", f"vendor.{schema}", *names])
    assert done.exit_code == 0, done.output


def test_the_pre_commit_configuration_of_the_readme(tmp_path):
    (document,) = readme_documents("repos")
    (repository,) = yaml.safe_load(document)["repos"]
    hooks = yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in repository["hooks"]] == [hook["id"] for hook in hooks]
    assert repository["rev"] == f"v{__version__}"
    (tmp_path / "config.yaml").write_text(document)
    for kind, path in (("config", tmp_path / "config.yaml"), ("manifest", TOP / ".pre-commit-hooks.yaml")):
        subprocess.run([sys.executable, "-m", "pre_commit", f"validate-{kind}", str(path)], check=True)


def test_the_containers_of_the_readme(job):
    """The image is given the repository where it works, and is the one that was built."""
    (block,) = (block for block in readme_blocks("sh") if "docker" in block)
    asked = job.temp / "asked"
    for name in ("docker", "python"):
        program(job.programs / name, f'printf "%s\\n" {name} "$@" >>"{asked}"')
    assert job(block)[0] == 0
    build, run = (call.split("\n")[:-1] for call in asked.read_text().split("docker\n")[1:])
    assert build == ["build", "-t", run[-1], "."]
    image = dict(line.split(" ", 1) for line in (TOP / "Dockerfile").read_text().splitlines() if line[:1].isupper())
    assert run[:-1] == ["run", "--rm", "-v", f"{Path.cwd()}:{image['WORKDIR']}:ro"]


def test_the_readme_gives_the_action_inputs_that_it_has():
    for step in readme_steps():
        if step.get("uses", "").startswith("portlint/portlint@"):
            assert set(step.get("with", ())) <= set(ACTION["inputs"])


def test_the_commands_of_the_readme_run(job):
    commands = [step["run"] for step in readme_steps() if "portlint check" in step.get("run", "")]
    assert commands
    assert {job(command)[0] for command in commands} == {1}


def test_the_steps_of_the_image(job):
    text = (TOP / "Dockerfile").read_text().replace("\\\n", "")
    steps = [line.split(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    words = dict(steps)
    assert re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", words["USER"])
    python, *start = json.loads(words["ENTRYPOINT"])
    assert (python, start) == ("/usr/local/bin/python", ["-I", "-m", "portlint"])
    pattern, folder = words["COPY"].split()
    assert Path(f"dist/portlint-{__version__}-py3-none-any.whl").match(pattern)
    copied = job.temp / "wheel"
    copied.mkdir()
    wheel = copied / f"portlint-{__version__}-py3-none-any.whl"
    wheel.touch()
    program(job.programs / "pip", f'echo "$@" >"{job.temp}/asked"')
    assert job(words["RUN"].replace(folder.rstrip("/"), str(copied)))[0] == 0
    assert (job.temp / "asked").read_text().split()[-1] == str(wheel)
    assert not copied.exists()
    code, out = job(shlex.join((sys.executable, *start, *json.loads(words["CMD"]))))
    assert code == 1
    assert "error[PORT103]" in out


def test_the_shell_lines_of_the_readme_run(root, portlint):
    lines = [line for block in readme_blocks("sh") for line in block.splitlines()]
    for line in lines:
        if line.startswith(("portlint check --", "portlint report ")):
            assert portlint(*shlex.split(line)[1:])[0] in (0, 1), line
