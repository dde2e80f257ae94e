"""Which files a run is about: the walk over the tree, as the request narrows it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from portlint.errors import UserError
from portlint.extract import describes_services, recognised_by_name
from portlint.files.reader import NOT_STAGED, Contents
from portlint.model import REGISTRY_PLACES
from portlint.pipeline.comparison import Base
from portlint.pipeline.request import Request
from portlint.walk import Walk, walk

LARGEST_MARK = 65_536
"""bytes of a `pyvenv.cfg`"""


def walked(request: Request) -> Walk:
    """The files of the tree, and those of them that are reported on. Raises UserError for a path that cannot be."""
    settings = request.settings
    found = walk(
        request.root,
        request.named,
        exclude=settings.exclude,
        force_exclude=settings.force_exclude,
        only_named=request.only_named,
        keep=describes_services,
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


def selected(request: Request) -> tuple[str, ...]:
    """The files that a run would report on, those of no format of portlint's left out. Raises UserError."""
    found = walked(request)
    files = found.files if found.reported is None else sorted(found.reported.intersection(found.files))
    return tuple(path for path in files if recognised_by_name(path) is not False)


def contents_of(request: Request) -> Contents:
    """The content of the files that are not read from disk, by path."""
    view, settings = request.view, request.settings
    held = view.contents
    if view.only is not None and settings.registry is None:
        held = {**{place: NOT_STAGED for place in REGISTRY_PLACES if place not in view.only}, **held}
    if view.policy is not None:
        from portlint.pipeline.policy import policy_contents  # which imports the rules, see `pipeline.run`

        held = {**held, **policy_contents(view.policy, settings)}
    return held


def _is_environment(policy: Base | None) -> Callable[[str], bool]:
    """Whether a `pyvenv.cfg` keeps its folder from being looked at: not one that the change brought."""
    if policy is None:
        return lambda path: True
    return lambda path: isinstance(policy.repository.at(policy.commit, [path], LARGEST_MARK)[path], bytes)
