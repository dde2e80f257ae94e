"""Writes a plan as the text of a registry, as a person would: commented, grouped, only what is not obvious."""

from __future__ import annotations

import json
from collections.abc import Iterator

from portlint.algorithms.lazy_regex import regex
from portlint.registry.draft import Draft
from portlint.registry.merge import Plan
from portlint.syntax.yaml.kinds import plain_kind

_PLAIN = regex(r"[A-Za-z_][A-Za-z0-9_./ (),&'+-]*(?<! )")
_WIDTH = 110


def written(plan: Plan) -> str:
    """The text of a registry. It ends with a line end, and `load_registry` reads it."""
    lines = [
        "# Every port of this repository, written by `portlint init`: from here on it is kept by hand.",
        "# portlint check holds the repository against it; portlint explain PORT102 tells what an entry may hold.",
    ]
    if plan.disagreements:
        lines += ["#", "# Where the sources disagree, the first is kept:"]
        lines += [f"#   {_one_line(str(each))}" for each in plan.disagreements]
    lines += ["", "ports:"]
    drafts = sorted(
        plan.drafts, key=lambda draft: (bool(draft.env_var is None and draft.doubts), draft.port, draft.name)
    )
    doubtful = False
    for draft in drafts:
        if draft.env_var is None and draft.doubts and not doubtful:
            doubtful = True
            lines += ["  # Not sure: give these a name and a description, or delete them and mend their places.", ""]
        lines += entry_lines(draft)
        lines.append("")
    if not drafts:
        lines[-1] = "ports: {}"
        lines.append("")
    if plan.blocks:
        lines.append("ranges:")
        for block in plan.blocks:
            described = f", description: {_flow(block.description)}" if block.description else ""
            lines.append(f"  {scalar(block.name)}: {{ports: {block.ports}{described}}}")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def entry_lines(draft: Draft) -> list[str]:
    """The lines of an entry, indented as below `ports:`; doubts and the place it comes from are comments."""
    head = f"  {scalar(draft.name)}:"
    lines = [f"{head}  # {_one_line(str(draft.place))}" if draft.place.path else head]
    lines += [f"    {key}: {value}" for key, value in values(draft)]
    if draft.environments:
        lines.append("    environments:")
        lines += [f"      {scalar(name)}: {ports}" for name, ports in draft.environments.items()]
    lines += [f"    # {_one_line(doubt)}" for doubt in draft.doubts]
    return lines


def values(draft: Draft) -> Iterator[tuple[str, str]]:
    """Each key of an entry but `environments`, with its value as YAML."""
    yield "default", str(draft.port)
    if draft.env_var is not None or draft.immutable:
        yield "env_var", "null" if draft.env_var is None else draft.env_var
    if draft.description:
        yield "description", scalar(draft.description)
    if draft.range is not None:
        yield "range", f"[{draft.range.start}, {draft.range.end}]"
    if draft.container_port is not None and draft.container_port != draft.port:
        yield "container_port", str(draft.container_port)
    if draft.aliases:
        yield "aliases", f"[{', '.join(map(_flow, draft.aliases))}]"
    if draft.exposure is not None:
        yield "exposure", draft.exposure
    if draft.protocol != "tcp":
        yield "protocol", draft.protocol
    if draft.repository is not None:
        yield "repository", scalar(draft.repository)
    if draft.optional:
        yield "optional", "true"
    if draft.immutable:
        yield "immutable", "true"


def scalar(text: str) -> str:
    """A text as a YAML scalar: without quotes where it needs none."""
    text = _one_line(text)
    if _PLAIN.fullmatch(text) and plain_kind(text) == "str":
        return text
    return json.dumps(text, ensure_ascii=False)


def _flow(text: str) -> str:
    """A text as a YAML scalar within brackets."""
    plain = scalar(text)
    return json.dumps(_one_line(text), ensure_ascii=False) if "," in plain and plain[0] != '"' else plain


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in " ".join(text.split()))
