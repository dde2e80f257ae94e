"""Python: `*.py`, `*.pyi` and scripts that say so in their first line.

`ast` parses the file and gives the statements; libcst sees those that hold a candidate, one at a time; what is found
is given with byte offsets into the file. A file that `ast` refuses is still read for what its text shows.

Language reference: https://docs.python.org/3/reference/.
"""

from __future__ import annotations

import ast
import gc
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.format import Extracted, Format, count, literal, moved
from portlint.extract.python.binds import binds_and_imports, imports_of_entry_point, may_bind
from portlint.extract.python.context import Context
from portlint.extract.python.flow import Flow
from portlint.extract.python.libraries import Imports, use_rules
from portlint.extract.python.pieces import Piece, Scope, pieces, too_deep
from portlint.extract.python.prefilter.code import Code
from portlint.extract.python.prefilter.signals import Signals
from portlint.extract.python.prefilter.stretches import excerpt
from portlint.extract.python.references import references
from portlint.extract.python.reuse import Memory, Statement, fingerprint, statement_digest
from portlint.extract.python.surroundings import Surroundings, surroundings
from portlint.extract.python.texts import in_text, in_words
from portlint.extract.python.tokens import Tokens
from portlint.extract.scan.text import Hit, find
from portlint.knowledge.identifiers import module_name
from portlint.model import Facts, LineIndex, PortLiteral, Problem, Role, Source
from portlint.model.programs import Bind

_NAMED = regex(r"\.pyi?$|(?:^|/)(?:SConstruct|SConscript|wscript)$|\.pyw$")
_SHEBANG = regex(rb"#![^\n]{0,80}\bpython")
_BOM = b"\xef\xbb\xbf"


def extract(source: Source) -> Facts:
    """The facts of a Python file, or of a piece of Python in another one."""
    return _extract(source, None)


def extract_again(source: Source, before: Extracted | None) -> Extracted:
    """The facts of a Python file, and which statements libcst has read, so that it need not read the same again."""
    memory = Memory(before)
    facts = _extract(source, memory)
    return Extracted(facts, memory.written())


def _extract(source: Source, memory: Memory | None) -> Facts:
    shift = len(_BOM) if source.data.startswith(_BOM) else 0
    flow = Flow(Code(source.data))
    is_bind = not source.base and may_bind(flow, source.data, source.path)
    facts, module = _ports(source, flow, shift, memory, all_wanted=is_bind)
    # Which file is asked depends on nothing but its bytes, not on how much of it was parsed.
    if not is_bind and (source.base or len(source.data) > _SMALL):
        return facts
    if module is None and (module := _parsed(source.data[shift:])) is None:
        return facts
    binds: tuple[Bind, ...] = ()
    try:
        with _collector_off():
            if is_bind:
                binds, imports = binds_and_imports(module, source, shift)
            else:
                imports = imports_of_entry_point(module)
    except RecursionError:
        # Expressions that are nested deeper than any program is written.
        return facts
    return replace(facts, binds=binds, imports=imports) if binds or imports else facts


def _ports(
    source: Source, flow: Flow, shift: int, memory: Memory | None, *, all_wanted: bool
) -> tuple[Facts, ast.Module | None]:
    """The facts of a file but its binds and imports, and the module, where all of it was parsed.

    all_wanted: the module is asked for anyway, so that no excerpt need be parsed first.
    """
    code = flow.code
    signals = Signals(code, flow)
    text: bytes = source.data
    promising: Sequence[int] = ()
    if (candidates := code.candidates()) and signals.between(0, len(text)):
        text, promising = excerpt(text, candidates, signals)
    if not promising:
        if len(source.data) > _SMALL or source.base:
            return Facts(path=source.path, format="python", references=tuple(references(source, ()))), None
        text = source.data
    if all_wanted and (module := _parsed(source.data[shift:])) is not None:
        return _Reader(source, flow).facts(module, shift, promising, signals, memory), module
    try:
        module = _parse_excerpt(text[shift:], source.data[shift:])
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # A parser that gave up on the size or depth of the file was not refused by its grammar.
        whole = _whole_file(source, shift) if isinstance(error, SyntaxError) else None
        if whole is not None:
            return whole, None
        line = getattr(error, "lineno", None) or 1
        starts = LineIndex(source.data).starts
        start = starts[min(line, len(starts)) - 1]
        reason = f"not valid Python 3: {getattr(error, 'msg', None) or error}"
        if isinstance(error, MemoryError):
            reason = "too large or too deep for Python's own parser"
        problem = Problem(source.span(start, start), reason)
        return Facts(path=source.path, format="python", literals=tuple(_by_text(source)), problems=(problem,)), None
    facts = _Reader(source, flow).facts(module, shift, promising, signals, memory)
    return facts, module if text is source.data else None


_SMALL = 2_000
"""bytes up to which a file is parsed though nothing in it looks like a port: that it is broken costs little to tell"""
_LARGEST_WHOLE = 300_000
"""bytes of a file that libcst may be given whole"""


def _whole_file(source: Source, shift: int) -> Facts | None:
    """The facts of a file in newer Python than this `ast` knows, if libcst's own grammar does; else None."""
    if len(source.data) > _LARGEST_WHOLE:
        return None
    piece = Piece(shift, len(source.data), source.data[shift:], 0, Scope())
    return _Reader(source, Flow(Code(source.data))).whole(piece)


def _parse_excerpt(text: bytes, data: bytes) -> ast.Module:
    """The module; where what was left out was no function after all, that of the whole file."""
    try:
        return _parse(text)
    except SyntaxError:
        if text == data:
            raise
        return _parse(data)


def _parse(data: bytes) -> ast.Module:
    with _collector_off(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(data.decode("utf-8"))


def _parsed(data: bytes) -> ast.Module | None:
    """The module; None where `ast` refuses it."""
    try:
        return _parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@contextmanager
def _collector_off() -> Iterator[None]:
    """The collector would walk a growing tree again and again: it triples the time of a large file."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _by_text(source: Source) -> Iterator[PortLiteral]:
    """The ports that a file shows which cannot be parsed: URLs, addresses and `port = 8000`, outside comments."""
    position = 0
    for line in source.text.splitlines(keepends=True):
        code = line.split("#", 1)[0] if line.lstrip().startswith("#") or " #" in line else line
        for hit in find(code, whole=False):
            yield literal(
                source, "python", position + hit.start, position + hit.end, port=hit.port, end_port=hit.end_port,
                role=hit.role, protocol=hit.protocol, host=hit.host, name=hit.name, form=hit.form,
                url_path=hit.url_path,
            )  # fmt: skip
        position += len(line)


class _Reader:
    """Reads one file."""

    def __init__(self, source: Source, flow: Flow) -> None:
        self._source = source
        self._flow = flow
        self._problems: list[Problem] = []
        self._literals: list[PortLiteral] = []
        self._prefix = module_name(source.path)

    def facts(
        self, module: ast.Module, shift: int, candidates: Sequence[int], signals: Signals, memory: Memory | None
    ) -> Facts:
        """The facts of a file that `ast` accepts.

        shift: length of the byte order mark. memory: of an earlier state, which takes in what is read now; None: none.
        """
        source = self._source
        kept: list[Piece] = []
        loose: list[tuple[int, int]] = []
        behind = 0
        # Of a piece of another file, ast counts the lines from the piece's own first.
        lines = LineIndex(source.data) if source.base else source.lines
        for piece, offsets in pieces(module, source.data, lines, shift, candidates):
            if piece is None:
                loose += ((offset, behind) for offset in offsets)
                continue
            behind = piece.end
            if piece.docstring:
                self._prose(piece.start, piece.end)
            elif signals.of_statement(piece):
                kept.append(piece)
        around = surroundings(module, self._flow.sinks) if kept else None
        if around is not None and memory is not None:
            seen = fingerprint(around)
            for piece in kept:
                self._statement(piece, around, memory, statement_digest(piece, seen))
        elif around is not None:
            for piece in kept:
                self._piece(piece, around)
        self._comments(loose)
        return self._result()

    def whole(self, piece: Piece) -> Facts | None:
        """The facts of a file that libcst reads as one piece; None where it does not."""
        imports = Imports({}, self._flow.packages, frozenset())
        self._piece(piece, Surroundings(imports, {}, self._flow.sinks))
        return None if self._problems else self._result()

    def _result(self) -> Facts:
        source = self._source
        literals = sorted(
            {(x.span.start, x.span.end): x for x in reversed(self._literals)}.values(), key=lambda x: x.span
        )
        return Facts(
            path=source.path,
            format="python",
            literals=tuple(literals),
            references=tuple(references(source, literals)),
            problems=tuple(self._problems),
        )

    def _statement(self, piece: Piece, around: Surroundings, memory: Memory, digest: str) -> None:
        """Takes over what an earlier state of the file says of the same statement, or has it read."""
        source = self._source
        known = memory.known(digest)
        if known is not None:
            then, literals = known
            made, shift = then.made, piece.start - then.start
            for _ in range(made):
                count(source)
            self._literals += (moved(source, each, each.span.start + shift) for each in literals)
        else:
            before = len(self._literals)
            if not self._piece(piece, around):
                return
            made = len(self._literals) - before
        memory.add(Statement(digest, piece.start, piece.end, made))

    def _piece(self, piece: Piece, around: Surroundings) -> bool:
        """Has libcst read a piece; whether it could."""
        # libcst is the slowest import of all: only when a statement needs it.
        from portlint.extract.python.parse import visit

        reason = too_deep(piece.code)
        if reason is None:
            try:
                for found in visit(piece, around, in_text, in_words):
                    self._literal(piece, found.start, found.end, found.hit, found.context)
                return True
            except RecursionError:
                reason = "expressions nested too deep"
            except ValueError as error:
                reason = str(error)
        self._problems.append(
            Problem(self._source.span(piece.start, piece.start), f"a statement was not read: {reason}")
        )
        return False

    def _literal(self, piece: Piece, start: int, end: int, hit: Hit, context: Context) -> None:
        source = self._source
        start += piece.start - piece.skip
        end += piece.start - piece.skip
        route = ".".join(x for x in context.route if x.isidentifier() or x.replace("-", "_").isidentifier())
        variable = hit.variable or context.variable
        role = hit.role
        if variable and role == Role.SETTING and context.form == "fallback":
            role = Role.FALLBACK
        elif role == Role.SETTING:
            role = context.role
        self._literals.append(
            literal(
                source,
                "python",
                start,
                end,
                port=hit.port,
                end_port=hit.end_port,
                role=role,
                protocol=hit.protocol,
                host=hit.host or context.host,
                variable=variable,
                name=hit.name or context.name,
                subject=f"{self._prefix}:{route}" if route else self._prefix,
                form=hit.form,
                library=context.library,
                url_path=hit.url_path,
                prose=context.prose,
            )
        )

    def _prose(self, start: int, end: int) -> None:
        source = self._source
        text = source.data[start:end].decode("latin-1")
        for hit in find(text, whole=False):
            self._literals.append(
                literal(
                    source,
                    "python",
                    start + hit.start,
                    start + hit.end,
                    port=hit.port,
                    end_port=hit.end_port,
                    role=hit.role,
                    protocol=hit.protocol,
                    host=hit.host,
                    name=hit.name,
                    form=hit.form,
                    subject=self._prefix,
                    prose=True,
                )
            )

    def _comments(self, places: Sequence[tuple[int, int]]) -> None:
        """Prose outside the statements: the rest of the line from its `#` on.

        places: byte offsets there, each with the end of the last piece before it.
        """
        data, done = self._source.data, -1
        for offset, behind in places:
            if offset < done:
                continue
            start = max(data.rfind(b"\n", 0, offset) + 1, behind)
            sign = data.find(b"#", start, offset)
            end = data.find(b"\n", offset)
            done = end if end >= 0 else len(data)
            if sign >= 0:
                self._prose(sign, done)


FORMAT = Format(
    reads_mark=True,
    name="python",
    named=lambda path: _NAMED.search(path) is not None,
    content=lambda path, data: _SHEBANG.match(data) is not None,
    extract=extract,
    extract_again=extract_again,
    comments=lambda data: Tokens(data).in_comment,
    use_rules=use_rules,
)
