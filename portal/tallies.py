"""Counting tries within one process: where there is no Redis, or none that answers just now."""

import threading
import time

from flask_limiter import Limiter
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

SWEPT_EVERY = 60


class OneProcess(Storage):
    """Counts kept in memory, changed by one thread at a time.

    Takes the place of what the library has for that: there, threads that come at once for the first time lose
    counts, and now and then one of them breaks instead of being counted.
    """

    STORAGE_SCHEME = ["memory"]  # noqa: RUF012 - the library reads it off the class

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_options: str) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._alone = threading.Lock()
        self._counts: dict[str, int] = {}
        self._ends: dict[str, float] = {}
        self._swept = time.time()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return what to expect when it is out of reach: nothing, it is here."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Return the count of `key` with `amount` more; a new count ends after `expiry` seconds."""
        with self._alone:
            at = time.time()
            self._sweep(at)
            if self._ends.get(key, 0) <= at:
                self._counts[key], self._ends[key] = 0, at + expiry
            self._counts[key] += amount
            return self._counts[key]

    def get(self, key: str) -> int:
        """Return the count of `key`, 0 where it has ended."""
        with self._alone:
            return self._counts[key] if self._ends.get(key, 0) > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the count of `key` ends, now where there is none."""
        with self._alone:
            return self._ends.get(key, time.time())

    def check(self) -> bool:
        """Return that it can count."""
        return True

    def reset(self) -> int:
        """Forget every count and return how many there were."""
        with self._alone:
            known = len(self._counts)
            self._counts.clear()
            self._ends.clear()
            return known

    def clear(self, key: str) -> None:
        """Forget the count of `key`."""
        with self._alone:
            self._counts.pop(key, None)
            self._ends.pop(key, None)

    def _sweep(self, at: float) -> None:
        """Let go of the counts that have ended, so that memory does not grow with those who try."""
        if at - self._swept < SWEPT_EVERY:
            return
        self._swept = at
        for key in [key for key, end in self._ends.items() if end <= at]:
            del self._counts[key], self._ends[key]


def stand_in(limiter: Limiter) -> None:
    """Let `limiter` count here while Redis is away; the library's own storage is written into it."""
    counts = OneProcess()
    limiter._fallback_storage = counts  # type: ignore[assignment]
    limiter._fallback_limiter = FixedWindowRateLimiter(counts)
