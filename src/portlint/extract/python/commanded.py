"""Whether a number in Python code may be a port in a command: `run("nc -z depot 25")`, `["http.server", "8000"]`.

Which commands take ports is told by `rules/commands.yaml`; here the number is found first, and then the command's name
before it.
"""

from __future__ import annotations

from portlint.extract.command_rules import names_port_command
from portlint.lazy import regex

# Each begins with a fixed sign, which is found quickly.
_SIGNS = (
    regex(rb" [1-9](?<=[^\s=+*<>,:(\[{&|] .)[0-9]{1,4}(?![0-9A-Za-z_.])"),  # nc -z depot 25
    regex(rb",\s{0,40}+[\"'][1-9][0-9]{1,4}(?:[-:/,][0-9a-z]{1,9})?[\"']"),  # "depot", "25"
    regex(rb"-(?<=[ \"'-]-)[A-Za-z][\w.-]{0,40}?=?[1-9][0-9]{1,4}(?![0-9A-Za-z_.])"),  # -p25, --listen=25
)
_WORD = regex(r"[\w.@$/\\-]+")
_LONGEST = 250
"""bytes of a command before the port that are looked at"""


def shows_command(code: bytes) -> bool:
    """Whether a number stands behind the name of a command that takes a port."""
    return any(_follows_command(code, match.start()) for sign in _SIGNS for match in sign.finditer(code))


def _follows_command(code: bytes, end: int) -> bool:
    before = code[max(0, end - _LONGEST) : end].decode("latin-1")
    return names_port_command(set(_WORD.findall(before)))
