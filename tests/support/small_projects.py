"""Projects of a few lines for the rules that hold files against one another, and what these say about them."""

from __future__ import annotations

from portlint.model import Settings
from portlint.pipeline.memory_run import run_on_memory

Files = dict[str, str]


def found(files: Files, *codes: str) -> list[str]:
    """`path:line CODE` of what the rules `codes` (none: the cross-file ones) say."""
    chosen = codes or ("PORT2", "PORT3", "PORT4", "PORT6")
    result = run_on_memory({path: text.encode() for path, text in files.items()}, Settings(select=chosen))
    return [f"{f.path}:{f.span.line} {f.rule}" for f in result.findings]


def messages(files: Files, *codes: str) -> list[str]:
    result = run_on_memory({path: text.encode() for path, text in files.items()}, Settings(select=codes))
    return [f.message for f in result.findings]


def compose(**services: str) -> str:
    """A compose file; each service is a flow mapping, with an image where it has none."""
    rows = (f"  {name}: {{image: shop/{name}, {body}}}\n" for name, body in services.items())
    return "services:\n" + "".join(rows)
