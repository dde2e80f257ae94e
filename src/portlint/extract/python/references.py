"""The environment variables that a Python file takes ports from, also where no number stands beside them.

Found by their text: most such statements hold no candidate and are never parsed by libcst.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from portlint.extract.python.tokens import Tokens
from portlint.model import PortLiteral, PortReference, Role, Source
from portlint.naming import is_port_name

_READ = re.compile(
    rb"(?:getenv|environ|environ\.get|environ\.pop|environ\.setdefault|\bconfig|\benv(?:\.(?:int|str))?|get_env)"
    rb"[\[(]\s{0,40}[\"']([A-Z][A-Z0-9_]{0,80})[\"']"
)
_FAR = 200
"""bytes between a variable's name and its fallback, at most"""


def references(source: Source, literals: Sequence[PortLiteral]) -> Iterator[PortReference]:
    """The references of a file, in order, each with its fallback among `literals`."""
    data = source.data
    if b"PORT" not in data:
        return
    fallbacks = {(x.variable, x.span.start): x for x in literals if x.variable is not None and x.role == Role.FALLBACK}
    matches = [match for match in _READ.finditer(data) if is_port_name(match[1].decode())]
    tokens = Tokens(data) if matches else None
    for match in matches:
        variable = match[1].decode()
        if tokens is None or not tokens.begins_string(match.start(1) - 1):
            # An example in a docstring or a comment.
            continue
        near = [x for (name, at), x in fallbacks.items() if name == variable and 0 < at - match.end() < _FAR]
        yield PortReference(
            path=source.path,
            span=source.span(match.start(1), match.end(1)),
            variable=variable,
            role=Role.SETTING,
            fallback=min(near, key=lambda x: x.span.start) if near else None,
            subject=variable,
        )
