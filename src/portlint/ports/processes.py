"""Who holds a port, from psutil: macOS, Windows, the BSDs. Needs the extra `live`."""

from __future__ import annotations

import socket
from collections.abc import Collection

import psutil

from portlint.ports.procfs import concerns
from portlint.ports.states import PROTOCOLS, Holder

_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def holders(ports: Collection[int], protocol: str, exposure: str | None) -> dict[int, tuple[Holder, ...]]:
    """As `portlint.ports.holders.holders`.

    Processes are asked one by one: macOS tells nobody but root about all connections at once.
    """
    wanted = set(ports)
    kinds = {_KINDS[kind] for kind in PROTOCOLS[protocol]}
    found: dict[int, dict[int, psutil.Process]] = {}
    for process in psutil.process_iter():
        try:
            connections = process.net_connections("inet")
        except (psutil.Error, OSError):  # another user's process, or one that has just ended
            continue
        for each in connections:
            held = each.type in kinds and (each.status == psutil.CONN_LISTEN or each.type == socket.SOCK_DGRAM)
            if held and each.laddr and each.laddr.port in wanted and concerns(each.laddr.ip, exposure):
                found.setdefault(each.laddr.port, {})[process.pid] = process
    return {port: _described(by_pid) for port, by_pid in found.items()}


def environment_value(pid: int, variable: str) -> str | None:
    """As `portlint.ports.holders.environment_value`."""
    try:
        return psutil.Process(pid).environ().get(variable)
    except (psutil.Error, OSError):
        return None


def working_folder(pid: int) -> str | None:
    """As `portlint.ports.holders.working_folder`."""
    try:
        return psutil.Process(pid).cwd()
    except (psutil.Error, OSError):
        return None


def _described(processes: dict[int, psutil.Process]) -> tuple[Holder, ...]:
    """Workers that inherited the socket from their parent are left out."""
    out = []
    for pid, process in sorted(processes.items()):
        try:
            if process.ppid() not in processes:
                out.append(Holder(pid, process.name(), process.username(), tuple(process.cmdline())))
        except (psutil.Error, OSError):
            out.append(Holder(pid))
    return tuple(out)
