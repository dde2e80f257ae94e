"""Texts made to keep a regular expression busy, grown from the expression itself.

A text is a beginning that the expression matches, a unit repeated to the wanted length, and an end that does not fit.
Units are the characters of the expression's classes, samples of it and of its parts, and pairs of characters; on such
a text an expression that can match a piece in two ways, or that looks again at what it has seen, takes more than
linear time.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import re._constants as op
import re._parser as parser
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import portlint
from portlint.algorithms.lazy_regex import regex

SOURCES = Path(portlint.__path__[0])
MISFITS = ("\x00", "!", "\n")
_MOST_SIGNS = 8
"""characters of an expression that are repeated, each behind each of its beginnings"""
_PLACED = frozenset({"match", "fullmatch"})


@dataclass(frozen=True, slots=True)
class Made:
    """A regular expression. place: module and name, or module and line. placed: it is only ever tried at one place."""

    place: str
    pattern: re.Pattern[Any]
    placed: bool


@cache
def patterns() -> dict[str, Made]:
    """Every expression of portlint by its place: those of modules, of functions, and those made from the rules."""
    out: dict[tuple[Any, int], Made] = {}
    named = _named()
    seen: set[tuple[str, int]] = set()
    made = subprocess.run(
        [sys.executable, Path(__file__).with_name("patterns_made.py")],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(SOURCES.parent)},
    )
    for place, how, text, is_bytes, flags in json.loads(made.stdout):
        module, _, line = place.rpartition(":")
        seen.add((module, int(line)))
        pattern = re.compile(text.encode("latin-1") if is_bytes else text, flags)
        is_placed = how in _PLACED or (how == "compile" and _only_tried_in_place(module))
        out.setdefault((text, flags), named.get((pattern.pattern, flags)) or Made(place, pattern, is_placed))
    for module, first, last, call in _sites():
        if not any((module, line) in seen for line in range(first, last + 1)):
            # No fixture leads there: what stands in the code has to tell.
            function, text = call.func.attr, ast.literal_eval(call.args[0])  # type: ignore[attr-defined]
            out.setdefault((text, 0), Made(f"{module}:{first}", re.compile(text), function in _PLACED))
    return {f"{made.place} {number}": made for number, made in enumerate(out.values())}


@cache
def _only_tried_in_place(module: str) -> bool:
    """Whether a module uses no expression but by `match` and `fullmatch`."""
    code = Path(importlib.import_module(module).__file__ or "").read_text("utf-8")
    return not re.search(r"\.(?:search|finditer|findall|sub|subn|split)\(", code)


def _named() -> dict[tuple[Any, int], Made]:
    """The expressions that are variables of a module, and how those are used."""
    found = {}
    modules = {place: place.read_text("utf-8") for place in SOURCES.rglob("*.py")}
    used_in = {place: _uses(code) for place, code in modules.items()}
    anywhere: dict[str, set[str]] = {}
    for uses in used_in.values():
        for variable, functions in uses.items():
            anywhere.setdefault(variable, set()).update(functions)
    for place, code in modules.items():
        if place.name == "__main__.py":
            continue
        name = ".".join(place.relative_to(SOURCES.parent).with_suffix("").parts).removesuffix(".__init__")
        for variable, value in vars(importlib.import_module(name)).items():
            if not re.search(rf"^{variable}\b[^\n]*=", code, re.MULTILINE):
                continue
            used = (used_in[place] if variable.startswith("_") else anywhere).get(variable, set())
            for each in value.values() if isinstance(value, dict) else (value,):
                if isinstance(each, re.Pattern | regex):
                    made = Made(f"{name}.{variable}", each, bool(used) and used <= _PLACED)
                    found[each.pattern, each.flags] = made
    return found


def _uses(code: str) -> dict[str, set[str]]:
    """By the name of a variable what stands behind its dot: `match` of `_NAME.match(text)` and `_NAMES[key].match`."""
    uses: dict[str, set[str]] = {}
    for variable, function in re.findall(r"\b(\w+)(?:\[\w+\])?\.(\w+)", code):
        uses.setdefault(variable, set()).add(function)
    return uses


def _sites() -> Iterator[tuple[str, int, int, ast.Call]]:
    """Module, first and last line of each call of a function of `re`."""
    for place in SOURCES.rglob("*.py"):
        if place.name == "lazy_regex.py":  # it hands on what others call it with
            continue
        name = ".".join(place.relative_to(SOURCES.parent).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(place.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                whose = node.func.value
                if isinstance(whose, ast.Name) and whose.id == "re" and node.func.attr != "escape":
                    yield name, node.lineno, node.end_lineno or node.lineno, node


def texts(pattern: re.Pattern[Any], size: int) -> Iterator[str | bytes]:
    """The hostile texts for an expression, of about `size` characters each and of the kind that it takes."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    samples = ["".join(_grown(tree, often)) for often in (1, 2, 5)]
    signs = list(dict.fromkeys(_signs(tree)))[:_MOST_SIGNS]
    starts = list(dict.fromkeys(["", *_starts(tree)]))[:6]
    units = dict.fromkeys(filter(None, [*samples, *(sample[:end] for sample in samples for end in range(1, 12))]))
    units.update(dict.fromkeys(first + second for first, second in product(signs[:4], repeat=2) if first != second))
    units.update(dict.fromkeys(start + sign * 20 for start in starts[1:] for sign in signs[:3]))
    shapes = [("", unit) for unit in units] + [(start, sign) for start in starts for sign in signs]
    for number, (start, unit) in enumerate(shapes):
        text = start + unit * ((size - len(start)) // len(unit) + 1) + MISFITS[number % len(MISFITS)]
        yield text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text


def _starts(tree: Any) -> Iterator[str]:
    """What the first parts of the tree match, one more part each time, those of a group that is the whole tree too."""
    parts = list(tree)
    while len(parts) == 1 and parts[0][0] is op.SUBPATTERN:
        parts = list(parts[0][1][3])
    if len(parts) == 1 and parts[0][0] is op.BRANCH:
        for branch in parts[0][1][1]:
            yield from list(_starts(branch))[:4]
        return
    for end in range(1, len(parts) + 1):
        yield "".join(_grown(parts[:end], 1))


def _signs(tree: Any) -> Iterator[str]:
    """Characters of each class and literal of the tree, and one that many classes have in common."""
    for kind, value in tree:
        if kind is op.LITERAL:
            yield chr(value)
        elif kind in (op.IN, op.NOT_LITERAL, op.ANY):
            yield from dict.fromkeys(
                (next(iter(_grown([(kind, value)], 1))), *(_members(value) if kind is op.IN else "a"))
            )
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from _signs(branch)
        elif kind is op.SUBPATTERN:
            yield from _signs(value[3])
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            yield from _signs(value[2])
        elif kind is op.ATOMIC_GROUP:
            yield from _signs(value)


def _members(members: list[Any]) -> Iterator[str]:
    fits = re.compile(_class_of(members))
    yield from (char for char in ' a0-."\\' if fits.match(char))


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
    out = ["["]
    for kind, value in members:
        if kind is op.NEGATE:
            out.append("^")
        elif kind is op.LITERAL:
            out.append(re.escape(chr(value)))
        elif kind is op.RANGE:
            out.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
        else:
            name = str(value)
            sign = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name.rpartition("_")[2]]
            out.append("\\" + (sign.upper() if "_NOT_" in name else sign))
    return "".join(out) + "]"


BOUNDED = {
    "portlint.extract.python.flow._ADDRESS_BEFORE": "is given 100 bytes",
    "portlint.extract.python.flow._IDENTIFIER_BEFORE": "is given 60 bytes",
    "portlint.extract.scan.text._WORD_BEFORE": "is given 24 characters",
    "portlint.report.masking._USER": "is given 2,000 characters",
    "portlint.report.masking._OPTION": "is given 2,000 characters",
}
"""expressions that never see a long text"""


def seconds(made: Made, text: Any) -> float:
    """The processor time that an expression takes for a text, used as portlint uses it."""
    started = time.process_time()
    if made.placed:
        made.pattern.match(text)
    else:
        for _ in made.pattern.finditer(text):
            pass
    return time.process_time() - started
