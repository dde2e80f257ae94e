"""What is left out of a run over a few files cannot matter to them: the findings are those of a run over all."""

from __future__ import annotations

import shutil

import pytest
from msgspec.structs import replace

import portlint.check
from portlint.check import IN_THE_REGISTRY, RULES
from portlint.extract import extract
from portlint.model import Settings
from portlint.pipeline.extraction import Extraction
from portlint.pipeline.relevance import ties_of
from portlint.pipeline.request import Outcome, Request
from portlint.pipeline.run import run
from support.commandline import fill
from support.paths import FIXTURES

PROJECTS = sorted(path for path in (FIXTURES / "projects").glob("*/*") if path.is_dir())
CODE = {
    "tools/reads.py": 'import os\n\nport = int(os.getenv("WEB_PORT", "8099"))\n',
    "tools/binds.py": "import socket\n\nsocket.create_server(('', 9413))\n",
    "tools/calls.py": 'import requests\n\nrequests.get("http://localhost:9413/")\n',
    "tools/quiet.py": 'fetch("http://localhost:9413/")\n',
    "tools/plain.py": "TIMEOUT_PORT = 9777\n",
    "docs/ports.md": "| service | port |\n|---|---|\n| web | 8099 |\n",
    "deploy.sh": "docker compose -f compose.yaml -f extra.yaml up\ncurl http://localhost:8099\n",
    "compose.yaml": 'services:\n  web:\n    image: nginx:1.27\n    ports: ["${WEB_PORT:-8080}:80"]\n',
    "extra.yaml": 'services:\n  api:\n    image: redis\n    ports: ["8080:6379"]\n',
    ".env": "WEB_PORT=8080\nAPI_URL=http://localhost:9413\n",
    ".env.example": "WEB_PORT=8090\n",
    "twice/compose.yaml": (
        "services:\n  web:\n    image: shop/a\n    command: uvicorn app:app --port 3000\n"
        "    ports: ['127.0.0.1:8000:3001']\n---\n"
        "services:\n  web:\n    image: shop/b\n    command: uvicorn app:app --port 4000\n"
        "    ports: ['127.0.0.1:8001:4001']\n"
    ),
    "twice/app.py": 'import requests\n\nrequests.get("http://web:3001/")\n',
}


@pytest.fixture
def believed(monkeypatch):
    monkeypatch.setattr("portlint.cache.store.RACY", -(10**12))


def findings(outcome: Outcome, path: str):
    result = outcome.result
    return (
        [each for each in result.findings if each.path == path],
        [each for each in result.suppressed if each.finding.path == path],
    )


@pytest.mark.parametrize("project", [*PROJECTS, None], ids=lambda path: "/".join(path.parts[-2:]) if path else "code")
def test_the_rest_of_the_repository_counts_as_far_as_it_matters(project, tmp_path, believed, monkeypatch):
    root = tmp_path / "project"
    if project is None:
        root.mkdir()
        fill(root, CODE)
    else:
        shutil.copytree(project, root)
    settings = Settings(select=tuple(RULES), test_ignores=(), jobs=1)
    request = Request(root=root, settings=settings, caches=tmp_path / "caches")
    whole = run(request)
    monkeypatch.setattr("portlint.pipeline.extraction.Extraction.start", lambda self, files: None)
    assert whole.walk.files
    own = whole.registry.path if whole.registry else None
    assert {each.path for each in whole.result.findings if each.rule in IN_THE_REGISTRY} <= {own}
    for path in whole.walk.files:
        narrow = run(replace(request, named=(str(root / path),)))
        assert findings(narrow, path) == findings(whole, path)
        assert narrow.cached == len(whole.walk.files)


def test_what_does_not_matter_is_left_out(tmp_path, believed, monkeypatch):
    root = tmp_path / "project"
    root.mkdir()
    fill(root, CODE)
    request = Request(root=root, settings=Settings(jobs=1), caches=tmp_path / "caches")
    run(request)
    seen: list[set[str]] = []
    leave = Extraction.__exit__
    monkeypatch.setattr(Extraction, "__exit__", lambda self, *a: (seen.append(self.left_out), leave(self, *a))[1])
    run(replace(request, named=(str(root / "compose.yaml"),)))
    assert seen == [{"tools/quiet.py", "tools/plain.py", "docs/ports.md"}]


@pytest.mark.parametrize(
    ("named", "matched"),
    [
        ("compose.yaml", {"compose.yaml"}),
        ("tools/plain.py", {"tools/plain.py"}),
        ("ports.yaml", set(CODE)),
    ],
)
def test_no_more_is_matched_than_is_reported(named, matched, tmp_path):
    """What is said in the registry rests on all: PORT508."""
    fill(tmp_path, CODE | {"ports.yaml": "ports: {web: {default: 8080, env_var: WEB_PORT}}\n"})
    outcome = run(Request(root=tmp_path, settings=Settings(jobs=1), named=(str(tmp_path / named),)))
    assert {match.literal.path for match in outcome.resolution.matches} == matched
    assert {literal.path for literal in outcome.resolution.literals} == set(CODE)


@pytest.mark.parametrize(
    ("path", "text", "is_judged"),
    [
        ("tools/more.py", "import os\n\nx = 1\n", False),
        ("README.md", "# Nothing\n", False),
        ("tools/more.py", "PORT = 8080\n", True),
        ("tools/more.py", "def f(:\n", True),
        ("tools/more.py", "x = 1  # portlint: ignore[PORT101]\n", True),
        ("ports.yaml", "ports: {web: {default: 8080, env_var: WEB_PORT}}\n", True),
        ("app/.env.example", "# copy me\n", True),
    ],
)
def test_nothing_is_judged_where_a_file_says_nothing(path, text, is_judged, tmp_path, monkeypatch):
    fill(tmp_path, CODE | {path: text})
    request = Request(root=tmp_path, settings=Settings(jobs=1), named=(str(tmp_path / path),))
    judged = []
    judge = portlint.check.check
    monkeypatch.setattr(portlint.check, "check", lambda *given: (judged.append(path), judge(*given))[1])
    outcome = run(request)
    assert judged == [path] * is_judged
    assert (outcome.checked + outcome.not_checked, len(outcome.facts)) == (1, len(CODE) + 1)


@pytest.mark.parametrize(
    ("path", "text", "ties"),
    [
        ("a.py", "PORT = 8000\n", ()),
        ("a.py", 'import os\nPORT = int(os.getenv("B_PORT", "8000"))\nos.getenv("A_PORT")\n', ("A_PORT", "B_PORT")),
        ("a.py", "import uvicorn\nuvicorn.run(app, port=8000)\n", None),
        ("a.sh", "docker compose -f a.yml -f b.yml up\n", None),
        ("a.sh", "curl http://localhost:${API_PORT:-8000}/\n", ("API_PORT",)),
        ("a.json", "{}", ()),
        ("a.json", '{"port": 8000}', None),
        (".env.example", "# nothing\n", None),
        ("a.txt", "8000", ()),
    ],
)  # fmt: skip
def test_ties(path, text, ties):
    assert ties_of(extract(path, text.encode())) == ties
