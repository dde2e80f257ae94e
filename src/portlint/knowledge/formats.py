"""The formats that portlint reads: one row for each, with all that is known about it outside of its own module.

The module `portlint.extract.NAME` reads the format, and nothing else compares its name: what a rule, a fix or a report
has to know about a file's format it asks the row, or one of the sets below, which are made of the rows. The table lies
below the stages because most of them ask it, and stages do not import one another.

`docs/adding-a-format.md` says how to add a row. No field has a default: each is a question that a new format answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex


class Kind(StrEnum):
    """What files of a format are for, which decides how the rules take what they say."""

    PROGRAM = "program"
    """modules of a program: a literal beside a variable is what the program takes without it, and the file's name says
    what the module is about; it runs in containers as well as on the host"""
    SCRIPT = "script"
    """commands for a shell, which may set variables too; it runs in containers as well as on the host"""
    TASKS = "tasks"
    """commands that a person runs on a machine of their own, never in an image"""
    ENV_FILE = "env file"
    """the variables of an environment, and nothing else: what it lacks counts too, and its values may be secrets"""
    UNIT = "unit"
    """processes of the host, with their variables and sockets, for a service manager"""
    STACK = "stack"
    """the services that run together in containers, with variables that an env file beside it sets"""
    IMAGE = "image"
    """one image: what it says about ports holds inside the container"""
    PROXY = "proxy"
    """the settings of a server in front of others, which it knows by the names of their containers"""
    SETTINGS = "settings"
    """the settings of some program"""
    PAGE = "page"
    """text for people, whose tables say what they are about"""


class Syntax(StrEnum):
    """How it is proved that nothing but comments differs in two texts: by a reader of `actions.add_suppressions`."""

    PYTHON = "python"
    YAML = "yaml"
    TOML = "toml"
    SHELL = "shell"
    NGINX = "nginx"
    JAVASCRIPT = "javascript"
    DOTENV = "dotenv"
    CELLS = "cells"
    """a comment in the last cell of a table's row"""


class Lines(Struct, frozen=True, kw_only=True):
    """The same proof for a format with comments on lines of their own: all other lines are left as they are."""

    continues: str
    """ends a line that goes on in the next one; empty: none does"""
    unless: re.Pattern[bytes] | None = None
    """finds what may open a text in which such a line is no comment; None: the format has no such texts"""


class Comment(Struct, frozen=True, kw_only=True):
    """A comment that portlint writes: what opens it and where it can stand."""

    opens: str
    closes: str = ""
    """with the space before it; empty: the end of the line closes it"""
    behind: str | None = None
    """the space between a line and a comment behind it; None: none can stand there"""
    above: bool = True
    """whether it can stand on a line of its own"""
    indented: bool = True
    """whether white space before it means nothing"""
    in_cells: bool = False
    """whether it can stand in the last cell of a table's row, where nobody sees it, and nowhere else"""
    endings: tuple[str, ...] = ()
    """of the paths, in lower case, that it is for; empty: for all that no earlier one is for"""
    proof: Syntax | Lines


class Reference(Struct, frozen=True, kw_only=True):
    """How a reference to a variable with its default is written: <VARIABLE> and <PORT> stand for the two."""

    number: str
    """in place of a number"""
    text: str
    """in place of the digits in a string, a command or a scalar"""


class FormatRow(Struct, frozen=True, kw_only=True):
    """What is known about a format outside of its own module."""

    name: str
    """of the format, of its module in `extract/` and of the folder of its fixtures"""
    title: str
    """what people call it"""
    kind: Kind
    path_pieces: tuple[str, ...] | None
    """one of these is in every path of ASCII, in lower case, that the format knows or whose content it looks into: for
    other paths its module is not imported; None: it is asked about all paths"""
    shebang: bool
    """whether it knows a file of any name by its first line"""
    in_here_documents: bool
    """whether a here-document that no command and no file name tells about may be of this format, by its content"""
    in_strings: bool
    """the same of a string of several lines in Python"""
    comment_signs: tuple[str, ...]
    """what opens a comment, to the end of the line or to the end of a block, in which a suppression counts"""
    comments: tuple[Comment, ...]
    """those that portlint writes, the first whose `endings` fit; empty: there are no comments in the format"""
    container_hosts: bool
    """whether its host names are those of the containers wherever the file lies, tests included"""
    sets_variables: bool
    """whether the port that it gives to a variable is what others are held against"""
    reference: Reference
    rewriter: str | None
    """the module of `fix/` that puts a reference in a literal's place; None: that is left to people"""

    def comment_for(self, path: str) -> Comment | None:
        """The comment for a file of that path; None where there is none."""
        low = path.lower()
        return next((each for each in self.comments if not each.endings or low.endswith(each.endings)), None)


_BACKSLASH: Final = Lines(continues="\\")
_HASH_ALONE: Final = Comment(opens="#", indented=False, proof=_BACKSLASH)
_YAML: Final = Comment(opens="#", behind=" ", proof=Syntax.YAML)
_TOML: Final = Comment(opens="#", behind=" ", proof=Syntax.TOML)
_TEXT_BLOCKS: Final = Lines(continues="\\", unless=regex(rb'"""|\'\'\'|<<'))
_FALLBACK: Final = Reference(number="${<VARIABLE>:-<PORT>}", text="${<VARIABLE>:-<PORT>}")


def _same(text: str) -> Reference:
    return Reference(number=text, text=text)


_ROWS: Final = (
    FormatRow(
        name="markdown",  # first: a page that shows a compose file or a Kubernetes object is a page all the same
        title="Markdown",
        kind=Kind.PAGE,
        path_pieces=(".md", ".markdown", ".mdown", ".mkd"),
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("<!--",),
        comments=(Comment(opens="<!--", closes=" -->", above=False, in_cells=True, proof=Syntax.CELLS),),
        container_hosts=False,
        sets_variables=False,
        reference=_FALLBACK,
        rewriter=None,
    ),
    FormatRow(
        name="python",
        title="Python",
        kind=Kind.PROGRAM,
        path_pieces=(".py", "sconscript", "sconstruct", "wscript"),
        shebang=True,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("#",),
        comments=(Comment(opens="#", behind="  ", proof=Syntax.PYTHON),),
        container_hosts=False,
        sets_variables=False,
        reference=Reference(
            number='int(os.environ.get("<VARIABLE>", "<PORT>"))', text='os.environ.get("<VARIABLE>", "<PORT>")'
        ),
        rewriter="python",
    ),
    FormatRow(
        name="compose",
        title="Compose",
        kind=Kind.STACK,
        path_pieces=None,
        shebang=False,
        in_here_documents=True,
        in_strings=True,
        comment_signs=("#",),
        comments=(_YAML,),
        container_hosts=True,
        sets_variables=True,
        reference=_FALLBACK,
        rewriter="compose",
    ),
    FormatRow(
        name="traefik",
        title="Traefik",
        kind=Kind.PROXY,
        path_pieces=None,
        shebang=False,
        in_here_documents=True,
        in_strings=True,
        comment_signs=("#",),
        comments=(Comment(opens="#", behind=" ", endings=(".toml",), proof=Syntax.TOML), _YAML),
        container_hosts=True,
        sets_variables=False,
        reference=_FALLBACK,
        rewriter=None,
    ),
    FormatRow(
        name="nginx",
        title="nginx",
        kind=Kind.PROXY,
        path_pieces=(
            *("nginx", "conf", "sites-", "_params"),
            *(".template", "tmpl", "tpl", ".j2", ".jinja", ".erb", ".mustache", ".epp"),
        ),
        shebang=False,
        in_here_documents=False,  # its content says too little without a file's name
        in_strings=False,
        comment_signs=("#",),
        comments=(Comment(opens="#", behind=" ", proof=Syntax.NGINX),),
        container_hosts=True,
        sets_variables=False,
        reference=_FALLBACK,
        rewriter=None,
    ),
    FormatRow(
        name="dotenv",
        title="an env file",
        kind=Kind.ENV_FILE,
        path_pieces=("env",),
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("#",),
        comments=(Comment(opens="#", indented=False, proof=Syntax.DOTENV),),
        container_hosts=False,
        sets_variables=True,
        reference=_FALLBACK,
        rewriter=None,
    ),
    FormatRow(
        name="dockerfile",
        title="a Dockerfile",
        kind=Kind.IMAGE,
        path_pieces=("dockerfile", "containerfile"),
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("#",),
        comments=(Comment(opens="#", proof=Lines(continues="\\", unless=regex(rb"<<"))),),
        container_hosts=False,
        sets_variables=False,
        reference=_same("${<VARIABLE>}, with ENV <VARIABLE>=<PORT> above"),
        rewriter=None,
    ),
    FormatRow(
        name="shell",
        title="shell",
        kind=Kind.SCRIPT,
        path_pieces=("sh", ".bats", "rc", "profile"),
        shebang=True,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("#",),
        comments=(Comment(opens="#", behind=" ", proof=Syntax.SHELL),),
        container_hosts=False,
        sets_variables=False,
        reference=_FALLBACK,
        rewriter="shell",
    ),
    FormatRow(
        name="batch",
        title="batch",
        kind=Kind.TASKS,
        path_pieces=(".bat", ".cmd"),
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("rem ", "REM ", "::", "Rem "),
        comments=(Comment(opens="rem", proof=Lines(continues="^")),),
        container_hosts=False,
        sets_variables=False,
        reference=_FALLBACK,
        rewriter=None,
    ),
    FormatRow(
        name="powershell",
        title="PowerShell",
        kind=Kind.TASKS,
        path_pieces=(".ps1", ".psm1", ".psd1"),
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("#", "<#"),
        comments=(Comment(opens="#", proof=Lines(continues="`", unless=regex(rb"@[\"']|<#"))),),
        container_hosts=False,
        sets_variables=False,
        reference=_FALLBACK,
        rewriter=None,
    ),
    FormatRow(
        name="makefile",
        title="make",
        kind=Kind.TASKS,
        path_pieces=("makefile", "justfile", ".mk", ".mak", ".just"),
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("#",),
        comments=(
            Comment(
                opens="#",
                indented=False,
                proof=Lines(
                    continues="\\",
                    unless=regex(rb"^[ \t]*(?:override[ \t]+|export[ \t]+)?define\b", re.MULTILINE),
                ),
            ),
        ),
        container_hosts=False,
        sets_variables=False,
        reference=_same("$(<VARIABLE>), with <VARIABLE> ?= <PORT> at the top"),
        rewriter=None,
    ),
    FormatRow(
        name="systemd",
        title="systemd",
        kind=Kind.UNIT,
        path_pieces=(".service", ".socket", ".container", ".kube", ".netdev", ".network", ".pod", ".conf"),
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("#", ";"),
        comments=(_HASH_ALONE,),
        container_hosts=False,
        sets_variables=True,
        reference=_same("${<VARIABLE>}, with Environment=<VARIABLE>=<PORT>"),
        rewriter=None,
    ),
    FormatRow(
        name="javascript",
        title="JavaScript",
        kind=Kind.PROGRAM,
        path_pieces=(".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".vue", ".svelte", ".astro"),
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("//", "/*", "<!--"),
        comments=(Comment(opens="//", behind=" ", proof=Syntax.JAVASCRIPT),),
        container_hosts=False,
        sets_variables=False,
        reference=Reference(
            number="Number(process.env.<VARIABLE> ?? <PORT>)", text='process.env.<VARIABLE> ?? "<PORT>"'
        ),
        rewriter="javascript",
    ),
    FormatRow(
        name="json",
        title="JSON",
        kind=Kind.SETTINGS,
        path_pieces=(".json", ".code-workspace", ".webmanifest", ".ndjson", ".har", ".babelrc"),
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("//", "/*"),
        comments=(),  # some programs read comments in it, and most do not
        container_hosts=False,
        sets_variables=False,
        reference=_FALLBACK,
        rewriter=None,
    ),
    FormatRow(
        name="yaml",
        title="YAML",
        kind=Kind.SETTINGS,
        path_pieces=None,
        shebang=False,
        in_here_documents=True,
        in_strings=False,
        comment_signs=("#",),
        comments=(_YAML,),
        container_hosts=False,
        sets_variables=False,
        reference=_FALLBACK,
        rewriter=None,
    ),
    FormatRow(
        name="toml",
        title="TOML",
        kind=Kind.SETTINGS,
        path_pieces=(".toml", "pipfile"),
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("#",),
        comments=(_TOML,),
        container_hosts=False,
        sets_variables=False,
        reference=_FALLBACK,
        rewriter=None,
    ),
    FormatRow(
        name="properties",
        title=".properties",
        kind=Kind.SETTINGS,
        path_pieces=(".properties",),
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("#", "!"),
        comments=(_HASH_ALONE,),
        container_hosts=False,
        sets_variables=True,
        reference=_FALLBACK,
        rewriter=None,
    ),
    FormatRow(
        name="config",
        title="a settings file",
        kind=Kind.SETTINGS,
        path_pieces=None,
        shebang=False,
        in_here_documents=False,
        in_strings=False,
        comment_signs=("#", ";", "//", "/*"),
        comments=(
            Comment(opens=";", endings=(".ini",), proof=_TEXT_BLOCKS),
            Comment(opens="#", proof=_TEXT_BLOCKS),
        ),
        container_hosts=False,
        sets_variables=False,
        reference=_FALLBACK,
        rewriter=None,
    ),
)
FORMATS: Final[Mapping[str, FormatRow]] = {row.name: row for row in _ROWS}
"""the rows by name, in the order in which the formats are asked: a more special one before a more general one"""


def _names(fits: Callable[[FormatRow], bool]) -> frozenset[str]:
    return frozenset(row.name for row in _ROWS if fits(row))


def _of(*kinds: Kind) -> frozenset[str]:
    return _names(lambda row: row.kind in kinds)


PROGRAMS: Final = _of(Kind.PROGRAM)
SCRIPTS: Final = _of(Kind.SCRIPT)
ENV_FILES: Final = _of(Kind.ENV_FILE)
STACKS: Final = _of(Kind.STACK)
IMAGES: Final = _of(Kind.IMAGE)
PROXIES: Final = _of(Kind.PROXY)
PAGES: Final = _of(Kind.PAGE)
CODE: Final = _of(Kind.PROGRAM, Kind.SCRIPT)
"""code of the repository's services, where a name may be anything"""
SERVICES: Final = _of(Kind.STACK, Kind.IMAGE, Kind.PROXY)
"""formats whose files tell what services run"""
CONFIGURATION: Final = _of(Kind.SETTINGS, Kind.UNIT, Kind.PROXY)
"""formats of settings, whose files may be called after the service that reads them: `clickhouse/config.yaml`"""
PROCESS_ENVIRONMENTS: Final = _of(Kind.ENV_FILE, Kind.UNIT)
"""formats that make the whole environment of a process"""
TIED_BY_VARIABLES: Final = _of(Kind.PROGRAM, Kind.SCRIPT, Kind.TASKS, Kind.PAGE)
"""formats whose files tell other files only which variables they read and set, and what they bind"""
IN_HERE_DOCUMENTS: Final = _names(lambda row: row.in_here_documents)
IN_STRINGS: Final = tuple(row.name for row in _ROWS if row.in_strings)
SETS_VARIABLES: Final = _names(lambda row: row.sets_variables)
CONTAINER_HOSTS: Final = _names(lambda row: row.container_hosts)
OF_ONE_ENVIRONMENT: Final = SETS_VARIABLES | PAGES
"""formats in which a file of an environment gives the values of that environment and nothing else; a module of code
named `settings_dev.py` or a test may well speak of the default too, and there the default stays right beside them"""
