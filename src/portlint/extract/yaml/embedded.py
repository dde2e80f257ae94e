"""Texts of other formats in block scalars: scripts, nginx in a ConfigMap, settings in an environment variable."""

from __future__ import annotations

from itertools import pairwise

from portlint.algorithms.lazy_regex import regex
from portlint.model import Source
from portlint.syntax.yaml.nodes import ScalarNode

_MAPPING_LINE = regex(r"\s*(?:- )?[\"']?[A-Za-z0-9_./-]{1,80}[\"']?:(?:\s|$)")
_SETTING_LINE = regex(r"\s*(?:export )?[A-Z_][A-Z0-9_]{0,80}=")


def format_of(key: str, text: str) -> str | None:
    """The name of the format of a text, told by its key where that is a file's name, else by its content."""
    from portlint.extract import recognise

    if not any(char in "123456789" for char in text):
        return None
    data = text.encode("latin-1")
    known = recognise(key, data) if "." in key else None
    if known is None:
        known = recognise("", data)
    if known is not None:
        return "yaml" if known.name == "json" else known.name
    first = next((line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")), "")
    if _MAPPING_LINE.match(first) and "\n" in text.strip():
        return "yaml"
    return "dotenv" if _SETTING_LINE.match(first) else None


def dedented(source: Source, node: ScalarNode) -> Source:
    """The text of a block scalar without its indentation, every character that counts at its own offset.

    Line breaks stand for the indentation, so that a here-document finds its end and Python its blocks. A line that
    goes on after a backslash keeps its spaces.
    """
    lines = node.text.encode("latin-1").split(b"\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    start = node.start + sum(len(line) + 1 for line in lines[:first])
    indent = min((len(line) - len(line.lstrip(b" ")) for line in lines[first:] if line.strip()), default=0)
    out = [lines[first][indent:]]
    for before, line in pairwise(lines[first:]):
        if not before.rstrip(b"\r").endswith(b"\\") and not line[:indent].strip():
            line = b"\n" * len(line[:indent]) + line[indent:]
        out.append(line)
    return Source(source.path, b"\n".join(out), source.lines, source.base + start + indent, source.made)
