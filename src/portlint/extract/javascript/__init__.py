"""JavaScript and TypeScript, JSX, and the scripts of Vue and Svelte components.

The tokens around a number or a string tell what it is: the key or the target that it is assigned to, the variable that
it is the fallback of, the call and the argument's place, the list or object that holds it. Which calls take ports is in
`rules/formats/javascript.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands import find_in_text, find_in_words
from portlint.extract.commands.words import in_sentence
from portlint.extract.format import Format
from portlint.extract.javascript import binds
from portlint.extract.prefilter import Calls, shows_port
from portlint.extract.scan.literals import in_comment, placed
from portlint.extract.scan.port_bounds import BOUNDS, names_limit
from portlint.extract.scan.text import Hit, find, is_port, port_list
from portlint.knowledge import rule_data
from portlint.knowledge.identifiers import is_address_name, is_port_name, words
from portlint.model import Facts, PortLiteral, PortReference, Problem, Role, Source
from portlint.syntax.interpolation import HOLE
from portlint.syntax.javascript import STATEMENTS, Token, tokens
from portlint.syntax.shell import Word

_ENDINGS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte", ".astro")
_COMPONENTS = (".vue", ".svelte", ".astro")
_SCRIPT = regex(r"<script\b[^>]{0,400}>", re.IGNORECASE)
_GENERATED_NAME = regex(r"\.gen\.[jt]sx?$|\.generated\.|\.bundle\.js$|[.-]min\.[mc]?js$")
_LARGEST_BY_HAND = 400_000
"""bytes; of ten larger files in a hundred repositories, a bundler or a generator wrote all"""
_COMPARING = frozenset({"==", "===", "!=", "!==", "<", ">", "<=", ">="})
_ORDERING = frozenset({"<", ">", "<=", ">="})
_SCHEMES = frozenset({"http", "https", "ws", "wss"})
_DEFAULTING = frozenset({"||", "??"})
_DIGITS = tuple(b"%d" % digit for digit in range(1, 10))
_NONE = Token("sign", 0, 0, ";")
_DEEPEST = 3000
_NEAR = 80
"""characters between a variable and its fallback"""


def named(path: str) -> bool:
    low = path.lower()
    return low.endswith(_ENDINGS) and not low.endswith((".min.js", ".min.mjs", ".d.ts"))


@cache
def _rules(key: str) -> Any:
    return rule_data.load("formats/javascript.yaml")[key]


@cache
def _names(key: str) -> frozenset[str]:
    return frozenset(_rules(key))


def extract(source: Source) -> Facts:
    """The ports of a script or a component."""
    generated = _GENERATED_NAME.search(source.path) is not None
    shows_literals, is_component = is_promising(source.data), source.path.lower().endswith(_COMPONENTS)
    if len(source.data) > _LARGEST_BY_HAND:
        return _bundle(source) if shows_literals else Facts(path=source.path, format="javascript", generated=generated)
    if shows_literals and is_component:
        return _component(source)
    listens = not (generated or is_component) and binds.is_promising(source)
    read = list(tokens(source.text)) if listens else tokens(source.text) if shows_literals else ()
    reader = _Reader(source)
    if shows_literals:
        reader.read(read)
    facts = _facts(source, reader.literals, reader.references, generated)
    if generated or is_component:
        return facts
    found = binds.binds(source, read) if isinstance(read, list) else ()
    modules = binds.imports(source, found)
    return replace(facts, binds=found, imports=modules) if found or modules else facts


def is_promising(data: bytes) -> bool:
    """Whether the bytes show that a port may be written in them: the prefilter."""
    if not any(sign in data for sign in (b"env", *_DIGITS)):
        return False
    return shows_port(data) or _calls().are_in(data)


@cache
def _calls() -> Calls:
    calls = {name for name, kinds in _rules("calls").items() if {"port", "command"} & set(kinds)}
    return Calls({*calls, *_rules("commands")})


def _facts(
    source: Source, literals: Iterable[PortLiteral], references: Iterable[PortReference] = (), generated: bool = False
) -> Facts:
    unique = {found.span.start: found for found in reversed(list(literals))}
    return Facts(
        path=source.path,
        format="javascript",
        literals=tuple(unique[start] for start in sorted(unique)),
        references=tuple(references),
        generated=generated,
    )


def _bundle(source: Source) -> Facts:
    """What a bundler wrote: its URLs alone, which is quick."""
    hits = [hit for hit in find(source.text, whole=False) if hit.form == "url"]
    note = Problem(source.span(0, 1), "a bundle: only its URLs are read", partly=True)
    return replace(_facts(source, _placed(source, 0, hits, ""), (), True), problems=(note,))


def _component(source: Source) -> Facts:
    """A Vue, Svelte or Astro component: its scripts, and the URLs in the rest."""
    text, position = source.text, 0
    literals: list[PortLiteral] = []
    references: list[PortReference] = []
    while True:
        opening = _SCRIPT.search(text, position)
        rest = opening.end() if opening else len(text)
        hits = [hit for hit in find(text[position:rest], whole=False) if hit.form == "url"]
        literals += _placed(source, position, hits, "")
        if opening is None:
            break
        close = text.find("</script", opening.end())
        position = len(text) if close < 0 else close
        reader = _Reader(source.part(opening.end(), position))
        reader.read(tokens(reader.source.text))
        literals += reader.literals
        references += reader.references
    return _facts(source, literals, references)


def _placed(
    source: Source, offset: int, hits: Iterable[Hit], subject: str, prose: bool = False
) -> Iterator[PortLiteral]:
    for found in placed(source, "javascript", offset, hits, subject=subject, prose=prose):
        yield replace(found, referable=True)


class _Frame(Struct):
    """An open bracket, or the file."""

    sign: str
    holder: str = ""
    """the key or target that the bracket's content is the value of"""
    callee: str = ""
    caller: str = ""
    """of a call: the name before the dot"""
    key: str = ""
    typed: bool = False
    """the key has a type behind it: `port: number = 3000`"""
    index: int = 0
    questions: int = 0
    """`?` without their `:` yet"""
    last: str = ""
    """the last name or index of the operand that is being read"""
    environment: bool = False
    """that operand is a variable of the environment"""
    left: str = ""
    """the operand before `||`, `??` or a comparison"""
    left_environment: bool = False
    chain: str = ""
    """the name before the last dot"""
    subject: str = ""
    """of a call: what its method is called on: `port` in `expect(port).toBe(3000)`"""
    first: str = ""
    """of a call: the last name in its first argument"""
    label: str = ""
    """of a call: its first argument, where it is a string"""
    values: list[Word] = field(default_factory=list)
    """of a list: its strings"""


class _Reader(Struct):
    source: Source
    literals: list[PortLiteral] = field(default_factory=list)
    references: list[PortReference] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=lambda: [_Frame("")])
    before: Token = _NONE
    second: Token = _NONE
    third: Token = _NONE
    environment: list[Token] = field(default_factory=list)
    """names of port variables behind `process.env.` or `import.meta.env.`"""

    def read(self, read: Iterable[Token]) -> None:
        """read: the tokens of the script."""
        for token in read:
            if token.kind == "comment":
                self.literals += in_comment(self.source, "javascript", token.start, token.end)
                continue
            self._one(token)
            self.third, self.second, self.before = self.second, self.before, token

        by_variable: dict[str, list[PortLiteral]] = {}
        for found in self.literals:
            if found.variable:
                by_variable.setdefault(found.variable, []).append(found)
        for token in self.environment:
            start = token.start + self.source.base
            near = (f for f in by_variable.get(token.text, ()) if start < f.span.start < start + _NEAR)
            self.references.append(
                PortReference(
                    path=self.source.path, span=self.source.span(token.start, token.end), variable=token.text,
                    role=Role.SETTING, fallback=next(near, None), subject=token.text,
                )
            )  # fmt: skip

    def _one(self, token: Token) -> None:
        frame = self.stack[-1]
        if token.fresh and frame.sign in ("", "{") and token.kind == "name" and self._ended():
            self._statement(frame)
        if token.kind == "name":
            if token.text in STATEMENTS:
                self._statement(frame)
            frame.environment = self.before.text in (".", "?.") and (frame.environment or frame.last == "env")
            if frame.last == "env" and self.before.text in (".", "?.") and is_port_name(token.text):
                self.environment.append(token)
            frame.last = token.text
            if self.before.text in _COMPARING and self.second.kind == "number" and is_port_name(token.text):
                self._number(self.second, "comparison", token.text)
        elif token.kind == "number":
            self._value(token, frame)
            frame.last = ""
        elif token.kind == "string":
            self._value(token, frame)
            if frame.sign == "[" and frame.callee:
                frame.last = token.text
        elif token.kind == "sign":
            self._sign(token, frame)

    def _ended(self) -> bool:
        return self.before.kind != "sign" or self.before.text in (")", "]", "}")

    def _statement(self, frame: _Frame) -> None:
        frame.key, frame.typed, frame.questions, frame.left, frame.left_environment = "", False, 0, "", False
        frame.last, frame.environment = "", False

    def _sign(self, token: Token, frame: _Frame) -> None:
        sign = token.text
        if sign in ("(", "[", "{", "${"):
            if len(self.stack) < _DEEPEST:
                self.stack.append(self._opened(sign, frame))
        elif sign in (")", "]", "}"):
            if len(self.stack) > 1:
                self._closed(frame)
        elif sign in (",", ";"):
            if frame.index == 0:
                frame.first = frame.last
            self._statement(frame)
            frame.index += sign == ","
        elif sign in (".", "?."):
            frame.chain = frame.last
        elif sign == "?":
            frame.questions += 1
            frame.last = ""
        elif sign in (":", "?:"):
            if frame.questions and sign == ":":
                frame.questions -= 1
            elif self.before.kind in ("name", "string"):
                frame.key, frame.typed = self.before.text, True
            elif self.before.text == "]":
                frame.key, frame.typed = frame.last, True
            if sign == ":" and self.before.kind == "number":
                self._numeric_key(self.before, frame)
            frame.last, frame.environment = "", False
        elif sign == "=":
            keeps = frame.typed and is_port_name(frame.key) and not is_port_name(frame.last)
            if not keeps:
                frame.key = frame.last
            frame.typed, frame.questions = False, 0
            frame.last, frame.environment, frame.left = "", False, ""
        elif sign in _DEFAULTING or sign in _COMPARING:
            frame.left, frame.left_environment = frame.last, frame.environment
            frame.last, frame.environment = "", False

    def _opened(self, sign: str, frame: _Frame) -> _Frame:
        if sign == "(":
            callee = self.before.text if self.before.kind == "name" else ""
            dotted = self.second.text in (".", "?.") and callee
            caller = self.third.text if dotted and self.third.kind == "name" else ""
            return _Frame(
                sign,
                holder=_owner(frame),
                callee=callee,
                caller=caller,
                left=frame.left if not callee else "",
                subject=frame.chain if dotted else "",
            )
        if sign == "[":
            is_index = (self.before.kind == "name" and self.before.text not in STATEMENTS) or self.before.text in (
                ")",
                "]",
            )
            return _Frame(sign, holder=_owner(frame), callee=self.before.text if is_index else "")
        if sign == "${":
            return _Frame(sign)
        if self.before.kind == "name" and self.second.text in ("enum", "class", "interface", "namespace"):
            return _Frame(sign, holder=self.before.text if self.second.text == "enum" else "")
        if self.before.text in (")", "=>", "else", "try", "finally", "do", ";", "{", "}"):
            return _Frame(sign)
        return _Frame(sign, holder=_owner(frame))

    def _closed(self, frame: _Frame) -> None:
        self.stack.pop()
        outer = self.stack[-1]
        if frame.sign == "(" and (frame.callee in _names("transparent") or frame.callee in _names("named")):
            label = frame.label if frame.callee in _names("named") else ""
            outer.last = label or frame.last or frame.left
            outer.environment = frame.environment or frame.left_environment
        elif frame.sign == "[" and frame.callee:
            outer.environment = outer.last == "env" or frame.environment
            outer.last = frame.last
        elif frame.sign == "[":
            self._list(frame, outer)
            outer.last = ""
        elif frame.sign == "{":
            outer.last, outer.environment = "", False

    def _list(self, frame: _Frame, outer: _Frame) -> None:
        """`["--port", "3000"]`: the words of a command."""
        if len(frame.values) > 1 and any(word.text.startswith("-") for word in frame.values):
            before = [Word(0, 0, outer.label)] if outer.label and " " not in outer.label else []
            floor = frame.values[0].start
            hits = [hit for hit in find_in_words([*before, *frame.values]) if hit.start >= floor]
            self._add(hits, 0, outer.label or _owner(frame))

    def _value(self, token: Token, frame: _Frame) -> None:
        """A number or a string: a port by its place, or a text with ports in it."""
        if frame.sign == "(" and frame.index == 0 and token.kind == "string" and self.before.text == "(":
            frame.label = token.text[:80]
        if frame.sign == "[" and token.kind == "string":
            frame.values.append(Word(token.start, token.end, token.text, '"'))
        if token.kind == "number":
            number = token.text.replace("_", "")
            if len(number) > 5 or not number.isdigit() or (number[0] == "0") or not is_port(int(number)):
                return
            if self.before.text == "-" and (self.second.kind == "sign" and self.second.text not in (")", "]")):
                return
        bare = token.kind == "number" or (bool(token.text) and token.text[:1].isdigit() and bool(port_list(token.text)))
        if not bare:
            if token.kind == "string":
                self._text(token, frame)
            return
        found = self._meaning(token, frame)
        if found is not None:
            name, role, form, variable = found
            self._bare(token, name, role, form, variable, _owner(frame) or name)
        elif token.kind == "string":
            self._text(token, frame)

    def _meaning(self, token: Token, frame: _Frame) -> tuple[str, Role, str, str | None] | None:
        """What a bare number is at its place: name, role, form and variable; None where it is no port."""
        sign = self.before.text if self.before.kind == "sign" else ""
        number = int(token.text.replace("_", "")) if token.kind == "number" else 0
        if sign in _COMPARING:
            bound = sign in _ORDERING and number in BOUNDS
            return (frame.left, Role.SETTING, "comparison", None) if is_port_name(frame.left) and not bound else None
        if sign in ("*", "/", "%", "<<", ">>", "&", "|", "^", "*=", "+=", "-="):
            return None
        if sign in ("+", "-"):
            if self.second.kind == "string" and self.second.text.endswith(":") and sign == "+":
                return "", Role.CONNECT, "address", None
            if 0 < number < 1024 or not is_port_name(frame.key):
                return None
        if sign in _DEFAULTING and frame.left:
            if is_port_name(frame.left):
                return frame.left, Role.FALLBACK, "fallback", frame.left if frame.left_environment else None
            if frame.left_environment:
                return None
        return self._by_frames(frame)

    def _by_frames(self, frame: _Frame) -> tuple[str, Role, str, str | None] | None:
        """By the key, the list, the object or the call that holds it, from the inside out."""
        for depth in range(len(self.stack) - 1, max(len(self.stack) - 6, -1), -1):
            level = self.stack[depth]
            if level.key:
                if is_port_name(level.key):
                    if any(outer.callee in ("listen", "serve") for outer in self.stack[max(depth - 4, 0) : depth]):
                        return level.key, Role.BIND, "value", None
                    return level.key, Role.SETTING, "value" if level is frame else "item", None
                if level.sign == "{" and is_port_name(level.holder) and "ports" in words(level.holder):
                    return level.key, Role.SETTING, "item", None
                return None
            if level.sign == "(":
                verdict = self._by_call(level)
                if verdict is not None:
                    return verdict
                if level.callee in _names("defaults"):
                    outer = self.stack[depth - 1]
                    name = outer.key or level.subject
                    return (
                        (name, Role.FALLBACK, "fallback", name if name.isupper() else None)
                        if is_port_name(name)
                        else None
                    )
                if level.callee and (level.callee not in _names("transparent") or level.index > 0):
                    return None
            elif level.sign == "[" and level.callee:
                return None
            elif level.sign in ("{", "["):
                if is_port_name(level.holder) and level.holder:
                    return level.holder, Role.SETTING, "item", None
                if level.sign == "{":
                    return None
            else:
                return None
        return None

    def _by_call(self, call: _Frame) -> tuple[str, Role, str, str | None] | None:
        kinds = _rules("calls").get(call.callee)
        if kinds is not None and call.index < len(kinds) and kinds[call.index] == "port":
            callers = _rules("callers").get(call.callee)
            if callers is None or call.caller.lower() in callers:
                role = Role.BIND if call.callee.startswith(("listen", "bind")) else Role.CONNECT
                return call.callee, role, "argument", None
        if call.callee in _names("matchers"):
            name = call.subject if call.index == 0 else call.first
            return (name, Role.SETTING, "comparison", None) if call.index < 2 and is_port_name(name) else None
        if call.callee in _names("named") and call.index > 0 and is_port_name(call.label):
            environment = call.label.isupper()
            form = "fallback" if environment else "argument"
            return call.label, Role.FALLBACK if environment else Role.SETTING, form, call.label if environment else None
        parts = words(call.callee)
        if ("port" in parts or "ports" in parts) and is_port_name(call.callee) and call.index == 0:
            return call.callee, Role.SETTING, "argument", None
        return None

    def _bare(self, token: Token, name: str, role: Role, form: str, variable: str | None, subject: str) -> None:
        if token.kind == "number":
            self._number(token, form, name, role, variable, subject)
            return
        hits = [
            hit._replace(form=form, role=role, name=name or None, variable=variable)
            for hit in port_list(token.text)
            if is_port(hit.port)
        ]
        self._add(hits, token.start, subject)

    def _number(
        self, token: Token, form: str, name: str, role: Role = Role.SETTING, variable: str | None = None,
        subject: str = "",
    ) -> None:  # fmt: skip
        port = token.text.replace("_", "")
        if not port.isdigit() or not is_port(int(port)) or (int(port) in BOUNDS and names_limit(name)):
            return
        hit = Hit(
            start=0,
            end=token.end - token.start,
            port=int(port),
            form=form,
            role=role,
            name=name or None,
            variable=variable,
        )
        self._add([hit], token.start, subject or name)

    def _numeric_key(self, token: Token, frame: _Frame) -> None:
        """`const PORTS = {3000: "web"}`: a key that is a port."""
        if frame.sign == "{" and is_port_name(frame.holder) and "ports" in words(frame.holder) and len(token.text) >= 2:
            self._number(token, "item", frame.holder)

    def _text(self, token: Token, frame: _Frame) -> None:
        """A string that is more than a number."""
        text = token.text
        if not any(char.isdigit() for char in text):
            return
        # In JSX text, `http:` looks like a key.
        owner = "" if frame.key in _SCHEMES else frame.key or frame.holder or frame.callee
        kinds = _rules("calls").get(frame.callee, ()) if frame.sign == "(" else ()
        kind = kinds[frame.index] if frame.index < len(kinds) else ""
        if kind == "command" or (owner in _names("commands") and " " in text):
            self._add(find_in_text(text), token.start, owner)
            return
        address = kind == "address" or (bool(frame.key) and (is_address_name(frame.key) or is_port_name(frame.key)))
        hits = find(text.replace(HOLE + '"', '""'), address=address and len(text) < 2000, raw=text)
        lines = text.replace('\x00"', '""')
        live: list[Hit] = []
        prose: list[Hit] = []
        for hit in hits:
            (prose if in_sentence(lines, hit) or (hit.form == "word" and owner in _names("prose")) else live).append(
                hit
            )
        name = owner or None
        self._add([hit if hit.name else hit._replace(name=name) for hit in live], token.start, owner)
        self.literals += _placed(self.source, token.start, prose, owner, prose=True)
        if frame.left and self.before.text in _DEFAULTING and frame.left_environment and frame.left.isupper():
            made = [replace(found, variable=frame.left) for found in self.literals[-len(live) :]] if live else []
            if made:
                self.literals[-len(live) :] = made

    def _add(self, hits: Iterable[Hit], offset: int, subject: str) -> None:
        subject = subject.replace(HOLE, "")[:80]
        self.literals += _placed(self.source, offset, (hit for hit in hits if is_port(hit.port)), subject)


def _owner(frame: _Frame) -> str:
    """The name that a value in this frame belongs to."""
    return frame.key or frame.holder


FORMAT = Format(name="javascript", named=named, extract=extract)
