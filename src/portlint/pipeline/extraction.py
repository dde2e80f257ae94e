"""Reads and extracts the files of a run: in worker processes, and with what the cache still knows.

Files that were named are begun with before the list of all files is there: a hook waits for little else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from portlint.algorithms.digest import digest_of
from portlint.cache import Cache, Known, Row, row_of, version_of
from portlint.files.fingerprint import Stamp
from portlint.files.reader import AS_ON_DISK, Contents, Tree, Unread, Why, decode
from portlint.knowledge.rule_data import rules_folder
from portlint.model import NOWHERE, Facts, LineIndex, Problem, Settings
from portlint.pipeline.relevance import ties_of, variables_of
from portlint.workers import Limits, Lost, Supervisor, default_jobs

if TYPE_CHECKING:
    from portlint.extract.format import Extracted

FILES_FOR_ONE_WORKER = 40
"""files that one worker is through with before another one would have imported the same"""
ExtraRules = tuple[tuple[str, bytes], ...]
Results = list[tuple[str, Facts | Lost]]


def facts_of(path: str, raw: bytes | Unread, extra_rules: ExtraRules = ()) -> Facts:
    """What a file says, or that it could not be read. raw: the bytes as they stand on disk."""
    return extracted(path, raw, extra_rules, None).facts


def extracted(path: str, raw: bytes | Unread, extra_rules: ExtraRules, before: Extracted | None) -> Extracted:
    """The same as `facts_of`, with what spares work the next time. before: see `portlint.extract.extract_again`."""
    from portlint.extract import extract_again, recognised_by_name
    from portlint.extract.format import Extracted

    text = raw if isinstance(raw, Unread) else decode(path, raw)
    if isinstance(text, Unread):
        if text.why in (Why.BINARY, Why.SPECIAL) and not recognised_by_name(path):
            return Extracted(Facts(path=path, format=None))
        return Extracted(unchecked(path, text.reason))
    done = extract_again(path, text.data, extra_rules, before)
    if text.doubt is not None and done.facts.format is not None:
        doubt = Problem(LineIndex(text.data).span(text.doubt_at, text.doubt_at), text.doubt)
        return Extracted(replace(done.facts, problems=(doubt, *done.facts.problems)), done.memory)
    return done


def unchecked(path: str, reason: str) -> Facts:
    return Facts(path=path, format=None, problems=(Problem(NOWHERE, reason),))


class Analysis:
    """The work of a worker process: reads one file of the tree and extracts its facts."""

    def __init__(
        self,
        root: Path,
        limit: int,
        extra_rules: ExtraRules,
        known: Mapping[str, Known] | None = None,
        contents: Contents = AS_ON_DISK,
    ) -> None:
        """limit: the largest file in bytes. known: what the cache has, by path; None: there is no cache, and no rows
        for it are made. contents: of files that are not read from disk."""
        self._root, self._limit, self._extra_rules, self._known = root, limit, extra_rules, known
        self._contents = contents
        self._tree: Tree | None = None

    def __call__(self, path: str) -> Facts | Row:
        from portlint.extract import recognised_by_name

        if recognised_by_name(path) is False:
            facts = Facts(path=path, format=None)
            return facts if self._known is None else row_of(facts, "", ties_of(facts))
        if self._tree is None:
            self._tree = Tree(self._root, self._contents)
        raw = self._tree.read(path, self._limit)
        if self._known is None or isinstance(raw, Unread) or path in self._contents:
            return facts_of(path, raw, self._extra_rules)
        digest, known = digest_of(raw), self._known.get(path)
        if known is not None and known.digest == digest:
            return Row(digest, None)
        done = extracted(path, raw, self._extra_rules, None if known is None else _before(path, known))
        return row_of(done.facts, digest, ties_of(done.facts), done.memory)


def _before(path: str, known: Known) -> Extracted | None:
    """What came of the earlier state of a file; None where that is of no help."""
    from portlint.extract.format import Extracted

    facts = known.facts(path)
    return None if facts is None else Extracted(facts, known.memory)


class Extraction:
    """The extract stage of one run. Use it as a context manager: `start`, `submit_rest`, `results`."""

    def __init__(
        self,
        root: Path,
        settings: Settings,
        caches: Path | None,
        extra_rules: ExtraRules,
        contents: Contents = AS_ON_DISK,
    ) -> None:
        """caches: the folder of all caches; None, or a folder inside the tree: each file is read and parsed. contents:
        of files that are not read from disk, and which the cache does not know."""
        self._root, self._settings, self.extra_rules = root, settings, extra_rules
        self._contents = contents
        self.cache: Cache | None = None
        if caches is not None and not caches.is_relative_to(root):
            self.cache = Cache(caches, root, version_of(Path(__file__).parents[1], rules_folder(), extra_rules))
        self._files: Sequence[str] = ()
        self._unchanged: list[str] = []
        self._batches: list[tuple[Sequence[str], Supervisor[str, Facts | Row]]] = []
        self._collected = 0
        """batches whose results are collected"""
        self.left_out: set[str] = set()
        """files that are not looked at, since they have not changed and cannot matter"""
        self.cached = 0
        """files that were not read, or not parsed, because an earlier run did it"""

    def __enter__(self) -> Extraction:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for _, supervisor in self._batches:
            supervisor.close()

    def start(self, files: Sequence[str]) -> None:
        """Submits files that are surely wanted."""
        files = self._on_disk(files)
        if 0 < len(files) <= FILES_FOR_ONE_WORKER:
            self._begin(files, self._looked_up(files))

    def submit_rest(self, files: Sequence[str], taken: Mapping[str, Stamp]) -> None:
        """Says which files there are, and submits those that `start` did not and that the cache does not know.

        taken: stamps of regular files, as far as they were taken before.
        """
        self._files = files
        if self.cache is not None:
            self._unchanged = self.cache.recall(self._on_disk(files), self._settings.max_file_size, taken)
        begun = {path for paths, _ in self._batches for path in paths}
        self._unchanged = [path for path in self._unchanged if path not in begun]
        done = begun.union(self._unchanged)
        left = [path for path in files if path not in done]
        if left:
            self._begin(left, self._looked_up(left))

    def _looked_up(self, files: Sequence[str]) -> Mapping[str, Known]:
        return {} if self.cache is None else self.cache.look(self._on_disk(files))

    def _on_disk(self, files: Sequence[str]) -> Sequence[str]:
        return [path for path in files if path not in self._contents] if self._contents else files

    def results(
        self,
        progress: Callable[[int, int], None] | None,
        reported: AbstractSet[str] | None,
        variables: AbstractSet[str],
    ) -> Results:
        """The files, each with what came of it.

        reported: the files whose findings are asked for; files that cannot matter to them
        (`portlint.pipeline.relevance`) are left out where the cache knows them, see `left_out`. None: all files.
        variables: those of the registry.
        """
        found: dict[str, Facts | Lost] = {}
        tied = self._remember(found, reported)
        self._collect(found, progress)
        self._remember_tied(found, tied, variables)
        if damaged := [path for path in self._files if path not in found and path not in self.left_out]:
            self._begin(damaged, {})
            self._collect(found, progress)
        if self.cache is not None:
            self.cache.save()
        return [(path, found[path]) for path in self._files if path not in self.left_out]

    def _begin(self, files: Sequence[str], known: Mapping[str, Known]) -> None:
        settings = self._settings
        jobs = settings.jobs or default_jobs()
        few = len(files) <= FILES_FOR_ONE_WORKER
        if few:
            # Two files of one kind share a parser, which takes longer to import than they take to read.
            jobs = min(jobs, 2, len({PurePosixPath(path).suffix for path in files}))
            files = sorted(files, key=lambda path: not path.endswith(".py"))  # libcst takes the longest of all
        else:
            from portlint.extract import formats

            # Imported here, or each worker would do it again, and each that takes the place of a dead one.
            formats()
        rows = None if self.cache is None else known
        work = Analysis(self._root, settings.max_file_size, self.extra_rules, rows, self._contents)
        self._batches.append((files, Supervisor(work, files, Limits(settings.timeout), jobs=jobs, one_first=few)))

    def _collect(self, found: dict[str, Facts | Lost], progress: Callable[[int, int], None] | None) -> None:
        """Waits for the workers, and takes over what they found."""
        wanted = set(self._files)
        for files, supervisor in self._batches[self._collected :]:
            for path, result in zip(files, supervisor.results(progress), strict=True):
                if path not in wanted:
                    continue
                if not isinstance(result, Row):
                    found[path] = result
                    continue
                assert self.cache is not None
                self.cache.keep(path, result)
                facts = self.cache.facts(path)
                if facts is not None:
                    self.cached += result.facts is None
                    found[path] = facts
        self._collected = len(self._batches)

    def _remember(self, found: dict[str, Facts | Lost], reported: AbstractSet[str] | None) -> list[str]:
        """Takes what surely matters from the cache, while the workers read; gives the files that only may matter."""
        cache, tied = self.cache, list[str]()
        if cache is None:
            return tied
        for path in self._unchanged:
            if reported is not None and path not in reported and cache.ties(path) is not None:
                tied.append(path)
            elif (facts := cache.facts(path)) is not None:
                self.cached += 1
                found[path] = facts
        return tied

    def _remember_tied(self, found: dict[str, Facts | Lost], tied: Sequence[str], variables: AbstractSet[str]) -> None:
        """Takes those files from the cache that speak of the variables, or of one that the others speak of."""
        cache = self.cache
        if cache is None or not tied:
            return
        variables = variables_of(each for each in found.values() if isinstance(each, Facts)) | variables
        self.cached += len(tied)
        wanted = [path for path in tied if (ties := cache.ties(path)) and not variables.isdisjoint(ties)]
        self.left_out.update(tied)
        self.left_out.difference_update(wanted)
        for path in wanted:
            if (facts := cache.facts(path)) is not None:
                found[path] = facts
