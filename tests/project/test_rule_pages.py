"""What is made from the rule cards and from the help texts: the page of the rules, and shell completion."""

from __future__ import annotations

import re
import subprocess

from portlint import cli
from portlint.knowledge import rule_metadata
from support.paths import TOP

PAGE = TOP / "docs" / "rules.md"


def test_the_page_of_the_rules_is_what_the_cards_say(portlint):
    code, out, _ = portlint("explain", "--markdown")
    assert code == 0
    assert PAGE.read_text(encoding="utf-8") == out, "make it again: portlint explain --markdown > docs/rules.md"


def test_each_rule_has_an_anchor():
    headings = re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == list(rule_metadata.names())


def test_one_rule_as_markdown(portlint):
    out = portlint("explain", "--markdown", "fallback-mismatch")[1]
    assert "## PORT103\n\n**fallback-mismatch** (error). " in out
    assert "## PORT104" not in out


def completed(script: str, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    line = " ".join(f"'{word}'" for word in words)
    run = f'{script}\nCOMP_WORDS=({line}) COMP_CWORD={len(words) - 1}\n_portlint\nprintf "%s\\n" "${{COMPREPLY[@]}}"'
    return subprocess.run(["bash", "-c", run], capture_output=True, text=True, check=True).stdout.split()


def test_bash_completes(portlint):
    code, script, _ = portlint("completion", "bash")
    assert code == 0
    assert completed(script, "portlint", "") == list(cli.COMMANDS)
    assert completed(script, "portlint", "che") == ["check"]
    assert completed(script, "portlint", "check", "--output-f") == ["--output-format"]
    assert completed(script, "portlint", "report", "-o") == ["-o"]
    assert completed(script, "portlint", "check", "--output-format", "g") == ["grouped", "github", "gitlab"]
    assert completed(script, "portlint", "check", "--output-format", "=", "sar") == ["sarif"]
    assert completed(script, "portlint", "check", "--output-format", "sarif", ":", "f") == []
    assert completed(script, "portlint", "check", "--fail-level", "") == ["error", "warning", "info"]
    assert completed(script, "portlint", "check", "--jobs", "1")[0] == "1"
    assert completed(script, "portlint", "check", "--select", "PORT101,PORT90")[0] == "PORT101,PORT901"
    assert completed(script, "portlint", "check", "--baseline", "") == []
    assert completed(script, "portlint", "registry", "mo") == ["move"]
    assert completed(script, "portlint", "explain", "PORT90") == [
        c for c in rule_metadata.names() if c.startswith("PORT90")
    ]


def test_zsh_and_fish_know_every_command(portlint):
    for shell in ("zsh", "fish"):
        script = portlint("completion", shell)[1]
        assert all(re.search(rf"\b{command}\b", script) for command in cli.COMMANDS)
        assert "output-format" in script and "traefik-port-mismatch" in script and "rdjson" in script


def test_completion_knows_what_the_help_says(portlint):
    script = portlint("completion", "bash")[1]
    for command in cli.COMMANDS:
        said = re.findall(r"^  (?:-\w, )?(--[\w-]+)", portlint(command, "--help")[1], re.MULTILINE)
        assert said
        assert set(said) <= set(completed(script, "portlint", command, "--"))


def test_an_unknown_shell_is_the_users_mistake(portlint):
    code, _, err = portlint("completion", "fihs")
    assert code == 2
    assert 'there is no "fihs"; did you mean "fish"?' in err
