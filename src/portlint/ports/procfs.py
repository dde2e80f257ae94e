"""Who holds a port, from /proc (proc(5), proc_net(5)): Linux.

It tells the user of every socket, even where the process may not be looked at, which psutil does not.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from portlint.algorithms.lazy_regex import regex
from portlint.knowledge.hosts import names_itself
from portlint.ports.states import PROTOCOLS, Holder

PROC = Path("/proc")
_LISTEN = "0A"
_CLIENTS = frozenset({"01", "02", "03", "04", "05", "08", "09"})
"""connections that keep their local port busy; include/net/tcp_states.h"""
_UDP = "07"
_SOCKET = regex(r"socket:\[([0-9]+)\]")
_LONGEST_COMMAND = 4096
"""bytes of a command line that are read"""
_LEFT_BEHIND = Holder(
    note="the kernel: a closed server, which did not set SO_REUSEADDR, left connections behind (TIME_WAIT, a minute)"
)


class _Row(Struct, frozen=True):
    """One line of /proc/net/tcp, tcp6, udp or udp6."""

    port: int
    host: str
    state: str
    user: int
    inode: str


def is_there(proc: Path = PROC) -> bool:
    """Whether this machine has it."""
    return (proc / "net" / "tcp").exists()


def mark_of(port: int) -> str:
    """The name in Linux' abstract namespace (unix(7)) that stands for a held TCP port, without the leading NUL.

    SO_REUSEADDR lets two holders bind one port; such a name has one owner, is seen by every user of the same network
    namespace, and is gone when its process is.
    """
    return f"portlint:tcp:{port}"


def has_old_connections(port: int, proc: Path = PROC) -> bool:
    """Whether TCP connections whose listener is gone still use the port; True where nobody can tell."""
    rows = [row for file in ("tcp", "tcp6") for row in _rows(proc / "net" / file, {port})]
    return any(row.state != _LISTEN for row in rows) if rows else not is_there(proc)


def holders(
    ports: Collection[int], protocol: str, exposure: str | None, proc: Path = PROC
) -> dict[int, tuple[Holder, ...]]:
    """As `portlint.ports.holders.holders`. proc: where proc(5) is mounted."""
    wanted = set(ports)
    found: dict[int, list[_Row]] = {}
    for kind in PROTOCOLS[protocol]:
        for file in (kind, f"{kind}6"):
            for row in _rows(proc / "net" / file, wanted):
                if concerns(row.host, exposure):
                    found.setdefault(row.port, []).append(row)
    marks = _marks(wanted, proc) if "tcp" in PROTOCOLS[protocol] else {}
    inodes = {row.inode for rows in found.values() for row in rows} | set(marks.values())
    owners = _owners(inodes - {"0"}, proc)
    out: dict[int, tuple[Holder, ...]] = {}
    for port in sorted(wanted):
        holding = _holding(found.get(port, []))
        told = [holder for row in holding for holder in _holders_of(row, owners, proc)]
        if not told and port in marks:
            told = [_described(pid, "reserves it with portlint", proc) for pid in owners.get(marks[port], ())]
            told = told or [Holder(note="another user's process reserves it with portlint")]
        if not told and any(row.inode == "0" for row in found.get(port, [])):
            told = [_LEFT_BEHIND]
        if told:
            out[port] = tuple(dict.fromkeys(told))
    return out


def environment_value(pid: int, variable: str, proc: Path = PROC) -> str | None:
    """What a process was given for one variable; None where it has none, or nobody may know."""
    try:
        block = (proc / str(pid) / "environ").read_bytes()
    except OSError:
        return None
    start = variable.encode() + b"="
    found = next((item for item in block.split(b"\0") if item.startswith(start)), None)
    return None if found is None else os.fsdecode(found[len(start) :])


def working_folder(pid: int, proc: Path = PROC) -> str | None:
    """The folder in which a process stands; None where nobody may know."""
    try:
        return str((proc / str(pid) / "cwd").readlink())
    except OSError:
        return None


def _rows(file: Path, ports: set[int]) -> Iterator[_Row]:
    try:
        lines = file.read_text("ascii").splitlines()[1:]
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        words = line.split(maxsplit=10)
        host, _, port = words[1].partition(":")
        if int(port, 16) in ports:
            yield _Row(int(port, 16), _host(host), words[3], int(words[7]), words[9])


def _host(digits: str) -> str:
    """An address as /proc/net writes it: words of four bytes in the machine's byte order."""
    raw = bytes.fromhex(digits)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def concerns(host: str, exposure: str | None) -> bool:
    """Whether a socket on `host` is in the way of a service with that exposure."""
    return exposure != "internal" or names_itself(host)


def _holding(rows: Iterable[_Row]) -> list[_Row]:
    """Who listens; else the clients that the kernel gave the port to. UDP has one state for all that count."""
    rows = list(rows)
    listening = [row for row in rows if row.state in (_LISTEN, _UDP)]
    return listening or [row for row in rows if row.state in _CLIENTS and row.inode != "0"]


def _holders_of(row: _Row, owners: Mapping[str, tuple[int, ...]], proc: Path) -> Iterator[Holder]:
    note = "a client's end of a connection" if row.state in _CLIENTS else ""
    pids = owners.get(row.inode, ())
    if not pids:
        yield _unseen(row.user, note)
    for pid in pids:
        yield _described(pid, note, proc)


def _unseen(user: int, note: str) -> Holder:
    """A socket whose process cannot be found: another user's, or one of another process namespace."""
    if user == os.geteuid():
        return Holder(note=f"a process that cannot be seen (user {_user(user)})")
    return Holder(user=_user(user), note=note)


def _marks(ports: set[int], proc: Path) -> dict[int, str]:
    """Each port that a process holds with `sockets.hold`, and the inode of its mark."""
    names = {f"@{mark_of(port)}": port for port in ports}
    try:
        lines = (proc / "net" / "unix").read_text("utf-8", "replace").splitlines()[1:]
    except OSError:
        return {}
    words = (line.split(maxsplit=7) for line in lines)
    return {names[parts[7]]: parts[6] for parts in words if len(parts) == 8 and parts[7] in names}


def _owners(inodes: Collection[str], proc: Path) -> dict[str, tuple[int, ...]]:
    """The processes that have each socket open. Workers that inherited it from their parent are left out."""
    found: dict[str, list[int]] = {}
    if not inodes:
        return {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            for inode in _sockets(folder / "fd").intersection(inodes):
                found.setdefault(inode, []).append(int(folder.name))
    return {
        inode: tuple(sorted(pid for pid in pids if _parent(pid, proc) not in pids)) for inode, pids in found.items()
    }


def _sockets(folder: Path) -> set[str]:
    found: set[str] = set()
    try:
        names = os.listdir(folder)  # noqa: PTH208 - as the loop below: thousands of names, and text is enough
    except OSError:  # another user's process, or one that has just ended
        return found
    for name in names:
        try:
            match = _SOCKET.fullmatch(os.readlink(f"{folder}/{name}"))  # noqa: PTH115
        except OSError:
            continue
        if match:
            found.add(match[1])
    return found


def _parent(pid: int, proc: Path) -> int | None:
    try:
        text = (proc / str(pid) / "stat").read_text("utf-8", "replace")
        return int(text.rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _described(pid: int, note: str, proc: Path) -> Holder:
    folder = proc / str(pid)
    name, command, user = "", "", ""
    try:
        user = _user(folder.stat().st_uid)
        name = (folder / "comm").read_text("utf-8", "replace").rstrip("\n")
        with (folder / "cmdline").open("rb") as stream:
            command = stream.read(_LONGEST_COMMAND).decode("utf-8", "replace")
    except OSError:  # it has just ended: what is known so far
        pass
    return Holder(pid, name, user, tuple(command.rstrip("\0").split("\0")) if command else (), note)


def _user(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
