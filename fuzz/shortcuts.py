"""Holds the shortcuts of the extractors against the whole way on files of real repositories: Python, JSON, JavaScript.

    python fuzz/shortcuts.py FOLDER...

Each folder is a checkout. Prints every port literal that one way finds and the other does not; none is right.
"""

from __future__ import annotations

import argparse
import ast
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


from portlint.extract import javascript, recognise
from portlint.extract import json as json_format
from portlint.model import PortLiteral, Source
from portlint.walk import walk
from support import json_sources, python_sources

LARGEST = 200_000
"""bytes"""


def python(data: bytes) -> tuple[Sequence[PortLiteral], Sequence[PortLiteral]] | None:
    """What is found in a file on both ways; None where it is no valid Python: there more is found where what is broken
    is left out."""
    try:
        ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    ways = (python_sources.found(data, shortcuts=each) for each in (True, False))
    return next(ways).literals, next(ways).literals


def json(data: bytes) -> tuple[Sequence[PortLiteral], Sequence[PortLiteral]]:
    short = json_format.extract(Source.of("a.json", data))
    return short.literals, json_sources.found(data, token_by_token=True).literals


def script(data: bytes) -> tuple[Sequence[PortLiteral], Sequence[PortLiteral]]:
    short = javascript.extract(Source.of("a.ts", data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(javascript, "is_promising", lambda data: True)
        return short.literals, javascript.extract(Source.of("a.ts", data)).literals


WAYS = {"python": python, "json": json, "javascript": script}


def files(folders: Sequence[Path]) -> Iterator[tuple[str, Path, bytes]]:
    """The format, the path and the content of each file that has shortcuts."""
    for folder in folders:
        for name in walk(folder.resolve()).files:
            path = folder / name
            try:
                data = path.read_bytes() if path.stat().st_size <= LARGEST else b""
            except OSError:
                continue
            known = recognise(name, data) if data and b"\0" not in data else None
            if known is not None and known.name in WAYS:
                yield known.name, path, data


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    warnings.simplefilter("ignore")
    checked, literals, different = Counter[str](), Counter[str](), Counter[str]()
    for format, path, data in files(parser.parse_args().folders):
        found = WAYS[format](data)
        if found is None:
            continue
        short, whole = found
        checked[format] += 1
        literals[format] += len(whole)
        different[format] += short != whole
        for only, others, word in ((whole, short, "missed"), (short, whole, "extra")):
            for each in only:
                if each not in others:
                    line = data.splitlines()[each.span.line - 1].decode("utf-8", "replace")
                    print(f"{path}:{each.span.line}: {word} {each.form}: {line.strip()[:120]}")
    for format, number in checked.items():
        print(f"{format}: {number} files, {literals[format]} port literals, {different[format]} files differ")
    return 1 if different.total() else 0


if __name__ == "__main__":
    sys.exit(main())
