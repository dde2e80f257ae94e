"""The long run of the fixes: random files of every format with fixes, and changed fixtures, fixed and looked at.

    python fuzz/fixes.py [--files 5000] [--start 0]

Each tree of 50 files is fixed, every other one with the unsafe fixes too, and then held against what is promised:
bytes outside of the edits, line ends, byte order mark, last line end and mode are kept; nothing else in the tree
changes; each file that could be parsed still can; what was fixed is gone; a second run changes nothing. Each fault is a
line; exit code 1 tells that there are any. `--keep FOLDER` keeps the trees.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.fixable import Tally, fix_tree, random_tree

FILES = 50
"""in one tree"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    tally = Tally()
    for seed in range(given.start, given.start + given.files // FILES):
        with tempfile.TemporaryDirectory() as folder:
            root = (given.keep or Path(folder)) / f"tree-{seed}"
            random_tree(root, Random(seed), FILES)
            told = len(tally.faults)
            fix_tree(root, tally, unsafe=seed % 2 == 1)
            for fault in tally.faults[told:]:
                print(f"seed {seed}: {fault}", flush=True)
    print(
        f"{given.files} files: {tally.changed} changed by {tally.edits} edits, {tally.fixed} findings fixed, "
        f"{tally.refused} fixes refused, {tally.left} files left alone; {len(tally.faults)} faults"
    )
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
