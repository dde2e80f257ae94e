"""Reports: exact text of each format, and that nothing in a repository can break out of one."""

from __future__ import annotations

import csv
import io
import json

import pytest

from portlint.model import (
    NOWHERE,
    Card,
    Edit,
    Finding,
    Fix,
    LineIndex,
    PortLiteral,
    Related,
    Role,
    Severity,
    Span,
)
from portlint.report import FINDING_FORMATS, INVENTORY_FORMATS, Inventory, Report, Summary, render, render_inventory
from portlint.report.escape import cell, encodable, shown
from portlint.report.frame import frame
from portlint.report.masking import masked
from support.steps import MOST_GROWTH, growth

CARDS = {
    "PORT101": Card(code="PORT101", name="hardcoded-port", severity=Severity.WARNING, summary="s", why="w", mend="m"),
    "PORT401": Card(code="PORT401", name="env-value-mismatch", severity=Severity.ERROR, summary="s", why="w", mend="m"),
}
FILES = {
    "src/app.py": b"import os\n\nserve(app, port=8000, password='hunter2')\n",
    "ports.yaml": b"ports:\n  api:\n    default: 8000\n",
    ".env": b"DATABASE_URL=postgres://admin:hunter2@db:5432/shop\n",
}


def span(path: str, word: bytes) -> Span:
    start = FILES[path].index(word)
    return LineIndex(FILES[path]).span(start, start + len(word))


HARDCODED = Finding(
    rule="PORT101",
    path="src/app.py",
    span=span("src/app.py", b"8000"),
    message="8000 is written as a number",
    help="use $API_PORT",
    port=8000,
    entry="api",
    related=(Related("ports.yaml", span("ports.yaml", b"8000"), "the registry says 8000 here"),),
    fix=Fix("unsafe", (Edit(span("src/app.py", b"8000"), b"8000", b"PORT"),)),
)
MISMATCH = Finding(rule="PORT401", path=".env", span=span(".env", b"5432"), message="5432 is not db's", port=5432)


def report(*findings: Finding, **options: object) -> Report:
    return Report(
        findings=findings,
        summary=Summary(checked=2, skipped=1, severities={Severity.WARNING: 1}),
        card=CARDS.__getitem__,
        source=FILES.get,
        format_of={"src/app.py": "python", ".env": "dotenv", "ports.yaml": "yaml"}.get,
        **options,
    )


def text(format: str, *findings: Finding, **options: object) -> str:
    return "".join(render(report(*findings, **options), format))


def test_full():
    assert (
        text("full", HARDCODED, MISMATCH)
        == """\
warning[PORT101] hardcoded-port: 8000 is written as a number
 --> src/app.py:3:17
  |
3 | serve(app, port=8000, password='***')
  |                 ^^^^
 --> ports.yaml:3:14
  |
3 |     default: 8000
  |              ---- the registry says 8000 here
  = help: use $API_PORT
  = fix: there is an unsafe fix

error[PORT401] env-value-mismatch: 5432 is not db's
 --> .env:1:42
  |
1 | DATABASE_URL=***db:5432***
  |                    ^^^^

"""
    )


def test_full_of_a_file_that_cannot_be_shown():
    gone = Finding(rule="PORT401", path="gone.env", span=NOWHERE, message="vanished")
    assert text("full", gone) == "error[PORT401] env-value-mismatch: vanished\n --> gone.env:1:1\n\n"


def test_concise():
    assert text("concise", HARDCODED, MISMATCH) == (
        "src/app.py:3:17: PORT101 8000 is written as a number\n.env:1:42: PORT401 5432 is not db's\n"
    )


def test_text_formats_show_paths_as_the_user_would_write_them():
    assert text("concise", MISMATCH, place=lambda path: f"../{path}").startswith("../.env:1:42:")
    assert " --> ../.env:1:42\n" in text("full", MISMATCH, place=lambda path: f"../{path}")


def test_json():
    assert json.loads(text("json", HARDCODED)) == {
        "schema_version": 1,
        "findings": [
            {
                "code": "PORT101",
                "name": "hardcoded-port",
                "severity": "warning",
                "path": "src/app.py",
                "line": 3,
                "column": 17,
                "end_line": 3,
                "end_column": 21,
                "port": 8000,
                "entry": "api",
                "message": "8000 is written as a number",
                "help": "use $API_PORT",
                "fix": {
                    "safety": "unsafe",
                    "edits": [{"line": 3, "column": 17, "start": 27, "end": 31, "old": "8000", "new": "PORT"}],
                },
                "related": [{"path": "ports.yaml", "line": 3, "column": 14, "message": "the registry says 8000 here"}],
            }
        ],
        "summary": {
            "files_checked": 2,
            "files_skipped": 1,
            "files_not_checked": 0,
            "suppressed": 0,
            "error": 0,
            "warning": 1,
            "info": 0,
        },
        "change": None,
    }
    assert json.loads(text("json", MISMATCH))["findings"][0]["fix"] is None
    assert json.loads(text("json"))["findings"] == []


def test_jsonl():
    lines = text("jsonl", HARDCODED, MISMATCH).splitlines()
    assert [json.loads(line)["code"] for line in lines] == ["PORT101", "PORT401"]
    assert json.loads(lines[0]) == json.loads(text("json", HARDCODED))["findings"][0]


def literal(**fields: object) -> PortLiteral:
    given = {
        "path": "compose.yaml",
        "span": Span(10, 14, 2, 5),
        "port": 8000,
        "text": "8000",
        "role": Role.PUBLISH,
        "format": "compose",
    }
    return PortLiteral(**{**given, **fields})


RANGE = literal(
    port=9000, end_port=9005, text="9000-9005", span=Span(20, 29, 3, 5), protocol="udp", host="0.0.0.0",
    variable="PORTS", name="web", subject="services.web.ports[0]",
)  # fmt: skip


def inventory(format: str, *literals: PortLiteral, **options: object) -> str:
    return "".join(render_inventory(Inventory(literals=literals, **options), format))


def test_inventory_jsonl():
    single, several = map(json.loads, inventory("jsonl", literal(), RANGE).splitlines())
    assert single == {
        "path": "compose.yaml", "line": 2, "column": 5, "end_column": 9, "port": 8000, "end_port": None,
        "protocol": "tcp", "role": "publish", "format": "compose", "host": None, "variable": None, "name": None,
        "subject": "", "text": "8000",
    }  # fmt: skip
    assert several == {
        "path": "compose.yaml", "line": 3, "column": 5, "end_column": 14, "port": 9000, "end_port": 9005,
        "protocol": "udp", "role": "publish", "format": "compose", "host": "0.0.0.0", "variable": "PORTS",
        "name": "web", "subject": "services.web.ports[0]", "text": "9000-9005",
    }  # fmt: skip


def test_inventory_json():
    whole = json.loads(inventory("json", literal()))
    assert whole == {"schema_version": 1, "ports": [json.loads(inventory("jsonl", literal()))]}


def test_inventory_csv():
    rows = list(csv.DictReader(io.StringIO(inventory("csv", literal(name="=cmd|' /C calc'!A0"), RANGE))))
    assert (rows[0]["port"], rows[0]["end_port"], rows[0]["name"]) == ("8000", "", "'=cmd|' /C calc'!A0")
    assert (rows[1]["path"], rows[1]["text"]) == ("compose.yaml", "9000-9005")


def test_inventory_text_groups_by_port():
    api = literal(path="a.py", role=Role.FALLBACK, variable="API_PORT")
    assert inventory("text", RANGE, literal(service="web"), api) == (
        "8000  2 places\n"
        "  fallback     API_PORT  a.py:2:5\n"
        "  publish      web       compose.yaml:2:5\n"
        "9000-9005  1 place\n"
        "  publish/udp  PORTS  compose.yaml:3:5\n"
    )


EVIL = "a\x1b[31mb\nc\r\u202ed\udce9\u200b::error::"
EVIL_SHOWN = "a\\x1b[31mb\\nc\\r\\u202ed\\xe9\\u200b::error::"


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("plain text", "plain text"),
        ("käse 日本", "käse 日本"),
        (EVIL, EVIL_SHOWN),
        ("\x9b0m\x7f\u2066\u2028\U000e0041", "\\x9b0m\\x7f\\u2066\\u2028\\U000e0041"),
    ],
)
def test_what_could_act_is_shown(raw, safe):
    assert shown(raw) == safe


def test_escapes_for_other_formats():
    assert encodable("a\x1b\udce9") == "a\x1b\\xe9"
    assert [cell(each) for each in ("=1+1", "+1", "-1", "@x", "a=1")] == ["'=1+1", "'+1", "'-1", "'@x", "a=1"]


@pytest.mark.parametrize("format", FINDING_FORMATS)
@pytest.mark.parametrize("color", [True, False])
def test_no_format_of_findings_obeys_the_repository(format, color):
    evil = Finding(
        rule="PORT101",
        path=EVIL,
        span=Span(0, 4, 1, 1),
        message=EVIL,
        help=EVIL,
        related=(Related(EVIL, NOWHERE, EVIL),),
    )
    whole = "".join(render(report(evil, color=color), format)).replace("\x1b[0m", "")
    for code in ("1", "1;33", "34"):
        whole = whole.replace(f"\x1b[{code}m", "")
    check_harmless(whole.replace("\r\n", "\n"))


@pytest.mark.parametrize("format", INVENTORY_FORMATS)
def test_no_format_of_the_inventory_obeys_the_repository(format):
    evil = literal(path=EVIL, name=EVIL, host=EVIL, variable=EVIL, subject=EVIL)
    check_harmless(inventory(format, evil).replace("\r\n", "\n"))


def check_harmless(whole: str) -> None:
    assert not any(char in whole for char in "\x1b\r\u202e\udce9\u200b")
    whole.encode("utf-8")
    assert "b\nc" not in whole


def test_colours_only_when_asked_for():
    assert "\x1b[1;33mwarning[PORT101]\x1b[0m" in text("full", HARDCODED, color=True)
    assert "\x1b" not in text("full", HARDCODED, MISMATCH)
    assert text("json", HARDCODED, color=True) == text("json", HARDCODED)


@pytest.mark.parametrize(
    ("line", "literal", "format", "seen"),
    [
        ("API_PORT=8000", "8000", "dotenv", "API_PORT=8000"),
        ("export P='8000'", "8000", "dotenv", "export P='8000'"),
        ("P=8000 # was hunter2", "8000", "dotenv", "P=8000***"),
        ("U=postgres://u:hunter2@db:5432/x?p=hunter2", "5432", "dotenv", "U=***db:5432***"),
        ("U=redis://:hunter2@10.0.0.1:6379/0", "6379", "dotenv", "U=***10.0.0.1:6379***"),
        ("U=db:5432", "5432", "dotenv", "U=db:5432"),
        ("U=hunter2:5432", "U", "dotenv", "U=***"),
        ("# TOKEN=hunter2 8000", "8000", "dotenv", "# TOKEN=***8000"),
        ("hunter2 8000 hunter2", "8000", "dotenv", "***8000***"),
        ("url = 'redis://user:hunter2@redis:6379/0'", "6379", "python", "url = 'redis://***@redis:6379/0'"),
        ("url = 'amqp://u:hun@ter2@mq:5672'", "5672", "python", "url = 'amqp://***@mq:5672'"),
        ("url = 'amqp://u:hun/ter2@mq:5672'", "5672", "python", "url = 'amqp://***@mq:5672'"),
        ("x = 'http://localhost:8000/@scope'", "8000", "python", "x = 'http://localhost:8000/@scope'"),
        ("f(port=8000, password='hunter2')", "8000", "python", "f(port=8000, password='***')"),
        ('{"port": 8000, "api_key": "hunter2"}', "8000", "json", '{"port": 8000, "api_key": "***"}'),
        ("run -e DB_PASSWORD=hunter2 -p 8000:80", "8000", "shell", "run -e DB_PASSWORD=*** -p 8000:80"),
        ("x = 8000 " + "hunter2" * 400, "8000", "python", "*** 8000 ***"),
    ],
)
def test_secrets_are_masked(line, literal, format, seen):
    start = line.index(literal)
    assert "".join(masked(line, start, start + len(literal), format)) == seen


@pytest.mark.parametrize(
    "line", ["://" * 30_000, 'token="' * 15_000, " " * 100_000 + "=", "a" * 100_000, "://a@" * 20_000]
)
@pytest.mark.parametrize("format", ["dotenv", "python"])
def test_masking_is_work_in_proportion(line, format):
    masked(line, 0, 1, format)
    assert growth(lambda line: masked(line, 0, 1, format), line) < MOST_GROWTH


def shot(line: str, word: str, format: str = "python") -> tuple[str, str]:
    """The line of a frame, and what stands over the underline."""
    data = f"first\n{line}\nlast\n".encode()
    start = data.index(word.encode())
    found = frame(data, LineIndex(data).span(start, start + len(word)), format)
    return found.text, found.text[found.offset : found.offset + found.width]


def test_frames():
    assert shot("port = 8000", "8000") == ("port = 8000", "8000")
    assert shot("\tport = 8000", "8000") == ("    port = 8000", "8000")
    assert shot("\x1b[2J = 8000", "8000") == ("\\x1b[2J = 8000", "8000")
    assert shot("x" * 300 + "=8000", "8000")[1] == "8000"
    line, marked = shot("x" * 100 + " = 8000 # " + "y" * 800, "8000")
    assert len(line) < 130 and marked == "8000"


def test_a_frame_counts_the_columns_of_wide_characters():
    data = "日本 = 8000\n".encode()
    start = data.index(b"8000")
    assert frame(data, LineIndex(data).span(start, start + 4), None).offset == 7


def test_a_file_that_has_changed_gives_no_wrong_frame():
    assert frame(b"short\n", Span(100, 104, 9, 1), None) is None
    assert frame(None, Span(0, 4, 1, 1), None) is None
