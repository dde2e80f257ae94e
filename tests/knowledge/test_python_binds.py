"""What Python calls bind where they are told nothing."""

from __future__ import annotations

import pytest

from portlint.knowledge.python_binds import Default, default_of


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("uvicorn.run", Default(8000, "localhost")),
        ("flask.Flask.run", Default(5000, "localhost")),
        ("aiohttp.web.run_app", Default(8080, "*")),
        ("waitress.serve", Default(8080, "0.0.0.0")),
        ("prometheus_client.start_http_server", Default(None, "0.0.0.0")),
        ("tornado.web.Application.listen", Default(None, "*")),
        ("socket.socket.bind", None),
        ("redis.Redis", None),
        ("run", None),
    ],
)
def test_default(call: str, expected: Default | None) -> None:
    assert default_of(call) == expected


def test_a_users_own() -> None:
    rules = b"calls:\n  depot.open: {port: [0, at], role: bind, default: {port: 8123}}\n"
    assert default_of("depot.open", (("mine.yaml", rules),)) == Default(8123)
    assert default_of("depot.open") is None
