"""A short notation of binds and of the texts in them, for tests."""

from __future__ import annotations

from portlint.model.programs import Bind, Part, Scope, Text

_SIGNS = {Scope.COMPOSE: "%", Scope.BUILD: "#", Scope.CONTAINER: "$", Scope.OPTION: "@"}


def bind(found: Bind) -> str:
    """`uvicorn.run 0.0.0.0 ${PORT:-8000}`: what binds, host and port; `-`: not written, `?`: hidden, `""`: empty.

    A variable of the container begins with `$`, an option of the command line with `@`.
    """
    words = [found.by, text(found.host), text(found.port)]
    words += [found.protocol] * (found.protocol != "tcp")
    words += [f"in {found.function}"] * bool(found.function)
    words += ["under main"] * found.under_main
    return " ".join(words)


def text(given: Text | None) -> str:
    """One text in the notation."""
    return "-" if given is None else parts(given.parts)


def parts(given: tuple[Part, ...]) -> str:
    """The parts of a text in the notation."""
    return "".join(map(_part, given)) or '""'


def _part(part: Part) -> str:
    if part.hidden:
        return "?"
    if part.variable is None:
        return part.text
    fallback = "" if part.fallback is None else f":-{parts(part.fallback)}"
    return f"{_SIGNS[part.scope]}{{{part.variable}{fallback}}}"
