"""What an expression of a script comes to, as a text: numbers, strings, variables of the environment with what counts
where they are not set, arguments of the command line. All else is hidden.

Source: ECMAScript 2025, 13.13 Binary Logical Operators; Node.js, `process.env` and `process.argv`.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.extract.javascript.names import Given, Names
from portlint.knowledge.javascript_binds import words_of
from portlint.model import Source, Span
from portlint.model.programs import Part, Scope, Text
from portlint.syntax.interpolation import HOLE

HIDDEN = (Part(hidden=True),)
_DEEPEST = 12
"""levels of names, calls and alternatives that lead to a value"""
_PORT = regex(r"[0-9]{1,5}|0x[0-9A-Fa-f]{1,4}")
_HOST = regex(r"(?!-)[A-Za-z0-9.-]{1,80}|\[?[0-9A-Fa-f:.]{2,45}\]?|\*")
_VARIABLE = regex(r"[A-Za-z_]\w{0,80}")
_ALTERNATIVES = ("||", "??")


class Object(Struct, frozen=True):
    """An object literal as far as it is known. Values are stretches of tokens."""

    members: dict[str, tuple[int, int]]
    keys: dict[str, int]
    """index of the token of each key"""
    unsure: frozenset[str] = frozenset()
    """keys behind which a spread stands that may give them another value"""
    unknown: int = -1
    """index of the token of a spread or a computed key, so that it may have other keys; -1: there is none"""

    @property
    def open(self) -> bool:
        return self.unknown >= 0


class Values:
    """The values in one script."""

    def __init__(self, source: Source, names: Names) -> None:
        self._source, self.names = source, names

    def text(self, start: int, end: int) -> Text:
        """The text that the tokens between two indexes come to."""
        return Text(self.parts(start, end), self.span(start, end))

    def hidden(self, index: int) -> Text:
        """A text at the token of an index of which nothing is known."""
        return Text(HIDDEN, self.span(index, index + 1))

    def span(self, start: int, end: int) -> Span:
        """The place of some tokens; of those on several lines, that of the first one."""
        first, last = self.names.at(start), self.names.at(max(end - 1, start))
        line = self._source.text.find("\n", first.start, last.end)
        return self._source.span(first.start, last.end if line < 0 else first.end)

    def parts(self, start: int, end: int, depth: int = 0) -> tuple[Part, ...]:
        """The same as `text`, without the place."""
        start, end = self.bare(start, end)
        if depth > _DEEPEST or start >= end:
            return HIDDEN
        if len(pieces := self.names.split(start, end, ("?",))) > 1:
            return self._conditional(pieces, depth)
        if len(pieces := self.names.split(start, end, _ALTERNATIVES)) > 1:
            return self._alternatives(pieces, depth)
        return self._single(start, end, depth)

    def bare(self, start: int, end: int) -> tuple[int, int]:
        """Without brackets around, a sign in front, and what TypeScript says of its type."""
        names = self.names
        while start < end:
            if names.is_sign(start, "(") and names.partner(start) == end - 1:
                start, end = start + 1, end - 1
            elif names.is_sign(start, "+") or names.at(start).text == "await":
                start += 1
            elif names.is_sign(end - 1, "!"):
                end -= 1
            else:
                break
        for at in range(start + 1, min(end, start + 40)):
            is_type = names.at(at).kind == "name" and names.at(at).text in ("as", "satisfies")
            if is_type and names.around(at) == names.around(start):
                is_last = len(names.split(at, end, (*_ALTERNATIVES, "?"))) == 1
                return self.bare(start, at) if is_last else (start, end)
        return start, end

    def _alternatives(self, pieces: list[tuple[int, int]], depth: int) -> tuple[Part, ...]:
        """`process.env.PORT || argument || 3000`: each but the last is a variable that may not be set."""
        out = self.parts(*pieces[-1], depth + 1)
        for start, end in reversed(pieces[:-1]):
            out = self._with_fallback(self.parts(start, end, depth + 1), out)
        return out

    @staticmethod
    def _with_fallback(found: tuple[Part, ...], fallback: tuple[Part, ...]) -> tuple[Part, ...]:
        if len(found) != 1 or found[0].variable is None:
            return found
        (part,) = found
        inner = fallback if part.fallback is None else Values._with_fallback(part.fallback, fallback)
        return (Part(variable=part.variable, scope=part.scope, fallback=inner),)

    def _conditional(self, pieces: list[tuple[int, int]], depth: int) -> tuple[Part, ...]:
        """`process.env.PORT ? Number(process.env.PORT) : 3000`."""
        if len(pieces) != 2:
            return HIDDEN
        branches = self.names.split(*pieces[1], (":",))
        asked = self.parts(*pieces[0], depth + 1)
        if len(branches) != 2 or len(asked) != 1 or asked[0].variable is None:
            return HIDDEN
        if self.parts(*branches[0], depth + 1) != asked:
            return HIDDEN
        return self._with_fallback(asked, self.parts(*branches[1], depth + 1))

    def _single(self, start: int, end: int, depth: int) -> tuple[Part, ...]:
        names = self.names
        token = names.at(start)
        if end == start + 1:
            if token.kind == "number":
                number = token.text.replace("_", "")
                return self._literal(number, token.start if number == token.text else -1)
            if token.kind == "string":
                return self._literal(token.text, token.start)
            if token.kind == "name":
                if token.text in ("undefined", "null"):
                    return HIDDEN
                given = names.value(token.text, start)
                return HIDDEN if given is None else self._given(given, depth)
            return HIDDEN
        if (variable := self._variable(start, end)) is not None:
            return (variable,)
        if names.is_sign(end - 1, ")") and (opened := names.partner(end - 1)) > start:
            return self._call(start, opened, end - 1, depth)
        if token.text == "this" and end == start + 3 and names.is_sign(start + 1, "."):
            given = names.value(f"this.{names.at(start + 2).text}", start)
            return HIDDEN if given is None else self._given(given, depth)
        if end >= start + 3 and names.is_sign(end - 2, ".") and names.at(end - 1).kind == "name":
            known = self.object(start, end - 2, depth + 1)
            if known is not None and not self._is_changed(end - 1):
                return self._member(known, names.at(end - 1).text, depth)
        return HIDDEN

    def _literal(self, text: str, start: int) -> tuple[Part, ...]:
        """A port or a host; any other text may be a secret."""
        if HOLE in text or (_PORT.fullmatch(text) is None and _HOST.fullmatch(text) is None):
            return HIDDEN
        return (Part(text=text, start=start + self._source.base if start >= 0 else -1),)

    def _given(self, given: Given, depth: int) -> tuple[Part, ...]:
        end = self.names.end_of(given)
        if given.member is None:
            return self.parts(given.start, end, depth + 1)
        if self.is_environment(given.start, end):
            found: tuple[Part, ...] = (Part(variable=given.member),)
        else:
            known = self.object(given.start, end, depth + 1)
            if known is None:
                return HIDDEN
            found = self._member(known, given.member, depth)
        return found if given.fallback is None else self._with_fallback(found, self.parts(*given.fallback, depth + 1))

    def _member(self, known: Object, key: str, depth: int) -> tuple[Part, ...]:
        if key not in known.members or key in known.unsure:
            return HIDDEN
        return self.parts(*known.members[key], depth + 1)

    def _is_changed(self, index: int) -> bool:
        """Whether the member whose name stands at an index is assigned anywhere, of whatever object."""
        name = self.names.at(index).text
        return any(
            self.names.is_sign(at - 1, ".") and self.names.is_sign(at + 1, "=") for at in self.names.places(name)
        )

    def _variable(self, start: int, end: int) -> Part | None:
        """`process.env.PORT`, `process.env["PORT"]`, `Deno.env.get("PORT")`, `process.argv[2]`."""
        names = self.names
        shown = self.path(start, end)
        if shown.startswith("process.argv[") and end == start + 6 and names.at(end - 2).kind == "number":
            number = names.at(end - 2).text
            return (
                Part(variable=str(int(number) - 1), scope=Scope.OPTION) if number.isdigit() and number > "1" else None
            )
        head, name = -1, ""
        if names.at(end - 1).kind == "name" and names.at(end - 2).text in (".", "?."):
            head, name = end - 2, names.at(end - 1).text
        elif names.is_sign(end - 1, "]") and names.at(end - 2).kind == "string" and names.partner(end - 1) == end - 3:
            head, name = end - 3 - names.is_sign(end - 4, "?."), names.at(end - 2).text
        elif names.is_sign(end - 1, ")") and self.path(start, end - 2) == "Deno.env.get(":
            return Part(variable=names.at(end - 2).text) if _VARIABLE.fullmatch(names.at(end - 2).text) else None
        if head <= start or _VARIABLE.fullmatch(name) is None or not self.is_environment(start, head):
            return None
        return Part(variable=name)

    def path(self, start: int, end: int) -> str:
        """A dotted name as it is written, `?.` as `.`; cut where it is long."""
        return "".join(self.names.at(at).text for at in range(start, min(end, start + 12))).replace("?.", ".")

    def is_environment(self, start: int, end: int, depth: int = 0) -> bool:
        """Whether the tokens are the variables of the environment, or of env files."""
        names = self.names
        start, end = self.bare(start, end)
        if depth > _DEEPEST or start >= end:
            return False
        if self.path(start, end) in words_of("environments"):
            return True
        if names.is_sign(end - 1, ")") and names.at(start).text in words_of("loaders"):
            return names.partner(end - 1) == start + 1
        if names.is_sign(start, "{") and names.partner(start) == end - 1:
            members = [*names.members(start, end - 1)]
            spreads = [(begun, stop) for key, at, begun, stop in members if not key and names.is_sign(at, "...")]
            return len(spreads) == len(members) > 0 and all(self.is_environment(*each, depth + 1) for each in spreads)
        if end != start + 1 or names.at(start).kind != "name":
            return False
        name = names.at(start).text
        if name == "env" and names.modules.get(name, "").removeprefix("node:") == "process":
            return True
        given = names.value(name, start)
        if given is None:
            return False
        if given.member is not None:
            return given.member == "env" and self.path(given.start, names.end_of(given)) in ("process", "import.meta")
        return self.is_environment(given.start, names.end_of(given), depth + 1)

    def _call(self, start: int, opened: int, closed: int, depth: int) -> tuple[Part, ...]:
        names = self.names
        arguments = names.split(opened + 1, closed, (",",))
        callee = names.at(opened - 1).text
        if not arguments or names.at(opened - 1).kind != "name":
            return HIDDEN
        if callee in words_of("conversions"):
            radix = names.at(arguments[1][0]).text if len(arguments) > 1 else "10"
            is_plain = opened - 1 == start or self.path(start, opened - 1) == "Number."
            return self.parts(*arguments[0], depth + 1) if is_plain and radix == "10" else HIDDEN
        if callee in words_of("getters") and len(arguments) == 1 and names.at(arguments[0][0]).kind == "string":
            return self._setting(names.at(arguments[0][0]).text, self.path(start, opened - 1), depth)
        return HIDDEN

    def _setting(self, key: str, application: str, depth: int) -> tuple[Part, ...]:
        """`app.get("port")` where the only `app.set("port", ...)` gives it."""
        names = self.names
        found = [
            at + 2
            for at in names.places("set")
            if names.is_sign(at + 1, "(") and names.at(at + 2).kind == "string" and names.at(at + 2).text == key
        ]
        if len(found) != 1 or self.path(found[0] - 4, found[0] - 2) != application:
            return HIDDEN
        arguments = names.split(found[0], names.partner(found[0] - 1), (",",))
        return self.parts(*arguments[1], depth + 1) if len(arguments) == 2 else HIDDEN

    def object(self, start: int, end: int, depth: int = 0) -> Object | None:
        """The object literal that the tokens are or name; None where they are none."""
        names = self.names
        start, end = self.bare(start, end)
        if depth > _DEEPEST or start >= end:
            return None
        if names.is_sign(start, "{"):
            return self._object(start, end, depth) if names.partner(start) == end - 1 else None
        if end == start + 1 and names.at(start).kind == "name":
            given = names.value(names.at(start).text, start)
            if given is None or given.member is not None:
                return None
            return self.object(given.start, names.end_of(given), depth + 1)
        if end >= start + 3 and names.is_sign(end - 2, "."):
            outer = self.object(start, end - 2, depth + 1)
            key = names.at(end - 1).text
            if outer is not None and key in outer.members and key not in outer.unsure:
                return self.object(*outer.members[key], depth + 1)
        return None

    def member(self, known: Object, key: str, index: int) -> Text | None:
        """The text of an object's member; None where it has none. index: of a token to show where it may have one that
        is not seen."""
        if key in known.members:
            start, end = known.members[key]
            return self.hidden(known.keys[key]) if key in known.unsure else self.text(start, end)
        return self.hidden(index) if known.open else None

    def _object(self, start: int, end: int, depth: int) -> Object:
        made = _Merged()
        for key, at, begun, stop in self.names.members(start, end - 1):
            if key:
                made.add(key, at, (begun, stop))
            else:
                made.put(self.object(begun, stop, depth + 1) if self.names.is_sign(at, "...") else None, at)
        return made.object()

    def merged(self, pieces: Sequence[tuple[int, int]]) -> Object:
        """The objects that stretches of tokens are, each above those before it."""
        made = _Merged()
        for start, end in pieces:
            made.put(self.object(start, end), start)
        return made.object()


class _Merged:
    """An object that is being put together."""

    def __init__(self) -> None:
        self._members: dict[str, tuple[int, int]] = {}
        self._keys: dict[str, int] = {}
        self._unsure: set[str] = set()
        self._unknown = -1

    def add(self, key: str, index: int, value: tuple[int, int]) -> None:
        self._members[key], self._keys[key] = value, index
        self._unsure.discard(key)

    def put(self, other: Object | None, index: int) -> None:
        """The members of another one; None: it is not known. index: of a token that stands for it."""
        if other is None or other.open:
            self._unknown = index
            self._unsure.update(self._members)
        if other is not None:
            for key, value in other.members.items():
                self.add(key, other.keys[key], value)
            self._unsure |= other.unsure

    def object(self) -> Object:
        return Object(self._members, self._keys, frozenset(self._unsure), self._unknown)
