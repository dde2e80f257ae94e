"""Env files: which are templates, and what they set the variables of a compose file to.

Sources: Docker Docs, "Set, use, and manage variables in a Compose file with interpolation", `.env` and `--env-file`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from posixpath import dirname

from msgspec import Struct

from portlint.knowledge.env_file_names import is_personal, is_template
from portlint.knowledge.formats import ENV_FILES
from portlint.model import Facts, PortLiteral, Stack


def of_containers(facts: Iterable[Facts]) -> frozenset[str]:
    """The env files whose variables containers get, and the templates beside them."""
    everything = tuple(facts)
    own = {file for each in everything for service in each.services for file in service.env_files}
    folders = {dirname(file) for file in own}
    templates = (f.path for f in everything if f.format in ENV_FILES and is_template(f.path))
    return frozenset(own.union(path for path in templates if dirname(path) in folders))


class Value(Struct, frozen=True):
    """What a variable of a compose file holds."""

    literal: PortLiteral | None
    """None: it is not known"""
    source: str
    """where from, as a person reads it; empty for a number that stands at the place itself"""


class Values:
    """The values that Compose takes for variables, from the env files beside a compose file or from the fallback."""

    def __init__(
        self, facts: Iterable[Facts], literals: Iterable[PortLiteral], environments: Mapping[str, str]
    ) -> None:
        self._environments = environments
        self._files: dict[tuple[str, str | None, bool], list[str]] = {}
        """folder, environment, and whether it is a template, to env files"""
        self._set: set[tuple[str, str]] = set()
        """path and variable"""
        for each in facts:
            if each.format in ENV_FILES and not is_personal(each.path):
                key = (dirname(each.path), environments.get(each.path), is_template(each.path))
                self._files.setdefault(key, []).append(each.path)
                self._set.update((each.path, variable.name) for variable in each.variables)
        self._ports: dict[tuple[str, str], PortLiteral] = {}
        for literal in literals:
            if literal.variable is not None and literal.format in ENV_FILES and not literal.prose:
                self._ports[literal.path, literal.variable] = literal

    def of(self, stack: Stack, path: str, variable: str | None, place: PortLiteral | None) -> Value:
        """The value at a place of the compose file `path` of a stack; place: what is written there."""
        if variable is None:
            return Value(place, "")
        base = stack.paths[0]
        if stack.env_files:
            file = next((each for each in reversed(stack.env_files) if (each, variable) in self._set), None)
        else:
            file = self._file(base, path, variable, template=False)
        if file is None and place is None:
            file = self._file(base, path, variable, template=True)
        if file is not None:
            value = self._ports.get((file, variable))
            if value is None:
                return Value(None, "")
            its = f"; its fallback is {place.ports}" if place is not None and place.ports != value.ports else ""
            return Value(value, f"the value of {variable} in {file}{its}")
        if place is not None:
            return Value(place, f"the fallback of {variable}")
        return Value(None, "")

    def _file(self, base: str, path: str, variable: str, *, template: bool) -> str | None:
        """The env file that sets the variable: that of the environment before `.env`, or a template of one of them."""
        environment = self._environments.get(path, self._environments.get(base))
        folder = dirname(base)
        for chosen in dict.fromkeys((environment, None)):
            for file in self._files.get((folder, chosen, template), ()):
                usual = chosen is not None or template or file.rpartition("/")[2] == ".env"
                if usual and (file, variable) in self._set:
                    return file
        return None
