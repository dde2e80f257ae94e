"""A script to source. It uses what POSIX.1-2017, Shell Command Language, has: dash, bash and zsh read it alike."""

from __future__ import annotations

from shlex import quote

from portlint.generate.values import Value, Values

_UNKNOWN = """\
    *)
      printf 'get_port: there is no service "%s"\\n' "${1-}" >&2
      return 1
      ;;"""


def render(values: Values) -> str:
    lines = [f"# {values.header}", ""]
    for each in values.services:
        if each.variable is not None:
            comment = f"  # {each.description}" if each.description else ""
            lines.append(f': "${{{each.variable}:={each.port}}}"; export {each.variable}{comment}')
    lines += ["", "# Prints the port of a service: get_port NAME.", "get_port() {", '  case "${1-}" in']
    lines += [f"    {_names(each, values)}) printf '%s\\n' {_port(each)} ;;" for each in values.services]
    lines += [_UNKNOWN, "  esac", "}"]
    return "\n".join(lines) + "\n"


def _names(value: Value, values: Values) -> str:
    """The name, and the aliases that no other service has."""
    others = {name for each in values.services if each is not value for name in (each.name, *each.entry.aliases)}
    return " | ".join(map(quote, (value.name, *(alias for alias in value.entry.aliases if alias not in others))))


def _port(value: Value) -> str:
    return str(value.port) if value.variable is None else f'"${{{value.variable}:-{value.port}}}"'
