"""Builds facts by hand for the tests of the stages behind extract: each part takes only what its case is about."""

from __future__ import annotations

from typing import Any

from portlint.model import (
    Entry,
    Facts,
    Mapping,
    PortLiteral,
    PortReference,
    Registry,
    Role,
    Service,
    Settings,
    Span,
    Variable,
)
from portlint.registry import load_registry


def span(line: int = 1, column: int = 1, length: int = 4) -> Span:
    """A place; the offset only has to grow with the line and the column."""
    start = line * 1000 + column
    return Span(start, start + length, line, column)


def literal(path: str, port: int, line: int = 1, column: int = 1, **more: Any) -> PortLiteral:
    more.setdefault("role", Role.SETTING)
    more.setdefault("format", format_of(path))
    text = str(port) if more.get("end_port") is None else f"{port}-{more['end_port']}"
    return PortLiteral(path=path, span=span(line, column), port=port, text=text, **more)


def format_of(path: str) -> str:
    name = path.rpartition("/")[2]
    if name.startswith(".env"):
        return "dotenv"
    if "compose" in name:
        return "compose"
    if name == "Dockerfile":
        return "dockerfile"
    return {"py": "python", "conf": "nginx", "js": "javascript"}.get(name.rpartition(".")[2], "config")


def facts(*parts: PortLiteral | PortReference | Service | Variable, path: str = "", **more: Any) -> Facts:
    """The facts of one file; its path is that of its first part that has one."""
    path = path or next(part.path for part in parts if not isinstance(part, Variable))
    return Facts(
        path=path,
        format=format_of(path),
        literals=tuple(p for p in parts if isinstance(p, PortLiteral)),
        references=tuple(p for p in parts if isinstance(p, PortReference)),
        services=tuple(p for p in parts if isinstance(p, Service)),
        variables=tuple(p for p in parts if isinstance(p, Variable)),
        **more,
    )


def service(path: str, name: str, *ports: str, line: int = 1, **more: Any) -> list[Any]:
    """A compose service with mappings `[ADDRESS:]PUBLISHED:CONTAINER[/PROTOCOL]`, and its literals.

    A side is a number, a range or `VAR=8000` for a variable with its fallback; each mapping has a line of its own.
    """
    literals: list[PortLiteral] = []
    mappings: list[Mapping] = []
    for number, text in enumerate(ports):
        rest, _, protocol = text.partition("/")
        sides = rest.split(":")
        place = line + 1 + number
        container, container_variable = _side(path, name, sides[-1], place, 20, Role.CONTAINER)
        published = variable = None
        if len(sides) > 1:
            published, variable = _side(path, name, sides[-2], place, 10, Role.PUBLISH)
        literals += [side for side in (published, container) if side is not None]
        mappings.append(
            Mapping(
                span=span(place, 9),
                published=published,
                published_variable=variable,
                container=container,
                container_variable=container_variable,
                address=":".join(sides[:-2]) or None,
                protocol=protocol or "tcp",
            )
        )
    return [Service(path=path, name=name, span=span(line, 3), mappings=tuple(mappings), **more), *literals]


def _side(path: str, name: str, text: str, line: int, column: int, role: Role) -> tuple[PortLiteral | None, str | None]:
    variable, _, value = text.rpartition("=")
    if not value:
        return None, variable or None
    first, _, last = value.partition("-")
    found = literal(
        path,
        int(first),
        line,
        column,
        end_port=int(last) if last else None,
        role=role,
        form="fallback" if variable else "mapping",
        variable=variable or None,
        name=name,
        service=name,
        subject=f"services.{name}.ports[{line}]",
    )
    return found, variable or None


def registry(text: str, path: str = "ports.yaml") -> Registry:
    loaded, errors = load_registry(path, text.encode())
    assert not errors
    assert loaded is not None
    return loaded


def entry(name: str, default: int, **more: Any) -> Entry:
    return Entry(name=name, span=span(), default=default, **more)


DEFAULTS = Settings()
