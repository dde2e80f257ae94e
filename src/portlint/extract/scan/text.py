"""Port literals in a text whose format is not known: a string of a program, a value of a setting, a word of a command.

Every scanner here starts from the digits (or from the word `port`) and looks at the characters beside them, so that
each is linear in the length of the text. What is not known where it is written (a variable, a placeholder) is a
*hole*: a stretch of HOLE characters of the same length.

Sources: RFC 3986 (URI), section 3.2; RFC 4291, section 2.2 (IPv6 in brackets: RFC 3986, 3.2.2); RFC 6335, section 6;
RFC 6698, section 3 (`_25._tcp.`); the PROXY protocol, version 1, section 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from portlint.algorithms.lazy_regex import regex
from portlint.extract.limits import MOST_PORTS, TooManyPortsError, few
from portlint.knowledge.hosts import is_every_interface, names_this_machine
from portlint.knowledge.identifiers import is_address_name, is_port_name, makes_no_port, vocabulary, words
from portlint.knowledge.well_known import by_port
from portlint.model import FIRST_PORT, LAST_PORT, Role
from portlint.syntax.interpolation import HOLE


class Hit(NamedTuple):
    """A port literal in a text. start, end: 0-based indexes of its digits in the text, end exclusive."""

    start: int
    end: int
    port: int
    form: str
    """one of `portlint.model.FORMS`"""
    end_port: int | None = None
    role: Role = Role.SETTING
    host: str | None = None
    """as written, brackets removed; None where the place names none or a hole stands there"""
    protocol: str = "tcp"
    name: str | None = None
    """the word, option or key that says port"""
    url_path: str | None = None
    variable: str | None = None
    """the variable whose fallback it is"""


_PLACEHOLDER = regex(
    r"%\([^)\s]{1,64}\)[sdr]|%[sdr](?![A-Za-z])|\{\{[^{}\n]{0,200}\}\}|\{%[^%\n]{0,300}%\}|\$\{[^{}\n]{0,200}\}"
    r"|\$[A-Za-z_]\w{0,100}|\$\([^()\n]{0,200}\)|\{[A-Za-z_0-9.\[\]()!:*]{0,100}\}|<[A-Za-z][\w.-]{0,62}>"
)
_COLON = regex(r":([0-9]{1,6})(?:-([0-9]{1,6}))?(?![0-9A-Za-z_%])")
_PROTOCOL = regex(r"(?<![\w./:-])([0-9]{1,6})(?:-([0-9]{1,6}))?/(tcp|udp|sctp)\b", re.IGNORECASE)
_BEHIND_PORT = regex(r"/(?:tcp|udp|sctp)", re.IGNORECASE)
"""begins with a fixed sign, so that it is found far more quickly"""
_SRV = regex(r"(?<![A-Za-z0-9])_([0-9]{1,5})\._(tcp|udp|sctp)\b")
_PROXY_LINE = regex(r"PROXY TCP[46] [0-9A-Fa-f.:\x00]{2,45} [0-9A-Fa-f.:\x00]{2,45} ([0-9]{1,5}) ([0-9]{1,5})(?![0-9])")
_PORT_WORD = regex(r"ports?", re.IGNORECASE)
_NUMBER = regex(r"[0-9]{1,5}(?![\w.%]|[:-][0-9])|[0-9]{1,5}(?=\.(?:\W|$))|[0-9]{1,5}(?=\\[nrt])")
_BEHIND_WORD = regex(
    r"[\"'`\])]{0,2}(\s{0,3}(?:=>|==|[=:])\s{0,3}|\s{1,3}(?:is |to |on |at |number |no\. ?|#)?|[(\[])[\"'`\[(]{0,2}"
)
_IPV4 = regex(r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}")
_IPV6 = regex(r"[0-9A-Fa-f:.\x00%]*")
_LABELS = regex(r"[A-Za-z0-9*_\x00](?:[A-Za-z0-9_\x00.-]*[A-Za-z0-9_\x00])?")
_HOST_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-*" + HOLE)
_TRANSPORT = regex(r"(?<![\w.:-])(?:tcp[46]?|udp[46]?|inet6?|ssl|tls|sctp):$", re.ASCII)
_SCHEME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.-" + HOLE)
_TOKEN_END = frozenset(" \t\r\n\"'`<>|\\")
_LONGEST_HOST = 253
_LONGEST_USERINFO = 512
_PATH = regex(r"[^ \t\r\n\"'`<>|\\?#,;)\]}\x00]{0,2048}")
_KEY_BEFORE = regex(r"([A-Za-z_][A-Za-z0-9_.-]{0,38})=$|--([A-Za-z][A-Za-z0-9-]{0,38}) $")
_HOST_BEFORE = regex(r"(?:CONNECT |[Hh]ost: )$")
"""what stands before a host and port in HTTP: RFC 9110, sections 7.2 and 9.3.6"""
_LOWEST_BARE = 1024
"""below it, a number behind a lone word (`word:80`) needs more evidence"""


def with_holes(text: str) -> str:
    """The text with placeholders of the usual kinds (`%s`, `{}`, `${X}`, `{{ x }}`) replaced by holes."""
    if "{" in text or "%" in text or "$" in text or "<" in text:
        return _PLACEHOLDER.sub(lambda m: HOLE * len(m[0]), text)
    return text


def find(text: str, *, address: bool = False, whole: bool = True, raw: str | None = None) -> list[Hit]:
    """The port literals of a text, in order, none overlapping another.

    address: what surrounds the text says that its value is an address, so that `redis:6379` and `:8000` are taken.
    whole: the text is a complete value (not a line of prose or a command), so that `api:8000` alone may be an address.
    raw: the text before holes were put in, same length; the words in a hole tell `{server}:25` from `{hour}:30`.
    Raises TooManyPortsError.
    """
    masked = with_holes(text)
    shown = text if raw is None else raw
    hits = few(chain(_colons(masked, shown, address, whole), _protocols(masked), _port_words(masked, shown)))
    if len(hits) < 2:
        return hits
    hits.sort(key=lambda hit: (hit.start, hit.form == "word"))
    out: list[Hit] = []
    for hit in hits:
        if not out or hit.start >= out[-1].end:
            out.append(hit)
    return out


def port_list(text: str, start: int = 0) -> list[Hit]:
    """The ports of a text that is nothing but ports: `8000`, `25,80,443`, `8080 9000`, `6383-6390`, `53/udp`.

    Empty where anything else stands in it. start: index of the text in the caller's text, added to each position.
    Raises TooManyPortsError.
    """
    hits: list[Hit] = []
    position = 0
    while position < len(text):
        match = _LIST_ITEM.match(text, position)
        if match is None:
            return []
        position = match.end()
        if match[1]:
            if len(hits) >= MOST_PORTS:
                raise TooManyPortsError
            first, last = int(match[1]), int(match[2]) if match[2] else None
            hits.append(
                Hit(
                    start=start + match.start(1),
                    end=start + (match.end(2) if match[2] else match.end(1)),
                    port=first,
                    end_port=last,
                    form="value" if len(match[0].strip()) == len(text.strip()) else "item",
                    protocol=(match[3] or "tcp").lower(),
                )
            )
    return [hit for hit in hits if hit.port != 0]


_LIST_ITEM = regex(
    r"[\s,;|\"'\[\](){}]+|([0-9]{1,6})(?:\s?-\s?([0-9]{1,6}))?(?:/(tcp|udp|sctp))?(?=[\s,;|\"'\[\](){}]|$)",
    re.IGNORECASE,
)


def is_port(number: int) -> bool:
    return FIRST_PORT <= number <= LAST_PORT


def _colons(text: str, raw: str, address: bool, whole: bool) -> Iterator[Hit]:
    """`scheme://host:port`, `host:port` and `:port`."""
    seen_url_until = -1
    for match in _COLON.finditer(text):
        number = int(match[1])
        if number == 0 or len(match[1]) > 5 or not _fits_behind(text, match.end()):
            continue
        colon = match.start()
        start = _host_start(text, colon)
        if start is None:
            continue
        host = text[start:colon]
        url = _url_start(text, start)
        if url is None and seen_url_until >= start > 0 and text[start - 1] == ",":
            # mongodb://a:27017,b:27018: the hosts behind the first one belong to the same authority.
            url = start
        if url is not None:
            if host == "-" or (not host and text[start - 3 : start] != "://"):
                continue
            seen_url_until = match.end() + 1
        elif not _is_address(text, raw, start, colon, match, address, whole):
            continue
        last = int(match[2]) if match[2] else None
        if last is not None and (last < number or url is not None):
            last = None
        yield Hit(
            start=match.start(1),
            end=match.end(2) if last is not None else match.end(1),
            port=number,
            end_port=last,
            form="url" if url is not None else "address",
            role=Role.CONNECT if (url is not None and host) or not is_every_interface(host) else Role.BIND,
            host=_shown_host(host),
            url_path=_path(text, match.end()) if url is not None else None,
        )


def _fits_behind(text: str, end: int) -> bool:
    """Whether what follows the digits lets them be a port: `10:30:00`, `a:5432@b` and `1:2.5` do not."""
    if end >= len(text):
        return True
    char, after = text[end], text[end + 1 : end + 2]
    if char == "@":
        return False
    # docker:24-dind is an image's tag.
    return not (char in ".:-" and after.isdigit()) and not (char == "-" and after.isalpha())


def _host_start(text: str, colon: int) -> int | None:
    """Index of the first character of the host before a colon (the colon's own index where there is none)."""
    if colon and text[colon - 1] == "]":
        bracket = text.rfind("[", max(0, colon - 60), colon)
        if bracket < 0 or not _IPV6.fullmatch(text, bracket + 1, colon - 1):
            return None
        return bracket
    if text[max(0, colon - 3) : colon] == "//+":
        # http://+:8000 means every address, to a .NET server.
        return colon - 1
    start = colon
    floor = max(0, colon - _LONGEST_HOST)
    while start > floor and text[start - 1] in _HOST_CHARACTERS:
        start -= 1
    return start


def _url_start(text: str, start: int) -> int | None:
    """Index of the scheme of the URL whose host begins at `start`; None where it is no URL's host."""
    authority = start
    if start and text[start - 1] == "@":
        floor = max(0, start - _LONGEST_USERINFO)
        while authority > floor and text[authority - 1] not in _TOKEN_END and text[authority - 1] != "/":
            authority -= 1
    if text[max(0, authority - 2) : authority] != "//":
        return None
    colon = authority - 3
    if colon < 0 or text[colon] != ":":
        # `//localhost:8000/ws`, a URL without a scheme; `///x:80` is a path.
        return authority - 2 if colon < 0 or text[colon] in _TOKEN_END or text[colon] in "=([," else None
    scheme = colon
    floor = max(0, colon - 40)
    while scheme > floor and text[scheme - 1] in _SCHEME_CHARACTERS:
        scheme -= 1
    if scheme == colon:
        return None
    return scheme


_LABEL_BEFORE = regex(r"(?:^|,)[A-Za-z][\w-]{0,38}:$")


def _is_address(text: str, raw: str, start: int, colon: int, match: re.Match[str], address: bool, whole: bool) -> bool:
    """Whether `host:port` outside a URL is an address."""
    host, number = text[start:colon], int(match[1])
    before = text[start - 1] if start else ""
    behind = text[match.end() : match.end() + 1]
    alone = start == 0 and behind in ("", "/", HOLE)
    if before == ":" and _TRANSPORT.search(text, max(0, start - 7), start):
        # `inet:milter:11332`, `udp:127.0.0.1:161`
        before, address = "", True
    if before == ":" and address and whole and _LABEL_BEFORE.search(text, max(0, start - 40), start):
        # `local:redis:6379`: hosts with a label in front of each
        before = ","
    if before in ("=", " ") and not address:
        # endpoint=store:8333, --bootstrap-server kafka:9092: the word before the sign is the name of the value.
        key = _KEY_BEFORE.search(text, max(0, start - 40), start)
        address = key is not None and is_address_name(key[1] or key[2])
    if before in (":", "{", "$") or (before == "/" and not address):
        # ldap:localhost:1234:cn=x: a host that can be nothing else may stand in a list of its own kind.
        return before == ":" and _is_certain(host) and len(match[1]) > 1
    if host == "":
        # A lone `:8080`. In the middle of a text it needs a number that is no time, ratio or index.
        if before and before not in " \t\"'`=(,|\n":
            return False
        if before in _QUOTES and _closes_key(text, start - 1):
            return False
        if alone and before == "":
            return is_port(number) and (address or number >= _LOWEST_BARE or behind == "/" or number in (80, 443))
        return is_port(number) and (address or len(match[1]) >= 4 or (before in "\"'`" and number >= 20))
    if host.startswith("["):
        return len(host) > 3
    if _is_certain(host):
        return True
    if before == "@" and len(match[1]) >= 2:
        return True
    if not _LABELS.fullmatch(host):
        return False
    address = address or _HOST_BEFORE.search(text, max(0, start - 24), start) is not None
    return _is_host_name(raw[start:colon], host, number, address, alone and whole, behind)


def _is_certain(host: str) -> bool:
    """Whether the word before a colon can be nothing but a host: a name of this machine, or an IPv4 address."""
    return bool(host) and (names_this_machine(host) or _IPV4.fullmatch(host) is not None)


_QUOTES = ("'", '"', "`")


def _closes_key(text: str, quote: int) -> bool:
    """Whether a quote closes a key, as in JSON within a string: `\\"count\\":61`; in `grep ':22 '` it opens one."""
    at = quote - 1
    while at > quote - 4 and at >= 0 and (text[at] in _QUOTES or text[at] in ("\\", HOLE)):
        at -= 1
    return at >= 0 and (text[at].isalnum() or text[at] in "_-.)]}%")


@lru_cache(maxsize=4096)
def _is_host_name(raw: str, host: str, number: int, address: bool, alone: bool, behind: str) -> bool:
    """Whether the word before a colon is a host: `redis:6379`, `db.internal:5432`, `{server}:25`."""
    if host.replace(".", "").replace("-", "").isdigit():
        return False
    if HOLE in host:
        return len(str(number)) >= 4 or address or is_address_name(raw)
    labels = host.lower().split(".")
    if len(labels) > 1:
        if labels[-1] in vocabulary("file_endings"):
            return address and labels[-1] in vocabulary("top_level_domains")
        return address or labels[-1] in vocabulary("top_level_domains")
    parts = words(host)
    if address and parts and "-" in host:
        return is_port(number)
    if not parts or not vocabulary("not_host").isdisjoint(parts[-1:]):
        return False
    if address or _speaks_there(parts, number):
        return is_port(number)
    return number >= _LOWEST_BARE and is_port(number) and len(host) > 1 and (alone or behind == "/")


def _speaks_there(parts: tuple[str, ...], number: int) -> bool:
    """Whether a name's words mean a well-known service, and the number is that service's port: `memcached:11211`."""
    return not _words_at(number).isdisjoint(parts)


@lru_cache(maxsize=4096)
def _words_at(number: int) -> frozenset[str]:
    """The words of the names of the services that usually have a port."""
    return frozenset(word for service in by_port().get(number, ()) for word in service.words)


def _shown_host(host: str) -> str | None:
    if not host or HOLE in host:
        return None
    return host[1:-1] if host.startswith("[") else host


def _path(text: str, start: int) -> str | None:
    """The path of a URL behind its port; None where the rest of it is not known."""
    found = _PATH.match(text, start)
    path = found[0] if found else ""
    return None if not path and text[start : start + 1] == HOLE else path


def _protocols(text: str) -> Iterator[Hit]:
    """`53/udp`, `_25._tcp.` and the PROXY protocol's first line."""
    for match in _PROTOCOL.finditer(text) if _BEHIND_PORT.search(text) is not None else ():
        number = int(match[1])
        if number:
            last = int(match[2]) if match[2] else None
            yield Hit(
                start=match.start(1), end=match.end(2) if match[2] else match.end(1), port=number, end_port=last,
                form="word", protocol=match[3].lower(),
            )  # fmt: skip
    if "._" in text:
        for match in _SRV.finditer(text):
            yield Hit(
                start=match.start(1), end=match.end(1), port=int(match[1]), form="word", role=Role.CONNECT,
                protocol=match[2],
            )  # fmt: skip
    if "PROXY TCP" in text:
        for match in _PROXY_LINE.finditer(text):
            for group in (1, 2):
                yield Hit(start=match.start(group), end=match.end(group), port=int(match[group]), form="word")


def _port_words(text: str, raw: str) -> Iterator[Hit]:
    """`port 81`, `--http-port=8008`, `X-Forwarded-Port: 80`, `"port": 8000`, `ports 80, 443`."""
    for match in _PORT_WORD.finditer(text):
        start, end = match.span()
        floor = max(0, start - 64)
        while start > floor and (text[start - 1].isalnum() or text[start - 1] in "_-."):
            start -= 1
        ceiling = min(len(text), end + 64)
        while end < ceiling and (text[end].isalnum() or text[end] in "_-"):
            end += 1
        name = text[start:end].lstrip("-.")
        if not is_port_name(name):
            continue
        separator = _BEHIND_WORD.match(text, end)
        if separator is None:
            continue
        spaced = separator[1].isspace() or not separator[1].strip("([ ")
        if spaced and text[start] != "-" and not _says_port(text, start, name):
            continue
        position = separator.end()
        plural = name.lower().endswith("ports") or separator[0].rstrip("\"'").endswith(("[", "("))
        while (number := _NUMBER.match(text, position)) is not None:
            value = int(number[0])
            if is_port(value):
                yield Hit(
                    start=number.start(), end=number.end(), port=value,
                    form="option" if text[start] == "-" else "word", name=name,
                )  # fmt: skip
            following = _NEXT_IN_LIST.match(text, number.end())
            if not plural or following is None:
                break
            position = following.end()


_NEXT_IN_LIST = regex(r"[\"']?(?:\s?,\s?(?:and |or )?|\s(?:and|or|&)\s|,?\s)[\"']?(?=[0-9])")
_WORD_BEFORE = regex(r"([A-Za-z]+)[\s-]+$")


def _says_port(text: str, start: int, name: str) -> bool:
    """Whether `port 81` in running text is a network port: `serial port 3` and `export port 2 of 8` are not."""
    before = _WORD_BEFORE.search(text, max(0, start - 24), start)
    return before is None or not makes_no_port(before[1].lower())
