"""Nothing of the folder that is checked is run: not by the action, the hooks, the GitLab component, the image or the
documented commands, in a folder that holds a trap for each module and each program that they use."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import portlint
from support.commandline import FILES, fill
from support.gitrepo import GitRepository
from support.paths import TOP

SOURCES = Path(portlint.__file__).parent.parent
MODULES = sorted(
    {name for name in sys.stdlib_module_names if not name.startswith("_") and name != "encodings"}
    | {"sitecustomize", "usercustomize", "pip", "setuptools", "hatchling", "setup", "conftest", "warned"}
    | {
        "portlint/__init__",
        "yaml",
        "_yaml",
        "libcst",
        "msgspec",
        "ruamel",
        "pathspec",
        "jinja2",
        "markupsafe",
        "psutil",
    }
)
"""all of the standard library (without `encodings` nothing can write a file), and what else is imported"""
PROGRAMS = ("git", "python", "python3", "pip", "portlint", "od", "tr", "cat", "mktemp", "env", "uname", "sh")
USER_SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
TROUBLE = {
    "PYTHONPATH": f"{os.pathsep}.{os.pathsep}",
    "PYTHONUSERBASE": ".",
    "PYTHONWARNINGS": "ignore::warned.Category",
    "PIP_CONFIG_FILE": "pip.conf",
    "PIP_CONSTRAINT": "constraints.txt",
}
"""variables as a careless job sets them, all of which lead into the folder where it stands"""


@dataclass(frozen=True)
class Folder:
    """The folder that is checked. sprung: a folder that gets a file from each trap that is run."""

    root: Path
    sprung: Path

    @property
    def caught(self) -> list[str]:
        return sorted(path.name for path in self.sprung.iterdir())

    def start(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.root, env=environment(**variables), capture_output=True, text=True)

    def run(self, *command: str, code: Iterable[int] = (0,), **variables: str) -> str:
        """What a command prints that is started in the folder, and that springs no trap."""
        done = self.start(*command, **variables)
        assert self.caught == [], done.stderr
        assert done.returncode in code, (done.stdout, done.stderr)
        return done.stdout


def environment(**variables: str) -> dict[str, str]:
    """The variables of this process without those that concern Python and pip, and some others."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))} | variables


def trapped(root: Path, sprung: Path) -> Folder:
    """Makes a repository that breaks its registry, and lays a trap for whatever is imported or run from it."""
    sprung.mkdir()
    GitRepository(root).commit(dict(FILES))
    fill(root, {f"{name}.py": trap(sprung, name.replace("/", ".")) for name in MODULES})
    fill(
        root,
        {
            f"{USER_SITE}/usercustomize.py": trap(sprung, "of the user"),
            f"{USER_SITE}/trap.pth": f"import sys; {trap(sprung, 'pth')}",
            "pyvenv.cfg": "home = .\ninclude-system-site-packages = true\n",
            "pip.conf": f"[global]\nlog = {sprung / 'pip.conf'}\n",
            "constraints.txt": "portlint @ file:.\n",
            "pyproject.toml": '[build-system]\nrequires = []\nbackend-path = ["."]\nbuild-backend = "setup"\n',
        },
    )
    for place in (root, root / "tools"):
        for name in PROGRAMS:
            if not (place / name).is_dir():
                program(place / name, f': >"{sprung / name}-program"')
    return Folder(root, sprung)


def trap(sprung: Path, name: str) -> str:
    """A module that tells that it was run."""
    return f"open({str(sprung / name)!r}, 'a').close()\n"


def program(path: Path, script: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def careless(*folders: Path) -> str:
    """A PATH that leads into the folder first."""
    return os.pathsep.join(("", ".", "tools", *map(str, folders), os.environ["PATH"]))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return trapped(tmp_path / "root", tmp_path / "sprung")


def wheel(folder: Path) -> Path:
    """portlint as a wheel that needs nothing else: it leads to the sources, and to the libraries of this Python."""
    paths = dict.fromkeys((str(SOURCES), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    about = f"portlint-{portlint.__version__}.dist-info"
    files = {
        "portlint.pth": "\n".join(paths),
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: portlint\nVersion: {portlint.__version__}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\nportlint = portlint.cli:entry\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{about}/RECORD"))
    path = folder / f"portlint-{portlint.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@dataclass(frozen=True)
class Job:
    """A job of a CI service, after the first step of the action. temp: its folder for temporary files."""

    folder: Folder
    temp: Path
    variables: dict[str, str]

    @property
    def python(self) -> str:
        """The Python that the action installed portlint for."""
        return (self.temp / "output").read_text().partition("python=")[2].partition("\n")[0]


def steps() -> dict[str, dict]:
    return {step["id"]: step for step in yaml.safe_load((TOP / "action.yml").read_text())["runs"]["steps"]}


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Installs with the action's own step, a real venv and a real pip."""
    temp = tmp_path_factory.mktemp("job")
    folder = trapped(temp / "root", temp / "sprung")
    program(temp / "base" / "python3", f'exec "{sys._base_executable}" "$@"')
    variables = TROUBLE | {
        "PATH": careless(temp / "base"),
        "RUNNER_TEMP": str(temp),
        "GITHUB_ACTION_PATH": str(wheel(temp)),
        "GITHUB_PATH": str(temp / "path"),
        "GITHUB_OUTPUT": str(temp / "output"),
        "GITHUB_STEP_SUMMARY": str(temp / "summary.md"),
        "CI_PROJECT_DIR": str(folder.root),
        "PIP_NO_INDEX": "1",
        "XDG_CACHE_HOME": str(temp / "cache"),
    }
    folder.run(*BASH, steps()["install"]["run"], **variables)
    return Job(folder, temp, variables)


BASH = (str(shutil.which("bash")), "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
"""as a runner starts it, which looks for it itself"""


@pytest.mark.parametrize(
    ("words", "variable", "sprung"),
    [
        ("-m venv new", "", []),
        ("-m pip --version", "", []),
        ("-m portlint", "", []),
        ("-c 'import yaml'", "", ["yaml"]),
        ("-c ''", "PYTHONPATH", ["sitecustomize"]),
        ("-c ''", "PYTHONUSERBASE", ["of the user", "pth"]),
        ("-I -m pip list", "PIP_CONFIG_FILE", ["pip.conf"]),
    ],
)
def test_what_springs_a_trap(folder: Folder, words: str, variable: str, sprung: list[str]) -> None:
    """Most end with the first module that they look for."""
    variables = {variable: TROUBLE[variable]} if variable else {}
    python = sys.executable if "-I" in words else sys._base_executable  # which looks at the user's site-packages
    folder.start(python, *shlex.split(words), **variables)
    assert folder.caught
    assert set(sprung) <= set(folder.caught)


def test_each_trap_works(folder: Folder) -> None:
    for name in MODULES:
        exec((folder.root / f"{name}.py").read_text())
    for name in PROGRAMS:
        folder.start(str(folder.root / "tools" / name))
    names = [*(name.replace("/", ".") for name in MODULES), *(f"{name}-program" for name in PROGRAMS)]
    assert folder.caught == sorted(names)


@pytest.mark.parametrize("name", ["pip", "venv", "ensurepip", "ast", "sitecustomize"])
def test_one_file_of_a_pull_request(name: str, tmp_path: Path) -> None:
    """The action's first step, in a job that does nothing careless; a venv without pip is made in no time."""
    folder = Folder(tmp_path / "root", tmp_path / "sprung")
    folder.sprung.mkdir()
    fill(folder.root, {f"{name}.py": trap(folder.sprung, name)})
    program(tmp_path / "base" / "python3", f'exec "{sys._base_executable}" "$@" --without-pip')
    variables = {
        "PATH": f"{tmp_path / 'base'}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTION_PATH": str(tmp_path / "action"),
    }
    done = folder.start(*BASH, steps()["install"]["run"], **variables)
    assert folder.caught == []
    assert "No module named pip" in done.stderr


def test_the_action_installs(job: Job) -> None:
    assert Path(job.python).parent.parent == job.temp / "portlint"


def test_the_action_checks(job: Job) -> None:
    step = steps()["check"]
    given = dict.fromkeys(step["env"], "")
    given |= {"INSTALLED_PYTHON": job.python, "INPUT_POLICY_FROM": "HEAD"}
    given |= {"INPUT_ANNOTATIONS": "true", "INPUT_SUMMARY": "true"}
    out = job.folder.run(*BASH, step["run"], **job.variables, **given, code=(1,))
    assert "error[PORT103]" in out


def test_the_gitlab_component(job: Job) -> None:
    document = (TOP / "templates" / "portlint.yml").read_text().split("\n---\n")[1]
    script = yaml.safe_load(document.replace("$[[ inputs.args ]]", "--no-cache"))["portlint"]["script"]
    program(job.temp / "image" / "python3", f'exec "{job.python}" "$@"')
    variables = job.variables | {"PATH": careless(job.temp / "image"), "PIP_FIND_LINKS": str(job.temp)}
    out = job.folder.run(str(shutil.which("sh")), "-e", "-c", "\n".join(script), **variables, code=(1,))
    assert "error[PORT103]" in out


@pytest.mark.parametrize(
    "hook", yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text()), ids=lambda hook: hook["id"]
)
def test_the_hooks(job: Job, hook: dict) -> None:
    """pre-commit puts the programs of the hook's own environment first in the PATH."""
    variables = job.variables | {"PATH": f"{Path(job.python).parent}{os.pathsep}{careless()}"}
    names = ["app/main.py", ".env"] if hook.get("pass_filenames", True) else []
    out = job.folder.run(*shlex.split(hook["entry"]), *hook.get("args", ()), *names, **variables, code=(1,))
    assert "error[PORT103]" in out


def test_the_image(job: Job) -> None:
    words = dict(line.split(" ", 1) for line in (TOP / "Dockerfile").read_text().splitlines() if line[:1].isupper())
    python, *start = json.loads(words["ENTRYPOINT"])
    assert Path(python).is_absolute()
    out = job.folder.run(job.python, *start, *json.loads(words["CMD"]), **job.variables, code=(1,))
    assert "error[PORT103]" in out


def documented(kind: str) -> list[str]:
    """Command lines of the README and of docs/, each once. kind: "steps", those of the jobs for CI services; or
    "commands", those that begin with portlint, without the ones that only show a syntax."""
    found: list[str] = []
    for page in (TOP / "README.md", TOP / "docs" / "first-day.md"):
        text = page.read_text()
        if kind == "commands":
            blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
            lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
            lines += re.findall(r"^    (portlint .*)", text, re.MULTILINE)
            commands = (re.split(r"   +|  # ", line)[0] for line in lines)
            found += [each for each in commands if re.match(r"portlint (?!\w+: )|eval ", each) and "[" not in each]
            continue
        for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            document = yaml.safe_load(block)
            for each in document.get("jobs", document).values():
                if isinstance(each, dict):
                    found += [step["run"] for step in each.get("steps", ()) if "run" in step]
                    found += each.get("script", ())
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("step", documented("steps"))
def test_the_steps_of_the_readme(job: Job, step: str) -> None:
    variables = {name: value for name, value in TROUBLE.items() if name.startswith("PYTHON")}
    path = f"{Path(job.python).parent}{os.pathsep}{os.environ['PATH']}"
    job.folder.run(*BASH, step, **variables, PATH=path, PIP_NO_INDEX="1", code=(0, 1))


@pytest.mark.parametrize("command", documented("commands"))
def test_the_commands_of_the_documentation(job: Job, command: str) -> None:
    program(job.temp / "stubs" / "docker", "exit 0")
    path = os.pathsep.join((str(Path(job.python).parent), str(job.temp / "stubs"), careless()))
    job.folder.run(*BASH, command, PATH=path, XDG_CACHE_HOME=str(job.temp / "cache"), code=(0, 1, 2))


def test_python_is_isolated_wherever_it_is_started() -> None:
    """In all that we give to others. The documentation also tells what to do in a checkout of portlint, and names
    commands that are not to be typed."""
    known = {"-m venv", "-m build", "-m http.server", "-m support.inventory", "-c pass"}
    pages = [TOP / "README.md", *(page for page in (TOP / "docs").glob("*.md") if page.name != "rules.md")]
    parts = [TOP / name for name in ("action.yml", ".pre-commit-hooks.yaml", "Dockerfile", "templates/portlint.yml")]
    for path in (*pages, *parts):
        calls = set(re.findall(r"python3?\W? (-[mc] [\w.]+)", path.read_text()))
        assert calls <= (known if path in pages else {"-m build"}), path


# What portlint starts itself


def test_git_is_not_the_one_of_the_folder(folder: Folder) -> None:
    """Each way to ask it, with a PATH that leads there."""
    words = (sys.executable, "-I", "-m", "portlint", "check", "--policy-from", "HEAD")
    assert "main.py" in folder.run(*words, PATH=careless(), code=(1,))
    folder.run(sys.executable, "-I", "-c", WITHOUT_FORK, PATH=careless())


WITHOUT_FORK = """
import os
del os.fork
from portlint.git.ls_files import Listing
assert "app/main.py" in Listing(os.getcwd()).found().files
"""


def test_a_new_interpreter_does_not_look_where_the_user_stands(folder: Folder, tmp_path: Path) -> None:
    """As on systems without fork, where workers are started with `-c`."""
    (tmp_path / "program").mkdir()
    script = tmp_path / "program" / "script.py"
    script.write_text(SPAWNING)
    folder.run(sys.executable, str(script))


SPAWNING = """
import os
from portlint.workers import Limits, Supervisor

if __name__ == "__main__":
    with Supervisor(len, ["one", "three"], Limits(60), jobs=2, fork=False) as supervisor:
        assert list(supervisor.results()) == [3, 5]
    assert "PYTHONSAFEPATH" not in os.environ
"""


def test_python_m_portlint_imports_nothing_itself(tmp_path: Path) -> None:
    """What Python looks for before it runs portlint is not in portlint's hands."""
    folder = trapped(tmp_path / "root", tmp_path / "sprung")
    shutil.rmtree(folder.root / "portlint")
    fill(tmp_path, {"probe/__main__.py": "import sys; print(*sys.modules)"})
    command = [sys.executable, "-m", "probe"]
    loaded = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()
    for name in loaded:
        (folder.root / f"{name}.py").unlink(missing_ok=True)
    folder.run(sys.executable, "-m", "portlint", "check", "--no-cache", code=(1,))


@pytest.mark.parametrize("script", ["benchmarks/run.py", "fuzz/checkouts.py"])
def test_what_is_measured_on_a_checkout(folder: Folder, script: str) -> None:
    given = runpy.run_path(str(TOP / script))
    if "PORTLINT" in given:
        folder.run(*given["PORTLINT"], "ports")
    else:
        given["portlint"](folder.root, "ports")
    assert folder.caught == []
