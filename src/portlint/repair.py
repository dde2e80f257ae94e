"""Mends what a run found: plans the fixes of each file in killable workers, proves each plan, and writes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

from portlint.analysis import ExtraRules, facts_of
from portlint.errors import UserError
from portlint.fix import MISSING_VARIABLE, SAFE, Constant, Plan, Refused, Task, plan, rewriter
from portlint.fix.constants import constants
from portlint.fix.writing import CHANGED, NotWritten
from portlint.fix.writing import replace as replace_content
from portlint.model import Facts, Finding, Settings
from portlint.reading import Tree, Unread, decode
from portlint.run import Outcome, Request, read_extra_rules
from portlint.workers import Limits, Lost, Supervisor, default_jobs

READINGS = 3
"""how often a file is read: to see that it is the same, to rewrite it, to prove the result"""
FILES_FOR_ONE_WORKER = 8
"""files that one worker is through with before a second one would have started"""


@dataclass(frozen=True, slots=True)
class Left:
    """A file that is left alone, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Repair:
    """What the fixes make of a tree. Nothing is written yet."""

    plans: tuple[Plan, ...] = ()
    left: tuple[Left, ...] = ()

    @property
    def changes(self) -> tuple[Plan, ...]:
        return tuple(each for each in self.plans if each.after != each.before)


def repair(request: Request, outcome: Outcome, *, unsafe: bool, untouchable: AbstractSet[str] = frozenset()) -> Repair:
    """Plans the fixes of all findings. unsafe: those as well that change what the program does.

    untouchable: paths, relative to the root, of what is never fixed; the registry is so without being named. Raises
    UserError where the constants module that the settings name cannot be used.
    """
    settings = request.settings
    with Tree(request.root) as tree:
        rules = read_extra_rules(tree, settings)
        module, known_constants = _constants(tree, settings, [facts.path for facts in outcome.facts])
    never = untouchable | {outcome.registry.path if outcome.registry else ""} | set(settings.rules)
    literals = {(m.literal.path, m.literal.span.start): m.literal for m in outcome.resolution.matches}
    formats = {facts.path: facts.format for facts in outcome.facts}
    spoilt = {facts.path for facts in outcome.facts if facts.problems}
    tasks: dict[str, list[Task]] = {}
    for finding in outcome.result.findings:
        task = Task(finding, literals.get((finding.path, finding.span.start)))
        if finding.path in never or not (finding.fix or rewriter(formats.get(finding.path), task)):
            continue
        if finding.rule == MISSING_VARIABLE and finding.path in spoilt:
            continue
        if module is not None and formats.get(finding.path) == "python" and finding.path != module:
            constant = _constant(known_constants, finding)
            if finding.reference is not None and constant is None:
                continue
            task = replace(task, constant=constant)
        tasks.setdefault(finding.path, []).append(task)
    known = {facts.path: facts for facts in outcome.facts if facts.path in tasks}
    work = _Planning(request.root, settings.max_file_size, rules, known, tasks, unsafe)
    paths = tuple(tasks)
    limits = Limits(READINGS * settings.timeout)
    jobs = 1 if len(paths) < FILES_FOR_ONE_WORKER else settings.jobs or default_jobs()
    with Supervisor(work, paths, limits, jobs=jobs) as supervisor:
        results: list[Plan | Left | Lost] = supervisor.results()
    left = [each for each in results if isinstance(each, Left)]
    left += [Left(path, each.reason) for path, each in zip(paths, results, strict=True) if isinstance(each, Lost)]
    return Repair(tuple(each for each in results if isinstance(each, Plan)), tuple(left))


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


def _constant(known: Mapping[tuple[str, int], Constant], finding: Finding) -> Constant | None:
    reference = finding.reference
    return None if reference is None else known.get((reference.variable, reference.default))


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
        tasks: Mapping[str, Sequence[Task]],
        unsafe: bool,
    ) -> None:
        self._root, self._limit, self._rules = root, limit, rules
        self._known, self._tasks, self._unsafe = known, tasks, unsafe

    def __call__(self, path: str) -> Plan | Left:
        with Tree(self._root) as tree:
            raw = tree.read(path, self._limit)
        text = raw if isinstance(raw, Unread) else decode(path, raw)
        if isinstance(raw, Unread) or isinstance(text, Unread):
            return Left(path, text.reason if isinstance(text, Unread) else CHANGED)
        if text.encoding != "utf-8" or text.data != raw:
            return Left(path, "it is not UTF-8")
        if facts_of(path, raw, self._rules) != self._known[path]:
            return Left(path, CHANGED)
        return self._proved(self._plan(path, raw, self._tasks[path]))

    def _plan(self, path: str, data: bytes, tasks: Sequence[Task]) -> Plan:
        return plan(path, self._known[path].format, data, tasks, unsafe=self._unsafe)

    def _proved(self, done: Plan) -> Plan:
        """The plan, if portlint reads its result as it should; else each fix that spoils it is taken out."""
        if self._is_sound(done):
            return done
        tasks = [task for task in self._tasks[done.path] if task.finding in done.applied]
        kept: list[Task] = []
        refused = list(done.refused)
        for task in tasks:
            tried = self._plan(done.path, done.before, [*kept, task])
            if task.finding in tried.applied and self._is_sound(tried):
                kept.append(task)
            else:
                refused.append(Refused(task.finding, "what it would make of the file does not read as it should"))
        final = self._plan(done.path, done.before, kept)
        return replace(final, held_back=done.held_back, refused=tuple(refused))

    def _is_sound(self, done: Plan) -> bool:
        """Whether the result parses as well as before, and a safe result holds the same ports."""
        if done.after == done.before:
            return True
        before, after = self._known[done.path], facts_of(done.path, done.after, self._rules)
        if after.format != before.format or len(after.problems) > len(before.problems):
            return False
        if any(_is_unsafe(finding) for finding in done.applied):
            return True
        there = _ports(before)
        there.update((each.port or 0, None) for each in done.applied if each.rule == MISSING_VARIABLE)
        there.subtract(
            (task.finding.port or 0, None)
            for task in self._tasks[done.path]
            if task.constant is not None and task.finding in done.applied
        )
        return _ports(after) == there


def _is_unsafe(finding: Finding) -> bool:
    """Whether a fix writes another port than stood there."""
    if finding.reference is not None:
        return finding.reference.default != finding.port
    return finding.fix is not None and finding.fix.safety != SAFE


def _ports(facts: Facts) -> Counter[tuple[int, int | None]]:
    return Counter((each.port, each.end_port) for each in (*facts.literals, *facts.candidates))
