"""Shell scripts: assignments, fallbacks, loops over ports, options of commands, URLs, here-documents.

Command lines are read by `commands.py`. What only a script has is read here: `for port in 5173 5174`, `case "$PORT" in
8000)`, functions whose parameter is a port, text of another format in a here-document or behind `python -c`.

Source: POSIX.1-2017, Shell Command Language; the Bash Reference Manual, 3.5 Shell Expansions and 3.6 Redirections
(`/dev/tcp/host/port`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

from msgspec import Struct, field
from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands import find_in_commands
from portlint.extract.commands.words import in_sentence
from portlint.extract.format import Format, literal
from portlint.extract.scan.literals import in_comment
from portlint.extract.scan.programs import shell_commands
from portlint.extract.scan.text import Hit, find, is_port
from portlint.knowledge.formats import IN_HERE_DOCUMENTS
from portlint.knowledge.identifiers import is_port_name, words
from portlint.model import Facts, PortLiteral, PortReference, Problem, Role, Source
from portlint.model.programs import Script as ShellScript
from portlint.syntax.interpolation import interpolations
from portlint.syntax.shell import Command, Script, Word, parse

_ENDINGS = (".sh", ".bash", ".zsh", ".ksh", ".ash", ".bats", ".envrc", ".bashrc", ".zshrc", ".profile", ".bash_profile")
_SHEBANG = regex(rb"#![^\n]{0,60}\b(?:ba|z|k|da|a)?sh\b")
_INTERPRETERS = regex(r"(?:ba|z|k|da|a)?sh$|^ssh$")
_PYTHON = regex(r"python[0-9.]*$")
_PARAMETER = regex(r"[\"']?\$\{?([1-9])(?![0-9])(?:\}|:?[-=?]|[\"']|$)")
_ASSIGNED = regex(r"([A-Za-z_][A-Za-z0-9_]*)=")
_DIGITS = regex(r"[0-9]{2,5}")
_RANGE = regex(r"\{([0-9]{2,5})\.\.([0-9]{2,5})\}")
_SEQUENCE = regex(r"\bseq[ \t]{1,4}([0-9]{2,5})[ \t]{1,4}([0-9]{2,5})(?![0-9])")
_LEADING = frozenset({"if", "then", "elif", "else", "do", "while", "until", "!", "{", "sudo", "exec", "time", "nohup"})
"""words before a command's name"""
_LONGEST = 300_000
"""bytes; of a longer script (an archive that unpacks itself) the rest is read as text"""
_LONGEST_LOOP = 4000
"""characters of a loop's body in which the use of its variable is looked for"""
_DEEPEST = 4
_depth: ContextVar[int] = ContextVar("depth", default=0)
"""levels of scripts in here-documents of scripts, through whatever formats lie between"""


def named(path: str) -> bool:
    low = path.rsplit("/", 1)[-1].lower()
    return low.endswith(_ENDINGS)


def content(path: str, data: bytes) -> bool:
    return _SHEBANG.match(data) is not None


def extract(source: Source) -> Facts:
    """The ports of a script, or of a piece of one in another format."""
    depth = _depth.get()
    if depth > _DEEPEST:
        return Facts(path=source.path, format="shell")
    token = _depth.set(depth + 1)
    try:
        return _Reader(source).facts()
    finally:
        _depth.reset(token)


class _Reader(Struct):
    source: Source
    text: str = ""
    script: Script = field(default_factory=Script)
    found: list[tuple[Hit, str]] = field(default_factory=list)
    """hits with their subjects"""

    def facts(self) -> Facts:
        from portlint.extract import merged

        full = self.source.text
        self.text = full if len(full) <= _LONGEST else full[: full.rfind("\n", 0, _LONGEST) + 1 or _LONGEST]
        self.script = parse(self.text)
        commands = self.script.commands
        for command, hits in find_in_commands(commands):
            subject = _subject(command)
            for hit in hits:
                self.found.append((hit, hit.variable or (hit.name if hit.form == "comparison" else None) or subject))
        self.found += [(hit, subject) for hit, subject in (*_loops(commands, self.text), *_cases(commands))]
        self.found += [(hit, subject) for hit, subject in _calls(commands, self.text)]
        parts = [*self._here_documents(), *self._inline_python()]
        problems: list[Problem] = []
        if len(full) > len(self.text):
            place = self.source.span(len(self.text), len(self.text))
            problems.append(Problem(place, "a long script: from here on only its addresses are read", partly=True))
            self.found += [(hit, "") for hit in _lines(full, len(self.text), len(full)) if hit.form == "url"]
        literals = [*self._literals(parts), *self._comments()]
        facts = Facts(
            path=self.source.path,
            format="shell",
            literals=tuple(literals),
            references=tuple(self._references(literals)),
            scripts=tuple(self._scripts()),
            problems=tuple(problems),
        )
        return merged(facts, parts)

    def _scripts(self) -> Iterator[ShellScript]:
        """The whole file as a script; none of a piece of shell in a file of another format."""
        if named(self.source.path) or content(self.source.path, self.source.data):
            length = len(self.text)
            found = shell_commands(self.source, 0, length, script=self.script)
            if found:
                first = self.text.find("\n")
                yield ShellScript("", found, self.source.span(0, first if first >= 0 else length))

    def _literals(self, parts: Sequence[Facts]) -> Iterator[PortLiteral]:
        """The literals of the hits, by place, each once; a piece of another format knows better than the words."""
        taken = {found.span.start for part in parts for found in part.literals}
        end = -1
        for hit, subject in sorted(self.found, key=lambda pair: pair[0].start):
            if hit.start < end or hit.start + self.source.base in taken:
                continue
            end = hit.end
            yield literal(
                self.source, "shell", hit.start, hit.end, port=hit.port, end_port=hit.end_port, role=hit.role,
                protocol=hit.protocol, host=hit.host, variable=hit.variable, name=hit.name, subject=subject,
                form=hit.form, url_path=hit.url_path,
                prose=in_sentence(self.text, hit),
            )  # fmt: skip

    def _comments(self) -> Iterator[PortLiteral]:
        for start, end in self.script.comments:
            yield from in_comment(self.source, "shell", start, end)

    def _references(self, literals: Sequence[PortLiteral]) -> Iterator[PortReference]:
        """Variables of the environment that say port: those that the script does not set itself."""
        own = {
            m[1]
            for c in self.script.commands
            for w in c.words
            if (m := _ASSIGNED.match(w.text)) and not _defaults(w, m)
        }
        by_start = {found.span.start: found for found in literals}
        for found in interpolations(self.text):
            if not found.variable.isupper() or not is_port_name(found.variable) or found.variable in own:
                continue
            inner = range(found.value_start + self.source.base, found.value_end + self.source.base)
            fallback = next((by_start[at] for at in inner[:40] if at in by_start), None) if found.has_fallback else None
            yield PortReference(
                path=self.source.path,
                span=self.source.span(found.name_start, found.name_start + len(found.variable)),
                variable=found.variable,
                role=Role.SETTING,
                fallback=fallback,
                subject=found.variable,
            )

    def _here_documents(self) -> Iterator[Facts]:
        for document in self.script.heredocs:
            piece = self.source.part(document.start, document.end)
            reader = self.script.commands[document.command] if document.command >= 0 else Command(())
            facts = _embedded(piece, reader)
            if facts is None:
                self.found += [(hit, "here-document") for hit in _lines(self.text, document.start, document.end)]
            else:
                yield facts

    def _inline_python(self) -> Iterator[Facts]:
        from portlint.extract import by_name

        for command in self.script.commands:
            names = [word.text.rsplit("/", 1)[-1] for word in command.words]
            for index in range(len(names) - 2):
                if names[index + 1] == "-c" and _PYTHON.match(names[index]) and command.words[index + 2].quote:
                    code = command.words[index + 2]
                    facts = by_name("python").extract(self.source.part(code.start, code.end))
                    if not facts.problems:
                        yield replace(facts, references=(), candidates=())


def _defaults(word: Word, match: re.Match[str]) -> bool:
    """Whether `PORT=${PORT:-8000}` takes the variable itself from the environment."""
    return re.match(r"[\x00\"]?\$\{?" + match[1] + r"\b", word.text[match.end() :]) is not None


def _subject(command: Command) -> str:
    """The variable that is assigned, or the command's name."""
    for word in command.words:
        assigned = _ASSIGNED.match(word.text)
        if assigned:
            return assigned[1]
        if word.text not in _LEADING and not word.text.startswith("-"):
            return "" if word.quote else word.text.rsplit("/", 1)[-1][:40].strip("\x00")
    return ""


def _embedded(piece: Source, reader: Command) -> Facts | None:
    """The facts of a here-document that is text of another format: told by the command that reads it, or by the name
    of the file that it is written to."""
    from portlint.extract import by_name, recognise

    for word in reader.words:
        name = word.text.rsplit("/", 1)[-1]
        if _PYTHON.match(name) or _INTERPRETERS.search(name):
            return _mended(by_name("python" if _PYTHON.match(name) else "shell").extract(piece))
    targets = [*reader.redirections]
    if any(word.text.rsplit("/", 1)[-1] == "tee" for word in reader.words):
        targets += [word for word in reader.words if not word.text.startswith("-")]
    for target in targets:
        path = target.text.strip("\x00").replace("\x00", "x")
        found = recognise(path, piece.data) if path else None
        if found is not None:
            return _mended(found.extract(piece))
    # kubectl apply -f - <<EOF: only the text itself tells.
    found = recognise("", piece.data)
    return _mended(found.extract(piece)) if found is not None and found.name in IN_HERE_DOCUMENTS else None


def _mended(facts: Facts) -> Facts:
    """Without what holds for whole files: the shell puts values into the text before anybody parses it."""
    problems = tuple(replace(problem, partly=True) for problem in facts.problems)
    return replace(facts, problems=problems, variables=(), services=(), suppressions=())


def _lines(text: str, start: int, end: int) -> Iterator[Hit]:
    for hit in find(text[start:end], whole=False):
        yield hit._replace(start=hit.start + start, end=hit.end + start)


def _loops(commands: Sequence[Command], text: str) -> Iterator[tuple[Hit, str]]:
    """`for port in 5173 5174; do`, and `for p in ...` whose body takes `$p` for a port."""
    for command in commands:
        row = command.words
        at = 1 if row and row[0].text in ("do", "then", "{", "else") else 0
        if len(row) < at + 4 or row[at].text != "for" or row[at + 2].text != "in":
            continue
        variable = row[at + 1].text
        if not is_port_name(variable) and not _used_as_port(text, row[-1].end, variable):
            continue
        for word in row[at + 3 :]:
            for hit in _numbers(word):
                yield hit._replace(name=variable), variable
        for match in _SEQUENCE.finditer(text, row[at + 2].end, min(row[-1].end + 1, row[at + 2].end + 200)):
            for group in (1, 2):
                number = int(match[group])
                yield (
                    Hit(start=match.start(group), end=match.end(group), port=number, form="item", name=variable),
                    variable,
                )


def _used_as_port(text: str, start: int, variable: str) -> bool:
    done = text.find("\ndone", start, start + _LONGEST_LOOP)
    body = text[start : done if done >= 0 else start + _LONGEST_LOOP]
    use = r"\"?\$(?:\{" + re.escape(variable[:80]) + r"\}|" + re.escape(variable[:80]) + r"\b)"
    return re.search(r"(?::|--port[ =]|-p |/dev/tcp/[^/\s]{1,80}/|[Pp]ort[ =:])" + use, body) is not None


def _numbers(word: Word) -> Iterator[Hit]:
    ends = _RANGE.fullmatch(word.text)
    if ends and is_port(int(ends[1])) and is_port(int(ends[2])):
        for group in (1, 2):
            yield Hit(
                start=word.start + ends.start(group),
                end=word.start + ends.end(group),
                port=int(ends[group]),
                form="item",
            )
        return
    for match in _DIGITS.finditer(word.text):
        before, behind = word.text[: match.start()][-1:], word.text[match.end() :][:1]
        if before in ("", " ", "\n", ",") and behind in ("", " ", "\n", ",", ":", "|") and is_port(int(match[0])):
            yield Hit(start=word.start + match.start(), end=word.start + match.end(), port=int(match[0]), form="item")


def _cases(commands: Sequence[Command]) -> Iterator[tuple[Hit, str]]:
    """`case "$PORT" in 8000|8001) ...`: the patterns of a variable that says port."""
    subjects: list[str | None] = []
    for command in commands:
        row = list(command.words)
        if row and row[0].text == "esac":
            subjects = subjects[:-1]
        if len(row) >= 3 and row[0].text == "case" and row[2].text == "in":
            name = row[1].text.strip('\x00"${}')
            subjects = [*subjects[-50:], name if is_port_name(name) else None]
            row = row[3:]
        if subjects and subjects[-1] and len(row) == 1 and command.operator in (")", "|"):
            for hit in _numbers(row[0]):
                yield hit._replace(form="comparison", name=subjects[-1]), subjects[-1]


def _calls(commands: Sequence[Command], text: str) -> Iterator[tuple[Hit, str]]:
    """`wait_for_service "api" 8000`: calls of the script's functions whose parameter becomes a port, and of functions
    whose name says port."""
    functions = _functions(commands, text)
    for command in commands:
        row = command.words
        start = 0
        while start < len(row) and row[start].text in _LEADING:
            start += 1
        if start >= len(row) or row[start].quote:
            continue
        name = row[start].text
        if name in functions:
            taken = [row[start + i] for i in functions[name] if start + i < len(row)]
        elif command.operator != "(" and {"port", "ports"} & set(words(name)) and re.fullmatch(r"[\w-]{4,60}", name):
            # Of an unknown helper only the first number: what stands behind may be a timeout.
            taken = [word for word in row[start + 1 :] if word.text.isdigit()][:1]
        else:
            continue
        for word in taken:
            if _DIGITS.fullmatch(word.text) and is_port(int(word.text)):
                yield Hit(start=word.start, end=word.end, port=int(word.text), form="argument"), name


def _functions(commands: Sequence[Command], text: str) -> dict[str, set[int]]:
    """Each function with the positions of the parameters that it assigns to a variable that says port."""
    out: dict[str, set[int]] = {}
    current: str | None = None
    for command in commands:
        row = command.words
        if not row:
            continue
        if row[0].text == "function" and len(row) > 1:
            current = row[1].text
        elif len(row) == 1 and command.operator == "(" and text.startswith("()", row[0].end):
            current = row[0].text
        elif row[0].text == "}" and (row[0].start == 0 or text[row[0].start - 1] == "\n"):
            current = None
        elif current is not None:
            for word in row:
                assigned = _ASSIGNED.match(word.text)
                if assigned and is_port_name(assigned[1]):
                    parameter = _PARAMETER.match(word.text[assigned.end() :].lstrip("\x00"))
                    if parameter:
                        out.setdefault(current, set()).add(int(parameter[1]))
    return out


FORMAT = Format(name="shell", named=named, content=content, extract=extract, by_line=True)
