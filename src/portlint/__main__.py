"""`python -m portlint`."""

from portlint.cli import entry

if __name__ == "__main__":
    entry()
