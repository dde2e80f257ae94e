"""`portlint explain`: the rule cards."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portlint.cli import output
from portlint.cli.arguments import Parser, Words, one_of
from portlint.cli.arguments import rules as rule_words
from portlint.cli.scope import WHEN
from portlint.errors import UserError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portlint.model import Card, Example
    from portlint.report.style import Style

_EPILOG = """\
examples:
  portlint explain                    all rules
  portlint explain PORT101            one rule
  portlint explain fallback-mismatch  the same by name
"""


def run(arguments: list[str]) -> int:
    from portlint.knowledge import rule_metadata
    from portlint.report.style import style

    parser = Parser(
        "explain",
        description="Explain a rule: what it finds, why that matters, how to mend it, with examples. Works offline.",
        epilog=_EPILOG,
        usage="[RULE...] [OPTION...]",
    )
    parser.add_argument(
        "rules", nargs="*", type=Words(rule_words), metavar="RULE", help="code or name; none: a list of all"
    )
    parser.add_argument("--color", default="auto", type=one_of(WHEN), metavar="WHEN", help="auto, always or never")
    parser.add_argument("--markdown", action="store_true", help="as a page of Markdown: docs/rules.md")
    given = parser.read(arguments)
    if given.markdown:
        from portlint.cli.rule_pages import page

        chosen = [_code(word) for word in given.rules] or rule_metadata.names()
        output.write(page(map(rule_metadata.card, chosen)), None)
        return 0
    painted = style(output.wants_color(given.color, sys.stdout))
    if not given.rules:
        output.write(_listed((rule_metadata.card(code) for code in rule_metadata.names()), painted), None)
        return 0
    codes = [_code(word) for word in given.rules]
    output.write("\n".join("".join(_explained(rule_metadata.card(code), painted)) for code in codes), None)
    return 0


def _code(word: str) -> str:
    """The code of a rule that is called by its code or name. Raises UserError."""
    from portlint.knowledge import rule_metadata

    names = rule_metadata.names()
    if word.upper() in names:
        return word.upper()
    by_name = {name: code for code, name in names.items()}
    if word.lower() in by_name:
        return by_name[word.lower()]
    known = names if word[:4].upper() == "PORT" else by_name
    raise UserError(f'there is no rule "{word}"{nearest(word, known)} (`portlint explain` lists all)')


def _listed(all_cards: Iterator[Card], painted: Style) -> Iterator[str]:
    for card in all_cards:
        severity = painted(card.severity.value, f"{card.severity.value:<7}")
        yield f"{painted('strong', card.code)}  {severity}  {card.name:<26}  {card.summary}\n"


def _explained(card: Card, painted: Style) -> Iterator[str]:
    yield f"{painted('strong', f'{card.code} {card.name}')} ({painted(card.severity.value, card.severity.value)})\n\n"
    yield f"{card.summary}\n"
    for title, text in (("Why", card.why), ("How to fix it", card.mend)):
        yield f"\n{painted('strong', title)}\n{text}\n"
    for example in card.examples:
        yield from _shown(example, painted)


def _shown(example: Example, painted: Style) -> Iterator[str]:
    yield f"\n{painted('strong', f'Example: {example.title}')}\n"
    for path, text in example.files.items():
        yield f"\n  {painted('frame', path)}\n"
        yield from (f"    {line}\n" if line else "\n" for line in text.rstrip("\n").split("\n"))
    yield "\n"
    if example.expect:
        yield from (f"  finds {each}\n" for each in example.expect)
    else:
        yield "  finds nothing\n"
    for path, text in example.after.items():
        yield f"\n  {painted('frame', path)} after the fix\n"
        yield from (f"    {line}\n" if line else "\n" for line in text.rstrip("\n").split("\n"))
