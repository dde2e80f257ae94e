"""Whether a number in Python code may be a port in a command: `run("nc -z depot 25")`, `["http.server", "8000"]`.

Which commands take ports is told by `rules/formats/commands.yaml`; here the number is found first, and then the
command's name before it.
"""

from __future__ import annotations

from collections.abc import Iterable

from portlint.algorithms.lazy_regex import regex
from portlint.extract.commands.rules import names_port_command

BEHIND_COMMA = rb"\s{0,120}+(?:#[^\n]{0,400}+\n\s{0,120}+){0,3}+"
"""what may stand between a comma and the next item: spaces, lines and comments"""
_LONGEST_BEHIND_COMMA = 1800
_PLAIN = bytes(49 if chr(byte).isdigit() else byte for byte in bytes(range(128)).lower()) + bytes(range(128, 256))
# Each begins with a fixed sign, which is found quickly; with every digit a 1, so does a number.
_BEHIND_WORD = regex(rb"11(?<=[^\s=+*<>,:(\[{&|] 11)1{0,3}(?![0-9a-z_.])")
"""nc -z depot 25"""
_QUOTED = regex(rb"11(?<=[\"']11)1{0,3}(?:[-:/,][0-9a-z]{1,9})?[\"']")
"""the 25 of "depot", "25" """
_BEHIND_OPTION = regex(rb"-(?<=[ \"'-]-)[a-z][\w.-]{0,40}?=?11{1,4}(?![0-9a-z_.])")
"""-p25, --listen=25"""
_WORD = regex(r"[\w.@$/\\-]+")
_LONGEST = 4000
"""bytes of a command before the port that are looked at"""
_GOES_ON = (b",", b"(", b"[", b"{", b"\\", b"+", b"%", b'"', b"'")
"""what ends a line behind which a command goes on: in a list, in strings that stand together, behind a backslash"""


def plain(code: bytes) -> bytes:
    """The code in lower case and with a 1 for each digit, so that numbers are found as quickly as words."""
    return code.translate(_PLAIN)


def shows_command(code: bytes, plain: bytes) -> bool:
    """Whether a number stands behind the name of a command that takes a port. plain: see there."""
    quoted = (match.start() - 1 for match in _QUOTED.finditer(plain))
    return (
        _follows_command(code, (match.start() for match in _BEHIND_WORD.finditer(plain)))
        or _follows_command(code, (at for at in quoted if _is_behind_comma(code, at)))
        or _follows_command(code, (match.start() for match in _BEHIND_OPTION.finditer(plain)))
    )


def _is_behind_comma(code: bytes, at: int) -> bool:
    """Whether a comma may stand before an offset, with nothing but space and comments between."""
    before = code[max(0, at - _LONGEST_BEHIND_COMMA) : at].rstrip()
    return before.endswith(b",") or b"#" in before[before.rfind(b"\n") + 1 :]


def _follows_command(code: bytes, places: Iterable[int]) -> bool:
    """Whether the name of such a command stands before one of the offsets, which ascend."""
    seen = 0
    for at in places:
        # What stands before the number that was looked at last names no command, and is not read again.
        before = code[_start_of_command(code, max(seen, at - _LONGEST), at) : at].decode("latin-1")
        if names_port_command(set(_WORD.findall(before))):
            return True
        seen = at
    return False


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
