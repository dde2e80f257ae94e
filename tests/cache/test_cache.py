"""The cache: it changes how long a run takes, and nothing else."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import MsgspecError
from msgspec.structs import replace

import portlint
from portlint.cache import Cache, Row, cache_folder, row_of, version_of
from portlint.cache.codec import decode, decode_registry, encode
from portlint.cache.store import LARGEST
from portlint.errors import UserError
from portlint.extract import extract
from portlint.knowledge.rule_data import rules_folder
from portlint.model import Facts, Settings
from portlint.pipeline.request import Request
from portlint.pipeline.run import run
from portlint.registry import load_registry
from support.commandline import FILES, fill
from support.inventory import FOLDER, fixtures

OLD = time.time() - 3600
LITERAL = {"path": "a.py", "span": [1, 2, 3, 4], "port": 80, "text": "80", "role": "bind", "format": "x"}
VERSION = version_of(Path(portlint.__file__).parent, rules_folder(), ())


def age(root: Path) -> None:
    """Makes the files old enough for their times to be believed, as far as a program can: ctime stays."""
    for path in root.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            os.utime(path, (OLD, OLD))


@pytest.fixture
def believed(monkeypatch):
    """Times are believed at once, as if each file had lain there for long."""
    monkeypatch.setattr("portlint.cache.store.RACY", -(10**12))


@pytest.fixture
def look(root, tmp_path):
    """A run over the repository with a cache: how many files it knew, and all that the run says."""

    def look(caches: Path | None = tmp_path / "caches", **settings: object):
        outcome = run(Request(root=root, settings=Settings(**settings), caches=caches))
        return outcome.cached, (outcome.facts, outcome.resolution, outcome.result)

    return look


def stored(tmp_path: Path) -> Path:
    (file,) = (tmp_path / "caches").glob("*.rows")
    return file


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda path: "/".join(path.parts[-2:]))
def test_facts_survive_as_json(fixture):
    facts = extract("/".join(fixture.relative_to(FOLDER).parts[1:]), fixture.read_bytes())
    assert decode(facts.path, encode(facts)) == facts


@pytest.mark.parametrize(
    "row",
    [
        None, [], "python", {}, {"format": 1}, {"format": "python", "literals": {}}, {"format": None, "else": 1},
        {"format": "x", "literals": [LITERAL | {"span": [1, 2, 3]}]},
        {"format": "x", "literals": [LITERAL | {"port": "80"}]},
        {"format": "x", "literals": [LITERAL | {"role": "king"}]},
        {"format": "python", "suppressions": [{"span": [1, 2, 3, True], "first_line": 1}]},
        {"format": "python", "generated": 1}, {"format": None, "path": "/etc/passwd"},
    ],
)  # fmt: skip
def test_a_row_that_is_no_facts_is_refused(row):
    with pytest.raises((MsgspecError, ValueError)):
        decode("a.py", json.dumps({"path": "a.py"} | row if isinstance(row, dict) else row).encode())


def test_a_row_may_hold_a_literal():
    facts = decode("a.py", json.dumps({"path": "a.py", "format": "x", "literals": [LITERAL]}).encode())
    assert facts.literals[0].port == 80


def test_an_unchanged_repository_is_not_read(root, look, believed, monkeypatch):
    cached, first = look()
    assert cached == 0
    assert first == look(None)[1]
    monkeypatch.setattr("portlint.pipeline.extraction.Analysis.__call__", lambda *_: pytest.fail("read"))
    cached, second = look()
    assert cached == len(FILES)
    assert second == first


def test_files_of_this_moment_are_read_and_not_parsed(root, look, monkeypatch):
    _, first = look()
    monkeypatch.setattr("portlint.pipeline.extraction.facts_of", lambda *_: pytest.fail("parsed"))
    cached, second = look()
    assert cached == len(FILES)
    assert second == first


REGISTRY = "# ours\nports:\n  web: {default: 8001, env_var: WEB_PORT, range: 8001-8009, environments: {prod: 8003}}\n"
REGISTRY += "reserved: [{port: 3000, service: grafana}]\nranges: {apps: {ports: 8000-8099, description: ours}}\n"
REGISTRY += "environments: {prod: ['deploy/**']}\n"


def test_a_registry_that_was_read_before_is_not_parsed(root, look, believed, monkeypatch):
    place = root / "ports.yaml"
    place.write_text(REGISTRY)
    _, first = look()
    assert first == look(None)[1]
    loaded, load = [], portlint.registry.load_registry
    monkeypatch.setattr("portlint.registry.load_registry", lambda *given: (loaded.append(given), load(*given))[1])
    assert look()[1] == first
    assert loaded == []
    place.write_text(REGISTRY.replace("8001", "8002"))
    assert look()[1] == look(None)[1] != first
    assert look()[1] == look(None)[1]
    assert len(loaded) == 1 + 2


def test_a_registry_with_a_mistake_is_told_each_time(root, look, believed):
    (root / "ports.yaml").write_text(REGISTRY)
    look()
    (root / "ports.yaml").write_text(REGISTRY.replace("default: 8001", "default: none"))
    for _ in range(2):
        with pytest.raises(UserError, match=r"ports\.yaml:3"):
            look()


def test_a_registry_survives_as_json():
    registry, errors = load_registry("ports.yaml", REGISTRY.encode())
    assert not errors
    assert decode_registry(encode(registry)) == registry


@pytest.mark.parametrize("named", [(), ("app/main.py",)], ids=["all", "named"])
def test_a_statement_that_was_read_before_is_not_parsed(named, root, look, tmp_path, monkeypatch):
    look()
    place = root / "app/main.py"
    place.write_text("# one line more\n" + place.read_text() + "TIMEOUT = 30\n")
    request = Request(root=root, named=tuple(str(root / name) for name in named))
    whole = run(request)
    monkeypatch.setattr("portlint.extract.python.parse.visit", lambda *_: pytest.fail("parsed"))
    again = run(replace(request, caches=tmp_path / "caches"))
    assert set(again.facts) <= set(whole.facts)
    assert again.result == whole.result
    assert run(request).result != whole.result


def test_what_an_extractor_remembers_is_kept_beside_the_facts(root, tmp_path):
    facts = {path: Facts(path=path, format="python") for path in ("app/main.py", "app/ok.py")}
    caches = tmp_path / "caches"
    cache = Cache(caches, root, VERSION)
    memories = {"app/main.py": b"\0what only \xff the extractor reads", "app/ok.py": b""}
    for path, memory in memories.items():
        row = row_of(facts[path], "digest", (), memory)
        assert isinstance(row, Row)
        cache.keep(path, row)
    cache.save()
    for each in (cache, Cache(caches, root, VERSION)):
        known = each.look(sorted(facts))
        assert {path: known[path].memory for path in facts} == memories
        assert known["app/main.py"].facts("app/main.py") == facts["app/main.py"]
        assert known["app/ok.py"].facts("app/ok.py") is None
        assert {path: each.facts(path) for path in facts} == facts


def test_a_change_that_keeps_size_and_mtime_is_seen(root, look, believed):
    age(root)
    look()
    (root / "app/main.py").write_bytes((root / "app/main.py").read_bytes().replace(b"8001", b"8009"))
    age(root)
    cached, seen = look()
    assert cached == len(FILES) - 1
    assert seen == look(None)[1]


def test_a_file_that_appears_goes_or_becomes_a_link_is_seen(root, look, believed, tmp_path):
    look()
    (root / "app/ok.py").unlink()
    (root / "app/new.py").write_text("PORT = 8123\n")
    (root / "app").rename(tmp_path / "elsewhere")
    (root / "app").symlink_to(tmp_path / "elsewhere")
    assert look()[1] == look(None)[1]


def test_a_small_change_is_added_behind_the_rest(root, look, believed, monkeypatch, tmp_path):
    monkeypatch.setattr("portlint.cache.store.MOST_PARTS", 3)
    look()
    seen = [stored(tmp_path).read_bytes()]
    for number in range(4):
        (root / "app/main.py").write_text(f"API_PORT = {8100 + number}\n")
        assert look()[1] == look(None)[1]
        seen.append(stored(tmp_path).read_bytes())
    assert [now.startswith(before) for before, now in pairwise(seen)] == [True, True, False, True]
    assert look() == (len(FILES), look(None)[1])


def test_another_limit_and_another_selection(root, look, believed):
    (root / "large.py").write_text("PORT = 8123\n" * 20)
    look()
    assert look(max_file_size=200)[1] == look(None, max_file_size=200)[1]
    assert look(exclude=("app/ok.py",))[1] == look(None, exclude=("app/ok.py",))[1]
    assert look()[0] == len(FILES) + 1, "what was excluded once is still known"


DAMAGES = {
    "empty": lambda data: b"",
    "cut short": lambda data: data[: len(data) * 2 // 3],
    "one bit": lambda data: data[:50] + bytes([data[50] ^ 1]) + data[51:],
    "every other byte": lambda data: bytes(b ^ (i & 1) for i, b in enumerate(data)),
    "noise": lambda data: random.Random(5).randbytes(5000),
    "lines swapped": lambda data: b"\n".join(reversed(data.split(b"\n"))),
    "lines twice": lambda data: data + b"\n" + data,
    "ports changed": lambda data: data.replace(b"8001", b"8000"),
    "a pickle": lambda data: b"cos\nsystem\n(S'exit 1'\ntR.",
    "deep": lambda data: b"00000000 " + b"[" * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_costs_time_only(damage, root, look, believed, tmp_path):
    _, first = look()
    file = stored(tmp_path)
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert look()[1] == first
    assert look() == (len(FILES), first), "and is mended"


@pytest.mark.parametrize("hostile", ["link", "folder", "fifo", "not ours to write"])
def test_what_lies_in_its_place_is_not_trusted(hostile, root, look, believed, tmp_path):
    _, first = look()
    file = stored(tmp_path)
    if hostile == "not ours to write":
        (tmp_path / "file").write_text("")
        assert look(tmp_path / "file" / "caches")[1] == first
        return
    good = tmp_path / "good"
    file.rename(good)
    {"link": lambda: file.symlink_to(good), "folder": file.mkdir, "fifo": lambda: os.mkfifo(file)}[hostile]()
    cached, seen = look()
    assert (cached, seen) == (0, first)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**63))
def test_no_damage_brings_in_what_was_not_there(root, believed, seed):
    """Bits flipped, pieces cut, moved, doubled and swapped for noise: what is still known is as it was."""
    chance, caches, files = random.Random(seed), root.parent / "kept", sorted(FILES)
    if not caches.exists():
        run(Request(root=root, caches=caches))
    (file,) = caches.glob("*.rows")
    whole = file.read_bytes()
    known = recalled(caches, root)
    assert known.keys() == set(files)
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 2, 20))):
        at, size = chance.randrange(len(data) + 1), chance.choice((1, 1, 8, 200))
        piece = bytes(data[at : at + size])
        match chance.randrange(5):
            case 0 if piece:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = piece
            case 3:
                data[at : at + size] = chance.randbytes(size)
            case _:
                del data[at:]
    damaged = root.parent / "damaged"
    damaged.mkdir(exist_ok=True)
    (damaged / file.name).write_bytes(data)
    assert recalled(damaged, root).items() <= known.items()


def recalled(caches: Path, root: Path) -> dict[str, Facts]:
    """What a cache gives for files that have not changed."""
    cache = Cache(caches, root, VERSION)
    found = ((path, cache.facts(path)) for path in cache.recall(sorted(FILES), 10**6, {}))
    return {path: facts for path, facts in found if facts is not None}


@pytest.mark.parametrize(
    "entry",
    [
        ["app/ok.py", None, "", [], -100, 0, 0], ["app/ok.py", None, "", [[]], 0, 0, 0],
        ["app/ok.py", None, "", 7, 0, 0, 0], ["app/ok.py", None, "", [], "1", 0, 0],
        [["app/ok.py"], None, "", [], 0, 0, 0], ["app/ok.py", None, "", [], 0, 0, -1],
        ["app/ok.py", None, "", [], 0, 0, 1], ["app/ok.py", None], 5, None,
    ],
)  # fmt: skip
def test_a_planted_head_costs_time_only(entry, root, look, believed, tmp_path):
    _, first = look()
    file, seed = stored(tmp_path), zlib.crc32(f"{VERSION}\0{root}".encode())
    head = json.dumps([entry]).encode().ljust(90)
    planted = b"%08x %s\n" % (zlib.crc32(head, seed), head)
    named = Request(root=root, named=(str(root / "app/main.py"),), caches=tmp_path / "caches")
    for request in (named, replace(named, named=())):
        file.write_bytes(planted)
        assert set(run(request).result.findings) <= set(first[2].findings)
    assert look()[1] == first


def test_another_repositorys_rows_are_unknown(root, look, believed, tmp_path):
    _, first = look()
    file = stored(tmp_path)
    other = tmp_path / "other"
    shutil.copytree(root, other)
    fill(other, {"app/main.py": "PORT = 1\n"})
    run(Request(root=other, caches=tmp_path / "others"))
    (theirs,) = (tmp_path / "others").glob("*.rows")
    file.write_bytes(theirs.read_bytes())
    assert look() == (0, first)


def test_planted_rows_are_unknown(root, look, believed, tmp_path):
    _, first = look()
    file = stored(tmp_path)
    rows = file.read_bytes().split(b"\n")
    file.write_bytes(b"\n".join(row.replace(b'"port":8001', b'"port":8002') for row in rows))
    assert look()[1] == first
    body = b'["app/main.py",null,"",{"format":null}]'
    for checksum in (zlib.crc32(body), 0):
        file.write_bytes(b"%08x %s" % (checksum, body))
        assert look() == (0, first)


def test_a_huge_cache_is_not_read(root, look, believed, tmp_path):
    _, first = look()
    with stored(tmp_path).open("r+b") as file:
        file.truncate(LARGEST + 1)
    assert look() == (0, first)
    assert look() == (len(FILES), first)


def test_another_version_knows_nothing(root, look, believed, monkeypatch):
    _, first = look()
    monkeypatch.setattr("portlint.pipeline.extraction.version_of", lambda *_: "another")
    assert look() == (0, first)


def test_the_version_tells_rules_and_sources(tmp_path):
    package, rules = tmp_path / "package", tmp_path / "rules"
    for folder in (package, rules):
        folder.mkdir()
        (folder / "a.txt").write_text("one")
    seen = {version_of(package, rules, ()), version_of(package, rules, (("mine.yaml", b"1"),))}
    seen.add(version_of(package, rules, (("mine.yaml", b"2"),)))
    for folder in (package, rules):
        (folder / "a.txt").write_text("other")
        seen.add(version_of(package, rules, ()))
    assert len(seen) == 5
    assert version_of(package, rules, ()) in seen


def test_it_is_bounded(root, look, believed, monkeypatch, tmp_path):
    monkeypatch.setattr("portlint.cache.store.LARGEST", 400)
    _, first = look()
    assert 0 < stored(tmp_path).stat().st_size <= 400
    assert look()[1] == first


def test_it_never_lies_in_the_tree(root, look):
    look(root / "cache")
    assert not (root / "cache").exists()


def test_it_holds_no_value_of_an_env_file(root, look, tmp_path):
    look()
    assert b"hunter2" not in stored(tmp_path).read_bytes()
    assert stored(tmp_path).stat().st_mode & 0o077 == 0


def test_old_caches_are_thrown_away(root, look, tmp_path):
    (tmp_path / "caches").mkdir()
    for name in ("gone.rows", "gone.rows.123"):
        (tmp_path / "caches" / name).write_text("")
        os.utime(tmp_path / "caches" / name, (1, 1))
    look()
    assert [file.name for file in (tmp_path / "caches").iterdir()] == [stored(tmp_path).name]


def test_several_processes_at_once(root, tmp_path):
    command = [sys.executable, "-m", "portlint", "ports", "--format", "jsonl", "--jobs", "1"]
    runs = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    said = {each.communicate()[0] for each in runs}
    assert len(said) == 1
    again = subprocess.run(command, cwd=root, capture_output=True, check=True)
    assert {again.stdout} == said


@pytest.mark.parametrize(
    ("environment", "asked", "there"),
    [
        ({"HOME": "/home/u"}, None, True), ({"HOME": "/home/u", "CI": "true"}, None, False),
        ({"HOME": "/home/u", "CI": "1"}, True, True), ({"HOME": "/home/u", "CI": "false"}, None, True),
        ({"HOME": "/home/u"}, False, False), ({}, None, False), ({"HOME": "relative"}, None, False),
        ({"XDG_CACHE_HOME": "relative"}, True, False), ({"XDG_CACHE_HOME": "/c"}, None, True),
    ],
)  # fmt: skip
def test_whether_there_is_one(environment, asked, there, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert (cache_folder(environment, asked) is not None) == there


@pytest.mark.parametrize(
    ("flags", "environment", "there"),
    [((), {}, True), (("--no-cache",), {}, False), ((), {"CI": "true"}, False), (("--cache",), {"CI": "true"}, True)],
)
def test_the_flags(flags, environment, there, portlint, root, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert portlint("ports", *flags)[0] == 0
    assert Path(os.environ["XDG_CACHE_HOME"], "portlint").exists() == there


@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_findings_do_not_depend_on_jobs_or_cache(jobs, root, look, believed):
    fill(root, {f"many/{n}.py": f'PORT = {8000 + n}\nURL = "http://localhost:{9000 + n}"\n' for n in range(60)})
    expected = look(None, jobs=1)[1]
    assert look(None, jobs=jobs)[1] == expected
    assert look(jobs=jobs)[1] == expected
    assert look(jobs=jobs)[1] == expected


def test_findings_do_not_depend_on_the_order_of_files(root, look, monkeypatch):
    from portlint.pipeline import run as module

    expected = look(None)[1]
    walked = module.walked

    def shuffled(request: Request):
        found = walked(request)
        return replace(found, files=tuple(random.Random(7).sample(found.files, len(found.files))))

    monkeypatch.setattr(module, "walked", shuffled)
    assert look(None)[1] == expected
