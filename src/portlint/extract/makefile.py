"""Makefiles and justfiles: variables and, through the shell's extractor, recipes.

Sources: GNU make manual, 6.5 Setting Variables, 5.1 Recipe Syntax, 8 Functions; just manual, "Variables and
Substitution", "Recipe Parameters".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.format import Format
from portlint.extract.limits import LARGEST_BY_HAND
from portlint.extract.scan.literals import in_comment, placed
from portlint.extract.scan.text import Hit, is_port
from portlint.extract.scan.values import find_in_value
from portlint.knowledge.identifiers import is_port_name
from portlint.model import Facts, PortLiteral, Role, Source
from portlint.syntax.interpolation import HOLE

_ASSIGNMENT = regex(
    r"(?:[\w.%/ -]{1,120}:[ \t]*)?(?:(?:export|override|private|define|set)[ \t]+)*([A-Za-z_][\w.-]{0,120})[ \t]*"
    r"(\?|:{1,3}|\+|!)?=[ \t]*"
)
_RECIPE_SIGNS = regex(r"[ \t]*[@+-]{1,3}[ \t]*")
_MAKE_VARIABLE = regex(r"\$\(([A-Za-z_]\w{0,120})\)")
_SHELL_FUNCTION = regex(r"\$\(shell[ \t]")
_OR = regex(r"\$[({]or[ \t]{1,4}\$[({](\w{1,120})[)}],[ \t]{0,4}([0-9]{2,5})[)}]")
_IF = regex(r"\$[({]if[ \t]{1,4}\$[({](\w{1,120})[)}],[^,()\n]{0,80},[ \t]{0,4}([0-9]{2,5})[)}]")
_JUST_ENVIRONMENT = regex(
    r"\benv(?:_var_or_default|_var|)\([ \t]?[\"'](\w{1,120})[\"'],[ \t]{0,4}[\"']([0-9]{2,5})[\"']"
)
_JUST_PARAMETER = regex(r"(?<![\w-])[+*$]{0,2}([A-Za-z_][\w-]{0,80})[ \t]?=[ \t]?(\"[^\"\n]{0,200}\"|'[^'\n]{0,200}')")
_JUST_HEAD = regex(r"@?[A-Za-z_][\w-]{0,80}[ \t][^\n]{0,400}:(?!=)")
_BRACES = regex(r"\{\{[^{}\n]{0,200}\}\}")


def named(path: str) -> bool:
    name = path.rsplit("/", 1)[-1].lower()
    return name in ("makefile", "gnumakefile", "justfile", ".justfile") or name.endswith((".mk", ".mak", ".just")) or (
        name.startswith(("makefile.", "gnumakefile.")) and not name.endswith((".py", ".md", ".txt", ".pl"))
    )  # fmt: skip


def extract(source: Source) -> Facts:
    """The ports of a makefile, or of a justfile."""
    text = source.text
    just = "just" in source.path.rsplit("/", 1)[-1].lower()
    literals: list[PortLiteral] = []
    recipes: list[str] = []
    position, in_recipe, continued, in_define = 0, False, False, False
    for line in text.split("\n"):
        body = line.rstrip("\r")
        ending = line[len(body) :] + "\n"
        is_recipe = (
            in_define or (body[:1] == "\t" if not just else body[:1] in (" ", "\t")) or (continued and in_recipe)
        )
        if body.startswith("endef"):
            in_define = is_recipe = False
        if is_recipe and body.strip():
            recipes.append((_just_line(body) if just else _make_line(body, continued)) + ending)
            literals += _functions(source, position, body)
            in_recipe = True
        else:
            recipes.append(" " * len(body) + ending)
            in_recipe = in_recipe and continued
            literals += _variable_line(source, position, body, just)
            if body.startswith("define "):
                in_define = True
        continued = body.endswith("\\")
        position += len(line) + 1
    literals += _recipes(source, "".join(recipes))
    unique = {found.span.start: found for found in reversed(literals)}
    return Facts(path=source.path, format="makefile", literals=tuple(unique[start] for start in sorted(unique)))


def _make_line(body: str, continued: bool) -> str:
    """A recipe line as the shell gets it, in the same length: `$(PORT)` as `${PORT}`, `$$` as `$`."""
    signs = None if continued else _RECIPE_SIGNS.match(body)
    if signs:
        body = " " * signs.end() + body[signs.end() :]
    body = body.replace("$$", HOLE + "$")
    body = _SHELL_FUNCTION.sub(lambda m: "$(" + " " * (len(m[0]) - 2), body)
    return _MAKE_VARIABLE.sub(lambda m: "${" + m[1] + "}", body)


def _just_line(body: str) -> str:
    signs = _RECIPE_SIGNS.match(body)
    if signs:
        body = " " * signs.end() + body[signs.end() :]
    return _BRACES.sub(lambda m: HOLE * len(m[0]), body)


def _recipes(source: Source, text: str) -> Iterator[PortLiteral]:
    from portlint.extract import by_name

    piece = Source(source.path, text.encode("latin-1"), source.lines, source.base, source.made)
    shell = by_name("shell")
    for found in shell.extract(piece).literals:
        yield replace(found, format="makefile") if found.format == shell.name else found


def _variable_line(source: Source, offset: int, body: str, just: bool) -> Iterator[PortLiteral]:
    """`PORT ?= 8000`, `export API_URL := http://localhost:8000`, and a comment behind it."""
    comment = _comment_start(body)
    if comment is not None:
        yield from in_comment(source, "makefile", offset + comment, offset + len(body))
        body = body[:comment]
    assigned = _ASSIGNMENT.match(body)
    if assigned:
        name, start = assigned[1], assigned.end()
        value = body[start:].rstrip()
        if just and value[:1] in ("'", '"') and value[-1:] == value[:1] and len(value) > 1:
            start, value = start + 1, value[1:-1]
        hits = [hit._replace(name=hit.name or name) for hit in find_in_value(name, _MAKE_VARIABLE.sub(_as_hole, value))]
        if is_port_name(name) and not hits:
            hits = [_fallback(m, -start) for m in (*_OR.finditer(body, start), *_IF.finditer(body, start))]
        role = Role.FALLBACK if assigned[2] == "?" else None
        for found in placed(source, "makefile", offset + start, hits, role=role, variable=name, subject=name):
            yield replace(found, referable=True)
    elif just and _JUST_HEAD.match(body):
        for match in _JUST_PARAMETER.finditer(body):
            hits = [hit._replace(name=match[1]) for hit in find_in_value(match[1], match[2][1:-1])]
            for found in placed(source, "makefile", offset + match.start(2) + 1, hits, subject=match[1]):
                yield replace(found, referable=True)
    yield from _functions(source, offset, body)


def _functions(source: Source, offset: int, body: str) -> Iterator[PortLiteral]:
    """`$(or $(PORT),8000)`, `env_var_or_default("PORT", "8000")`."""
    if "$" not in body and "env" not in body:
        return
    for pattern in (_OR, _IF, _JUST_ENVIRONMENT):
        hits = [
            _fallback(match, 0) for match in pattern.finditer(body) if is_port_name(match[1]) and is_port(int(match[2]))
        ]
        for found in placed(source, "makefile", offset, hits):
            yield replace(found, referable=True, subject=found.variable or "")


def _fallback(match: re.Match[str], shift: int) -> Hit:
    return Hit(
        start=match.start(2) + shift, end=match.end(2) + shift, port=int(match[2]), form="fallback", role=Role.FALLBACK,
        variable=match[1], name=match[1],
    )  # fmt: skip


def _as_hole(match: re.Match[str]) -> str:
    return HOLE * len(match[0])


def _comment_start(body: str) -> int | None:
    """Where a comment begins: an unescaped `#` that no quote holds."""
    at = body.find("#")
    while at > 0 and (body[at - 1] == "\\" or body[:at].count('"') % 2 or body[:at].count("'") % 2):
        at = body.find("#", at + 1)
        if at > 400:
            break
    return at if at >= 0 else None


FORMAT = Format(name="makefile", named=named, extract=extract, by_line=True, most_bytes=LARGEST_BY_HAND)
