"""Which compose files run together, and with which values of their variables."""

from __future__ import annotations

import pytest

from portlint.model import Settings
from portlint.pipeline.memory_run import run_on_memory
from support.small_projects import Files, compose, found

WEB = compose(web='ports: ["8000:80"]')
TOOLS = compose(tools='ports: ["8000:90"]')
TWO = {"docker-compose.yml": WEB, "docker-compose.tools.yml": TOOLS}
RUN = "docker compose -f docker-compose.yml -f docker-compose.tools.yml up"
CLASH = ["docker-compose.tools.yml:2 PORT201"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, []),
        ({"Makefile": "up:\n\tdocker compose -f docker-compose.yml -f docker-compose.tools.yml up -d\n"}, CLASH),
        ({"run.sh": "docker-compose --file=docker-compose.yml \\\n  --file docker-compose.tools.yml up\n"}, CLASH),
        ({".github/workflows/ci.yml": f"jobs:\n  a:\n    steps:\n      - run: {RUN}\n"}, CLASH),
        ({"up.py": f"import subprocess\nsubprocess.run({RUN.split()!r})\n"}, CLASH),
        ({".env": "COMPOSE_FILE=docker-compose.yml:docker-compose.tools.yml\n"}, CLASH),
        ({"scripts/up.sh": RUN.replace("docker-c", "$ROOT/docker-c")}, CLASH),
        ({"scripts/up.sh": RUN.replace("docker-c", "${ROOT:-.}/docker-c")}, CLASH),
        ({"README.md": f"# Tools\n\n```console\n$ {RUN}\n```\n"}, CLASH),
        ({"docs/run.md": f"Start it with `{RUN}`.\n"}, CLASH),
        ({"a.sh": "docker compose -f docker-compose.yml up\ndocker compose -f docker-compose.tools.yml up\n"}, []),
        ({"a.sh": "docker compose -f docker-compose.yml up && kubectl apply -f docker-compose.tools.yml\n"}, []),
        ({"a.sh": "docker compose -f docker-compose.yml -f missing.yml up\n"}, []),
        ({"docker-compose.all.yml": "include: [docker-compose.yml, {path: ./docker-compose.tools.yml}]\n"}, CLASH),
    ],
)  # fmt: skip
def test_which_files_run_together(more: Files, expected: list[str]) -> None:
    assert found(TWO | more, "PORT201") == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # The second file only adds to the first.
        (
            {
                "compose.yaml": WEB,
                "compose.dev.yaml": 'services:\n  web: {environment: {A: "1"}}\n' + TOOLS.partition("\n")[2],
            },
            ["compose.dev.yaml:3 PORT201"],
        ),
        ({"compose.yaml": WEB, "compose.dev.yaml": compose(web='ports: ["8000:80"]', tools='ports: ["8000:90"]')},
         ["compose.dev.yaml:3 PORT201"]),
        ({"docker-compose.prod.yml": WEB, "docker-compose.staging.yml": TOOLS}, []),
        ({"compose.yaml": WEB, "compose.override.yml": TOOLS}, ["compose.override.yml:2 PORT201"]),
        ({"compose.yaml": compose(web='ports: ["8000:80"]', tools='profiles: [tools], ports: ["8000:90"]')},
         ["compose.yaml:3 PORT201"]),
        ({"compose.yaml": compose(web='profiles: [a], ports: ["8000:80"]', tools='profiles: [b], ports: ["8000:90"]')},
         []),
        ({"compose.yaml": compose(web='scale: 2, ports: ["8000:80"]')}, ["compose.yaml:2 PORT201"]),
        ({"compose.yaml": compose(web='scale: 2, ports: ["8000-8001:80"]')}, []),
        ({"compose.yaml": compose(web='scale: 2, ports: ["80"]')}, []),
        ({"compose.yaml": compose(a='network_mode: host, command: serve --port 8000', web='ports: ["8000:80"]')},
         ["compose.yaml:3 PORT201"]),
        ({"compose.yaml": compose(a='network_mode: host, ports: ["8000:1"]', web='ports: ["8000:80"]')}, []),
        ({"compose.yaml": compose(a='network_mode: "service:web", ports: ["8000:1"]', web='ports: ["8000:80"]')}, []),
    ],
)  # fmt: skip
def test_stacks(files: Files, expected: list[str]) -> None:
    assert found(files, "PORT201") == expected


ADMIN = compose(admin='ports: ["${ADMIN_PORT:-8001}:80"]', web='ports: ["8000:80"]')


@pytest.mark.parametrize(
    ("path", "env", "expected"),
    [
        ("compose.yaml", {}, []),
        ("compose.yaml", {".env": "ADMIN_PORT=8000\n"}, ["compose.yaml:3 PORT201"]),
        ("compose.yaml", {".env": "OTHER_PORT=8000\n"}, []),
        ("compose.yaml", {"elsewhere/.env": "ADMIN_PORT=8000\n"}, []),
        ("compose.yaml", {".env.example": "ADMIN_PORT=8000\n"}, []),
        ("compose.yaml", {".env.production": "ADMIN_PORT=8000\n"}, []),
        ("compose.prod.yaml", {".env.production": "ADMIN_PORT=8000\n"}, ["compose.prod.yaml:3 PORT201"]),
        ("compose.prod.yaml", {".env.production": "ADMIN_PORT=8002\n", ".env": "ADMIN_PORT=8000\n"}, []),
    ],
)
def test_values_of_variables(path: str, env: Files, expected: list[str]) -> None:
    assert found({path: ADMIN} | env, "PORT201") == expected


DEV = {".env.dev": "ADMIN_PORT=8000\n"}
WITH_DEV = "docker compose --env-file .env.dev up -d\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"compose.yaml": ADMIN} | DEV, []),
        ({"compose.yaml": ADMIN, "run.sh": WITH_DEV} | DEV, ["compose.yaml:3 PORT201"]),
        ({"compose.yaml": ADMIN, "README.md": f"# Run it\n\n```sh\n{WITH_DEV}```\n"} | DEV, ["compose.yaml:3 PORT201"]),
        ({"compose.yaml": ADMIN, "README.md": f"Say `{WITH_DEV.strip()}`.\n"} | DEV, ["compose.yaml:3 PORT201"]),
        ({"compose.yaml": ADMIN, "Makefile": "up:\n\tdocker compose --env-file=./.env.dev -f compose.yaml up\n"} | DEV,
         ["compose.yaml:3 PORT201"]),
        ({"compose.yaml": ADMIN, "up.py": f"import subprocess\nsubprocess.run({WITH_DEV.split()!r})\n"} | DEV,
         ["compose.yaml:3 PORT201"]),
        ({"compose.yaml": ADMIN, "run.sh": "docker run --env-file .env.dev web\n"} | DEV, []),
        ({"compose.yaml": ADMIN, "run.sh": WITH_DEV, ".env": "ADMIN_PORT=8001\n"} | DEV, ["compose.yaml:3 PORT201"]),
        ({"compose.yaml": ADMIN, "run.sh": WITH_DEV, ".env": "ADMIN_PORT=8000\n", ".env.dev": "ADMIN_PORT=8001\n"},
         ["compose.yaml:3 PORT201"]),
        ({"compose.yaml": ADMIN.replace("8001", "8000"), "run.sh": WITH_DEV, ".env.dev": "ADMIN_PORT=8002\n"}, []),
        ({"compose.yaml": ADMIN, "run.sh": WITH_DEV, "deploy/.env.dev": "ADMIN_PORT=8000\n"}, []),
        ({"deploy/compose.yaml": ADMIN, "run.sh": "cd deploy\n" + WITH_DEV, "deploy/.env.dev": "ADMIN_PORT=8000\n"},
         []),
        ({"compose.yaml": ADMIN, "env/dev.env": "ADMIN_PORT=8000\n",
          "a.sh": "docker compose -f compose.yaml --env-file env/dev.env up\n"}, ["compose.yaml:3 PORT201"]),
    ],
)  # fmt: skip
def test_env_files_that_a_command_names(files: Files, expected: list[str]) -> None:
    assert found(files, "PORT201") == expected


def test_both_values_of_a_variable_are_named() -> None:
    files = {"compose.yaml": ADMIN, ".env": "ADMIN_PORT=8000\n"}
    result = run_on_memory({path: text.encode() for path, text in files.items()}, Settings(select=("PORT201",)))
    (related,) = result.findings[0].related
    assert related.message == "admin publishes 8000 here (the value of ADMIN_PORT in .env; its fallback is 8001)"
