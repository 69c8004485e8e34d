"""The whole portal as `make run` starts it, in an instance folder and on a port of the test's own."""

import http.client
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from tests.machinery.smtp_sink import free_port
from tests.machinery.waiting import until

ROOT = Path(__file__).parents[2]
# What the tests' own surroundings may have set must not lead the parts elsewhere.
_OURS = ("REDIS_URL", "DATABASE_URL", "MAIL_SERVER", "MAIL_PORT", "PUBLIC_URL", "SECRET_KEY", "GATEHOUSE_ENV")


class WholePortal:
    """One `make run`. `output` is the file with everything it printed."""

    def __init__(
        self, folder: Path, *, port: int | None = None, arguments: tuple[str, ...] = (), **env: str
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.output = folder.with_name(f"{folder.name}.output")
        self.command = [sys.executable, "-m", "portal.dev", *arguments]
        inherited = {name: value for name, value in os.environ.items() if name not in _OURS}
        self.env = {**inherited, "INSTANCE_DIR": str(folder), "PORT": str(self.port), **env}
        self.process: psutil.Popen | None = None

    def start(self) -> "WholePortal":
        """Start it; returns at once."""
        with self.output.open("wb") as output:
            self.process = psutil.Popen(
                self.command, cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        return self

    def ready(self, *, within: float = 60.0) -> "WholePortal":
        """Wait until it has said where it is. Raises AssertionError, with its words, when it ends instead."""
        until(
            lambda: "is running at" in self.said() or self.code() is not None,
            within=within,
            what="the greeting",
        )
        assert self.code() is None, self.said()
        return self

    def said(self) -> str:
        """Everything it printed so far."""
        return self.output.read_text()

    def code(self) -> int | None:
        """The code it ended with, or None while it runs."""
        return self.process.poll() if self.process else None

    def parts(self) -> dict[str, psutil.Process]:
        """The running programs by what they are: valkey, catcher, worker, clock, web."""
        found: dict[str, psutil.Process] = {}
        for leash in self.process.children() if self.process else ():
            with suppress(psutil.NoSuchProcess):
                found |= {_name(program): program for program in leash.children()}
        return found

    def everything(self) -> list[psutil.Process]:
        """The supervisor and all that runs under it."""
        return [self.process, *self.process.children(recursive=True)] if self.process else []

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page; (0, "") when nobody answers."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request("GET", path)
            answer = line.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            line.close()

    def line(self) -> http.client.HTTPConnection:
        """A connection for several requests; once it was closed it does not come back by itself."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        line.connect()
        line.auto_open = 0
        return line

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, wait until it has; returns its code."""
        if self.process is None:
            return 0
        if self.process.is_running():
            self.process.send_signal(number)
        return int(self.process.wait(60))


def _name(program: psutil.Process) -> str:
    return program.name().removeprefix("gh-").removesuffix("-server")


def gone(processes: list[psutil.Process], *, within: float = 20.0) -> bool:
    """Whether all of `processes` end in time."""
    return not psutil.wait_procs(processes, timeout=within)[1]
