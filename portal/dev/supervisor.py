"""Keeping the parts running: started in order, started again when they end, stopped in reverse."""

import os
import sys
import time
from collections.abc import Callable

from portal.dev.parts import Part

_BEAT = 0.05


class Supervisor:
    """The parts of one run; with `parent`, the run is over when that process is gone."""

    def __init__(self, parent: int | None = None) -> None:
        self._parent = parent
        self._parts: list[Part] = []

    def start(self, parts: list[Part]) -> None:
        """Start `parts` one after the other, without waiting until each is ready."""
        for part in parts:
            self._parts.append(part)
            part.start()

    def watch(self, *, when_ready: Callable[[], None]) -> None:
        """Look after the parts until the parent is gone.

        `when_ready` is called once, when every part is ready for the first time.
        """
        greeted = False
        while self._parent is None or os.getppid() == self._parent:
            self._tend()
            if not greeted and all(part.ready() for part in self._parts):
                greeted = True
                when_ready()
            time.sleep(_BEAT)

    def _tend(self) -> None:
        for part in self._parts:
            sentence = part.tend()
            if sentence:
                print(sentence, file=sys.stderr, flush=True)

    def stop(self) -> None:
        """Stop every part, the last one started first, each only when the one before it is gone."""
        for part in reversed(self._parts):
            part.stop()
        self._parts.clear()
