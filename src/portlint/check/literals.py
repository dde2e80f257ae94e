"""Rules about single port literals: PORT101, PORT102, PORT104, PORT106, PORT107."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from portlint.check.context import (
    Context,
    elsewhere,
    finding_at,
    is_fallback,
    is_port_variable,
    reference,
    right_default,
)
from portlint.knowledge import rule_data, well_known
from portlint.knowledge.formats import STACKS
from portlint.knowledge.hosts import names_this_machine
from portlint.knowledge.identifiers import entry_vocabulary, words
from portlint.model import LAST_PORT, Entry, Finding, Match, PortLiteral, Reference, Related, Role, Verdict

_TRIED = ("item", "comparison", "argument", "option")
"""forms of what a test feeds to the code, or expects of it"""
_MOST_NAMED = 3
"""entries that a message names"""


def hardcoded_port(context: Context) -> Iterator[Finding]:
    """PORT101: a registered port as a literal where a reference can stand."""
    for match in context.matches:
        literal = match.literal
        if not literal.referable or literal.end_port is not None or match.inside or is_fallback(literal):
            continue
        if literal.variable is not None and literal.format not in STACKS:
            # Code speaks of a variable where it sets one or falls back: `os.getenv("API_URL", "http://localhost:8000")`.
            continue
        if match.verdict in (Verdict.MATCH, Verdict.AMBIGUOUS) and match.by != "variable":
            yield from _registered(context, match)
        elif match.declared is not None and match.declared.variable is not None:
            declared, variable = match.declared, match.declared.variable
            yield finding_at(
                literal,
                "PORT101",
                f"{literal.port} is hardcoded; {variable} holds this port",
                help=f"write {reference(literal, variable, literal.port)}",
                reference=Reference(variable, literal.port),
                related=(Related(declared.path, declared.span, f"{variable} is {declared.port} here"),),
            )


def _registered(context: Context, match: Match) -> Iterator[Finding]:
    literal = match.literal
    entries = match.entries if match.entry is None else (match.entry,)
    # What cannot be configured has no variable that one could write instead.
    entries = tuple(entry for entry in entries if entry.env_var is not None and not entry.immutable)
    if match.by == "number":
        # A number alone tells little: one that is only somewhere in a range may as well be another thing.
        entries = tuple(entry for entry in entries if _is_own(entry, literal.port))
        if _is_elsewhere(literal):
            return
    if not entries:
        return
    entry = entries[0]
    variable = entry.env_var or ""
    instead = None
    if len(entries) == 1:
        mixes = match.by == "number" and _is_anothers(context, match, entry)
        if not mixes and not _is_set_otherwise(context, literal, variable):
            instead = Reference(variable, right_default(entry, match.environment))
        owner = f"the port of {entry.name}" if _is_own(entry, literal.port) else f"a port of {entry.name}"
        help = f"write {reference(literal, variable, right_default(entry, match.environment))}"
    else:
        owner = f"the port of {_named(entries)}"
        help = "write a reference to the variable of the one that is meant: " + ", ".join(
            f"{each.env_var}" for each in entries[:_MOST_NAMED]
        )
    yield finding_at(
        literal,
        "PORT101",
        f"{literal.port} is hardcoded; it is {owner}",
        help=help,
        entry=entry.name if len(entries) == 1 else None,
        related=tuple(context.registry_says(each, match.environment) for each in entries[:_MOST_NAMED]),
        reference=instead,
    )


def _is_set_otherwise(context: Context, literal: PortLiteral, variable: str) -> bool:
    """Whether an env file that Compose reads gives the variable another value than the literal has."""
    if literal.format not in STACKS:
        return False
    stacks = context.network.stacks_of(literal.path)
    values = (context.values.of(stack, literal.path, variable, literal).literal for stack in stacks)
    return any(value is None or value.ports != literal.ports for value in values)


def _is_elsewhere(literal: PortLiteral) -> bool:
    """Whether the place says that another machine, or the inside of a container, is meant."""
    host = literal.host or ""
    is_written = all(part.isalnum() for part in host.replace("-", ".").replace("_", ".").split("."))
    is_other = is_written and not names_this_machine(host)
    return is_other or not entry_vocabulary("inside").isdisjoint(words(literal.name or ""))


def _is_anothers(context: Context, match: Match, entry: Entry) -> bool:
    """Whether the compose service around the literal is another entry, so that a reference would mix the two."""
    literal = match.literal
    known = context.resolution.services.get((literal.path, literal.service or ""), ())
    return bool(known) and entry not in known


def _is_own(entry: Entry, port: int) -> bool:
    return port == entry.default or any(port in value for value in entry.environments.values())


def _named(entries: tuple[Entry, ...]) -> str:
    names = [entry.name for entry in entries[:_MOST_NAMED]]
    return " and ".join(names) if len(names) < _MOST_NAMED else f"{', '.join(names[:-1])} and {names[-1]}"


def unregistered_port(context: Context) -> Iterator[Finding]:
    """PORT102: a port that no entry, reservation or allowed list knows."""
    if context.registry is None:
        return
    for match in context.matches:
        literal = match.literal
        if match.verdict is not Verdict.UNKNOWN or match.inside or not literal.valid:
            continue
        if literal.end_port == LAST_PORT or (literal.variable is not None and is_port_variable(literal.variable)):
            # All ports up to the last are a bound, not a use. An unknown variable is reported as such (PORT105).
            continue
        usual = ""
        for word in (literal.library, literal.name, literal.host):
            service = well_known.of_identifier(word) if word else None
            if service is not None and literal.port in service.ports:
                usual = f" (the usual port of {service.name})"
                break
        yield finding_at(
            literal,
            "PORT102",
            f"{literal.ports}{usual} is not in the registry",
            help=f"add an entry to {context.registry.path}, or use a registered port",
        )


_SAYS = {"host": "host", "service": "service", "name": "name", "library": "library"}


def wrong_port_for_service(context: Context) -> Iterator[Finding]:
    """PORT104: host, service, name or library say one entry, and the port is not that entry's."""
    for match in context.matches:
        entry, literal = match.entry, match.literal
        if match.verdict is not Verdict.MISMATCH or match.by == "variable" or entry is None:
            continue
        inside = match.inside and entry.container_port is not None
        where = " inside its container" if match.inside else _in(entry, match.environment)
        related = [
            context.registry_says(entry, match.environment, key="container_port" if inside else None),
        ]
        other = context.owners.get(literal.port)
        if other is not None and other is not entry and not match.inside:
            related.append(context.registry_says(other))
        yield finding_at(
            literal,
            "PORT104",
            f"{literal.ports} is not a port of {entry.name}, which the {_SAYS[match.by]} says{_said(match)}; "
            f"it is {match.expected}{where}{_also(entry, match)}",
            help=f"write {_instead(match, entry)}, or change {entry.name} in the registry",
            entry=entry.name,
            related=tuple(related),
        )


def _said(match: Match) -> str:
    literal = match.literal
    word = {"host": literal.host, "service": literal.service, "name": literal.name, "library": literal.library}[
        match.by
    ]
    if match.by == "name" and (word is None or set(words(word)) <= {"port", "ports"}):
        word = literal.subject
    return f" ({word})" if word else ""


def _in(entry: Entry, environment: str | None) -> str:
    return f" in {environment}" if environment is not None and environment in entry.environments else ""


def _also(entry: Entry, match: Match) -> str:
    other = elsewhere(entry, match.literal.ports, match.environment)
    return f"; {match.literal.ports} is for {other}" if other else ""


def _instead(match: Match, entry: Entry) -> str:
    port = match.expected.start if match.expected else entry.default
    literal = match.literal
    if entry.env_var is None or entry.immutable or not literal.referable or match.inside:
        return str(port)
    return reference(literal, entry.env_var, port)


def invalid_port(context: Context) -> Iterator[Finding]:
    """PORT106: outside 1 to 65535, or a reversed range."""
    for match in context.matches:
        literal = match.literal
        if literal.valid or _asks_for_any(literal):
            continue
        if literal.form in _TRIED and context.is_test(literal.path):
            # Tests try out what is no port.
            continue
        if literal.end_port is not None and literal.port > literal.end_port:
            message, help = f"the range {literal.port}-{literal.end_port} is reversed", "write the lower port first"
        else:
            wrong = literal.port if literal.port < 1 or literal.port > LAST_PORT else literal.end_port
            message, help = f"{wrong} is not a port", f"ports go from 1 to {LAST_PORT}"
        yield finding_at(literal, "PORT106", message, help=help)


def _asks_for_any(literal: PortLiteral) -> bool:
    """Port 0 asks the system for any free port, which a listener may do; a client cannot go there."""
    return literal.port == 0 and literal.end_port is None and literal.role is not Role.CONNECT


def url_prefix_mismatch(context: Context) -> Iterator[Finding]:
    """PORT107: a URL to an entry with `url_prefix` whose path leaves the prefix out."""
    for match in context.matches:
        entry, path = match.entry, match.literal.url_path
        if match.verdict is not Verdict.MATCH or entry is None or entry.url_prefix is None or not path:
            continue
        prefix = [part for part in entry.url_prefix.split("/") if part]
        parts = [part for part in path.split("/") if part]
        shared = 0
        while shared < min(len(prefix), len(parts)) and prefix[shared] == parts[shared]:
            shared += 1
        # A base URL, or a part of the prefix, is completed by the code that uses it.
        if shared in (len(prefix), len(parts)) or _is_root(parts[shared]) or "." in parts[-1]:
            continue
        yield finding_at(
            match.literal,
            "PORT107",
            f"the path {_short(path)} lacks {entry.url_prefix}, under which {entry.name} answers",
            help=f"the path has to start with {entry.url_prefix}",
            entry=entry.name,
            related=(context.registry_says(entry, key="url_prefix"),),
        )


@cache
def _root_paths() -> frozenset[str]:
    return frozenset(rule_data.load("names/urls.yaml")["root_paths"])


def _is_root(part: str) -> bool:
    """Whether servers answer this outside any prefix; a part that is not wholly written there may be anything."""
    return (
        part.lower().partition(".")[0] in _root_paths()
        or part in _root_paths()
        or not part.isprintable()
        or any(char in part for char in "{}$<>*%")
    )


def _short(path: str) -> str:
    return path if len(path) <= 60 else f"{path[:57]}..."
