"""The status of files as this run saw them first, before they were read."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping

from portlint.files.fingerprint import Stamp, stamp_of


class Stamps:
    """The stamps of the files of one tree."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._folders: dict[str, bool] = {"": True}
        self._seen: dict[str, Stamp | None] = {}
        self.taken: Mapping[str, Stamp] = {}
        """those of regular files, as far as they were taken already; a link on the way to them was followed"""

    def of(self, path: str) -> Stamp | None:
        """The stamp of a file; None where it is no file to read."""
        if not self.is_straight(path):
            return None
        taken = self.taken.get(path)
        if taken is not None:
            return self._seen.get(path, taken)
        if path not in self._seen:
            try:
                self._seen[path] = stamp_of(os.lstat(f"{self._root}/{path}"))
            except (OSError, ValueError):
                self._seen[path] = None
        return self._seen[path]

    def is_straight(self, path: str) -> bool:
        """Whether no folder on the way to a file is a link."""
        folder = path.rpartition("/")[0]
        known = self._folders.get(folder)
        return self._is_folder(folder) if known is None else known

    def _is_folder(self, folder: str) -> bool:
        """Whether no part of a path is a link: reading would not follow it, and so must not be spared."""
        known = self._folders.get(folder)
        if known is None:
            known = self._is_folder(folder.rpartition("/")[0])
            try:
                known = known and stat.S_ISDIR(os.lstat(f"{self._root}/{folder}").st_mode)
            except (OSError, ValueError):
                known = False
            self._folders[folder] = known
        return known
