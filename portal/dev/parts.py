"""One part of a running portal: how it is started, watched and started again."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

# Seconds to wait before a part that keeps ending is started again; one that held for a while starts afresh.
_WAITS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_HELD = 20.0


class Leash(Protocol):
    """What holds a running part; a Popen is one."""

    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def terminate(self) -> None: ...


@dataclass
class Part:
    """A program meant to run for as long as the portal does; `launch` starts it and gives its leash."""

    name: str
    launch: Callable[[], Leash]
    ready: Callable[[], bool] = lambda: True
    _leash: Leash | None = None
    _started: float = 0.0
    _failures: int = 0
    _again_at: float | None = None

    def start(self) -> None:
        """Start the program; returns at once."""
        self._leash = self.launch()
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
            if self._leash.poll() is None:
                self._leash.terminate()
            self._leash.wait()
        self._leash = None


def _why(code: int) -> str:
    number = -code if code < 0 else code - 128
    if number in set(signal.Signals):
        return f"by {signal.Signals(number).name}"
    return f"exit code {code}"
