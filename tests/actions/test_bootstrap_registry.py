"""`portlint init`: the importers, what they merge, and the registry of a repository."""

from __future__ import annotations

import pytest

from portlint.actions.bootstrap_registry import draft_files
from portlint.model import PortRange, Settings
from portlint.registry import load_registry
from portlint.registry.draft import Draft, Imported, Place
from portlint.registry.importers import read_source
from portlint.registry.importers.encoding import repaired
from portlint.registry.merge import Plan, merge
from portlint.registry.writing import written
from support.commandline import fill
from support.paths import FIXTURES

FOLDER = FIXTURES / "init"
CASES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".expected")


def shown(imported: Imported, comments: bool) -> list[str]:
    """One line for each draft and block."""
    out = []
    for each in imported.drafts:
        values = (each.default, each.env_var, each.range, each.container_port)
        words = [each.name, *(str(value) if value is not None else "-" for value in values), each.protocol]
        words += [f"{name}={ports}" for name, ports in each.environments.items()]
        words += [word for word in ("optional", "immutable") if getattr(each, word)]
        out.append(" ".join(words) + (f" # {each.description}" if comments and each.description else ""))
    return out + [f"block {block.name} {block.ports}" for block in imported.blocks]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_source(path):
    imported = read_source(path.name, path.read_bytes())
    expected = path.with_suffix(".expected").read_text().splitlines()
    assert shown(imported, comments=path.suffix == ".py") == expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_what_is_written_is_a_registry_that_says_the_same(path):
    plan = merge([read_source(path.name, path.read_bytes())])
    registry, errors = load_registry("ports.yaml", written(plan).encode())
    assert errors == ()
    told = [(each.name, each.default, each.env_var, each.range) for each in registry.entries]
    assert sorted(told, key=str) == sorted(((d.name, d.port, d.env_var, d.range) for d in plan.drafts), key=str)
    assert [block.name for block in registry.blocks] == [block.name for block in plan.blocks]


@pytest.mark.parametrize(
    ("twice", "once"),
    [
        ("6383‚Äì6390", "6383–6390"),
        ("6383â€“6390", "6383–6390"),
        ("cafÃ©", "café"),
        ("plain", "plain"),
        ("café – 6383–6390 “ports”", "café – 6383–6390 “ports”"),
        ("порты 8000", "порты 8000"),
        ("Größe ÄÖÜ", "Größe ÄÖÜ"),
    ],
)
def test_text_that_was_encoded_twice_is_repaired_and_other_text_is_left(twice, once):
    assert repaired(twice) == once


@pytest.mark.parametrize(
    "text",
    [
        "x = (" * 5000,
        "PORTS = {**{'a': 1}}",
        "API_PORT = 99999",
        "API_PORT = True",
        "A = B = 8000",
        "API_PORT: int",
        "\0",
    ],
)
def test_a_module_that_gives_nothing(text):
    assert read_source("ports.py", text.encode()).drafts == ()


@pytest.mark.parametrize(
    "text", ["|" * 50_000, "| port |\n|---|\n" * 500, "```\n" * 999, "- a: 1\n" * 3, "[" * 20_000, "─\n" * 999]
)
def test_a_page_that_gives_nothing(text):
    assert read_source("page.md", text.encode()) == Imported()


def draft(name: str, default: int | None, path: str = "a.md", **values) -> Draft:
    return Draft(name=name, place=Place(path, 1), default=default, **values)


def test_the_first_source_is_kept_and_the_others_add_to_it():
    first = Imported(drafts=(draft("api", 8000, env_var="API_PORT", description="From the page"),))
    second = Imported(drafts=(draft("backend", 8001, ".env", env_var="API_PORT", range=PortRange(8000, 8009)),))
    plan = merge([first, second])
    [only] = plan.drafts
    assert (only.name, only.default, only.range, only.aliases) == ("api", 8000, PortRange(8000, 8009), ("backend",))
    assert [str(each) for each in plan.disagreements] == ["api: default is 8000 in a.md:1, but 8001 in .env:1"]


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        (draft("redis", 6379), draft("redis_port", 6379, ".env", env_var="REDIS_PORT"), ["redis"]),
        (draft("cache", 6379), draft("redis", 6379, "compose.yml"), ["cache"]),
        (draft("api", 8000, env_var="API_PORT"), draft("web", 8000, ".env", env_var="WEB_PORT"), ["api", "web"]),
        (draft("api", 8000), draft("web", 8001, ".env"), ["api", "web"]),
        (
            draft("api", 8000, env_var="API_PORT"),
            draft("api", 9000, ".env", env_var="SHOP_API_PORT"),
            ["api", "api_9000"],
        ),
    ],
)
def test_which_drafts_are_one_service(one, other, names):
    assert [each.name for each in merge([Imported(drafts=(one,)), Imported(drafts=(other,))]).drafts] == names


def test_names_that_yaml_would_read_as_something_else_are_quoted():
    drafts = tuple(
        draft(name, 8000 + n, description=f"{name}: # x") for n, name in enumerate(["no", "null", "1e3", "a b", "é"])
    )
    registry, errors = load_registry("ports.yaml", written(Plan(drafts=drafts)).encode())
    assert errors == ()
    assert [entry.name for entry in registry.entries] == [each.name for each in drafts]
    assert [entry.description for entry in registry.entries] == [each.description for each in drafts]


FILES = {
    ".env.example": "# Answers the browser\nSHOP_API_PORT=8100\n\n# Tuning of all\nWORKERS=8100\nTHREADS=2\n",
    ".env.production": "SHOP_API_PORT=9100\n",
    "compose.yaml": """\
services:
  api:
    build: .
    ports: ["${SHOP_API_PORT:-8100}:8000"]
  db:
    image: postgres:16
    ports: ["127.0.0.1:5433:5432"]
""",
    "app/main.py": 'import os\nPORT = int(os.getenv("SHOP_API_PORT", "8100"))\nADMIN_PORT = 8200\n',
    "app/jobs.py": 'QUEUE_URL = "http://localhost:8300/jobs"\n',
    "tests/test_api.py": 'URL = "http://localhost:8999"\n',
}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return fill(tmp_path, FILES)


def test_the_registry_of_a_repository(shop, portlint):
    code, out, err = portlint("init")
    assert (code, out) == (0, "")
    assert "next: portlint check" in err
    registry, errors = load_registry("ports.yaml", (shop / "ports.yaml").read_bytes())
    assert errors == ()
    api, db = registry.entry("shop_api"), registry.entry("db")
    assert (api.default, api.env_var, api.container_port) == (8100, "SHOP_API_PORT", 8000)
    assert (api.environments, api.description) == ({"production": PortRange(9100, 9100)}, "Answers the browser")
    assert (db.default, db.container_port, db.exposure) == (5433, 5432, "internal")
    assert sorted(entry.default for entry in registry.entries) == [5433, 8100, 8200, 8300]
    assert "app/jobs.py:1" in (shop / "ports.yaml").read_text(), "what is doubtful has a comment with its place"
    code, out, err = portlint("check", "--select", "PORT102,PORT103,PORT104,PORT401,PORT501,PORT502,PORT506")
    assert (code, out) == (0, ""), err


@pytest.mark.parametrize(
    ("address", "exposure"),
    [
        ("127.0.0.1", "internal"), ("127.0.0.2", "internal"), ("LOCALHOST", "internal"), ("ip6-localhost", "internal"),
        ("[::1]", "internal"), ("[::1234]", None), ("localhost.example.org", None), ("0.0.0.0", None),
    ],
)  # fmt: skip
def test_what_is_published_on_loopback_alone_is_internal(shop, portlint, address, exposure):
    (shop / "compose.yaml").write_text(f"services:\n  db: {{image: 'postgres:16', ports: ['{address}:5433:5432']}}\n")
    portlint("init")
    registry, _ = load_registry("ports.yaml", (shop / "ports.yaml").read_bytes())
    assert registry.entry("db").exposure == exposure


def test_two_values_of_one_variable_stay_a_finding(shop, portlint):
    (shop / "app/late.py").write_text('import os\nPORT = int(os.getenv("SHOP_API_PORT", "8101"))\n')
    portlint("init")
    assert "# 8101: app/late.py:2" in (shop / "ports.yaml").read_text()
    code, out, _ = portlint("check", "--select", "PORT102,PORT103,PORT104,PORT401", "--output-format", "concise")
    assert code == 1
    assert out.splitlines()[0].startswith("app/late.py:2:40: PORT103")


def test_a_registry_that_is_there_is_not_overwritten(shop, portlint):
    (shop / "ports.yaml").write_text("ports:\n  db:  # ours\n    default: 5433\n")
    code, _, err = portlint("init")
    assert code == 2
    assert "--merge adds to it, --force replaces it" in err
    assert portlint("init", "--dry-run")[0] == 0
    assert (shop / "ports.yaml").read_text() == "ports:\n  db:  # ours\n    default: 5433\n"
    assert portlint("init", "--merge")[0] == 0
    merged = (shop / "ports.yaml").read_text()
    assert merged.startswith("ports:\n  db:  # ours\n    default: 5433\n")
    assert [entry.name for entry in load_registry("ports.yaml", merged.encode())[0].entries][:2] == ["db", "shop_api"]
    assert portlint("init", "--merge")[0] == 0
    assert (shop / "ports.yaml").read_text() == merged, "a second merge adds nothing"
    assert portlint("init", "--force")[0] == 0
    assert "# ours" not in (shop / "ports.yaml").read_text()


def test_a_dry_run_prints_and_writes_nothing(shop, portlint):
    code, out, _ = portlint("init", "--dry-run")
    assert (code, (shop / "ports.yaml").exists()) == (0, False)
    assert load_registry("ports.yaml", out.encode())[1] == ()


def test_several_sources_and_where_they_disagree(shop, portlint):
    (shop / "ports.md").write_text("| Service | Port | Variable |\n|--|--|--|\n| Shop API | 8109 | SHOP_API_PORT |\n")
    code, out, err = portlint("init", "--from", "ports.md", "compose.yaml", "--dry-run")
    assert code == 0
    assert "shop_api: default is 8109 in ports.md:3, but 8100 in compose.yaml:4" in err
    assert "shop_api: default is 8109 in ports.md:3, but 8100 in compose.yaml:4" in out
    registry, _ = load_registry("ports.yaml", out.encode())
    assert [(entry.name, entry.default) for entry in registry.entries] == [("db", 5433), ("shop_api", 8109)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "nothing.md"), "nothing.md: vanished before it could be read"),
        (("--from", "empty.md"), "no port was found"),
        (("--merge", "--force"), "not allowed with argument"),
        (("--forse",), 'there is no option "--forse"; did you mean "--force"?'),
    ],
)
def test_mistakes(shop, portlint, arguments, message):
    (shop / "empty.md").write_text("# Nothing\n")
    code, _, err = portlint("init", *arguments)
    assert code == 2
    assert message in err


def test_a_link_is_not_written_through(shop, portlint, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "ports.yaml"
    outside.write_text("ports: {}\n")
    (shop / "ports.yaml").symlink_to(outside)
    assert portlint("init", "--force")[0] == 2
    assert outside.read_text() == "ports: {}\n"


def test_an_env_file_alone():
    [imported] = draft_files({".env": b"# The gate of the yard\nGATE_PORT=7001\n\nSIZE=7002\n"}, Settings())
    [only] = imported.drafts
    assert (only.name, only.default, only.env_var) == ("gate", 7001, "GATE_PORT")
    assert (only.description, str(only.place)) == ("The gate of the yard", ".env:2")


def test_the_software_of_a_service_is_its_alias(shop, portlint):
    (shop / ".env.example").write_text("# The front\nFRONT_PORT=5173\nBACK_PORT=8150\n")
    (shop / "run.py").write_text('print("Vite at http://vite:5173")\nvite_port = 5173\n')
    portlint("init")
    front = load_registry("ports.yaml", (shop / "ports.yaml").read_bytes())[0].entry("front")
    assert (front.default, front.aliases, front.description) == (5173, ("vite",), "")
    assert portlint("check", "--select", "PORT102,PORT104,PORT501")[:2] == (0, "")


def test_a_source_of_very_many_ports_is_cut():
    rows = "".join(f"| s{n} | {1024 + n % 60000} | V{n}_PORT |\n" for n in range(3000))
    page = read_source("page.md", f"| Service | Port | Variable |\n|-|-|-|\n{rows}".encode())
    module = read_source("ports.py", "".join(f"A{n}_PORT = {1024 + n}\n" for n in range(3000)).encode())
    assert [len(source.drafts) for source in (page, module)] == [1000, 1000]
    assert page.notes == ("page.md: only the first 1000 ports are taken",)


@pytest.mark.parametrize(
    "cell", ["A" * 200_000, "1-" * 100_000, "[x](" * 50_000, "é" * 100_000, "<" * 100_000, "8000:" * 50_000]
)
def test_a_hostile_cell(cell):
    page = f"| Service | Port | Variable |\n|-|-|-|\n| a | 8000 | {cell} |\n| {cell} | 8001 | B_PORT |\n"
    assert [each.default for each in read_source("page.md", page.encode()).drafts] == [8000, 8001]


WHAT_A_PERSON_WOULD_WRITE = {
    "code of an environment": (
        {
            "app/config.py": 'import os\nTILL_PORT = int(os.getenv("TILL_PORT", "7100"))\n',
            "app/config/staging.py": 'import os\nTILL_PORT = int(os.getenv("TILL_PORT", "7101"))\n',
        },
        ["till 7100 TILL_PORT staging=7101"],
    ),
    "a name in the settings of an environment": (
        {".env": "TILL_PORT=7100\n", "config/testing.yaml": "till:\n  port: 7102\n"},
        ["till 7100 TILL_PORT testing=7102"],
    ),
    "a service in the compose file of an environment": (
        {
            ".env": "GRAFANA_PORT=3001\n",
            "compose.yaml": "services: {grafana: {image: grafana/grafana, ports: ['${GRAFANA_PORT:-3001}:3000']}}\n",
            "compose.prod.yaml": "services: {grafana: {image: grafana/grafana, ports: ['3005:3000']}}\n",
        },
        ["grafana 3001 GRAFANA_PORT inside=3000 production=3005"],
    ),
    "a port inside that moves along": (
        {"compose.yaml": "services: {till: {image: till, ports: ['${TILL_PORT:-7100}:${TILL_PORT:-7100}']}}\n"},
        ["till 7100 TILL_PORT"],
    ),
    "the one that can have this port inside": (
        {
            ".env": "METRICS_PORT=9090\nPROMETHEUS_PORT=9090\n",
            "one/compose.yaml": "services: {m: {image: m, ports: ['${METRICS_PORT:-9090}:9091']}}\n",
            "two/compose.yaml": "services: {watch: {image: prom/prometheus, ports: ['9090:9090']}}\n",
        },
        ["metrics 9090 METRICS_PORT inside=9091", "prometheus 9090 PROMETHEUS_PORT also=watch"],
    ),
    "another service whose name holds the word": (
        {".env": "API_PORT=8000\nMAIN_API_PORT=8100\n", "a.py": 'PUBLIC_API_URL = "http://localhost:8100"\n'},
        ["api 8000 API_PORT", "main_api 8100 MAIN_API_PORT also=api"],
    ),
    "a word that names no service": (
        {"stack.yaml": "rules:\n  - {FromPort: 2222, ToPort: 2222}\n"},
        ["port_2222 2222 -"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WHAT_A_PERSON_WOULD_WRITE)
def test_the_registry_is_one_that_a_person_would_write(tmp_path, monkeypatch, portlint, case):
    files, expected = WHAT_A_PERSON_WOULD_WRITE[case]
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(fill(tmp_path, files))
    _, out, _ = portlint("init", "--dry-run")
    registry, errors = load_registry("ports.yaml", out.encode())
    assert errors == ()
    lines = []
    for entry in registry.entries:
        words = [entry.name, str(entry.default), entry.env_var or "-"]
        words += [f"inside={entry.container_port}"] if entry.container_port else []
        words += [f"{name}={ports}" for name, ports in entry.environments.items()]
        words += [f"also={','.join(entry.aliases)}"] if entry.aliases else []
        lines.append(" ".join(words))
    assert sorted(lines) == expected
