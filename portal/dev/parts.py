"""One part of a running portal: how it is started, watched and started again."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.dev import processes

# Seconds to wait before a part that keeps ending is started again; one that held for a while starts afresh.
_WAITS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_HELD = 20.0


@dataclass
class Part:
    """A program that is meant to run for as long as the portal does."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    folder: Path
    grace: float = 10.0
    keep_open: tuple[int, ...] = ()
    ready: Callable[[], bool] = lambda: True
    _leash: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _started: float = 0.0
    _failures: int = 0
    _again_at: float | None = None

    def start(self) -> None:
        """Start the program; returns at once."""
        self._leash = processes.start(
            self.command, env=self.env, grace=self.grace, cwd=self.folder, keep_open=self.keep_open
        )
        self._started = time.monotonic()
        self._again_at = None

    def tend(self) -> str:
        """Start the program again if it ended and its wait is over; returns a sentence when it just ended."""
        if self._leash is None:
            return ""
        if self._again_at is not None:
            if time.monotonic() >= self._again_at:
                self.start()
            return ""
        code = self._leash.poll()
        if code is None:
            return ""
        held = time.monotonic() - self._started > _HELD
        self._failures = 1 if held else self._failures + 1
        wait = _WAITS[min(self._failures, len(_WAITS)) - 1]
        self._again_at = time.monotonic() + wait
        return f"The {self.name} ended ({_why(code)}). It is started again."

    def stop(self) -> None:
        """Stop the program and everything it started; returns when they are gone."""
        if self._leash is not None:
            processes.stop(self._leash)
        self._leash = None


def _why(code: int) -> str:
    number = -code if code < 0 else code - 128
    if number in set(signal.Signals):
        return f"by {signal.Signals(number).name}"
    return f"exit code {code}"


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `changes`."""
    return {**os.environ, **changes}
