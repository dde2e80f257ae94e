"""What can go wrong for a caller. The text of each error is one line that says what is wrong and what is right.

Errors are made from their text alone and get their facts afterwards, so that they survive the way from one process
to another: multiprocessing hangs on an exception that cannot be made again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portlint.errors import UserError

if TYPE_CHECKING:
    from portlint.model import PortRange
    from portlint.ports.states import Refusal

_SHOWN = 10
"""ports that a message speaks of"""


class PortError(UserError):
    """Any of the errors below."""


class RegistryUnusableError(PortError):
    """There is no registry, or it has mistakes: one line for each."""


class UnknownServiceError(PortError, LookupError):
    """The registry has no such service; the text names the nearest one."""


class UnknownEnvironmentError(PortError, LookupError):
    """Nobody knows such an environment; the text names the nearest one."""


class PortValueError(PortError, ValueError):
    """A value that cannot be the port of a service: no port number, or not among the allowed ones."""

    service: str
    variable: str | None
    """None where the registry's own default is meant"""
    value: str
    allowed: PortRange
    number: int | None
    """None where the value is no port number"""


class PortTakenError(PortError):
    """The port of a service is held by somebody, or reserved; the text tells by whom or for whom."""

    service: str
    port: int


class NoFreePortError(PortError):
    """Every port that could be chosen is taken. The text tells of the first few who holds them."""

    refused: tuple[Refusal, ...]
    """all of them"""

    @classmethod
    def of(cls, subject: str, refused: tuple[Refusal, ...]) -> NoFreePortError:
        """subject: what wants a port: the name of a service, or a test."""
        told = [f"{refusal.port} is {refusal.reason}" for refusal in refused[:_SHOWN]]
        if len(refused) > _SHOWN:
            told.append(f"{len(refused) - _SHOWN} more are taken as well")
        made = cls(f"there is no free port for {subject}: {'; '.join(told)}")
        made.refused = refused
        return made
