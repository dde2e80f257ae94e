"""Rules that ask the topology: PORT206 to PORT209, and PORT205 through variables. Each with what must stay silent."""

from __future__ import annotations

import pytest

from support.small_projects import found

PYTHON = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n"
PUBLISHED = "services:\n  app:\n    build: .\n    ports: ['5000:5000']\n"
CHECKED = PYTHON + "HEALTHCHECK CMD curl -f http://localhost:8000/ || exit 1\nCMD uvicorn a:b --host 0.0.0.0\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"compose.yaml": PUBLISHED, "Dockerfile": PYTHON + "CMD flask run\n"}, ["Dockerfile:4 PORT206"]),
        ({"compose.yaml": PUBLISHED, "Dockerfile": PYTHON + "CMD flask run -h 0.0.0.0\n"}, []),
        ({"compose.yaml": PUBLISHED, "Dockerfile": PYTHON + "CMD flask run --host=::\n"}, []),
        ({"compose.yaml": PUBLISHED, "Dockerfile": PYTHON + "ENV FLASK_RUN_HOST=0.0.0.0\nCMD flask run\n"}, []),
        ({"compose.yaml": PUBLISHED, "Dockerfile": PYTHON + "CMD ./bridge & flask run\n"}, []),
        ({"compose.yaml": PUBLISHED + "    env_file: gone.env\n", "Dockerfile": PYTHON + "CMD flask run\n"}, []),
        ({"compose.yaml": PUBLISHED, "Dockerfile": "FROM acme/flask\nCMD flask run\n"}, []),
        ({"compose.yaml": PUBLISHED.replace("5000", "6000"), "Dockerfile": PYTHON + "CMD flask run\n"}, []),
        ({"Dockerfile": PYTHON + "EXPOSE 5000\nCMD flask run\n"}, ["Dockerfile:5 PORT206"]),
        ({"Dockerfile": PYTHON + "CMD flask run\n"}, []),
        ({"Dockerfile": PYTHON + "EXPOSE 8000\nCMD gunicorn a:b\n"}, ["Dockerfile:5 PORT206"]),
        ({"Dockerfile": "FROM node:22\nWORKDIR /a\nCOPY . .\nEXPOSE 5173\nCMD npx vite\n"}, ["Dockerfile:5 PORT206"]),
        ({"Dockerfile": "FROM node:22\nWORKDIR /a\nCOPY . .\nEXPOSE 5173\nCMD npx vite --host\n"}, []),
        (
            {
                "Dockerfile": "FROM node:22\nWORKDIR /a\nCOPY . .\nEXPOSE 5173\nCMD npx vite\n",
                "vite.config.ts": "export default { server: { host: true } }\n",
            },
            [],
        ),
        ({"Dockerfile": PYTHON + "ENV PORT=8000\nEXPOSE 8000\nCMD gunicorn a:b\n"}, []),
    ],
)  # fmt: skip
def test_servers_that_bind_loopback(files: dict[str, str], expected: list[str]) -> None:
    assert found(files, "PORT206") == expected


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("command: celery -A shop worker", ["compose.yaml:4 PORT208"]),
        ("command: flask run -h 0.0.0.0 -p 9000", ["compose.yaml:4 PORT208"]),
        ("entrypoint: celery -A shop beat", ["compose.yaml:4 PORT208"]),
        ("command: uvicorn a:b --reload", []),
        ("command: ./jobs", []),
        ("command: celery -A shop worker\n    healthcheck: {test: 'true'}", []),
        ("command: celery -A shop worker\n    healthcheck: {disable: true}", []),
        ("command: celery -A shop worker\n    network_mode: service:web", []),
        ("environment: {A: 1}", []),
    ],
)
def test_inherited_health_checks(service: str, expected: list[str]) -> None:
    compose = f"services:\n  app:\n    build: .\n    {service}\n  web:\n    build: .\n"
    assert found({"compose.yaml": compose, "Dockerfile": CHECKED}, "PORT208") == expected


STORE = "services:\n  db: {image: 'postgres:16', ports: ['127.0.0.1:5432:5432']}\n  app:\n    image: acme/app\n"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("    environment: {DB_URL: 'postgres://u@localhost:5432/x'}\n", ["compose.yaml:5 PORT209"]),
        ("    environment: {DB_HOST: 127.0.0.1, DB_PORT: 5432}\n", ["compose.yaml:5 PORT209"]),
        ("    environment: {DB_URL: 'postgres://u@db:5432/x'}\n", []),
        ("    environment: {DB_URL: 'postgres://u@host.docker.internal:5432/x'}\n", []),
        ("    environment: {DB_URL: 'postgres://u@localhost:5433/x'}\n", []),
        ("    environment: {DB_URL: 'postgres://u@localhost:5432/x'}\n    network_mode: host\n", []),
        ("    environment: {DB_URL: 'postgres://u@localhost:5432/x'}\n    network_mode: service:db\n", []),
        ("    environment: {DB_URL: 'postgres://u@localhost:5432/x'}\n    networks: [other]\n", []),
        ("    environment: {DB_URL: 'postgres://u@localhost:5432/x'}\n    expose: [5432]\n", []),
        (
            "    environment: {DB_URL: 'postgres://u@localhost:5432/x'}\n  db2: {image: 'postgres:15'}\n",
            [],
        ),
    ],
)  # fmt: skip
def test_localhost_in_a_container(more: str, expected: list[str]) -> None:
    assert found({"compose.yaml": STORE + more}, "PORT209") == expected


@pytest.mark.parametrize(
    ("variables", "env_file", "expected"),
    [
        ("{DB_HOST: db, DB_PORT: '${P}'}", "P=5433\n", ["compose.yaml:5 PORT205"]),
        ("{DB_HOST: db, DB_PORT: '${P:-5433}'}", "", ["compose.yaml:5 PORT301"]),
        ("{DB_HOST: db, DB_PORT: '${P:-5433}'}", "P=5433\n", ["compose.yaml:5 PORT205"]),
        ("{DB_HOST: db, DB_PORT: '${Q:-5434}'}", "P=5433\n", ["compose.yaml:5 PORT301"]),
        ("{DB_HOST: db, DB_PORT: '${P}'}", "P=5432\n", ["compose.yaml:5 PORT207"]),
        ("{DB_HOST: db, DB_PORT: '${Q:-5432}'}", "P=5432\n", []),
        ("{DB_HOST: db.example.org, DB_PORT: '${P}'}", "P=5433\n", []),
        ("{DB_PORT: '${P}'}", "P=5433\n", []),
        ("{DB_HOST: db, DB_PORT: '${P}'}", "", []),
    ],
)
def test_ports_that_come_through_variables(variables: str, env_file: str, expected: list[str]) -> None:
    compose = (
        "services:\n  db: {image: 'postgres:16', ports: ['127.0.0.1:${P}:5432']}\n"
        f"  app:\n    image: acme/app\n    environment: {variables}\n"
    )
    files = {"compose.yaml": compose} | ({".env": env_file} if env_file else {})
    assert found(files, "PORT205", "PORT207", "PORT301") == expected


@pytest.mark.parametrize(
    ("dockerfile", "expected"),
    [
        ("ENV P=8000\nHEALTHCHECK CMD curl localhost:8000\nCMD flask run -p $P\n", ["Dockerfile:5 PORT207"]),
        ("ENV P=8000\nHEALTHCHECK CMD curl localhost:$P\nCMD flask run -p $P\n", []),
        ("ARG P=8000\nHEALTHCHECK CMD curl localhost:8000\nCMD flask run -p 8000\n", []),
        ("ENV P=8000\nHEALTHCHECK CMD curl localhost:8000\nCMD flask run -p 8000\n", []),
        ("ENV P=8000\nHEALTHCHECK CMD curl other:8000\nCMD flask run -p $P\n", []),
        ("ENV P=8001\nHEALTHCHECK CMD curl localhost:8000\nCMD flask run -p $P\n", ["Dockerfile:5 PORT203"]),
    ],
)
def test_health_checks_that_do_not_follow(dockerfile: str, expected: list[str]) -> None:
    assert found({"Dockerfile": PYTHON + dockerfile}, "PORT203", "PORT207") == expected
