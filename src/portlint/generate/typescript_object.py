"""A TypeScript module: a const object whose keys are the type of a service's name."""

from __future__ import annotations

import json

from portlint.algorithms.lazy_regex import regex
from portlint.generate.values import Value, Values

_IDENTIFIER = regex(r"[A-Za-z_$][A-Za-z0-9_$]*")


def render(values: Values) -> str:
    lines = [f"// {values.header}", "", "export const ports = {"]
    for each in values.services:
        if each.description:
            lines.append(f"  /** {each.description.replace('*/', '* /')} */")
        lines.append(f"  {_key(each)}: {_object(each)},")
    lines += ["} as const;", "", "export type ServiceName = keyof typeof ports;"]
    return "\n".join(lines) + "\n"


def _key(value: Value) -> str:
    return value.name if _IDENTIFIER.fullmatch(value.name) else json.dumps(value.name)


def _object(value: Value) -> str:
    variable = "null" if value.variable is None else json.dumps(value.variable)
    return f"{{ default: {value.port}, variable: {variable}, first: {value.allowed.start}, last: {value.allowed.end} }}"
