"""The events of YAML, with mistakes and a limit of nesting that are the same with every libyaml.

Everything that reads YAML reads these events, so that no text reaches the parser without the limit. libyaml before
0.2.6 dies of some ten thousand levels. 0.2.6 refuses more than a thousand, in words of its own and as soon as its
scanner meets them: the scanner is up to 1,024 characters ahead of the events.

Sources: YAML 1.1 and 1.2.2; PyYAML, `yaml.parse`; libyaml, `MAX_NESTING_LEVEL` and the length of a simple key in
`src/scanner.c`.
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


class YamlError(ValueError):
    """A text cannot be read as YAML. start, end: indexes, in characters, of what is wrong; end exclusive."""

    def __init__(self, reason: str, start: int, end: int) -> None:
        super().__init__(reason)
        self.start, self.end = start, end


class TooDeep(YamlError):  # noqa: N818
    """More than DEEPEST levels; start and end are those of what opens one too many."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__(f"nested deeper than {DEEPEST} levels", start, end)


class NotYaml(YamlError):  # noqa: N818
    """A text breaks the grammar. problem, context: what libyaml says of it; the context may be missing."""

    def __init__(self, problem: str, context: str | None, at: int) -> None:
        super().__init__(f"not valid YAML: {problem}", at, at)
        self.problem, self.context = problem, context


def events(text: str) -> Iterator[Any]:
    """The events of all documents of a text: those of PyYAML, with marks. Raises TooDeep and NotYaml."""
    taken = 0
    try:
        for event in _counted(text):
            taken += 1
            yield event
    except NotYaml as error:
        if error.problem != _REFUSAL:
            raise
        # The levels before the refused one are too many for us. A comma in the place of each further one is none, and
        # shows the scanner whatever else is wrong there.
        refused = error.start
        yield from islice(_counted(text[:refused] + text[refused:].translate(_NO_LEVELS)), taken, None)
        raise


def _counted(text: str) -> Iterator[Any]:
    levels = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            step = _LEVELS.get(type(event), 0)
            if step:
                levels += step
                if levels > DEEPEST:
                    start, end = event.start_mark, event.end_mark
                    raise TooDeep(_index(start), _index(end))
            yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(error.problem or error.context or "", error.context, _index(mark)) from error
    except yaml.reader.ReaderError as error:
        # libyaml counts this one in bytes.
        before = text.encode("utf-8")[: error.position].decode("utf-8", "ignore")
        raise NotYaml(f"{error.reason} (character {error.character:#04x})", None, len(before)) from error


def _index(mark: Any) -> int:
    """The index of a mark; the stubs say that there may be none, the parser always gives one."""
    return 0 if mark is None else int(mark.index)
