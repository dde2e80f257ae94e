"""Makes the first registry: what the importers draft, held against what the files say until nothing is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from portlint.algorithms.gitignore import matcher
from portlint.files.reader import Tree, Unread, decode
from portlint.model import Facts, Match, Registry, Resolution, Settings
from portlint.pipeline.extraction import facts_of
from portlint.pipeline.request import Outcome
from portlint.registry import load_registry
from portlint.registry.draft import Draft, Imported, Place
from portlint.registry.importers import read_source
from portlint.registry.importers.repository import read_facts
from portlint.registry.merge import Plan
from portlint.registry.writing import written
from portlint.resolve import resolve

_COMMENT_SIGN = "#"
_LONGEST_COMMENT = 120


def draft_repository(outcome: Outcome, root: Path, settings: Settings) -> Imported:
    """What the repository says. outcome: of a run without rules. root: an absolute path without links."""
    generated = {each.path for each in outcome.facts if each.generated}
    is_test, is_vendored = matcher(settings.tests), matcher(settings.vendored)
    with Tree(root) as tree:
        return read_facts(
            outcome.facts,
            resolve(outcome.facts, None, settings),
            _judge(outcome.facts, settings),
            wanted=lambda path: path not in generated and not is_test(path) and not is_vendored(path),
            comment_of=_Comments(lambda path: tree.read(path, settings.max_file_size)),
        )


def draft_files(files: Mapping[str, bytes], settings: Settings) -> list[Imported]:
    """What single files say, in their order. files: path as the user named it to the bytes on disk.

    Documents and modules of constants each are a source; the others (env and compose files) are one together.
    """
    sources: list[Imported] = []
    facts: list[Facts] = []
    at = 0
    for path, raw in files.items():
        text = decode(path, raw)
        if isinstance(text, Unread):
            sources.append(Imported(notes=(f"{path}: {text.reason}",)))
            continue
        source = read_source(path, text.data)
        if source is not None:
            sources.append(source)
            continue
        at = at if facts else len(sources)
        facts.append(facts_of(path, raw))
    if facts:
        resolution = resolve(facts, None, settings)
        imported = read_facts(
            facts, resolution, _judge(facts, settings), comment_of=_Comments(lambda path: files[path])
        )
        sources.insert(at, imported)
    return sources


def known(registry: Registry) -> Imported:
    """The entries of a registry as drafts, so that others can be merged into them."""
    drafts = [
        Draft(
            name=entry.name,
            place=Place(registry.path, entry.span.line),
            default=entry.default,
            env_var=entry.env_var,
            range=entry.range,
            container_port=entry.container_port,
            environments=entry.environments,
            aliases=entry.aliases,
            exposure=entry.exposure,
            optional=entry.optional,
            immutable=entry.immutable,
            protocol=entry.protocol,
            repository=entry.repository,
            description=entry.description,
        )
        for entry in registry.entries
    ]
    return Imported(drafts=tuple(drafts))


def _judge(facts: Sequence[Facts], settings: Settings) -> Callable[[Sequence[Draft]], Sequence[Match]]:
    def judge(drafts: Sequence[Draft]) -> Sequence[Match]:
        resolution: Resolution = resolve(facts, registry_of(Plan(drafts=tuple(drafts))), settings)
        return resolution.matches

    return judge


def registry_of(plan: Plan) -> Registry:
    """The registry that a plan makes. Raises ValueError where the written text is none, which is a bug."""
    registry, errors = load_registry("ports.yaml", written(plan).encode())
    if registry is None:
        raise ValueError("; ".join(map(str, errors)))
    return registry


class _Comments:
    """What comments in a file say about a line: behind it, or in the lines above it."""

    def __init__(self, read: Callable[[str], bytes | Unread]) -> None:
        self._read = read
        self._lines: dict[str, list[str]] = {}

    def __call__(self, path: str, line: int) -> str:
        if path not in self._lines:
            raw = self._read(path)
            self._lines[path] = [] if isinstance(raw, Unread) else raw.decode("utf-8", "replace").splitlines()
        lines = self._lines[path]
        if not 1 <= line <= len(lines):
            return ""
        behind = lines[line - 1].partition(f" {_COMMENT_SIGN}")[2]
        above = lines[line - 2].strip() if line > 1 else ""
        below = lines[line].strip() if line < len(lines) else ""
        # A comment above several lines is the heading of a section.
        is_own = above.startswith(_COMMENT_SIGN) and (not below or below.startswith(_COMMENT_SIGN))
        said = behind if behind.strip() else above[1:] if is_own else ""
        said = said.strip(" #-=*\t")
        is_prose = " " in said and "=" not in said and len(said) <= _LONGEST_COMMENT
        return said if is_prose else ""
