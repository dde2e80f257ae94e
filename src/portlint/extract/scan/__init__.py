"""Port literals in text and values, for all formats."""
