"""Coverage-guided fuzzing of the scanners that stand on no library of others.

    python fuzz/coverage.py nginx -max_total_time=600

The first argument names the scanner; the others are libFuzzer's. Needs atheris (`pip install atheris`), which is no
dependency of the tests: it has wheels for few systems. The fixtures are the first inputs. An exception, a span that
is not that of its literal, or an input of 4 KB that takes longer than 10 seconds ends the run, and the input is kept
in the working directory.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

with atheris.instrument_imports(include=["portlint"]):
    from portlint.extract import formats
    from portlint.extract.scan.published import image_port, short, side
    from portlint.extract.scan.text import find, port_list
    from portlint.extract.scan.values import find_in_value

    formats()

from support.mutations import WORDS, read, seeds


def _within(text: str, start: int, end: int) -> None:
    assert 0 <= start < end <= len(text), (start, end)
    assert text[start].isdigit(), text[start:end]


def _port(data: bytes) -> None:
    """The short form of a compose file's `ports`, alone and in a file."""
    text = data.decode("latin-1")
    entry = short(text)
    for each in (entry.container, entry.published) if entry else ():
        for hit in each.hits if each else ():
            _within(text, hit.start, hit.end)
    side(text)
    image_port(text)
    read(("docker-compose.yml", b"services:\n  a:\n    ports:\n      - " + data + b"\n"))


def _url(data: bytes) -> None:
    """Ports in a text of any kind, with and without a key."""
    text = data.decode("latin-1")
    for hits in (find(text), find(text, address=True, whole=False), port_list(text), find_in_value("url", text)):
        for hit in hits:
            _within(text, hit.start, hit.end)
        assert [hit.start for hit in hits] == sorted(hit.start for hit in hits)


SCANNERS: dict[str, tuple[str, Callable[[bytes], object]]] = {
    "nginx": ("nginx", lambda data: read(("nginx.conf", data))),
    "env": ("dotenv", lambda data: read((".env", data))),
    "port": ("compose", _port),
    "url": ("json", _url),
    "shell": ("shell", lambda data: read(("run.sh", data))),
}
"""by name: the format whose fixtures are the first inputs, and what is done with an input"""


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in SCANNERS:
        sys.exit(f"usage: coverage.py {{{','.join(SCANNERS)}}} [OPTION OF libFuzzer ...]")
    format, work = SCANNERS[sys.argv.pop(1)]
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, (_, data) in enumerate(seeds(format)):
            pieces = data.splitlines() if work in (_port, _url) else [data]
            for line, piece in enumerate(pieces):
                (corpus / f"{number}-{line}").write_bytes(piece)
        words = Path(folder) / "words"
        shown = ("".join(f"\\x{byte:02x}" for byte in word) for word in WORDS)
        words.write_text("".join(f'"{word}"\n' for word in shown), "ascii")
        options = ["-max_len=4096", "-timeout=10", f"-dict={words}", "-print_final_stats=1", str(corpus)]
        atheris.Setup([sys.argv[0], *options, *sys.argv[1:]], work)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
