"""The table of signals: what stands in Python code, of all places where the visitor finds a port literal.

The test of the table demands of each row that its example is found, and is lost without the row; and of each method of
the visitor that a row stands for it.
"""

from __future__ import annotations

# portlint: ignore-file[PORT102] -- the examples are ports on purpose
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from heapq import merge

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.extract.python.context import class_holds_ports
from portlint.extract.python.flow import Flow
from portlint.extract.python.libraries import words_of
from portlint.extract.python.pieces import Piece
from portlint.extract.python.prefilter.addresses import numbers_beside_addresses, second_items_of_addresses
from portlint.extract.python.prefilter.code import Code, occurrences
from portlint.extract.python.prefilter.commands import numbers_in_commands
from portlint.knowledge.identifiers import is_port_name

Find = Callable[[Code, Flow], Iterable[int]]
"""the byte offsets, ascending, at which a file shows a signal"""


class Signal(Struct, frozen=True):
    """A way in which code shows that there is a port."""

    name: str
    find: Find
    example: str
    """code in which the port 8136 is shown by this signal alone"""
    stands_for: tuple[str, ...]
    """what would find ports of this kind if nothing was filtered: `module.function` of this package"""


def _in_plain(*patterns: re.Pattern[bytes]) -> Find:
    return lambda code, flow: merge(*(map(re.Match.start, each.finditer(code.plain)) for each in patterns))


def _in_code(pattern: re.Pattern[bytes]) -> Find:
    return lambda code, flow: map(re.Match.start, pattern.finditer(code.data))


def _calls(of: Callable[[Flow], frozenset[bytes]]) -> Find:
    return lambda code, flow: (at for at, end in _words(code.data, of(flow)) if _CALLED.match(code.data, end))


def _bound(of: Callable[[Flow], frozenset[bytes]]) -> Find:
    return lambda code, flow: (at for at, end in _words(code.data, of(flow)) if _binding().match(code.data, end))


_CALLED = regex(rb"\s{0,80}+[(\[]")
"""a bracket: what is called, or a type with its parameters that is"""


@cache
def _binding() -> re.Pattern[bytes]:
    """What stands behind a name that gets a value, or is matched with one: `WEB: int = `, `cfg["web"] = `, `web, b = `,
    `WEB.append(`, `for web in`, `match web:`."""
    growing = "|".join(sorted(words_of("growing")))
    return re.compile(
        rb"[\"')\]]{0,3}(?:[ \t]{0,9}[:,][^=\n]{1,80})?[ \t]{0,9}[:+|]?=(?!=)|[ \t]{1,9}in\b|[ \t]{0,9}:[ \t]{0,9}\r?\n"
        rb"|\.(?:" + growing.encode() + rb")\("
    )


_WORD = regex(rb"\w+")
_OF_WORDS = frozenset(byte for byte in range(128) if chr(byte).isalnum()) | {ord("_")}
_FEW_NAMES = 64


def _words(data: bytes, names: frozenset[bytes]) -> Iterator[tuple[int, int]]:
    """Where one of the names is a word: its byte offsets, the end exclusive."""
    # To look for a few names is quicker than to look at all words; for many it would be the square of the file's size.
    if len(names) > _FEW_NAMES:
        return (word.span() for word in _WORD.finditer(data) if word[0] in names)
    found = ((at, at + len(name)) for name in names for at in occurrences(data, name))
    return iter(sorted(span for span in found if _is_word(data, *span)))


def _is_word(data: bytes, start: int, end: int) -> bool:
    before, behind = data[start - 1 : start], data[end : end + 1]
    return not (before and before[0] in _OF_WORDS) and not (behind and behind[0] in _OF_WORDS)


_BEHIND_COLON = regex(rb":(?<!\[:)(?:\{[ ]?)?0{0,3}[1-9][0-9]{1,5}(?![0-9A-Za-z_]|[.:][0-9]|%(?![-+ #0-9]{0,6}[a-z(]))")
"""the port of an address, with or without a host; no slice, time, float or percentage"""
_JOINED = regex(
    rb":(?:[\"'][\s)]{0,80}+(?:[+%]|\.join|[A-Za-z]{0,2}[\"']\{?[0-9])|%[-+ #0-9]{0,6}[a-z]"
    rb"|\{(?:![rsa])?(?::[^{}\n]{0,20})?\})"
)
"""`"//api:" + str(8000)`, `":".join(...)`, `"//api:" "8000"`, `"api:%d" % 8000`, `"api:{}".format(8000)`"""

SIGNALS = (
    Signal(
        name="a word that says port",
        find=lambda code, flow: code.port_words,
        example="web_port = 8136",
        stands_for=(
            "context.Context.named", "context.class_holds_ports", "visitor.PortVisitor.visit_Assign",
            "visitor.PortVisitor.visit_AnnAssign", "visitor.PortVisitor.visit_NamedExpr",
            "visitor.PortVisitor.visit_AugAssign", "visitor.PortVisitor.visit_FunctionDef",
            "visitor.PortVisitor.visit_Param", "visitor.PortVisitor.visit_Return", "visitor.PortVisitor.visit_For",
            "visitor.PortVisitor.visit_CompFor", "visitor.PortVisitor.visit_Match",
            "visitor.PortVisitor.visit_MatchCase", "visitor.PortVisitor.visit_Comparison",
            "visitor.PortVisitor.visit_BooleanOperation", "visitor.PortVisitor.visit_IfExp",
            "visitor.PortVisitor.visit_Subscript", "visitor.PortVisitor.visit_Lambda",
            "visitor.PortVisitor.visit_Dict", "visitor.PortVisitor.visit_List", "visitor.PortVisitor.visit_Set",
            "visitor.PortVisitor.visit_Integer", "calls.CallVisitor.visit_Call", "calls.CallVisitor._keyword",
            "calls.CallVisitor._positional", "calls.CallVisitor._compared", "calls.CallVisitor._parametrize",
        ),
    ),
    Signal(
        name="a number behind a colon",
        find=_in_code(_BEHIND_COLON),
        example="get('http://depot:8136/')",
        stands_for=(
            "texts.in_text", "visitor.PortVisitor.visit_SimpleString", "visitor.PortVisitor.visit_FormattedString",
            "visitor.PortVisitor.visit_Expr", "visitor.PortVisitor.visit_Comment",
        ),
    ),
    Signal(
        name="a text that goes on behind a colon",
        find=_in_code(_JOINED),
        example="get('http://depot:' + str(8136))",
        stands_for=(
            "strings.StringReader.read", "strings.StringReader.call", "visitor.PortVisitor.visit_BinaryOperation",
            "visitor.PortVisitor.visit_ConcatenatedString",
        ),
    ),
    Signal(
        name="a transport protocol",
        find=_in_plain(
            regex(rb"tcp(?:(?<=[/_]tcp)|(?<=proxy tcp))"), regex(rb"udp(?<=[/_]udp)"), regex(rb"sctp(?<=[/_]sctp)")
        ),
        example="allow('8136/udp')",
        stands_for=("texts.in_text",),
    ),
    Signal(
        name="a number beside an address",
        find=lambda code, flow: numbers_beside_addresses(code),
        example="dial(('localhost', 8136))",
        stands_for=("visitor.PortVisitor.visit_Tuple", "calls.CallVisitor.visit_Call"),
    ),
    Signal(
        name="the second item of an address",
        find=lambda code, flow: second_items_of_addresses(code),
        example="check(sock.getsockname()[1] == 8136)",
        stands_for=("base.Visitor._meaning",),
    ),
    Signal(
        name="a number in a command",
        find=lambda code, flow: numbers_in_commands(code),
        example="run('nc -z depot 8136')",
        stands_for=("texts.in_text", "texts.in_words", "visitor.PortVisitor._command"),
    ),
    Signal(
        name="a setting in a text of several lines",
        find=_in_plain(regex(rb"listen[ ]11"), regex(rb"expose[\s:\[\"'-]{1,80}+1")),
        example="text = '''\nservices:\n  web:\n    image: web\n    expose:\n      - 8136\n'''",
        stands_for=("texts.in_text",),
    ),
    Signal(
        name="a call of a library",
        find=_calls(lambda flow: flow.called),
        example="import uvicorn\nuvicorn.Config(app, 'x', 8136)",
        stands_for=("libraries.Imports.call_rules", "calls.CallVisitor._known_call"),
    ),
    Signal(
        name="a call of the file's own",
        find=_calls(lambda flow: flow.own_calls),
        example="def serve_at(where, port): ...\nserve_at('depot', 8136)",
        stands_for=("surroundings.surroundings", "calls.CallVisitor._parameter_names"),
    ),
    Signal(
        name="a name that is used as a port",
        find=_bound(lambda flow: flow.used_names),
        example="WEB = 8136\nserve(port=WEB)",
        stands_for=("flow.Flow.sinks", "base.Visitor._target"),
    ),
)  # fmt: skip


class Signals:
    """The signals of one file, each found once, from the beginning of the file on, as far as somebody asks."""

    def __init__(self, code: Code, flow: Flow) -> None:
        self._code, self._flow = code, flow
        self._asked: list[_Places] = []

    def between(self, start: int, end: int) -> bool:
        """Whether a signal stands between two byte offsets."""
        return any(each.first_from(start, end) < end for each in self._all())

    def _all(self) -> Iterator[_Places]:
        yield from self._asked
        for signal in SIGNALS[len(self._asked) :]:
            self._asked.append(_Places(iter(signal.find(self._code, self._flow))))
            yield self._asked[-1]

    def of_statement(self, piece: Piece) -> bool:
        """Whether a statement, or what is around it, shows a port."""
        scope = piece.scope
        return (
            (scope.function is not None and is_port_name(scope.function))
            or (scope.enclosing_class is not None and class_holds_ports(scope.enclosing_class))
            or self.between(piece.start if piece.subject is None else piece.subject, piece.end)
        )


class _Places:
    """Offsets, ascending, of which the further ones are not looked for before they are needed."""

    def __init__(self, coming: Iterator[int]) -> None:
        self._coming = coming
        self._found: list[int] = []

    def first_from(self, start: int, beyond: int) -> int:
        """The first offset that is not before `start`; `beyond` where there is none."""
        found = self._found
        if not found or found[-1] < start:
            for at in self._coming:
                found.append(at)
                if at >= start:
                    return at
            return beyond
        return found[bisect_left(found, start)]
