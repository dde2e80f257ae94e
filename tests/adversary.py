"""Texts made to keep a regular expression busy: repeated pieces of what it nearly matches.

A sample of the expression is grown from its parse tree; each of its prefixes and each of its characters, repeated to
the wanted length and followed by something that does not fit, is a text on which an expression that can match a piece
in two ways, or that looks again at what it has seen, takes more than linear time.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import re._constants as op
import re._parser as parser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import portlint

MISFITS = ("\x00", "!", "\n")
_LONGEST_SAMPLE = 12


def patterns() -> dict[str, tuple[re.Pattern[Any], str]]:
    """Every compiled pattern that a module of portlint holds, and how it is used, by module and name.

    One that is only ever matched at a given place (`match`, `fullmatch`) is not one that is searched for.
    """
    found = {}
    whole = "".join(place.read_text("utf-8") for place in Path(portlint.__path__[0]).rglob("*.py"))
    for module in pkgutil.walk_packages(portlint.__path__, "portlint."):
        if module.name == "portlint.__main__":
            continue
        loaded = importlib.import_module(module.name)
        if loaded.__file__ is None or not loaded.__file__.endswith(".py"):
            continue
        code = Path(loaded.__file__).read_text("utf-8")
        for name, value in vars(loaded).items():
            if isinstance(value, re.Pattern) and re.search(rf"^{name}\b[^\n]*=", code, re.MULTILINE):
                placed = {"match", "fullmatch"}
                used = set(re.findall(rf"\b{name}\.(\w+)", code if name.startswith("_") else whole))
                found[f"{module.name}.{name}"] = (value, "match" if used and used <= placed else "search")
    return found


def texts(pattern: re.Pattern[Any], size: int) -> Iterator[str | bytes]:
    """The hostile texts for a pattern, of `size` characters each and of the kind that it takes."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    pieces: dict[str, None] = {}
    for often in (1, 2, 5):
        sample = "".join(_grown(tree, often))
        for piece in (sample, *(sample[:end] for end in range(1, min(len(sample), _LONGEST_SAMPLE)))):
            pieces[piece] = None
        pieces.update(dict.fromkeys(sample))
    for number, piece in enumerate(filter(None, pieces)):
        for misfit in (MISFITS[number % len(MISFITS)],):
            text = (piece * (size // len(piece) + 1))[: size - 1] + misfit
            yield text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text


def _grown(tree: Any, often: int) -> Iterator[str]:
    """A string that the tree matches, more or less: look-arounds and back references are left out."""
    for kind, value in tree:
        if kind is op.LITERAL:
            yield chr(value)
        elif kind is op.NOT_LITERAL:
            yield "a" if value != ord("a") else "b"
        elif kind is op.ANY:
            yield "a"
        elif kind is op.IN:
            yield _one_of(value)
        elif kind is op.BRANCH:
            branches = value[1]
            yield from _grown(branches[(often - 1) % len(branches)], often)
        elif kind is op.SUBPATTERN:
            yield from _grown(value[3], often)
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            least, most, inner = value
            for _ in range(max(least, min(often, most if isinstance(most, int) else often))):
                yield from _grown(inner, often)
        elif kind is op.ATOMIC_GROUP:
            yield from _grown(value, often)


def _one_of(members: list[Any]) -> str:
    if members[0][0] is op.NEGATE:
        fits = re.compile(_class_of(members))
        return next((char for char in "a0 ._-/:=x\"'(" if fits.match(char)), "\x80")
    kind, value = members[0]
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.RANGE:
        return chr(value[0])
    return {"DIGIT": "0", "SPACE": " ", "WORD": "a"}.get(str(value).rpartition("_")[2], "!")


def _class_of(members: list[Any]) -> str:
    out = ["[^"]
    for kind, value in members[1:]:
        if kind is op.LITERAL:
            out.append(re.escape(chr(value)))
        elif kind is op.RANGE:
            out.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
        else:
            name = str(value)
            sign = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name.rpartition("_")[2]]
            out.append("\\" + (sign.upper() if "_NOT_" in name else sign))
    return "".join(out) + "]"
