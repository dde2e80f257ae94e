"""Regular expressions that are compiled when they are used first.

portlint has some four hundred of them, and Python keeps none of what it has compiled: to compile all that a module may
need one day took a fifth of a run over two files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

_compile: Final = re.compile
_ASKED: Final = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split", "flags")


class _Regex:
    """A `re.Pattern` in all that portlint asks of one; the `re` of a match is the pattern inside, not this."""

    def __init__(self, pattern: str | bytes, flags: int = 0) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """The pattern's own attribute, which is found without this from then on. Raises AttributeError and re.error."""
        if name not in _ASKED:
            raise AttributeError(name)
        compiled = _compile(self.pattern, self._flags)
        self.__dict__.update({each: getattr(compiled, each) for each in _ASKED})
        return self.__dict__[name]


if TYPE_CHECKING:
    regex = re.compile
else:
    regex = _Regex
