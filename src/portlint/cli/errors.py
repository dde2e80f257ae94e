"""The one handler: the user's mistakes in a line each, ours with all that is needed to report them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from portlint.errors import UserError

EXIT_USER, EXIT_BUG, EXIT_INTERRUPTED = 2, 3, 130


def guarded(command: Callable[[], int]) -> int:
    """The exit code of a command, whatever happens in it."""
    try:
        _make_streams_safe()
        try:
            code = command()
        finally:
            sys.stdout.flush()
        return code
    except UserError as error:
        from portlint.report.escape import shown

        for line in error.lines:
            say(f"portlint: error: {shown(line)}")
        return EXIT_USER
    except KeyboardInterrupt:
        say("portlint: interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        silence_stdout()
        return 0
    except SystemExit as stop:  # argparse, after it printed a help text
        return stop.code if isinstance(stop.code, int) else EXIT_USER
    except Exception:
        import traceback

        report_bug(traceback.format_exc(), None)
        return EXIT_BUG


def report_bug(trace: str, path: str | None) -> None:
    """Says on stderr what went wrong. path: the file that was being read, where it is known."""
    import platform

    from portlint import __version__
    from portlint.report.escape import shown

    versions = [f"portlint {__version__}", f"Python {platform.python_version()}", platform.platform()]
    versions += [f"{name} {version}" for name, version in _library_versions()]
    say("portlint: this is a bug in portlint, not in your files.")
    say("\n".join(map(shown, trace.rstrip().splitlines())))
    say(f"versions: {', '.join(versions)}")
    say(f"command: {shown(' '.join(sys.argv))}")
    if path is not None:
        say(f"was reading: {shown(path)}")
    say("please report it, with the lines above")


def say(text: str) -> None:
    """A line on stderr; a closed stderr is no reason to fail."""
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def _library_versions() -> list[tuple[str, str]]:
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in ("libcst", "PyYAML", "ruamel.yaml", "pathspec", "Jinja2", "msgspec"):
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "missing"))
    return found


def _make_streams_safe() -> None:
    """A character that the terminal's encoding lacks is escaped, and what nobody reads is thrown away: neither must end
    the run. Python has no stream at all where the descriptor was closed before it began (`>&-`)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def silence_stdout() -> None:
    """Nobody reads it any more. Python would complain when it flushes at exit."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        pass
