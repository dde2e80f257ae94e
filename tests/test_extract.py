"""Every fixture of the extract stage: the inventory of a file beside the file.

`tests/fixtures/extract/FORMAT/PATH` is the input, `PATH.expected` the port literals that it must give, one a line:
`line:column port[-end] role form`, then `host=`, `var=`, `name=`, `proto=`, `prose` where they say something.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from inventory import EXPECTED, FOLDER, fixtures, shown
from portlint.extract import extract
from portlint.model import NOWHERE

MARK = b"\xef\xbb\xbf"
BEGINS_A_LINE = {
    "makefile/Makefile", "makefile/justfile", "config/haproxy/haproxy.cfg", "shell/launcher",
    "traefik/dynamic.tmpl.yml", "traefik/traefik.toml", "traefik/traefik.broken.toml",
}  # fmt: skip
"""what is told by the first characters of a line, and so is lost with a mark on the first line"""


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda path: "/".join(path.parts[-2:]))
def test_extract(fixture: Path) -> None:
    assert shown(fixture) == fixture.with_name(fixture.name + EXPECTED).read_text("utf-8")


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: "/".join(path.relative_to(FOLDER).parts))
def test_a_byte_order_mark_hides_nothing(path):
    name, data = "/".join(path.relative_to(FOLDER).parts), path.read_bytes()
    if name in BEGINS_A_LINE or data.startswith((MARK, b"\xff\xfe", b"\xfe\xff")):
        return
    inner = name.partition("/")[2]
    without, marked = extract(inner, data), extract(inner, MARK + data)
    assert [replace(each, span=NOWHERE) for each in marked.literals] == [
        replace(each, span=NOWHERE) for each in without.literals
    ]
    assert [each.span.start - len(MARK) for each in marked.literals] == [each.span.start for each in without.literals]
    assert [each.span.column for each in marked.literals] == [each.span.column for each in without.literals]
    assert [each.reason for each in marked.problems] == [each.reason for each in without.problems]
