"""The ports among the variables that a compose service's container gets, worked out through variables.

Source: Compose specification, `environment` and "Interpolation".
"""

from __future__ import annotations

from collections.abc import Iterator

from portlint.algorithms.lazy_regex import regex
from portlint.model import FIRST_PORT, LAST_PORT, Evidence, Given, Service
from portlint.model.programs import Assignment
from portlint.topology.environment import Container
from portlint.topology.values import HOLE, Word, evaluated

_ADDRESS = regex(
    r"(?:[A-Za-z][A-Za-z0-9+.-]{0,20}://)?(?P<host>[A-Za-z0-9][\w.-]{0,252}):(?P<port>[0-9]{1,5})(?![\w.:-])"
)
_PORT = regex(r"[0-9]{1,5}")


def given_by(definitions: tuple[Service, ...], container: Container) -> Iterator[Given]:
    """The ports and addresses that `environment` gives, the last definition of a name first."""
    seen: set[str] = set()
    for service in reversed(definitions):
        for assignment in service.assignments:
            if assignment.name not in seen and assignment.value is not None:
                seen.add(assignment.name)
                found = _of(service, assignment, container)
                if found is not None:
                    yield found


def _of(service: Service, assignment: Assignment, container: Container) -> Given | None:
    assert assignment.value is not None
    word = evaluated(assignment.value, container)
    text = word.text.strip(HOLE)
    alone = _PORT.fullmatch(text) if HOLE not in word.text else None
    address = None if alone is not None else _ADDRESS.match(text)
    if alone is None and address is None:
        return None
    port = int(text if address is None else address["port"])
    if not FIRST_PORT <= port <= LAST_PORT:
        return None
    here = Evidence(service.path, assignment.value.span, f"{assignment.name} of {service.name}")
    host = None if address is None else address["host"]
    return Given(assignment.name, host, port, here, _written(word, here, container), word.variables)


def _written(word: Word, here: Evidence, container: Container) -> Evidence:
    for name in reversed(word.variables):
        place = container.interpolation.place(name)
        if place is not None:
            return Evidence(*place, f"{name} in {place[0]}")
    return here
