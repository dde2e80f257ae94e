"""The baseline of a run: what it accepts is left out of the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from portlint.check import baseline, selected
from portlint.errors import UserError
from portlint.files.reader import Tree, Unread
from portlint.model import CheckResult, Settings
from portlint.pipeline.comparison import moved_files
from portlint.pipeline.registry_file import fault
from portlint.pipeline.request import Request
from portlint.walk import Walk


def unaccepted(request: Request, tree: Tree, found: Walk, result: CheckResult) -> CheckResult:
    """The result without the findings that the baseline of the settings accepts. Raises UserError."""
    settings = request.settings
    if not (request.rules and request.accepts) or settings.baseline is None:
        return result
    data = tree.read(settings.baseline, settings.max_file_size)
    return without_accepted(
        result,
        settings,
        data,
        lambda path: _is_judged(tree, found, path),
        lambda paths: _moved(request, tree, paths),
    )


def without_accepted(
    result: CheckResult,
    settings: Settings,
    data: bytes | Unread,
    is_judged: Callable[[str], bool],
    moved: Callable[[AbstractSet[str]], Mapping[str, str]] = lambda paths: {},
) -> CheckResult:
    """The result without the findings that a baseline accepts. Raises UserError where the baseline cannot be used.

    data: what was read of the baseline. is_judged: whether the run says all about a path. moved: given the paths of the
    baseline, the present names of those that have another one.
    """
    path = settings.baseline or ""
    if isinstance(data, Unread):
        raise UserError(f"{path}: the baseline {fault(data)}")
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
