"""The pipeline: walk, extract, resolve, check. Here, and nowhere else, the stages meet."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress

from msgspec import Struct
from msgspec.structs import replace

from portlint.cache import Cache
from portlint.errors import UserError
from portlint.files.reader import NOT_STAGED, Contents, Tree, Unread, Why, read_named
from portlint.model import (
    BASELINE_FILE,
    REGISTRY_PLACES,
    CheckResult,
    Facts,
    PolicyChange,
    Registry,
    Resolution,
    Settings,
)
from portlint.pipeline.comparison import Base, Past, moved_files
from portlint.pipeline.extraction import Extraction, ExtraRules, Results, facts_of, read_past, unchecked
from portlint.pipeline.relevance import is_silent
from portlint.pipeline.request import Outcome, Request
from portlint.walk import Walk, files_among, walk
from portlint.workers import Lost

LARGEST_MARK = 65_536
"""bytes of a `pyvenv.cfg`"""


__all__ = ["Outcome", "Request", "find_registry", "read_extra_rules", "run", "run_on_memory", "selected", "with_facts"]


def run(request: Request) -> Outcome:
    """The whole run over a tree. Raises UserError."""
    settings, held, clock = request.settings, _held(request), _Clock()
    with (
        _collector_at_rest(),
        Tree(request.root, held) as tree,
        _extraction(request, tree) as extraction,
    ):
        read = _read(request, tree, extraction, clock)
        since, policy = _pasts(request, read)
        clock.mark("read and extract")
        # The inventory lists the ports of the registry too; they are only not held against itself.
        written = _facts(read, _own(read.registry if request.rules else None, settings))
        facts = written if policy is None else _without_new_marks(written, policy)
        reported = tuple(each for each in facts if read.walk.reported is None or each.path in read.walk.reported)
        if read.focus is not None and all(map(is_silent, reported)):
            resolution, result = Resolution(), CheckResult()
        else:
            resolution, result = _judged(facts, read.registry, settings, request.rules, read.walk.reported)
        accepted = _accepted(request, tree, read.walk, result)
        touched = accepted if since is None else _touched(request, since, written, accepted)
        clock.mark("resolve and check")
        not_checked = sum(any(not problem.partly for problem in each.problems) for each in reported)
        skipped = sum(each.format is None and not each.problems for each in reported)
        return Outcome(
            walk=read.walk,
            registry=read.registry,
            facts=facts,
            resolution=resolution,
            result=touched,
            reported=reported,
            crashes=tuple((path, r.trace) for path, r in read.results if isinstance(r, Lost) and r.trace is not None),
            checked=len(reported) - skipped - not_checked,
            skipped=skipped,
            not_checked=not_checked,
            cached=read.cached,
            seconds=clock.seconds,
            stages=tuple(clock.stages),
            notes=read.notes,
            contents=held,
            change=None if since is None else since.change,
            hidden=len(accepted.findings) - len(touched.findings),
            policy=_policy_changes(request, written, since or policy),
        )


class _Clock:
    """How long each stage took, in seconds."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self.stages: list[tuple[str, float]] = []

    def mark(self, stage: str) -> None:
        """Says that a stage has ended."""
        now = time.perf_counter()
        self.stages.append((stage, now - self._last))
        self._last = now

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started


class _Read(Struct, frozen=True):
    """What was read of the tree."""

    walk: Walk
    registry: Registry | None
    notes: tuple[str, ...]
    extra_rules: ExtraRules
    results: Results
    focus: AbstractSet[str] | None
    """see `_focus`; None also where findings are compared with those of another time"""
    left_out: AbstractSet[str]
    """files that no finding that is asked for can rest on"""
    cached: int


def _extraction(request: Request, tree: Tree) -> Extraction:
    settings = request.settings
    return Extraction(request.root, settings, request.caches, read_extra_rules(tree, settings), request.view.contents)


def _read(request: Request, tree: Tree, extraction: Extraction, clock: _Clock) -> _Read:
    """Walks, reads and extracts. Files that were named are begun with while git still lists the others."""
    settings, view = request.settings, request.view
    extraction.start(files_among(request.root, request.named))
    _import_judges(request.rules)
    found = _walked(request)
    clock.mark("walk")
    extraction.go_on(found.files, found.stamps)
    registry, notes = _registry(request, tree, extraction.cache)
    variables = frozenset(entry.env_var for entry in registry.entries if entry.env_var) if registry else frozenset()
    is_compared = view.since is not None or view.policy is not None
    focus = None if is_compared else _focus(found, registry, settings)
    results = extraction.results(request.progress, focus, variables)
    return _Read(found, registry, notes, extraction.extra_rules, results, focus, extraction.left_out, extraction.cached)


def _held(request: Request) -> Contents:
    """The files that are not read from disk."""
    view, settings = request.view, request.settings
    held = view.contents
    if view.only is not None and settings.registry is None:
        held = {**{place: NOT_STAGED for place in REGISTRY_PLACES if place not in view.only}, **held}
    if view.policy is not None:
        from portlint.pipeline.policy import policy_contents

        held = {**held, **policy_contents(view.policy, settings)}
    return held


def _pasts(request: Request, read: _Read) -> tuple[Past | None, Past | None]:
    """The tree as it was: at the commit that findings are compared with, and at the one whose policy counts."""
    view = request.view
    since = _past(request, view.since, read)
    if view.since is not None and view.policy is not None and view.since.commit == view.policy.commit:
        return since, since
    return since, _past(request, view.policy, read)


def _without_new_marks(facts: tuple[Facts, ...], policy: Past) -> tuple[Facts, ...]:
    from portlint.pipeline.policy import without_new_marks

    return without_new_marks(facts, policy)


def _accepted(request: Request, tree: Tree, found: Walk, result: CheckResult) -> CheckResult:
    """The result without the findings that the baseline knows."""
    settings = request.settings
    if not (request.rules and request.accepts) or settings.baseline is None:
        return result
    data = tree.read(settings.baseline, settings.max_file_size)
    return _without_known(
        result,
        settings,
        data,
        lambda path: _is_judged(tree, found, path),
        lambda paths: _moved(request, tree, paths),
    )


def _touched(request: Request, since: Past, written: Sequence[Facts], result: CheckResult) -> CheckResult:
    """What the change touches of a result."""
    from portlint.check.touched import touched

    assert request.view.since is not None
    return touched(result, _as_it_was(request, request.view.since, since, written), since.change)


def _past(request: Request, base: Base | None, read: _Read) -> Past | None:
    if base is None:
        return None
    return read_past(request.root, base, request.view.contents, read.walk.files, request.settings, read.extra_rules)


def _as_it_was(request: Request, base: Base, past: Past, facts: Sequence[Facts]) -> CheckResult:
    """What the rules of today find in the files as they were, with the registry and the baseline of that time."""
    from portlint.pipeline.policy import policy_contents

    settings = request.settings
    with Tree(request.root, policy_contents(base, settings)) as tree:
        try:
            registry, _ = _registry(request, tree)
        except UserError:  # it had mistakes, or was not there yet
            registry = None
        own = _own(registry, settings)
        kept = [_without_ports(each, own) for each in facts if each.path not in past.change.files]
        kept += (_without_ports(each, own) for each in past.facts.values())
        result = _judged(sorted(kept, key=lambda each: each.path), registry, settings)[1]
        if settings.baseline is not None and tree.is_held(settings.baseline):
            data = tree.read(settings.baseline, settings.max_file_size)
            with suppress(UserError):
                result = _without_known(result, settings, data, lambda path: True)
    return result


def _policy_changes(request: Request, facts: Sequence[Facts], past: Past | None) -> tuple[PolicyChange, ...]:
    view = request.view
    base = view.since or view.policy
    if base is None or past is None:
        return ()
    from portlint.pipeline.policy import policy_changes

    with Tree(request.root, view.contents) as tree:
        return policy_changes(base, past, facts, tree, request.settings, view.policy is not None)


def with_facts(outcome: Outcome, facts: Mapping[str, Facts], settings: Settings) -> Outcome:
    """The outcome if files held other facts. facts: by path. Its findings are those of all files, whatever was asked
    for and whatever a baseline accepts."""
    known = tuple(facts.get(each.path, each) for each in outcome.facts)
    resolution, result = _judged(known, outcome.registry, settings)
    return replace(outcome, facts=known, resolution=resolution, result=result)


def selected(request: Request) -> tuple[str, ...]:
    """The files that a run would report on, those of no format of portlint's left out. Raises UserError."""
    from portlint.extract import recognised_by_name

    found = _walked(request)
    files = found.files if found.reported is None else sorted(found.reported.intersection(found.files))
    return tuple(path for path in files if recognised_by_name(path) is not False)


def find_registry(request: Request) -> Registry | None:
    """The registry alone. Raises UserError where it has mistakes, or is named and not there."""
    with Tree(request.root) as tree:
        return _registry(request, tree)[0]


def run_on_memory(files: Mapping[str, bytes], settings: Settings | None = None) -> CheckResult:
    """The run over files in memory, in this process: for tests and for the examples on the rule cards.

    files: path (relative, forward slashes) to content; a registry at its usual place among them is used.
    Raises UserError where the registry cannot be used.
    """
    settings = settings or Settings()
    extra = tuple((name, files[name]) for name in settings.rules if name in files)
    places = REGISTRY_PLACES if settings.registry is None else (settings.registry,)
    place = next((place for place in places if place in files), None)
    registry = None if place is None else _load_registry(place, files[place])
    own = _own(registry, settings)
    facts = [_without_ports(facts_of(path, files[path], extra), own) for path in sorted(files)]
    result = _judged(facts, registry, settings)[1]
    if settings.baseline is None:
        return result
    return _without_known(result, settings, files[settings.baseline], lambda path: True)


def _focus(found: Walk, registry: Registry | None, settings: Settings) -> frozenset[str] | None:
    """The files that the findings asked for are in; None where what is said there rests on every file."""
    return None if _rests_on_all(found.reported, registry, settings) else found.reported


def _rests_on_all(reported: AbstractSet[str] | None, registry: Registry | None, settings: Settings) -> bool:
    """Whether what is said in these files rests on every file: in a registry, that nobody uses an entry."""
    return reported is None or not _own(registry, settings).isdisjoint(reported)


def _facts(read: _Read, own: AbstractSet[str]) -> tuple[Facts, ...]:
    """One for each file that was selected, whatever became of it: nothing that was not looked at looks clean."""
    facts = [unchecked(path, r.reason) if isinstance(r, Lost) else _without_ports(r, own) for path, r in read.results]
    if {each.path for each in facts}.union(read.left_out) != set(read.walk.files):
        raise AssertionError("files selected and files accounted for are not the same")
    facts += (unchecked(folder, reason) for folder, reason in read.walk.closed)
    return tuple(sorted(facts, key=lambda each: each.path))


def _import_judges(rules: bool) -> None:
    """Imports what comes next, while git lists the files and a worker reads those that were named."""
    import portlint.resolve

    if rules:
        import portlint.check  # noqa: F401


def _judged(
    facts: Sequence[Facts],
    registry: Registry | None,
    settings: Settings,
    rules: bool = True,
    reported: AbstractSet[str] | None = None,
) -> tuple[Resolution, CheckResult]:
    from portlint.resolve import resolve

    matched = None if _rests_on_all(reported, registry, settings) else reported
    resolution = resolve(facts, registry, settings, matched)
    if not rules:
        return resolution, CheckResult()
    from portlint.check import check

    return resolution, check(facts, resolution, registry, settings, reported)


def _own(registry: Registry | None, settings: Settings) -> frozenset[str]:
    """The registry is what ports are held against, and a baseline speaks of ports elsewhere: neither is judged."""
    paths = (registry.path if registry else None, settings.baseline, BASELINE_FILE)
    return frozenset(path for path in paths if path is not None)


def _without_ports(facts: Facts, own: AbstractSet[str]) -> Facts:
    if facts.path not in own:
        return facts
    return replace(facts, literals=(), candidates=(), references=(), services=())


def _without_known(
    result: CheckResult,
    settings: Settings,
    data: bytes | Unread,
    is_judged: Callable[[str], bool],
    moved: Callable[[AbstractSet[str]], Mapping[str, str]] = lambda paths: {},
) -> CheckResult:
    """moved: given the paths of the baseline, the present names of those that have another one."""
    from portlint.check import baseline, selected

    path = settings.baseline or ""
    if isinstance(data, Unread):
        raise UserError(f"{path}: the baseline {_fault(data)}")
    known = baseline.read(path, data)
    names = moved({key[0] for key in known.counts})
    return baseline.applied(result, baseline.moved(known, names) if names else known, selected(settings), is_judged)


def _moved(request: Request, tree: Tree, paths: AbstractSet[str]) -> Mapping[str, str]:
    gone = {path for path in paths if not tree.has(path)}
    since = None if request.view.policy is None else request.view.policy.commit
    return moved_files(request.root, since, gone, request.settings.baseline or "") if gone else {}


def _is_judged(tree: Tree, found: Walk, path: str) -> bool:
    """Whether a run says all about a path: it was looked at and reported on, or there is no such file any more."""
    if found.reported is not None:
        return path in found.reported
    return path in found.files or not tree.has(path)


def _is_kept(path: str) -> bool:
    """Whether a file counts though an ignore file names it, where no git tells whether it is tracked."""
    from portlint.extract import describes_services

    return describes_services(path)


def _walked(request: Request) -> Walk:
    settings = request.settings
    found = walk(
        request.root,
        request.named,
        exclude=settings.exclude,
        force_exclude=settings.force_exclude,
        only_named=request.only_named,
        keep=_is_kept,
        held=request.view.contents.keys(),
        is_environment=_is_environment(request.view.policy),
    )
    only = request.view.only
    if only is not None:
        reported = None if found.reported is None else found.reported & only
        found = replace(found, files=tuple(path for path in found.files if path in only), reported=reported)
    lines = [f"{name}: no such file or folder" for name in found.missing]
    lines += [f"{name}: lies outside of the tree that is checked" for name in found.outside]
    lines += [f"{name}: no files to check" for name in found.empty if found.reported is not None]
    if lines:
        raise UserError(*lines)
    return found


def _is_environment(policy: Base | None) -> Callable[[str], bool]:
    """Whether a `pyvenv.cfg` keeps its folder from being looked at: not one that the change brought."""
    if policy is None:
        return lambda path: True
    return lambda path: isinstance(policy.repository.at(policy.commit, [path], LARGEST_MARK)[path], bytes)


def _registry(request: Request, tree: Tree, cache: Cache | None = None) -> tuple[Registry | None, tuple[str, ...]]:
    """The registry that the settings name, or the first that lies at one of the usual places; and what to note."""
    name, limit = request.settings.registry, request.settings.max_file_size
    if name is not None:
        trusted = request.registry_is_trusted and not tree.is_held(name)
        data = read_named(request.root / name, limit) if trusted else tree.read(name, limit)
        return _load_registry(name, data, cache), ()
    name = next((place for place in REGISTRY_PLACES if tree.has(place)), None)
    if name is None:
        return None, ()
    try:
        return _load_registry(name, tree.read(name, limit), cache), ()
    except UserError as error:
        if request.registry_is_needed:
            raise
        return None, (f"the registry is not used: {error.lines[0]}",)


def _load_registry(path: str, data: bytes | Unread, cache: Cache | None = None) -> Registry | None:
    if isinstance(data, Unread):
        raise UserError(f"{path}: the registry {_fault(data)}")
    if cache is not None and (known := cache.registry(path, data)) is not None:
        return known
    from portlint.registry import load_registry

    registry, errors = load_registry(path, data)
    if errors:
        raise UserError(*map(str, errors))
    if cache is not None and registry is not None:
        cache.keep_registry(data, registry)
    return registry


def _fault(unread: Unread) -> str:
    return "is not there" if unread.why is Why.VANISHED else f"cannot be used: {unread.reason}"


def read_extra_rules(tree: Tree, settings: Settings) -> ExtraRules:
    """The user's own rule files, by name. Raises UserError where one cannot be read."""
    rules = []
    for name in settings.rules:
        data = tree.read(name, settings.max_file_size)
        if isinstance(data, Unread):
            raise UserError(f"{name}: the rules file {_fault(data)}")
        from portlint.extract.python.rule_files import faults

        if found := faults(name, data):
            raise UserError(*found)
        rules.append((name, data))
    return tuple(rules)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """The results of a run live to its end and hold no cycles: to look for some takes longer than all the rest."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
