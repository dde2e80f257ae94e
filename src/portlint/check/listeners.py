"""Rules about what proxies listen on: PORT303.

Sources: nginx, ngx_http_core_module, `listen`; Traefik, "EntryPoints", `address`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portlint.check.context import Context, finding_at
from portlint.knowledge import well_known
from portlint.knowledge.formats import PROXIES
from portlint.knowledge.hosts import ANY, V4, interfaces
from portlint.model import Facts, Finding, PortLiteral, Related, Role

_ALL = "all addresses"
_MOST_COMPARED = 64
"""listeners of one server that a further one is compared with"""


def duplicate_listener(context: Context) -> Iterator[Finding]:
    """PORT303: one address and port twice in one nginx server, or in one Traefik instance."""
    for facts in context.asked_facts:
        if any(problem.partly for problem in facts.problems):
            # Branches of a template may each have a listener of their own.
            continue
        if facts.format in PROXIES:
            yield from _twice(_of_servers(facts), "the server", "nginx refuses the configuration", wildcard=False)
            yield from _twice(_entry_points(facts), "Traefik", "it does not start", wildcard=True)
        elif facts.services:
            yield from _twice(_arguments(facts), "Traefik", "it does not start", wildcard=True)


def _of_servers(facts: Facts) -> Iterator[tuple[str, PortLiteral]]:
    """The `listen` directives of nginx."""
    for literal in facts.literals:
        server, listen, _ = literal.subject.rpartition(".listen[")
        if listen and literal.role is Role.BIND and not literal.prose:
            yield server, literal


def _entry_points(facts: Facts) -> Iterator[tuple[str, PortLiteral]]:
    """Those of Traefik's own file."""
    for literal in facts.literals:
        subject = literal.subject.lower()
        if literal.role is Role.BIND and not literal.prose and subject.startswith("entrypoints."):
            yield "", literal


def _arguments(facts: Facts) -> Iterator[tuple[str, PortLiteral]]:
    """The entry points of Traefik services, which stand in their commands."""
    proxies = {service.name for service in facts.services if service.image and _is_traefik(service.image)}
    for literal in facts.literals:
        if literal.service in proxies and literal.role is Role.BIND and literal.form == "address":
            yield literal.service or "", literal


def _is_traefik(image: str) -> bool:
    known = well_known.of_image(image)
    return known is not None and known.name == "traefik"


def _twice(listeners: Iterable[tuple[str, PortLiteral]], who: str, what: str, *, wildcard: bool) -> Iterator[Finding]:
    """wildcard: all addresses hold each single one, as they do for the system; nginx itself tells them apart."""
    known: dict[tuple[str, str, int], list[PortLiteral]] = {}
    for owner, literal in listeners:
        same = known.setdefault((owner, literal.protocol, literal.port), [])
        for other in same[:_MOST_COMPARED]:
            if _address(other) != _address(literal) and not (wildcard and _ALL in (_address(other), _address(literal))):
                continue
            yield finding_at(
                literal,
                "PORT303",
                f"{who} listens twice on {literal.ports}/{literal.protocol} ({_address(literal)}): {what}",
                help="remove one of the two, or change its port or address",
                related=(Related(other.path, other.span, f"{other.ports} is listened on here already"),),
            )
            break
        same.append(literal)


def _address(literal: PortLiteral) -> str:
    """The address in one spelling; all of IPv6 are told from all of IPv4, as nginx tells them."""
    family, address = interfaces(literal.host)[0]
    if address != ANY:
        return address
    return _ALL if family == V4 else "::"
