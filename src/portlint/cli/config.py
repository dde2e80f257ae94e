"""`portlint config`: show, validate, schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portlint.cli import output, scope
from portlint.cli.arguments import Parser, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portlint.settings import LoadedSettings

_ACTIONS = ("show", "validate", "schema")
_EPILOG = """\
actions:
  show      each setting, its value, and where the value comes from
  validate  are the settings right? exit code 2 if not
  schema    the JSON Schema of portlint.toml and of [tool.portlint]

Settings come from the defaults, then the nearest portlint.toml, .portlint.toml or [tool.portlint] of pyproject.toml,
then the environment (PORTLINT_FAIL_LEVEL), then flags.

examples:
  portlint config show
  portlint config schema > portlint.schema.json
"""


def run(arguments: list[str]) -> int:
    parser = Parser(
        "config",
        description="Show or validate the settings, or print their schema.",
        epilog=_EPILOG,
        usage="ACTION",
    )
    parser.add_argument("action", type=one_of(_ACTIONS), metavar="ACTION", help=", ".join(_ACTIONS))
    given = parser.read(arguments)
    if given.action == "schema":
        import json

        from portlint.settings import settings_schema

        output.write([json.dumps(settings_schema(), indent=2), "\n"], None)
        return 0
    loaded = scope.load([], {}).loaded
    if given.action == "show":
        output.write(shown_settings(loaded), None)
    else:
        output.write([f"{loaded.file or 'no settings file'}: no mistakes\n"], None)
    return 0


def shown_settings(loaded: LoadedSettings) -> Iterator[str]:
    """A line for each setting: `key = value  # origin`."""
    from portlint.report.escape import shown
    from portlint.settings import describe

    for row in describe(loaded):
        value = f"{row.key} = {row.value}" if row.value else f"# {row.key} is not set"
        yield f"{shown(value):<60}  # {shown(row.origin)}\n" if row.value else f"{value}\n"
