"""The text form of a file's facts, and the fixtures that hold it. As a script, it writes the expected files anew."""

from __future__ import annotations

import sys
from pathlib import Path

from portlint.extract import extract
from portlint.model import Facts
from support.paths import FIXTURES

FOLDER = FIXTURES / "extract"
EXPECTED = ".expected"


def fixtures(format: str = "*") -> list[Path]:
    """The input files, of one format or of all."""
    return sorted(
        path
        for folder in FOLDER.glob(format)
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != EXPECTED
    )


def shown(fixture: Path) -> str:
    """The facts of a fixture, a line each; its path is the one relative to its format's folder."""
    path = fixture.relative_to(FOLDER)
    return lines(extract("/".join(path.parts[1:]), fixture.read_bytes()))


def lines(facts: Facts) -> str:
    """The literals, candidates, references and problems of one file, a line each, by place."""
    out = [f"format {facts.format}"]
    rows = [(x.span, "", x) for x in facts.literals] + [(x.span, "candidate ", x) for x in facts.candidates]
    for span, mark, literal in sorted(rows, key=lambda row: (row[0], row[1])):
        port = str(literal.port) if literal.end_port is None else f"{literal.port}-{literal.end_port}"
        notes = [
            f"{key}={value}"
            for key, value in (
                ("host", literal.host),
                ("var", literal.variable),
                ("name", literal.name),
                ("lib", literal.library),
                ("at", literal.subject),
                ("proto", literal.protocol if literal.protocol != "tcp" else None),
            )
            if value
        ]
        notes += ["prose"] * literal.prose
        row = [f"{mark}{span.line}:{span.column}", port, literal.role, literal.form, *notes]
        out.append(" ".join(row))
    out += [f"reference {r.span.line}:{r.span.column} {r.variable} {r.role}" for r in facts.references]
    out += [f"problem {p.span.line}{' partly' * p.partly}: {p.reason}" for p in facts.problems]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    for chosen in sys.argv[1:] or ["*"]:
        for file in fixtures(chosen):
            file.with_name(file.name + EXPECTED).write_text(shown(file), "utf-8")
