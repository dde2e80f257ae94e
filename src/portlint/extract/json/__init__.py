"""JSON and JSON with comments: keys that say port, addresses, command lines, devcontainer, package.json, launch.json.

An own tokenizer, linear and without recursion, with offsets and the path of keys: it reads minified files, comments,
trailing commas and truncated text. What keys mean is in `rules/formats/json.yaml`.

Sources: RFC 8259; containers.dev, "Dev Container metadata reference" (forwardPorts, portsAttributes, appPort);
docs.npmjs.com, "package.json", scripts; OCI image specification, ExposedPorts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from msgspec import MsgspecError, Struct, field
from msgspec.json import decode

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands import find_in_text, find_in_words
from portlint.extract.commands.words import in_sentence
from portlint.extract.format import Format
from portlint.extract.json.programs import with_programs
from portlint.extract.json.skip import HOLDERS, argument_keys, behind_items, behind_members, is_dull_key, words_of
from portlint.extract.prefilter import shows_port
from portlint.extract.scan.literals import in_comment, judged, placed
from portlint.extract.scan.published import image_port, short
from portlint.extract.scan.text import Hit, is_port
from portlint.knowledge.identifiers import is_port_name
from portlint.knowledge.template_names import without_endings
from portlint.model import Facts, PortLiteral, Problem, Role, Source
from portlint.syntax.interpolation import HOLE
from portlint.syntax.shell import Word

_TOKEN = regex(
    r"\"((?:[^\"\\\n]++|\\.)*+)\"(\s*+:)?|(-?[0-9][0-9.eE+-]*)|([{}\[\],:])|(//[^\n]*|/\*)|([A-Za-z_$'][\w$']*)|(\"|\S)"
)
_ENDINGS = (".json", ".jsonc", ".json5", ".code-workspace", ".webmanifest", ".jsonl", ".ndjson", ".har", ".babelrc")
_KEY_PORTS = regex(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?")
_DIGIT = regex(r"[1-9]")
_DEEPEST = 2000
"""levels of nesting; what lies deeper is not read"""
_REPORT_ITEMS = 10
# What a linter wrote about the ports of a repository is none of them: SARIF, and what portlint itself writes.
_FINDINGS = regex(
    rb"""\{\s*(?:"version":\s*"[0-9.]{1,9}",\s*)?(?:
      "\$schema":\s*"[^"\n]{0,300}sarif
      | "schema_version":\s1,\s*(?:
          "(?:findings|ports)":\s\[\s*(?: \] | \{\s*"(?: code":\s"PORT[0-9] | path":\s" ) )
          | "name":\s"[^"\n]{0,600}",\s*"sentences" )
      | "code":\s"PORT[0-9]{3}",\s"name":
      | "path":\s"[^"\n]{0,5000}",\s"line":\s[0-9]+,\s"column":\s[0-9]+,\s"end_column": )""",
    re.VERBOSE,
)


def named(path: str) -> bool:
    return without_endings(path).lower().endswith(_ENDINGS)


def extract(source: Source) -> Facts:
    """The ports of a JSON text."""
    data = source.data
    if _FINDINGS.match(data) or (not is_promising(data) and _is_json(data)):
        return with_programs(source, Facts(path=source.path, format="json"))
    return with_programs(source, _Reader(source, source.text).facts())


def is_promising(data: bytes) -> bool:
    """Whether the bytes show that a port may be written in them: the prefilter."""
    return any(digit in data for digit in b"123456789") and (
        shows_port(data) or _command_keys().search(data) is not None
    )


@cache
def _command_keys() -> re.Pattern[bytes]:
    keys = sorted({*words_of("commands"), *argument_keys(), "tasks"})
    return re.compile(rf"[\"'](?:{'|'.join(keys)}|\w{{1,40}}Command)[\"']".encode())


def _is_json(data: bytes) -> bool:
    """Whether this is JSON without fault, as RFC 8259 has it, and not too deep: a parser in C tells quickly."""
    try:
        decode(data)
    except (MsgspecError, ValueError, RecursionError):
        return False
    return True


class _Level(Struct):
    """An object or a list that is open."""

    is_list: bool
    key: str | None
    """the key that it stands under; of a list in a list that of the outer one"""
    route: str
    index: int = 0
    label: str | None = None
    """of an object: the value of its `name` or `key`"""
    waiting: list[tuple[str, int, str]] = field(default_factory=list)
    """values that mean a port if the object's name says so: key, offset, text"""
    strings: dict[str, tuple[int, str]] = field(default_factory=dict)
    """of an object: what tells the command of its arguments"""
    words: list[Word] = field(default_factory=list)
    """of a list under a key of arguments: its strings"""
    lists: list[tuple[str, list[Word]]] = field(default_factory=list)
    """of an object: the lists of arguments in it"""
    is_dull: bool | None = None
    """of a list: whether nothing about its key makes a port of what stands in it; None: not yet asked"""


class _Reader(Struct):
    source: Source
    text: str
    literals: list[PortLiteral] = field(default_factory=list)
    stack: list[_Level] = field(default_factory=list)
    report_keys: set[str] = field(default_factory=set)
    longest_list: int = 0

    def facts(self) -> Facts:
        problems = [*self._read()]
        if "{%" in self.text or "{{" in self.text:
            start = min(at for at in (self.text.find("{%"), self.text.find("{{")) if at >= 0)
            if problems:
                problems = [
                    Problem(self.source.span(start, start + 2), "a template around JSON, read as far as it goes", True)
                ]
        unique = {found.span.start: found for found in reversed(self.literals)}
        report = bool(self.report_keys) and self.longest_list >= _REPORT_ITEMS
        return Facts(
            path=self.source.path,
            format="json",
            literals=tuple(unique[start] for start in sorted(unique)),
            problems=tuple(problems),
            generated=report,
        )

    def _read(self) -> Iterator[Problem]:
        text, position, key = self.text, 0, ""
        pending: tuple[int, str] | None = None
        stack, broken = self.stack, -1
        while (match := _TOKEN.search(text, position)) is not None:
            position = match.end()
            if match[2]:
                key = match[1]
                self._key((match.start(1), key))
                pending = None
            elif match[4]:
                sign = match[4]
                if sign == ":":
                    if pending is not None:
                        key = pending[1]
                        self._key(pending)
                        pending = None
                    continue
                if sign in "{[":
                    if len(stack) >= _DEEPEST:
                        yield Problem(
                            self.source.span(match.start(), match.end()), f"nested deeper than {_DEEPEST} levels"
                        )
                        return
                    stack.append(self._opened(sign == "[", key))
                    key = ""
                else:
                    if pending is not None:
                        self._value(key, pending, True)
                        pending = None
                    key = ""
                    if sign == ",":
                        if stack:
                            stack[-1].index += 1
                    elif stack:
                        self._closed()
                        continue
                    else:
                        broken = match.start()
                if stack:
                    position = self._behind_dull(stack[-1], position)
            elif match[1] is not None:
                if pending is not None:
                    self._value(key, pending, True)
                pending = (match.start(1), match[1])
            elif match[3]:
                self._value(key, (match.start(3), match[3]), False)
            elif match[5]:
                stop = position if match[5] != "/*" else text.find("*/", position) + 2
                stop = len(text) if stop < 2 else stop
                self.literals += in_comment(self.source, "json", match.start(), stop)
                position = stop
            elif match[6]:
                # A key without quotes (JSON5), or a word such as `true`.
                follows = text[position : position + 4].lstrip()[:1] == ":"
                pending = (match.start(6), match[6]) if follows else None
            elif match[7] and broken < 0:
                broken = match.start()
        if pending is not None:
            self._value(key, pending, True)
        if stack:
            place = self.source.span(max(len(text) - 1, 0), len(text))
            yield Problem(place, "the text ends inside an object or a list")
        elif broken >= 0:
            yield Problem(self.source.span(broken, broken + 1), "this is no JSON")
        while stack:
            self._closed()

    def _behind_dull(self, level: _Level, position: int) -> int:
        """Where the members or items that follow begin to be of interest: `position`, or what stands behind it."""
        if not level.is_list:
            at_top = len(self.stack) == 1 or level.key in HOLDERS
            return behind_members(self.text, position, at_top)
        if level.is_dull is None:
            level.is_dull = is_dull_key(level.key)
        if level.is_dull:
            position, passed = behind_items(self.text, position)
            level.index += passed
        return position

    def _opened(self, is_list: bool, key: str) -> _Level:
        outer = self.stack[-1] if self.stack else None
        if outer is None:
            return _Level(is_list, None, "")
        step = f"[{outer.index}]" if outer.is_list else f".{key}" if outer.route else key
        route = outer.route + step if len(outer.route) < 400 else outer.route
        return _Level(is_list, outer.key if outer.is_list else key, route)

    def _closed(self) -> None:
        level = self.stack.pop()
        outer = self.stack[-1] if self.stack else None
        if level.is_list:
            if len(self.stack) <= 1:
                self.longest_list = max(self.longest_list, level.index + 1)
            if outer is not None and level.words and level.key is not None:
                if outer.is_list:
                    self._arguments(level.key, level.words, outer)
                else:
                    outer.lists.append((level.key, level.words))
            return
        for key, words in level.lists:
            self._arguments(key, words, level)
        for key, offset, value in level.waiting:
            name = level.label if level.label is not None else level.key
            if name is not None:
                hits = [hit._replace(name=hit.name if hit.name != key else name) for hit in judged(name, value)]
                variable = name if level.label is not None and name.isupper() else None
                self._add(hits, offset, level.route or name, variable=variable)

    def _key(self, pending: tuple[int, str]) -> None:
        """A key that is a port itself, or an address."""
        offset, key = pending
        level = self.stack[-1] if self.stack else None
        if len(self.stack) == 1 and key in words_of("report"):
            self.report_keys.add(key)
        if level is None or _DIGIT.search(key) is None:
            return
        ports = _KEY_PORTS.fullmatch(key)
        inside = level.key is not None and (level.key in words_of("port_keys") or is_port_name(level.key))
        if ports is not None:
            if (inside or ports[3]) and is_port(int(ports[1])):
                hit = Hit(
                    start=0, end=ports.end(2) if ports[2] else ports.end(1), port=int(ports[1]),
                    end_port=int(ports[2]) if ports[2] else None, form="item", protocol=ports[3] or "tcp",
                    name=level.key,
                    role=Role.CONTAINER if ports[3] else Role.SETTING,
                )  # fmt: skip
                self._add([hit], offset, f"{level.route}.{key}")
            return
        self._add(judged("address" if inside else None, key), offset, f"{level.route}.{key}")

    def _value(self, key: str, pending: tuple[int, str], is_text: bool) -> None:
        """A string or a number under its key, or in a list."""
        offset, value = pending
        level = self.stack[-1] if self.stack else _Level(False, None, "")
        name = (level.key or "") if level.is_list else key
        if not level.is_list and is_text:
            level.strings.setdefault(key, (offset, value))
            if key in words_of("names") and level.label is None:
                level.label = value
        if is_text and level.is_list and name in argument_keys():
            level.words.append(Word(offset, offset + len(value), _shown(value), '"'))
        if not is_text and not (is_port_name(name) or name in words_of("values")):
            return
        if _DIGIT.search(value) is None:
            return
        route = f"{level.route}[{level.index}]" if level.is_list else f"{level.route}.{key}" if level.route else key
        if name in words_of("values"):
            level.waiting.append((name, offset, value))
            if not is_port_name(name) and not is_text:
                return
        if not is_text and not value.isdigit():
            return
        self._add(self._hits(name, value, level, is_text), offset, route)

    def _hits(self, name: str, value: str, level: _Level, is_text: bool) -> list[Hit]:
        if name in words_of("images"):
            found = image_port(value)
            return [] if found is None else [found._replace(name=name)]
        shown = _shown(value)
        if is_text and (self._is_command(name, level)):
            return find_in_text(shown)
        if is_text and name in ("appPort", "forwardPorts") and (hits := _published(name, value)):
            return hits
        if name == "forwardPorts" and ":" in value:
            return [hit._replace(name=name) for hit in judged("address", value)]
        hits = judged(name or None, shown.replace(HOLE + '"', '""'))
        if name in words_of("prose") or " " in shown.strip():
            # A number that a sentence names in words; `port=8000` in a connection string is more than that.
            hits = [hit for hit in hits if not in_sentence(shown, hit)]
        return [hit._replace(name=hit.name or name or None) for hit in hits]

    def _is_command(self, name: str, level: _Level) -> bool:
        if level.is_list:
            return name in words_of("commands") and not (name in argument_keys() and len(level.words) > 1)
        return name in words_of("commands") or level.key in HOLDERS or name.endswith("Command")

    def _arguments(self, key: str, words: list[Word], level: _Level) -> None:
        """A list of the words of a command, with the command that the object names beside it."""
        beside = argument_keys()[key]
        before: list[Word] = []
        if isinstance(beside, str):
            before = [Word(0, 0, word) for word in beside.split()]
        else:
            for other in beside:
                if other in level.strings:
                    before = [Word(0, 0, word) for word in level.strings[other][1].split()[:8]]
                    break
        floor = words[0].start
        hits = [hit for hit in find_in_words([*before, *words]) if hit.start >= floor]
        self._add(hits, 0, f"{level.route}.{key}".strip("."))

    def _add(self, hits: Iterable[Hit], offset: int, subject: str, variable: str | None = None) -> None:
        self.literals += placed(self.source, "json", offset, hits, subject=subject, variable=variable)


def _shown(value: str) -> str:
    """A string with its escapes read, in the same length."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(_unescaped, value)


_ESCAPED = regex(r"\\(?:u[0-9A-Fa-f]{4}|.)", re.DOTALL)


def _unescaped(match: re.Match[str]) -> str:
    sign = match[0][1]
    if sign in "nrt":
        return " " * (len(match[0]) - 1) + {"n": "\n", "r": " ", "t": " "}[sign]
    return HOLE + sign if sign in '"/\\' else HOLE * len(match[0])


def _published(name: str, value: str) -> list[Hit]:
    """The ports of a devcontainer's `appPort`, which is what `docker run -p` takes, and of a pair in `forwardPorts`."""
    # A variable is one of the editor, `${localEnv:PORT:8080}`, in another grammar than the shell's.
    entry = short(value) if "$" not in value else None
    if entry is None or not entry.sound or (entry.published is None and name == "forwardPorts"):
        return []
    return list(entry.hits())


FORMAT = Format(name="json", named=named, extract=extract)
