"""`python -m portlint`; in a folder that is not trusted, `python -I -m portlint`.

Without `-I` Python looks for modules where the user stands, before anything here is run.
"""

import os
import sys


def _leave_the_folder() -> None:
    """From now on `import yaml` does not mean a yaml.py of the folder that is checked.

    Where portlint itself was found in that folder, what it needs may lie there as well.
    """
    try:
        folder = os.getcwd()  # noqa: PTH109 - pathlib is not imported yet
    except OSError:  # it is gone, and Python did not put it on the path
        return
    above = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    if not sys.flags.safe_path and sys.path[0] == folder != above:
        del sys.path[0]


if __name__ == "__main__":
    _leave_the_folder()

    from portlint.cli import entry

    entry()
