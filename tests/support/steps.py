"""How much a call does, counted: what a busy machine does not change, as it does the time that is taken."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

MOST_GROWTH = 2.5
"""what `growth` may be where the work is in proportion; what is done once makes it less than 2"""


def steps(function: Callable[..., object], *arguments: Any) -> int:
    """How many lines of Python and calls of C functions `function` runs. A loop inside a C function counts as one."""
    count = 0

    def at_line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return at_line

    def at_call(frame: FrameType, event: str, _: Any) -> None:
        nonlocal count
        count += event == "c_call"

    function(*arguments)  # whatever is made ready at its first use is not counted
    traced, profiled = sys.gettrace(), sys.getprofile()
    sys.setprofile(at_call)
    sys.settrace(at_line)
    try:
        function(*arguments)
    finally:
        sys.settrace(traced)
        sys.setprofile(profiled)
    return count


def growth(function: Callable[[Any], object], text: str | bytes, size: int = 1000) -> float:
    """How much more is done for twice the text: 2 where the work is in proportion, 4 where it is quadratic.

    The beginning of `text` is taken, `size` letters and twice as many. A slow loop inside a C function is not seen:
    who gives it the whole of a long text sees it, for it does not end.
    """
    size = min(size, len(text) // 2)
    return steps(function, text[: 2 * size]) / steps(function, text[:size])
