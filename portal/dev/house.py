"""Whether there is room to run: nobody else in the same instance folder, nobody else on the port."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A run that was killed takes its parts along within their grace; so long is a new one patient.
_PATIENCE = 15.0


class CannotRun(Exception):
    """Something stands in the way; the message says what, and what to do about it."""


@contextmanager
def alone(folder: Path) -> Iterator[int]:
    """Hold the instance folder for this run; gives the lock's descriptor, which every part keeps open too.

    Raises CannotRun when another run holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "dev.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(lock, folder)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _take(lock: int, folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode()
            if _alive(holder) or time.monotonic() > deadline:
                raise CannotRun(
                    f"The portal is already running from {folder} (process {holder}). "
                    "Stop it first, or set INSTANCE_DIR to another folder."
                ) from None
            time.sleep(0.1)


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def port_is_free(port: int) -> None:
    """Raises CannotRun when something listens on `port` of this machine already."""
    with socket.socket() as probe:
        # As the web server does it: what a closed connection left behind is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotRun(
                f"Port {port} cannot be used ({error.strerror}). Choose another with PORT=5001 make run."
            ) from None


def free_port() -> int:
    """A port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
