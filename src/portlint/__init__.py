"""portlint: the linter for hardcoded ports."""

__version__ = "0.1.0"
