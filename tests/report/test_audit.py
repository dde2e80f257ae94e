"""The audit: its formats, that nothing in a repository can act in one, and that it stays small and readable."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from msgspec.structs import replace

from portlint.model import (
    Block,
    Card,
    Entry,
    Finding,
    LineIndex,
    Match,
    PortLiteral,
    PortRange,
    Registry,
    Reservation,
    Role,
    Severity,
    Verdict,
)
from portlint.report import Report, Summary, render
from portlint.report.audit import AUDIT_FORMATS, Audit, Unchecked, render_audit
from portlint.report.audit.facts import EVERYWHERE, allocation, by_rule, most_telling, sentences, service_table, writers
from portlint.report.audit.folding import folded
from portlint.report.audit.portmap import CONFLICT, KNOWN, MISMATCH, UNKNOWN, picture, port_map
from support.commandline import fill

SOURCE = b"import os\nport = '<script>alert(1)</script>' or 8001\n"
AT = LineIndex(SOURCE).span(SOURCE.index(b"8001"), SOURCE.index(b"8001") + 4)
EVIL = "a<b>\"'&\x1b\u202e\n</script><script>alert(1)</script>{{ 7*7 }}\udce9"
CARD = Card(code="PORT104", name="wrong-port", severity=Severity.ERROR, summary="s.", why="w\n\nv", mend="m <x>")
API = Entry(name="api", span=AT, default=8000, env_var="API_PORT", environments={"production": PortRange(8100, 8100)})
WEB = Entry(name="web", span=AT, default=3000)
REGISTRY = Registry(
    path="ports.yaml",
    entries=(API, WEB),
    blocks=(Block("core", PortRange(8000, 8099), "", AT),),
    reserved=(Reservation(PortRange(8050, 8059), "else", "", AT),),
)


def match(port: int, verdict: Verdict, entry: Entry | None = None, path: str = "app.py", **fields: object) -> Match:
    literal = PortLiteral(path=path, span=AT, port=port, text=str(port), role=Role.BIND, format="python")
    return Match(literal=literal, verdict=verdict, entry=entry, **fields)


MATCHES = (
    match(8000, Verdict.MATCH, API),
    match(8001, Verdict.MISMATCH, API, expected=PortRange(8000, 8000)),
    match(8101, Verdict.MISMATCH, API, path="prod.env", environment="production"),
    match(5000, Verdict.UNKNOWN),
    match(443, Verdict.FOREIGN),
)


def finding(path: str = "app.py", rule: str = "PORT104", **fields: object) -> Finding:
    return Finding(rule=rule, path=path, span=AT, message="8001 is not api's", port=8001, **fields)


def audit(*findings: Finding, **fields: object) -> Audit:
    report = Report(
        findings=findings,
        summary=Summary(checked=7, not_checked=1, severities={Severity.ERROR: len(findings)} if findings else {}),
        card=lambda code: replace(CARD, code=code),
        source=lambda path: SOURCE,
    )
    given = {"name": "shop", "report": report, "matches": MATCHES, "registry": REGISTRY}
    return Audit(**{**given, **fields})


def text(format: str, *findings: Finding, **fields: object) -> str:
    return "".join(render_audit(audit(*findings, **fields), format))


class Page(HTMLParser):
    """The elements of a page, its text, and what it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "srcset", "poster"):
                self.links.append(value)
            if name.startswith("on") or name == "style":
                self.handlers.append(name)

    def handle_data(self, data):
        self.words.append(data)


def test_the_summary_is_three_sentences():
    first, second, third = sentences(audit(finding()))
    assert first == "shop writes 5 different ports in 5 places of 2 files; 7 files were read."
    assert second == (
        "The registry, ports.yaml, has 2 services: "
        "1 place agrees with it, 2 places contradict it, 1 place has a port that it does not know."
    )
    assert third == "The check found 1 error; 1 file could not be checked."
    assert sentences(audit(*[finding()] * 4))[2].startswith("The check found 4 errors (all wrong-port); ")
    others = [finding(rule="PORT103")] * 2
    assert sentences(audit(*[finding()] * 4, *others))[2].startswith(
        "The check found 6 errors (most often wrong-port: 4)"
    )
    first, second, third = sentences(audit(registry=None, matches=()))
    assert first == "shop writes no port; 7 files were read."
    assert second.startswith("There is no registry")
    assert third == "The check found nothing wrong; 1 file could not be checked."


def test_service_table():
    elsewhere = match(5001, Verdict.UNKNOWN, environment="staging")
    table = service_table(audit(matches=(*MATCHES, elsewhere)))
    assert (table.environments, table.registered) == ((EVERYWHERE, "production"), 2)
    rows = {name: [(cell.registered, cell.others) for cell in cells] for name, cells in table.rows}
    assert rows == {"api": [("8000", ("8001",)), ("8100", ("8101",))], "web": [("3000", ()), ("", ())]}


def test_allocation():
    core, *others = allocation(audit())
    assert (core.name, core.used, core.reserved, core.free) == ("core", ((8000, "api"),), (PortRange(8050, 8059),), 89)
    assert [str(each.ports) for each in others] == ["3000-3999", "8000-8999"]
    high = (*MATCHES, match(45000, Verdict.UNKNOWN), match(65000, Verdict.UNKNOWN))
    found = [str(each.ports) for each in allocation(audit(registry=None, matches=high))]
    assert found == ["5000-5999", "8000-8999", "40000-49999", "60000-65535"]
    assert dict(allocation(audit(registry=None))[1].used) == {8000: "api", 8001: "api", 8101: "api"}


def test_port_map():
    found = port_map(audit(finding(rule="PORT201")))
    assert set(found.services) == {"api", "web"}
    assert set(found.files) == {"app.py", "prod.env"}
    states = {ports.start: state for ports, state in found.states.items()}
    assert states == {8000: KNOWN, 8001: CONFLICT, 8101: MISMATCH, 5000: UNKNOWN, 3000: KNOWN}
    assert found.by_service["api", PortRange(8101, 8101)] == MISMATCH


@pytest.mark.parametrize("number", [1, 10, 200])
def test_no_two_texts_of_the_map_overlap(number):
    entries = tuple(Entry(name=f"service-{at}", span=AT, default=1024 + 17 * at) for at in range(number))
    matches = tuple(match(each.default, Verdict.MATCH, each, path=f"app/{each.name}.py") for each in entries)
    whole = audit(registry=Registry(path="p", entries=entries), matches=matches)
    drawn = picture(whole, port_map(whole))
    assert len(drawn.services) == number
    for labels in (drawn.services, drawn.ports + drawn.blocks, drawn.files):
        heights = sorted(label.y for label in labels)
        assert all(after - before >= 13 for before, after in pairwise(heights))
        assert heights[0] > 0 and heights[-1] < drawn.height


def test_a_picture_folds_files_but_those_that_are_wrong():
    paths = [f"{folder}/f{at}.py" for folder in ("a/b", "a/c", "d") for at in range(4)] + ["top.py"]
    assert folded(paths, (), 20) == {path: path for path in paths}
    names = folded(paths, {"a/b/f0.py"}, 8)
    assert names["a/b/f0.py"] == "a/b/f0.py" and names["a/b/f1.py"] == "a/b/ (3 files)"
    assert names["a/c/f0.py"] == "a/c/ (4 files)" and names["d/f0.py"] == "d/f0.py"
    assert set(folded(paths, (), 1).values()) == {"a/ (8 files)", "d/ (4 files)", "top.py"}


def test_the_map_is_of_few_names_and_of_every_port():
    matches = tuple(match(8000 + at, Verdict.UNKNOWN, path=f"pkg/m{at % 9}/f{at}.py") for at in range(200))
    whole = audit(matches=(*matches, match(9, Verdict.MISMATCH, API, path="pkg/m1/wrong.py")))
    found = port_map(whole)
    assert "pkg/m1/wrong.py" in found.files and len(found.files) <= 45
    assert found.left_out == (0, 0, 0)
    assert {ports for ports, _ in found.by_file} == {each.literal.ports for each in whole.matches}


def test_the_legend_has_what_is_drawn():
    said = text("html").partition('<ul class="legend">')[2].partition("</ul>")[0]
    assert re.findall("</svg> (.*)", said) == [
        "as the registry has it",
        "another port than is meant",
        "a port that the registry does not know",
        "a port that contradicts the registry",
    ]
    said = text("html", registry=None, matches=MATCHES[3:]).partition('<ul class="legend">')[2].partition("</ul>")[0]
    assert re.findall("</svg> (.*)", said) == ["what the files say; there is no registry"]


def test_files_are_sorted_by_findings():
    first, second = writers(audit(finding("prod.env")))
    assert (first.path, first.findings, first.places, list(map(str, first.ports))) == ("prod.env", 1, 1, ["8101"])
    assert (second.path, second.places) == ("app.py", 4)


def test_rules_about_ports_come_first():
    found = audit(*[finding(rule="PORT901")] * 3, *[finding(rule="PORT103")] * 2, finding(rule="PORT201"))
    assert [code for code, _ in by_rule(found)] == ["PORT103", "PORT201", "PORT901"]


def test_what_agrees_is_left_out_first():
    kept, left_out = most_telling(MATCHES, 3)
    assert ([each.literal.port for each in kept], left_out) == ([8001, 8101, 5000], 2)
    assert most_telling(MATCHES, 5) == (list(MATCHES), 0)


def test_html_loads_nothing_and_names_its_style_and_script():
    whole = text("html", finding())
    page = Page(whole)
    assert all(link.startswith("#") for link in page.links)
    assert page.handlers == []
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', whole)[1]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (inner,) = re.findall(f"<{tag}>(.*?)</{tag}>", whole, re.DOTALL)
        assert f"{tag}-src 'sha256-{base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()}'" in policy
    assert "http://" not in whole and "https://" not in whole


def test_html_shows_what_there_is():
    said = "".join(
        Page(text("html", finding(help="use 8000"), unchecked=(Unchecked("x.bin", "not text", True),))).words
    )
    place = f"prod.env:2:{AT.column}"
    for words in ("The ports of shop", "8001 is not api's", "use 8000", place, "read in part: not text", "≠ 8101"):
        assert words in said


@pytest.mark.parametrize("format", AUDIT_FORMATS)
def test_nothing_in_a_repository_acts(format):
    literal = replace(MATCHES[0].literal, path=EVIL, name=EVIL, variable=EVIL, host=EVIL, subject=EVIL)
    entry = replace(API, name=EVIL)
    registry = replace(REGISTRY, path=EVIL, entries=(entry,), blocks=(Block(EVIL, PortRange(8000, 8099), EVIL, AT),))
    evil = match(8000, Verdict.MISMATCH, entry, environment=EVIL)
    whole = text(
        format,
        replace(finding(EVIL), message=EVIL, help=EVIL, entry=EVIL),
        name=EVIL, registry=registry, matches=(replace(evil, literal=literal),),
        unchecked=(Unchecked(EVIL, EVIL, False),),
    )  # fmt: skip
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\udce9]", whole.replace("\r\n", "\n"))
    whole.encode()
    if format == "html":
        page = Page(whole)
        assert (page.tags.count("script"), page.tags.count("b")) == (1, 0)
        assert "{{ 7*7 }}" in "".join(page.words)
        assert "<script>alert(1)</script>' or " in "".join(page.words)
    elif format == "markdown":
        assert "<b>" not in whole and "<script" not in whole
    elif format == "csv":
        assert len(list(csv.reader(io.StringIO(whole)))) == 2


def test_html_of_5000_places_is_below_a_megabyte():
    literals = [
        match(3000 + at % 5000, Verdict.UNKNOWN, path=f"services/component-{at % 400}/src/application/settings.py")
        for at in range(5000)
    ]
    findings = [finding(f"services/component-{at}/settings.py") for at in range(1000)]
    assert len(text("html", *findings, matches=tuple(literals)).encode()) < 1_000_000


def test_html_has_the_cards_of_its_rules_with_an_example():
    from portlint.knowledge import rule_metadata

    whole = audit(finding(rule="PORT202"))
    page = "".join(render_audit(replace(whole, report=replace(whole.report, card=rule_metadata.card)), "html"))
    example = next(each for each in rule_metadata.card("PORT202").examples if each.expect)
    said = "".join(Page(page).words)
    for words in (example.title, *example.files.values(), *example.after.values(), *example.expect):
        assert words in said
    assert "`" not in said.partition("Example: ")[0]


def test_html_where_there_is_nothing():
    said = "".join(Page(text("html", matches=(), registry=None)).words)
    assert "No file here writes a port" in said and "None: no rule has anything to say." in said
    assert not any(title in said for title in ("Port map", "Inventory", "Allocation", "Services"))


def test_every_link_of_the_page_leads_somewhere():
    for fields in ({}, {"matches": (), "registry": None}, {"unchecked": (Unchecked("x.bin", "not text", False),)}):
        whole = text("html", *([finding(), finding(rule="PORT103")] if fields else []), **fields)
        assert set(re.findall(r'href="#([^"]*)"', whole)) <= set(re.findall(r' id="([^"]*)"', whole))


def test_html_of_findings_alone():
    whole = "".join(render(audit(finding()).report, "html"))
    assert "8001 is not api's" in "".join(Page(whole).words)
    assert 'id="inventory"' not in whole


def test_markdown():
    whole = text("markdown", *[finding()] * 52, unchecked=(Unchecked("x.bin", "not text", False),))
    assert whole.startswith("# The ports of shop\n\nshop writes 5 different ports")
    assert "```mermaid\nflowchart LR\n" in whole
    assert "  s1 -.->|other port| p" in whole or "  s0 -.->|other port| p" in whole
    assert "| api | 8000 but also 8001 | 8100 but also 8101 |\n" in whole
    assert "- and 2 more\n" in whole
    assert "how to fix it</summary>\n\nw\n\nv\n\nm <x>\n\n</details>\n" in whole
    assert f"| 8001 | bind | api | mismatch | python | app.py:2:{AT.column} |\n" in whole
    assert "| x.bin | not text |\n" in whole


def test_json():
    whole = json.loads(text("json", finding(), unchecked=(Unchecked("x.bin", "not text", True),)))
    assert whole["schema_version"] == 1
    assert len(whole["sentences"]) == 3
    assert whole["services"][0] == {
        "name": "api",
        "environments": {
            EVERYWHERE: {"registered": "8000", "others": ["8001"]},
            "production": {"registered": "8100", "others": ["8101"]},
        },
    }
    assert [each["verdict"] for each in whole["ports"]] == ["match", "mismatch", "mismatch", "unknown", "foreign"]
    assert whole["ports"][1]["expected"] == "8000"
    assert whole["not_checked"] == [{"path": "x.bin", "reason": "not text", "partly": True}]
    assert whole["findings"][0]["code"] == "PORT104"


def test_csv():
    rows = list(csv.DictReader(io.StringIO(text("csv"))))
    assert [row["service"] for row in rows] == ["api", "api", "api", "", ""]
    assert (rows[2]["environment"], rows[2]["verdict"], rows[2]["path"]) == ("production", "mismatch", "prod.env")


def test_report_of_a_repository(root, portlint):
    fill(root, {"=evil<b>.py": "port = 8000\n"})
    code, page, err = portlint("report")
    assert code == 0
    assert page.startswith("<!DOCTYPE html>")
    assert "=evil&lt;b&gt;.py:1:8" in page
    assert "not checked; " in err
    for name, start in (("out.md", "# The ports of root"), ("out.json", "{"), ("out.csv", "path,"), ("out", "<!DOC")):
        assert portlint("report", "-q", "-o", name)[:2] == (0, "")
        assert (root / name).read_text().startswith(start)
    assert portlint("report", "--format", "markdown", "app")[1].startswith("# The ports of root")


def test_report_needs_no_sound_registry(root, portlint):
    fill(root, {"ports.yaml": "- of another kind\n"})
    assert "There is no registry (ports.yaml)" in portlint("report")[1]


def test_report_with_a_wrong_format(root, portlint):
    code, _, err = portlint("report", "--format", "htlm")
    assert code == 2
    assert 'there is no "htlm"; did you mean "html"?' in err
