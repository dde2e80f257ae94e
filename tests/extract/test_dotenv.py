"""Env files: hostile ones, which names they have, and that no value is kept."""

from __future__ import annotations

import pytest

from portlint.extract.dotenv import FORMAT
from portlint.model import Source
from support.steps import MOST_GROWTH, growth

HOSTILE = [
    "A='\n" * 20_000,
    'A="\\' * 30_000,
    "A" * 500_000,
    "A=" + " #" * 200_000,
    "A=" + " " * 500_000 + "#",
    "'" * 100_000,
    "=\n" * 50_000,
    "A=" + "${" * 50_000,
    "P=" + "1," * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_input_is_work_in_proportion(text: str) -> None:
    def extracted(text: str) -> str:
        return FORMAT.extract(Source.of(".env", text.encode())).format

    assert extracted(text) == "dotenv"
    assert growth(extracted, text) < MOST_GROWTH


NAMES = [
    (".env", True), ("app/.env.production", True), ("mailu.env", True), (".env.example", True), ("env.sample", True),
    ("example.env", True), (".envrc", True), (".env.ports", True), ("shop.env.example", True), (".env.j2", True),
    (".envs/.local/.django", True), ("dotenv.example", True), (".flaskenv", True), (".env-docker", True),
    ("env.ts", False), (".env.ts", False), ("src/env.js", False), ("env.py", False), ("vite-env.d.ts", False),
    ("environment", False), (".environment.yml", False), ("env.md", False), (".env.gpg", False), ("envoy.yaml", False),
]  # fmt: skip


@pytest.mark.parametrize(("path", "expected"), NAMES)
def test_names(path: str, expected: bool) -> None:
    assert FORMAT.named(path) is expected


def test_no_value_is_kept() -> None:
    secret = "hunter2hunter2"
    text = f'A_PORT=8000\nURL=http://u:{secret}@h:80/{secret}\nKEY={secret}\nNUMBER=9000\nWORD="{secret}'
    facts = FORMAT.extract(Source.of(".env", text.encode()))
    shown = repr([(x.text, x.name, x.host, x.subject) for x in (*facts.literals, *facts.candidates)]) + repr(
        (facts.variables, facts.problems)
    )
    assert secret not in shown
    assert [(x.name, x.port) for x in facts.candidates] == [("NUMBER", 9000)]
