"""Which file of the repository lies at a path in a container: through mounts, else through COPY, backwards through the
stages. It is the key of every hop from a command to the file that it names.

Sources: Compose specification, `volumes`, `build`; Dockerfile reference, COPY, ADD, WORKDIR.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from posixpath import basename, dirname, join, normpath

from msgspec import Struct

from portlint.model.programs import Copy, Mount
from portlint.topology.images import Image

_MOST_STAGES = 16
"""COPY --from that lead to one another"""


class RepositoryTree:
    """The files and folders of the repository. The root is the empty name."""

    def __init__(self, paths: Iterable[str]) -> None:
        """paths: of all files, relative to the root."""
        self._paths = paths

    @cached_property
    def files(self) -> frozenset[str]:
        return frozenset(self._paths)

    @cached_property
    def folders(self) -> frozenset[str]:
        found = {""}
        for path in self.files:
            folder = dirname(path)
            while folder not in found:
                found.add(folder)
                folder = dirname(folder)
        return frozenset(found)

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        """Folder to the names of the files in it."""
        out: dict[str, list[str]] = {}
        for path in self.files:
            out.setdefault(dirname(path), []).append(basename(path))
        return {folder: tuple(sorted(names)) for folder, names in out.items()}

    def has(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        found = _joined("", path)
        return found in self.files or found in self.folders

    def names_in(self, folder: str) -> tuple[str, ...]:
        """The names of the files that lie directly in a folder, sorted."""
        return self._names.get(folder, ())

    @cached_property
    def _folders_of(self) -> dict[str, list[str]]:
        """The name of a file to the folders in which one of that name lies."""
        out: dict[str, list[str]] = {}
        for path in self.files:
            out.setdefault(basename(path), []).append(dirname(path))
        return out

    def has_below(self, name: str, folder: str) -> bool:
        """Whether a file of that name lies in a folder, or anywhere below it."""
        inside = f"{folder}/" if folder else ""
        return any(f"{each}/".startswith(inside) for each in self._folders_of.get(basename(name), ()))


class ContainerFiles(Struct, frozen=True):
    """The files of the repository that lie in one container."""

    tree: RepositoryTree
    mounts: tuple[Mount, ...]
    """of its service, in the order in which the definitions are merged"""
    image: Image | None
    context: str | None
    """the folder that its image is built from, relative to the root; None: not known"""
    workdir: str | None
    """absolute; None: not known"""

    def absolute(self, path: str, folder: str = "") -> str | None:
        """The absolute path of what a command names. folder: where it was, relative to the working directory or
        absolute. None where that is not known."""
        if path.startswith("/"):
            return normpath(path)
        if folder.startswith("/"):
            return normpath(join(folder, path))
        return None if self.workdir is None else normpath(join(self.workdir, folder, path))

    def file(self, path: str) -> str | None:
        """The file of the repository that lies at an absolute path; None where none is known to."""
        hidden = False
        for mount in reversed(self.mounts):
            found = _below(path, mount.target)
            if found is not None:
                source = None if mount.source is None else _joined(mount.source, found)
                if source in self.tree.files:
                    return source
                hidden = True
        if hidden or self.image is None:
            return None
        return self._copied(path, self.image, 0)

    def names_in(self, folder: str) -> frozenset[str]:
        """The names of the files of the repository that lie directly in a folder of the container."""
        names = set[str]()
        for mount in self.mounts:
            if mount.source is not None:
                names.update(self._brought((mount.source,), mount.target, folder, ""))
        if self.image is not None and self.context is not None:
            for copy in self.image.copies:
                if copy.stage is None:
                    names.update(self._brought(copy.sources, copy.target, folder, self.context))
        return frozenset(names)

    def may_hold_more(self, folder: str) -> bool:
        """Whether files come into a folder of the container, or below it, that nobody finds in the repository."""
        for mount in self.mounts:
            if _below(mount.target, folder) is not None and (mount.source is None or not self.tree.has(mount.source)):
                return True
        copies = () if self.image is None else self.image.copies
        for copy in copies:
            if _below(copy.target.rstrip("/") or "/", folder) is None:
                continue
            context = self.context
            if copy.stage is not None or context is None or not all(self._is_there(s, context) for s in copy.sources):
                return True
        return False

    def _is_there(self, source: str, context: str) -> bool:
        return self.tree.has(_joined(context, source)) or "*" in source

    def is_replaced(self, folder: str) -> bool:
        """Whether a folder of the container is mounted as a whole, so that nothing of the image is left in it."""
        return any(
            _below(folder, mount.target) is not None and mount.source in self.tree.folders for mount in self.mounts
        )

    def _brought(self, sources: Sequence[str], target: str, folder: str, context: str) -> Iterator[str]:
        for source in sources:
            origin = _joined(context, source)
            rest = _below(folder, target)
            if origin in self.tree.folders:
                if rest is not None:
                    yield from self.tree.names_in(_joined(origin, rest))
            elif "*" in source:
                if rest == "":
                    names = self.tree.names_in(dirname(origin))
                    yield from (name for name in names if fnmatchcase(name, basename(origin)))
            elif target.endswith("/") and rest == "":
                yield basename(origin)
            elif dirname(target) == folder:
                yield basename(target)

    def _copied(self, path: str, image: Image, depth: int) -> str | None:
        if depth > _MOST_STAGES:
            return None
        for copy in reversed(image.copies):
            for source in copy.sources:
                if copy.stage is None:
                    found = self._from_context(path, copy, source)
                elif (stage := image.stage(copy.stage)) is not None:
                    found = self._from_stage(path, copy, source, stage, depth)
                else:
                    continue
                if found is not None:
                    return found
        return None

    def _from_context(self, path: str, copy: Copy, source: str) -> str | None:
        if self.context is None:
            return None
        origin = _joined(self.context, source)
        if origin in self.tree.folders:
            rest = _below(path, copy.target)
            found = None if rest is None else _joined(origin, rest)
        elif "*" in source:
            fits = dirname(path) == copy.target.rstrip("/") and fnmatchcase(basename(path), basename(origin))
            found = join(dirname(origin), basename(path)) if fits else None
        else:
            placed = join(copy.target, basename(origin)) if copy.target.endswith("/") else copy.target
            found = origin if placed == path else None
        return found if found in self.tree.files else None

    def _from_stage(self, path: str, copy: Copy, source: str, stage: Image, depth: int) -> str | None:
        origin = normpath(join("/", source))
        rest = _below(path, copy.target)
        if rest is None:
            return None
        if rest and copy.target.endswith("/") and rest == basename(origin):
            found = self._copied(origin, stage, depth + 1)
            if found is not None:
                return found
        return self._copied(normpath(join(origin, rest)) if rest else origin, stage, depth + 1)


def _below(path: str, folder: str) -> str | None:
    """The path relative to a folder that it lies in, empty for the folder itself; None where it lies elsewhere."""
    folder = folder.rstrip("/")
    if path == folder or not path:
        return "" if path == folder else None
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else None


def _joined(folder: str, path: str) -> str:
    """A path of the repository; the root is the empty name."""
    found = normpath(join(folder, path.lstrip("/"))) if path else folder
    return "" if found == "." else found
