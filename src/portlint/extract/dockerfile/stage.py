"""What an instruction of a Dockerfile adds to its stage: what runs, with which variables, where which files lie.

Source: Dockerfile reference: ENV, ARG, COPY, ADD, WORKDIR, USER, CMD, ENTRYPOINT, HEALTHCHECK.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import join, normpath

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.scan.programs import exec_commands, shell_commands, value
from portlint.model import Source, Stage
from portlint.model.programs import Assignment, Copy, Form, Scope, Start
from portlint.syntax.interpolation import HOLE
from portlint.syntax.shell import Word

_HEALTH = regex(r"(?:[ \t\r\n\\]+--[a-z-]{1,40}=[^\s\\]{0,80})*[ \t\r\n\\]*(CMD|NONE)(?=[\s\[\\]|$)", re.IGNORECASE)
_PAIR = regex(r"(?<![\w.\"'/-])([A-Za-z_][\w.-]{0,200}+)=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s\\\"']|\\.)*)")
_OLD_ENV = regex(r"[ \t\n]*([A-Za-z_]\w{0,200})[ \t\n]+(?!=)")
_NAME = regex(r"[ \t\n]*([A-Za-z_]\w{0,200})\s*$")
_OPTION = regex(r"--([a-z-]{1,40})(?:=(\S{0,300}))?$")
_MOST = 300
"""facts of one kind of a stage"""


def with_instruction(stage: Stage, keyword: str, source: Source, start: int, end: int) -> Stage:
    """The stage with what one instruction adds. keyword: in capitals; start, end: offsets of its arguments."""
    if keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
        return replace(stage, starts=(*stage.starts, _start(keyword, source, start, end))[-_MOST:])
    if keyword in ("ENV", "ARG") and len(stage.assignments) < _MOST:
        return replace(stage, assignments=(*stage.assignments, *_assigned(keyword, source, start, end)))
    if keyword in ("COPY", "ADD") and len(stage.copies) < _MOST:
        found = _copied(stage.workdir, source.text[start:end])
        return stage if found is None else replace(stage, copies=(*stage.copies, found))
    if keyword in ("WORKDIR", "USER"):
        given = source.text[start:end].strip().strip("\"'")
        if keyword == "USER":
            return replace(stage, user=given or None)
        return replace(stage, workdir=_under(stage.workdir, given) if given and "$" not in given else None)
    return stage


def _under(workdir: str | None, path: str) -> str | None:
    """A path in the container as an absolute one, a slash at its end kept; None where it is not known."""
    if not path.startswith("/") and workdir is None:
        return None
    return normpath(join(workdir or "/", path)) + "/" * (path.endswith(("/", "/.")) or path == ".")


def _start(keyword: str, source: Source, start: int, end: int) -> Start:
    span = source.span(start, end) if end - start < 10_000 else source.span(start, start)
    if keyword == "HEALTHCHECK":
        opening = _HEALTH.match(source.text, start, end)
        if opening is not None and opening[1].upper() == "NONE":
            return Start(keyword, Form.EXEC, (), span)
        start = opening.end() if opening is not None else start
    words = _exec_form(source.text, start, end)
    if words is None:
        return Start(keyword, Form.SHELL, shell_commands(source, start, end), span)
    return Start(keyword, Form.EXEC, exec_commands(source, words, Scope.CONTAINER), span)


def _exec_form(text: str, start: int, end: int) -> list[Word] | None:
    body = text[start:end].strip(" \t\r\n\\")
    if not (body.startswith("[") and body.endswith("]")) or body.startswith("[["):
        return None
    return [
        Word(first, last, text[first:last].replace('\\"', HOLE + '"'), '"')
        for first, last in _strings(text, start, end)
    ]


def _strings(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The offsets of the strings of a JSON list, without their quotes."""
    position = text.find('"', start, end)
    while position >= 0:
        first = last = position + 1
        while last < end and text[last] not in '"\n':
            last += 2 if text[last] == "\\" else 1
        if last >= end or text[last] != '"':
            return
        yield first, last
        position = text.find('"', last + 1, end)


def _assigned(keyword: str, source: Source, start: int, end: int) -> list[Assignment]:
    """`ENV A=1 B="2"`, `ENV A 1`, `ARG A=1`, `ARG A`."""
    text, scope = source.text, Scope.CONTAINER if keyword == "ENV" else Scope.BUILD
    old = _OLD_ENV.match(text, start, end) if keyword == "ENV" else None
    if old is not None:
        stop = old.end() + len(text[old.end() : end].rstrip())
        given = value(source, old[1], old.end(), stop, Scope.BUILD)
        return [Assignment(old[1], given, scope, source.span(old.start(1), old.end(1)))]
    out = []
    for match in _PAIR.finditer(text, start, end):
        quoted = match[2][:1] in ("'", '"')
        given = value(source, match[1], match.start(2) + quoted, match.end(2) - quoted, Scope.BUILD)
        out.append(Assignment(match[1], given, scope, source.span(match.start(1), match.end(1))))
    if not out and keyword == "ARG" and (alone := _NAME.match(text, start, end)):
        out.append(Assignment(alone[1], None, scope, source.span(alone.start(1), alone.end(1))))
    return out[:_MOST]


def _copied(workdir: str | None, arguments: str) -> Copy | None:
    """`COPY --from=build /app/dist /usr/share/nginx/html`; None where the target is not known."""
    stage: str | None = None
    body = arguments.replace("\\\n", " ").strip()
    words = [body[a:b] for a, b in _strings(body, 0, len(body))] if body.startswith("[") else body.split()
    paths = []
    for word in words:
        option = _OPTION.match(word)
        if option is None:
            paths.append(word)
        elif option[1] == "from":
            stage = option[2]
    if len(paths) < 2 or any(path.startswith("<<") or "$" in path for path in paths):
        return None
    target = _under(workdir, paths[-1])
    if target is None:
        return None
    many = len(paths) > 2 and not target.endswith("/")
    return Copy(tuple(paths[:-1][:_MOST]), target + "/" * many, stage)
