"""What the user asked for."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC

from msgspec import Struct, field

from portlint.model.findings import Severity
from portlint.model.places import PortRange


class Settings(Struct, frozen=True, kw_only=True):
    """What the user asked for. Loaded by `settings.py`: defaults < file < environment < flags."""

    select: tuple[str, ...] = ()
    """codes or prefixes; empty: all"""
    ignore: tuple[str, ...] = ()
    per_file_ignores: MappingABC[str, tuple[str, ...]] = field(default_factory=dict)
    """path glob to codes or prefixes"""
    fail_level: Severity = Severity.WARNING
    registry: str | None = None
    """path relative to the root; None: the first of REGISTRY_PLACES that is there"""
    baseline: str | None = None
    """path relative to the root of the file with the findings that are accepted"""
    exclude: tuple[str, ...] = ()
    """gitignore patterns"""
    force_exclude: bool = False
    """excludes hold for named paths too"""
    tests: tuple[str, ...] = (
        "tests/", "test/", "testing/", "test_*.py", "*_test.py", "conftest.py", "*.test.*", "*.spec.*", "__tests__/",
    )  # fmt: skip
    """gitignore patterns of test files, where `test_ignores` are off"""
    test_ignores: tuple[str, ...] = ("PORT101", "PORT102")
    """codes that are off in test files, and in generated and vendored ones"""
    generated_ignores: tuple[str, ...] = ("PORT10",)
    """codes that are off in generated files besides: what is wrong there is wrong in what they are made from"""
    vendored: tuple[str, ...] = ("vendor/", "third_party/", "_vendor/", "extern/")
    environments: MappingABC[str, tuple[str, ...]] = field(default_factory=dict)
    """environment name to path globs, beside those of the registry"""
    allow: tuple[PortRange, ...] = (PortRange(80, 80), PortRange(443, 443))
    """ports that are allowed everywhere"""
    max_file_size: int = 5_000_000
    """bytes; a larger file is not checked (PORT901)"""
    timeout: float = 5.0
    """seconds for one file in a parser"""
    jobs: int | None = None
    """worker processes; None: one for each core"""
    rules: tuple[str, ...] = ()
    """the user's own files of the shape of `rules/python/*.yaml`, relative to the root"""
    constants_module: str | None = None
    """a Python module of the repository, by its full name, to whose constants fixes refer"""


REGISTRY_PLACES = ("ports.yaml", "config/ports.yaml", ".portlint/ports.yaml")
"""where a registry is looked for, in this order, relative to the root"""


BASELINE_FILE = "portlint-baseline.json"
"""where a baseline is written if nothing else is said, relative to the root"""
