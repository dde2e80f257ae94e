"""Scripts of a package.json and servers of an angular.json: source text, and what is told of it."""

from __future__ import annotations

import json

import pytest

from portlint.extract import extract
from support.words import listening, running


def scripts(text: str, path: str = "package.json") -> list[str]:
    data = text.encode()
    found = extract(path, data).scripts
    for script in found:
        for command in script.commands:
            for word in command.words:
                for part in word.parts:
                    assert part.start < 0 or data[part.start :].startswith(part.text.encode())
    return running(found)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("vite", ["vite"]),
        ("vite --port 3001 --host", ["vite --port 3001 --host"]),
        ("next dev -p ${PORT:-3000}", ["next dev -p ${PORT:-3000}"]),
        ("tsc && node dist/main.js", ["tsc", "node dist/main.js"]),
        ("cross-env NODE_ENV=production PORT=3000 node server.js", ["cross-env NODE_ENV=? PORT=3000 node server.js"]),
        ("PORT=3000 react-scripts start", ["PORT=3000 react-scripts start"]),
        ('concurrently "npm run api" "npm run web"', ["concurrently ? ?"]),
        ('nodemon --exec "ts-node" src/index.ts', ["nodemon --exec ts-node src/index.ts"]),
        ("redis-server --requirepass hunter2", ["redis-server --requirepass ?"]),
        ("echo a\\\\b && node server.js", ["?"]),
        ("", []),
    ],
)
def test_a_script(script, expected):
    text = json.dumps({"name": "shop", "scripts": {"dev": script, "lint": "eslint"}}, indent=2)
    dev, lint = scripts(text)
    assert dev.split(" | ") == ["dev", *expected]
    assert lint == "lint | eslint"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"scripts": {"a": "b", "c": 1}, "config": {"scripts": {"d": "e"}}}', ["a | b"]),
        ('{"scripts": ["a"]}', []),
        ('{"scripts": "a"}', []),
        ('{"jest": {"scripts": {"a": "b"}}}', []),
        ('{"scripts": {"a": "vite"', ["a | vite"]),
        ("[" * 5000, []),
    ],
)
def test_other_shapes(text, expected):
    assert scripts(text) == expected


def test_only_a_package_has_scripts():
    assert scripts('{"scripts": {"a": "vite --port 3000"}}', "composer.json") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"main": "dist/index.js"}', ("dist/index.js",)),
        ('{"main": "./a.js", "scripts": {"start": "node ."}}', ("./a.js",)),
        ('{"exports": {"main": "a.js"}}', ()),
        ('{"main": ["a.js"]}', ()),
        ('{"main": "a b"}', ()),
    ],
)
def test_the_main_module(text, expected):
    assert extract("web/package.json", text.encode()).imports == expected


def angular(serve: object, targets: str = "architect") -> list[str]:
    data = {"projects": {"shop": {targets: {"serve": serve, "test": {"options": {"port": 9876}}}}}}
    return [listening(bind) for bind in extract("angular.json", json.dumps(data).encode()).binds]


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        ({"options": {"port": 4201}}, ["angular serve 4201"]),
        ({"options": {"port": 4201, "host": "0.0.0.0"}}, ["angular serve 4201 at 0.0.0.0"]),
        ({"options": {"host": "0.0.0.0"}}, ["angular serve - at 0.0.0.0"]),
        ({"options": {"proxyConfig": "proxy.json"}}, []),
        ({"configurations": {"options": {"port": 1}}}, []),
    ],
)
def test_angular(serve, expected):
    assert angular(serve) == expected
    assert angular(serve, "targets") == expected
