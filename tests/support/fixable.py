"""Random files that fixes apply to, and what must be true of the fixes of any file."""

from __future__ import annotations

import ast
import io
import logging
import os
import subprocess
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from unittest import mock

import dotenv
import yaml

from portlint import fix
from portlint.actions import apply_fixes
from portlint.model import Edit, Settings
from portlint.pipeline.request import Request
from portlint.pipeline.run import run
from support.commandline import fill
from support.mutations import formats, made, mutated

REGISTRY = """\
ports:
  api: {default: 8000, env_var: API_PORT, range: [8000, 8009], environments: {production: 9000}, description: é}
  redis: {default: 6379, env_var: REDIS_PORT}
  web: {default: 3000, env_var: WEB_PORT, container_port: 80}  # portlint: ignore[PORT101]
"""
KEPT = {
    "ports.yaml": REGISTRY,
    "portlint.toml": 'baseline = "base.json"  # portlint: ignore[PORT101]\n',
    "base.json": '{"version": 1, "entries": []}',
}
"""the registry, the settings and the baseline"""

_NUMBERS = ("8000", "8000", "8001", "6379", "6380", "3000", "9000", "80", "22", "443", "7777")
_LINES: dict[str, tuple[str, ...]] = {
    "app.py": (
        "import os", "import sys", "import abc; x = 1", "from os import path", "from __future__ import annotations", "",
        '"""Text http://localhost:§/"""', "api_port = §", "API_PORT: int = §", "def f(port=§): return port",
        "    api_port = §", "class C:\n    redis_port: int = §\n    pair = (§, §)", "api_port = 1; web_port = §  # é",
        "API_URL = 'http://localhost:§/é'", 'API_URL = f"http://{1}:§/{x!r:>5}"',
        'API_URL = r"""http://localhost:§\n"""',
        "API_URL = ('http://localhost:§/'\n    f'{x}' \"redis://redis:§\")", "app.run(host='x', port=§)",
        "API_PORT = int(os.getenv('API_PORT', '§'))", "REDIS = os.environ.get('REDIS_PORT', §)", "os = 3", "int = 4",
        "port = §  # portlint: ignore[PORT101] -- kept", "x = 1  # portlint: ignore[PORT103]",
        "@d(port=§)\ndef g(): ...",
        "redis.Redis(host='r', port=§, db=§)", "match api_port:\n    case §: pass", "if port == §:\n\tport = §",
        "# http://localhost:§", "API_URL = '%s:§' % x", "API_URL = 'http://localhost:§/{}'.format(1)", "api_port = '§'",
    ),
    "run.sh": (
        "#!/bin/sh", "", "curl http://localhost:§/", "curl \"http://localhost:§/$1\"", "curl 'http://localhost:§/'",
        "API_PORT=§", "export API_PORT=${API_PORT:-§}", "uvicorn app --port §  # é", "nc -z redis §",
        "for p in § §; do",
        "done", "cat <<E\nhttp://localhost:§\nE", "cat <<'E'\nhttp://localhost:§\nE", "x=$(curl localhost:§)",
        "echo `curl localhost:§`", "redis-cli -p § \\\n  ping", "if [ -n \"$1\" ]; then", "fi",
        "docker run -p §:80 web",
        "true  # portlint: ignore[PORT101]", "case $1 in §) ;; esac", "x=\"$(curl 'http://localhost:§/')\"",
    ),
    "web.ts": (
        "app.listen(§);", "const port = process.env.API_PORT || §;", 'const apiUrl = "http://localhost:§/";',
        "// é §", "",
        "export default { server: { port: §, host: true } };", "const x = `http://localhost:§/${y}`;",
        "const redisPort: number = §; /* portlint: ignore[PORT101] */", "function f(port = §) { return port }",
    ),
    ".env.example": (
        "API_PORT=§", "export REDIS_PORT='§' # é", "# WEB_PORT=§", "", "API_URL=http://localhost:§/", "DB=\"x\ny\"",
        "A",
        "WEB_PORT = \"§\"", "BACKEND_PORT=§", "BACKEND_URL=http://localhost:§", "SECRET=a#b",
    ),
    ".env.production": ("API_PORT=§", "REDIS_PORT=§", "API_URL=http://api:§/x", "# é", "", "WEB_PORT='§'"),
}  # fmt: skip
_SERVICES = (
    "  api:\n    image: shop/api  # é\n    ports: [§:8000, \"§:8000\"]\n    environment: {REDIS_URL: 'redis://redis:§/0'}",
    "  redis:\n    image: redis:7\n    ports:\n      - §:6379\n      - '127.0.0.1:§:6379'\n      - 22:22",
    "  web:\n    image: shop/web\n    ports:\n      - target: 80\n        published: §\n      - ${WEB_PORT:-§}:80\n"
    "    labels:\n      - traefik.http.services.web.loadbalancer.server.port=§",
    "  job:\n    build: .\n    command: [\"serve\", \"--port\", \"§\"]\n    environment:\n      - API_URL=http://api:§/é\n"
    "      - API_PORT=§  # portlint: ignore[PORT401]",
    "  x:\n    image: &i shop/x\n    ports: [\n      §:80, §-§:80-81\n    ]\n    healthcheck: {test: curl localhost:§}",
)  # fmt: skip
FORMATS = (*_LINES, "compose.yaml", "fixture")
Step = tuple[bytes, list[Edit], bytes]


def random_file(random: Random) -> tuple[str, bytes]:
    """Path and content of a file, in one of the formats that have fixes, or a changed fixture of any format."""
    name = random.choice(FORMATS)
    if name == "fixture":
        path, data = made(random.choice(formats()), random.randrange(2**40))
        return path, data
    if name == "compose.yaml":
        text = "services:\n" + "\n".join(random.sample(_SERVICES, random.randrange(1, 5)))
    else:
        text = "\n".join(random.choices(_LINES[name], k=random.randrange(1, 12)))
    while "§" in text:
        text = text.replace("§", random.choice(_NUMBERS), 1)
    text += random.choice(("\n", "\n", "\n", "", "\n\n", "\n   "))
    ending = random.choice(("\n", "\n", "\r\n", None))
    lines = text.split("\n")
    text = "".join(f"{line}{ending or random.choice(chr(10) + chr(13))}" for line in lines[:-1]) + lines[-1]
    if ending is None:
        text = text.replace("\r", "\r\n")
    data = text.encode(random.choice(("utf-8",) * 19 + ("utf-16",)))
    if random.random() < 0.2 and not data.startswith(b"\xff"):
        data = BOM_UTF8 + data
    if random.random() < 0.3:
        data = mutated((name, data), [(name, data)], random)[1]
    return name, data


def random_tree(root: Path, random: Random, files: int) -> None:
    """Fills a folder with random files, each in a folder of its own, and with what fixes must leave alone."""
    subprocess.run(["git", "init", "-q", root], check=True)
    fill(root, KEPT)
    for number in range(files):
        name, data = random_file(random)
        place = root / f"d{number}" / name
        fill(root, {f"d{number}/{name}": data})
        if random.random() < 0.03:
            os.link(place, place.with_name("linked"))
        elif random.random() < 0.03:
            place.rename(root.parent / f"{root.name}-{number}")
            place.symlink_to(root.parent / f"{root.name}-{number}")
        else:
            place.chmod(random.choice((0o644, 0o644, 0o755, 0o600, 0o444)))


@dataclass
class Tally:
    """What came of the fixes of some trees."""

    files: int = 0
    changed: int = 0
    edits: int = 0
    fixed: int = 0
    refused: int = 0
    left: int = 0
    faults: list[str] = field(default_factory=list)


class _InThisProcess:
    """Plans in this process, where what is spliced can be seen."""

    def __init__(self, work, items, *_, **__) -> None:
        self.work, self.items = work, items

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        return None

    def results(self):
        return [self.work(item) for item in self.items]


def fix_tree(root: Path, tally: Tally, *, unsafe: bool) -> None:
    """Fixes a tree, and adds to the tally what came of it and what is wrong with it."""
    request = Request(root=root, settings=Settings(baseline="base.json", jobs=1))
    before = _contents(root)
    seen: dict[bytes, dict[bytes, list[Edit]]] = {}
    real = fix.spliced

    def spliced(data, edits):
        kept = list(edits)
        after = real(data, kept)
        seen.setdefault(data, {})[after] = kept
        return after

    outcome = run(request)
    with mock.patch.object(apply_fixes, "Supervisor", _InThisProcess), mock.patch.object(fix, "spliced", spliced):
        planned = apply_fixes.repair(request, outcome, unsafe=unsafe, untouchable=frozenset(KEPT))
    written, left = apply_fixes.write(root, planned)
    after = _contents(root)
    tally.files += len(outcome.facts)
    tally.changed += len(written)
    tally.left += len(left)
    tally.refused += sum(len(plan.refused) for plan in planned.plans)
    tally.fixed += sum(len(plan.applied) for plan in written)
    expected = dict(before)
    for plan in written:
        for data, edits, result in _steps(seen, plan.before, plan.after):
            tally.edits += len(edits)
            tally.faults += (f"{root}/{plan.path}: {fault}" for fault in _faults(plan.path, data, edits, result))
        expected[plan.path] = (plan.after, before[plan.path][1])
    tally.faults += (
        f"{root}/{path}: is not what was planned" for path in expected if after.get(path) != expected[path]
    )
    tally.faults += (f"{root}/{path}: was left behind" for path in after if path not in expected)
    again = run(request)
    with mock.patch.object(apply_fixes, "Supervisor", _InThisProcess):
        second = apply_fixes.repair(request, again, unsafe=unsafe, untouchable=frozenset(KEPT))
    changed = {plan.path for plan in second.changes} & {plan.path for plan in written}
    tally.faults += (f"{root}/{path}: a second run changes it" for path in changed)
    tally.faults += (f"{root}/{path}: {rule} is still there" for path, rule in _remaining(outcome, again, written))


def _steps(seen: dict[bytes, dict[bytes, list[Edit]]], first: bytes, last: bytes) -> list[Step]:
    """How the one text became the other: each text, its edits and what came of them."""
    ways: list[tuple[bytes, list[Step]]] = [(first, [])]
    while ways:
        data, steps = ways.pop(0)
        for after, edits in seen.get(data, {}).items():
            if edits and after == last:
                return [*steps, (data, edits, after)]
            if edits and len(steps) < apply_fixes.ROUNDS:
                ways.append((after, [*steps, (data, edits, after)]))
    raise AssertionError("no edits lead to the result")


def _contents(root: Path) -> dict[str, tuple[bytes, int]]:
    """Each file's content and mode; of a link, where it goes to and what is there."""
    out: dict[str, tuple[bytes, int]] = {}
    for place in sorted(root.rglob("*")):
        if ".git" in place.relative_to(root).parts or (place.is_dir() and not place.is_symlink()):
            continue
        status = place.lstat()
        out[place.relative_to(root).as_posix()] = (place.read_bytes(), status.st_mode)
    return out


def _faults(path: str, data: bytes, edits: list[Edit], after: bytes) -> Iterator[str]:
    rest, position = after, 0
    for edit in sorted(edits, key=lambda each: (each.span.start, each.span.end)):
        if data[edit.span.start : edit.span.end] != edit.old:
            yield "an edit replaces what is not there"
        if edit.span.start < position:
            yield "edits overlap"
        between = data[position : edit.span.start] + edit.new
        if not rest.startswith(between):
            yield "bytes outside of the edits are changed"
        rest, position = rest[len(between) :], edit.span.end
        if len(edit.new) > 400 or ((b"\n" in edit.old or len(edit.old) > 200) and b"portlint:" not in edit.old):
            yield f"an edit is larger than its place: {edit}"
        if b"\n" in edit.new and (b"\r\n" in data) != (b"\r\n" in edit.new):
            yield f"an edit brings line ends of its own: {edit}"
    if rest != data[position:]:
        yield "bytes behind the edits are changed"
    if after.startswith(BOM_UTF8) != data.startswith(BOM_UTF8):
        yield "the byte order mark is changed"
    if after and data.endswith(b"\n") != after.endswith(b"\n"):
        yield "the last line end is changed"
    if parses(path, data) and not parses(path, after):
        yield "it does not parse any more"


def parses(path: str, data: bytes) -> bool:
    """Whether a reader that is not portlint's takes a file."""
    try:
        if path.endswith(".py"):
            ast.parse(data)
        elif path.endswith((".yaml", ".yml")):
            list(yaml.parse(data.decode()))
        elif path.endswith(".sh"):
            return subprocess.run(["sh", "-n"], input=data, capture_output=True, timeout=30).returncode == 0
        elif ".env" in path.rpartition("/")[2]:
            logger = logging.getLogger("dotenv.main")
            with mock.patch.object(logger, "warning") as warning:
                dotenv.dotenv_values(stream=io.StringIO(data.decode()), interpolate=False)
            return not warning.called
    except (SyntaxError, ValueError, yaml.YAMLError):
        return False
    return True


def _remaining(before, after, written) -> Iterator[tuple[str, str]]:
    """Path and rule of what was fixed and is found as often as before."""
    counts = [Counter((each.path, each.rule) for each in outcome.result.findings) for outcome in (before, after)]
    for plan in written:
        for rule, number in Counter(each.rule for each in plan.applied).items():
            if counts[1][plan.path, rule] > max(0, counts[0][plan.path, rule] - number):
                yield plan.path, rule
