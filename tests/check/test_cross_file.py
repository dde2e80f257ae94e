"""Rules that hold files against one another: stacks, addresses, values, names and sides, each with its near-miss."""

from __future__ import annotations

import pytest

from portlint.model import Settings
from portlint.pipeline.memory_run import run_on_memory
from support.small_projects import Files, compose, found, messages

WEB = compose(web='ports: ["8000:80"]')
API = 'ports: ["18080:8000"]'
LOOPBACK = ["localhost", "LOCALHOST", "localhost.localdomain", "ip6-localhost", "127.0.0.1", "127.0.0.2", "[::1]"]
CONTAINER_HOST = [
    "host.docker.internal", "docker.for.mac.localhost", "docker.for.win.localhost", "gateway.docker.internal",
    "host.containers.internal",
]  # fmt: skip
SERVICE = "apiVersion: v1\nkind: Service\nspec:\n  ports:\n    - port: 8001\n"
IN_JSON = '{"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 8001}]}}'


@pytest.mark.parametrize(
    ("services", "more", "expected"),
    [
        ({"api": API, "ui": "environment: {API_URL: 'http://api:18080'}"}, {}, ["compose.yaml:3 PORT205"]),
        ({"api": API, "ui": "environment: {API_URL: 'http://api:8001'}"}, {}, ["compose.yaml:3 PORT301"]),
        ({"api": API, "ui": "environment: {API_URL: 'http://api:8000'}"}, {}, []),
        ({"api": API, "ui": "environment: {API_HOST: api, API_PORT: 18080}"}, {}, ["compose.yaml:3 PORT205"]),
        ({"api": API, "ui": "environment: {API_HOST: other, API_PORT: 18080}"}, {}, []),
        ({"api": API, "ui": "env_file: ui.env"}, {"ui.env": "API_HOST=api\nAPI_PORT=8001\n"}, ["ui.env:2 PORT301"]),
        ({"api": API, "ui": "links: ['api:backend'], command: wait backend:18080"}, {}, ["compose.yaml:3 PORT205"]),
        ({"api": API + ", hostname: inner"}, {"x.conf": "server { location / { proxy_pass http://inner:8001; } }\n"},
         ["x.conf:1 PORT301"]),
        ({"api": API + ", networks: {default: {aliases: [back]}}"},
         {"traefik.yml": "http:\n  services:\n    a:\n      loadBalancer:\n        servers:\n          - url: http://back:8001\n"},
         ["traefik.yml:6 PORT301"]),
        ({"api": API, "ui": "extra_hosts: ['api:10.0.0.7'], environment: {API_URL: 'http://api:18080'}"}, {}, []),
        ({"api": API, "ui": "environment: {API_URL: 'http://host.docker.internal:18080'}"}, {}, []),
        ({"api": API}, {"call.py": 'URL = "http://api:8001/x"\n'}, ["call.py:1 PORT301"]),
        ({"api": API}, {"a.py": 'URL = "http://api:8001/"\n', "k8s/a.yaml": SERVICE}, []),
        ({"api": API}, {"a.py": 'URL = "http://api:8001/"\n', "k8s/a.json": IN_JSON}, []),
        ({"api": API}, {"a.py": 'URL = "http://api:8002/"\n', "k8s/a.json": IN_JSON}, ["a.py:1 PORT301"]),
        ({"api": API}, {"a.py": 'URL = "http://api:8001/x"\n', "api/main.py": "METRICS_PORT = 8001\n"}, []),
        ({"api": API}, {"sub/a.py": 'URL = "http://api:8001/x"\n'}, ["sub/a.py:1 PORT301"]),
        ({"api": API}, {"a.sh": "ALL=(api:18080 db:15432)\nfor x in ${ALL[@]}; do curl localhost:${x#*:}; done\n"}, []),
        ({"api": API}, {"a.sh": "wait-for-it api:18080\n"}, ["a.sh:1 PORT205"]),
        ({"api": API}, {"examples/a.py": 'URL = "http://api:8001/x"\n'}, []),
        ({"api": API}, {"tests/test_call.py": 'URL = "http://api:8001/x"\n'}, []),
        ({"api": API}, {"k8s/deployment.yaml": "spec:\n  url: http://api:80\n"}, []),
        ({"api": API}, {"start.py": 'HERE = "http://localhost:8001"\nTHERE = "http://api:8001"\n'}, []),
        ({"api": API + ", environment: {PORT: 9000}", "ui": "environment: {A_URL: 'http://api:9000'}"}, {}, []),
        ({"api": "environment: {A: b}", "ui": "environment: {A_URL: 'http://api:9000'}"}, {}, []),
        ({"api": 'ports: ["18080:${INNER}"]', "ui": "environment: {A_URL: 'http://api:9000'}"}, {}, []),
        ({"redis": API}, {"compose.yaml": "services:\n  db: {image: 'redis:7'}\n  ui: {image: a, environment: {R_URL: 'redis://db:6380'}}\n"},
         ["compose.yaml:3 PORT301"]),
        ({"api": "expose: [9100]", "vpn": "network_mode: 'service:api', expose: [7000]", "ui": "command: go http://api:7000"},
         {}, []),
    ],
)  # fmt: skip
def test_who_is_called_where(services: dict[str, str], more: Files, expected: list[str]) -> None:
    assert found({"compose.yaml": compose(**services)} | more, "PORT205", "PORT301") == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((host, []) for host in [*LOOPBACK, "0.0.0.0"]),
        *((host, ["compose.yaml:3 PORT301"]) for host in CONTAINER_HOST),
    ],
)
def test_a_service_listens_on_what_it_calls_itself_by(host: str, expected: list[str]) -> None:
    api = API + f", environment: {{BASE: 'http://{host}:9000'}}"
    body = compose(api=api, ui="environment: {API_URL: 'http://api:9000'}")
    assert found({"compose.yaml": body}, "PORT301") == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ["two/call.py:1 PORT301"]),
        ({"two/compose.yaml": WEB}, []),
        ({"compose.yaml": WEB}, []),
        ({"two/compose.yaml": WEB, "compose.yaml": compose(api=API)}, ["two/call.py:1 PORT301"]),
        ({"three/compose.yaml": compose(api='ports: ["8001:8001"]')}, []),
    ],
)
def test_a_name_is_that_of_a_stack_above_the_file(more: Files, expected: list[str]) -> None:
    files = {"one/compose.yaml": compose(api=API), "two/call.py": 'URL = "http://api:8001/x"\n'}
    assert found(files | more, "PORT301") == expected


@pytest.mark.parametrize(
    ("image", "ports", "expected"),
    [
        ("adguard/adguardhome", "'53:53/udp'", []),
        ("acme/collector", "'1:1001', '2:1002', '3:1003'", []),
        ("acme/collector", "'1:1001', '2:1002'", ["PORT301", "PORT302"]),
        ("acme/collector", "'1:1001'", ["PORT301", "PORT203", "PORT302"]),
        ("acme/zookeeper", "'2181:2181'", ["PORT301", "PORT203", "PORT302"]),
        ("acme/caddy-with-plugins", "'2:80'", ["PORT301", "PORT203", "PORT302"]),
        ("acme/cockroach", "'3000:3001', '22:22'", ["PORT205", "PORT203", "PORT302"]),
    ],
)
def test_what_a_strange_image_publishes_need_not_be_all(image: str, ports: str, expected: list[str]) -> None:
    label = "traefik.http.services.a.loadbalancer.server.port=3000"
    files = {
        "compose.yaml": f"services:\n  a: {{image: {image}, ports: [{ports}], labels: ['{label}'],"
        " healthcheck: {test: 'curl localhost:3000'}}\n  b: {image: c, command: go http://a:3000}\n"
    }
    assert sorted(line.split()[1] for line in found(files)) == sorted(expected)


@pytest.mark.parametrize("name", ["compose.yaml.bak_20260309", "compose.old.yaml", "compose.yml.orig", "compose.yaml~"])
def test_a_compose_file_that_was_put_aside_runs_nowhere(name: str) -> None:
    twice = compose(web='ports: ["8000:80"]', tools='ports: ["8000:90"]')
    assert found({name: twice}, "PORT201") == []
    assert found({"compose.backup.yaml": twice}, "PORT201") == ["compose.backup.yaml:3 PORT201"]


def test_a_message_names_what_tells_the_port() -> None:
    build = "build: api, " + API
    files = {
        "compose.yaml": f"services:\n  api: {{{build}}}\n  ui: {{image: a, environment: {{A_URL: 'http://api:9000'}}}}\n",
        "api/Dockerfile": "FROM scratch\nEXPOSE 8000 9100\n",
    }
    assert messages(files, "PORT301") == [
        "api has no port 9000: it listens on 8000 (its mapping) and 9100 (EXPOSE in api/Dockerfile), "
        "and this connection is refused"
    ]


def test_a_request_that_a_program_sends_may_start_inside_the_container() -> None:
    page = compose(pages="ports: ['3002:3000']").replace("shop/pages", "grafana/grafana")
    assert found({"compose.yaml": page, "a.py": 'PAGES_BASE = "http://localhost:3000/api"\n'}, "PORT301") == []
    assert found({"compose.yaml": page, ".env": "PAGES_URL=http://localhost:3000/api\n"}, "PORT301") == [
        ".env:1 PORT301"
    ]


DB = compose(db="ports: ['127.0.0.1:15432:5432']").replace("shop/db", "postgres:16")


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (".env", "POSTGRES_URL=postgres://localhost:5432/shop\n", [".env:1 PORT301"]),
        (".env", "DB_URL=postgres://127.0.0.1:5432/shop\n", [".env:1 PORT301"]),
        (".env", "DB_URL=postgres://localhost:15432/shop\n", []),
        (".env", "DATABASE_URL=postgres://localhost:5432/shop\n", [".env:1 PORT301"]),
        (".env", "DATABASE_URL=mysql://localhost:3306/shop\n", []),
        (".env", "OTHER_URL=postgres://localhost:5432/shop\n", []),
        (".env", "DB_CORS_ORIGINS=http://localhost:5432\n", []),
        ("config/app.ini", "[db]\nurl = postgres://localhost:5432/shop\n", []),
        ("a.py", 'DATABASE_URL = "postgres://localhost:5432/shop"\n', ["a.py:1 PORT301"]),
        ("a.py", 'import os\nDB_URL = os.getenv("DB_URL", "postgres://localhost:5432/shop")\n', []),
        ("sub/.env", "DB_URL=postgres://localhost:5432/shop\n", ["sub/.env:1 PORT301"]),
    ],
)
def test_from_the_host_a_published_port_counts(path: str, text: str, expected: list[str]) -> None:
    assert found({"compose.yaml": DB, path: text}, "PORT301") == expected
    assert found({"elsewhere/compose.yaml": DB, path: text}, "PORT301") == []


@pytest.mark.parametrize("host", [*LOOPBACK, *CONTAINER_HOST])
def test_every_name_of_the_machine_is_one_for_what_is_published(host: str) -> None:
    files = {"compose.yaml": DB, ".env": f"DATABASE_URL=postgres://shop@{host}:5432/shop\n"}
    assert found(files, "PORT301") == [".env:1 PORT301"]
    files = {"compose.yaml": DB, ".env": f"DATABASE_URL=postgres://shop@{host}:15432/shop\n"}
    assert found(files, "PORT301") == []


@pytest.mark.parametrize("host", ["db.example.org", "10.0.0.7", "0.0.0.0"])
def test_what_is_published_here_says_nothing_of_other_hosts(host: str) -> None:
    files = {"compose.yaml": DB, ".env": f"DATABASE_URL=postgres://shop@{host}:5432/shop\n"}
    assert found(files, "PORT301") == []


@pytest.mark.parametrize(
    ("host", "expected"),
    [*((host, []) for host in LOOPBACK), *((host, ["compose.yaml:3 PORT301"]) for host in CONTAINER_HOST)],
)
def test_inside_a_container_loopback_is_the_container(host: str, expected: list[str]) -> None:
    body = DB + f"  web: {{image: shop/web, environment: {{DB_URL: 'postgres://shop@{host}:5432/shop'}}}}\n"
    assert found({"compose.yaml": body}, "PORT301") == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("main.py", "import socket\nsocket.create_server(('', 5432))\n", []),
        ("conf.d/db.conf", "server {\n  listen 5432;\n}\n", [".env:1 PORT301"]),
        ("traefik.yml", "entryPoints:\n  db:\n    address: ':5432'\n", [".env:1 PORT301"]),
    ],
)
def test_what_a_proxy_listens_on_is_no_port_of_the_host(path: str, text: str, expected: list[str]) -> None:
    files = {"compose.yaml": DB, ".env": "POSTGRES_URL=postgres://localhost:5432/shop\n", path: text}
    assert found(files, "PORT301") == expected


@pytest.mark.parametrize(
    ("service", "dockerfile", "expected"),
    [
        ("build: ., command: serve --port 8001, ports: ['80:8000']", "", ["compose.yaml:2 PORT203"]),
        ("build: ., command: serve --port 8000 --metrics-port 8001, ports: ['80:8000']", "", []),
        ("build: ., command: serve --metrics-port 8001, ports: ['80:8000']", "", []),
        ("build: ., command: serve, ports: ['80:8000']", "EXPOSE 8001\n", []),
        ("build: ., ports: ['80:8000']", "EXPOSE 8001\n", ["compose.yaml:2 PORT203"]),
        ("build: ., ports: ['80:8000', '81:8001']", "EXPOSE 8001\n", []),
        ("build: ., ports: ['80:8000'], environment: {PORT: '8000'}", "EXPOSE 8001\n", []),
        ("build: ., ports: ['80:8000'], healthcheck: {test: 'curl localhost:8001'}", "", ["compose.yaml:2 PORT203"]),
        ("build: ., ports: ['80:8000'], healthcheck: {test: 'curl db:8001'}", "", []),
        ("build: ., healthcheck: {test: 'curl localhost:8001'}", "", []),
        ("build: ., expose: ['8000'], command: serve --port 8001", "", ["compose.yaml:2 PORT203"]),
        ("build: ., ports: ['80:5000'], environment: {ASPNETCORE_URLS: 'http://+:5000'}", "EXPOSE 8001\n", []),
        ("image: acme/vpn, ports: ['1:8000', '2:8001'], healthcheck: {test: 'curl localhost:9999'}", "", []),
        ("image: acme/vpn, expose: [8000, 8001], healthcheck: {test: 'curl localhost:9999'}", "", []),
        ("image: acme/vpn, ports: ['1:8000'], healthcheck: {test: 'curl localhost:9999'}", "",
         ["compose.yaml:2 PORT203"]),
        ("build: .", "EXPOSE 8001\nCMD [\"uvicorn\", \"a:b\", \"--port\", \"8000\"]\n", ["Dockerfile:2 PORT203"]),
        ("build: .", "ENV PORT=8001\nEXPOSE 8001\nCMD uvicorn a:b --port 8000\n", []),
        ("build: .", "EXPOSE 8000\nHEALTHCHECK CMD curl -f http://localhost:8001/\n", ["Dockerfile:3 PORT203"]),
    ],
)  # fmt: skip
def test_what_a_service_listens_on(service: str, dockerfile: str, expected: list[str]) -> None:
    files = {"compose.yaml": f"services:\n  api: {{{service}}}\n", "Dockerfile": "FROM scratch\n" + dockerfile}
    assert found(files, "PORT203") == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [*((host, ["Dockerfile:3 PORT203"]) for host in LOOPBACK), *((host, []) for host in [*CONTAINER_HOST, "db"])],
)
def test_a_health_check_of_an_image_that_asks_another_host(host: str, expected: list[str]) -> None:
    files = {"Dockerfile": f"FROM scratch\nEXPOSE 8000\nHEALTHCHECK CMD curl -f http://{host}:8001/\n"}
    assert found(files, "PORT203") == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [*((host, []) for host in LOOPBACK), *((host, ["start.py:2 PORT301"]) for host in [*CONTAINER_HOST, "db"])],
)
def test_code_that_starts_services_of_its_own_may_call_them_alike(host: str, expected: list[str]) -> None:
    program = f'HERE = "http://{host}:8001"\nTHERE = "http://api:8001"\n'
    assert found({"compose.yaml": compose(api=API), "start.py": program}, "PORT301") == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((host, ["call.sh:1 PORT101"]) for host in [*LOOPBACK, *CONTAINER_HOST]),
        *((host, []) for host in ["api.example.test", "10.0.0.7"]),
    ],
)
def test_a_registered_number_is_hardcoded_where_it_is_one_of_this_machine(host: str, expected: list[str]) -> None:
    registry = "ports: {search: {default: 8123, env_var: SEARCH_PORT}}\n"
    assert found({"ports.yaml": registry, "call.sh": f"curl http://{host}:8123/\n"}, "PORT101") == expected


STAGES = """\
FROM python AS base
EXPOSE 8000
CMD ["serve", "--port", "8000"]
FROM base AS debug
CMD ["serve", "--port", "9000"]
FROM node AS assets
EXPOSE 3000
FROM base
"""


@pytest.mark.parametrize(
    ("build", "port", "expected"),
    [
        ("{context: .}", 8000, []),
        ("{context: .}", 3000, ["compose.yaml:2 PORT203"]),
        ("{context: ., target: assets}", 3000, []),
        ("{context: ., target: assets}", 8000, ["compose.yaml:2 PORT203"]),
        ("{context: ., target: '${STAGE:-assets}'}", 3000, []),
        ("{context: ., target: '${STAGE}'}", 3000, []),
        ("{context: ., target: '2'}", 3000, []),
        ("{context: ., target: debug}", 8000, ["Dockerfile:2 PORT203", "compose.yaml:2 PORT203"]),
        ("{context: ., target: debug}", 9000, ["Dockerfile:2 PORT203"]),
    ],
)
def test_the_stage_that_is_built_tells(build: str, port: int, expected: list[str]) -> None:
    body = f"services:\n  api: {{build: {build}, ports: ['80:{port}']}}\n"
    assert found({"compose.yaml": body, "Dockerfile": STAGES}, "PORT203") == expected


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("", ["Dockerfile:2 PORT203"]),
        ("FROM base\nCMD serve --port 8000\n", []),
        ('FROM base\nENTRYPOINT ["run"]\n', []),
        ("FROM base\nHEALTHCHECK NONE\n", ["Dockerfile:2 PORT203"]),
        ("FROM scratch\nCOPY --from=base /a /a\n", []),
    ],
)
def test_a_later_stage_takes_the_place_of_a_command(last: str, expected: list[str]) -> None:
    dockerfile = "FROM python AS base\nEXPOSE 8000\nCMD serve --port 9000\n"
    assert found({"Dockerfile": dockerfile + last}, "PORT203") == expected


def test_code_beside_the_dockerfile_may_bind_what_the_health_check_asks() -> None:
    files = {
        "Dockerfile": "FROM python\nEXPOSE 8000\nHEALTHCHECK CMD curl -f http://localhost:8001/\n",
        "main.py": 'import uvicorn\n\nuvicorn.run("app:app", port=8001)\n',
    }
    assert found(files, "PORT203") == []


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("traefik.http.services.a.loadbalancer.server.port=18080", ["compose.yaml:2 PORT302"]),
        ("traefik.http.services.a.loadbalancer.server.port=8000", []),
        ("traefik.port=9000", ["compose.yaml:2 PORT302"]),
        ("other.port=9000", []),
        ("traefik.http.routers.a.priority=9000", []),
    ],
)
def test_traefik_labels(label: str, expected: list[str]) -> None:
    files = {"compose.yaml": compose(api=f"{API}, labels: ['{label}']")}
    assert found(files, "PORT302") == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("127.0.0.1:8080", "localhost:8080", [1]),
        ("127.0.0.1:8080", "LOCALHOST:8080", [1]),
        ("localhost.localdomain:8080", "localhost:8080", [1]),
        ("*:8080", "8080", [1]),
        ("0.0.0.0:8080", "*:8080", [1]),
        ("[::]:8080", "8080", []),
        ("[::]:8080", "[::]:8080", [1]),
        ("127.0.0.1:8080", "127.0.0.2:8080", []),
        ("127.0.0.1:8080", "8080", []),
        ("[::1]:8080", "127.0.0.1:8080", []),
    ],
)
def test_listeners_of_one_server(first: str, second: str, expected: list[int]) -> None:
    text = f"server {{ listen {first}; listen {second}; location / {{ return 200; }} }}\n"
    assert found({"site.conf": text}, "PORT303") == [f"site.conf:{line} PORT303" for line in expected]


def test_a_mapping_of_an_override_is_no_ground_for_a_claim() -> None:
    files = {
        "compose.yaml": compose(api="labels: ['traefik.http.services.a.loadbalancer.server.port=80']"),
        "compose.override.yaml": "services:\n  api: {ports: ['8888:8888']}\n",
    }
    assert found(files, "PORT302") == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".env": "API_PORT=8000\n", "a.py": 'import os\nP = os.getenv("API_PORT", "8001")\n'}, ["a.py:2 PORT403"]),
        ({".env": "API_PORT=8000\n", "a.py": 'import os\nP = os.getenv("API_PORT", "8000")\n'}, []),
        ({".env": "API_PORT=8000\nAPI_PORT=8001\n"}, [".env:2 PORT403"]),
        ({".env": "API_PORT=8000\n", ".env.local": "API_PORT=8001\n"}, []),
        ({".env.production": "API_PORT=8000\n", ".env.staging": "API_PORT=8001\n"}, []),
        ({"deploy/prod/.env": "API_PORT=8000\n", "deploy/prod/compose.yaml": compose(a='ports: ["${API_PORT:-1}:80"]')},
         ["deploy/prod/compose.yaml:2 PORT403"]),
        ({"a/.env": "API_PORT=8000\n", "b/.env": "API_PORT=8001\n"}, []),
        ({".env": "API_PORT=8000\n", "b/.env": "API_PORT=8001\n", "b/run.sh": "x --port ${API_PORT:-8001}\n"}, []),
        ({".env": "PORT=8000\n", "a.py": 'import os\nP = os.getenv("PORT", "8001")\n'}, []),
        ({".env": "API_PORT=8000\n", "tests/test_a.py": 'import os\nP = os.getenv("API_PORT", "8001")\n'}, []),
        ({"a.sh": "x ${api_port:-8000}\n", "b.sh": "x ${api_port:-8001}\n"}, []),
        ({"a.sh": "db_wait() { nc h ${DB_PORT:-5432}; }\nmy() { nc h ${DB_PORT:-3306}; }\n"}, []),
        ({"examples/a.sh": "x ${X_PORT:-8001}\n", "examples/b.sh": "x ${X_PORT:-8002}\n"}, []),
        ({"a.sh": "x ${X_PORT:-8001}\n", "b.sh": "x ${X_PORT:-8002}\n"}, ["b.sh:1 PORT403"]),
        ({"a/run.sh": "x ${DB_PORT:-5432}\n", "b/run.sh": "x ${DB_PORT:-15432}\n"}, []),
        ({"a/run.sh": "x ${DB_PORT:-5432}\n", "a/stop.sh": "x ${DB_PORT:-15432}\n"}, ["a/stop.sh:1 PORT403"]),
        ({".env": "DB_PORT=5432\n", "b/run.sh": "x ${DB_PORT:-15432}\n"}, ["b/run.sh:1 PORT403"]),
        ({"a.ts": "export const A = process.env.PORT || 3000;\nexport const B = process.env.PORT || 3001;\n"}, []),
        ({".env": "A_ORIGINS=http://localhost:3000,http://localhost:3001\n"}, []),
        ({".env": "A_URL=http://localhost:8000\n", "a.py": 'import os\nU = os.getenv("A_URL", "http://localhost:8001")\n'},
         ["a.py:2 PORT403"]),
        ({".env": "A_URL=http://localhost:8000\n", "a.py": 'import os\nU = os.getenv("A_URL", "http://b:8001")\n'}, []),
        ({".env": "API_PORT=8000\n", "k8s/env.yaml": 'data:\n  .env: |\n    API_PORT=8001\n'}, []),
    ],
)  # fmt: skip
def test_inconsistent_variables(files: Files, expected: list[str]) -> None:
    assert found(files, "PORT403") == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [*((host, ["a.py:2 PORT403"]) for host in LOOPBACK), *((host, []) for host in [*CONTAINER_HOST, "0.0.0.0", "b"])],
)
def test_all_names_of_one_host_are_one_for_a_variable(host: str, expected: list[str]) -> None:
    program = f'import os\nU = os.getenv("A_URL", "http://{host}:8001")\n'
    assert found({".env": "A_URL=http://localhost:8000\n", "a.py": program}, "PORT403") == expected


def test_what_misses_its_service_is_no_measure_for_others() -> None:
    program = 'import os\nURL = os.getenv("API_URL", "http://api:{}")\n'
    files = {"compose.yaml": compose(api=API), "a.py": program.format(18080), "b.py": program.format(8000)}
    assert found(files, "PORT205", "PORT403") == ["a.py:2 PORT205"]


def test_registered_variables_are_left_to_the_registry() -> None:
    files = {".env": "API_PORT=8001\n", "a.py": 'import os\nP = os.getenv("API_PORT", "8000")\n'}
    registry = "ports: {api: {default: 8000, env_var: API_PORT, range: [8000, 8009]}}\n"
    assert found(files | {"ports.yaml": registry}, "PORT4") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("API_PORT=8000\nADMIN_PORT=8000\n", [2]),
        ("API_PORT=8000\nADMIN_PORT=8001\n", []),
        ("WEB_PORT=80\nADMIN_PORT=80\n", []),
        ("PORT=8000\nAPI_PORT=8000\n", []),
        ("API_PORT=8000\nAPI_INTERNAL_PORT=8000\n", []),
        ("DB_PORT=5432\nPOSTGRES_PORT=5432\n", []),
        ("EMAIL_PORT=587\nSMTP_PORT=587\n", []),
        ("API_HOST=0.0.0.0\nAPI_PORT=8000\nADMIN_HOST=localhost\nADMIN_PORT=8000\n", [4]),
        ("API_HOST=127.0.0.2\nAPI_PORT=8000\nADMIN_HOST=localhost\nADMIN_PORT=8000\n", [4]),
        ("API_HOST=docker.for.mac.localhost\nAPI_PORT=8000\nADMIN_HOST=ip6-localhost\nADMIN_PORT=8000\n", [4]),
        ("API_HOST=127.0.0.2\nAPI_PORT=8000\nADMIN_HOST=127.0.0.1\nADMIN_PORT=8000\n", []),
        ("API_HOST=[::1]\nAPI_PORT=8000\nADMIN_HOST=::1\nADMIN_PORT=8000\n", [4]),
        ("API_HOST=api\nAPI_PORT=8000\nADMIN_HOST=admin\nADMIN_PORT=8000\n", []),
        ("API_PORT=8000\nADMIN_PORT_OFFSET=8000\n", []),
        ("API_PORT=8000\n# ADMIN_PORT=8000\n", []),
        ("A_PORT=9000\nB_PORT=9000\nC_PORT=9000\n", [2, 3]),
    ],
)
def test_collisions_in_an_env_file(text: str, expected: list[int]) -> None:
    assert found({".env": text}, "PORT404") == [f".env:{line} PORT404" for line in expected]


def test_a_template_beside_the_env_file_of_a_container_is_one_as_well() -> None:
    service = "services:\n  web: {image: shop/web, env_file: [.env], ports: ['${WEB_PORT}:3000']}\n"
    files = {"compose.yaml": service, "sample.env": "PORT_PAGES=3000\nWEB_PORT=3000\n"}
    assert found(files, "PORT404") == []
    assert found({"sample.env": files["sample.env"]}, "PORT404") == ["sample.env:2 PORT404"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BACKEND_PORT=8000\nBACKEND_URL=http://localhost:8001\n", [2]),
        ("BACKEND_URL=http://localhost:8001\nBACKEND_PORT=8000\n", [1]),
        ("BACKEND_PORT=8000\nVITE_BACKEND_API_URL=http://127.0.0.1:8001/api\n", [2]),
        ("BACKEND_PORT=8000\nBACKEND_URL=http://backend:8001\n", []),
        ("BACKEND_PORT=8000\nBACKEND_URL=http://localhost\n", []),
        ("BACKEND_PORT=8000\nBACKEND_DOCS_URL=http://localhost:8001\n", []),
        ("BACKEND_PORT=8000\nPROXY_PORT=8080\nBACKEND_URL=http://localhost:8080\n", []),
        ("API_PORT=8000\nAPI_URLS=http://localhost:8001,http://localhost:8002\n", []),
        ("PORT=8000\nURL=http://localhost:8001\n", []),
    ],
)
def test_urls_beside_ports(text: str, expected: list[int]) -> None:
    assert found({".env": text}, "PORT405") == [f".env:{line} PORT405" for line in expected]


@pytest.mark.parametrize("host", [*LOOPBACK, *CONTAINER_HOST, "0.0.0.0", "[::]"])
def test_every_name_of_the_machine_is_one_for_the_port_beside_a_url(host: str) -> None:
    assert found({".env": f"API_PORT=8000\nAPI_URL=http://{host}:8001\n"}, "PORT405") == [".env:2 PORT405"]
    assert found({".env": f"API_PORT=8000\nAPI_URL=http://{host}:8000\n"}, "PORT405") == []


@pytest.mark.parametrize("host", ["10.0.0.7", "api.example.org", "$HOST"])
def test_the_port_beside_a_url_is_none_of_another_host(host: str) -> None:
    assert found({".env": f"API_PORT=8000\nAPI_URL=http://{host}:8001\n"}, "PORT405") == []


def test_a_url_to_another_program_that_answers_there_is_right() -> None:
    env = {"gateway/.env": "ANALYSIS_PORT=4005\nANALYSIS_URL=http://localhost:4011\n"}
    assert found(env, "PORT405") == ["gateway/.env:2 PORT405"]
    assert found(env | {"analysis/.env": "PORT=4011\n"}, "PORT405") == []
    assert found(env | {"analysis/a.py": "import uvicorn\n\nuvicorn.run('a:b', port=4011)\n"}, "PORT405") == []


def test_a_variable_handed_to_a_container_alone_takes_no_port_of_the_host() -> None:
    web = (
        "services:\n  web: {image: shop/web, environment: {PORT_PAGES: '${PORT_PAGES}'}, ports: ['${WEB_PORT}:3000']}\n"
    )
    env = {".env": "PORT_PAGES=3000\nWEB_PORT=3000\n"}
    assert found(env | {"compose.yaml": web}, "PORT404") == []
    assert found(env | {"compose.yaml": web.replace("['", "['${PORT_PAGES}:80', '")}, "PORT404") == [".env:2 PORT404"]


def test_in_a_cluster_two_services_may_have_one_port() -> None:
    env = "API_PORT=8000\nADMIN_PORT=8000\n"
    assert found({"deploy/.env": env}, "PORT404") == ["deploy/.env:2 PORT404"]
    assert found({"deploy/k8s/.env": env}, "PORT404") == []


REDIS = "ports: {redis: {default: 6379, container_port: 6379, environments: {production: 6380, staging: 6381}}}\n"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("| Service | Port |\n|-|-|\n| Redis | 6379 |\n", []),
        ("| Service | Port |\n|-|-|\n| Redis | 6400 |\n", [3]),
        ("| Service | Port |\n|-|-|\n| Redis | 6380 |\n", []),
        ("| Service | Port |\n|-|-|\n| Redis | 6400, 6379 |\n", []),
        ("| Service | Staging | Production |\n|-|-|-|\n| Redis | 6381 | 6381 |\n", [3]),
        ("| Service | Memory |\n|-|-|\n| Redis | 6400 |\n", []),
        ("| Service | Port |\n\n| Redis | 6400 |\n", []),
        ("| Service | Container port |\n|-|-|\n| redis | 6380 |\n", [3]),
        ("| Redis cluster bus | Port |\n|-|-|\n| Redis bus | 16379 |\n", []),
    ],
)
def test_tables_of_the_docs(table: str, expected: list[int]) -> None:
    files = {"ports.yaml": REDIS, "docs/ports.md": table}
    assert found(files, "PORT602") == [f"docs/ports.md:{line} PORT602" for line in expected]
    assert found({"docs/ports.md": table}, "PORT602") == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("| REDIS_PORT | 6379 |\n| CACHE_PORT | 7000 |\n", [4]),
        ("| REDIS_PORT | 6379 |\n| OLD_PORT | 7000 |\n", []),
        ("| CACHE_PORT | 7000 |\n", []),
        ("| REDIS_PORT | 6379 |\n| A_PORT | 7000 |\n| B_PORT | 7001 |\n", []),
        ("| REDIS_PORT | 6379 |\n| A_PORT, B_PORT | 7000 |\n", []),
        ("| REDIS_PORT | 6379 |\n| CACHE_TIMEOUT | 7000 |\n", []),
    ],
)
def test_rows_about_variables_that_the_registry_does_not_know(rows: str, expected: list[int]) -> None:
    registry = "ports: {redis: {default: 6379, env_var: REDIS_PORT, aliases: [OLD_PORT], range: [6379, 7000]}}\n"
    files = {"ports.yaml": registry, "docs/ports.md": "| Variable | Port |\n|-|-|\n" + rows}
    assert found(files, "PORT602") == [f"docs/ports.md:{line} PORT602" for line in expected]
    assert found({"docs/ports.md": files["docs/ports.md"]}, "PORT602") == []


def test_an_env_file_of_a_container_may_hold_the_port_inside() -> None:
    registry = "ports: {redis: {default: 6380, env_var: REDIS_PORT, container_port: 6379}}\n"
    body = "services:\n  app: {image: a, env_file: [app.env]}\n"
    env = {"app.env": "REDIS_PORT=6379\n", "other.env": "REDIS_PORT=6379\n"}
    assert found({"ports.yaml": registry, "compose.yaml": body} | env, "PORT401") == ["other.env:1 PORT401"]


def test_tests_try_out_what_is_no_port() -> None:
    text = (
        'import pytest\n\n@pytest.mark.parametrize("port", [70000, 8000])\ndef test_a(port): ...\n\nserve(port=70000)\n'
    )
    assert found({"tests/test_a.py": text}, "PORT106") == ["tests/test_a.py:6 PORT106"]


BOTH = {
    "ports.yaml": "ports:\n  api: {default: 18080, env_var: API_PORT, container_port: 8000}\n",
    "compose.yaml": compose(
        api="ports: ['${API_PORT:-18080}:8000']",
        ui="environment: {A_URL: 'http://api:18080'}, healthcheck: {test: 'curl http://api:9999'}",
    ),
    ".env": "API_PORT=18080\nAPI_URL=http://localhost:18081\n",
}


def test_one_cause_is_one_finding_that_shows_the_other_side() -> None:
    codes = ("PORT104", "PORT205", "PORT301", "PORT405")
    assert found(BOTH, *codes) == [".env:2 PORT405", "compose.yaml:3 PORT205", "compose.yaml:3 PORT301"]
    result = run_on_memory({path: text.encode() for path, text in BOTH.items()}, Settings(select=codes))
    assert [finding.related[-1].path for finding in result.findings] == ["ports.yaml"] * 3
    assert [finding.entry for finding in result.findings] == ["api"] * 3
    assert found(BOTH, "PORT104") == [".env:2 PORT104", "compose.yaml:3 PORT104", "compose.yaml:3 PORT104"]


def test_a_comment_that_silences_the_special_finding_silences_the_cause() -> None:
    env = "API_PORT=18080\n# portlint: ignore-next-line[PORT405]\nAPI_URL=http://localhost:18081\n"
    assert found(BOTH | {".env": env}, "PORT104", "PORT405") == ["compose.yaml:3 PORT104", "compose.yaml:3 PORT104"]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("ports.sh", '# Generated from config/ports.yaml.\nA="${API_PORT:-8001}"\n', [2]),
        ("ports.sh", '# Generated from config/ports.yaml.\nA="${API_PORT:-8000}"\n', []),
        ("ports.sh", '# Generated from other.yaml.\nA="${API_PORT:-8001}"\n', []),
        ("ports.sh", '# See config/ports.yaml.\nA="${API_PORT:-8001}"\n', []),
        (".env", "# AUTO-GENERATED\n# source: ports.yaml\nAPI_PORT=8001\n", [3]),
        ("ports.py", '"""Generated by make-ports from config/ports.yaml."""\n\nAPI_PORT = 8001\n', [3]),
    ],
)
def test_files_that_others_generate_from_the_registry(path: str, text: str, expected: list[int]) -> None:
    files = {"config/ports.yaml": "ports: {api: {default: 8000, env_var: API_PORT}}\n", path: text}
    codes = ("PORT103", "PORT104", "PORT401", "PORT601")
    wrong = [f"{path}:{line} PORT601" for line in expected]
    assert [line for line in found(files, *codes) if line.endswith("PORT601")] == wrong
    assert "PORT401" not in " ".join(found(files, *codes))
