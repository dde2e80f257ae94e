"""The canonical registry, `ports.yaml`: read, checked, and asked about. It is never written here.

The schema is `rules/ports.schema.json`; in short:

    ports:
      api: {default: 8000, env_var: API_PORT, range: 8000-8009}
    reserved:
      - {port: 3000, service: Grafana}

What a registry may hold that is not obvious:

* a port may be quoted (`"8000"`), a range is `[8000, 8009]`, `8000-8009` or a single port, wherever ports stand;
* null is the same as not written (`env_var: null`: the port cannot be configured);
* keys that start with `x-` are the user's own; anchors, aliases and merge keys work;
* numbers that YAML 1.1 reads as something else (`22:22`, `0800`, `8_000`, `0x50`) are errors.

That two entries clash or a default lies outside its range is no error here: the rules PORT501 to PORT513 say so.
"""

from __future__ import annotations

from portlint.model import Registry
from portlint.registry.document import read_document
from portlint.registry.errors import Errors, RegistryError
from portlint.registry.lookup import Answer, Row, look_up, rows
from portlint.registry.reader import read

__all__ = ["Answer", "RegistryError", "Row", "load_registry", "look_up", "rows"]


def load_registry(path: str, data: bytes) -> tuple[Registry | None, tuple[RegistryError, ...]]:
    """The registry that the bytes hold, and what is wrong with it; one of the two is always empty.

    path: as findings shall name it. data: the file as it stands on disk, UTF-8 (with or without a byte order mark),
    any line ends. Every value keeps its place as a `Span` (byte offsets, 1-based line and column) of the file.
    All mistakes are given, by place. No exception leaves this function, whatever the bytes are.
    """
    errors = Errors(path)
    document = read_document(data, errors)
    registry = None if errors and document.root is None else read(path, document, errors)
    return (None, errors.sorted()) if errors else (registry, ())
