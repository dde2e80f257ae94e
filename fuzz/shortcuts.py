"""Holds the shortcuts of the Python extractor against the whole way, on the Python files of real repositories.

    python fuzz/shortcuts.py FOLDER...

Each folder is a checkout. Prints every port literal that one way finds and the other does not; none is right.
"""

from __future__ import annotations

import argparse
import ast
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from portlint.walk import walk
from test_python_excerpts import found

LARGEST = 200_000
"""bytes"""


def files(folders: list[Path]) -> Iterator[Path]:
    """The files of the folders that are valid Python: of others more is found where what is broken is left out."""
    for folder in folders:
        for name in walk(folder).files:
            path = folder / name
            if not name.endswith(".py") or path.stat().st_size > LARGEST:
                continue
            try:
                ast.parse(path.read_bytes())
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            yield path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    warnings.simplefilter("ignore")
    checked = literals = different = 0
    for path in files(parser.parse_args().folders):
        data = path.read_bytes()
        short, whole = found(data, shortcuts=True).literals, found(data, shortcuts=False).literals
        checked, literals, different = checked + 1, literals + len(whole), different + (short != whole)
        for only, others, word in ((whole, short, "missed"), (short, whole, "extra")):
            for each in only:
                if each not in others:
                    line = data.splitlines()[each.span.line - 1].decode("utf-8", "replace")
                    print(f"{path}:{each.span.line}: {word} {each.form}: {line.strip()[:120]}")
    print(f"{checked} files, {literals} port literals, {different} files differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
