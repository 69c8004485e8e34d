"""A Valkey of the tests' own: the same program and settings as in development, in a folder that goes away."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from portal.dev import processes, valkey


class Valkey:
    """One server with its own data: `url` is for redis-py and RQ, `limiter_url` for the limiter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = valkey.url(folder)
        self.limiter_url = valkey.url(folder, scheme="redis+unix")
        self._leash: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; its data is what it last wrote down."""
        self._leash = valkey.start(self.folder)

    def stop(self) -> None:
        """Stop it; connections to it are refused until it is started again."""
        if self._leash:
            processes.stop(self._leash)
        self._leash = None

    def kill(self, *, forget: bool = False) -> None:
        """Kill it where it stands; with `forget` everything it had written down goes too."""
        self._signal(signal.SIGKILL)
        self.stop()
        if forget:
            shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)

    def freeze(self) -> None:
        """Leave its connections open and let it answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it was frozen."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._leash is None:
            raise RuntimeError("this Valkey is not running")
        for process in psutil.Process(self._leash.pid).children():
            process.send_signal(number)


@contextmanager
def running() -> Iterator[Valkey]:
    """A fresh Valkey for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="gh-valkey-", ignore_cleanup_errors=True) as folder:
        server = Valkey(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
