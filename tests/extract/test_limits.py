"""What is too much of a file is left out and told; what stands beside it is read."""

from __future__ import annotations

import pytest

from portlint.extract import extract
from portlint.extract.limits import DEEPEST_VARIABLES, LARGEST_BY_HAND, LONGEST_LINE, MOST_PORTS


def read(path: str, text: str) -> tuple[list[int], list[tuple[int, str]]]:
    facts = extract(path, text.encode())
    return [found.port for found in facts.literals], [(each.span.line, each.reason) for each in facts.problems]


def test_a_long_line_is_left_out_and_the_others_are_read():
    reason = "a line longer than 100,000 bytes, not looked at"
    text = f"A_PORT=8001\nA={'x' * LONGEST_LINE} B_PORT=8002\r\nC_PORT=8003\n"
    assert read(".env", text) == ([8001, 8003], [(2, reason)])


def test_a_line_that_is_just_not_too_long_is_read():
    line = "A_PORT=8001 # " + "x" * (LONGEST_LINE - 14)
    assert len(line) == LONGEST_LINE
    assert read(".env", f"{line}\r\n") == ([8001], [])
    assert read(".env", f"{line}x\r\n")[1][0][0] == 1


def test_data_may_have_long_lines():
    text = f'{{"a": "{"x" * LONGEST_LINE}", "port": 8001}}'
    assert read("a.json", text) == ([8001], [])


def test_what_lies_behind_the_largest_size_is_left_out():
    filler = "#" + "x" * 998 + "\n"
    text = "A_PORT=8001\n" + filler * (LARGEST_BY_HAND // len(filler)) + "B_PORT=8002\n"
    ports, ((line, reason),) = read(".env", text)
    assert ports == [8001]
    assert reason == "what lies behind its first 999,012 bytes is not looked at"
    assert line == 1001
    assert read(".env", text[: LARGEST_BY_HAND - 1000]) == ([8001], [])


@pytest.mark.parametrize("path", ["a.json", "a.py", "a.env", "a.yml", "run.sh"])
def test_too_many_ports_are_data(path):
    entry = {"a.json": '{"port": %d},', "a.py": "port = %d\n", "a.env": "PORT=%d\n", "a.yml": "- port: %d\n"}
    unit = entry.get(path, "serve --port %d\n")
    many = "".join(unit % (10_000 + number % 50_000) for number in range(MOST_PORTS + 1))
    few = "".join(unit % (10_000 + number) for number in range(500))
    if path == "a.json":
        many, few = f"[{many[:-1]}]", f"[{few[:-1]}]"
    assert read(path, many) == ([], [(1, "more than 10,000 places in it look like ports")])
    assert len(read(path, few)[0]) == 500
    assert read(path, few)[1] == []


def test_variables_in_one_another():
    def nested(depth: int) -> str:
        return f"A_PORT={'${A_PORT:-' * depth}8001{'}' * depth}\n"

    assert read(".env", nested(DEEPEST_VARIABLES)) == ([8001], [])
    assert read(".env", "\n" + nested(DEEPEST_VARIABLES + 1))[1] == [(2, "variables nested deeper than 20 levels")]


@pytest.mark.parametrize("parts", [1, 19, 20, 30, 50_000])
def test_the_last_parts_of_a_long_key_tell_what_its_value_is(parts):
    key = "a." * parts
    assert read("a.toml", f"{key}port = 8001\n") == ([8001], [])
    assert read("a.toml", f"[{key}b]\nport = 8001\n") == ([8001], [])
    assert read("a.toml", f"{key}size = 8001\n") == ([], [])
