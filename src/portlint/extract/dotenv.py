"""Env files: `.env`, `.env.production`, `mailu.env`, `.env.example`, an `EnvironmentFile` of systemd, `.envrc`.

The value of a variable is never kept, only its port tokens: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.format import Format, literal
from portlint.extract.limits import LARGEST_BY_HAND
from portlint.extract.scan.literals import in_comment, judged, placed, references, template_note
from portlint.knowledge.identifiers import is_host_variable, is_port_name
from portlint.knowledge.template_names import is_template, without_endings
from portlint.model import FIRST_PORT, LAST_PORT, Facts, PortLiteral, PortReference, Problem, Source, Variable
from portlint.syntax.dotenv import Assignment, Comment, Fault, lines

_FORMAT = "dotenv"
_CODE = (
    "ts|tsx|js|jsx|mjs|cjs|vue|py|rb|go|rs|php|java|md|rst|json|ya?ml|toml|sh|bash|ps1|html?|css|lock"
    "|enc|gpg|age|key|sops"
)
_NAME = regex(
    r"(?:^|/)(?:\.env(?:rc|s)?(?:[._-][^/]*)?|[^/]*\.env(?:\.[^/]+)?"
    r"|(?:dot)?env[._-](?:sample|example|template|dist|default)s?[^/]*|\.flaskenv|\.envs/(?:[^/]+/)*[^/]+)$",
    re.IGNORECASE,
)
_NOT = regex(rf"\.(?:{_CODE})$", re.IGNORECASE)

_BARE = regex(r"[0-9]{1,5}", re.ASCII)
_SET_IN_COMMENT = regex(r"#[# \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]{0,200})=")
_HOST = regex(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})|\[?[0-9A-Fa-f:]{2,45}\]?")


def _named(path: str) -> bool:
    plain = without_endings(path)
    known = _NAME.search(path) is not None or (is_template(path) and plain.rpartition("/")[2].lower() == "env")
    return known and _NOT.search(plain) is None


def _extract(source: Source) -> Facts:
    text = source.text
    literals: list[PortLiteral] = []
    candidates: list[PortLiteral] = []
    found_references: list[PortReference] = []
    variables: list[Variable] = []
    mentioned: list[str] = []
    problems: list[Problem] = []
    for item in lines(text):
        if isinstance(item, Comment):
            literals += in_comment(source, _FORMAT, item.start, item.end)
            if setting := _SET_IN_COMMENT.match(text, item.start, item.end):
                mentioned.append(setting[1])
        elif isinstance(item, Fault):
            if not problems and "quote" in item.reason:
                problems.append(Problem(source.span(item.start, item.start + 1), f"env file: {item.reason}"))
        else:
            name = source.decoded(item.name_start, item.name_end)
            value = text[item.value_start : item.value_end]
            host = value if is_host_variable(name) and _HOST.fullmatch(value) else None
            variables.append(Variable(name, source.span(item.name_start, item.name_end), host))
            hits = judged(name, value)
            found = list(placed(source, _FORMAT, item.value_start, hits, name=name, variable=name, subject=name))
            literals += found
            found_references += references(source, item.value_start, name, value, found, name)
            if not found:
                candidates += _candidate(source, item, name, value)
    problems += template_note(source, text, "an env file")
    return Facts(
        path=source.path,
        format=_FORMAT,
        literals=tuple(map(_without_secret_path, literals)),
        candidates=tuple(candidates),
        references=tuple(found_references),
        variables=tuple(variables),
        mentioned=tuple(dict.fromkeys(mentioned)),
        problems=tuple(problems),
    )


def _without_secret_path(found: PortLiteral) -> PortLiteral:
    """The path of a URL is a value too, and may be a secret (a web hook): its first plain words are enough to judge."""
    if not found.url_path:
        return found
    plain = _PLAIN_PATH.match(found.url_path)
    return replace(found, url_path=plain[0] if plain else "")


_PLAIN_PATH = regex(r"(?:/(?:v[0-9]{1,2}|[a-z]{1,12}(?:[_-][a-z]{1,12})?)(?=/|$)){0,4}/?")


def _candidate(source: Source, item: Assignment, name: str, value: str) -> Iterator[PortLiteral]:
    """A bare number under a name that does not say port: one only if another file uses the variable as a port."""
    if _BARE.fullmatch(value) and FIRST_PORT <= int(value) <= LAST_PORT and not is_port_name(name):
        start, end = item.value_start, item.value_end
        yield literal(
            source, _FORMAT, start, end, port=int(value), name=name, variable=name, subject=name, referable=False
        )


FORMAT = Format(name=_FORMAT, named=_named, extract=_extract, by_line=True, reads_mark=True, most_bytes=LARGEST_BY_HAND)
