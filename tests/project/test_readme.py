"""The README's tour: what it shows is what a repository like that gives."""

from __future__ import annotations

import re
import shlex

import pytest

from support.commandline import fill
from support.paths import TOP

README = (TOP / "README.md").read_text()
REPOSITORY = {
    ".env.example": "API_PORT=8000\nADMIN_PORT=9000\nREDIS_PORT=6379\n",
    "app.py": 'import os\n\nimport requests\n\nanswer = requests.get("http://localhost:8000/health")\n'
    'port = int(os.getenv("API_PORT", "8080"))\n',
    "compose.yaml": """\
services:
  api:
    build: .
    ports: ["${API_PORT:-8000}:8000"]
    environment:
      REDIS_URL: redis://redis:6379/0
  docs:
    image: nginx:1.27
    ports: ["${DOCS_PORT:-8000}:80"]
""",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def shown(command: str) -> str:
    """What the README prints under a command."""
    (block,) = (block for block in blocks("console") if block.startswith(f"$ {command}\n"))
    return block.removeprefix(f"$ {command}\n")


@pytest.fixture
def tour(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return fill(tmp_path, REPOSITORY)


def registry() -> str:
    return next(block for block in blocks("yaml") if block.startswith("ports:\n"))


@pytest.mark.parametrize(
    "command", ["portlint check --output-format concise", "portlint check app.py --select PORT103"]
)
def test_the_findings_of_the_tour(tour, portlint, command):
    fill(tour, {"ports.yaml": registry()})
    code, out, _ = portlint(*shlex.split(command)[1:])
    assert (code, out.rstrip("\n")) == (1, shown(command).rstrip("\n"))


def test_the_ports_of_the_tour(tour, portlint):
    assert portlint("ports")[:2] == (0, shown("portlint ports"))


def test_the_mistake_in_a_registry(tour, portlint):
    fill(tour, {"ports.yaml": registry().replace("default", "defalt", 1)})
    code, out, err = portlint("registry", "validate")
    assert (code, out) == (2, "")
    assert err == shown("portlint registry validate")


def test_every_registry_and_every_setting_shown_is_one(tour, portlint):
    registries = [block for block in blocks("yaml") if re.match("ports:|ranges:", block)]
    assert len(registries) > 1
    for block in registries:
        whole = block if "ports:\n" in block else f"{block}ports:\n  api: {{default: 8000}}\n"
        fill(tour, {"ports.yaml": whole})
        assert portlint("registry", "validate")[0] == 0, block
    (settings,) = blocks("toml")
    fill(tour, {"pyproject.toml": settings})
    assert portlint("config", "validate")[::2] == (0, "")
