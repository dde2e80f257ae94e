"""Names of templates and copies, and the formats that are known behind their endings."""

from __future__ import annotations

import pytest

from portlint.extract import recognise
from portlint.knowledge.template_names import endings, is_template, without_endings

ENDINGS = [*endings("templates"), *endings("copies")]
NAMES = {
    "config": ("redis.conf", "app.ini", "Caddyfile"),
    "systemd": ("api.service", "wg0.network", "api.service.d/port.conf"),
    "json": ("app.json", "tasks.jsonc", "shop.code-workspace"),
    "toml": ("app.toml", "Pipfile"),
    "properties": ("app.properties",),
    "dockerfile": ("Dockerfile", "shop.dockerfile", "Containerfile", "Dockerfile.web"),
    "yaml": ("values.yaml", "playbook.yml"),
    "compose": ("compose.yaml", "docker-compose.dev.yml"),
    "traefik": ("traefik.yml", "traefik-edge.toml"),
}
"""format to names that are of it, and so are templates and copies of them"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.json.j2", "a.json"), ("conf/a.toml.j2.example", "conf/a.toml"), ("A.SERVICE.TPL", "A.SERVICE"),
        ("a.json-dist", "a.json"), ("in", "in"), ("a/.local", "a/.local"), ("template", "template"),
        ("a.json", "a.json"), ("a.json.bak", "a.json.bak"),
        ("a.j2.json", "a.j2.json"), ("begin", "begin"), ("a.json.index", "a.json.index"),
    ],
)  # fmt: skip
def test_what_stands_before_the_endings(path, expected):
    assert without_endings(path) == expected


def test_what_is_put_aside_is_told_where_one_asks():
    assert without_endings("site.conf.j2.disabled", aside=True) == "site.conf"
    assert without_endings("site.conf.j2.disabled") == "site.conf.j2.disabled"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a.j2", True), ("a.b.TPL", True), ("a.in", False), ("a.example", False), ("a.j2.example", False), ("j2", False)],
)
def test_what_a_program_fills_in(path, expected):
    assert is_template(path) is expected


def format_of(path: str, data: bytes = b"") -> str | None:
    found = recognise(path, data)
    return None if found is None else found.name


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(("name", "format"), [(name, format) for format, names in NAMES.items() for name in names])
def test_a_format_is_known_behind_every_ending(name, format, ending):
    for path in (f"{name}.{ending}", f"deploy/{name}.{ending.upper()}", f"{name}.{ending}.example", f"{name}-{ending}"):
        assert format_of(path) == format


SITE = b"server {\n  listen 8000;\n  location / { proxy_pass http://api:8001; }\n}\n"


@pytest.mark.parametrize("ending", [*ENDINGS, *endings("aside")])
def test_a_configuration_of_nginx_is_known_behind_every_ending(ending):
    for name in ("site.conf", "sites-enabled/shop", "nginx", "fastcgi_params"):
        assert format_of(f"{name}.{ending}", SITE) == "nginx"
    assert format_of(f"shop.nginx.{ending}") == "nginx"


@pytest.mark.parametrize("ending", endings("templates"))
def test_a_template_of_any_name_may_be_one_of_nginx(ending):
    assert format_of(f"shop.{ending}", SITE) == "nginx"
    assert format_of(f"shop.{ending}", b"listen to this: 8000\n") is None
    assert format_of(f"shop.html.{ending}", SITE) is None
    assert format_of(f"shop.{ending}x", SITE) is None


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_env_file_is_one_unless_its_name_says_another_format(ending):
    assert format_of(f".env.{ending}") == format_of(f"deploy/shop.env.{ending}") == "dotenv"
    assert format_of(f"shop.env.js.{ending}") != "dotenv"
    assert (format_of(f"deploy/env.{ending}") == "dotenv") is (
        ending not in ("in", "local", "production", "development")
    )


OTHERS = [
    "redis.conf.lock", "app.ini.lock", "conf.j2", "ini-dist", "api.service.bak", "service.j2", "app.json.bak",
    "app.json.lock", "app.toml.bak", "Pipfile.lock", "app.properties.orig", "traefik.toml.lock", "compose.yaml.lock",
]  # fmt: skip


@pytest.mark.parametrize("path", OTHERS)
def test_other_endings_say_nothing(path):
    assert format_of(path) is None
