"""What `check` and `ports` share: the flags that say what is looked at and how, and the run itself."""

from __future__ import annotations

import os
import sys
from argparse import BooleanOptionalAction, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from portlint.cli.arguments import Parser, Words, number, one_of
from portlint.cli.errors import EXIT_BUG, report_bug, say
from portlint.errors import UserError

if TYPE_CHECKING:
    from argparse import _ArgumentGroup

    from portlint.pipeline.comparison import View
    from portlint.pipeline.request import Outcome, Request
    from portlint.settings import LoadedSettings


WHEN = ("auto", "always", "never")
"""when there are colours"""


def add_scope(parser: Parser) -> None:
    """The flags. Those that are settings bear the setting's name."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files and folders to report on; default: this folder")
    looked = parser.add_argument_group("what is looked at")
    looked.add_argument("--registry", metavar="FILE", help="the registry; default: ports.yaml or config/ports.yaml")
    looked.add_argument(
        "--exclude", action="append", metavar="PATTERN", help="leave out, as .gitignore writes it (repeatable)"
    )
    looked.add_argument(
        "--force-exclude", action="store_true", default=None, help="leave out even what is named as PATH"
    )
    looked.add_argument(
        "--jobs",
        type=Words(lambda: map(str, range(1, (os.cpu_count() or 1) + 1)), number),
        metavar="N",
        help="worker processes; default: one for each core",
    )
    looked.add_argument(
        "--cache", action=BooleanOptionalAction, default=None, help="keep what was read for the next run; off under CI"
    )


def add_output(parser: Parser) -> _ArgumentGroup:
    """The flags about what is printed, besides the format; gives their group."""
    printed = parser.add_argument_group("what is printed")
    printed.add_argument("--color", default="auto", type=one_of(WHEN), metavar="WHEN", help="auto, always or never")
    printed.add_argument("-q", "--quiet", action="store_true", help="no summary and no hints")
    printed.add_argument("-v", "--verbose", action="store_true", help="say what was looked at, and how")
    return printed


class Scope(Struct, frozen=True):
    """What a command works on. root: absolute, without links. here: the folder where the user stands."""

    root: Path
    here: Path
    named: tuple[str, ...]
    loaded: LoadedSettings
    cache: bool | None = None
    """whether there is to be a cache; None: the environment tells"""
    view: View | None = None
    """what is looked at besides the disk"""

    def place(self) -> Callable[[str], str]:
        """Shows a path, which is relative to the root, as the user would write it: relative to where they stand."""
        if self.here == self.root:
            return lambda path: path
        if not self.here.is_relative_to(self.root):
            return lambda path: f"{self.root}/{path}" if not path.startswith("/") else path
        return lambda path: os.path.relpath(self.root / path, self.here)


def load(
    named: list[str],
    flags: dict[str, object],
    cache: bool | None = None,
    view_of: Callable[[Path], View] | None = None,
) -> Scope:
    """The tree that is meant and its settings. flags: by the setting's name; None: not given. view_of: given the root,
    what is looked at besides the disk. Raises UserError."""
    from portlint.settings import SettingsError, load_settings, places

    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise UserError("the folder that you stand in is no longer there") from None
    try:
        root = _root(named, here)
        view = None if view_of is None else view_of(root)
        contents = None
        if view is not None:
            from portlint.cli.changes import settings_contents

            contents = settings_contents(view, places(root, here))
        loaded = load_settings(root, here, flags, os.environ, contents)
    except SettingsError as error:
        raise UserError(*map(str, error.problems)) from None
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}") from None
    return Scope(root, here, tuple(named or ["."]), loaded, cache, view)


def _root(named: list[str], here: Path) -> Path:
    """The tree that the named paths are in: the outermost repository, or folder with settings or a registry, that
    holds them all. Where there is none, it is the folder where the user stands, or the one that holds them all.

    A path outside of the tree is told by the walk.
    """
    from portlint.walk import folders_of

    folders = folders_of(named)
    tops = [top for top in dict.fromkeys(map(_top, folders)) if top is not None]
    if tops:
        holding = [top for top in tops if all(folder.is_relative_to(top) for folder in folders)]
        return min(holding or tops[:1], key=lambda top: len(top.parts))
    if all(folder.is_relative_to(here) for folder in folders) and not _is_too_wide(here):
        return here
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # two drives
        return folders[0]


def _top(folder: Path) -> Path | None:
    """The tree that a folder is in; None where nothing tells."""
    from portlint.model import REGISTRY_PLACES
    from portlint.settings import FILES, find_root

    root = find_root(folder)
    if any(os.path.lexists(root / name) for name in (".git", *FILES)):
        return root
    above = (folder, *folder.parents)
    return next((top for top in above if any(os.path.lexists(top / place) for place in REGISTRY_PLACES)), None)


def _is_too_wide(folder: Path) -> bool:
    """Whether a folder is a whole disk or a home, which are not looked through unless they are named."""
    home = Path("~").expanduser()
    return folder == Path(folder.anchor) or folder in (home, *home.parents)


def request(scope: Scope, progress: Callable[[int, int], None] | None = None, **options: bool) -> Request:
    """The request to the pipeline. options: those of `Request` that are switches."""
    from portlint.cache import cache_folder
    from portlint.pipeline.comparison import View
    from portlint.pipeline.request import Request

    caches = cache_folder(os.environ, scope.cache)
    if caches is not None and caches.is_relative_to(scope.root):
        caches = None  # a pull request could plant one there
    trusted = scope.loaded.origins["registry"].startswith(("flag", "environment"))
    return Request(
        root=scope.root,
        named=scope.named,
        settings=scope.loaded.settings,
        registry_is_trusted=trusted,
        only_named=_is_too_wide(scope.root) and _top(scope.root) is None,
        caches=caches,
        progress=progress,
        view=scope.view or View(),
        **options,
    )


def run(scope: Scope, *, quiet: bool = False, **options: bool) -> Outcome:
    """The run over the scope, with its progress on a terminal unless it is to be quiet. Raises UserError."""
    from portlint.cli.progress import shown_progress
    from portlint.pipeline.run import run as run_pipeline

    try:
        with shown_progress(sys.stderr, quiet=quiet) as progress:
            return run_pipeline(request(scope, progress, **options))
    except OSError as error:
        if error.filename is None:
            raise
        raise UserError(f"{error.filename}: {error.strerror}") from None


def flags_of(arguments: Namespace, *names: str) -> dict[str, object]:
    """The flags that are settings, by the setting's name."""
    return {name: getattr(arguments, name.replace("-", "_")) for name in names}


def code_after(outcome: Outcome, code: int) -> int:
    """The exit code, after the bugs of portlint's are told that cost single files."""
    for path, trace in outcome.crashes[:1]:
        report_bug(trace, path)
    if len(outcome.crashes) > 1:
        say(f"The same or another bug cost {len(outcome.crashes) - 1} more files; each is reported as PORT901.")
    return EXIT_BUG if outcome.crashes else code
