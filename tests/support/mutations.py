"""Inputs for fuzzing the extractors: the fixtures with bytes flipped, pieces moved, and words of the formats put in."""

from __future__ import annotations

from random import Random

from portlint.extract import extract
from portlint.files.reader import Text, decode
from portlint.model import Facts, PortLiteral, Span
from support.inventory import FOLDER, fixtures

WORDS: tuple[bytes, ...] = (
    *b"( ) [ ] { } < > ' \" ` \\ / | & ; : , . = - + * # $ % @ ! ? ~ ^ _ 0 9".split(),
    b"\n", b"\r", b"\r\n", b"\t", b" ", b"  ", b"\0", b"\xff", b"\xc3", b"\xc3\xa9", b"\xe2\x80\xae", b"\xef\xbb\xbf",
    b"8000", b":8000", b"8000:80", b"8000-8010", b"0", b"65536", b"99999999999999999999", b"08080", b"22:22", b"/udp",
    b"http://", b"://", b"u:p@", b"localhost:8000", b"[::1]:8000", b"127.0.0.1:", b"redis:6379", b"_25._tcp.",
    b"${", b"${A:-", b"${A_PORT:-8000}", b"$(", b"$((", b"{{ ", b" }}", b"{% ", b" %}", b"%s", b"{}",
    b"<<EOF\n", b"EOF\n",
    b"port", b"port: ", b"PORT=", b"ports:\n", b"- ", b"--port ", b"-p ", b"listen ", b"server {", b"}\n",
    b"proxy_pass ",
    b"upstream a {", b"EXPOSE ", b"RUN <<A\n", b"ENV A_PORT=", b"\\\n", b'"""', b"'''", b"f'", b"f\"{", b"lambda: ",
    b"def f(port=", b"):\n", b"match a:\n case ", b"&a ", b"*a", b"<<: *a", b"!reset ", b"|\n", b">-\n",
    b"? ", b"---\n",
    b"# portlint: ignore[PORT101] -- a\n", b"/*", b"*/", b"//", b"[[a]]\n", b"[a.", b"a = 1\n", b"=>", b"const port = ",
    b"services:\n  a:\n    ports:\n", b"environment:\n", b"labels:\n", b"healthcheck:\n", b"command: ", b"set PORT=",
    b"for p in ", b"case $1 in\n", b"if ", b"then\n", b"fi\n", b"$port", b"ListenStream=", b"# coding: utf-16\n", b"#!",
)  # fmt: skip
LARGEST = 20_000
"""bytes of an input: what is long is the hostile tree's business"""

Input = tuple[str, bytes]
"""the path that the extractor sees, and the content"""


def seeds(format: str = "*") -> list[Input]:
    """The fixtures of a format, or of all, each with the path that is its own."""
    return [("/".join(place.relative_to(FOLDER).parts[1:]), place.read_bytes()) for place in fixtures(format)]


def formats() -> list[str]:
    return sorted(place.name for place in FOLDER.iterdir())


def mutated(seed: Input, others: list[Input], random: Random) -> Input:
    """One of the many changed forms of a seed."""
    path, data = seed
    for _ in range(random.choice((1, 1, 2, 4, 8, 30))):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.choice((1, 1, 2, 10, 100, 1000)))
        match random.randrange(8):
            case 0:
                data = data[:at] + bytes((random.randrange(256),)) + data[at + 1 :]
            case 1:
                data = data[:at] + data[end:]
            case 2:
                data = data[:end] + data[at:end] * random.choice((1, 2, 20)) + data[end:]
            case 3:
                other = random.choice(others)[1]
                start = random.randrange(len(other) + 1)
                data = data[:at] + other[start : start + random.choice((5, 50, 500))] + data[end:]
            case 4:
                data = data[:at]
            case _:
                word = random.choice(WORDS) * random.choice((1, 1, 1, 1, 2, 40))
                data = data[:at] + word + data[at if random.random() < 0.7 else end :]
        data = data[:LARGEST]
    return path, data


def grown(seed: Input, random: Random) -> Input:
    """A file of nothing but words of the formats, under a seed's name."""
    return seed[0], b"".join(random.choice(WORDS) for _ in range(random.randrange(1, 200)))


def made(format: str, seed: int) -> Input:
    """The input of a number: the same number gives the same input, so that a failure can be made again."""
    random = Random(seed)
    own = seeds_of(format)
    chosen = random.choice(own)
    return grown(chosen, random) if random.random() < 0.2 else mutated(chosen, seeds_of("*"), random)


_SEEDS: dict[str, list[Input]] = {}


def seeds_of(format: str) -> list[Input]:
    if format not in _SEEDS:
        _SEEDS[format] = seeds(format)
    return _SEEDS[format]


def read(given: Input) -> Facts | None:
    """What the extract stage makes of an input, held against what must be true of any; None: it is no text."""
    path, raw = given
    text = decode(path, raw)
    if not isinstance(text, Text):
        return None
    data = text.data
    facts = extract(path, data)
    assert facts.path == path
    starts = _line_starts(data)
    for literal in (*facts.literals, *facts.candidates):
        _check_literal(literal, path, data)
    for span in _spans(facts):
        assert 0 <= span.start <= span.end <= len(data), span
        assert 1 <= span.line <= starts + 1, span
        assert span.column >= 1, span
    return facts


def _check_literal(literal: PortLiteral, path: str, data: bytes) -> None:
    span = literal.span
    assert literal.path == path
    assert data[span.start : span.end].decode("utf-8", "replace") == literal.text, literal
    assert len(literal.text) < 40, literal
    assert literal.text[:1].isdigit(), literal
    assert "\n" not in literal.text, literal


def _spans(facts: Facts) -> list[Span]:
    kinds = (facts.literals, facts.candidates, facts.references, facts.services, facts.variables, facts.problems)
    return [each.span for kind in (*kinds, facts.suppressions) for each in kind]


def _line_starts(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r")
