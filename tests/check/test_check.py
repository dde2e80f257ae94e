"""The check stage: what is selected, ignored and silenced, and the rules on facts built by hand."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from portlint.algorithms.gitignore import matcher
from portlint.check import check
from portlint.model import (
    CheckResult,
    Facts,
    Problem,
    Registry,
    Role,
    Settings,
    Suppression,
    Variable,
)
from portlint.resolve import resolve
from support.facts import entry, facts, literal, registry, service, span
from support.steps import MOST_GROWTH, growth, steps

API = registry("ports: {api: {default: 8000, env_var: API_PORT}}")


def checked(*files: Facts, registry: Registry | None = API, **settings: Any) -> CheckResult:
    # Most registries here have entries that the case is not about.
    settings.setdefault("ignore", ("PORT508",))
    chosen = Settings(**settings)
    return check(files, resolve(files, registry, chosen), registry, chosen)


def codes(*files: Facts, registry: Registry | None = API, **settings: Any) -> list[str]:
    """`path:line CODE` of each finding."""
    return [f"{f.path}:{f.span.line} {f.rule}" for f in checked(*files, registry=registry, **settings).findings]


HARDCODED = facts(literal("a.py", 8000, name="api_port"), literal("a.py", 9999, 2))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["a.py:1 PORT101", "a.py:2 PORT102"]),
        ({"select": ("PORT101",)}, ["a.py:1 PORT101"]),
        ({"select": ("PORT1",)}, ["a.py:1 PORT101", "a.py:2 PORT102"]),
        ({"select": ("unregistered-port",)}, ["a.py:2 PORT102"]),
        ({"select": ("PORT2",)}, []),
        ({"ignore": ("PORT102",)}, ["a.py:1 PORT101"]),
        ({"select": ("PORT1",), "ignore": ("hardcoded-port",)}, ["a.py:2 PORT102"]),
        ({"per_file_ignores": {"*.py": ("PORT101",)}}, ["a.py:2 PORT102"]),
        ({"per_file_ignores": {"b/": ("PORT1",)}}, ["a.py:1 PORT101", "a.py:2 PORT102"]),
        ({"per_file_ignores": {"*.py": ("PORT101",), "a.*": ("PORT102",)}}, []),
        ({"tests": ("a.py",)}, []),
        ({"tests": ("a.py",), "test_ignores": ("PORT102",)}, ["a.py:1 PORT101"]),
        ({"vendored": ("a.py",)}, []),
        ({"allow": ()}, ["a.py:1 PORT101", "a.py:2 PORT102"]),
    ],
)
def test_selection(settings: dict[str, Any], expected: list[str]) -> None:
    assert codes(HARDCODED, **settings) == expected


def test_generated_files_may_use_numbers() -> None:
    assert codes(facts(literal("a.py", 8000, name="api_port"), generated=True)) == []
    assert codes(facts(literal("a.py", 9000, name="api_port"), generated=True)) == []
    wrong = facts(literal("a.py", 9000, name="api_port"), generated=True)
    assert codes(wrong, generated_ignores=()) == ["a.py:1 PORT104"]


@pytest.mark.parametrize(
    ("codes_", "lines", "silenced"),
    [
        (("PORT101",), (1, 1), True),
        (("PORT1",), (1, 1), True),
        (("hardcoded-port",), (1, 1), True),
        ((), (1, 1), True),
        (("PORT102", "PORT101"), (1, 1), True),
        (("PORT101",), (1, 40), True),
        (("PORT102",), (1, 1), False),
        (("PORT101",), (2, 2), False),
        (("PORT10199",), (1, 1), False),
    ],
)
def test_suppressions(codes_: tuple[str, ...], lines: tuple[int, int], silenced: bool) -> None:
    comment = Suppression(span(1, 40), *lines, codes_, "a reason")
    file = facts(literal("a.py", 8000, name="api_port"), suppressions=(comment,))
    result = checked(file)
    assert [f.rule for f in result.findings] == ([] if silenced else ["PORT101", "PORT902"])
    assert [(s.finding.rule, s.suppression) for s in result.suppressed] == ([("PORT101", comment)] if silenced else [])
    # What did not run cannot tell whether the comment is needed.
    assert "PORT902" not in codes(file, select=("PORT902", "PORT106")) or codes_ == ("PORT10199",)


def test_a_comment_further_up_reaches_over_a_nearer_one() -> None:
    wide = Suppression(span(1, 1), 1, 50, ("PORT101",), None)
    narrow = Suppression(span(2, 1), 2, 3, ("PORT101",), None)
    file = facts(*(literal("a.py", 8000, n, name="api_port") for n in (1, 3, 10, 51)), suppressions=(narrow, wide))
    assert [f for f in codes(file) if "PORT902" not in f] == ["a.py:51 PORT101"]


def test_findings_are_sorted_and_unique() -> None:
    shared = service("compose.yaml", "one", "8000:80")
    other = service("compose.yaml", "two", "8000:80")
    found = checked(
        facts(literal("b.py", 8000, 9), literal("b.py", 8000, 2)), facts(*shared, *other), facts(literal("a.py", 8000))
    ).findings
    assert [(f.path, f.span.line, f.rule) for f in found] == [
        ("a.py", 1, "PORT101"),
        ("b.py", 2, "PORT101"),
        ("b.py", 9, "PORT101"),
        ("compose.yaml", 2, "PORT101"),
        ("compose.yaml", 2, "PORT201"),
    ]


def test_prose_and_the_registry_itself_are_not_judged() -> None:
    assert codes(facts(literal("a.py", 8000, prose=True), literal("a.py", 9999, 2, prose=True))) == []
    assert codes(facts(literal("ports.yaml", 9999))) == []


@pytest.mark.parametrize(
    ("expected", "path", "port", "more"),
    [
        ("PORT101", "a.py", 8000, {}),
        ("PORT101", "compose.yaml", 8000, {"role": Role.PUBLISH, "service": "web", "form": "mapping"}),
        ("", "compose.yaml", 8000, {"role": Role.CONTAINER, "service": "web", "form": "mapping"}),
        ("", "compose.yaml", 8000, {"service": "api", "subject": "services.api.healthcheck.test", "host": "localhost"}),
        ("PORT101", "compose.yaml", 8000, {"service": "web", "subject": "services.web.environment.U", "form": "url"}),
        ("", "a.py", 8000, {"referable": False}),
        ("", "a.py", 8000, {"variable": "API_PORT", "role": Role.FALLBACK, "form": "fallback"}),
        ("", "a.py", 8000, {"variable": "API_URL", "form": "url", "host": "localhost"}),
        ("", "a.py", 8000, {"end_port": 8010}),
        ("", "a.py", 8000, {"host": "shop.example.com", "role": Role.CONNECT}),
        ("PORT102", "a.py", 9000, {}),
        ("", "a.py", 443, {}),
        ("PORT102", "a.py", 9000, {"end_port": 9010}),
        ("", "a.py", 9000, {"end_port": 65535}),
        ("", "Dockerfile", 9000, {"role": Role.CONTAINER}),
        ("PORT106", "a.py", 65536, {"name": "api_port"}),
        ("PORT106", "a.py", 9010, {"end_port": 9000}),
        ("PORT106", "a.py", 9000, {"end_port": 70000}),
        ("", "a.py", 0, {"role": Role.BIND}),
        ("PORT106", "a.py", 0, {"role": Role.CONNECT, "host": "localhost"}),
        ("PORT103", "a.py", 8001, {"variable": "API_PORT", "role": Role.FALLBACK}),
        ("PORT401", ".env", 8001, {"variable": "API_PORT"}),
        ("PORT104", "a.py", 8001, {"name": "api_port"}),
        ("PORT105", "a.py", 8001, {"variable": "WEB_PORT", "role": Role.FALLBACK}),
        ("", ".env", 8000, {"variable": "PORT", "referable": False}),
        ("PORT102", "run.sh", 8001, {"variable": "first_port"}),
    ],
)  # fmt: skip
def test_one_literal(expected: str, path: str, port: int, more: dict[str, Any]) -> None:
    assert " ".join(f.rule for f in checked(facts(literal(path, port, **more))).findings) == expected


def test_a_finding_says_what_is_wrong_what_to_do_and_where_the_registry_says_so() -> None:
    shop = registry(
        "ports:\n"
        "  api: {default: 8000, env_var: API_PORT}\n"
        "  redis: {default: 6379, env_var: REDIS_PORT, environments: {production: 6380, staging: 6381}}\n"
    )
    found = checked(
        facts(literal("a.py", 8000, form="keyword")),
        facts(literal("b.py", 8000, name="redis_port")),
        facts(literal(".env.production", 6381, variable="REDIS_PORT")),
        registry=shop,
    ).findings
    hard, wrong, env = sorted(found, key=lambda f: f.rule)
    assert (hard.rule, hard.message) == ("PORT101", "8000 is hardcoded; it is the port of api")
    assert hard.help == 'write int(os.environ.get("API_PORT", "8000"))'
    assert [(r.path, r.span.line, r.message) for r in hard.related] == [
        ("ports.yaml", 2, "the registry gives api 8000 here")
    ]
    assert wrong.message == "8000 is not a port of redis, which the name says (redis_port); it is 6379"
    assert [r.span.line for r in wrong.related] == [3, 2]
    assert env.message == "REDIS_PORT is 6381, but the registry says 6380 for production; 6381 is for staging"
    assert [r.message for r in env.related] == ["the registry gives redis 6380 for production here"]


def test_the_reference_to_write_is_that_of_the_format() -> None:
    helps = [
        checked(facts(literal(path, 8000, form=form))).findings[0].help
        for path, form in (("a.py", "url"), ("compose.yaml", "mapping"), ("a.js", "keyword"), ("run.sh", "option"))
    ]
    assert helps == [
        'write os.environ.get("API_PORT", "8000")',
        "write ${API_PORT:-8000}",
        "write Number(process.env.API_PORT ?? 8000)",
        "write ${API_PORT:-8000}",
    ]


def test_unknown_variables_are_reported_once_for_each_file_with_the_likely_one() -> None:
    known = registry(
        "ports: {backend: {default: 8000, env_var: BACKEND_PORT}, redis: {default: 6379, env_var: SHOP_REDIS_PORT}}"
    )
    variables = [
        Variable(name, span(n)) for n, name in enumerate(("BACK_END_PORT", "REDIS_PORT", "REDIS_PORT", "X_PORT"))
    ]
    found = checked(facts(*variables, path=".env"), registry=known).findings
    assert [(f.span.line, f.help) for f in found] == [
        (0, "use BACKEND_PORT"),
        (1, "use SHOP_REDIS_PORT, or add REDIS_PORT to ports.yaml"),
        (3, "add an entry with env_var: X_PORT to ports.yaml, or name it under an entry's aliases"),
    ]


@pytest.mark.parametrize(
    ("one", "two", "clash"),
    [
        ("8000:80", "8000:80", True),
        ("8000:80", "8001:80", False),
        ("8000:80/tcp", "8000:80/udp", False),
        ("127.0.0.1:8000:80", "8000:80", True),
        ("127.0.0.1:8000:80", "0.0.0.0:8000:80", True),
        ("127.0.0.1:8000:80", "127.0.0.1:8000:81", True),
        ("127.0.0.1:8000:80", "127.0.0.2:8000:80", False),
        ("[::]:8000:80", "0.0.0.0:8000:80", False),
        ("[::1]:8000:80", "127.0.0.1:8000:80", False),
        ("[::1]:8000:80", "8000:80", True),
        ("::1:8000:80", "[::]:8000:80", True),
        ("8000-8010:8000-8010", "8010:80", True),
        ("8000-8010:8000-8010", "8011:80", False),
        ("8000-8010:80", "8005:80", False),
        ("80", "80", False),
        ("A=8000:80", "8000:80", True),
        ("A=8000:80", "B=8000:80", True),
        ("A=8000:80", "B=8001:80", False),
        ("SET=8001:80", "8000:80", False),
        ("SET=8001:80", "8090:80", True),
        ("EMPTY=8000:80", "8000:80", False),
    ],
)
def test_published_ports(one: str, two: str, clash: bool) -> None:
    env = facts(literal(".env", 8090, variable="SET"), Variable("SET", span()), Variable("EMPTY", span(2)))
    for ports in ((one, two), (two, one)):
        stack = facts(
            *chain.from_iterable(service("compose.yaml", f"s{n}", p, line=n * 9) for n, p in enumerate(ports))
        )
        found = checked(stack, env, registry=None, select=("PORT201",)).findings
        assert [(f.rule, f.span.line) for f in found] == ([("PORT201", 10)] if clash else [])
        assert [r.span.line for f in found for r in f.related] == ([1] if clash else [])


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ({}, {}, True),
        ({"network_mode": "host"}, {}, False),
        ({"network_mode": "service:vpn"}, {}, False),
        ({"network_mode": "bridge"}, {}, True),
        ({"profiles": ("cpu",)}, {"profiles": ("gpu",)}, False),
        ({"profiles": ("cpu", "all")}, {"profiles": ("gpu", "all")}, True),
        ({"profiles": ("cpu",)}, {}, True),
    ],
)
def test_services_that_run_together(first: dict[str, Any], second: dict[str, Any], clash: bool) -> None:
    stack = facts(
        *service("compose.yaml", "one", "8000:80", **first),
        *service("compose.yaml", "two", "8000:80", line=9, **second),
    )
    assert codes(stack, registry=None, select=("PORT201",)) == ["compose.yaml:10 PORT201"] * clash


@pytest.mark.parametrize(
    ("base", "override", "more", "expected"),
    [
        ("a/compose.yaml", "a/compose.override.yaml", {}, ["a/compose.override.yaml:2 PORT201"]),
        ("docker-compose.yml", "docker-compose.override.yml", {}, ["docker-compose.override.yml:2 PORT201"]),
        ("a/compose.yaml", "b/compose.override.yaml", {}, []),
        ("compose.yaml", "compose.prod.yaml", {}, []),
        ("compose.yaml", "compose.override.yaml", {"name": "web"}, []),
        ("compose.yaml", "compose.override.yaml", {"name": "other", "ports": "8001:80"}, []),
    ],
)
def test_stacks(base: str, override: str, more: dict[str, str], expected: list[str]) -> None:
    files = (
        facts(*service(base, "web", "8000:80")),
        facts(*service(override, more.get("name", "debug"), more.get("ports", "8000:80"))),
    )
    assert codes(*files, registry=None, select=("PORT201",)) == expected


def test_an_override_can_replace_the_ports() -> None:
    files = (
        facts(*service("compose.yaml", "web", "8000:80"), *service("compose.yaml", "api", "8001:80", line=9)),
        facts(*service("compose.override.yaml", "web", "8001:80", overrides_ports=True)),
    )
    assert codes(*files, registry=None, select=("PORT201",)) == ["compose.override.yaml:2 PORT201"]


@pytest.mark.parametrize(
    ("patterns", "path", "matches"),
    [
        (("tests/",), "tests/a.py", True),
        (("tests/",), "src/tests/b/a.py", True),
        (("tests/",), "tests", False),
        (("tests",), "tests", True),
        (("test_*.py",), "a/test_b.py", True),
        (("*.py", "!keep.py"), "a/keep.py", False),
        (("/a.py",), "b/a.py", False),
        (("deploy/prod/**",), "deploy/prod/x/y.env", True),
        (("deploy/prod/**",), "deploy/prod", False),
        (("deploy/*/x",), "deploy/a/b/x", False),
        (("deploy/**/x",), "deploy/x", True),
        (("deploy/**/x",), "deploy/a/b/x", True),
        (("**/x/y",), "x/y", True),
        (("a/b",), "a/b/c", True),
        (("*.[ch]",), "x/a.c", True),
        (("", "# a comment", "/"), "a", False),
        (("./a.py",), "a.py", True),
    ],
)
def test_patterns(patterns: tuple[str, ...], path: str, matches: bool) -> None:
    assert matcher(patterns)(path) is matches


@pytest.mark.parametrize(("pattern", "path"), [("*a" * 100 + "b", "a" * 2000), ("**/" * 150 + "b", "a/" * 500)])
def test_hostile_patterns_are_work_in_proportion(pattern: str, path: str) -> None:
    matches = matcher((pattern,))
    assert not matches(path + "c")
    assert growth(matches, path, 200) < MOST_GROWTH


def test_problems() -> None:
    file = facts(
        literal("x.conf", 80), problems=(Problem(span(3), "no parser knows this"), Problem(span(1), "a template", True))
    )
    assert codes(file) == ["x.conf:1 PORT904", "x.conf:3 PORT901"]


def alike(count: int) -> tuple[Facts, Facts, Registry]:
    """So many services on one port, entries on one port, and comments in one file."""
    stack = facts(
        *chain.from_iterable(service("compose.yaml", f"s{n}", "8000-9000:1-1001", line=n * 3) for n in range(count))
    )
    same = Registry(path="ports.yaml", entries=tuple(entry(f"e{n}", 8000, env_var="P") for n in range(count)))
    comments = tuple(Suppression(span(n, 90), n, n + 1000, ("PORT104",), None) for n in range(count))
    code = facts(*(literal("a.py", 8000, n) for n in range(count)), suppressions=comments)
    return stack, code, same


def test_large_input_is_work_in_proportion() -> None:
    """Nothing is compared pair by pair."""
    count = 1000

    def found_in(stack: Facts, code: Facts, same: Registry) -> Any:
        return checked(stack, code, registry=same)

    found = found_in(*alike(count))
    assert sum(f.rule == "PORT201" for f in found.findings) == count - 1
    assert sum(f.rule == "PORT501" for f in found.findings) == count - 1
    assert sum(f.rule == "PORT902" for f in found.findings) == count
    assert steps(found_in, *alike(200)) < MOST_GROWTH * steps(found_in, *alike(100))


def test_the_result_is_the_same_whatever_the_order_of_the_files() -> None:
    files = [facts(*service(f"{n}/compose.yaml", "web", "8000:80", "8000:81")) for n in range(3)]
    assert checked(*files) == checked(*reversed(files))
