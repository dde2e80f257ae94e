"""Whether a number in Python code may be a port in a command: `run("nc -z depot 25")`, `["http.server", "8000"]`.

Which commands take ports is told by `rules/commands.yaml`; here the number is found first, and then the command's name
before it.
"""

from __future__ import annotations

import re

from portlint.extract.command_rules import names_port_command
from portlint.lazy import regex

BEHIND_COMMA = rb"\s{0,120}+(?:#[^\n]{0,400}+\n\s{0,120}+){0,3}+"
"""what may stand between a comma and the next item: spaces, lines and comments"""
# Each begins with a fixed sign, which is found quickly.
_SIGNS = (
    regex(rb" [1-9](?<=[^\s=+*<>,:(\[{&|] .)[0-9]{1,4}(?![0-9A-Za-z_.])"),  # nc -z depot 25
    regex(b"," + BEHIND_COMMA + rb"[\"'][1-9][0-9]{1,4}(?:[-:/,][0-9a-z]{1,9})?[\"']"),  # "depot", "25"
    regex(rb"-(?<=[ \"'-]-)[A-Za-z][\w.-]{0,40}?=?[1-9][0-9]{1,4}(?![0-9A-Za-z_.])"),  # -p25, --listen=25
)
_WORD = regex(r"[\w.@$/\\-]+")
_LONGEST = 4000
"""bytes of a command before the port that are looked at"""
_GOES_ON = (b",", b"(", b"[", b"{", b"\\", b"+", b"%", b'"', b"'")
"""what ends a line behind which a command goes on: in a list, in strings that stand together, behind a backslash"""


def shows_command(code: bytes) -> bool:
    """Whether a number stands behind the name of a command that takes a port."""
    return any(_follows_command(code, sign) for sign in _SIGNS)


def _follows_command(code: bytes, sign: re.Pattern[bytes]) -> bool:
    seen = 0
    for match in sign.finditer(code):
        at = match.start()
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
        above = code.rfind(b"\n", floor, end)
        line = code[max(above + 1, floor) : end].rstrip()
        if line and not line.endswith(_GOES_ON) and b"#" not in line:
            return end
        end = above
    return floor
