"""Readers of the data in `rules/`."""
