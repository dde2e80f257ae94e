"""Services that share one network, and services that share none."""

from __future__ import annotations

import pytest

from support.small_projects import Files, compose, found, messages

VPN = "services:\n  vpn: {image: qmcgaw/gluetun, ports: ['8080:8080']}\n"


def on_vpn(*services: str) -> Files:
    """A compose file with a service `vpn` and others, each `NAME BODY`, that use its network."""
    rows = (each.split(" ", 1) for each in services)
    return {
        "compose.yaml": VPN + "".join(f"  {name}: {{network_mode: 'service:vpn', {body}}}\n" for name, body in rows)
    }


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        (["a image: x/a, command: serve --port 8080", "b image: x/b, command: serve --port 8080"], [4]),
        (["a image: x/a, command: serve --port 8080", "b image: x/b, command: serve --port 8081"], []),
        (["a image: 'redis:7'", "b image: 'valkey/valkey:8'"], [4]),
        (["a image: 'redis:7'", "b image: 'valkey/valkey:8', command: valkey-server --port 6380"], []),
        (["a image: 'grafana/grafana', environment: {HTTP_PORT: '3001'}", "b image: b, command: go --port 3000"], []),
        (["a image: a, command: go --bind 127.0.0.1:8080", "b image: b, command: go --bind 127.0.0.2:8080"], []),
        (["a image: a, profiles: [a], command: go --port 80", "b image: b, profiles: [b], command: go --port 80"], []),
        (["a image: x/a, expose: [8080]", "b image: x/b, command: serve --port 8080"], []),
    ],
)  # fmt: skip
def test_two_that_listen_on_one_port_of_one_network(services: list[str], expected: list[int]) -> None:
    assert found(on_vpn(*services), "PORT201") == [f"compose.yaml:{line} PORT201" for line in expected]


def test_a_clash_names_both_and_whose_network_it_is() -> None:
    files = on_vpn("a image: x/a, command: serve --port 8080", "b image: x/b, command: serve --port 8080")
    assert messages(files, "PORT201") == [
        "a and b use the network of vpn and both listen on 8080/tcp: the second one does not start"
    ]
    body = compose(
        web="command: serve --port 8080", agent="network_mode: 'container:front', command: serve --port 8080"
    )
    files = {"compose.yaml": body.replace("command: serve", "container_name: front, command: serve", 1)}
    assert messages(files, "PORT201") == [
        "agent uses the network of web, and both listen on 8080/tcp: the second one does not start"
    ]


def test_two_that_use_the_network_of_a_container_elsewhere() -> None:
    mode = "network_mode: 'container:gluetun', command: serve --port 80"
    assert found({"compose.yaml": compose(a=mode, b=mode)}, "PORT201") == ["compose.yaml:3 PORT201"]
    assert found({"one/compose.yaml": compose(a=mode), "two/compose.yaml": compose(b=mode)}, "PORT201") == []


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("a image: x/a, command: serve --port 8080", []),
        ("a image: x/a, command: serve --port 8081, healthcheck: {test: 'curl localhost:8080'}", []),
        ("a image: x/a", []),
    ],
)
def test_the_owner_publishes_for_those_that_use_its_network(service: str, expected: list[str]) -> None:
    assert found(on_vpn(service), "PORT203", "PORT302") == expected
    published = on_vpn(service)["compose.yaml"].replace("8080:8080", "18080:8080")
    call = "  ui: {image: x/ui, environment: {A_URL: 'http://vpn:18080', B_URL: 'http://vpn:8080'}}\n"
    assert found({"compose.yaml": published + call}, "PORT205") == ["compose.yaml:4 PORT205"]


def test_a_health_check_may_ask_a_neighbour() -> None:
    files = {"compose.yaml": compose(
        web="command: serve --port 80",
        probe="network_mode: 'service:web', command: serve --port 81, healthcheck: {test: 'curl localhost:80'}",
    )}  # fmt: skip
    assert found(files, "PORT203") == []
    assert found({"compose.yaml": files["compose.yaml"].replace("localhost:80", "localhost:82")}, "PORT203") == [
        "compose.yaml:3 PORT203"
    ]


def test_a_data_store_behind_the_owner_of_its_network_is_exposed() -> None:
    vpn = "  vpn: {image: x/vpn, ports: ['6379:6379', '80:80']}\n"
    body = f"services:\n{vpn}  db: {{image: 'redis:7', network_mode: 'service:vpn'}}\n"
    assert found({"compose.yaml": body}, "PORT204") == ["compose.yaml:2 PORT204"]
    assert found({"compose.yaml": body.replace("'6379:", "'127.0.0.1:6379:")}, "PORT204") == []


API = "ports: ['18080:8000'], "
ALIAS = API + "networks: {a: {aliases: [back]}, b: }"
CALL = "command: go http://api:18080"
BACK = "command: go http://back:18080"


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ({"api": API + "networks: [back]", "ui": "networks: [front], " + CALL}, []),
        ({"api": API + "networks: [back]", "ui": CALL}, []),
        ({"api": API + "networks: [back]", "ui": "networks: [front, back], " + CALL}, ["compose.yaml:3 PORT205"]),
        ({"api": API + "networks: [back, default]", "ui": CALL}, ["compose.yaml:3 PORT205"]),
        ({"api": API + "networks: {b: }", "ui": "networks: {b: }, command: go http://api:9000"},
         ["compose.yaml:3 PORT301"]),
        ({"api": API + "networks: [back]", "ui": "networks: [front], command: go http://api:9000"}, []),
        ({"api": API, "ui": "network_mode: host, " + CALL}, []),
        ({"api": API, "ui": "network_mode: bridge, " + CALL}, []),
        ({"api": ALIAS, "ui": "networks: [b], " + BACK}, []),
        ({"api": ALIAS, "ui": "networks: [a], " + BACK}, ["compose.yaml:3 PORT205"]),
        ({"api": API, "ui": "links: ['api:back'], " + BACK, "job": BACK}, ["compose.yaml:3 PORT205"]),
        ({"api": API + "network_mode: bridge", "ui": "network_mode: bridge, links: ['api:back'], " + BACK},
         ["compose.yaml:3 PORT205"]),
    ],
)  # fmt: skip
def test_who_shares_no_network_is_not_called_by_name(services: dict[str, str], expected: list[str]) -> None:
    assert found({"compose.yaml": compose(**services)}, "PORT205", "PORT301") == expected


def test_one_name_in_two_networks_means_the_one_that_is_reached() -> None:
    files = {"compose.yaml": compose(
        one="ports: ['1:5000'], networks: {a: {aliases: [db]}}",
        two="ports: ['2:6000'], networks: {b: {aliases: [db]}}",
        ui="networks: [a], command: go http://db:6000",
    )}  # fmt: skip
    assert found(files, "PORT301") == ["compose.yaml:4 PORT301"]
    files["compose.yaml"] = files["compose.yaml"].replace("networks: [a]", "networks: [b]")
    assert found(files, "PORT301") == []


def test_an_override_adds_a_network() -> None:
    files = {
        "compose.yaml": compose(api=API + "networks: [back]", ui="networks: [front], command: go http://api:18080"),
        "compose.override.yaml": "services:\n  ui: {networks: [back]}\n",
    }
    assert found(files, "PORT205") == ["compose.yaml:3 PORT205"]
