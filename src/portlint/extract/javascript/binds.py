"""Where a script begins to listen, and the modules of the repository that it imports.

Which calls do, and of which modules they come, is in `rules/formats/javascript-binds.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.extract.javascript.development import development_binds, is_configuration
from portlint.extract.javascript.names import Names
from portlint.extract.javascript.values import HIDDEN, Object, Values
from portlint.knowledge.identifiers import is_host_variable, is_port_name, words
from portlint.knowledge.javascript_binds import Call, calls, words_of
from portlint.model import Source
from portlint.model.programs import Bind, Text
from portlint.syntax.javascript import Token

MOST: Final = 64
"""places where one file begins to listen, and modules that it imports"""
_MOST_CALLS: Final = 400
_IMPORT = regex(
    rb"""(?:\bimport\b\s{0,9}(?:[\w$\s{},*]{1,800}\bfrom\s{0,9})?\(?|\brequire\s?\()\s{0,9}["'](\.{1,2}/[\w./@-]{1,200})["']"""
)
_COMPONENT = regex(r"\.(?:jsx|tsx|vue|svelte|astro)$")
_NUMBER = regex(r"[0-9]{1,5}")
_WRAPPED = 500
"""bytes of a line in the mean, from which on a program wrote the file"""


class _Sign(Struct, frozen=True):
    """What a script must hold for a call of some name to begin to listen."""

    name: bytes
    called: re.Pattern[bytes]
    modules: tuple[bytes, ...]
    """one of them, too; none: the call is enough"""

    def is_in(self, data: bytes) -> bool:
        return (
            self.name in data
            and (not self.modules or any(module in data for module in self.modules))
            and self.called.search(data) is not None
        )


@cache
def _signs() -> tuple[_Sign, ...]:
    out = [_Sign(b"export default {", regex(rb"export default \{(?=[^}]{0,400}\bport\b)"), (b"fetch",))]
    for name, rows in calls().items():
        word, modules = name.encode(), {sign for row in rows for module in row.modules for sign in _written(module)}
        # A pattern that begins with fixed letters is looked for at the speed of memory.
        called = regex(rb"%b(?<![\w$]%b)\s?[(<]" % (word, word))
        if all(row.form != "export" for row in rows):
            out.append(_Sign(word, called, tuple(modules) if all(row.modules for row in rows) else ()))
    return tuple(out)


def _written(module: str) -> tuple[bytes, ...]:
    """How a script names a module: `"ws"`, `Bun.`, the beginning of an address."""
    if ":" in module:
        return (module.encode(),)
    return (f"{module}.".encode(),) if module[0].isupper() else (f'{module}"'.encode(), f"{module}'".encode())


def is_promising(source: Source) -> bool:
    """Whether the script may begin to listen somewhere: the prefilter."""
    if any(sign.is_in(source.data) for sign in _signs()):
        return not _is_minified(source.data)
    return is_configuration(source.path)


def _is_minified(data: bytes) -> bool:
    return len(data) > 10 * _WRAPPED and data.count(b"\n") * _WRAPPED < len(data)


def imports(source: Source, binds: Sequence[Bind]) -> tuple[str, ...]:
    """The modules, named relative to the script, of a script that begins to listen or may be where a program begins."""
    if not binds and not _is_entry(source):
        return ()
    return tuple(dict.fromkeys(found.decode() for found in _IMPORT.findall(source.data)))[:MOST]


def _is_entry(source: Source) -> bool:
    name = source.path.rpartition("/")[2].partition(".")[0]
    return _COMPONENT.search(source.path) is None and (
        name.lower() in words_of("entries") or source.data.startswith(b"#!")
    )


def binds(source: Source, tokens: Sequence[Token]) -> tuple[Bind, ...]:
    """Where the script begins to listen, in order. tokens: all of the script's."""
    names = Names([token for token in tokens if token.kind != "comment"])
    values = Values(source, names)
    if is_configuration(source.path):
        return tuple(development_binds(source.path, values))[:MOST]
    return tuple(_Calls(names, values).binds())[:MOST]


class _Calls:
    """The calls of a script with which it begins to listen."""

    def __init__(self, names: Names, values: Values) -> None:
        self._names, self._values = names, values

    def binds(self) -> Iterator[Bind]:
        known, looked_at = calls(), 0
        for at, token in enumerate(self._names.tokens):
            if token.kind != "name" or token.text not in known:
                continue
            opened = self._opened(at)
            bind = self._exported(at) if opened is None else self._bind(at, opened)
            if bind is not None:
                yield bind
            looked_at += opened is not None
            if looked_at > _MOST_CALLS:
                return

    def _opened(self, index: int) -> int | None:
        """The bracket of the call whose name stands at an index; None where it is none, but a declaration."""
        names, opened = self._names, index + 1
        if names.is_sign(opened, "<"):
            opened = next((at + 1 for at in range(opened, opened + 12) if names.is_sign(at, ">")), opened)
        if not names.is_sign(opened, "(") or names.at(index - 1).text == "function":
            return None
        close = names.partner(opened)
        is_method = names.at(index - 1).text not in (".", "?.", "new") and names.is_sign(close + 1, "{")
        return None if is_method else opened

    def _bind(self, index: int, opened: int) -> Bind | None:
        names = self._names
        root, is_method = self._root(index)
        is_new = names.at(root - 1).text == "new"
        module = names.module(root)
        if module is None and is_method:
            module = self._typed(index)
        if not is_method and module is None:
            return None
        plain = (module or "").removeprefix("node:").removeprefix("npm:")
        for call in calls()[names.at(index).text]:
            if call.form == "export" or (call.new and not is_new):
                continue
            if any(_is_of(plain, each) for each in call.modules) or (not call.modules and is_method):
                return self._read(call, index, opened, is_known=bool(call.modules))
        return None

    def _exported(self, index: int) -> Bind | None:
        """`export default {port: 3000, fetch}`, which Bun serves."""
        start = index + 1
        if self._names.at(index - 1).text != "export" or not self._names.is_sign(start, "{"):
            return None
        known = self._values.object(start, self._names.partner(start) + 1)
        (call,) = calls()[self._names.at(index).text]
        if known is None or not {"port", "fetch"} <= known.members.keys():
            return None
        port, host = self._from(known, start, call.host_key)
        return Bind(span=self._values.span(index, start), by=call.by, port=port, host=host)

    def _root(self, index: int) -> tuple[int, bool]:
        """The index of the name that the call's chain begins with, and whether something is called on it."""
        names, at = self._names, index
        while names.at(at - 1).text in (".", "?."):
            at -= 2
            while names.at(at).text in (")", "]", "!") and names.at(at).kind == "sign":
                opened = at if names.is_sign(at, "!") else names.partner(at)
                before = names.at(opened - 1)
                if before.kind == "sign" and before.text not in (")", "]", "!"):
                    return opened, True
                at = opened - 1
        return at, at != index

    def _typed(self, index: int) -> str | None:
        """The module of the type of what is called on: `app: FastifyInstance`."""
        names = self._names
        name = names.at(index - 2).text
        for at in names.places(name):
            if names.is_sign(at + 1, ":") and names.at(at + 2).text in names.modules:
                return names.modules[names.at(at + 2).text]
        return None

    def _read(self, call: Call, index: int, opened: int, *, is_known: bool) -> Bind | None:
        arguments = self._names.split(opened + 1, self._names.partner(opened), (",",))
        if call.form == "listen":
            found = self._listening(call, arguments, is_known)
        else:
            found = self._by_options(call, arguments)
        if found is None or (call.must and found[0] is None):
            return None
        port, host = found
        return Bind(
            span=self._values.span(index, index + 1),
            by=call.by,
            port=port,
            host=host,
            function=self._names.function(index),
        )

    def _listening(
        self, call: Call, arguments: list[tuple[int, int]], is_known: bool
    ) -> tuple[Text | None, Text | None] | None:
        """Port and host of `listen(PORT, HOST)` and `listen({port, host})`; None where this is no such call."""
        if not arguments or self._is_function(*arguments[0]):
            return (None, None) if is_known else None
        start, end = arguments[0]
        known = self._values.object(start, end)
        if known is not None:
            if not is_known and "port" not in known.members:
                return None
            return self._from(known, start, call.host_key)
        port = self._values.text(start, end)
        literal = port.literal
        if literal is not None:
            if _NUMBER.fullmatch(literal) is None:
                return None
        elif port.parts[0].variable is not None:
            if not is_known and port.parts[0].fallback is None and not self._says_port(start, end):
                return None
        elif port.parts == HIDDEN and not self._says_port(start, end):
            # Of a name that leads nowhere a known server may take port or options.
            is_value = self._names.at(start).kind == "name" or self._names.is_sign(start, "(")
            if not is_known or call.must or not is_value:
                return None
        return port, self._host(arguments[1:])

    def _says_port(self, start: int, end: int) -> bool:
        return any(
            token.kind in ("name", "string") and is_port_name(token.text)
            for token in self._names.tokens[start:end][:40]
        )

    def _host(self, arguments: list[tuple[int, int]]) -> Text | None:
        """The argument behind the port, where it is a host and not what is called when the server listens."""
        if not arguments or self._is_function(*arguments[0]):
            return None
        start, end = arguments[0]
        host = self._values.text(start, end)
        literal = host.literal
        if literal is not None:
            return None if _NUMBER.fullmatch(literal) else host
        if host.parts != HIDDEN:
            return host
        name = self._names.at(end - 1)
        is_host = name.kind in ("name", "string") and (name.kind == "string" or is_host_variable(name.text))
        return host if is_host or self._names.is_sign(start, "${") or len(arguments) > 2 else None

    def _is_function(self, start: int, end: int) -> bool:
        """Whether an argument is a function, or names one."""
        names = self._names
        if names.at(start).text in ("function", "async"):
            return True
        if any(
            names.is_sign(at, "=>") and names.around(at) == names.around(start)
            for at in range(start, min(end, start + 80))
        ):
            return True
        if end != start + 1 or names.at(start).kind != "name":
            return False
        if any(names.at(at - 1).text == "function" for at in names.places(names.at(start).text)):
            return True
        given = names.value(names.at(start).text, start)
        return given is not None and given.member is None and self._is_function(given.start, names.end_of(given))

    def _by_options(self, call: Call, arguments: list[tuple[int, int]]) -> tuple[Text | None, Text | None] | None:
        """Port and host of `serve({port, hostname}, handler)`."""
        for start, end in arguments:
            known = self._values.object(start, end)
            if known is None and self._is_options(start, end):
                return (None if call.must else self._values.hidden(start)), None
            if known is not None and call.within is not None:
                if call.within not in known.members:
                    return (self._values.hidden(start) if known.open else None), None
                start, end = known.members[call.within]
                known = self._values.object(start, end)
                if known is None:
                    return self._values.hidden(start), self._values.hidden(start)
            if known is not None:
                port, host = self._from(known, start, call.host_key)
                return (None if call.must and "port" not in known.members else port), host
        return None, None

    def _is_options(self, start: int, end: int) -> bool:
        """Whether the name of an argument says that it is an object with settings."""
        name = self._names.at(end - 1)
        return name.kind == "name" and not words_of("options").isdisjoint(words(name.text)[-1:])

    def _from(self, known: Object, index: int, host_key: str) -> tuple[Text | None, Text | None]:
        return self._values.member(known, "port", index), self._values.member(known, host_key, index)


def _is_of(module: str, known: str) -> bool:
    return module == known or (":" in known and module.startswith((f"{known}/", f"{known}@")))
