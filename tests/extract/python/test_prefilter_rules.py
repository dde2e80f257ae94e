"""All that `rules/` tells of Python code reaches the visitor: an example of each row is found as without a filter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from portlint.extract.python.libraries import words_of
from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import is_port_name, vocabulary
from portlint.model import PortLiteral
from support.python_sources import found

LIBRARIES = [(name, rule_data.load(name)) for name in rule_data.names("python")]
HOSTS = {
    host
    for group in ("loopback", "container_host", "every_interface")
    for host in rule_data.load("names/hosts.yaml")[group]
}
COMMANDS = rule_data.load("formats/commands.yaml")["commands"]
Row = Mapping[str, Any]


def rows(section: str) -> list[Any]:
    """Path and row of each call of a section, with the file as part of the test's name."""
    return [
        pytest.param(list(rules[section].items()), id=name.rpartition("/")[2])
        for name, rules in LIBRARIES
        if rules.get(section)
    ]


def reached(code: str) -> Sequence[PortLiteral]:
    """What is found in a text, which is what is found there without shortcuts."""
    data = code.encode()
    facts = found(data, shortcuts=True)
    assert facts == found(data, shortcuts=False), code
    return facts.literals


def call(name: str, slot: Sequence[Any], value: str, *others: str) -> Iterator[str]:
    """The call with a value by its position and by its keyword, beside other arguments."""
    position, keyword = slot
    given = [each for each in others if "=" not in each]
    named = [each for each in others if "=" in each]
    if position is not None:
        given += [f"other_{place}" for place in range(len(given), max(position, 0))]
        yield f"{name}({', '.join([*given, value, *named])})"
    if keyword is not None:
        yield f"{name}({', '.join([*given, *named, f'{keyword}={value}'])})"


def ways_in(path: str) -> Iterator[tuple[str, str]]:
    """How a file names what stands at a dotted path: the import, and the name of the call."""
    owner, _, last = path.rpartition(".")
    if not owner or "*" in path:
        yield "", path.replace("*", "thing")
        return
    yield f"import {owner}\n", path
    yield f"from {owner} import {last} as own_name\n", "own_name"
    package, _, kind = owner.rpartition(".")
    if package and kind[:1].isupper():
        yield f"from {package} import {kind}\n", f"{kind}().{last}"
        yield f"import {package}\nthing = {owner}()\n", f"thing.{last}"


VALUES = {
    "port": ("8136",),
    "ports": ("8136", "[8136, 8137]"),
    "address": ("('depot', 8136)", "('', 8136)", "'depot:8136'"),
    "url": ("'http://depot:8136/'",),
}


@pytest.mark.parametrize("calls", rows("calls"))
def test_shortcuts_lose_no_call_of_a_library(calls: list[tuple[str, Row]]) -> None:
    for path, row in calls:
        for number, (head, name) in enumerate(ways_in(path)):
            lines = [
                line
                for kind, values in VALUES.items()
                if kind in row
                for v in values
                for line in call(name, row[kind], v)
            ]
            literals = reached(head + "\n".join(lines) + "\n")
            if number < 2 and "port" in row:
                assert {"8136"} <= {each.text for each in literals}, path


@pytest.mark.parametrize("lookups", rows("lookups"))
def test_shortcuts_lose_no_variable(lookups: list[tuple[str, Row]]) -> None:
    for path, row in lookups:
        position, keyword = row["name"]
        for head, name in ways_in(path):
            for key in ("'API_PORT'", "'api.port'", "'API_ADDRESS'", "'REDIS_URL'"):
                named = [f"{keyword}={key}"] if position is None else [*map("x{}".format, range(position)), key]
                for value in ("8136", "'8136'", "'depot:8136'"):
                    literals = reached(head + "\n".join(call(name, row["value"], value, *named)) + "\n")
                    assert literals or "PORT" not in key, (path, value)
                if position is not None:  # or the address stands before the name that says that it is one
                    reached(head + "\n".join(call(name, row["value"], "('depot', 8136)", *named)) + "\n")


@pytest.mark.parametrize("options", rows("options"))
def test_shortcuts_lose_no_option(options: list[tuple[str, Row]]) -> None:
    for path, row in options:
        for head, name in ways_in(path):
            for flag in ("'--api-port'", "'api_port'", "'--listen'"):
                lines = [*call(name, row.get("default", (None, "default")), "8136", flag)]
                lines += [f"{name}('x', {keyword}='by default port 8136')" for keyword in row.get("prose", ())]
                reached(head + "\n".join(lines) + "\n")


def commands(name: str, rule: Row) -> Iterator[str]:
    """Ways to write a port behind a command."""
    yield from (f"{name} 8136", f"{name} depot 8136", f"{name} tcp 8136", f"{name} 8136/tcp")
    for number, option in enumerate(word for words in rule.get("options", {}) for word in words.split()):
        yield from (f"{name} {option}{sign}8136" for sign in (" ", "=", "") if number < 4 or sign == " ")
    for sub in [word for words in rule.get("sub", {}) for word in words.split()][:3]:
        yield from (f"{name} {sub} {host}8136" for host in ("", "depot "))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_shortcuts_lose_no_command(name: str) -> None:
    rule = COMMANDS[name]
    for text in (*commands(name, rule), *(f"{other} depot 8136" for other in rule.get("also", ()))):
        reached(f"run({text!r})\n")
        reached(f"run({text.split()!r})\n")
        reached(f"run(f{text.replace('depot', '{host}')!r})\n")


AFTER = ("Alias", "Allocation", "Base", "Ionic", "Folios", "Raids", "Library", "Er", "Ing", "Ants", "Eds")
"""words that make other words of `port` where case does not count"""
PORT_NAMES = sorted(
    name
    for port in vocabulary("port")
    for name in (
        port, port.upper(), f"_{port}", f"{port}_1", f"web_{port}", f"WEB_{port.upper()}", f"webX{port.capitalize()}",
        *(f"{word}{port}" for word in vocabulary("fused")),
        *(f"{word}{port.capitalize()}" for word in ("store", "index", "shop", "group", "claim", "op", "desktop")),
        *(f"{start}{word}" for word in AFTER for start in (port, port.capitalize(), f"web{port.capitalize()}")),
        *(f"{port}_{word.lower()}" for word in AFTER),
    )
)  # fmt: skip


@pytest.mark.parametrize("name", PORT_NAMES)
def test_shortcuts_lose_no_name_of_a_port(name: str) -> None:
    literals = reached(f"{name} = 8136\n")
    assert bool(literals) == is_port_name(name)


@pytest.mark.parametrize("name", sorted(vocabulary("address")))
def test_shortcuts_lose_no_name_of_an_address(name: str) -> None:
    reached(
        f"""\
{name} = ('depot', 8136)
x_{name} = 'depot', 8136
f({name}=('depot', 8136))
f(({name}, 8136))
f((self.{name}, given or 8136))
f(({name}, 8136 if new else 8137))
{name}: tuple[str, int] = (
    'depot',  # here
    8136,
)
f({{'{name}': ('depot', 8136)}})
{name}.append(('depot', 8136))
assert {name}[1] == 8136
assert 8136 == x.{name}()[1]
y = {name}[1] or 8136
assertEqual({name}[1], 8136)
{name} = 'depot:8136'
run('serve --{name} 8136')
run(['serve', '--{name}', '8136'])
run('serve --http-{name}=depot:8136')
match {name}[1]:
    case 8136:
        pass
"""
    )


@pytest.mark.parametrize("host", sorted(HOSTS | {"10.0.0.1", "::ffff:1", "depot.example.com", "db.svc", "depot"}))
def test_shortcuts_lose_no_address(host: str) -> None:
    reached(
        f"""\
f(('{host}', 8136))
f('{host}', 8136)
f('x', '{host}', 8136)
f('{host}:8136')
f('[{host}]:8136/x')
f('http://{host}:8136%s' % path)
f('<http://{host}:8136>')
f('see [{host}:8136]')
f(f'http://{host}:{{8136}}/')
f('http://{host}:' + str(8136))
f('http://{host}:' '8136')
f('http://{host}:%d/' % 8136)
f('//{host}:{{}}'.format(8136))
f(':'.join(['{host}', '8136']))
"""
    )


@pytest.mark.parametrize("protocol", ["tcp", "udp", "sctp", "TCP", "Udp"])
def test_shortcuts_lose_no_protocol(protocol: str) -> None:
    for written in ("f('8136/{}')", "f('_8136._{}.depot')", "f(f'{{8136}}/{}')", "# 8136/{}"):
        reached(written.format(protocol) + "\n")


@pytest.mark.parametrize("key", ["pass_through", "growing", "assertions"])
def test_shortcuts_lose_no_call_that_means_the_same_everywhere(key: str) -> None:
    for word in words_of(key):
        reached(
            f"""\
web_port = {word}(8136)
f(port={word}('8136'))
web_ports.{word}(8136)
{word}(web_port, 8136)
{word}(addr[1], 8136)
f((host, {word}(8136)))
addr = (host, {word}('8136'))
"""
        )
        reached(f"WEB.{word}(8136)\nserve(port=WEB)\n")
        reached(f"WEB = {word}(8136)\nserve(port=WEB)\n")


@pytest.mark.parametrize("key", ["value_keywords", "limits", "environment"])
def test_shortcuts_lose_no_keyword(key: str) -> None:
    for word in words_of(key) - {"from"}:  # a keyword of Python
        reached(
            f"""\
web_port = Field({word}=8136)
field('web_port', {word}=8136)
read_{word}('WEB_PORT', 8136)
def find_port({word}=8136): ...
"""
        )
        reached(f"WEB = Field({word}=8136)\nserve(port=WEB)\n")
        reached(f"WEB = read_{word}('WEB', 8136)\nserve(port=WEB)\n")
