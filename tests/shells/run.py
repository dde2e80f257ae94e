"""Presses Tab in the real bash, zsh and fish, as far as they are installed, with the completion scripts of portlint.

Not part of the test suite, which needs no shell but bash. Run it as `python tests/shells/run.py [SHELL...]`.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LINES = {
    "portlint che": "check",
    "portlint check --output-f": "--output-format",
    "portlint check --output-format sari": "sarif",
    "portlint check --output-format=sari": "--output-format=sarif",
    "portlint check --fail-level w": "warning",
    "portlint check --select hardc": "hardcoded-port",
    "portlint check --ignore PORT101,stale-p": "PORT101,stale-port-table",
    "portlint check --registry fir": "first.yaml",
    "portlint check fir": "first.yaml",
    "portlint report --format mark": "markdown",
    "portlint registry val": "validate",
    "portlint explain url-po": "url-port-mismatch",
    "portlint generate env --che": "--check",
    "portlint generate typ": "typescript",
    "portlint completion fi": "fish",
}
"""what is typed before Tab, and what the last word is after it"""
SETUP = {
    "bash": r"""PS1='$ '
bind 'set bell-style none'
bind -x '"\C-x": printf %s "$READLINE_LINE" >"$LINE_FILE"'
""",
    "zsh": """PS1='$ '
unsetopt listbeep
autoload -U compinit
compinit -u -d "$LINE_FILE.dump"
dump() { printf %s "$BUFFER" >"$LINE_FILE" }
zle -N dump
bindkey '^X' dump
""",
}
"""Ctrl-X writes the line that is being edited to a file"""
COMMANDS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


class Terminal:
    """A shell that somebody types in."""

    def __init__(self, shell: str, script: Path, folder: Path) -> None:
        self._line = folder / "line"
        environment = {**os.environ, "LINE_FILE": str(self._line), "TERM": "dumb", "HOME": str(folder)}
        process, self._out = pty.fork()
        if process == 0:
            os.chdir(folder)
            os.execvpe(COMMANDS[shell][0], COMMANDS[shell], environment)
        os.set_blocking(self._out, False)
        self._type(f"{SETUP[shell]}source {script}\n")

    def completed(self, line: str) -> str:
        """What Tab makes of a line."""
        self._line.unlink(missing_ok=True)
        self._type(f"{line}\t\x18")
        until = time.monotonic() + 20
        while not self._line.exists():
            self._drain()
            if time.monotonic() > until:
                raise RuntimeError(f"the shell says nothing to {line!r}")
        time.sleep(0.05)
        self._type("\x15")
        return self._line.read_text().rstrip()

    def close(self) -> None:
        self._type("exit\n")
        os.close(self._out)

    def _type(self, text: str) -> None:
        os.write(self._out, text.encode())
        self._drain()

    def _drain(self) -> None:
        time.sleep(0.05)
        try:
            while os.read(self._out, 65536):
                pass
        except OSError:
            return


def in_terminal(shell: str, script: Path, folder: Path) -> dict[str, str]:
    terminal = Terminal(shell, script, folder)
    try:
        return {line: terminal.completed(line).split(" ")[-1] for line in LINES}
    finally:
        terminal.close()


def in_fish(shell: str, script: Path, folder: Path) -> dict[str, str]:
    """fish says what it would offer."""
    found = {}
    for line in LINES:
        asked = f"source {script}; complete -C '{line}'"
        done = subprocess.run(
            [shell, "--no-config", "-c", asked], cwd=folder, capture_output=True, text=True, check=True
        )
        found[line] = " ".join(offer.partition("\t")[0] for offer in done.stdout.splitlines())
    return found


def main() -> None:
    wrong = 0
    for shell in sys.argv[1:] or ["bash", "zsh", "fish"]:
        if shutil.which(shell) is None:
            print(f"there is no {shell} here")
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "first.yaml").touch()
            script = folder / f"portlint.{shell}"
            text = subprocess.run(
                [sys.executable, "-m", "portlint", "completion", shell], check=True, capture_output=True
            )
            script.write_bytes(text.stdout)
            found = (in_fish if shell == "fish" else in_terminal)(shell, script, folder)
        for line, word in LINES.items():
            if found[line] != word:
                wrong += 1
                print(f"{shell}: {line!r} becomes {found[line]!r}, not {word!r}")
        print(f"{shell}: {len(LINES)} lines")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
