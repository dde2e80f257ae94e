"""Which environment a file belongs to: by the globs of the registry and the settings, else by its name and folders."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import chain

from portlint.algorithms.gitignore import first_match
from portlint.algorithms.lazy_regex import regex
from portlint.knowledge import rule_data
from portlint.knowledge.formats import PAGES, PROGRAMS
from portlint.model import Facts, Registry, Settings

_WORD = regex(r"[A-Za-z]+")


@cache
def _words() -> dict[str, str]:
    """Each word of `rules/names/environments.yaml` to the environment that it means."""
    table = rule_data.load("names/environments.yaml")["environments"]
    return {word: environment for environment, words in table.items() for word in words}


class Environments:
    """Tells the environment of each file. `explicit` holds the paths that a glob puts into theirs."""

    def __init__(self, facts: Iterable[Facts], registry: Registry | None, settings: Settings) -> None:
        globs = [*settings.environments.items(), *(registry.environments.items() if registry else ())]
        named = {name for name, _ in globs}
        if registry:
            named |= set(chain.from_iterable(entry.environments for entry in registry.entries))
        self._spelling: dict[str, str] = {**_words(), **{name.lower(): name for name in named}}
        for name in sorted(named):
            canonical = _words().get(name.lower())
            if canonical is not None and canonical not in named:
                # The registry says `prod`: every word for production means that.
                self._spelling |= {word: name for word, meaning in _words().items() if meaning == canonical}
        self._folders: dict[str, str | None] = {}
        self.of: dict[str, str] = {}
        self.explicit: set[str] = set()
        for each in facts:
            chosen = first_match(globs, each.path) if globs else None
            if chosen is not None:
                self.explicit.add(each.path)
            elif each.format not in PAGES:
                # A page tells in its tables what it is about.
                chosen = self._by_name(each)
            if chosen is not None:
                self.of[each.path] = chosen

    def of_column(self, subject: str) -> str | None:
        """The environment that the column of a table is about; subject: of a literal in it."""
        found = (self.named(word.lower()) for word in _WORD.findall(subject.rpartition(".")[2]))
        return next((environment for environment in found if environment is not None), None)

    def named(self, word: str) -> str | None:
        """The environment that a word of an identifier means: `staging` in `REDIS_STAGING_PORT`."""
        return self._spelling.get(word)

    def _by_name(self, facts: Facts) -> str | None:
        folder, _, file = facts.path.rpartition("/")
        # In code `test_redis.py` and `dev_server.py` say what the module is about, not where it runs.
        words = () if facts.format in PROGRAMS else _WORD.findall(file.lower())
        stem = file.lower().partition(".")[0]
        for word in (*words, stem):
            if word in self._spelling:
                return self._spelling[word]
        return self._by_folder(folder)

    def _by_folder(self, folder: str) -> str | None:
        """The environment of the nearest folder whose whole name is one: `deploy/prod`."""
        if folder not in self._folders:
            names = (name.lower() for name in reversed(folder.split("/")))
            self._folders[folder] = next((self._spelling[name] for name in names if name in self._spelling), None)
        return self._folders[folder]
