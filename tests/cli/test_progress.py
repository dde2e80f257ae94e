"""What is said beside the findings: progress, statistics, times, the summary of a job."""

from __future__ import annotations

import io
import re

import pytest

from portlint.cli.progress import shown_progress
from portlint.workers import Limits, Supervisor


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watched(stream: io.StringIO, times: list[float], quiet: bool = False, **environment: str) -> str:
    """What a stream shows of a run that tells at these seconds that 3 of 9 files are done."""
    seconds = iter([0.0, *times])
    with shown_progress(stream, quiet=quiet, environment=environment, clock=lambda: next(seconds)) as progress:
        for _ in times if progress else ():
            progress(3, 9)
    return stream.getvalue()


def test_progress_of_a_run_over_a_second_goes_away():
    line = "\r\x1b[Kportlint: 3 of 9 files"
    assert watched(Terminal(), [0.5, 1.5, 1.55, 2.0]) == f"{line}{line}\r\x1b[K"


def test_a_short_run_shows_none():
    assert watched(Terminal(), [0.1, 0.9]) == ""


@pytest.mark.parametrize("environment", [{"CI": "true"}, {"PRE_COMMIT": "1"}, {"TERM": "dumb"}])
def test_none_where_nobody_watches(environment):
    assert watched(Terminal(), [5.0], **environment) == ""
    assert watched(io.StringIO(), [5.0]) == ""
    assert watched(Terminal(), [5.0], quiet=True) == ""


def test_the_line_goes_away_when_the_run_fails():
    stream, seconds = Terminal(), iter([0.0, 2.0])
    with pytest.raises(KeyError), shown_progress(stream, quiet=False, environment={}, clock=seconds.__next__) as show:
        show(1, 2)
        raise KeyError
    assert stream.getvalue().endswith("\r\x1b[K")


def test_workers_tell_how_far_they_are():
    told = []
    with Supervisor(abs, [-1, -2, -3], Limits(5.0), jobs=1) as supervisor:
        assert supervisor.results(lambda done, whole: told.append((done, whole))) == [1, 2, 3]
    assert told[-1] == (3, 3)


def test_statistics_and_timing(root, portlint):
    code, out, err = portlint("check", "--statistics", "--timing")
    assert code == 1
    assert "     1  PORT103  fallback-mismatch\n" in err
    stages = re.findall(r"^ +[0-9.]+ s  (.*)$", err, re.MULTILINE)
    assert stages == ["walk", "read and extract", "resolve and check"]
    plain = portlint("check")
    assert out == plain[1]
    assert " s  walk" not in plain[2]


def test_the_summary_of_a_job_is_appended_when_asked_for(root, portlint, monkeypatch):
    summary = root.parent / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    portlint("check")
    assert summary.read_text() == "before\n"
    code, out, _ = portlint("check", "--step-summary")
    assert (code, out) == portlint("check")[:2]
    assert summary.read_text().startswith("before\n## portlint: ")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert portlint("check", "--step-summary")[0] == 1
