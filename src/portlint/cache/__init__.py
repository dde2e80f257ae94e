"""What earlier runs found, so that a file that has not changed is neither read nor parsed again.

There is one file for each repository, in the user's cache folder and never in the tree: a line for each path, with
its own checksum. A line is used where the file's status (stat(2)) is the one it was read with, or where its content
is. Lines of another version of portlint, of its rules, its parsers or the interpreter have other checksums. So a
cache that is old, damaged, cut short or made by somebody costs time, and changes nothing.
"""

from portlint.cache.folder import cache_folder
from portlint.cache.store import Cache, Row, digest_of, row_of, version_of

__all__ = ["Cache", "Row", "cache_folder", "digest_of", "row_of", "version_of"]
