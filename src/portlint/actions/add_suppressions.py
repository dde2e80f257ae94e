"""Silences what a run found: writes a suppression comment for each finding, where one can stand.

A comment is written only where it is proved to be one: the file, read again, says the same as before, and the comment
is seen. In a string, a here-document or a block of text it would be none.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Final

from portlint.actions.apply_fixes import FILES_FOR_ONE_WORKER, Left, Repair, read_again
from portlint.algorithms.lazy_regex import regex
from portlint.files.reader import Tree
from portlint.fix import Plan, Refused, spliced
from portlint.fix.suppression_comments import edits
from portlint.knowledge.formats import FORMATS, Comment, Lines, Syntax
from portlint.model import Edit, Facts, Finding, PortLiteral
from portlint.pipeline.extraction import ExtraRules, facts_of
from portlint.pipeline.registry_file import read_extra_rules
from portlint.pipeline.request import Outcome, Request
from portlint.workers import Limits, Lost, Supervisor, default_jobs

NEVER: Final = frozenset({"PORT902", "PORT903"})
"""rules that no comment silences"""
READINGS: Final = 12
"""how often a file may be read, at the time that one reading may take"""
_NO_PLACE: Final = "no comment can stand at that line"


def silence(
    request: Request,
    outcome: Outcome,
    findings: Iterable[Finding],
    reason: str,
    untouchable: AbstractSet[str],
) -> Repair:
    """Plans the comments that silence findings; nothing is written. reason: may be empty.

    untouchable: paths, relative to the root, of what is never changed; the registry is so without being named.
    """
    never = untouchable | {outcome.registry.path if outcome.registry else ""} | set(request.settings.rules)
    known = {facts.path: facts for facts in outcome.facts}
    wanted: dict[str, list[Finding]] = {}
    left: dict[tuple[str, str], int] = {}
    for finding in findings:
        facts = known.get(finding.path)
        why = _why_not(finding, facts, never)
        if why is None:
            wanted.setdefault(finding.path, []).append(finding)
        else:
            left[finding.path, why] = left.get((finding.path, why), 0) + 1
    settings = request.settings
    with Tree(request.root) as tree:
        rules = read_extra_rules(tree, settings)
    work = _Silencing(request.root, settings.max_file_size, rules, known, wanted, reason)
    paths = tuple(wanted)
    jobs = 1 if len(paths) < FILES_FOR_ONE_WORKER else settings.jobs or default_jobs()
    with Supervisor(work, paths, Limits(READINGS * settings.timeout), jobs=jobs) as supervisor:
        results: list[Plan | Left | Lost] = supervisor.results()
    alone = [Left(path, f"{why} ({number} finding{'s' * (number > 1)})") for (path, why), number in left.items()]
    alone += [each for each in results if isinstance(each, Left)]
    alone += [Left(path, each.reason) for path, each in zip(paths, results, strict=True) if isinstance(each, Lost)]
    return Repair(tuple(each for each in results if isinstance(each, Plan)), tuple(alone))


def _why_not(finding: Finding, facts: Facts | None, never: AbstractSet[str]) -> str | None:
    """Why no comment can silence a finding; None where one may."""
    if finding.rule in NEVER:
        return f"no comment silences {finding.rule}"
    if finding.path in never:
        return "the registry, the settings and the baseline are never changed"
    if facts is None or facts.format is None:
        return "portlint does not read the file"
    row = FORMATS[facts.format]
    if row.comment_for(facts.path) is None:
        return f"{row.title} holds no comments"
    if facts.stamp is not None:
        return "it is generated from the registry"
    return None


class _Silencing:
    """The work of a worker process: plans the comments of one file."""

    def __init__(
        self,
        root: Path,
        limit: int,
        rules: ExtraRules,
        known: Mapping[str, Facts],
        wanted: Mapping[str, Sequence[Finding]],
        reason: str,
    ) -> None:
        self._root, self._limit, self._rules = root, limit, rules
        self._known, self._wanted, self._reason = known, wanted, reason

    def __call__(self, path: str) -> Plan | Left:
        facts = self._known[path]
        data = read_again(self._root, facts, self._limit, self._rules)
        return data if isinstance(data, Left) else self._plan(facts, data)

    def _plan(self, facts: Facts, data: bytes) -> Plan:
        by_line: dict[int, list[Finding]] = {}
        for finding in self._wanted[facts.path]:
            by_line.setdefault(finding.span.line, []).append(finding)
        comment = _comment(facts)
        choices = {line: self._choices(comment, facts, data, line, found) for line, found in by_line.items()}
        # Nearly always the first choice will do on all lines, and one proof is enough.
        first = {line: each[0] for line, each in choices.items() if each}
        if len(first) == len(choices) and self._is_sound(facts, data, list(first.values()), by_line):
            chosen = first
        else:
            chosen = {}
            for line, each in choices.items():
                alone = {line: by_line[line]}
                found = next((edit for edit in each if self._is_sound(facts, data, [edit], alone)), None)
                if found is not None:
                    chosen[line] = found
            if not self._is_sound(facts, data, list(chosen.values()), {line: by_line[line] for line in chosen}):
                chosen = {}
        applied = tuple(finding for line in chosen for finding in by_line[line])
        refused = tuple(Refused(f, _NO_PLACE) for line, found in by_line.items() if line not in chosen for f in found)
        return Plan(facts.path, data, spliced(data, chosen.values()), applied, (), refused)

    def _choices(
        self, comment: Comment, facts: Facts, data: bytes, line: int, findings: Sequence[Finding]
    ) -> list[Edit]:
        codes = sorted({finding.rule for finding in findings})
        return list(edits(comment, data, line, codes, self._reason, facts.suppressions))

    def _is_sound(
        self, facts: Facts, data: bytes, chosen: Sequence[Edit], by_line: Mapping[int, Sequence[Finding]]
    ) -> bool:
        """Whether the file says the same with the comments, and each finding has one that is about its line."""
        after = spliced(data, chosen)
        again = facts_of(facts.path, after, self._rules)
        if again.format != facts.format or _said(again) != _said(facts):
            return False
        if not _is_same(_comment(facts), data, after):
            return False
        added = sorted(edit.span.line for edit in chosen if edit.new.endswith((b"\n", b"\r")))
        return all(
            any(
                s.first_line == s.last_line == line + sum(at <= line for at in added)
                and all(finding.rule in s.codes for finding in findings)
                for s in again.suppressions
            )
            for line, findings in by_line.items()
        )


def _comment(facts: Facts) -> Comment:
    """What `_why_not` has seen to be there."""
    assert facts.format is not None
    comment = FORMATS[facts.format].comment_for(facts.path)
    assert comment is not None
    return comment


def _said(facts: Facts) -> tuple[Any, ...]:
    """What a file says, without where."""
    literals = [_literal(each) for each in (*facts.literals, *facts.candidates) if not each.prose]
    references = [(each.variable, each.role, each.subject, each.service) for each in facts.references]
    services = [(s.name, s.image, len(s.mappings), len(s.expose), s.hosts, s.env_files) for s in facts.services]
    variables = [(each.name, each.host) for each in facts.variables]
    problems = [(each.reason, each.partly) for each in facts.problems]
    files = (facts.includes, facts.compose_runs, facts.generated, facts.generated_from, len(facts.stages))
    return literals, references, services, variables, problems, files


def _literal(each: PortLiteral) -> tuple[Any, ...]:
    return (
        each.ports, each.text, each.role, each.format, each.protocol, each.host, each.variable, each.name,
        each.subject, each.form, each.library, each.service,
    )  # fmt: skip


# Whether two texts of a format differ in comments alone


def _is_same(comment: Comment, before: bytes, after: bytes) -> bool:
    """Whether nothing but comments differs. False where that cannot be told."""
    shape = _by_lines(comment.opens, comment.proof) if isinstance(comment.proof, Lines) else _SHAPES[comment.proof]
    try:
        return bool(shape(before) == shape(after))
    except (ValueError, RecursionError, SyntaxError):
        return False


def _python(data: bytes) -> Any:
    return ast.dump(ast.parse(data))


def _yaml(data: bytes) -> Any:
    """The events of a YAML text, with their values. Raises ValueError where it is none, or too deep."""
    from portlint.syntax.yaml.events import events

    names = ("anchor", "tag", "value", "implicit", "explicit", "version")
    return [
        (type(event).__name__, *(getattr(event, name, None) for name in names))
        for event in events(data.decode("utf-8-sig"))
    ]


def _toml(data: bytes) -> Any:
    from portlint.syntax.toml import load

    return load(data.decode("utf-8").replace("\r\n", "\n"))[0]


def _shell(data: bytes) -> Any:
    from portlint.syntax.shell import parse

    text = data.decode("latin-1")
    script = parse(text)
    if len(_REDIRECTED.findall(text)) > len(script.heredocs):
        raise ValueError("a here-document without an end, which a shell takes all the same")
    commands = [
        (tuple(w.text for w in c.words), tuple(w.text for w in c.redirections), c.operator.strip(), c.kind)
        for c in script.commands
        if c.words or c.redirections
    ]
    return commands, [text[each.start : each.end] for each in script.heredocs]


def _nginx(data: bytes) -> Any:
    from portlint.syntax.nginx import lex

    text = data.decode("latin-1")
    found = lex(text)
    return [
        (text[d.name.start : d.name.end], [text[a.start : a.end] for a in d.args], d.parent, d.block)
        for d in found.directives
    ], [reason for _, reason in found.faults]


def _javascript(data: bytes) -> Any:
    from portlint.syntax.javascript import tokens

    if b"</" in data or b"/>" in data:
        raise ValueError("markup, in which a comment may be text")
    return [(each.kind, each.text) for each in tokens(data.decode("latin-1")) if each.kind != "comment"]


def _dotenv(data: bytes) -> Any:
    from portlint.syntax.dotenv import Assignment, lines

    text = data.decode("latin-1")
    return [
        (text[each.name_start : each.name_end], text[each.value_start : each.value_end])
        for each in lines(text)
        if isinstance(each, Assignment)
    ]


def _cells(data: bytes) -> Any:
    return _IN_CELL.sub(b"", data)


def _by_lines(opens: str, lines: Lines) -> Callable[[bytes], Any]:
    """For formats with comments on lines of their own: all other lines, none of which may go on in such a comment."""
    sign, continuation = opens.encode(), lines.continues.encode()

    def shape(data: bytes) -> Any:
        if lines.unless is not None and lines.unless.search(data):
            raise ValueError("it may hold a text in which there are no comments")
        found, goes_on = [], False
        for line in data.splitlines():
            text = line.strip()
            if text.startswith(sign) and b"portlint:" in text:
                if goes_on:
                    raise ValueError("the line before goes on")
                continue
            found.append(line)
            goes_on = bool(continuation) and text.endswith(continuation)
        return found

    return shape


_REDIRECTED: Final = regex(r"(?<!<)<<(?!<)")
_IN_CELL: Final = regex(rb"<!-- portlint: [^\r\n]{0,600}? --> ")
_SHAPES: Final[Mapping[Syntax, Callable[[bytes], Any]]] = {
    Syntax.PYTHON: _python,
    Syntax.YAML: _yaml,
    Syntax.TOML: _toml,
    Syntax.SHELL: _shell,
    Syntax.NGINX: _nginx,
    Syntax.JAVASCRIPT: _javascript,
    Syntax.DOTENV: _dotenv,
    Syntax.CELLS: _cells,
}
