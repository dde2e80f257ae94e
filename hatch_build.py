"""The build hook of hatchling: writes the copies of the rule files that a wheel, or a checkout when it is installed,
reads in place of the YAML. See `portlint.knowledge.rule_data`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RuleCopies(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, str(Path(self.root, "src")))
        from portlint.knowledge.rule_data import write_copies

        write_copies(Path(self.root, "rules"))
