"""The long race: a process saves a file again and again, at any moment of portlint's replacing it.

    python fuzz/race.py [--saves 3000]

Both ways in which editors save are tried, with the exchange of names (Linux) and without. Exit code 1 tells that a save
was lost with the exchange.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from portlint.files import replace
from support.editors import STYLES, Race


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=3_000)
    given = parser.parse_args()
    lost_with_exchange = 0
    for way, exchanger in (("exchanged", replace._exchanger), ("renamed", lambda: None)):
        for style in STYLES:
            with tempfile.TemporaryDirectory() as folder, mock.patch.object(replace, "_exchanger", exchanger):
                lost, given_up = Race(Path(folder), style).run(given.saves)
            lost_with_exchange += lost if way == "exchanged" else 0
            print(
                f"{way}, saved {style}: {given.saves} saves, {lost} lost, {given_up} replacements given up", flush=True
            )
    return 1 if lost_with_exchange else 0


if __name__ == "__main__":
    sys.exit(main())
