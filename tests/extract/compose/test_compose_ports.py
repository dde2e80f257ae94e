"""The grammar of published ports as a table: compose's short syntax and images, in all forms with variables.

Sources: Compose specification, `ports`; Docker CLI reference, `docker container run`.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlint.extract import extract
from portlint.extract.scan.published import Side, image_port, is_base60, short
from portlint.model import Mapping


def _mark(variable: str | None) -> str:
    return "" if variable is None else "$" + variable


def shown(side: Side | None) -> str:
    """A side as `port`, `first-last`, `port$VARIABLE` of a fallback; `$A` for a variable; `?` where it is computed."""
    if side is None:
        return ""
    words = [f"{hit.port}{f'-{hit.end_port}' if hit.end_port else ''}{_mark(hit.variable)}" for hit in side.hits]
    words += ["$" + found.variable for found in side.variables if found.variable not in {h.variable for h in side.hits}]
    return " ".join([*words, *(["?"] if side.computed else [])])


# The text; published side; container side; address; protocol.
ENTRIES = [
    ("80", "", "80", None, "tcp"),
    ("80/udp", "", "80", None, "udp"),
    ("3000-3005", "", "3000-3005", None, "tcp"),
    ("8000:80", "8000", "80", None, "tcp"),
    (" 8000:80 ", "8000", "80", None, "tcp"),
    ("8000:80/UDP", "8000", "80", None, "udp"),
    ("8000:80/sctp", "8000", "80", None, "sctp"),
    ("9000-9010:9100-9110", "9000-9010", "9100-9110", None, "tcp"),
    ("8000-8010:80/udp", "8000-8010", "80", None, "udp"),
    ("8010-8000:80", "8010-8000", "80", None, "tcp"),
    ("8000-8010:80-90", "8000-8010", "80-90", None, "tcp"),
    ("127.0.0.1:8000:80", "8000", "80", "127.0.0.1", "tcp"),
    ("127.0.0.1::80", "", "80", "127.0.0.1", "tcp"),
    ("127.0.0.1:3001", "", "3001", "127.0.0.1", "tcp"),
    ("[::1]:6001:6001", "6001", "6001", "::1", "tcp"),
    ("[::]:8300:8300", "8300", "8300", "::", "tcp"),
    ("[::1]:80", "", "80", "::1", "tcp"),
    ("::1:6001:6001", "6001", "6001", "::1", "tcp"),
    ("0.0.0.0:80:80", "80", "80", "0.0.0.0", "tcp"),
    ("0:80", "", "80", None, "tcp"),
    ("70000:80", "70000", "80", None, "tcp"),
    ("$P", "", "$P", None, "tcp"),
    ("${P}", "", "$P", None, "tcp"),
    ("${P}:80", "$P", "80", None, "tcp"),
    ("$P:80", "$P", "80", None, "tcp"),
    ("8000:${P}", "8000", "$P", None, "tcp"),
    ("${P:-8000}:80", "8000$P", "80", None, "tcp"),
    ("${P-8000}:80", "8000$P", "80", None, "tcp"),
    ("${P:?not set}:80", "$P", "80", None, "tcp"),
    ("${P?err with 8080}:80", "$P", "80", None, "tcp"),
    ("${P:+9000}:80", "9000$P", "80", None, "tcp"),
    ("${A:-${B:-80}}:90", "80$B $A", "90", None, "tcp"),
    ("${A:-${B:-${C:-80}}}:90", "80$C $A $B", "90", None, "tcp"),
    ("${P}:${P}", "$P", "$P", None, "tcp"),
    ("${P:-8093}:${P:-8094}", "8093$P", "8094$P", None, "tcp"),
    ("${IP:-127.0.0.1}:5678:5678", "5678", "5678", "127.0.0.1", "tcp"),
    ("$IP:443:444", "443", "444", None, "tcp"),
    ("${BIND:-127.0.0.1:9000}:80", "9000$BIND", "80", None, "tcp"),
    ("${P}0:80", "?", "80", None, "tcp"),
    ("80${N}:80", "?", "80", None, "tcp"),
    ("${A:-8010}-${B:-8020}:8010-8020", "8010$A 8020$B", "8010-8020", None, "tcp"),
    ("${P:-8030-8040}:8030-8040", "8030-8040$P", "8030-8040", None, "tcp"),
    ("${ALL:-8050:8051}", "8050$ALL", "8051$ALL", None, "tcp"),
    ("8000:80/${T:-udp}", "8000", "80", None, "udp"),
    ("8000:80/${T}", "8000", "80", None, "tcp"),
    ("{{ port }}:80", "?", "80", None, "tcp"),
    ("{{ bind }}:{{ port }}:80", "?", "80", None, "tcp"),
    ("8700:http", "8700", "?", None, "tcp"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "published", "container", "address", "protocol"), ENTRIES, ids=[e[0] for e in ENTRIES]
)
def test_an_entry(text: str, published: str, container: str, address: str | None, protocol: str) -> None:
    entry = short(text)
    assert entry is not None
    assert (shown(entry.published), shown(entry.container), entry.protocol) == (published, container, protocol)
    if address is not None:
        assert entry.address == address


@pytest.mark.parametrize("text", ["", "  ", "./data:/data", "8000:80/http"])
def test_no_entry(text: str) -> None:
    assert short(text) is None


@given(st.text(alphabet="0123456789:-/.$[]{}AP tcpud\x00\n", max_size=60))
def test_every_port_is_where_it_is_said_to_be(text: str) -> None:
    entry = short(text)
    for side in (entry.published, entry.container) if entry else ():
        for hit in side.hits if side else ():
            assert int(text[hit.start : hit.end].split("-")[0]) == hit.port


@pytest.mark.parametrize("text", ["22:22", "2122:22", "1082:21", "60:59", "1_000:22"])
def test_base_60(text: str) -> None:
    assert is_base60(text)


@pytest.mark.parametrize("text", ["8080:80", "22:60", "022:22", "9323:9323", "22", "22:22/tcp", "127.0.0.1:22:22"])
def test_not_base_60(text: str) -> None:
    assert not is_base60(text)


@pytest.mark.parametrize(
    ("image", "port"),
    [
        ("localhost:5000/app:8080", 5000), ("registry.example.com:5000/team/app", 5000), ("[::1]:5000/app", 5000),
        ("${HUB:-localhost:5000}/app:8080", 5000), ("${IMAGE:-localhost:5000/app:8080}", 5000),
        ("docker://localhost:5000/app", 5000), ("redis:7", None), ("app:8080", None), ("team/app:8080", None),
        ("app@sha256:8080808080808080", None), ("${HUB}/app:8080", None), ("", None),
        ("${HUB}:5000/app:8080", 5000), ("{{ hub }}:5000/app", 5000), ("team/app:5000/x", None), ("${HUB}:5000", None),
    ],
)  # fmt: skip
def test_the_port_of_an_image(image: str, port: int | None) -> None:
    hit = image_port(image)
    assert (hit.port if hit else None) == port
    assert hit is None or image[hit.start : hit.end] == str(port)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("compose.yaml", "services:\n  web: {{image: '{}'}}\n"),
        ("Dockerfile", "FROM --platform=linux/amd64 {} AS web\n"),
        ("pull.sh", "docker pull {}\n"),
        ("run.sh", 'docker run -d "{}"\n'),
        ("deployment.json", '{{"image": "{}"}}\n'),
        ("pod.yaml", "kind: Pod\napiVersion: v1\nspec:\n  containers:\n    - image: '{}'\n"),
    ],
)
def test_an_image_has_the_same_port_in_every_format(path: str, text: str) -> None:
    images = {
        "localhost:5000/app:8080": (5000, "localhost", None),
        "${HUB}:5000/app:8080": (5000, None, None),
        "${HUB:-depot.example.org:5000}/app": (5000, "depot.example.org", "HUB"),
    }
    for image, expected in images.items():
        found = [(each.port, each.host, each.variable) for each in extract(path, text.format(image).encode()).literals]
        assert found == [expected]
    assert extract(path, text.format("team/app:8080").encode()).literals == ()


def bindings(mappings: tuple[Mapping, ...]) -> list[str]:
    """Each mapping as `address published>container/protocol`, with `$VARIABLE` where one gives the side."""
    out = []
    for m in mappings:
        published = f"{m.published.ports if m.published else ''}{_mark(m.published_variable)}"
        container = f"{m.container.ports if m.container else ''}{_mark(m.container_variable)}"
        out.append(f"{m.address or ''} {published}>{container}/{m.protocol}".strip())
    return out


# A compose file; each service's bindings.
SERVICES = [
    ("services: {a: {ports: ['8000:80', 81]}}", {"a": ["8000>80/tcp", ">81/tcp"]}),
    ("x: &p ['80:80']\nservices: {a: {ports: *p}, b: {ports: *p}}", {"a": ["80>80/tcp"], "b": ["80>80/tcp"]}),
    ("x: &b {ports: ['80:80']}\nservices:\n  a: {<<: *b}\n  b:\n    <<: [*b]\n    ports: ['81:81']\n",
     {"a": ["80>80/tcp"], "b": ["81>81/tcp"]}),
    ("services: {a: {ports: ['80:80']}, b: {extends: a, ports: ['81:81']}}",
     {"a": ["80>80/tcp"], "b": ["80>80/tcp", "81>81/tcp"]}),
    ("services:\n  a: {ports: ['80:80']}\n  b:\n    extends: {service: a}\n    ports: !override ['81:81']\n",
     {"a": ["80>80/tcp"], "b": ["81>81/tcp"]}),
    ("services:\n  a: {ports: ['80:80']}\n  b:\n    extends: a\n    ports: !reset []\n", {"a": ["80>80/tcp"], "b": []}),
    ("services: {a: {extends: b}, b: {extends: a, ports: ['80:80']}}", {"a": ["80>80/tcp"], "b": ["80>80/tcp"]}),
    ("services: {a: {ports: [{target: 53, published: '5353', host_ip: 127.0.0.1, protocol: udp}, {target: 80}]}}",
     {"a": ["127.0.0.1 5353>53/udp", ">80/tcp"]}),
    ("services: {a: {ports: ['${P:-8000}:${Q}']}}", {"a": ["8000$P>$Q/tcp"]}),
    ("services: {a: {ports: ['${BIND:-127.0.0.1:8000}:80']}}", {"a": ["127.0.0.1 8000$BIND>80/tcp"]}),
    ("services: {a: {ports: }, b: , c: {}}", {"a": [], "b": [], "c": []}),
    ("a: {image: x, ports: ['80:80']}\nb: {image: y, links: [a]}", {"a": ["80>80/tcp"], "b": []}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SERVICES, ids=range(len(SERVICES)))
def test_bindings(text: str, expected: dict[str, list[str]]) -> None:
    facts = extract("compose.yaml", text.encode())
    assert {service.name: bindings(service.mappings) for service in facts.services} == expected


def test_what_a_service_is() -> None:
    text = """
services:
  web:
    container_name: web-1
    hostname: webhost
    image: shop/web:1
    build: {context: ../web, dockerfile: docker/Dockerfile}
    network_mode: host
    profiles: [debug, test]
    deploy: {replicas: 3}
    expose: ["8000", "9000-9001"]
    links: ["db:database"]
    networks: {back: {aliases: [api]}}
  db:
    build: ./db
  far:
    build: https://example.com/far.git
  out:
    build: {context: ../../..}
  inline:
    build: {context: ., dockerfile_inline: "FROM x"}
"""
    web, db, far, out, inline = extract("deploy/compose.yaml", text.encode()).services
    assert web.hosts == ("web-1", "webhost", "api")
    assert (web.image, web.build, web.network_mode) == ("shop/web:1", "web/docker/Dockerfile", "host")
    assert (web.profiles, web.replicas) == (("debug", "test"), 3)
    assert [str(found.ports) for found in web.expose] == ["8000", "9000-9001"]
    assert (db.hosts, db.build, db.replicas) == (("database",), "deploy/db/Dockerfile", 1)
    assert (far.build, out.build, inline.build) == (None, None, None)


def test_who_owns_a_shared_place() -> None:
    text = """
x-env: &env {PORT: 8000}
x-one: &one {environment: {ADMIN_PORT: 8001}}
services:
  a: {environment: *env, ports: [&own "8002:8002"]}
  b: {environment: *env, ports: [*own], <<: *one}
"""
    facts = extract("compose.yaml", text.encode())
    owners = {found.port: found.service for found in facts.literals}
    # What two services share belongs to neither; what one alone uses is its own; an anchor stays where it stands.
    assert owners == {8000: None, 8001: "b", 8002: "a"}
    assert len(facts.literals) == 4


@pytest.mark.parametrize(
    ("path", "text", "format"),
    [
        ("compose.yaml", "services: {a: {image: x}}", "compose"),
        ("docker-compose.prod.yml", "services: {a: {image: x}}", "compose"),
        ("deploy/web.compose.yml", "services: {a: {image: x}}", "compose"),
        ("podman-compose.yml", "services: {a: {image: x}}", "compose"),
        ("docker-compose.json", '{"services": {"a": {"image": "x"}}}', "compose"),
        ("docker-compose.yml.j2", "services:\n  a: {image: '{{ x }}'}", "compose"),
        ("stack.yml", "services:\n  a:\n    image: x\n", "compose"),
        ("stack.yml", "# c\n\nservices:   # c\n\n  # c\n  a:\n    build: .\n", "compose"),
        ("traefik.yml", "services:\n  a:\n    image: traefik\n", "compose"),
        ("traefik.yml", "entryPoints: {web: {address: ':80'}}", "traefik"),
        ("edge.yml", "entryPoints:\n  web: {address: ':80'}\n", "traefik"),
        ("edge.yml", "http:\n  routers:\n    a: {rule: x}\n", "traefik"),
        ("edge.toml", "[http.services.a]\n", "traefik"),
        ("docker-compose.yml", "on: push\njobs: {a: {steps: [{run: 'curl http://a:8000'}]}}", "yaml"),
        (".github/workflows/docker-compose.yml", "on: push\njobs: {a: {port: 8000}}", "yaml"),
        ("services.yaml", "services:\n  _defaults:\n    autowire: true\n    port: 8000\n", "yaml"),
        ("ci.yml", "services:\n  - postgres:16\nport: 8000\n", "yaml"),
        ("traefik.yaml", "apiVersion: v1\nkind: Service\nspec: {ports: [{port: 80}]}\n", "yaml"),
        ("object.tpl", "apiVersion: v1\nkind: Service\nspec: {ports: [{port: 80}]}\n", "yaml"),
        ("compose.py", "x = 8000\n", "python"),
    ],
)  # fmt: skip
def test_the_format_of_a_file(path: str, text: str, format: str) -> None:
    assert extract(path, text.encode()).format == format
