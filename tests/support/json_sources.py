"""A JSON file's facts on both ways."""

from __future__ import annotations

import pytest

from portlint.extract import json
from portlint.model import Facts, Source


def found(data: bytes, token_by_token: bool) -> Facts:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json, "is_promising", lambda data: True)
        if token_by_token:
            patch.setattr(json, "behind_members", lambda text, position, at_top: position)
            patch.setattr(json, "behind_items", lambda text, position: (position, 0))
        return json.extract(Source.of("a.json", data))
