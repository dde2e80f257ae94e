"""Which compose files a command runs together, and with which env files: `docker compose -f a.yml -f b.yml up`,
`docker compose --env-file .env.dev up`, `COMPOSE_FILE=a.yml:b.yml`.

Such commands stand in scripts, makefiles, workflows, `package.json`, READMEs and code alike, as a line or as a list of
words, so they are looked for in the text of any format.

Sources: Docker Compose CLI reference, "Use -f to specify the name and path of one or more Compose files";
"Set or change pre-defined environment variables", `COMPOSE_FILE`; "Set environment variables", `--env-file`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice

from portlint.algorithms.lazy_regex import regex
from portlint.model import ComposeRun

_NAME = regex(rb"compose(?<![\w.]compose)(?![\w.:])")
"""behind `docker `, `docker-` or `podman-`, or by itself"""
_FILES = regex(rb"COMPOSE_FILES?\b(?<!\wCOMPOSE_FILE)(?<!\wCOMPOSE_FILES)")
_NEXT = regex(_NAME.pattern + rb"|" + _FILES.pattern + rb"|&&|\|\||;[ \t]")
_OPTION = regex(rb"(?<![\w-])(?:-f|--file)(?:[\"']?[ \t,]{1,4}[\"']?|=[\"']?)([^\s\"',;|&]{1,200}\.ya?ml)(?![\w.])")
_ENV_FILE = regex(rb"(?<![\w-])--env-file(?:[\"']?[ \t,]{1,4}[\"']?|=[\"']?)([^\s\"',;|&`\])]{1,200})")
_VARIABLE = regex(rb"[ \t]{0,4}(?::=|[?:]?=|:)[ \t]{0,4}[\"']?([^\s\"'#]{1,1000})")
_TAIL = regex(rb"^.*(?:[})]|\$[A-Za-z_]\w{0,80})/?")
_LONGEST = 2000
"""bytes of one command that are looked at"""
_MOST = 200
"""commands of one file"""


def compose_runs(data: bytes) -> tuple[ComposeRun, ...]:
    """What each command names, in order, without a leading variable: `deploy/a.yml`."""
    if b"COMPOSE_FILE" not in data and (b"ompose" not in data or (b".y" not in data and b"--env-file" not in data)):
        return ()
    out: dict[ComposeRun, None] = {}
    # A pattern that begins with fixed letters is found ten times as fast as both in one.
    commands = chain.from_iterable(islice(pattern.finditer(data), _MOST) for pattern in (_NAME, _FILES))
    for match in sorted(commands, key=lambda match: match.start())[:_MOST]:
        if match[0].isupper():  # the variable
            names, env_files = _listed(data, match.end()), []
        else:
            stop = _end_of_command(data, match.end())
            names = [option[1] for option in _OPTION.finditer(data, match.end(), stop)]
            env_files = [option[1] for option in _ENV_FILE.finditer(data, match.end(), stop)]
        run = ComposeRun(tuple(_plain(names)), tuple(_plain(env_files)))
        if run.files or run.env_files:
            out[run] = None
    return tuple(out)


def _listed(data: bytes, start: int) -> list[bytes]:
    """The files of `COMPOSE_FILE=a.yml:b.yml`; Windows separates them by semicolons."""
    value = _VARIABLE.match(data, start)
    if value is None:
        return []
    return [name for name in re.split(rb"[:;]", value[1]) if name.endswith((b".yml", b".yaml"))]


def _end_of_command(data: bytes, start: int) -> int:
    """Where a command ends: at the end of its line, unless a backslash continues it, or at the next command."""
    stop = min(len(data), start + _LONGEST)
    following = _NEXT.search(data, start, stop)
    stop = following.start() if following else stop
    position = start
    while (newline := data.find(b"\n", position, stop)) >= 0:
        line = data[position:newline].rstrip(b" \t\r")
        if not line.endswith((b"\\", b",", b"[", b"(")):
            return newline
        position = newline + 1
    return stop


def _plain(names: list[bytes]) -> Iterator[str]:
    for name in names:
        text = _TAIL.sub(b"", name).removeprefix(b"./").lstrip(b"/").decode("utf-8", "replace")
        if text and not any(sign in text for sign in "$*{}<>%"):
            yield text
