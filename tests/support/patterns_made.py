"""Notes every regular expression that portlint makes: at import, inside functions, and from the rules.

    python tests/support/patterns_made.py

It has to begin before portlint is imported, and so is a program of its own. It reads the fixtures of every format and
the examples of the rule cards, and prints a list of [place, how, expression, flags], the place being module and line.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import sys
from pathlib import Path

OWN = "portlint."
BETWEEN = ("__main__", "portlint.algorithms.lazy_regex")
"""modules that hand an expression on"""
made: dict[tuple[str, str, str, bool, int], None] = {}
_compile = re._compile


def _noted(pattern: str | bytes | re.Pattern[str], flags: int) -> re.Pattern[str]:
    compiled = _compile(pattern, flags)
    frame, how = sys._getframe(1), "compile"
    while frame is not None and frame.f_globals["__name__"] in ("re", "fnmatch", "functools", *BETWEEN):
        if frame.f_globals["__name__"] == "re":
            how = frame.f_code.co_name
        frame = frame.f_back
    if frame is not None and frame.f_globals["__name__"].startswith(OWN):
        text = compiled.pattern
        shown = text.decode("latin-1") if isinstance(text, bytes) else text
        if shown.startswith("(?s:") and shown.endswith(r"\Z"):
            how = "match"  # what fnmatch makes is tried at the start of a name, and nowhere else
        place = f"{frame.f_globals['__name__']}:{frame.f_lineno}"
        made[place, how, shown, isinstance(text, bytes), int(compiled.flags)] = None
    return compiled


def main() -> None:
    re._compile = _noted
    import portlint
    from portlint.algorithms import lazy_regex

    # Those that are never used are to be known too.
    lazy_regex.regex.__init__ = lambda self, *made: self.__dict__.update(_pattern=re.compile(*made), pattern=made[0])
    lazy_regex.regex.__getattr__ = lambda self, name: getattr(self._pattern, name)

    for module in pkgutil.walk_packages(portlint.__path__, OWN):
        if module.name != "portlint.__main__":
            importlib.import_module(module.name)
    from portlint.knowledge.rule_metadata import card, names
    from portlint.pipeline.memory_run import run_on_memory
    from portlint.walk.ignore import IgnoreFile
    from support.inventory import FOLDER, fixtures

    IgnoreFile("", ["*.log", "/build/", "a/**/b"])
    for place in fixtures():
        path = "/".join(place.relative_to(FOLDER).parts[1:])
        run_on_memory({path: place.read_bytes()})
    for code in names():
        for example in card(code).examples:
            run_on_memory({name: text.encode() for name, text in example.files.items()})
    json.dump(list(made), sys.stdout)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
