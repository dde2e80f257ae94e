"""The rule cards as one page of Markdown: `docs/rules.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from portlint.model import Card, Example


def page(cards: Iterable[Card]) -> Iterator[str]:
    """A section for each rule, whose anchor is the rule's code."""
    every = list(cards)
    yield "# The rules\n\nMade from the rule cards: `portlint explain --markdown`.\n\n"
    yield "| Rule | Name | Severity | |\n| --- | --- | --- | --- |\n"
    for card in every:
        summary = card.summary.replace("|", "\\|")
        yield f"| [{card.code}](#{card.code.lower()}) | {card.name} | {card.severity.value} | {summary} |\n"
    for card in every:
        yield f"\n## {card.code}\n\n**{card.name}** ({card.severity.value}). {card.summary}\n"
        yield f"\n### Why {card.code}\n\n{card.why}\n\n### How to fix {card.code}\n\n{card.mend}\n"
        for example in card.examples:
            yield from _example(example)


def _example(example: Example) -> Iterator[str]:
    yield f"\n**Example: {example.title}**\n"
    yield from _files(example.files, "")
    found = ", ".join(f"`{each}`" for each in example.expect)
    yield f"\nFinds {found}.\n" if found else "\nFinds nothing.\n"
    yield from _files(example.after, " after the fix")


def _files(files: Mapping[str, str], when: str) -> Iterator[str]:
    for path, text in files.items():
        fence = "```"
        while fence in text:
            fence += "`"
        yield f"\n`{path}`{when}:\n\n{fence}text\n{text.rstrip()}\n{fence}\n"
