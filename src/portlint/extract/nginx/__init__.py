"""nginx configuration, and templates of it: https://nginx.org/en/docs/dirindex.html

Found: `listen` in all its forms, servers of an `upstream`, every `*_pass`, `resolver`, `set` and `map` values that end
up in a `*_pass`, `return`, `rewrite`, `proxy_redirect`, `auth_http`, headers that name a port, comparisons with
`$server_port`; http, stream, mail and rtmp blocks alike. A commented-out directive counts as prose.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from portlint.algorithms.lazy_regex import regex
from portlint.extract.format import Format
from portlint.extract.limits import LARGEST_BY_HAND
from portlint.extract.nginx.directives import facts_of
from portlint.knowledge import rule_data
from portlint.knowledge.template_names import is_template, without_endings
from portlint.model import Facts, Source

_CONFIGURATION = regex(
    r"(?:^|/)(?:conf\.d|sites-(?:available|enabled)|nginx)/[^/]+$|(?:[/_.-]conf|_params)$|(?:^|/)nginx[^/.]*$",
    re.IGNORECASE,
)
_OTHER_FORMAT = regex(
    r"\.(?:ya?ml|json5?|toml|env|sh|bash|py|js|ts|md|service|html?|xml|lua|ini|rb|go|php)(?:\.[a-z0-9]+)?$|Dockerfile[^/]*$",
    re.IGNORECASE,
)


@cache
def _signs() -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    rules: Any = rule_data.load("formats/nginx.yaml")
    statement = r"(?:^|[;{{}}])[ \t]*(?:{})[ \t]+[^\s=;{{][^;\n]{{0,2000}};"
    own, shared = (
        re.compile(statement.format("|".join(rules[key])).encode(), re.MULTILINE) for key in ("own", "shared")
    )
    opening = r"(?:^|[;{{}}])[ \t]*(?:{})(?:[ \t]+[^\s=;{{}}][^;{{}}\n]{{0,400}})?\s{{0,9}}\{{"
    return own, shared, re.compile(opening.format("|".join(rules["blocks"])).encode(), re.MULTILINE)


def _named(path: str) -> bool:
    return without_endings(path, aside=True).lower().endswith((".nginx", ".nginxconf"))


def _content(path: str, data: bytes) -> bool:
    plain = without_endings(path, aside=True)
    if not (_CONFIGURATION.search(plain) or is_template(path)) or _OTHER_FORMAT.search(plain):
        return False
    own, shared, opening = _signs()
    return own.search(data) is not None or (opening.search(data) is not None and shared.search(data) is not None)


def _extract(source: Source) -> Facts:
    return facts_of(source)


FORMAT = Format(
    name="nginx", named=_named, content=_content, extract=_extract, by_line=True, most_bytes=LARGEST_BY_HAND
)
