"""Fixes that need more than the literal: constants modules, env templates, ports inside containers."""

from __future__ import annotations

import subprocess

import pytest

from portlint.fix.constants import constants
from support.commandline import fill

REGISTRY = """\
ports:
  api: {default: 8000, env_var: API_PORT, description: "Answers the browser,\\n and nobody else"}
  redis: {default: 6379, env_var: REDIS_PORT}
  docs: {default: 8001, env_var: DOCS_PORT}
"""
PORTS = """\
import os
from typing import Final

API_PORT: Final = int(os.getenv("API_PORT", "8000"))
CACHE = int(os.environ.get("REDIS_PORT", 6379))
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """An empty repository as the working directory."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# A constants module


IMPORTS = {
    "behind the imports": (
        "import sys\nfrom shop.db import engine\n\nx = engine(port=8000, redis_port=6379)\n",
        "import sys\nfrom shop.db import engine\nfrom shop.ports import API_PORT, CACHE\n\n"
        "x = engine(port=API_PORT, redis_port=CACHE)\n",
    ),
    "in a block of its own": (
        "import shop.db, zlib\r\nimport zmq\r\n\r\napi_port = 8000",
        "import shop.db, zlib\r\nimport zmq\r\n\r\nfrom shop.ports import API_PORT\r\n\r\napi_port = API_PORT",
    ),
    "beside another name": (
        "\ufefffrom shop.ports import CACHE as C, Z\n\napi_port = 8000\n",
        "\ufefffrom shop.ports import API_PORT, CACHE as C, Z\n\napi_port = API_PORT\n",
    ),
    "it is there": (
        "from shop.ports import (\n    API_PORT,\n)\napi_port = 8000\n",
        "from shop.ports import (\n    API_PORT,\n)\napi_port = API_PORT\n",
    ),
    "relative": (
        '"""D."""\nfrom .db import x\n\nAPI_URL = f"http://localhost:8000/{x}"\nAPI = "http://localhost:8000/"\n',
        '"""D."""\nfrom .db import x\nfrom .ports import API_PORT\n\nAPI_URL = f"http://localhost:{API_PORT}/{x}"\n'
        'API = f"http://localhost:{API_PORT}/"\n',
    ),
    "as text": (
        'import shop\n\nrun(["serve", "--port", "8000"])\n',
        'import shop\n\nfrom shop.ports import API_PORT\n\nrun(["serve", "--port", str(API_PORT)])\n',
    ),
    "the name is taken": ("import shop\n\nAPI_PORT = 8000\n", None),
    "anything may be taken": ("import shop\nfrom shop.db import *\n\nport = 8000\n", None),
    "not known to be found": ("api_port = 8000\n", None),
    "not a constant of the module": ("import shop\n\ndocs_port = 8001\n", None),
    "too late": ("import shop; api_port = 8000\n", None),
}


@pytest.mark.parametrize("case", IMPORTS)
def test_a_constant_is_imported(tree, portlint, case):
    before, after = IMPORTS[case]
    after = before if after is None else after
    settings = 'constants-module = "shop.ports"\n'
    fill(tree, {"ports.yaml": REGISTRY, "portlint.toml": settings, "src/shop/ports.py": PORTS})
    file = fill(tree, {"src/shop/app.py": before}) / "src/shop/app.py"
    portlint("check", "-q", "--fix")
    assert file.read_bytes().decode() == after
    portlint("check", "-q", "--fix")
    assert file.read_bytes().decode() == after
    assert (tree / "src/shop/ports.py").read_text() == PORTS


def test_a_module_that_the_file_may_not_find_is_imported_only_on_demand(tree, portlint):
    fill(tree, {"ports.yaml": REGISTRY, "portlint.toml": 'constants-module = "shop.ports"\n', "shop/ports.py": PORTS})
    fill(tree, {"run.py": "api_port = 8000\n"})
    portlint("check", "-q", "--fix", "--unsafe-fixes")
    assert (tree / "run.py").read_text() == "from shop.ports import API_PORT\n\napi_port = API_PORT\n"


def test_a_generated_module_is_asked(tree, portlint):
    fill(tree, {"ports.yaml": REGISTRY, "portlint.toml": 'constants-module = "shop.ports"\n'})
    fill(tree, {"shop/app.py": "import shop\n\napi_port = 8000\nAPI_URL = 'http://localhost:8000/'\n"})
    assert portlint("generate", "python", "-o", "shop/ports.py")[0] == 0
    portlint("check", "-q", "--fix")
    assert (tree / "shop/app.py").read_text() == (
        "import shop\n\nfrom shop.ports import get_port\n\n"
        'api_port = get_port("api")\nAPI_URL = f\'http://localhost:{get_port("api")}/\'\n'
    )


WRONG_MODULES = {
    "is not in the repository": {},
    "is one of a/shop/ports.py, b/shop/ports.py": {"a/shop/ports.py": PORTS, "b/shop/ports.py": PORTS},
    "imports shop.db, which may import the code": {"shop/ports.py": f"import shop.db\n{PORTS}"},
    "cannot be parsed": {"shop/ports.py": "API_PORT ="},
}


@pytest.mark.parametrize("message", WRONG_MODULES)
def test_a_module_that_cannot_be_used_is_an_error(tree, portlint, message):
    fill(tree, {"ports.yaml": REGISTRY, "portlint.toml": 'constants-module = "shop.ports"\n', "a.py": "port = 8000\n"})
    fill(tree, WRONG_MODULES[message])
    code, out, err = portlint("check", "--fix")
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


MODULE = """\
import os
from os import environ, getenv

A_PORT = 1
B_PORT: int = int(getenv("B", "2"))
C_PORT: "Final" = 3
if A_PORT:
    D_PORT = 4
E_PORT = 5
E_PORT = 6
F_PORT = G_PORT = 7
H_PORT = os.getenv("H_PORT", "8")
I_PORT = int(environ.get("I_PORT", "9x"))
J_PORT = True
K_PORT = -1
L = int(environ.get("L_PORT", "10"))
L_PORT = int(environ.get("L_PORT", 10))
M1 = int(environ.get("M_PORT", 11))
M2 = int(environ.get("M_PORT", 11))
def N_PORT(): pass
N_PORT = 12
URL = f"http://localhost:{int(getenv('O_PORT', '13'))}"
"""


def test_constants_are_what_surely_is_a_port():
    found = constants("p", "p.py", MODULE.encode())
    assert {key: each.name for key, each in found.items()} == {
        ("A_PORT", 1): "A_PORT",
        ("B", 2): "B_PORT",
        ("L_PORT", 10): "L_PORT",
    }


# An env template


TEMPLATES = {
    "described": (
        "DB=x\n",
        "DB=x\n\n# Answers the browser, and nobody else\nAPI_PORT=8000\nDOCS_PORT=8001\nREDIS_PORT=6379\n",
    ),
    "line ends and no last one": (
        "\ufeffDB=x\r\n#DOCS_PORT=1\r\nREDIS_PORT=6379",
        "\ufeffDB=x\r\n#DOCS_PORT=1\r\nREDIS_PORT=6379\r\n\r\n# Answers the browser, and nobody else\r\nAPI_PORT=8000",
    ),
    "exported": (
        "export REDIS_PORT=6379\nexport API_PORT='8000'\n\n",
        "export REDIS_PORT=6379\nexport API_PORT='8000'\n\nexport DOCS_PORT=8001\n",
    ),
    "empty": ("", "# Answers the browser, and nobody else\nAPI_PORT=8000\nDOCS_PORT=8001\nREDIS_PORT=6379\n"),
    "a line that goes on": ("DB=x\\\n", None),
    "a quote that is open": ("DB='x\n", None),
}
READER = 'import os\n\nPORTS = [os.environ[name] for name in ()], os.environ["API_PORT"], os.getenv("DOCS_PORT")\n'


@pytest.mark.parametrize("case", TEMPLATES)
def test_a_missing_variable_is_added_to_the_template(tree, portlint, case):
    before, after = TEMPLATES[case]
    reader = f"{READER}CACHE = os.environ['REDIS_PORT']\n"
    fill(tree, {"ports.yaml": REGISTRY, "app.py": reader, ".env.example": before})
    portlint("check", "-q", "--fix")
    assert (tree / ".env.example").read_bytes().decode() == (before if after is None else after)
    selected = portlint("check", "-q", "--select", "PORT402", "--output-format", "concise")[1]
    assert (selected == "") == (after is not None)
    portlint("check", "-q", "--fix")
    assert (tree / ".env.example").read_bytes().decode() == (before if after is None else after)


@pytest.mark.parametrize(
    "more",
    [
        {".env.sample": "DB=x\n"},
        {"compose.yaml": "services: {api: {image: shop/api, env_file: .env.example}}\n"},
    ],
    ids=["two templates", "a service reads it"],
)
def test_a_template_that_is_not_only_copied_is_left_to_people(tree, portlint, more):
    fill(tree, {"ports.yaml": REGISTRY, "app.py": READER, ".env.example": "DB=x\n", **more})
    portlint("check", "-q", "--fix", "--unsafe-fixes")
    assert (tree / ".env.example").read_text() == "DB=x\n"


def test_the_template_of_an_environment_gets_its_value(tree, portlint):
    registry = "ports:\n  api: {default: 8000, env_var: API_PORT, environments: {production: 9000}}\n"
    fill(tree, {"ports.yaml": registry, "app.py": READER, ".env.production.example": "DB=x\n"})
    portlint("check", "-q", "--fix")
    assert (tree / ".env.production.example").read_text() == "DB=x\nAPI_PORT=9000\n"


# The port inside a container


COMPOSE = """\
services:
  api:
    image: shop/api
    ports: {ports}
    labels: [traefik.http.services.api.loadbalancer.server.port={label}]
  web:
    image: shop/web
    environment: {{API_URL: "http://api:{url}/"}}
"""
INSIDE = {
    "one": ('["18080:8000"]', "18080", "18080", "8000"),
    "of a range": ('["18080-18083:8000-8003"]', "18082", "18082", "8002"),
    "several, the one that is meant": ('["18080:8000", "18090:9000"]', "18090", "18090", "9000"),
    "any of several": ('["18080-18083:8000"]', "8009", "8000", None),
    "two, and neither is meant": ('["18080:8000", "18090:9000"]', "7000", "8000", None),
}


@pytest.mark.parametrize("case", INSIDE)
def test_the_port_inside_is_written(tree, portlint, case):
    ports, label, url, right = INSIDE[case]
    before = COMPOSE.format(ports=ports, label=label, url=url)
    after = before if right is None else COMPOSE.format(ports=ports, label=right, url=right)
    fill(tree, {"compose.yaml": before})
    select = ("check", "-q", "--select", "PORT205,PORT302", "--fix")
    assert portlint(*select)[0] == (1 if right or label != "8000" else 0)
    assert (tree / "compose.yaml").read_text() == before, "another port is another behaviour: not safe"
    if right is None:
        # The only port that is known inside is meant, and of two none.
        after = before.replace("port=8009", "port=8000")
    portlint(*select, "--unsafe-fixes")
    assert (tree / "compose.yaml").read_text() == after


@pytest.mark.parametrize(("value", "is_fixed"), [("8000", True), ("8005", False), ("$OTHER", False)])
def test_no_variable_that_an_env_file_sets_to_another_port(tree, portlint, value, is_fixed):
    registry = "ports:\n  api: {default: 8000, env_var: API_PORT, range: [8000, 8009]}\n"
    compose = "services:\n  api:\n    image: shop/api\n    ports: ['8000:8000']\n"
    fill(tree, {"ports.yaml": registry, ".env": f"API_PORT={value}\n", "compose.yaml": compose})
    portlint("check", "-q", "--fix", "--unsafe-fixes")
    fixed = compose.replace("'8000:", "'${API_PORT:-8000}:")
    assert (tree / "compose.yaml").read_text() == (fixed if is_fixed else compose)


def test_a_label_in_two_stacks_that_disagree_is_left_to_people(tree, portlint):
    base = "services:\n  a:\n    image: shop/a\n    labels: [traefik.http.services.a.loadbalancer.server.port=18080]\n"
    more = "services:\n  a:\n    ports: !override ['18080:{}']\n    command: [serve, --port, '{}']\n"
    fill(tree, {"compose.yaml": base})
    fill(tree, {f"compose.{name}.yaml": more.format(port, port) for name, port in (("one", 8000), ("two", 9000))})
    fill(tree, {"up.sh": "".join(f"docker compose -f compose.yaml -f compose.{n}.yaml up\n" for n in ("one", "two"))})
    select = ("check", "-q", "--select", "PORT302", "--fix", "--unsafe-fixes")
    assert portlint(*select)[0] == 1
    assert (tree / "compose.yaml").read_text() == base
    (tree / "compose.two.yaml").write_text(more.format(8000, 8000))
    assert portlint(*select)[0] == 0
    assert (tree / "compose.yaml").read_text() == base.replace("18080", "8000")


def test_services_of_two_stacks_that_disagree_are_left_to_people(tree, portlint):
    stack = "services:\n  api: {{image: shop/api, ports: ['18080:{}']}}\n"
    nginx = "server {\n  listen 80;\n  location / { proxy_pass http://api:18080; }\n}\n"
    fill(tree, {"a.compose.yaml": stack.format(8000), "b.compose.yaml": stack.format(9000), "nginx.conf": nginx})
    select = ("check", "-q", "--select", "PORT205", "--fix", "--unsafe-fixes")
    assert portlint(*select)[0] == 1
    assert (tree / "nginx.conf").read_text() == nginx
