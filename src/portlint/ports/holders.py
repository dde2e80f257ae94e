"""Who holds a port: from /proc where there is one, else from psutil, which is the extra `live`.

What this user may not know is left out: a process of somebody else is no error.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from portlint.ports import procfs
from portlint.ports.states import Holder


def can_tell() -> bool:
    """Whether this machine lets portlint see who holds ports: it runs Linux, or psutil is installed."""
    from importlib.util import find_spec

    return procfs.is_there() or find_spec("psutil") is not None


def holders(
    ports: Collection[int], protocol: str = "tcp", exposure: str | None = None
) -> Mapping[int, tuple[Holder, ...]]:
    """Who holds each of some ports that cannot be bound, as far as it can be told.

    protocol, exposure: as an entry has them; a socket on an address that an `internal` service does not use is not
    in its way.
    """
    if procfs.is_there():
        return procfs.holders(ports, protocol, exposure)
    if can_tell():
        from portlint.ports import processes

        return processes.holders(ports, protocol, exposure)
    return {}


def unseen() -> Holder:
    """Who holds a port that is taken, where nobody can be named."""
    return Holder() if can_tell() else Holder(note="somebody (to see who: pip install 'portlint[live]')")


def environment_value(pid: int, variable: str) -> str | None:
    """What a process was given for one environment variable; None where it has none, or where nobody may know."""
    if procfs.is_there():
        return procfs.environment_value(pid, variable)
    from portlint.ports import processes

    return processes.environment_value(pid, variable)


def working_folder(pid: int) -> str | None:
    """The folder in which a process stands; None where nobody may know."""
    if procfs.is_there():
        return procfs.working_folder(pid)
    from portlint.ports import processes

    return processes.working_folder(pid)
