"""The extract stage: one file's bytes to its facts. The only stage that parses.

`extract` is a pure function of a file's path and bytes, so it may run in another process and its result may be cached.
Formats are modules of this folder that export one `Format` object each; `knowledge.formats` has a row for each of them,
in the order in which they are asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module

from msgspec.structs import replace

from portlint.algorithms.lazy_regex import regex
from portlint.extract.compose_invocations import compose_runs
from portlint.extract.format import Extracted, Format
from portlint.extract.limits import MOST_PORTS, TooManyPortsError, readable
from portlint.extract.suppressions import suppressions
from portlint.generate.stamps import stamp_of
from portlint.knowledge.formats import FORMATS, SERVICES
from portlint.model import NOWHERE, Facts, Problem, Source

_NEVER = regex(
    r"(?:\.(?=[^./]{1,11}$|min\.)(?:png|jpe?g|gif|ico|webp|svg|bmp|tiff?|woff2?|ttf|otf|eot|mp[34]|wav|ogg|avi|mov|mkv|webm|pdf|zip|t?gz|bz2|xz"
    r"|7z|rar|jar|war|class|so|dylib|dll|exe|o|a|obj|pyc|pyd|whl|bin|dat|db|sqlite3?|npy|npz|pt|pth|onnx|safetensors"
    r"|parquet|pkl|h5|pickle|csv|tsv|lock|map|min\.js|min\.css|css|scss|less|po|mo|pot|snap|sum|diff|patch|pem|crt|key"
    r"|fits|ipynb|rst|txt|html?|xml|log)"
    r"|(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|composer\.lock|LICENSE|COPYING))$",
    re.IGNORECASE,
)
"""files that no format of portlint's reads: not even their content is asked"""

_GENERATED = regex(
    rb"@generated|DO NOT EDIT|(?:auto-?generated|generated (?:by|from|automatically|code|file))", re.IGNORECASE
)
_MARK = b"\xef\xbb\xbf"
"""the byte order mark, with which editors and tools on Windows begin any text"""
_HEADER = 1024
"""bytes at the top of a file in which a note that it is generated counts"""


_YAML = regex(rb"(?<![\w./-])[\w./-]{1,200}\.ya?ml(?!\w)")
_NOTE = 300
"""bytes of such a note, which may go on in the next lines"""


def formats() -> tuple[Format, ...]:
    """All formats, in the order in which they are asked. Imports those that are not imported yet."""
    return tuple(map(by_name, FORMATS))


@cache
def by_name(name: str) -> Format:
    """The format of that name, for text of one format embedded in another. Raises ImportError."""
    found: Format = import_module(f"portlint.extract.{name}").FORMAT
    return found


def _asked(path: str, data: bytes = b"") -> Iterator[Format]:
    """The formats that may know a file, in the order in which they are asked; each is imported when it is its turn."""
    low, is_script = path.lower(), data.startswith(b"#!")
    for row in FORMATS.values():
        pieces = row.path_pieces if path.isascii() else None
        if pieces is None or (is_script and row.shebang) or any(piece in low for piece in pieces):
            yield by_name(row.name)


def recognised_by_name(path: str) -> bool | None:
    """True: a format knows the name. False: no format reads such files. None: the content decides."""
    if any(f.named(path) for f in _asked(path)):
        return True
    return False if _NEVER.search(path) else None


def describes_services(path: str) -> bool:
    """Whether the name says that a file tells what services run: a compose file, a proxy's settings, a Dockerfile."""
    return any(by_name(name).named(path) for name in FORMATS if name in SERVICES)


def recognise(path: str, data: bytes) -> Format | None:
    """The format of a file, by its name and, where the name does not tell, by its content."""
    for candidate in _asked(path):
        if candidate.named(path):
            return _special(candidate, path, data)
    if _NEVER.search(path):
        return None
    return next((f for f in _asked(path, data) if f.content is not None and f.content(path, data)), None)


def _special(named: Format, path: str, data: bytes) -> Format:
    """A more special format that knows the content: a compose file in `stack.yml`, nginx in `site.conf`."""
    for candidate in _asked(path, data):
        if candidate is named:
            return named
        if candidate.content is not None and candidate.content(path, data):
            return candidate
    return named


def extract(path: str, data: bytes, extra_rules: tuple[tuple[str, bytes], ...] = ()) -> Facts:
    """What the file says. path: relative to the root, forward slashes. data: UTF-8.

    extra_rules: name and bytes of the user's own files of the shape of `rules/python/*.yaml`.
    Never raises for what a file holds; facts without a format mean that portlint does not read such files.
    """
    return extract_again(path, data, extra_rules, None).facts


def extract_again(
    path: str, data: bytes, extra_rules: tuple[tuple[str, bytes], ...], before: Extracted | None
) -> Extracted:
    """The same as `extract`, with what spares work the next time.

    before: what came of an earlier state of the file with the same shipped rules; it spares work, and changes nothing.
    """
    found = recognise(path, data)
    if found is None:
        return Extracted(Facts(path=path, format=None))
    if found.use_rules is not None:
        found.use_rules(extra_rules)
    shown = readable(data, found.by_line, found.most_bytes)
    source = Source.of(path, shown.data)
    if not found.reads_mark and shown.data.startswith(_MARK):
        source = replace(source, data=b" " * len(_MARK) + shown.data[len(_MARK) :])
    try:
        done = Extracted(found.extract(source)) if found.extract_again is None else found.extract_again(source, before)
        _check_size(done.facts)
    except TooManyPortsError as error:
        done = Extracted(Facts(path=path, format=found.name, problems=(Problem(NOWHERE, str(error)),)))
    facts = done.facts
    left_out = tuple(Problem(source.span(at, at), reason) for at, reason in shown.left_out)
    header = _GENERATED.search(data, 0, _HEADER) if _is_marked(data[:_HEADER].lower()) else None
    silenced = tuple(suppressions(source, FORMATS[found.name].comment_signs, found.comments))
    runs, stamp = compose_runs(shown.data), stamp_of(source)
    if not (left_out or silenced or runs or stamp or header):
        return done
    facts = replace(
        facts,
        problems=(*facts.problems, *left_out),
        suppressions=(*facts.suppressions, *silenced),
        compose_runs=runs,
        generated=facts.generated or header is not None,
        generated_from=_named_in(data, header.start()) if header is not None else (),
        stamp=stamp,
    )
    return Extracted(facts, done.memory)


def _is_marked(head: bytes) -> bool:
    """Whether the top of a file, in lower case, may hold the note: two words are found quicker than the pattern."""
    return b"generated" in head or b"do not edit" in head


def _named_in(data: bytes, start: int) -> tuple[str, ...]:
    """The YAML files that the note about a generated file names."""
    found = _YAML.findall(data, data.rfind(b"\n", 0, start) + 1, start + _NOTE)
    return tuple(dict.fromkeys(name.decode("ascii").removeprefix("./") for name in found))


def _check_size(facts: Facts) -> None:
    """Raises TooManyPortsError where what a file says could fill the memory of the run."""
    kinds = (facts.literals, facts.candidates, facts.references, facts.services, facts.variables, facts.problems)
    if sum(map(len, kinds)) > 2 * MOST_PORTS:
        raise TooManyPortsError


def merged(facts: Facts, parts: Iterable[Facts]) -> Facts:
    """The facts of a file with those of the pieces of other formats embedded in it; they keep their spans."""
    for part in parts:
        facts = replace(
            facts,
            literals=(*facts.literals, *part.literals),
            candidates=(*facts.candidates, *part.candidates),
            references=(*facts.references, *part.references),
            problems=(*facts.problems, *part.problems),
        )
    return facts
