"""Numbers that may be ports in commands of Python code: `run("nc -z depot 25")`, `["http.server", "8000"]`.

Which commands take ports is told by `rules/formats/commands.yaml`; here the number is found first, and then the
command's name before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands.rules import names_port_command
from portlint.extract.python.prefilter.code import Code

_BEHIND_WORD = regex(rb"11(?<=[^\s=+*<>,:(\[{&|] 11)1{0,3}(?![0-9a-z_.])")
"""nc -z depot 25"""
_QUOTED = regex(rb"11(?<=[\"']11)1{0,3}(?:[-:/,][0-9a-z]{1,9})?[\"']")
"""the 25 of "depot", "25" """
_BEHIND_OPTION = regex(rb"-(?<=[ \"'-]-)[a-z][\w.-]{0,40}?=?11{1,4}(?![0-9a-z_.])")
"""-p25, --listen=25"""
_WORD = regex(r"[\w.@$/\\-]+")
_LONGEST = 4000
"""bytes of a command before the port that are looked at"""
_LONGEST_BEHIND_COMMA = 1800
_GOES_ON = (b",", b"(", b"[", b"{", b"\\", b"+", b"%", b'"', b"'")
"""what ends a line behind which a command goes on: in a list, in strings that stand together, behind a backslash"""


def numbers_in_commands(code: Code) -> Iterator[int]:
    """Where a number stands behind the name of a command that takes a port."""
    data, plain = code.data, code.plain
    quoted = (match.start() - 1 for match in _QUOTED.finditer(plain))
    yield from merge(
        _behind_commands(data, (match.start() for match in _BEHIND_WORD.finditer(plain))),
        _behind_commands(data, (at for at in quoted if _is_behind_comma(data, at))),
        _behind_commands(data, (match.start() for match in _BEHIND_OPTION.finditer(plain))),
    )


def _is_behind_comma(code: bytes, at: int) -> bool:
    """Whether a comma may stand before an offset, with nothing but space and comments between."""
    before = code[max(0, at - _LONGEST_BEHIND_COMMA) : at].rstrip()
    return before.endswith(b",") or b"#" in before[before.rfind(b"\n") + 1 :]


def _behind_commands(code: bytes, places: Iterable[int]) -> Iterator[int]:
    """Those of the offsets, which ascend, before which the name of such a command stands."""
    seen, is_command = 0, False
    for at in places:
        # What stands before the number that was looked at last is not read again: this one is in the same command, or
        # in one that begins behind it.
        start = _start_of_command(code, max(seen, at - _LONGEST), at)
        words = set(_WORD.findall(code[start:at].decode("latin-1")))
        is_command = (is_command and start <= seen) or names_port_command(words)
        if is_command:
            yield at
        seen = at


def _start_of_command(code: bytes, floor: int, at: int) -> int:
    """Where the command around an offset begins at the latest: not before `floor`."""
    end = code.rfind(b"\n", floor, at)
    while end >= 0:
        # The whole line, also where a part of it was looked at before: its start may tell that it ends in a comment.
        above = code.rfind(b"\n", max(0, end - _LONGEST), end)
        line = code[above + 1 : end].rstrip()
        if line and not line.endswith(_GOES_ON) and b"#" not in line:
            return end
        end = above if above >= floor else -1
    return floor
