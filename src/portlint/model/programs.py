"""What files say about the programs that run: the words of commands, assignments, and places in containers.

These are facts of one file each. Which program a workload starts, with which values, is worked out in the topology
stage. Values may be secrets: a part of a text is kept only where it is a port, a host, a path, the name of an option or
of a program; of a URL its scheme, host and port. The rest is `hidden`.

Annotations are evaluated here as the classes are made: the cache's decoder takes 2 ms longer over strings.
"""

from enum import StrEnum

from msgspec import Struct

from portlint.model.places import Span


class Scope(StrEnum):
    """Where the value of a variable comes from; the three are never mixed."""

    COMPOSE = "interpolation"
    """`${X}` in a compose file: the shell, `--env-file` or `.env`, then the fallback"""
    BUILD = "build"
    """`ARG`, which is gone when the container runs"""
    CONTAINER = "container"
    """`$X` that a shell or the program reads in the container, `$${X}` in a compose file"""
    OPTION = "option"
    """the command line of the program: the variable is an option (`--port`), or the number of an argument (`1`)"""


class Form(StrEnum):
    """How the words of a command are written."""

    EXEC = "exec"
    """a list of words"""
    SHELL = "sh"
    """a text that a shell reads"""
    SPLIT = "split"
    """a text that is split into words: Compose's `command` and `entrypoint`"""


class _Kept(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the cache keeps as JSON."""


class Part(_Kept, frozen=True):
    """A piece of a text: literal, a variable, or hidden."""

    text: str = ""
    """what is written, where it is literal"""
    start: int = -1
    """byte offset of the first byte in the file; -1 where it stands nowhere as it is"""
    variable: str | None = None
    scope: Scope = Scope.CONTAINER
    fallback: tuple["Part", ...] | None = None
    """what is taken where the variable is not set (`:-`, `-`); None: nothing. Nested at most 20 levels."""
    hidden: bool = False
    """something stands here that is not kept or not known"""


class Text(_Kept, frozen=True):
    """A word or a value, with the variables in it."""

    parts: tuple[Part, ...]
    span: Span

    @property
    def literal(self) -> str | None:
        """The text, where it is wholly literal."""
        if all(part.variable is None and not part.hidden for part in self.parts):
            return "".join(part.text for part in self.parts)
        return None


class Command(_Kept, frozen=True):
    """A simple command: POSIX.1-2017, Shell Command Language, 2.9.1; in exec form, the whole list."""

    words: tuple[Text, ...]
    """assignments before the program's name included, redirections left out"""
    span: Span
    joined: str = ""
    """what stands between it and the one before it: `&&`, `||`, `;`, `|`, `&`, a newline; empty for the first"""
    branch: int = 0
    """how many `if`, `case`, `while`, `for` and functions it stands in: it may run or not"""
    background: bool = False
    """`&` stands behind it"""


class Start(_Kept, frozen=True):
    """What a container, a process or a script starts, or asks to learn whether it is well."""

    key: str
    """CMD, ENTRYPOINT, HEALTHCHECK, command, entrypoint, healthcheck, script"""
    form: Form
    commands: tuple[Command, ...]
    """`sh -c '...'` is unwrapped; empty for `[]`, `""`, NONE and `disable: true`, which take away what the image has"""
    span: Span


class Assignment(_Kept, frozen=True):
    """A variable that is given a value: ENV, ARG, `environment`, an env file, `export`."""

    name: str
    value: Text | None
    """None: it is passed on from outside (`environment: [PORT]`, `ARG PORT`)"""
    scope: Scope
    """where it can be read"""
    span: Span
    """the name"""


class Copy(_Kept, frozen=True):
    """COPY or ADD (Dockerfile reference)."""

    sources: tuple[str, ...]
    """as written: relative to the build context, or paths in `stage`"""
    target: str
    """absolute, WORKDIR applied; a trailing slash is kept, which means a folder"""
    stage: str | None = None
    """`--from`: a stage's name or number, or an image"""


class Mount(_Kept, frozen=True):
    """A file or folder in a container: Compose specification, `volumes`, `configs`."""

    source: str | None
    """relative to the root; None: nothing of the repository, or not known"""
    target: str
    """absolute path in the container"""


class Script(_Kept, frozen=True):
    """Commands that have a name: a shell script, a script of a package.json."""

    name: str
    """of a package.json's; empty for a shell script as a whole"""
    commands: tuple[Command, ...]
    span: Span


class Bind(_Kept, frozen=True, kw_only=True):
    """A place in code or in a program's configuration where it begins to listen."""

    span: Span
    """on one line"""
    by: str
    """the call or the directive: `uvicorn.run`, `express listen`, `gunicorn.conf.py bind`, `vite server`"""
    port: Text | None = None
    """None: not written here, the default of `by` counts; a hidden part: computed. A variable that holds host and port
    (`LISTEN=0.0.0.0:8000`) stands in both, each with its part of the fallback."""
    host: Text | None = None
    """None: not written here"""
    protocol: str = "tcp"
    function: str = ""
    """the function that it stands in, dotted; empty at the top of the file"""
    under_main: bool = False
    """it stands under `if __name__ == "__main__":`"""
