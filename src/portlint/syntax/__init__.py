"""Parsers that know nothing of ports, for every stage."""
