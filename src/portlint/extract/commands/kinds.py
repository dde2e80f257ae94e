"""The kinds of values in `rules/formats/commands.yaml`: each a function from a value's text to its ports.

Offsets are indexes into that text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands.words import in_word, moved, searched
from portlint.extract.scan.text import Hit
from portlint.extract.scan.values import find_in_value
from portlint.model import Role
from portlint.syntax.interpolation import HOLE, masked
from portlint.syntax.shell import Word

OWN_ROLES = frozenset({"target", "remote", "pair", "forward", "reverse", "dynamic", "socat"})
"""kinds that say the role themselves"""
_NUMBERS = regex(r"(?:(tcp|udp|sctp)[/:])?([0-9]{1,6})(?:[-:]([0-9]{1,6}))?(?:/(tcp|udp|sctp))?(?:,|$)", re.IGNORECASE)


def _port(text: str) -> list[Hit]:
    inner = text.strip(HOLE)
    shift = len(text) - len(text.lstrip(HOLE))
    return [moved(hit, shift) for hit in find_in_value("port", inner)]


def _host(text: str) -> list[Hit]:
    return find_in_value("address", text)


def _address(text: str) -> list[Hit]:
    return [hit for hit in _port(text) if hit.form in ("value", "fallback", "address", "url")] or _host(text)


def _connecting(hits: list[Hit]) -> list[Hit]:
    return [hit if hit.role is Role.FALLBACK else hit._replace(role=Role.CONNECT) for hit in hits]


def _protocol(text: str) -> list[Hit]:
    hits, position = [], 0
    while position < len(text):
        match = _NUMBERS.match(text, position)
        if match is None:
            return _port(text)
        first, last = int(match[2]), int(match[3]) if match[3] else None
        if first:
            hits.append(
                Hit(
                    start=match.start(2), end=match.end(3) if last else match.end(2), port=first, end_port=last,
                    form="value", protocol=(match[1] or match[4] or "tcp").lower(),
                )
            )  # fmt: skip
        position = match.end()
    return hits


def _fields(text: str) -> list[tuple[int, str]]:
    """The parts of `a:b:c` with their offsets; a colon in a variable or in brackets parts nothing."""
    shown = re.sub(r"\[[^\]]{0,60}\]", lambda m: HOLE * len(m[0]), masked(text))
    out, start = [], 0
    for part in shown.split(":"):
        out.append((start, text[start : start + len(part)]))
        start += len(part) + 1
    return out


def _sided(
    fields: Sequence[tuple[int, str]], roles: Sequence[Role | None], host: str | None, protocol: str
) -> list[Hit]:
    hits = []
    for (start, text), role in zip(fields, roles, strict=True):
        if role is None:
            continue
        for hit in _port(text):
            if hit.form not in ("value", "fallback"):
                continue
            side = host if role in (Role.PUBLISH, Role.BIND) else None
            form = "mapping" if hit.form == "value" else hit.form
            hits.append(moved(hit._replace(role=role, host=side, protocol=protocol, form=form), start))
    return hits


def _mapping(text: str) -> list[Hit]:
    body, _, protocol = text.strip(HOLE).rpartition("/")
    if protocol.lower() not in ("tcp", "udp", "sctp"):
        body, protocol = text, "tcp"
    return _two_sided(body, Role.PUBLISH, Role.CONTAINER, protocol.lower())


def _pair(text: str) -> list[Hit]:
    fields = _fields(text)
    if len(fields) == 1:
        return _sided(fields, [Role.BIND], None, "tcp")
    return _two_sided(text.partition("@")[0], Role.BIND, Role.CONNECT, "tcp")


def _two_sided(text: str, outer: Role, inner: Role, protocol: str) -> list[Hit]:
    fields = _fields(text)
    if len(fields) > 3:
        return []
    roles = [None, outer, inner][-len(fields) :]
    host = fields[0][1].strip("[]" + HOLE) if len(fields) == 3 else ""
    return _sided(fields, roles, host if host and "$" not in host else None, protocol)


def _forward(text: str) -> list[Hit]:
    fields = _fields(text)
    if not 3 <= len(fields) <= 4:
        return []
    shape: list[Role | None] = [None, Role.BIND, None, Role.CONNECT]
    hits = _sided(fields, shape[-len(fields) :], None, "tcp")
    target = fields[-2][1].strip("[]")
    return [h._replace(host=target) if h.role is Role.CONNECT and "$" not in target else h for h in hits]


def _reverse(text: str) -> list[Hit]:
    fields = _fields(text)
    return _forward(text) if len(fields) > 2 else _sided(fields[-1:], [Role.BIND], None, "tcp")


def _lsof(text: str) -> list[Hit]:
    """`[46][protocol][@host][:ports]`; lsof(8), option -i."""
    start, ports = _fields(text)[-1]
    if not start and ports.lstrip("46").lower() not in ("", "tcp", "udp"):
        return []
    return [moved(hit, start) for hit in _port(ports)]


def _socat(text: str) -> list[Hit]:
    """`TCP-LISTEN:80,fork`, `TCP:host:80`; socat(1), "Address specifications"."""
    head, colon, _ = text.partition(":")
    kind = head.upper().rstrip("46")
    if not colon or not kind.startswith(("TCP", "UDP", "SCTP", "OPENSSL", "SSL", "SOCKS", "PROXY")):
        return []
    body = text.partition(",")[0]
    listens = "LISTEN" in kind or kind.endswith(("-L", "RECV", "RECVFROM"))
    start, port = _fields(body)[-1]
    role = Role.BIND if listens else Role.CONNECT
    protocol = "udp" if kind.startswith("UDP") else "tcp"
    return [moved(hit._replace(role=role, protocol=protocol), start) for hit in _port(port) if hit.form != "item"]


def _filter(text: str) -> list[Hit]:
    key, equals, value = text.partition("=")
    roles = {"publish": Role.PUBLISH, "expose": Role.CONTAINER}
    if not equals or key not in roles:
        return []
    return [moved(hit._replace(role=roles[key]), len(key) + 1) for hit in _protocol(value)]


def _image(text: str) -> list[Hit]:
    slash = text.rfind("/")
    return find_in_value("address", text[: slash + 1]) if slash > 0 else []


def _setting(text: str) -> list[Hit]:
    return list(in_word(Word(0, len(text), text)))


def _pattern(text: str) -> list[Hit]:
    return list(searched(Word(0, len(text), text)))


KINDS: Mapping[str, Callable[[str], list[Hit]]] = {
    "port": _port,
    "address": _address,
    "host": _host,
    "target": lambda text: _connecting(_address(text)),
    "remote": lambda text: _connecting(_host(text)),
    "protocol": _protocol,
    "mapping": _mapping,
    "container": lambda text: [hit._replace(role=Role.CONTAINER) for hit in _protocol(text)],
    "pair": _pair,
    "forward": _forward,
    "reverse": _reverse,
    "dynamic": lambda text: _sided(_fields(text)[-1:], [Role.BIND], None, "tcp"),
    "lsof": _lsof,
    "socat": _socat,
    "filter": _filter,
    "image": _image,
    "setting": _setting,
    "pattern": _pattern,
}
