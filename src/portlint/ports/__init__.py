"""The live side of the registry: which port now, is it free, who holds it.

    from portlint.ports import PortRegistry

    ports = PortRegistry.load()
    port = ports.get_port("api")              # the variable, else the default; always within the range
    port = ports.find_free("dashboard")       # and free: the default, else the next of the range
    with ports.reserve("dashboard") as port:  # and held, until the service has bound it
        ...
    with ports.lease("test_login") as port:   # for a test: nobody else's
        ...

Every error is a `PortError`, whose text is one line (a registry with several mistakes: one line for each). Nothing is
loaded before it is needed: neither YAML nor sockets nor the linter.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portlint.ports.errors import (
        NoFreePortError,
        PortError,
        PortTakenError,
        PortValueError,
        RegistryUnusableError,
        UnknownEnvironmentError,
        UnknownServiceError,
    )
    from portlint.ports.held import HeldPort
    from portlint.ports.leases import Lease
    from portlint.ports.live import PortRegistry
    from portlint.ports.states import Holder, PortState, Refusal, State

__all__ = [
    "HeldPort",
    "Holder",
    "Lease",
    "NoFreePortError",
    "PortError",
    "PortRegistry",
    "PortState",
    "PortTakenError",
    "PortValueError",
    "Refusal",
    "RegistryUnusableError",
    "State",
    "UnknownEnvironmentError",
    "UnknownServiceError",
]

_MODULES = {
    "HeldPort": "held",
    "Lease": "leases",
    "PortRegistry": "live",
    "Holder": "states",
    "PortState": "states",
    "Refusal": "states",
    "State": "states",
}
"""where a name is from, if not from `errors`"""


def __getattr__(name: str) -> object:
    """A public name, on its first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'errors')}"), name)
