"""Where the checkout's files are."""

from __future__ import annotations

from pathlib import Path

TOP = Path(__file__).parents[2]
"""the checkout"""
FIXTURES = TOP / "tests" / "fixtures"
