"""Rules about the files that set registered variables: PORT401, PORT402."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from portlint.check.context import Context, elsewhere, finding_at, is_fallback, replace_port_fix, right_default
from portlint.knowledge.env_file_names import is_template
from portlint.knowledge.formats import ENV_FILES
from portlint.model import NOWHERE, Finding, Reference, Related, Span, Verdict


def env_value_mismatch(context: Context) -> Iterator[Finding]:
    """PORT401: a registered variable is set to a port that is not its entry's there."""
    for match in context.matches:
        entry, literal = match.entry, match.literal
        if match.verdict is not Verdict.MISMATCH or entry is None or match.by != "variable" or is_fallback(literal):
            continue
        environment = match.environment if match.environment in entry.environments else None
        where = f" for {environment}" if environment is not None else ""
        other = elsewhere(entry, literal.ports, environment)
        allowed = f"{match.expected}"
        if environment is None and entry.range is not None and entry.range.start != entry.range.end:
            allowed = f"{entry.default} (or another of {entry.range})"
        yield finding_at(
            literal,
            "PORT401",
            f"{literal.variable} is {literal.ports}, but the registry says {allowed}{where}"
            + (f"; {literal.ports} is for {other}" if other else ""),
            help=f"write {match.expected.start if match.expected else entry.default}, "
            f"or change {entry.name} in the registry",
            entry=entry.name,
            related=(context.registry_says(entry, environment),),
            fix=replace_port_fix(literal, match.expected.start if match.expected else entry.default),
        )


def missing_variable(context: Context) -> Iterator[Finding]:
    """PORT402: a template lacks a registered, non-optional variable that the repository uses."""
    registry = context.registry
    if registry is None:
        return
    templates: dict[str, list[str]] = {}
    held: dict[str, set[str]] = {}
    for facts in context.facts:
        if facts.format in ENV_FILES and is_template(facts.path):
            folder = dirname(facts.path)
            templates.setdefault(folder, []).append(facts.path)
            held.setdefault(folder, set()).update(facts.mentioned, (v.name for v in facts.variables))
    if not any(context.is_asked(paths[0]) for paths in templates.values()):
        return
    used = _used(context, templates)
    read = {file for facts in context.facts for service in facts.services for file in service.env_files}
    for entry in registry.entries:
        variable = entry.env_var
        if variable is None or entry.optional or entry.immutable:
            continue
        for folder, (path, span) in used.get(variable, {}).items():
            if held[folder].isdisjoint({variable, *entry.aliases}):
                template = templates[folder][0]
                environment = context.resolution.environments.get(template)
                port = right_default(entry, environment)
                # A template that is one of several, or that a service reads as it stands, is for a person to mend.
                is_clear = len(templates[folder]) == 1 and template not in read
                yield Finding(
                    rule="PORT402",
                    path=template,
                    span=NOWHERE,
                    message=f"{variable} is missing; {path} reads it: who copies this file does not learn of it",
                    help=f"add {variable}={port}",
                    port=port,
                    entry=entry.name,
                    subject=variable,
                    related=(Related(path, span, f"{variable} is read here"), context.registry_says(entry)),
                    reference=Reference(variable, port, entry.description or "") if is_clear else None,
                )


def _used(context: Context, templates: dict[str, list[str]]) -> dict[str, dict[str, tuple[str, Span]]]:
    """Variable to the folders whose templates should name it, each with the first place that reads it."""
    places = [(r.variable, r.path, r.span) for facts in context.facts for r in facts.references]
    places += [
        (literal.variable, literal.path, literal.span)
        for literal in context.literals
        if literal.variable is not None and is_fallback(literal)
    ]
    out: dict[str, dict[str, tuple[str, Span]]] = {}
    above: dict[str, str | None] = {}
    for variable, path, span in places:
        if variable not in context.registered or context.is_test(path):
            continue
        folder = dirname(path)
        if folder not in above:
            nearest = folder
            while nearest and nearest not in templates:
                nearest = dirname(nearest)
            above[folder] = nearest if nearest in templates else None
        found = above[folder]
        if found is not None:
            out.setdefault(variable, {}).setdefault(found, (path, span))
    return out
