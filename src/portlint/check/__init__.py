"""The check stage: what the rules say about the facts. One generator function per rule, its card in `rules/catalogue/`.

What is selected, ignored, off in test files and silenced by a comment is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from portlint.algorithms.gitignore import matcher
from portlint.check import (
    compose,
    containers,
    env,
    fallbacks,
    generated,
    health_checks,
    listeners,
    literals,
    localhost,
    port_kinds,
    problems,
    tables,
    unreachable,
    variables,
)
from portlint.check import registry as register
from portlint.check.context import Context
from portlint.check.suppressions import Suppressions
from portlint.knowledge.rule_metadata import chosen, names
from portlint.model import CheckResult, Facts, Finding, Registry, Resolution, Settings, Suppressed, Topology

Rule = Callable[[Context], Iterable[Finding]]

UNUSED_SUPPRESSION = "PORT902"
"""the one rule that looks at the findings of the others"""

RULES: Mapping[str, Rule] = {
    "PORT101": literals.hardcoded_port,
    "PORT102": literals.unregistered_port,
    "PORT103": fallbacks.fallback_mismatch,
    "PORT104": literals.wrong_port_for_service,
    "PORT105": fallbacks.unknown_port_variable,
    "PORT106": literals.invalid_port,
    "PORT107": literals.url_prefix_mismatch,
    "PORT201": compose.duplicate_published_port,
    "PORT202": compose.base_60_port,
    "PORT203": containers.container_port_mismatch,
    "PORT204": compose.exposed_on_all_interfaces,
    "PORT205": containers.published_port_inside_network,
    "PORT206": unreachable.unreachable_listener,
    "PORT207": health_checks.port_does_not_follow,
    "PORT208": health_checks.inherited_health_check,
    "PORT209": localhost.localhost_in_container,
    "PORT301": containers.dangling_upstream,
    "PORT302": containers.traefik_port_mismatch,
    "PORT303": listeners.duplicate_listener,
    "PORT401": env.env_value_mismatch,
    "PORT402": env.missing_variable,
    "PORT403": variables.inconsistent_variable,
    "PORT404": variables.env_port_collision,
    "PORT405": variables.url_port_mismatch,
    "PORT501": register.duplicate_registry_port,
    "PORT502": register.default_outside_range,
    "PORT503": register.overlapping_ranges,
    "PORT504": register.reserved_port,
    "PORT505": register.outside_allocation_block,
    "PORT506": register.duplicate_variable,
    "PORT507": register.environment_collision,
    "PORT508": port_kinds.unused_entry,
    "PORT509": port_kinds.privileged_port,
    "PORT510": port_kinds.ephemeral_port,
    "PORT511": port_kinds.browser_blocked_port,
    "PORT512": port_kinds.system_taken_port,
    "PORT513": port_kinds.well_known_clash,
    "PORT601": generated.stale_generated_file,
    "PORT602": tables.stale_port_table,
    "PORT901": problems.not_checked,
    "PORT904": problems.partly_checked,
}

IN_THE_REGISTRY = frozenset(code for code in RULES if code.startswith("PORT5"))
"""rules whose findings are all in the registry itself"""

_PRECEDENCE = {
    "PORT403": ("PORT104", "PORT405"),
    "PORT104": ("PORT205", "PORT301", "PORT302", "PORT203", "PORT405", "PORT601"),
    "PORT401": ("PORT601",),
    "PORT405": ("PORT301",),
}
"""precedence: at one place the finding of a rule gives way to that of one of these, which is more specific"""


def check(
    facts: Sequence[Facts],
    resolution: Resolution,
    registry: Registry | None,
    settings: Settings,
    reported: AbstractSet[str] | None = None,
    topology: Topology | None = None,
) -> CheckResult:
    """What the selected rules find, sorted by place and made unique; silenced findings apart.

    reported: the paths whose findings are asked for; None: all. The resolution has to hold their matches, and what it
    says of stacks rests on the same topology. topology: None: nothing is known of what images start by themselves.
    """
    selection = selected(settings)
    context = Context(facts, resolution, registry, settings, reported, topology)
    wanted = _Wanted(context.asked_facts, settings)
    suppressions = Suppressions(context.asked_facts)
    kept: list[Finding] = []
    silenced: list[Suppressed] = []
    codes = [code for code in RULES if code in selection]
    if registry is None or not context.is_asked(registry.path):
        codes = [code for code in codes if code not in IN_THE_REGISTRY]
    said = [
        finding
        for code in codes
        for finding in RULES[code](context)
        if context.is_asked(finding.path) and wanted(finding)
    ]
    for finding in _one_for_each_cause(said):
        suppressed = suppressions.of(finding)
        if suppressed is None:
            kept.append(finding)
        else:
            silenced.append(suppressed)
    if UNUSED_SUPPRESSION in selection:
        kept += (finding for finding in suppressions.unused(selection) if wanted(finding))
    return CheckResult(
        findings=tuple(_unique(sorted(kept, key=_order))),
        suppressed=tuple(sorted(silenced, key=lambda each: _order(each.finding))),
    )


def selected(settings: Settings) -> frozenset[str]:
    """The codes of the rules that the settings select."""
    return (chosen(settings.select) if settings.select else frozenset(names())) - chosen(settings.ignore)


class _Wanted:
    """Tells whether the settings want a finding at its path."""

    def __init__(self, facts: Iterable[Facts], settings: Settings) -> None:
        self._per_file = [(matcher((glob,)), chosen(codes)) for glob, codes in settings.per_file_ignores.items()]
        self._off_in_tests = chosen(settings.test_ignores)
        self._off_in_generated = chosen(settings.generated_ignores)
        self._is_test = matcher(settings.tests)
        self._is_vendored = matcher(settings.vendored)
        self._generated = {each.path for each in facts if each.generated}
        self._off: dict[str, frozenset[str]] = {}

    def __call__(self, finding: Finding) -> bool:
        path = finding.path
        if path not in self._off:
            off = frozenset().union(*(codes for matches, codes in self._per_file if matches(path)))
            if path in self._generated:
                off |= self._off_in_generated
            if path in self._generated or self._is_test(path) or self._is_vendored(path):
                off |= self._off_in_tests
            self._off[path] = off
        return finding.rule not in self._off[path]


def _one_for_each_cause(said: Sequence[Finding]) -> Iterator[Finding]:
    """The findings without those that a more special rule makes at the same place; that one shows their other side."""
    special = {code for codes in _PRECEDENCE.values() for code in codes}
    at: dict[tuple[str, int, str], Finding] = {}
    for finding in said:
        if finding.rule in special:
            at.setdefault((finding.path, finding.span.start, finding.rule), finding)
    gone: set[int] = set()
    added: dict[int, list[Finding]] = {}
    for general, codes in _PRECEDENCE.items():
        for finding in said:
            if finding.rule != general:
                continue
            places = ((finding.path, finding.span.start, code) for code in codes)
            found = next((at[place] for place in places if place in at), None)
            if found is not None:
                gone.add(id(finding))
                added.setdefault(id(found), []).append(finding)
    for finding in said:
        if id(finding) not in gone:
            others = added.get(id(finding))
            yield finding if others is None else _with_other_sides(finding, others)


def _with_other_sides(finding: Finding, others: Sequence[Finding]) -> Finding:
    related = {(each.path, each.span.start): each for other in others for each in other.related}
    related |= {(each.path, each.span.start): each for each in finding.related}
    entry = next((each.entry for each in (finding, *others) if each.entry is not None), None)
    shown = (*finding.related, *(each for each in related.values() if each not in finding.related))
    return replace(finding, related=shown, entry=entry)


def _order(finding: Finding) -> tuple[str, int, int, str, str, str]:
    span = finding.span
    return finding.path, span.line, span.column, finding.rule, finding.message, finding.subject


def _unique(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Each finding once: a mapping that several services share through an anchor stands in one place."""
    seen: set[tuple[str, str, int, str]] = set()
    for finding in findings:
        key = (finding.rule, finding.path, finding.span.start, finding.message)
        if key not in seen:
            seen.add(key)
            yield finding
