"""Which entry a port literal means, and the verdict."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from itertools import chain
from typing import Any

import pytest

from portlint.algorithms.intervals import MOST, Intervals
from portlint.knowledge import rule_data
from portlint.model import Facts, Match, PortRange, PortReference, Registry, Role, Settings, Verdict
from portlint.resolve import resolve
from support.facts import DEFAULTS, entry, facts, literal, registry, service
from support.steps import MOST_GROWTH, steps

SHOP = registry("""
ports:
  api: {default: 8000, env_var: SHOP_API_PORT, range: [8000, 8009]}
  docs: {default: 8101, env_var: DOCS_PORT}
  redis:
    default: 6382
    env_var: REDIS_PORT
    container_port: 6379
    environments: {production: 6380, staging: 6381, testing: 6383-6390}
    aliases: [cache, CACHE_PORT]
  mcp_http: {default: 3111, env_var: MCP_HTTP_PORT}
  mcp_ws: {default: 9009, env_var: null, immutable: true}
  frontend: {default: 3210}
  dashboard: {default: 3210}
  gateway: {default: 443}
reserved:
  - {port: 9100, service: node exporter}
environments:
  production: ["deploy/live/**"]
""")


def one(path: str, port: int, *others: Facts, registry: Registry | None = SHOP, **more: Any) -> Match:
    """The match of one literal beside other files."""
    return resolve([facts(literal(path, port, **more)), *others], registry, DEFAULTS).matches[0]


def said(match: Match) -> str:
    """`match redis by name`, `mismatch redis by host: 6379`, `unknown`."""
    out = str(match.verdict)
    if match.entry is not None:
        out += f" {match.entry.name}"
    if match.by:
        out += f" by {match.by}"
    if match.expected is not None:
        out += f": {match.expected}"
    return out


@pytest.mark.parametrize(
    ("expected", "path", "port", "more"),
    [
        # 1 The variable comes first.
        ("match api by variable", "a.py", 8000, {"variable": "SHOP_API_PORT"}),
        ("match api by variable", ".env", 8005, {"variable": "SHOP_API_PORT"}),
        ("mismatch api by variable: 8000", ".env", 8010, {"variable": "SHOP_API_PORT"}),
        ("mismatch api by variable: 8000", "a.py", 8005, {"variable": "SHOP_API_PORT", "role": Role.FALLBACK}),
        ("mismatch api by variable: 8000", "a.py", 8101, {"variable": "SHOP_API_PORT", "name": "docs_port"}),
        ("match redis by variable", ".env", 6382, {"variable": "CACHE_PORT"}),
        ("mismatch api by variable: 8000", ".env", 443, {"variable": "SHOP_API_PORT"}),
        # 2 The host.
        ("match redis by host", "a.py", 6382, {"host": "redis", "role": Role.CONNECT}),
        ("match redis by host", "a.py", 6382, {"host": "cache", "role": Role.CONNECT}),
        ("mismatch redis by host: 6382", "a.py", 8000, {"host": "redis", "name": "api_port", "role": Role.CONNECT}),
        ("match api by number", "a.py", 8000, {"host": "shop-redis-exporter", "role": Role.CONNECT}),
        ("foreign", "a.py", 8000, {"host": "api.shop.com", "role": Role.CONNECT}),
        ("foreign", "a.py", 6379, {"host": "8.8.8.8", "role": Role.CONNECT, "library": "redis"}),
        ("match api by number", "a.py", 8000, {"host": "10.0.0.7", "role": Role.CONNECT}),
        ("match api by number", "a.py", 8000, {"host": "db.internal", "role": Role.CONNECT}),
        ("match api by number", "a.py", 8000, {"host": "93.184.216.34", "role": Role.BIND}),
        # 3 The name, word by word.
        ("match redis by name", "a.py", 6382, {"name": "redisPort"}),
        ("mismatch redis by name: 6382", "a.py", 6379, {"name": "DEFAULT_REDIS_PORT"}),
        ("mismatch redis by name: 6382", "a.py", 6379, {"name": "REDIS_URL", "host": "localhost"}),
        ("unknown", "a.py", 9999, {"name": "report"}),
        ("unknown", "a.py", 9999, {"name": "redis_exporter_port"}),
        ("match redis by name", "a.py", 6382, {"name": "session_redis_port"}),
        ("match mcp_http by name", "a.py", 3111, {"name": "mcp_http_port"}),
        ("mismatch mcp_http by name: 3111", "a.py", 9009, {"name": "mcp_http_port"}),
        ("match mcp_ws by number", "a.py", 9009, {"name": "mcp_url"}),
        ("match dashboard by name", "a.py", 3210, {"name": "dashboard_port"}),
        ("match redis by name", "a.py", 6381, {"name": "redis_staging_port"}),
        ("mismatch redis by name: 6381", "a.py", 6380, {"name": "REDIS_STAGING_PORT"}),
        ("mismatch redis by name: 6382", "a.py", 6379, {"name": "port", "subject": "shop.cfg:RedisConfig.port"}),
        ("mismatch redis by name: 6382", "config.yaml", 6379, {"name": "port", "subject": "redis.port"}),
        ("unknown", "a.py", 9999, {"name": "redis_url", "host": "broker", "role": Role.CONNECT}),
        # A key between says what the value is for, not whose port it is.
        ("unknown", "a.py", 9999, {"subject": "shop.cfg:redis_settings.cors_origins[0]"}),
        # Tests make up values; what they say in capitals is about the services that they use.
        ("unknown", "tests/test_a.py", 9999, {"name": "redis_port"}),
        ("match redis by name", "tests/test_a.py", 6382, {"name": "redis_port"}),
        ("mismatch redis by name: 6383-6390", "tests/test_a.py", 9999, {"name": "REDIS_PORT"}),
        # 3 The library.
        ("match redis by library", "a.py", 6382, {"library": "redis", "name": "port"}),
        ("mismatch redis by library: 6382", "a.py", 8000, {"library": "redis", "name": "port"}),
        ("unknown", "a.py", 9999, {"library": "redis", "name": "docs_port"}),
        # 4 The number.
        ("match api by number", "a.py", 8000, {"name": "port"}),
        ("match api by number", "a.py", 8004, {}),
        ("match redis by number", "a.py", 6380, {}),
        ("ambiguous by number", "a.py", 3210, {}),
        ("reserved", "a.py", 9100, {}),
        ("allowed", "a.py", 443, {}),
        ("allowed", "a.py", 80, {"name": "http_port"}),
        ("allowed api by name", "a.py", 80, {"name": "api_port"}),
        ("unknown", "a.py", 5000, {}),
        ("match api by number", "a.py", 8000, {"end_port": 8000}),
        ("match api by number", "a.py", 8000, {"end_port": 8004}),
        ("unknown", "a.py", 70000, {"name": "redis_port"}),
    ],
)
def test_entry(expected: str, path: str, port: int, more: dict[str, Any]) -> None:
    assert said(one(path, port, **more)) == expected


def test_a_well_known_service_that_is_no_entry_is_not_the_entry_with_its_number() -> None:
    front = registry("ports: {frontend: {default: 3000}}")
    assert said(one("a.py", 3000, registry=front, name="grafana_port")) == "unknown"
    assert said(one("a.py", 3000, registry=front, name="ui_port")) == "match frontend by number"


@pytest.mark.parametrize(
    ("path", "environment", "right", "wrong"),
    [
        (".env.production", "production", 6380, 6382),
        (".env.prod.example", "production", 6380, 6381),
        ("docker-compose.staging.yml", "staging", 6381, 6380),
        ("deploy/stage/.env", "staging", 6381, 6382),
        ("deploy/live/app.env", "production", 6380, 6382),
        (".env.ci", "testing", 6390, 6382),
        (".env.example", None, 6382, 6380),
        ("production-guide/.env", None, 6382, 6380),
        # In code the default stays right beside the environment's value.
        ("tests/cache.py", "testing", 6382, 6381),
        ("tests/cache.py", "testing", 6385, 6380),
        ("app/config/production.py", "production", 6380, 6381),
        ("app/production_line.py", None, 6382, 6380),
        # A glob of the registry is a clear word.
        ("deploy/live/cache.py", "production", 6380, 6382),
    ],
)
def test_environment(path: str, environment: str | None, right: int, wrong: int) -> None:
    match = one(path, right, variable="REDIS_PORT")
    assert (match.verdict, match.environment) == (Verdict.MATCH, environment)
    assert one(path, wrong, variable="REDIS_PORT").verdict is Verdict.MISMATCH


def test_the_registry_spells_environments_as_it_likes() -> None:
    own = registry("ports: {redis: {default: 6379, env_var: R_PORT, environments: {prod: 6380, qa: 6381}}}")
    assert one(".env.production", 6380, registry=own, variable="R_PORT").environment == "prod"
    assert one(".env.qa", 6381, registry=own, variable="R_PORT").verdict is Verdict.MATCH


def test_settings_add_environments() -> None:
    settings = Settings(environments={"staging": ("k8s/blue/**",)})
    file = facts(literal("k8s/blue/.env", 6381, variable="REDIS_PORT"))
    match = resolve([file], SHOP, settings).matches[0]
    assert (match.environment, match.verdict) == ("staging", Verdict.MATCH)


def test_candidates_become_literals_where_their_variable_is_used_as_a_port() -> None:
    used = literal(".env", 9001, 1, variable="APP_LISTEN")
    unused = literal(".env", 9002, 2, variable="APP_WORKERS")
    registered = literal(".env", 8000, 3, variable="SHOP_API_PORT")
    env = facts(path=".env", candidates=(used, unused, registered))
    code = facts(PortReference(path="a.py", span=used.span, variable="APP_LISTEN", role=Role.BIND))
    assert [m.literal for m in resolve([env, code], SHOP, DEFAULTS).matches] == [used, registered]
    assert [m.literal for m in resolve([env, code], None, DEFAULTS).matches] == [used]


STACK = "compose.yaml"


def stack(*services: list[Any]) -> Facts:
    return facts(*chain.from_iterable(services))


def verdicts(file: Facts, settings: Settings = DEFAULTS) -> list[str]:
    return [f"{m.literal.ports} {said(m)}" for m in resolve([file], SHOP, settings).matches]


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        (["REDIS_PORT=6382:6379"], ["6382 match redis by variable", "6379 match redis by variable"]),
        (["6382:6379"], ["6382 match redis by service", "6379 match redis by service"]),
        (["6400:6379"], ["6400 mismatch redis by service: 6382", "6379 match redis by service"]),
        (["REDIS_PORT=6382:6380"], ["6382 match redis by variable", "6380 mismatch redis by service: 6379"]),
        (["REDIS_PORT=6382:REDIS_PORT=6382"], ["6382 match redis by variable", "6382 match redis by variable"]),
        (["6379"], ["6379 match redis by service"]),
        # A second published port may be anything; the one in front of the container's port is the entry's.
        (
            ["6382:6379", "8070:8070"],
            ["6382 match redis by service", "6379 match redis by service", "8070 unknown", "8070 unknown"],
        ),
        (
            ["6400:6379", "8070:8070"],
            ["6400 mismatch redis by service: 6382", "6379 match redis by service", "8070 unknown", "8070 unknown"],
        ),
    ],
)
def test_mappings(ports: list[str], expected: list[str]) -> None:
    assert verdicts(stack(service(STACK, "redis", *ports))) == expected


def test_the_container_side_is_free_where_the_registry_does_not_tell() -> None:
    assert verdicts(stack(service(STACK, "api", "8000:5000"))) == [
        "8000 match api by service",
        "5000 match api by service",
    ]


@pytest.mark.parametrize(
    ("expected", "port", "host"),
    [
        ("match redis by host", 6379, "redis"),
        ("mismatch redis by host: 6379", 6382, "redis"),
        ("match redis by host", 6379, "shop-cache-1"),
        ("match api by host", 5000, "api"),
        ("match api by host", 8000, "api"),
        ("mismatch api by host: 5000", 9000, "api"),
        # Nothing tells what this one listens on, and it is no entry either.
        ("unknown", 9000, "gateway-next"),
        ("match redis by number", 6382, "host.docker.internal"),
        ("match redis by number", 6382, "localhost"),
    ],
)
def test_inside_a_network_the_container_ports_count(expected: str, port: int, host: str) -> None:
    file = stack(
        service(STACK, "redis", "REDIS_PORT=6382:6379", hosts=("shop-cache-1",)),
        service(STACK, "api", "SHOP_API_PORT=8000:5000", line=10),
        service(STACK, "gateway-next", line=20),
    )
    more: dict[str, Any] = {"host": host, "role": Role.CONNECT, "form": "url"}
    assert said(one("nginx.conf", port, file, **more)) == expected
    more |= {"service": "web", "subject": "services.web.environment.X", "variable": "X"}
    assert said(one(STACK, port, file, **more)) == expected


@pytest.mark.parametrize("host", sorted(rule_data.load("names/hosts.yaml")["container_host"]))
@pytest.mark.parametrize("path", ["Dockerfile", "web.env", STACK])
def test_the_host_of_the_containers_has_the_published_ports(path: str, host: str) -> None:
    file = stack(
        service(STACK, "redis", "REDIS_PORT=6382:6379"),
        service(STACK, "web", build="Dockerfile", env_files=("web.env",), line=10),
    )
    more: dict[str, Any] = {"name": "redis", "role": Role.CONNECT, "form": "address"}
    if path == STACK:
        more |= {"service": "web", "subject": "services.web.environment.X"}
    assert said(one(path, 6382, file, host=host, **more)) == "match redis by name"
    assert said(one(path, 6379, file, host=host, **more)) == "mismatch redis by name: 6382"
    assert said(one(path, 6379, file, host="redis", **more)) == "match redis by host"


def test_without_evidence_nothing_is_claimed_about_a_container() -> None:
    file = stack(service(STACK, "docs"))
    assert said(one("nginx.conf", 9000, file, host="docs", role=Role.CONNECT)) == "unknown"
    file = stack(service(STACK, "docs", build="docs/Dockerfile"))
    dockerfile = facts(literal("docs/Dockerfile", 9000, role=Role.CONTAINER, format="dockerfile", subject="EXPOSE"))
    assert said(one("nginx.conf", 9000, file, dockerfile, host="docs", role=Role.CONNECT)) == "match docs by host"
    expected = "mismatch docs by host: 9000"
    assert said(one("nginx.conf", 9001, file, dockerfile, host="docs", role=Role.CONNECT)) == expected


def test_a_service_is_known_by_its_image() -> None:
    known = registry("ports: {redis: {default: 6390}}")
    file = stack(service(STACK, "sessions", image="docker.io/library/redis:7-alpine"))
    match = one("a.py", 6379, file, registry=known, host="sessions", role=Role.CONNECT)
    assert said(match) == "match redis by host"
    assert match.inside


def test_an_image_alone_claims_no_mismatch() -> None:
    file = stack(service(STACK, "broker", "6400:6379", image="redis:7"))
    assert verdicts(file) == ["6400 unknown", "6379 unknown"]
    assert said(one("a.py", 6400, file, host="broker", role=Role.CONNECT)) == "unknown"


def test_a_well_known_service_is_an_entry_of_another_name_only_where_the_port_leaves_no_doubt() -> None:
    named = registry("ports: {sessions: {default: 6379}, ui: {default: 3000}}")
    assert said(one("a.py", 6380, registry=named, library="redis")) == "mismatch sessions by library: 6379"
    file = stack(service(STACK, "grafana", "3001:3000", image="grafana/grafana"))
    assert [m.verdict for m in resolve([file], named, DEFAULTS).matches] == [Verdict.UNKNOWN, Verdict.UNKNOWN]


def test_a_containers_own_variable_may_hold_either_port() -> None:
    more: dict[str, Any] = {
        "service": "web",
        "variable": "REDIS_PORT",
        "subject": "services.web.environment.REDIS_PORT",
    }
    assert [one(STACK, port, **more).verdict for port in (6379, 6382, 6383)] == [
        Verdict.MATCH,
        Verdict.MATCH,
        Verdict.MISMATCH,
    ]


def test_without_a_registry_the_env_files_tell_which_variable_is_meant() -> None:
    env = facts(
        literal(".env.example", 8765, variable="WORKER_PORT"), literal(".env.example", 8000, 2, variable="PORT")
    )
    match = one("a.py", 8765, env, registry=None, name="worker_port")
    assert match.declared is not None
    assert match.declared.variable == "WORKER_PORT"
    for port, name in ((8766, "worker_port"), (8765, "worker_timeout_port"), (8765, "port"), (8000, "port")):
        assert one("a.py", port, env, registry=None, name=name).declared is None
    assert one("a.py", 80, registry=None).verdict is Verdict.ALLOWED


def test_aliases_and_variables_that_two_entries_share_claim_nothing() -> None:
    twice = Registry(path="ports.yaml", entries=(entry("a", 8000, env_var="P"), entry("b", 8001, env_var="P")))
    assert said(one(".env", 8001, registry=twice, variable="P")) == "match b by variable"
    assert said(one(".env", 8002, registry=twice, variable="P")) == "ambiguous by variable"


def test_intervals_find_what_a_plain_search_finds() -> None:
    rng = random.Random(7)
    for _ in range(30):
        pairs = []
        for number in range(rng.randrange(40)):
            start = rng.randrange(1, 60)
            pairs.append((PortRange(start, start + rng.randrange(12)), number))
        index = Intervals(pairs)
        for port in range(75):
            ports = PortRange(port, port + rng.randrange(3))
            plain = tuple(number for own, number in pairs if own.overlaps(ports))
            found = index.overlapping(ports)
            assert len(found) == min(len(plain), MOST)
            assert set(found) <= set(plain)
            if ports.start == ports.end:
                assert found == plain[:MOST]


def generated(services: int, literals: int) -> tuple[list[Facts], Registry]:
    """A repository of that many services, each an entry with the same words in its name, in many small files."""
    rng = random.Random(1)
    entries = tuple(
        entry(
            f"svc_worker_{n}", 2000 + n * 5, env_var=f"SVC_WORKER_{n}_PORT", range=PortRange(2000 + n * 5, 2004 + n * 5)
        )
        for n in range(services)
    )
    files = [
        facts(
            *chain.from_iterable(
                service(f"{n}/compose.yaml", f"svc-worker-{m}", f"{2000 + m * 5}:80") for m in (n, n + 1)
            )
        )
        for n in range(0, services, 2)
    ]
    for number in range(0, literals, 50):
        each = []
        for line in range(50):
            n = rng.randrange(services)
            name = rng.choice([f"svc_worker_{n}_port", f"my_svc_worker_{n}_url", "port", f"worker_{n}"])
            host = rng.choice([None, f"svc-worker-{n}", "localhost"])
            each.append(literal(f"{number}.py", 2000 + n * 5, line + 1, name=name, host=host))
        files.append(facts(*each))
    return files, Registry(path="ports.yaml", entries=entries)


def test_a_large_repository_is_work_in_proportion() -> None:
    once, twice = (steps(resolve, *generated(size, 10 * size), DEFAULTS) for size in (100, 200))
    assert twice < MOST_GROWTH * once


HASHED = """
from portlint.pipeline.memory_run import run_on_memory
names = ["front", "chat", "mail", "search"]
entries = "".join(f"  {name}: {{default: 3000, env_var: {name.upper()}_PORT}}\\n" for name in names)
code = f"{'_'.join(sorted(names))}_url = 'http://localhost:3000/'\\n"
for finding in run_on_memory({"ports.yaml": b"ports:\\n" + entries.encode(), "app.py": code.encode()}).findings:
    if finding.path == "app.py":
        print(finding.message)
"""


@pytest.mark.parametrize("seed", ["0", "1", "2", "3"])
def test_entries_that_are_meant_equally_well_come_in_the_order_of_the_registry(seed):
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", HASHED], capture_output=True, check=True, env=environment, timeout=60)
    assert done.stdout.decode() == "3000 is hardcoded; it is the port of front, chat and mail\n"
