"""What earlier runs found, so that a file that has not changed is neither read nor parsed again.

There is one file for each repository, in the user's cache folder and never in the tree: a head that names each path,
and a row for each, with its own checksum: the facts, and what helps its extractor to read the next state of the file,
which nobody else looks into; what a small run found stands behind, in the same form. A row is used where the file's
status (stat(2)) is the one it was read with, or where its content is. What another version of portlint, of its rules,
its parsers or the interpreter wrote has other checksums. So a cache that is old, damaged, cut short or made by somebody
costs time, and changes nothing. What the registry says is a row as well, by its content.

The head is small, and the rows are read one by one: a run that reports on a few files leaves out those that cannot
matter to them (`portlint.pipeline.relevance`).
"""

from portlint.cache.folder import cache_folder
from portlint.cache.store import Cache, Known, Row, row_of
from portlint.cache.version import version_of

__all__ = ["Cache", "Known", "Row", "cache_folder", "row_of", "version_of"]
