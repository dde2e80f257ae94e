"""Files put together by folder, until there are few enough to be drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


def folded(paths: Iterable[str], whole: Collection[str], most: int) -> Mapping[str, str]:
    """What each file is called in a picture: itself, or the folder that stands for it and others.

    The deepest and fullest folders are folded first. whole: those that keep a name of their own. most: how many names
    there may be; there are more only where no folder is left to fold.
    """
    names = {path: path for path in paths}
    inside: dict[str, set[str]] = {}
    for path in names:
        if path not in whole:
            inside.setdefault(_parent(path), set()).add(path)
    left = len(names)
    depth = max((folder.count("/") for folder in inside), default=0)
    members: dict[str, set[str]] = {}
    while left > most and depth > 0:
        level = [folder for folder in inside if folder.count("/") == depth]
        for folder in sorted(level, key=lambda each: (-len(inside[each]), each)):
            if left <= most:
                break
            parts = inside.pop(folder)
            left -= len(parts) - 1
            members[folder] = {path for part in parts for path in members.pop(part, {part})}
            inside.setdefault(_parent(folder), set()).add(folder)
        depth -= 1
    for folder, files in members.items():
        for path in files:
            names[path] = f"{folder} ({len(files)} files)" if len(files) > 1 else path
    return names


def _parent(path: str) -> str:
    """The folder that a file or folder is in, with a slash at its end; empty at the top."""
    head, slash, _ = path.removesuffix("/").rpartition("/")
    return head + slash
