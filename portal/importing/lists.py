"""Several things in one cell: their names with semicolons between, quoted where a name holds one itself."""

import csv
import io
from collections.abc import Iterable


def joined(names: Iterable[str]) -> str:
    """Return the names as one cell."""
    names = list(names)
    if not names:
        return ""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="").writerow(names)
    return out.getvalue()


def parted(cell: str) -> list[str]:
    """Return the names that stand in one cell; blanks around them and empty ones do not count."""
    try:
        found = next(
            csv.reader([cell.replace("\n", ";")], delimiter=";", skipinitialspace=True, strict=True), []
        )
    except csv.Error:
        found = cell.split(";")
    return [name.strip() for name in found if name.strip()]
