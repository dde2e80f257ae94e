"""Dockerfiles and Containerfiles: EXPOSE, ENV, ARG, CMD, ENTRYPOINT, HEALTHCHECK, RUN, here-documents.

Source: Dockerfile reference, docs.docker.com/reference/dockerfile (parser directives, EXPOSE, shell and exec form,
here-documents).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands import find_in_words
from portlint.extract.dockerfile.stage import with_instruction
from portlint.extract.format import Format
from portlint.extract.limits import LARGEST_BY_HAND
from portlint.extract.scan.literals import in_comment, placed, references, template_note
from portlint.extract.scan.published import image_port, short
from portlint.extract.scan.text import Hit, is_port
from portlint.extract.scan.values import find_in_value
from portlint.knowledge.identifiers import is_port_name
from portlint.knowledge.template_names import without_endings
from portlint.model import Facts, PortLiteral, PortReference, Source, Stage
from portlint.syntax.interpolation import HOLE
from portlint.syntax.shell import Word

_ESCAPE = regex(r"(?:[ \t]*#[^\n]*\n){0,5}?[ \t]*#[ \t]*escape[ \t]*=[ \t]*([\\`])", re.IGNORECASE)
_INSTRUCTION = regex(r"[ \t]*(?:ONBUILD[ \t]+)?([A-Za-z]+)(?=[ \t]|\\|`|$)", re.IGNORECASE)
_HEREDOC = regex(r"<<(-?)[ \t]?[\"']?([A-Za-z_][A-Za-z0-9_.-]{0,80})[\"']?")
_HEALTH = regex(r"(?:[ \t\r\n\\]+--[a-z-]{1,40}=[^\s\\]{0,80})*[ \t\r\n\\]*CMD(?=[\s\[\\])", re.IGNORECASE)
_STRING = regex(r"\"((?:[^\"\\\n]|\\[^\n])*+)(\"?)")
_EXPOSED = regex(r"[^\s,\"']+")
_PAIR = regex(r"(?<![\w.\"'/-])([A-Za-z_\"'][\w.\"'/-]{0,200}+)=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s\\\"']|\\.)*)")
_FROM = regex(r"(?:\s+--[a-z]{1,20}=\S{1,200})*\s+(\S{1,300})(?:\s+AS\s+([\w.-]{1,200}))?", re.IGNORECASE)
_RUN = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK"})
_OLD_ENV = regex(r"[ \t\n]*([A-Za-z_]\w{0,200})[ \t\n]+(?!=)")
_MOST_UNCLOSED = 20
_HEREDOC_INSTRUCTIONS = frozenset({"RUN", "COPY", "ADD"})


def named(path: str) -> bool:
    name = without_endings(path).rsplit("/", 1)[-1].lower()
    if name.endswith((".dockerignore", ".md", ".txt", ".rst", ".py", ".yml", ".yaml", ".json", ".sh")):
        return False
    return name.startswith(("dockerfile.", "containerfile.")) or name.endswith(
        ("dockerfile", ".containerfile", "-containerfile")
    ) or name == "containerfile"  # fmt: skip


def extract(source: Source) -> Facts:
    """The ports of a Dockerfile."""
    return _Reader(source, source.text).facts()


class _Instruction(Struct, frozen=True):
    """keyword: in capitals. start, end: offsets of its arguments, continuation lines and here-documents included."""

    keyword: str
    start: int
    end: int
    documents: tuple[tuple[int, int], ...] = ()


class _Reader(Struct):
    source: Source
    text: str
    literals: list[PortLiteral] = field(default_factory=list)
    found_references: list[PortReference] = field(default_factory=list)
    entrypoint: list[Word] = field(default_factory=list)
    """of the stage that is being read, where it is in exec form"""
    stages: list[Stage] = field(default_factory=list)
    read: Source | None = None
    """see `_source`"""
    unclosed: int = 0
    """here-documents without an end, each of which was looked for to the end of the file"""

    def facts(self) -> Facts:
        for instruction in self._instructions():
            keyword = instruction.keyword
            if keyword == "FROM":
                self.entrypoint = []
                found = _FROM.match(self.text, instruction.start, instruction.end)
                self.stages.append(Stage(found[2] if found else None, found[1] if found else "", self._at(instruction)))
                if found is not None and (port := image_port(found[1])) is not None:
                    self._add([port], found.start(1), keyword)
            if keyword in _RUN and self.stages and keyword not in self.stages[-1].commands:
                self.stages[-1] = replace(self.stages[-1], commands=(*self.stages[-1].commands, keyword))
            if self.stages:
                self.stages[-1] = with_instruction(
                    self.stages[-1], keyword, self._source(), instruction.start, instruction.end
                )
            if keyword == "EXPOSE":
                self._expose(instruction)
            elif keyword in ("ENV", "ARG", "LABEL"):
                self._pairs(instruction)
            elif keyword in ("CMD", "ENTRYPOINT", "RUN", "SHELL"):
                self._command(instruction, instruction.start)
            elif keyword == "HEALTHCHECK":
                opening = _HEALTH.match(self.text, instruction.start, instruction.end)
                self._command(instruction, opening.end() if opening else instruction.start)
            elif keyword in ("COPY", "ADD"):
                self._copied(instruction)
        problems = template_note(self.source, self.text, "a Dockerfile") if "{%" in self.text else ()
        unique = {found.span.start: found for found in self.literals}
        return Facts(
            path=self.source.path,
            format="dockerfile",
            literals=tuple(unique[start] for start in sorted(unique)),
            references=tuple(self.found_references),
            stages=tuple(self.stages),
            problems=problems,
        )

    def _source(self) -> Source:
        """The file as its instructions are read: comments between their lines are blank."""
        if self.read is None:
            data = self.text.encode("latin-1")
            self.read = Source(self.source.path, data, self.source.lines, self.source.base, self.source.made)
        return self.read

    def _at(self, instruction: _Instruction) -> int:
        return self.source.base + instruction.start

    def _instructions(self) -> list[_Instruction]:
        """The instructions in order; comment lines are read on the way, also those between continued lines."""
        text, position, size = self.text, 0, len(self.text)
        directive = _ESCAPE.match(text)
        escape = directive[1] if directive else "\\"
        out: list[_Instruction] = []
        pieces: list[str] = []
        opened: tuple[str, int] | None = None
        while position < size:
            stop = text.find("\n", position)
            stop = size if stop < 0 else stop
            line = text[position:stop].rstrip(" \t\r")
            pieces.append(text[position : stop + 1])
            if line.lstrip().startswith("#"):
                self.literals += in_comment(self.source, "dockerfile", position, stop)
                # A comment between continued lines is no part of the instruction.
                pieces[-1] = " " * (stop - position) + text[stop : stop + 1]
                position = stop + 1
                continue
            if opened is None:
                keyword = _INSTRUCTION.match(line)
                if keyword is None:
                    position = stop + 1
                    continue
                opened = (keyword[1].upper(), position + keyword.end())
            if line.endswith(escape):
                # What reads the arguments knows one sign only.
                at = len(line) - 1
                pieces[-1] = pieces[-1][:at] + "\\" + pieces[-1][at + 1 :]
                position = stop + 1
                if position < size:
                    continue
            name, start = opened
            opened = None
            position = stop + 1
            documents: tuple[tuple[int, int], ...] = ()
            if name in _HEREDOC_INSTRUCTIONS and text.find("<<", start, stop) >= 0:
                documents = tuple(self._documents(start, stop))
                behind = max([position, *(text.find("\n", end) + 1 or size for _, end in documents)])
                pieces.append(text[position:behind])
                position = behind
            out.append(_Instruction(name, start, max(stop, start), documents))
        self.text = "".join(pieces)
        return out

    def _documents(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """The bodies of the here-documents that a line opens; they follow one another."""
        position = stop + 1
        for opening in _HEREDOC.finditer(self.text, start, stop):
            if self.unclosed > _MOST_UNCLOSED:
                return
            tabs = "\\t*" if opening[1] else ""
            close = re.compile(f"^{tabs}{re.escape(opening[2])}\r?$", re.MULTILINE).search(self.text, position)
            if close is None:
                self.unclosed += 1
                return
            yield position, close.start()
            position = close.end() + 1

    def _add(
        self, hits: Iterable[Hit], offset: int, subject: str, *, variable: str | None = None, referable: bool = False
    ) -> None:
        for found in placed(self.source, "dockerfile", offset, hits, subject=subject, variable=variable):
            self.literals.append(replace(found, referable=referable))

    def _expose(self, instruction: _Instruction) -> None:
        """`EXPOSE 80/tcp 9000-9010/udp $PORT ${A:-80}`."""
        start = instruction.start
        arguments = self.text[start : instruction.end]
        for word in _EXPOSED.finditer(arguments):
            entry = short(word[0])
            if entry is None or entry.published is not None or entry.address is not None:
                continue
            for hit in entry.hits():
                if hit.form == "fallback":
                    self._add([hit._replace(name="port")], start + word.start(), "EXPOSE", referable=True)
                else:
                    self._add([hit._replace(form="directive")], start + word.start(), "EXPOSE")
        self.found_references += references(self.source, start, "port", arguments, self.literals, "EXPOSE")

    def _pairs(self, instruction: _Instruction) -> None:
        """`ENV A=1 B="2"`, `ENV A 1`, `ARG A=1`, `LABEL key=value`."""
        keyword, start, end = instruction.keyword, instruction.start, instruction.end
        old = _OLD_ENV.match(self.text, start, end) if keyword == "ENV" else None
        if old is not None:
            pairs = [(old[1], old.end(), self.text[old.end() : end].rstrip())]
        else:
            pairs = [(m[1], m.start(2), m[2]) for m in _PAIR.finditer(self.text, start, end)]
        for key, at, value in pairs:
            name = key.strip("\"'")
            variable = None if keyword == "LABEL" else name
            quote = value[:1] if value[:1] in ("'", '"') else ""
            inner = value[1:-1] if quote else value
            hits = [hit._replace(name=hit.name or name) for hit in find_in_value(name, inner)]
            subject = variable or f"LABEL {name}"
            self._add(hits, at + len(quote), subject, variable=variable, referable=variable is not None)
            if variable:
                self.found_references += references(self.source, at + len(quote), name, inner, self.literals, subject)

    def _command(self, instruction: _Instruction, start: int) -> None:
        """A command in exec form (a JSON list) or in shell form."""
        end, keyword = instruction.end, instruction.keyword
        words = self._exec_form(start, end)
        if words is None:
            self._shell(start, max([end, *(stop for _, stop in instruction.documents)]), instruction)
            if keyword == "ENTRYPOINT":
                self.entrypoint = []
            return
        line = [*self.entrypoint, *words] if keyword == "CMD" else words
        hits = [hit for hit in find_in_words(line) if hit.start >= start]
        self._add(hits, 0, keyword)
        if keyword == "ENTRYPOINT":
            self.entrypoint = words

    def _exec_form(self, start: int, end: int) -> list[Word] | None:
        body = self.text[start:end].strip(" \t\r\n\\")
        if not (body.startswith("[") and body.endswith("]")) or body.startswith("[["):
            return None
        words = []
        for match in _STRING.finditer(self.text, start, end):
            if match[2]:
                content = match[1].replace('\\"', HOLE + '"')
                words.append(Word(match.start(1), match.end(1), content, '"'))
        return words

    def _shell(self, start: int, end: int, instruction: _Instruction) -> None:
        from portlint.extract import by_name

        keyword = instruction.keyword
        if keyword == "RUN" and self.text[start:end].lstrip().startswith("<<") and instruction.documents:
            # `RUN <<EOF`: the body is the script.
            start, end = instruction.documents[0]
        data = self.text[start:end].encode("latin-1")
        if not any(sign in data for sign in b"123456789$"):
            return
        piece = Source(self.source.path, data, self.source.lines, self.source.base + start, self.source.made)
        shell = by_name("shell")
        facts = shell.extract(piece)
        for found in facts.literals:
            own = found.format == shell.name
            subject = f"{keyword} {found.subject}".strip() if own else found.subject
            self.literals.append(replace(found, format="dockerfile" if own else found.format, subject=subject))
        self.found_references += [
            reference for reference in facts.references if keyword != "RUN" or is_port_name(reference.variable)
        ]

    def _copied(self, instruction: _Instruction) -> None:
        """`COPY <<EOF /etc/nginx/nginx.conf`: the text is of the format of the file that it becomes."""
        from portlint.extract import recognise

        arguments = self.text[instruction.start : instruction.end]
        self._add(
            [hit for hit in find_in_value(None, arguments) if hit.form == "url"], instruction.start, instruction.keyword
        )
        names = [word for word in arguments.split() if not word.startswith(("<<", "--"))]
        target = names[-1].strip("\"'") if names else ""
        for start, end in instruction.documents:
            piece = self.source.part(start, end)
            found = recognise(target, piece.data) if target else None
            if found is not None:
                self.literals += found.extract(piece).literals
            else:
                hits = [hit for hit in find_in_value(None, self.text[start:end]) if is_port(hit.port)]
                self._add(hits, start, instruction.keyword)


FORMAT = Format(name="dockerfile", named=named, extract=extract, by_line=True, most_bytes=LARGEST_BY_HAND)
