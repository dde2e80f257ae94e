"""Importers: what a team has today, read and never run, as drafts of registry entries."""

from __future__ import annotations

from portlint.registry.draft import Imported

_DOCUMENTS = (".md", ".markdown", ".mdx", ".txt", ".rst", ".adoc", ".org")
_MODULES = (".py", ".pyi")


def read_source(path: str, data: bytes) -> Imported | None:
    """What a document or a module of constants says; None for a file of another kind, which gives facts.

    path: as the user knows it. data: UTF-8.
    """
    name = path.lower()
    if name.endswith(_DOCUMENTS):
        from portlint.registry.importers.markdown import read_markdown

        return read_markdown(path, data)
    if name.endswith(_MODULES):
        from portlint.registry.importers.constants import read_constants

        return read_constants(path, data)
    return None
