"""Every fixture of the extract stage: the inventory of a file beside the file.

`tests/fixtures/extract/FORMAT/PATH` is the input, `PATH.expected` the port literals that it must give, one a line:
`line:column port[-end] role form`, then `host=`, `var=`, `name=`, `proto=`, `prose` where they say something.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory import EXPECTED, fixtures, shown


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda path: "/".join(path.parts[-2:]))
def test_extract(fixture: Path) -> None:
    assert shown(fixture) == fixture.with_name(fixture.name + EXPECTED).read_text("utf-8")
