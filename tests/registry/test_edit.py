"""`portlint registry next`, `add` and `move`: free ports, new entries, and a service at another port."""

from __future__ import annotations

import pytest

from portlint.registry import load_registry
from portlint.registry.draft import Draft, Place
from portlint.registry.edit import EditError, with_entries
from support.commandline import fill

REGISTRY = """\
# The yard
ports:
    # By the gate
    gate: {default: 7000, env_var: GATE_PORT, range: [7000, 7004]}   # first

    tower:
        default: 7005
        environments:
            production: 7006   # behind it

# The plan
ranges:
    core: {ports: 7000-7009}
    full: {ports: 7000-7001}
reserved:
    - {port: 7007, service: Crane}
"""


@pytest.fixture
def yard(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    (tmp_path / "ports.yaml").write_text(REGISTRY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def draft(name: str = "crane", port: int = 7008, **values) -> Draft:
    return Draft(name=name, place=Place("", 1), default=port, **values)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "7008"),
        (("--block", "core", "--count", "2"), "7008 7009"),
        (("--range", "5998-6066", "--count", "4"), "5998 5999 6001 6002"),
        (("--range", "6665-6700"), "6670"),
        (("--range", "32766-40000", "--count", "2"), "32766 32767"),
        (("--range", "7010"), "7010"),
    ],
)
def test_next(yard, portlint, arguments, expected):
    code, out, err = portlint("registry", "next", *arguments)
    assert (code, out.split(), err) == (0, expected.split(), "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("next", "--block", "full"), "ports.yaml: no port free in 7000-7001: 2 used"),
        (("next", "--range", "40000-40001"), "no port free in 40000-40001: 2 ephemeral"),
        (("next", "--range", "7007-7008", "--count", "2"), "only 1 of 2 ports free in 7007-7008: 1 reserved"),
        (("next", "--range", "6000"), "1 blocked by browsers"),
        (("next", "--block", "cors"), 'no block "cors"; did you mean "core"?'),
        (("next", "--range", "9-1"), "9-1 is reversed; did you mean 1-9?"),
        (("next", "--range", "many"), "expected a range such as 8000-8099"),
        (("next", "--range", "1-70000"), "ports go from 1 to 65535"),
        (("next", "--range", "1-2", "--block", "core"), "give one"),
        (("next", "crane"), "next takes no argument"),
        (("next", "--port", "1"), "next has no option --port"),
        (("list", "--count", "1"), "list has no option --count"),
        (("move", "gate"), "move takes the name of a service and its new port"),
        (("move", "gate", "8000-8001"), "move takes the name of a service and its new port"),
        (("move", "gat", "7003"), "there is no service 'gat'; did you mean \"gate\"?"),
        (("move", "gate", "7000"), "ports.yaml:4: gate has port 7000 already"),
        (("move", "gate", "7009"), "7009 is outside of the range 7000-7004 of gate"),
        (("move", "tower", "7002"), "7002 is not free: used"),
        (("move", "tower", "7007"), "7007 is not free: reserved"),
        (("move", "tower", "70000"), "ports go from 1 to 65535"),
        (("move", "tower", "7008", "--block", "core"), "move has no option --block"),
        (("add",), "add takes the name of one service"),
        (("add", "gate"), 'ports.yaml:4: there is an entry "gate" already'),
        (("add", "80"), "an entry is named by a word"),
        (("add", "crane", "--env-var", "GATE_PORT"), "ports.yaml:4: gate reads GATE_PORT already"),
        (("add", "crane", "--env-var", "A-B"), "not the name of an environment variable"),
        (("add", "crane", "--port", "70000"), "ports go from 1 to 65535"),
        (("add", "crane", "--port", "7020", "--range", "7008-7009"), "7020 is not in 7008-7009"),
    ],
)
def test_mistakes(yard, portlint, arguments, message):
    code, out, err = portlint("registry", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert (yard / "ports.yaml").read_text() == REGISTRY


def test_add_takes_the_next_free_port_and_leaves_all_else(yard, portlint):
    arguments = (
        "registry",
        "add",
        "crane",
        "--env-var",
        "CRANE_PORT",
        "--block",
        "core",
        "--description",
        "Lifts: all",
    )
    code, out, _ = portlint(*arguments, "--dry-run")
    assert code == 0
    assert (yard / "ports.yaml").read_text() == REGISTRY
    assert portlint(*arguments)[0] == 0
    assert (yard / "ports.yaml").read_text() == out
    before, after = REGISTRY.split("\n# The plan")
    added = '\n    crane:\n      default: 7008\n      env_var: CRANE_PORT\n      description: "Lifts: all"\n'
    assert out == f"{before}{added}\n# The plan{after}"


def test_add_with_a_range_keeps_it(yard, portlint):
    assert portlint("registry", "add", "crane", "--range", "7008-7012")[0] == 0
    entry = load_registry("ports.yaml", (yard / "ports.yaml").read_bytes())[0].entry("crane")
    assert (entry.default, str(entry.range)) == (7008, "7008-7012")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ports:\n  a: {default: 1}", "ports:\n  a: {default: 1}\n  crane:\n    default: 7008\n"),
        ("ports:\r\n  a: {default: 1}\r\n", "ports:\r\n  a: {default: 1}\r\n  crane:\r\n    default: 7008\r\n"),
        ("ports: {a: {default: 1}} # c\n", "ports: {a: {default: 1}, crane: {default: 7008}} # c\n"),
        ("ports: {}\n", "ports:\n  crane:\n    default: 7008\n"),
        (
            "ports:\n  a:\n    default: 1\n    description: |\n      one\n      two\n",
            "ports:\n  a:\n    default: 1\n    description: |\n      one\n      two\n  crane:\n    default: 7008\n",
        ),
        (
            "\ufeffports:\n  a: {default: 1} # é\nranges:\n  x: {ports: 1-2}\n",
            "\ufeffports:\n  a: {default: 1} # é\n  crane:\n    default: 7008\nranges:\n  x: {ports: 1-2}\n",
        ),
    ],
)
def test_where_an_entry_is_put(text, expected):
    changed = with_entries("ports.yaml", text.encode(), [draft()]).decode()
    was = load_registry("ports.yaml", text.encode())[0]
    now, errors = load_registry("ports.yaml", changed.encode())
    assert errors == ()
    assert [entry.name for entry in now.entries] == [*(entry.name for entry in was.entries), "crane"]
    assert changed.split() == expected.split()


@pytest.mark.parametrize("text", ["ports: [", "- a\n", "ports:\n  crane: {default: 1}\n"])
def test_what_cannot_be_changed(text):
    with pytest.raises(EditError):
        with_entries("ports.yaml", text.encode(), [draft()])


MOVED = {
    "ports.yaml": """\
ports:
  till: {default: 7100, env_var: TILL_PORT, range: [7100, 7100]}  # ours
  store: {default: 7200, env_var: STORE_PORT, container_port: 6379, environments: {production: 7100}}
""",
    "compose.yaml": """\
services:
  till:
    build: .
    ports: ["${TILL_PORT:-7100}:7100"]
  store:
    image: redis:7
    ports: ["${STORE_PORT:-7200}:6379"]
""",
    "Dockerfile": "FROM python:3.12\nEXPOSE 7100\n",
    "app/main.py": 'import os\r\nPORT = int(os.getenv("TILL_PORT", "7100"))\r\n'
    'URL = "http://localhost:7100/x"\r\nSIZE = 7100\r\n',
    ".env.example": "TILL_PORT=7100\nSTORE_PORT=7200\n",
    ".env.production": "STORE_PORT=7100\n",
}


@pytest.fixture
def market(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return fill(tmp_path, MOVED)


def texts(root) -> dict[str, str]:
    return {name: (root / name).read_bytes().decode() for name in MOVED}


def test_move_changes_every_place_of_the_service_and_no_other(market, portlint):
    code, diff, _ = portlint("registry", "move", "till", "7101", "--dry-run")
    assert (code, texts(market)) == (0, MOVED)
    code, out, err = portlint("registry", "move", "till", "7101")
    assert (code, out) == (0, diff)
    assert "till is moved to 7101 in 5 files" in err
    expected = {name: text.replace("7100", "7101") for name, text in MOVED.items()}
    expected["ports.yaml"] = expected["ports.yaml"].replace("production: 7101", "production: 7100")
    expected["app/main.py"] = expected["app/main.py"].replace("SIZE = 7101", "SIZE = 7100")
    expected[".env.production"] = MOVED[".env.production"]
    assert texts(market) == expected
    assert portlint("check", "--select", "PORT102,PORT103,PORT104,PORT401")[:2] == (0, "")


def test_what_a_container_listens_on_stays(market, portlint):
    assert portlint("registry", "move", "store", "7201")[0] == 0
    assert '"${STORE_PORT:-7201}:6379"' in texts(market)["compose.yaml"]
    assert "STORE_PORT=7201\n" in texts(market)[".env.example"]


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (
            {"ports.yaml": MOVED["ports.yaml"].replace("container_port: 6379, ", "").replace("7200", "6379")},
            "compose.yaml:5:3: its image redis:7 listens on 6379",
        ),
        (
            {
                "ports.yaml": "ports:\n  store: {default: 7200}\n  depot: {default: 7200}\n",
                "app/late.py": 'U = "http://localhost:7200/x"\n',
            },
            "app/late.py:1:23: or depot",
        ),
        ({"app/span.sh": "docker run -p 7200-7205:7200-7205 store\n"}, "app/span.sh:1:15: a range, 7200-7205"),
    ],
)
def test_move_refuses_where_it_is_not_sure(market, portlint, files, place):
    fill(market, files)
    before = texts(market)
    code, out, err = portlint("registry", "move", "store", "7201")
    assert (code, out, texts(market)) == (2, "", before)
    assert place in err


def test_an_immutable_entry_is_not_moved(market, portlint):
    fill(market, {"ports.yaml": "ports:\n  till: {default: 7100, immutable: true}\n"})
    assert "ports.yaml:2: till is immutable" in portlint("registry", "move", "till", "7101")[2]
