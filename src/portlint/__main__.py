"""`python -m portlint`."""

import sys

from portlint.cli import main

if __name__ == "__main__":
    sys.exit(main())
