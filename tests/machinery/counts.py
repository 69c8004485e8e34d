"""How many times a long test repeats itself: a sample in `make test`, all of it in `make test-all`."""

import os

LONG = os.environ.get("GATEHOUSE_LONG") == "1"


def count(short: int, long: int) -> int:
    """`long` in `make test-all`, else `short`."""
    return long if LONG else short
