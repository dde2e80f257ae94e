"""The five port systems as projects: once clean, once with every kind of drift that their pages warn of.

`tests/fixtures/projects/NAME/VERSION/` is a repository, `VERSION.expected` beside it what is found there, a line each:
`path:line:column CODE`. Run as a script, this writes the expected files anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from portlint.knowledge.rule_metadata import card
from portlint.model import Severity
from portlint.pipeline.memory_run import run_on_memory
from support.paths import FIXTURES

FOLDER = FIXTURES / "projects"
PROJECTS = sorted(path for path in FOLDER.glob("*/*") if path.is_dir())


def found(project: Path) -> str:
    files = {path.relative_to(project).as_posix(): path.read_bytes() for path in project.rglob("*") if path.is_file()}
    lines = [f"{f.path}:{f.span.line}:{f.span.column} {f.rule}\n" for f in run_on_memory(files).findings]
    return "".join(lines)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: "/".join(path.parts[-2:]))
def test_project(project: Path) -> None:
    expected = project.with_name(project.name + ".expected").read_text("utf-8")
    assert found(project) == expected
    if project.name == "clean":
        assert all(card(line.split()[-1]).severity is Severity.INFO for line in expected.splitlines())


if __name__ == "__main__":
    for each in PROJECTS:
        each.with_name(each.name + ".expected").write_text(found(each), "utf-8")
