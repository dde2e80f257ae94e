"""The variables of a container and those of a compose file, which are never mixed.

Sources: Compose specification, `environment`, `env_file`, "Interpolation"; Docker Docs, "Environment variables
precedence in Docker Compose"; Dockerfile reference, ENV, ARG.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from posixpath import dirname, join

from msgspec import Struct
from msgspec.structs import replace

from portlint.knowledge.formats import ENV_FILES
from portlint.model import Facts, Service, Span
from portlint.model.programs import Assignment, Scope, Text
from portlint.topology.images import Image
from portlint.topology.values import HOLE, UNKNOWN, UNSET, State, Value, evaluated

_DEEPEST = 8
"""variables that are set to one another"""


class EnvFiles:
    """What the env files of the repository set. Their values are known where they are ports."""

    def __init__(self, facts: Sequence[Facts], is_template: Mapping[str, bool]) -> None:
        """is_template: the paths of all env files, and whether each is one that people copy."""
        self._set: dict[tuple[str, str], str | None] = {}
        self._spans: dict[tuple[str, str], Span] = {}
        self.paths = frozenset(is_template)
        self._templates: dict[str, list[str]] = {}
        for each in facts:
            if each.format not in ENV_FILES:
                continue
            if is_template.get(each.path):
                self._templates.setdefault(dirname(each.path), []).append(each.path)
            for variable in each.variables:
                self._set[each.path, variable.name] = None
                self._spans[each.path, variable.name] = variable.span
            for literal in (*each.candidates, *each.literals):
                # A value such as `0.0.0.0:8000` is no number: what it comes to is not known.
                if literal.variable is not None and not literal.prose and literal.form == "value":
                    self._set[each.path, literal.variable] = literal.text
                    self._spans[each.path, literal.variable] = literal.span

    def value(self, path: str, variable: str) -> Value:
        """What one file sets a variable to."""
        if (path, variable) not in self._set:
            return UNSET
        text = self._set[path, variable]
        return UNKNOWN if text is None else Value(State.SET, text)

    def place(self, path: str, variable: str) -> Span | None:
        """Where one file sets a variable."""
        return self._spans.get((path, variable))

    def templates(self, folder: str) -> Sequence[str]:
        """The templates of env files that lie in a folder."""
        return self._templates.get(folder, ())


class Interpolation:
    """What Compose puts in for `${X}`. The shell may set any of them otherwise: these are the values without it."""

    def __init__(self, folder: str, files: EnvFiles, *, with_templates: bool, named: Sequence[str] = ()) -> None:
        """folder: the project's. named: env files that a command names in the place of `.env`. with_templates: where
        there is no `.env`, whoever starts the stack has copied the template."""
        usual = join(folder, ".env")
        self._files = files
        self._paths = list(named) or ([usual] if usual in files.paths else [])
        if not self._paths and with_templates:
            self._paths = list(files.templates(folder))

    def value(self, variable: str) -> Value:
        for path in reversed(self._paths):
            found = self._files.value(path, variable)
            if found.state is not State.UNSET:
                return replace(found, movable=(variable,))
        return Value(State.UNSET, movable=(variable,))

    def place(self, variable: str) -> tuple[str, Span] | None:
        """The path and the span of the value of a variable; None where no file sets it."""
        places = ((path, self._files.place(path, variable)) for path in reversed(self._paths))
        return next(((path, span) for path, span in places if span is not None), None)


class Container(Struct):
    """The environment of a service's container."""

    definitions: tuple[Service, ...]
    """in the order in which they are merged"""
    image: Image | None
    files: EnvFiles
    interpolation: Interpolation
    depth: int = 0

    def value(self, variable: str, scope: Scope) -> Value:
        if scope is Scope.COMPOSE:
            return self.interpolation.value(variable)
        if self.depth > _DEEPEST:
            return UNKNOWN
        self.depth += 1
        try:
            return self._built(variable, len(self._given)) if scope is Scope.BUILD else self._running(variable)
        finally:
            self.depth -= 1

    @property
    def base(self) -> str | None:
        """The image that it runs, or that its own is built on; None: not known."""
        if self.image is not None:
            return self.image.base
        if any(each.built for each in self.definitions):
            return None
        return next((each.image for each in reversed(self.definitions) if each.image is not None), None)

    @property
    def origin(self) -> Span:
        """Where its service, or else its Dockerfile, begins."""
        return self.definitions[-1].span if self.definitions else Span(0, 0, 1, 1)

    @property
    def _given(self) -> tuple[Assignment, ...]:
        return self.image.assignments if self.image is not None else ()

    def _running(self, variable: str) -> Value:
        for service in reversed(self.definitions):
            for assignment in reversed(service.assignments):
                if assignment.name == variable:
                    return self._of(assignment.value)
        for service in reversed(self.definitions):
            for path in reversed(service.env_files):
                if path not in self.files.paths:
                    return UNKNOWN
                found = self.files.value(path, variable)
                if found.state is not State.UNSET:
                    return replace(found, movable=(variable,))
        for number in range(len(self._given) - 1, -1, -1):
            assignment = self._given[number]
            if assignment.name == variable and assignment.scope is Scope.CONTAINER:
                found = self._of(assignment.value)
                # Who runs the image alone may set it; in a stack only its files can.
                return found if self.definitions else replace(found, movable=(*found.movable, variable))
        return UNSET if self.image is None or self.image.plain else UNKNOWN

    def _built(self, variable: str, before: int) -> Value:
        """What a variable is while the image is built: the last ENV or ARG of that name."""
        if any(variable in service.build_args for service in self.definitions):
            return UNKNOWN
        for number in range(before - 1, -1, -1):
            assignment = self._given[number]
            if assignment.name == variable:
                return UNKNOWN if assignment.value is None else self._of(assignment.value)
        return UNSET

    def _of(self, text: Text | None) -> Value:
        if text is None:
            return UNKNOWN
        word = evaluated(text, self)
        return UNKNOWN if word.text == HOLE else Value(State.SET, word.text, word.variables, word.movable)

    def places(self, variable: str) -> list[tuple[str, Span]]:
        """Where the container's variable may be given its value: path and span of each assignment."""
        out = [
            (service.path, assignment.value.span)
            for service in reversed(self.definitions)
            for assignment in service.assignments
            if assignment.name == variable and assignment.value is not None
        ]
        for service in reversed(self.definitions):
            places = ((path, self.files.place(path, variable)) for path in reversed(service.env_files))
            out += ((path, span) for path, span in places if span is not None)
        if self.image is not None:
            out += [
                (self.image.path, assignment.value.span)
                for assignment in reversed(self._given)
                if assignment.name == variable and assignment.value is not None
            ]
        return out
