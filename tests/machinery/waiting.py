"""Waiting for something to become true, and saying so when it does not."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(question: Callable[[], Found], *, within: float = 10.0, what: str = "it") -> Found:
    """The first true answer to `question`. Raises TimeoutError when there is none in time."""
    deadline = time.monotonic() + within
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {within} s")
        time.sleep(0.05)
