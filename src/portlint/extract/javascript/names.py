"""The names of a script: the modules that they come from, and the single values that they are given.

It looks at tokens alone: a name counts in the brackets that it is declared in, the innermost first. One that is given
two values there, that is assigned anywhere, or that is a parameter has no value that is known.

Source: ECMAScript 2025, 14.3 Declarations, 16.2 Modules; Node.js, "CommonJS modules".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from portlint.syntax.javascript import Token

END = Token("sign", 0, 0, "")
"""what stands where there is no token"""
_OPEN = frozenset({"(", "[", "{", "${"})
_CLOSE = frozenset({")", "]", "}"})
_ASKING = frozenset({"if", "while", "for", "switch", "catch", "with"})
_CONTINUING = frozenset({"in", "instanceof", "as", "satisfies"})
_DECLARING = frozenset({"const", "let", "var"})
_TELLING = _DECLARING | {"import"}
_LONGEST_TYPE = 60
"""tokens of a type annotation"""
_LONGEST_VALUE = 200
"""tokens of a value, those in brackets not counted"""
_LONGEST_FIELD = 12
"""tokens of a field and its type"""
_DEEPEST_FUNCTION = 100
"""brackets around a call that are looked at"""
_MOST_PLACES = 40
"""places of one name that are looked at"""
_ASSIGNED = -2
_DEEPEST = 6
"""names that lead to a module through one another"""


class Given(Struct, frozen=True):
    """A value that a name is given. start: index of its first token, -1 where it is not known."""

    start: int
    member: str | None = None
    """it is this member of what the tokens say: `const { PORT } = process.env`"""
    fallback: tuple[int, int] | None = None
    """the tokens of what counts where there is no such member"""
    scope: int = _ASSIGNED
    """index of the bracket that it is declared in, -1 for the file; -2: it is no declaration"""


class Names:
    """The tokens of a script, comments left out, with what its names are."""

    def __init__(self, found: Sequence[Token]) -> None:
        self.tokens = found
        self.modules: dict[str, str] = {}
        """names that are imported or required, and the modules"""
        self._given: dict[str, list[Given]] = {}
        self._places: dict[str, list[int]] = {}
        self._partners: dict[int, int] = {}
        self._around: list[int] = []
        self._read()

    def at(self, index: int) -> Token:
        return self.tokens[index] if 0 <= index < len(self.tokens) else END

    def is_sign(self, index: int, text: str) -> bool:
        token = self.at(index)
        return token.kind == "sign" and token.text == text

    def partner(self, index: int) -> int:
        """The index of the bracket that belongs to the one at an index; an end of the tokens where none does."""
        return self._partners.get(index, len(self.tokens) if self.at(index).text in _OPEN else -1)

    def around(self, index: int) -> int:
        """The index of the innermost bracket that is open at an index; -1 where there is none."""
        return self._around[index] if 0 <= index < len(self._around) else -1

    def split(self, start: int, end: int, signs: Collection[str]) -> list[tuple[int, int]]:
        """The stretches between signs that stand in no bracket: the arguments of a call, the members of an object."""
        out, begun, at = [], start, start
        while at < end:
            token = self.tokens[at]
            if token.kind == "sign":
                if token.text in _OPEN:
                    at = self.partner(at)
                elif token.text in signs:
                    out.append((begun, at))
                    begun = at + 1
            at += 1
        if begun < end or out:
            out.append((begun, end))
        return out

    def members(self, start: int, end: int) -> Iterator[tuple[str, int, int, int]]:
        """The members of the object between two indexes (its brackets): key, index of the key, start and end of the
        value. The key of a spread, and of what is computed, is empty."""
        for begun, stop in self.split(start + 1, end, (",",)):
            token = self.at(begun)
            if begun == stop:
                continue
            if token.kind not in ("name", "string", "number"):
                yield "", begun, begun + self.is_sign(begun, "..."), stop
            elif begun + 1 == stop:
                yield token.text, begun, begun, stop
            elif self.is_sign(begun + 1, ":"):
                yield token.text, begun, begun + 2, stop
            else:
                yield token.text, begun, begun, stop

    def expression_end(self, start: int) -> int:
        """The index behind the expression that begins at an index; -1 where it is too long to be a port or a server."""
        at = start
        for _ in range(_LONGEST_VALUE):
            token = self.at(at)
            if token is END:
                return at
            if token.kind == "sign":
                if token.text in (",", ";") or token.text in _CLOSE:
                    return at
                if token.text in _OPEN:
                    if token.fresh and at > start and token.text == "{" and self._ends_value(at - 1):
                        return at
                    at = self.partner(at)
            elif token.fresh and at > start and token.text not in _CONTINUING and self._ends_value(at - 1):
                return at
            at += 1
        return -1

    def _ends_value(self, index: int) -> bool:
        token = self.at(index)
        return token.kind != "sign" or token.text in _CLOSE

    def value(self, name: str, use: int) -> Given | None:
        """The only value that a name (`PORT`, `this.port`) has at the place of a token; None where it is not known."""
        found: Sequence[Given] = self._given.get(name, ())
        if all(each.scope != _ASSIGNED for each in found):
            found = self._visible(found, use)
        if len(found) != 1 or found[0].start < 0 or self._is_parameter(name, use):
            return None
        return found[0]

    def _visible(self, found: Sequence[Given], use: int) -> Sequence[Given]:
        """The declarations of the innermost bracket around a place that has some."""
        at = self.around(use)
        for _ in range(_DEEPEST_FUNCTION):
            if inner := [each for each in found if each.scope == at]:
                return inner
            if at < 0:
                break
            at = self.around(at)
        return ()

    def end_of(self, given: Given) -> int:
        """The index behind the tokens of a value."""
        return max(given.start, self.expression_end(given.start))

    def places(self, name: str) -> Sequence[int]:
        """The indexes at which a name stands, the first ones."""
        return self._places.get(name, ())[:_MOST_PLACES]

    def _is_parameter(self, name: str, use: int) -> bool:
        """Whether a name is the parameter of a function that a place is in."""
        places = self._places.get(name, ())
        return len(places) > _MOST_PLACES or any(self._is_parameter_at(at, use) for at in places)

    def _is_parameter_at(self, index: int, use: int) -> bool:
        """Whether the name at an index is a parameter: `(port) => {`, `port =>`, `start(port) {`."""
        if self.is_sign(index + 1, "=>"):
            return self._is_in(index + 2, use)
        before, behind = self.at(index - 1), self.at(index + 1)
        if before.kind != "sign" or before.text not in ("(", ",", "{", "..."):
            return False
        if behind.kind != "sign" or behind.text not in (")", ",", ":", "=", "?", "?:", "}"):
            return False
        opened = self.around(index)
        for _ in range(_DEEPEST):
            if self.is_sign(opened, "{") and self.at(opened - 1).text in ("(", ","):
                opened = self.around(opened)
        if not self.is_sign(opened, "(") or self.at(opened - 1).text in _ASKING:
            return False
        at = self.partner(opened) + 1
        if self.is_sign(at, ":"):
            at = next((i for i in range(at, at + _LONGEST_TYPE) if self.at(i).text in ("=>", "{")), at)
        if self.is_sign(at, "=>"):
            return self._is_in(at + 1, use)
        return self.is_sign(at, "{") and at < use < self.partner(at)

    def _is_in(self, start: int, use: int) -> bool:
        """Whether a place lies in the body of an arrow function, which begins at an index."""
        if self.is_sign(start, "{"):
            return start < use < self.partner(start)
        return start <= use and (use < (end := self.expression_end(start)) or end < 0)

    def function(self, index: int) -> str:
        """The named functions that an index stands in, dotted."""
        out: list[str] = []
        at = self.around(index)
        for _ in range(_DEEPEST_FUNCTION):
            if at < 0:
                break
            if self.is_sign(at, "{") and (name := self._function_at(at)):
                out.append(name)
            at = self.around(at)
        return ".".join(reversed(out))

    def _function_at(self, index: int) -> str:
        """The name of the function whose body opens at an index; empty where it is none, or has no name."""
        at = index - 1
        if self.is_sign(at, "=>"):
            at -= 1
            if self.is_sign(at, ")"):
                at = self.partner(at)
            return self._target(at - 1 - (self.at(at - 1).text == "async"))
        for back in range(at, max(-1, at - _LONGEST_TYPE), -1):
            if self.is_sign(back, ":") and self.is_sign(back - 1, ")"):
                at = back - 1
                break
            if self.at(back).kind == "sign" and self.at(back).text not in ("<", ">", ".", "|", "[", "]"):
                break
        if not self.is_sign(at, ")"):
            return ""
        opened = self.partner(at)
        name = self.at(opened - 1)
        if name.kind != "name" or name.text in _ASKING or self.is_sign(opened - 2, "."):
            return ""
        return name.text if name.text != "function" else self._target(opened - 2)

    def _target(self, index: int) -> str:
        """`start` of `const start =` and `start:`, where the sign stands at an index."""
        if self.is_sign(index, "=") or self.is_sign(index, ":"):
            return self.at(index - 1).text if self.at(index - 1).kind == "name" else ""
        return ""

    def module(self, start: int, depth: int = 0) -> str | None:
        """The module that the value beginning at an index comes from: `express` for `express()`, for `await app` where
        `app = express()`, for `require("express")()`; `Bun` for `Bun.serve`."""
        while self.at(start).text in ("await", "new", "(", "return"):
            start += 1
        token = self.at(start)
        if token.kind != "name" or depth > _DEEPEST:
            return None
        if token.text in ("require", "import") and self.is_sign(start + 1, "(") and self.at(start + 2).kind == "string":
            return self.at(start + 2).text
        name = token.text
        if name == "this" and self.is_sign(start + 1, ".") and f"this.{self.at(start + 2).text}" in self._given:
            name = f"this.{self.at(start + 2).text}"
        if name in self.modules:
            return self.modules[name]
        if name in ("Bun", "Deno"):
            return name
        known = self._given.get(name, ())
        for given in [*self._visible(known, start)[:2], *known[:4]]:
            if 0 <= given.start != start and (found := self.module(given.start, depth + 1)):
                return found
        return None

    def _read(self) -> None:
        """Finds the brackets that belong together, where names stand, and what is imported, declared and assigned."""
        opened: list[int] = []
        around, partners, places = self._around, self._partners, self._places
        outer, telling = -1, list[int]()
        for at, token in enumerate(self.tokens):
            text = token.text
            if token.kind == "name":
                if text in places:
                    places[text].append(at)
                else:
                    places[text] = [at]
                if text in _TELLING:
                    telling.append(at)
            elif token.kind == "sign":
                if text in _OPEN:
                    around.append(outer)
                    opened.append(at)
                    outer = at
                    continue
                if text in _CLOSE and opened:
                    start = opened.pop()
                    partners[start], partners[at] = at, start
                    outer = opened[-1] if opened else -1
                elif text == "=":
                    telling.append(at)
            around.append(outer)
        for at in telling:
            self._told(at, self.tokens[at].text)

    def _told(self, index: int, text: str) -> None:
        if text == "=":
            self._assignment(index)
        elif text in _DECLARING:
            self._declarations(index + 1)
        elif not self.is_sign(index - 1, "."):
            self._import(index)

    def _import(self, index: int) -> None:
        """`import a, { b as c } from "m"`, `import * as d from "m"`, `import e = require("m")`."""
        at, found = index + 1, []
        while at < index + 400 and self.at(at).kind in ("name", "sign") and self.at(at).text not in ("(", ";", ""):
            if self.at(at).kind == "name" and self.at(at).text not in ("from", "type", "as"):
                if self.is_sign(at + 1, "=") and self.at(at + 2).text == "require":
                    self.modules[self.at(at).text] = self.at(at + 4).text
                    return
                if self.at(at + 1).text != "as":
                    found.append(self.at(at).text)
            at += 1
        if self.at(at).kind == "string":
            self.modules.update(dict.fromkeys(found, self.at(at).text))

    def _declarations(self, index: int) -> None:
        """The names that are declared behind `const`, `let` or `var`: `a = 1, { b, c: d = 2 } = e`."""
        at = index
        for _ in range(50):
            if self.is_sign(at, "{"):
                close = self.partner(at)
                if self.is_sign(close + 1, "="):
                    self._destructured(at, close, close + 2)
                    at = self.expression_end(close + 2)
                else:
                    return
            elif self.at(at).kind == "name":
                name, at = self.at(at).text, at + 1
                if self.is_sign(at, ":"):
                    at = next((i for i in range(at, at + _LONGEST_TYPE) if self.at(i).text in ("=", ";", "of", "")), at)
                if not self.is_sign(at, "="):
                    if not self.is_sign(at, ","):
                        if self.at(at).text in ("of", "in"):
                            self._add(name, Given(-1, scope=self.around(index)))
                        return
                else:
                    self._add(name, Given(at + 1, scope=self.around(index)))
                    at = self.expression_end(at + 1)
            else:
                return
            if not self.is_sign(at, ","):
                return
            at += 1

    def _destructured(self, start: int, end: int, source: int) -> None:
        for begun, stop in self.split(start + 1, end, (",",)):
            key = self.at(begun)
            if key.kind not in ("name", "string") or begun == stop:
                continue
            name = begun + 2 if self.is_sign(begun + 1, ":") else begun
            fallback = (name + 2, stop) if self.is_sign(name + 1, "=") else None
            self._add(self.at(name).text, Given(source, key.text, fallback, self.around(start)))

    def _assignment(self, index: int) -> None:
        """`port = 3000` and `this.port = 3000`, which is no declaration; and fields of classes."""
        target, before = self.at(index - 1), self.at(index - 2)
        if target.kind != "name" or before.text in _DECLARING or before.text == ",":
            return
        if before.text in (".", "?."):
            if self.at(index - 3).text == "this":
                self._add(f"this.{target.text}", Given(index + 1))
            return
        field = self._field(index)
        if field is not None:
            self._add(f"this.{field}", Given(index + 1))
            return
        is_block = before.text == "{" and self.at(index - 3).text in (")", "=>", "else", "{", "}", ";", "try")
        if before.kind == "sign" and before.text in ("|", "&", ">", ":", "(", "{") and not is_block:
            return  # the type of a declaration, or what counts where nothing is handed over
        self._add(target.text, Given(index + 1))

    def _field(self, index: int) -> str | None:
        """The field of a class that is given the value behind the sign at an index: `private port: number = 3000`."""
        body = self.around(index)
        if not self.is_sign(body, "{") or all(self.at(at).text != "class" for at in range(body - 8, body)):
            return None
        for at in range(index - 1, max(body, index - _LONGEST_FIELD), -1):
            if self.is_sign(at, ":") and self.at(at - 1).kind == "name":
                return self.at(at - 1).text
            if self.at(at).kind == "sign" and self.at(at).text in (";", "}", ")", "=", "=>"):
                break
        return self.at(index - 1).text

    def _add(self, name: str, given: Given) -> None:
        self._given.setdefault(name, []).append(given)
