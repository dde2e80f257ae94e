"""Mends what a run found: plans the fixes of each file in killable workers, proves each plan, and writes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from portlint.errors import UserError
from portlint.files.reader import Tree, Unread, decode
from portlint.files.replace import CHANGED, NotWritten, obstacle
from portlint.files.replace import replace as replace_content
from portlint.fix import MISSING_VARIABLE, OVERLAPS, SAFE, Constant, Plan, Refused, Task, plan, rewriter
from portlint.fix.constants import constants
from portlint.model import Facts, Finding, Problem, Settings
from portlint.pipeline.extraction import ExtraRules, facts_of
from portlint.pipeline.memory_run import with_facts
from portlint.pipeline.registry_file import read_extra_rules
from portlint.pipeline.request import Outcome, Request
from portlint.workers import Limits, Lost, Supervisor, default_jobs

READINGS = 3
"""how often a file is read: to see that it is the same, to rewrite it, to prove the result"""
ROUNDS = 8
"""how often fixes may give rise to others; what has not come to rest by then never does"""
FILES_FOR_ONE_WORKER = 8
"""files that one worker is through with before a second one would have started"""

FindingKey = tuple[str, str, str, str]


class Left(Struct, frozen=True):
    """A file that is left alone, and why."""

    path: str
    reason: str


def read_again(root: Path, known: Facts, limit: int, rules: ExtraRules) -> bytes | Left:
    """The content of a file that is to be changed, if it says what it said in the run.

    known: what it said. limit: the largest file in bytes. Only UTF-8 is changed: an edit is a splice of bytes.
    """
    path = known.path
    with Tree(root) as tree:
        raw = tree.read(path, limit)
    text = raw if isinstance(raw, Unread) else decode(path, raw)
    if isinstance(raw, Unread) or isinstance(text, Unread):
        return Left(path, text.reason if isinstance(text, Unread) else CHANGED)
    if text.encoding != "utf-8" or text.data != raw:
        return Left(path, "it is not UTF-8")
    return raw if facts_of(path, raw, rules) == known else Left(path, CHANGED)


class Planned(Struct, frozen=True):
    """What the fixes make of a file, and what is read in the result."""

    plan: Plan
    facts: Facts


class Repair(Struct, frozen=True):
    """What the fixes make of a tree. Nothing is written yet."""

    plans: tuple[Plan, ...] = ()
    left: tuple[Left, ...] = ()

    @property
    def changes(self) -> tuple[Plan, ...]:
        return tuple(each for each in self.plans if each.after != each.before)


def repair(request: Request, outcome: Outcome, *, unsafe: bool, untouchable: AbstractSet[str] = frozenset()) -> Repair:
    """Plans the fixes of all findings, and of those that only arise from the fixes: a comment that silences nothing
    any more, a URL beside a variable that was put right. So a second run has nothing left to do.

    unsafe: those fixes as well that change what the program does. untouchable: paths, relative to the root, of what is
    never fixed; the registry is so without being named. Raises UserError where the constants module that the settings
    name cannot be used.
    """
    planner = _Planner(request, outcome, unsafe, untouchable)
    before, current, findings = None, outcome, outcome.result.findings
    for _ in range(ROUNDS):
        facts = planner.plan(current, findings)
        if not facts:
            return planner.repair()
        before = with_facts(current, {}, request.settings) if before is None else current
        current = with_facts(current, facts, request.settings)
        findings = _arisen(before, current, planner)
    for path in facts:
        planner.give_up(path, "its fixes undo one another")
    return planner.repair()


def _arisen(before: Outcome, after: Outcome, planner: _Planner) -> tuple[Finding, ...]:
    """The findings that were not there before the last round, and those whose fix another one was in the way of."""
    known = Counter(_key(finding) for finding in before.result.findings)
    known.subtract(planner.applied)
    again = planner.overlapping()
    paths = {facts.path for facts in after.reported}
    out: list[Finding] = []
    for finding in after.result.findings:
        key = _key(finding)
        if known[key] > 0 and key not in again:
            known[key] -= 1
        elif finding.path in paths:
            out.append(finding)
    return tuple(out)


def _key(finding: Finding) -> FindingKey:
    return finding.path, finding.rule, finding.subject, finding.message


class _Planner:
    """Plans fixes round by round; each round sees the files as the ones before it left them."""

    def __init__(self, request: Request, outcome: Outcome, unsafe: bool, untouchable: AbstractSet[str]) -> None:
        settings = request.settings
        with Tree(request.root) as tree:
            self._rules = read_extra_rules(tree, settings)
            self._module, self._constants = _constants(tree, settings, [facts.path for facts in outcome.facts])
        self._root, self._settings, self._unsafe = request.root, settings, unsafe
        self._never = untouchable | {outcome.registry.path if outcome.registry else ""} | set(settings.rules)
        self.applied: list[FindingKey] = []
        """what the last round fixed"""
        self._plans: dict[str, Plan] = {}
        self._left: dict[str, str] = {}

    def plan(self, outcome: Outcome, findings: Iterable[Finding]) -> dict[str, Facts]:
        """Plans the fixes of some findings of an outcome; gives what is read in each file that they change."""
        tasks = self._tasks(outcome, findings)
        known = {facts.path: facts for facts in outcome.facts if facts.path in tasks}
        held = {path: plan.after for path, plan in self._plans.items() if path in tasks}
        settings = self._settings
        work = _Planning(self._root, settings.max_file_size, self._rules, known, held, tasks, self._unsafe)
        paths = tuple(tasks)
        jobs = 1 if len(paths) < FILES_FOR_ONE_WORKER else settings.jobs or default_jobs()
        with Supervisor(work, paths, Limits(READINGS * settings.timeout), jobs=jobs) as supervisor:
            results: list[Planned | Left | Lost] = supervisor.results()
        changed: dict[str, Facts] = {}
        self.applied = []
        for path, result in zip(paths, results, strict=True):
            if not isinstance(result, Planned):
                self.give_up(path, result.reason)
                continue
            if result.plan.after != result.plan.before:
                changed[path] = result.facts
            self.applied += map(_key, result.plan.applied)
            self._plans[path] = _joined(self._plans.get(path), result.plan)
        return changed

    def _tasks(self, outcome: Outcome, findings: Iterable[Finding]) -> dict[str, list[Task]]:
        literals = {(each.path, each.span.start): each for each in outcome.resolution.literals}
        formats = {facts.path: facts.format for facts in outcome.facts}
        problems = {facts.path: facts.problems for facts in outcome.facts if facts.problems}
        tasks: dict[str, list[Task]] = {}
        for finding in findings:
            path = finding.path
            task = Task(finding, literals.get((path, finding.span.start)))
            if path in self._never or path in self._left or not (finding.fix or rewriter(formats.get(path), task)):
                continue
            if path not in tasks and (reason := self._obstacle(path, problems.get(path, ()))) is not None:
                self.give_up(path, reason)
                continue
            if finding.rule == MISSING_VARIABLE and path in problems:
                continue
            reference = finding.reference
            if self._module not in (None, path) and formats.get(path) == "python" and reference is not None:
                task = replace(task, constant=self._constants.get((reference.variable, reference.default)))
                if task.constant is None:
                    continue
            tasks.setdefault(path, []).append(task)
        return tasks

    def _obstacle(self, path: str, problems: Iterable[Problem]) -> str | None:
        """Why a file is left alone; what its fixes would give rise to in other files must not be counted on."""
        if not all(problem.partly for problem in problems):
            return "it cannot be parsed as a whole"
        return obstacle(self._root, path)

    def overlapping(self) -> frozenset[FindingKey]:
        """The findings whose fix another one was in the way of."""
        refused = (each for plan in self._plans.values() for each in plan.refused)
        return frozenset(_key(each.finding) for each in refused if each.reason == OVERLAPS)

    def give_up(self, path: str, reason: str) -> None:
        self._plans.pop(path, None)
        self._left[path] = reason

    def repair(self) -> Repair:
        return Repair(tuple(self._plans.values()), tuple(Left(*each) for each in self._left.items()))


def _joined(first: Plan | None, second: Plan) -> Plan:
    """Two plans for one file, the second of which begins where the first ends."""
    if first is None:
        return second
    tried = {_key(finding) for finding in (*second.applied, *(each.finding for each in second.refused))}
    return Plan(
        first.path,
        first.before,
        second.after,
        (*first.applied, *second.applied),
        (*first.held_back, *second.held_back),
        (*(each for each in first.refused if _key(each.finding) not in tried), *second.refused),
    )


def _constants(
    tree: Tree, settings: Settings, paths: Iterable[str]
) -> tuple[str | None, Mapping[tuple[str, int], Constant]]:
    """The file of the constants module, and what it gives. Raises UserError."""
    name = settings.constants_module
    if name is None:
        return None, {}
    ends = tuple(f"/{name.replace('.', '/')}{end}" for end in (".py", "/__init__.py"))
    found = [path for path in paths if f"/{path}".endswith(ends)]
    usual = [path for path in found if f"/{path.removeprefix('src/')}" in ends] or found
    if len(usual) != 1:
        these = f"is one of {', '.join(usual[:3])}" if usual else "is not in the repository"
        raise UserError(f"constants-module: {name} {these}")
    data = tree.read(usual[0], settings.max_file_size)
    try:
        if isinstance(data, Unread):
            raise ValueError(data.reason)
        return usual[0], constants(name, usual[0], data)
    except ValueError as error:
        raise UserError(f"constants-module: {usual[0]} cannot be referred to: {error}") from None


def write(root: Path, done: Repair) -> tuple[tuple[Plan, ...], tuple[Left, ...]]:
    """Writes what is planned; gives the plans that were carried out, and the files that were left alone."""
    written: list[Plan] = []
    left = list(done.left)
    for each in done.changes:
        try:
            replace_content(root, each.path, each.before, each.after)
        except NotWritten as reason:
            left.append(Left(each.path, str(reason)))
        else:
            written.append(each)
    return tuple(written), tuple(left)


class _Planning:
    """The work of a worker process: plans the fixes of one file, and reads the result as any other file is read."""

    def __init__(
        self,
        root: Path,
        limit: int,
        rules: ExtraRules,
        known: Mapping[str, Facts],
        held: Mapping[str, bytes],
        tasks: Mapping[str, Sequence[Task]],
        unsafe: bool,
    ) -> None:
        """held: the content of the files that are not taken from the disk."""
        self._root, self._limit, self._rules, self._held = root, limit, rules, held
        self._known, self._tasks, self._unsafe = known, tasks, unsafe

    def __call__(self, path: str) -> Planned | Left:
        if path in self._held:
            return self._proved(self._plan(path, self._held[path], self._tasks[path]))
        data = read_again(self._root, self._known[path], self._limit, self._rules)
        if isinstance(data, Left):
            return data
        return self._proved(self._plan(path, data, self._tasks[path]))

    def _plan(self, path: str, data: bytes, tasks: Sequence[Task]) -> Plan:
        return plan(path, self._known[path].format, data, tasks, unsafe=self._unsafe)

    def _proved(self, done: Plan) -> Planned:
        """The plan, if portlint reads its result as it should; else each fix that spoils it is taken out."""
        if (facts := self._sound(done)) is not None:
            return Planned(done, facts)
        tasks = [task for task in self._tasks[done.path] if task.finding in done.applied]
        kept: list[Task] = []
        refused = list(done.refused)
        for task in tasks:
            tried = self._plan(done.path, done.before, [*kept, task])
            if task.finding in tried.applied and self._sound(tried) is not None:
                kept.append(task)
            else:
                refused.append(Refused(task.finding, "what it would make of the file does not read as it should"))
        final = self._plan(done.path, done.before, kept)
        facts = self._sound(final) or self._known[done.path]
        return Planned(replace(final, held_back=done.held_back, refused=tuple(refused)), facts)

    def _sound(self, done: Plan) -> Facts | None:
        """What is read in the result, if it parses as well as before and, after safe fixes, holds the same ports."""
        if done.after == done.before:
            return self._known[done.path]
        before, after = self._known[done.path], facts_of(done.path, done.after, self._rules)
        if after.format != before.format or len(after.problems) > len(before.problems):
            return None
        if any(_is_unsafe(finding) for finding in done.applied):
            return after
        there = _ports(before)
        there.update((each.port or 0, None) for each in done.applied if each.rule == MISSING_VARIABLE)
        there.subtract(
            (task.finding.port or 0, None)
            for task in self._tasks[done.path]
            if task.constant is not None and task.finding in done.applied
        )
        return after if _ports(after) == there else None


def _is_unsafe(finding: Finding) -> bool:
    """Whether a fix writes another port than stood there."""
    if finding.reference is not None:
        return finding.reference.default != finding.port
    return finding.fix is not None and finding.fix.safety != SAFE


def _ports(facts: Facts) -> Counter[tuple[int, int | None]]:
    return Counter((each.port, each.end_port) for each in (*facts.literals, *facts.candidates))
