"""Where the text goes: stdout or a file, with or without colour; and the closing lines on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from portlint.cli.errors import say, silence_stdout
from portlint.errors import UserError

if TYPE_CHECKING:
    from portlint.cli.scope import Scope
    from portlint.pipeline.request import Outcome


def wants_color(when: str, stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream gets colours. The flag counts first, then FORCE_COLOR and NO_COLOR (https://no-color.org)."""
    if when != "auto":
        return when == "always"
    if environment.get("FORCE_COLOR"):
        return True
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return stream.isatty()


def without_commands(lines: Iterable[str]) -> Iterable[str]:
    """Lines of the repository's files as they stand, of which GitHub Actions takes none for a command.

    It looks for commands behind spaces, too, which begin the lines of a diff ("Workflow commands for GitHub Actions",
    Stopping and starting workflow commands). The word that ends this is one that no file can know.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return lines
    from secrets import token_hex

    word, whole = token_hex(16), list(lines)
    return [f"::stop-commands::{word}\n", *whole, f"::{word}::\n"] if whole else whole


def write(pieces: Iterable[str], file: str | None, *, append: bool = False) -> None:
    """To stdout, or to a file, which is replaced or appended to. Raises UserError where it cannot be written, and for a
    symbolic link outside of /dev, which a repository could have put there to lead elsewhere."""
    text = "".join(pieces)
    if file is None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            silence_stdout()  # the reader (`| head`) has seen enough
        except OSError as error:
            silence_stdout()
            raise UserError(f"stdout cannot be written: {error.strerror}") from None
        return
    if Path(file).is_symlink() and not file.startswith("/dev/"):
        raise UserError(f"{file}: a symbolic link, which is not written through")
    try:
        with open(file, "a" if append else "w", encoding="utf-8", newline="") as stream:  # noqa: PTH123 - pathlib adds nothing
            stream.write(text)
    except OSError as error:
        raise UserError(f"{file}: cannot be written: {error.strerror}") from None


def check_apart(files: Iterable[str | None]) -> None:
    """Raises UserError where two outputs would go to one file."""
    named = [Path(file) for file in files if file is not None]
    for file in named:
        if named.count(file) > 1:
            raise UserError(f"{file}: two outputs cannot go to one file")


def close(scope: Scope, outcome: Outcome, found: str, verbose: bool) -> None:
    """The closing lines on stderr; the last one is the summary. found: what was found, in words."""
    from portlint.report.escape import shown
    from portlint.report.style import counted

    for note in (*outcome.walk.notes, *outcome.notes):
        say(f"portlint: note: {shown(note)}")
    if verbose:
        _tell(scope, outcome)
    files = f"{counted(outcome.checked, 'file')} checked, {outcome.skipped} skipped, {outcome.not_checked} not checked"
    say(f"portlint: {files}; {found}; {outcome.seconds:.2f} s")


def tell_stages(outcome: Outcome) -> None:
    """A line on stderr for each stage: its seconds and its name."""
    for name, seconds in outcome.stages:
        say(f"{seconds:>8.3f} s  {name}")


def _tell(scope: Scope, outcome: Outcome) -> None:
    from portlint.report.escape import shown
    from portlint.report.style import counted

    registry = outcome.registry
    say(f"portlint: root {shown(str(scope.root))}")
    say(f"portlint: settings {shown(scope.loaded.file or 'by default')}")
    say(f"portlint: registry {shown(registry.path) if registry else 'none'}")
    links, inner = counted(outcome.walk.links, "symbolic link"), outcome.walk.repositories
    say(f"portlint: {links} not followed, {inner} inner repositories or submodules not entered")
    known = len(outcome.walk.files) + len(outcome.walk.closed)
    say(f"portlint: {counted(known, 'file')} known, {len(outcome.reported)} of them reported on")
