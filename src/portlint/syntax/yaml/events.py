"""The events of YAML, with a limit of nesting that is the same with every libyaml.

libyaml before 0.2.6 dies of some ten thousand levels. 0.2.6 refuses more than a thousand, in words of its own and as
soon as its scanner meets them: the scanner is up to 1,024 characters ahead of the events.

Source: libyaml, `MAX_NESTING_LEVEL` and the length of a simple key in `src/scanner.c`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import yaml

DEEPEST = 64
"""levels of nesting; people write below 20"""
_LEVELS = {
    yaml.MappingStartEvent: 1,
    yaml.SequenceStartEvent: 1,
    yaml.MappingEndEvent: -1,
    yaml.SequenceEndEvent: -1,
}
_REFUSAL = "exceeded maximum nesting depth"
_NO_LEVELS = str.maketrans("[{", ",,")


class TooDeep(Exception):  # noqa: N818
    """More than DEEPEST levels. start, end: indexes, in characters, of the event that opens one too many."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__(f"nested deeper than {DEEPEST} levels")
        self.start, self.end = start, end


def events(text: str) -> Iterator[yaml.Event]:
    """The events of all documents of a text. Raises TooDeep, and yaml.YAMLError where it is not YAML."""
    taken = 0
    try:
        for event in _counted(text):
            taken += 1
            yield event
    except yaml.MarkedYAMLError as error:
        if error.problem != _REFUSAL or error.problem_mark is None:
            raise
        # The levels before the refused one are too many for us. A comma in the place of each further one is none, and
        # shows the scanner whatever else is wrong there.
        refused: int = error.problem_mark.index
        yield from islice(_counted(text[:refused] + text[refused:].translate(_NO_LEVELS)), taken, None)
        raise


def _counted(text: str) -> Iterator[yaml.Event]:
    loader: Any = yaml.CSafeLoader(text)  # each of its events has marks, which the stubs do not say
    depth = 0
    try:
        while loader.check_event():
            event = loader.get_event()
            depth += _LEVELS.get(type(event), 0)
            if depth > DEEPEST:
                raise TooDeep(event.start_mark.index, event.end_mark.index)
            yield event
    finally:
        loader.dispose()
