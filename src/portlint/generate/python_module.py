"""A Python module without dependencies, for Python 3.8 and later; `mypy --strict` is content with it."""

from __future__ import annotations

from portlint.generate.values import Value, Values

_HEAD = """\
# {header}
\"\"\"The ports of the services. A variable that is set and not empty counts before the default.\"\"\"

from __future__ import annotations

import os
from typing import Dict, Mapping, NamedTuple, Optional


class Port(NamedTuple):
    \"\"\"The port of a service, the variable that sets another, and the first and last that it may be.\"\"\"

    default: int
    variable: Optional[str]
    first: int
    last: int


PORTS: Dict[str, Port] = {{
"""
_TAIL = """\
}


def get_port(service: str, environ: Mapping[str, str] = os.environ) -> int:
    \"\"\"The port of a service. Raises KeyError for an unknown one, ValueError for a wrong variable.\"\"\"
    port = PORTS[service]
    text = environ.get(port.variable, "").strip() if port.variable else ""
    if not text:
        return port.default
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not port.first <= number <= port.last:
        raise ValueError(f"{port.variable} is {text!r}; {service} may have {port.first} to {port.last}")
    return number
"""


def render(values: Values) -> str:
    lines = (_line(each) for each in values.services)
    return _HEAD.format(header=values.header) + "".join(lines) + _TAIL


def _line(value: Value) -> str:
    variable = "None" if value.variable is None else f'"{value.variable}"'
    comment = f"  # {value.description}" if value.description else ""
    name = ascii(value.name) if '"' in value.name or "\\" in value.name else f'"{value.name}"'
    return f"    {name}: Port({value.port}, {variable}, {value.allowed.start}, {value.allowed.end}),{comment}\n"
