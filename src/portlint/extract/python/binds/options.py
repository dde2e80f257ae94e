"""The options of a program's command line, as the file that binds declares them: argparse, click, typer and others."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cached_property

from msgspec import Struct

from portlint.extract.python.binds.names import Function, Names, Parameter, dotted
from portlint.extract.python.libraries import Slot

_OF_PARSERS = frozenset({"add_argument", "add_option", "add_arg"})
_DEFINE = frozenset({"define", "DEFINE_integer", "DEFINE_string"})
"""tornado and absl: the first argument is the name, the second the default"""
_HOLDERS = frozenset(
    {"args", "opts", "options", "ns", "namespace", "arguments", "opt", "flags", "FLAGS", "cli_args", "parsed", "params"}
)
"""usual names of what a parser gives, where the call of the parser is not in sight"""


class Option(Struct, frozen=True, eq=False):
    """An option, or an argument by its place."""

    names: tuple[str, ...]
    """`--port`, `-p`, the longest first; the number of an argument (`1`); empty: not known"""
    default: ast.expr | None
    scope: str
    """where the default is looked up"""
    variables: tuple[str, ...] = ()
    """environment variables that are taken before the default"""
    ambiguous: bool = False
    """another one of the same name has another default"""


class Options:
    """The options of one file."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def of_attribute(self, node: ast.Attribute, scope: str) -> Option | None:
        """What `args.port` stands for; None where it is none."""
        option = self._declared.get(node.attr)
        return option if option is not None and self._holds_options(node.value, scope) else None

    def of_parameter(self, parameter: Parameter) -> Option | None:
        """What a parameter of a command's function stands for; None where no command line gives it."""
        function, name = parameter.function, parameter.name
        number = 0
        for call in (each for each in function.decorator_list if isinstance(each, ast.Call)):
            word = (dotted(call.func) or "").rpartition(".")[2]
            if word not in ("option", "argument"):
                continue
            words = _words(call)
            number += word == "argument"
            if name not in _destinations(words):
                continue
            options = _longest_first(words)
            if not options:
                options = (str(number),) if self._is_single_command(function) else ()
            return Option(options, argument(call, Slot(None, "default")), "", _variables(call))
        return self._of_typer(function, name) if self._is_typer(function) else None

    @cached_property
    def _declared(self) -> Mapping[str, Option]:
        out: dict[str, Option] = {}
        numbers: dict[str, int] = {}
        places = [place for place in self._names.calls if isinstance(place.node, ast.Call)]
        has_commands = any(_last(place.node) == "add_subparsers" for place in places)
        for place in places:
            call = place.node
            assert isinstance(call, ast.Call)
            word, words = _last(call), _words(call)
            if not words:
                continue
            destination: object = words[0]
            if word in _DEFINE:
                option = Option((f"--{words[0]}",), argument(call, Slot(1, "default")), place.scope)
            elif word in _OF_PARSERS and isinstance(call.func, ast.Attribute):
                names = _longest_first(words)
                if not names:
                    parser = dotted(call.func.value) or ""
                    numbers[parser] = numbers.get(parser, 0) + 1
                    names = () if has_commands or len(numbers) > 1 else (str(numbers[parser]),)
                option = Option(names, argument(call, Slot(None, "default")), place.scope, _variables(call))
                told = argument(call, Slot(None, "dest"))
                destination = told.value if isinstance(told, ast.Constant) else _destinations(words)[0]
            else:
                continue
            if isinstance(destination, str):
                before = out.get(destination)
                if before is not None and _shown(before.default) != _shown(option.default):
                    option = Option(before.names, None, before.scope, ambiguous=True)
                out[destination] = option
        return out

    def _holds_options(self, node: ast.expr, scope: str) -> bool:
        path = dotted(node)
        if path is None:
            return _is_parsed(node)
        if "." in path:
            return path.rpartition(".")[2] in _HOLDERS
        found, _ = self._names.values(path, scope)
        if any(isinstance(value, ast.expr) for value in found):
            return any(isinstance(value, ast.expr) and _is_parsed(value) for value in found)
        return path in _HOLDERS

    def _is_single_command(self, function: Function) -> bool:
        words = [_path(each) for each in function.decorator_list]
        return any(self._names.imports.resolve(word) == "click.command" for word in words)

    def _is_typer(self, function: Function) -> bool:
        if "typer" not in self._names.imports.roots:
            return False
        if any(_path(each).rpartition(".")[2] in ("command", "callback") for each in function.decorator_list):
            return True
        return function.name in self._run_by_typer

    @cached_property
    def _run_by_typer(self) -> frozenset[str]:
        return frozenset(
            place.node.args[0].id
            for place in self._names.calls
            if isinstance(place.node, ast.Call)
            and self._names.imports.resolve(dotted(place.node.func) or "") == "typer.run"
            and place.node.args
            and isinstance(place.node.args[0], ast.Name)
        )

    def _of_typer(self, function: Function, name: str) -> Option | None:
        annotation, default = _parameter(function, name)
        declared = next(_typer_calls(annotation, default), None)
        if declared is None:
            return Option((_long(name),), default, "") if default is not None else None
        if _last(declared) == "Argument":
            return Option((), default if default is not declared else argument(declared, Slot(0, "default")), "")
        words = _longest_first([word for word in _words(declared) if word.startswith("-")]) or (_long(name),)
        value = default if default is not declared else argument(declared, Slot(0, "default"))
        if isinstance(value, ast.Constant) and value.value is ...:
            value = None
        return Option(words, value, "", _variables(declared))


def argument(call: ast.Call, slot: Slot) -> ast.expr | None:
    """An argument of a call by its position or keyword; None where it is left out, or hidden behind `*` or `**`."""
    for keyword in call.keywords:
        if keyword.arg is not None and keyword.arg == slot.keyword:
            return keyword.value
    if slot.position is None:
        return None
    before = call.args[: slot.position + 1] if slot.position >= 0 else call.args
    if any(isinstance(each, ast.Starred) for each in before):
        return None
    return call.args[slot.position] if -1 <= slot.position < len(call.args) and call.args else None


def _last(call: ast.expr) -> str:
    function = call.func if isinstance(call, ast.Call) else call
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _path(decorator: ast.expr) -> str:
    return dotted(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""


def _words(call: ast.Call) -> list[str]:
    """The texts among the arguments without a keyword."""
    return [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def _longest_first(words: list[str]) -> tuple[str, ...]:
    options = (part for word in words if word.startswith("-") for part in word.split("/")[:1])
    return tuple(sorted(options, key=lambda word: (not word.startswith("--"), -len(word))))


def _destinations(words: list[str]) -> list[str]:
    """The name that holds the value: one that is given as such, or that of the first long option."""
    plain = [word for word in words if not word.startswith("-")]
    return [(word.lstrip("-").replace("-", "_")) for word in (plain or _first_long(words))]


def _first_long(words: list[str]) -> list[str]:
    return [word for word in words if word.startswith("--")][:1] or words[:1]


def _long(name: str) -> str:
    return "--" + name.replace("_", "-")


def _variables(call: ast.Call) -> tuple[str, ...]:
    """`envvar` of click and typer, `env_var` of configargparse."""
    value = argument(call, Slot(None, "envvar")) or argument(call, Slot(None, "env_var"))
    items = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
    return tuple(each.value for each in items if isinstance(each, ast.Constant) and isinstance(each.value, str))


def _is_parsed(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ("parse" in _last(node).lower() or "args" in _last(node).lower())


def _shown(node: ast.expr | None) -> str:
    return "" if node is None else ast.dump(node)


def _parameter(function: Function, name: str) -> tuple[ast.expr | None, ast.expr | None]:
    """The annotation and the default of a parameter."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [
        *zip(positional, [*defaults, *arguments.defaults], strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next(((each.annotation, default) for each, default in pairs if each.arg == name), (None, None))


def _typer_calls(annotation: ast.expr | None, default: ast.expr | None) -> Iterator[ast.Call]:
    """`typer.Option(...)` as the default, or in `Annotated[int, typer.Option(...)]`."""
    inside = annotation.slice if isinstance(annotation, ast.Subscript) else None
    for each in (default, *(inside.elts if isinstance(inside, ast.Tuple) else ())):
        if isinstance(each, ast.Call) and _last(each) in ("Option", "Argument"):
            yield each
