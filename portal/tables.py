"""Tables on their way in: kept in one plain form, read row by row, and as large as they may be."""

import csv
import os
import secrets
from collections.abc import Iterable, Iterator
from itertools import islice

from portal.files import LARGEST, drop, place_of
from portal.transaction import after_commit, after_rollback

MOST_ROWS = 50_000
MOST_COLUMNS = 200
LONGEST_CELL = 10_000
Row = tuple[int, list[str]]
__all__ = ["LARGEST", "LONGEST_CELL", "MOST_COLUMNS", "MOST_ROWS", "Row", "keep", "read", "remove"]


def keep(plain: str) -> str:
    """Keep a table, each row with its number in its file and its cells, as CSV; return what it is kept as.

    It is taken away again if the running transaction is rolled back.
    """
    stored_as = secrets.token_hex(16)
    path = place_of(stored_as)
    path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    after_rollback(lambda: drop(stored_as))
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
        out.write(plain)
        out.flush()
        os.fsync(out.fileno())
    return stored_as


def read(stored_as: str, *, after: int = 0) -> Iterator[Row]:
    """Yield the rows of a kept table but the first `after`. Raises FileNotFoundError where it is gone."""
    with place_of(stored_as).open(encoding="utf-8", newline="") as opened:
        yield from islice(parsed(opened), after, None)


def parsed(plain: Iterable[str]) -> Iterator[Row]:
    """Yield the rows of a table in the form in which it is kept, from its lines."""
    for number, *cells in csv.reader(plain):
        yield int(number), cells


def first(stored_as: str, most: int) -> list[Row]:
    """Return the first rows of a kept table; none where it is gone."""
    try:
        return list(islice(read(stored_as), most))
    except FileNotFoundError:
        return []


def remove(stored_as: str) -> None:
    """Take a kept table away once the running transaction is committed."""
    after_commit(lambda: drop(stored_as))
